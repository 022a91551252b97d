// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP programs. A program gets each frame in a page of its own, as it would be on a wire:
 * senders see VNIC_FACE_XDP, leave no checksum open and send no frame longer than the
 * MTU. A frame longer than a page cannot be given to a program, which bounds the MTU.
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

/* Most programs give a page back at once: keep one. NULL: no memory. */
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

/* ---- running a program ---- */

/* The skb takes over the page. Return: NULL if there is no memory. */
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
 * Return: the counter; with VNIC_RX_XDP_REDIRECT and VNIC_RX_XDP_TX the page has a new
 * owner.
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
 * vnic_xdp_run - run a program on a frame
 * @queue: has received it; under NAPI and RCU
 * @prog: the program
 * @page: the frame, behind XDP_PACKET_HEADROOM; not the caller's any more
 * @len: its bytes
 *
 * Return: an skb for Linux; or NULL, and the frame is counted.
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
	vnic_count_frame(&queue->rx, len);
	vnic_count(&queue->rx, what);
	return NULL;
}

/* At the end of a poll. */
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
