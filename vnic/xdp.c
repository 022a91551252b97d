// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP programs. Each gets a frame in a page of its own, as it would be on a wire: others
 * see by VNIC_FACE_XDP that there is a program, and leave no checksum open and send no
 * frame longer than the MTU. What is longer than a page no program gets, so the MTU is
 * bounded while there is one.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/xdp.h>

#include "vnic.h"

#define BYTES_MAX	SKB_WITH_OVERHEAD(PAGE_SIZE - XDP_PACKET_HEADROOM)

static_assert(VNIC_FRAME_BYTES(VNIC_XDP_MTU) <= BYTES_MAX, "vnic xdp mtu");

/* ---- pages ---- */

/* What comes back is at once wanted again. NULL: no memory */
struct page *vnic_xdp_get_page(struct vnic_queue *queue)
{
	struct page *page = queue->spare;

	queue->spare = NULL;
	return page ?: dev_alloc_page();
}

void vnic_xdp_put_page(struct vnic_queue *queue, struct page *page)
{
	if (queue->spare)
		put_page(page);
	else
		queue->spare = page;
}

/* ---- what becomes of a frame ---- */

static void count_frame(struct vnic_queue *queue, unsigned int what, u32 len)
{
	u64_stats_update_begin(&queue->rx_sync);
	u64_stats_inc(&queue->rx[VNIC_RX_PACKETS]);
	u64_stats_add(&queue->rx[VNIC_RX_BYTES], len);
	u64_stats_inc(&queue->rx[what]);
	u64_stats_update_end(&queue->rx_sync);
}

/* Its page is the skb's from then on. Return: NULL if there is no memory */
static struct sk_buff *make_skb(const struct xdp_buff *xdp)
{
	struct sk_buff *skb = napi_build_skb(xdp->data_hard_start, PAGE_SIZE);

	if (!skb)
		return NULL;
	skb_reserve(skb, xdp->data - xdp->data_hard_start);
	__skb_put(skb, xdp->data_end - xdp->data);
	if (xdp->data != xdp->data_meta)
		skb_metadata_set(skb, xdp->data - xdp->data_meta);
	return skb;
}

/*
 * Return: which of VNIC_RX_... it was; with VNIC_RX_XDP_REDIRECT and VNIC_RX_XDP_TX the
 * page is another's
 */
static unsigned int act_on(struct vnic_queue *queue, struct bpf_prog *prog, struct xdp_buff *xdp,
			   u32 act)
{
	struct net_device *dev = queue->vnic->dev;
	struct xdp_frame *frame;

	switch (act) {
	case XDP_DROP:
		return VNIC_RX_XDP_DROP;
	case XDP_TX:
		frame = xdp_convert_buff_to_frame(xdp);
		if (!frame || !vnic_send_back(queue, frame))
			break;
		queue->xdp_sent = true;
		return VNIC_RX_XDP_TX;
	case XDP_REDIRECT:
		if (xdp_do_redirect(dev, xdp, prog))
			break;
		queue->xdp_redirected = true;
		return VNIC_RX_XDP_REDIRECT;
	case XDP_ABORTED:
		break;
	default:
		bpf_warn_invalid_xdp_action(dev, prog, act);
	}
	trace_xdp_exception(dev, prog, act);
	return VNIC_RX_XDP_ERRORS;
}

/**
 * vnic_xdp_run - let a program see a frame
 * @queue: where it has come; NAPI and RCU are the caller's
 * @prog: the program
 * @page: the frame, behind XDP_PACKET_HEADROOM; it is not the caller's any more
 * @len: its bytes
 *
 * Return: an skb, if Linux is to get it; or NULL, and it has been counted.
 */
struct sk_buff *vnic_xdp_run(struct vnic_queue *queue, struct bpf_prog *prog, struct page *page,
			     u32 len)
{
	unsigned int what = VNIC_RX_DROPPED;
	struct sk_buff *skb;
	struct xdp_buff xdp;
	u32 act;

	xdp_init_buff(&xdp, PAGE_SIZE, &queue->xdp_rxq);
	xdp_prepare_buff(&xdp, page_address(page), XDP_PACKET_HEADROOM, len, true);
	act = bpf_prog_run_xdp(prog, &xdp);
	if (act == XDP_PASS) {
		skb = make_skb(&xdp);
		if (skb)
			return skb;
	} else {
		what = act_on(queue, prog, &xdp, act);
	}
	if (what != VNIC_RX_XDP_REDIRECT && what != VNIC_RX_XDP_TX)
		vnic_xdp_put_page(queue, page);
	count_frame(queue, what, len);
	return NULL;
}

/* The end of a poll: what has been sent meanwhile goes. */
void vnic_xdp_flush(struct vnic_queue *queue)
{
	if (queue->xdp_redirected)
		xdp_do_flush();
	if (queue->xdp_sent)
		vnic_send_flush(queue);
	queue->xdp_redirected = false;
	queue->xdp_sent = false;
}

/* ---- queues ---- */

int vnic_xdp_init(struct vnic_queue *queue)
{
	int err = xdp_rxq_info_reg(&queue->xdp_rxq, queue->vnic->dev, queue->nr,
				   queue->napi.napi_id);

	return err ?: xdp_rxq_info_reg_mem_model(&queue->xdp_rxq, MEM_TYPE_PAGE_SHARED, NULL);
}

void vnic_xdp_exit(struct vnic_queue *queue)
{
	if (xdp_rxq_info_is_reg(&queue->xdp_rxq))
		xdp_rxq_info_unreg(&queue->xdp_rxq);
	if (queue->spare)
		put_page(queue->spare);
}
