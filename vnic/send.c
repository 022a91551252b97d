// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that others fetch. Our bridge says where in our memory they are, and they stay
 * there until all who get them have copied them, whoever made them: an skb or an XDP
 * program. All of a queue is under the lock of Linux's queue; nobody is waited for: who
 * does not fetch frames for STALL_MS while we are short of room gets none until he does,
 * and those he has not fetched are taken back.
 */
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/netdev_queues.h>
#include <net/sch_generic.h>

#include "vnic.h"

#define STALL_MS	250
#define NO_FRAME	U16_MAX		/* the end of the free ones */

static void count_tx(struct vnic_queue *queue, unsigned int what, u64 n)
{
	u64_stats_update_begin(&queue->tx_sync);
	u64_stats_add(&queue->tx[what], n);
	u64_stats_update_end(&queue->tx_sync);
}

static struct vnic_out *queue_out(const struct vnic_queue *queue, u32 slot)
{
	return &queue->vnic->page->out[slot][queue->nr];
}

static const struct vnic_in *peer_in(const struct vnic_peer *peer, const struct vnic_queue *queue)
{
	return &peer->page->in[queue->vnic->self.slot][queue->nr];
}

/* ---- frames ---- */

static struct vnic_frame *queue_frame(const struct vnic_queue *queue, u16 nr)
{
	return &queue->vnic->frames[queue->nr * queue->vnic->nr_frames + nr];
}

static void frame_free(struct vnic_queue *queue, u16 nr)
{
	queue->sent[nr].next = queue->free;
	queue->free = nr;
	queue->nr_free++;
}

static u16 frame_get(struct vnic_queue *queue)
{
	u16 nr = queue->free;

	queue->free = queue->sent[nr].next;
	queue->nr_free--;
	return nr;
}

/* One who was sent the frame has it. Return: its bytes for BQL, if he was the last one. */
static u32 frame_put(struct vnic_queue *queue, u16 nr)
{
	struct vnic_sent *sent = &queue->sent[nr];

	if (--sent->refs)
		return 0;
	frame_free(queue, nr);
	if (sent->bytes)
		dev_consume_skb_any(sent->skb);
	else
		xdp_return_frame(sent->xdp);
	return sent->bytes;
}

/**
 * struct content - what is to be sent
 * @skb: NULL: it is in @xdp
 * @xdp: NULL: it is in @skb
 * @dest: its first bytes
 * @len: bytes
 * @offload: what is left open
 */
struct content {
	struct sk_buff *skb;
	struct xdp_frame *xdp;
	const u8 *dest;
	u32 len;
	struct virtio_net_hdr offload;
};

/* Return: is it there now? It is not if it is in too many pieces, and there is no memory. */
static bool frame_write(struct vnic_queue *queue, u16 nr, const struct content *content)
{
	struct vnic_frame *frame = queue_frame(queue, nr);
	struct sk_buff *skb = content->skb;
	u32 pieces = skb ? vnic_frame_skb(frame, skb) : vnic_frame_xdp(frame, content->xdp);

	if (!pieces && skb && !skb_linearize(skb))
		pieces = vnic_frame_skb(frame, skb);
	frame->len = cpu_to_le32(content->len);
	frame->pieces = cpu_to_le32(pieces);
	frame->offload = content->offload;
	return pieces;
}

/* ---- flows ---- */

/* What has come to an end: positions, and of those frames the ones that nobody has any more. */
struct reaped {
	unsigned int positions;
	unsigned int frames;
	unsigned int bytes;
};

static void flow_push(struct vnic_queue *queue, u32 slot, u16 frame)
{
	struct vnic_flow *flow = &queue->flow[slot];
	struct vnic_out *out = queue_out(queue, slot);

	/* not so far behind that it looks as if it were ahead: see vnic_is_void() */
	if (!(flow->head % SZ_64K))
		WRITE_ONCE(out->base, cpu_to_le32(flow->tail));
	flow->frame[flow->head % VNIC_RING] = frame;
	out->entry[flow->head % VNIC_RING] = cpu_to_le16(frame);
	/* pairs with ring_pending() in receive.c */
	smp_store_release(&out->head, cpu_to_le32(++flow->head));
}

/* All up to @tail have been fetched, or are not to be. */
static void flow_pop(struct vnic_queue *queue, struct vnic_flow *flow, u32 tail,
		     struct reaped *reaped)
{
	u32 done;

	for (; flow->tail != tail; flow->tail++) {
		done = frame_put(queue, flow->frame[flow->tail % VNIC_RING]);
		reaped->positions++;
		reaped->frames += !!done;
		reaped->bytes += done;
	}
}

/* How far he has come; as far as we know, if he has gone. Under RCU. */
static u32 flow_fetched(struct vnic_queue *queue, u32 slot)
{
	struct vnic_peer *peer = vnic_linked_peer(queue->vnic, slot);

	/* pairs with ring_fetched() in receive.c: he reads no more of these frames */
	return peer ? le32_to_cpu(smp_load_acquire(&peer_in(peer, queue)->tail)) :
		      queue->flow[slot].tail;
}

/* What he says must lie between what he has said and what he was sent. Under RCU. */
static void flow_reap(struct vnic_queue *queue, u32 slot, struct reaped *reaped)
{
	struct vnic_flow *flow = &queue->flow[slot];
	u32 tail;

	if (flow->head == flow->tail)
		return;
	tail = flow_fetched(queue, slot);
	if (tail - flow->tail > flow->head - flow->tail)
		count_tx(queue, VNIC_TX_BAD, 1);
	else
		flow_pop(queue, flow, tail, reaped);
}

/*
 * Takes back what was not fetched. Who is just copying it looks at @base afterwards, and
 * gets nothing more until he has said so.
 */
static void flow_void(struct vnic_queue *queue, u32 slot, struct reaped *reaped)
{
	struct vnic_flow *flow = &queue->flow[slot];

	if (!READ_ONCE(queue->vnic->lost))
		WRITE_ONCE(queue_out(queue, slot)->base, cpu_to_le32(flow->head));
	/* pairs with ring_is_void() in receive.c: frames are not used for others before */
	smp_wmb();
	flow_pop(queue, flow, flow->head, reaped);
	flow->stalled = true;
}

/* Has he noticed that nothing is left for him? Then he can have more. Under RCU. */
static bool flow_is_stalled(struct vnic_queue *queue, u32 slot)
{
	struct vnic_flow *flow = &queue->flow[slot];

	if (flow->stalled && flow_fetched(queue, slot) == flow->head)
		flow->stalled = false;
	return flow->stalled;
}

/* ---- short of room ---- */

static bool queue_is_idle(const struct vnic_queue *queue)
{
	return queue->nr_free == queue->vnic->nr_frames;
}

/* Return: has anybody fetched anything? */
static bool queue_reap(struct vnic_queue *queue)
{
	struct reaped reaped = { };
	u32 slot;

	rcu_read_lock();
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		flow_reap(queue, slot, &reaped);
	rcu_read_unlock();
	netdev_tx_completed_queue(vnic_txq(queue), reaped.frames, reaped.bytes);
	return reaped.positions;
}

/*
 * Return: may Linux send? netdev_queues.h has no word for this that 6.1 has, too, and BQL
 * may have stopped it as well.
 */
static bool queue_goes_on(struct vnic_queue *queue)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (netif_tx_queue_stopped(txq) && queue->nr_free)
		netif_tx_wake_queue(txq);
	return !netif_xmit_stopped(txq);
}

/* All who have frames are to tell us when they have fetched half of them. */
static void queue_watch(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		flow = &queue->flow[slot];
		if (flow->head != flow->tail && !READ_ONCE(queue->vnic->lost))
			WRITE_ONCE(queue_out(queue, slot)->event,
				   cpu_to_le32(flow->tail + (flow->head - flow->tail - 1) / 2));
	}
	/* pairs with ring_fetched() in receive.c */
	smp_mb();
}

/* Somebody looks after what has been sent, though nobody sends more. */
static void queue_remember(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	u32 slot;

	if (timer_pending(&queue->stall) || queue_is_idle(queue))
		return;
	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		flow = &queue->flow[slot];
		flow->watched = flow->tail;
		flow->due = flow->head;
	}
	mod_timer(&queue->stall, jiffies + msecs_to_jiffies(STALL_MS));
}

/*
 * Linux's queue may be stopped, by us or by BQL: it goes on, or we hear when it can. Who
 * has fetched something before he could know that he is watched may not tell.
 */
static void queue_settle(struct vnic_queue *queue)
{
	queue_reap(queue);
	while (!queue_goes_on(queue)) {
		queue_watch(queue);
		if (!queue_reap(queue))
			break;
	}
}

/* He had something to fetch all the time, and has fetched less than half of it. */
static bool flow_is_slow(const struct vnic_flow *flow)
{
	return 2 * (flow->tail - flow->watched) < flow->due - flow->watched;
}

/* Those who are slow, and for whom all others wait, wait themselves from now on. */
static void queue_stall(struct vnic_queue *queue)
{
	struct reaped reaped = { };
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		if (!flow_is_slow(&queue->flow[slot]))
			continue;
		count_tx(queue, VNIC_TX_STALLED, 1);
		flow_void(queue, slot, &reaped);
	}
	netdev_tx_completed_queue(vnic_txq(queue), reaped.frames, reaped.bytes);
	queue_settle(queue);
}

static void stall_func(struct timer_list *timer)
{
	struct vnic_queue *queue = from_timer(queue, timer, stall);
	struct netdev_queue *txq = vnic_txq(queue);

	__netif_tx_lock(txq, smp_processor_id());
	if (netif_running(queue->vnic->dev)) {
		queue_reap(queue);
		if (!queue_goes_on(queue))
			queue_stall(queue);
		queue_remember(queue);
	}
	__netif_tx_unlock(txq);
}

/* ---- sending ---- */

/* Those whose frame it is; if it is nobody's, those who want such. Under RCU. */
static unsigned long frame_slots(const struct vnic *vnic, const u8 *dest)
{
	u64 to = ether_addr_to_u64(dest), face;
	unsigned long all = 0, exact = 0, promisc = 0;
	struct vnic_peer *peer;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = vnic_linked_peer(vnic, slot);
		if (!peer)
			continue;
		face = le64_to_cpu(READ_ONCE(peer->page->face));
		if (!(face & VNIC_FACE_UP))
			continue;
		all |= BIT(slot);
		if (((face ^ to) & VNIC_FACE_MAC) == 0)
			exact |= BIT(slot);
		if (face & VNIC_FACE_PROMISC)
			promisc |= BIT(slot);
	}
	if (is_multicast_ether_addr(dest))
		return all;
	return exact ?: promisc;
}

/* Does one of those who get it run an XDP program? */
static bool is_for_xdp(const struct vnic *vnic, const u8 *dest)
{
	struct vnic_peer *peer;
	unsigned long slots;
	bool found = false;
	u32 slot;

	rcu_read_lock();
	slots = frame_slots(vnic, dest);
	for_each_set_bit(slot, &slots, VNODE_SLOTS) {
		peer = vnic_linked_peer(vnic, slot);
		found |= peer && le64_to_cpu(READ_ONCE(peer->page->face)) & VNIC_FACE_XDP;
	}
	rcu_read_unlock();
	return found;
}

/* Under RCU. What was written must be seen before we look who waits. */
static void queue_tell(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	struct vnic_peer *peer;
	u32 slot;

	/* pairs with queue_arm() in receive.c */
	smp_mb();
	for_each_set_bit(slot, &queue->to_tell, VNODE_SLOTS) {
		flow = &queue->flow[slot];
		peer = vnic_linked_peer(queue->vnic, slot);
		if (peer && vnic_wants(READ_ONCE(peer_in(peer, queue)->event), flow->head,
				       flow->told)) {
			adeos_door_raise(&peer->door[queue->nr % peer->queues]);
			count_tx(queue, VNIC_TX_TOLD, 1);
		}
		flow->told = flow->head;
	}
	queue->to_tell = 0;
}

/* Those who can get it now: a mask of slots. Under RCU. */
static unsigned long frame_receivers(struct vnic_queue *queue, const u8 *dest)
{
	unsigned long slots = frame_slots(queue->vnic, dest);
	u32 slot;

	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		if (flow_is_stalled(queue, slot))
			__clear_bit(slot, &slots);
	return slots;
}

/* Under RCU. Return: was it sent to anybody? Then it is not the caller's any more. */
static bool frame_send(struct vnic_queue *queue, const struct content *content)
{
	struct vnic_sent *sent;
	unsigned long slots;
	u32 slot;
	u16 nr;

	if (content->len < ETH_HLEN || content->len > VNIC_FRAME_MAX)
		return false;
	slots = frame_receivers(queue, content->dest);
	if (!queue->nr_free)
		queue_reap(queue);
	if (!slots || !queue->nr_free)
		return false;
	nr = frame_get(queue);
	if (!frame_write(queue, nr, content)) {
		frame_free(queue, nr);
		return false;
	}
	sent = &queue->sent[nr];
	sent->refs = hweight_long(slots);
	sent->bytes = content->skb ? content->len : 0;
	if (content->skb)
		sent->skb = content->skb;
	else
		sent->xdp = content->xdp;
	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		flow_push(queue, slot, nr);
	queue->to_tell |= slots;
	u64_stats_update_begin(&queue->tx_sync);
	u64_stats_inc(&queue->tx[VNIC_TX_PACKETS]);
	u64_stats_add(&queue->tx[VNIC_TX_BYTES], content->len);
	u64_stats_update_end(&queue->tx_sync);
	return true;
}

/* It may be with us for long: whoever sends it must not wait until it is free. */
static bool skb_send(struct vnic_queue *queue, struct sk_buff *skb)
{
	struct content content = { .skb = skb, .dest = skb_eth_hdr(skb)->h_dest, .len = skb->len };

	if (vnic_offload_get(skb, &content.offload) || skb_orphan_frags(skb, GFP_ATOMIC) ||
	    !frame_send(queue, &content))
		return false;
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);
	return true;
}

/* All that can be sent now has been; the receivers may want to know. Under RCU. */
static void queue_sent(struct vnic_queue *queue, bool tell)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (!netif_tx_queue_stopped(txq) &&
	    !netif_txq_maybe_stop(txq, queue->nr_free, 1, 1))
		count_tx(queue, VNIC_TX_STOPPED, 1);
	if (netif_xmit_stopped(txq)) {
		queue_tell(queue);
		queue_settle(queue);
	} else if (tell) {
		queue_tell(queue);
	}
	queue_remember(queue);
}

/* ndo_start_xmit */
netdev_tx_t vnic_send(struct sk_buff *skb, struct net_device *dev)
{
	struct vnic *vnic = netdev_priv(dev);
	struct vnic_queue *queue = &vnic->queue[skb_get_queue_mapping(skb)];
	struct netdev_queue *txq = vnic_txq(queue);
	bool tell = !netdev_xmit_more();

	rcu_read_lock();
	if (skb_send(queue, skb)) {
		tell = __netdev_tx_sent_queue(txq, skb->len, !tell);
	} else {
		count_tx(queue, VNIC_TX_DROPPED, 1);
		dev_kfree_skb_any(skb);
	}
	queue_sent(queue, tell);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

/* ndo_features_check: who runs an XDP program wants frames with nothing left open. */
netdev_features_t vnic_send_features(struct sk_buff *skb, struct net_device *dev,
				     netdev_features_t features)
{
	bool open = skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL;

	features = vlan_features_check(skb, features);
	if (open && skb_headlen(skb) >= ETH_HLEN && is_for_xdp(netdev_priv(dev), skb->data))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	return features;
}

/* ---- sending for XDP, of which neither Linux's queue nor BQL know ---- */

/* Under the lock and RCU, as frame_send(). */
static bool xdp_send(struct vnic_queue *queue, struct xdp_frame *xdp)
{
	struct content content = { .xdp = xdp, .dest = xdp->data, .len = xdp->len };
	bool sent = frame_send(queue, &content);

	if (!sent)
		count_tx(queue, VNIC_TX_DROPPED, 1);
	return sent;
}

/* NAPI, under RCU: a program's answer. It goes when the poll ends. As frame_send(). */
bool vnic_send_back(struct vnic_queue *queue, struct xdp_frame *xdp)
{
	struct netdev_queue *txq = vnic_txq(queue);
	bool sent;

	__netif_tx_lock(txq, smp_processor_id());
	sent = xdp_send(queue, xdp);
	queue_sent(queue, false);
	__netif_tx_unlock(txq);
	return sent;
}

/* NAPI, under RCU */
void vnic_send_flush(struct vnic_queue *queue)
{
	struct netdev_queue *txq = vnic_txq(queue);

	__netif_tx_lock(txq, smp_processor_id());
	queue_tell(queue);
	__netif_tx_unlock(txq);
}

/*
 * They are not the caller's any more; those for which there was no room or nobody are
 * counted. Under the lock and RCU. Return: how many.
 */
static int frames_send(struct vnic_queue *queue, struct xdp_frame **frames, int nr, bool tell)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (xdp_send(queue, frames[i]))
			count_tx(queue, VNIC_TX_XDP, 1);
		else
			xdp_return_frame(frames[i]);
	}
	queue_sent(queue, tell);
	return nr;
}

/* ndo_xdp_xmit: another device's program sends us frames. */
int vnic_send_xdp(struct net_device *dev, int nr, struct xdp_frame **frames, u32 flags)
{
	struct vnic *vnic = netdev_priv(dev);
	struct vnic_queue *queue = &vnic->queue[smp_processor_id() % vnic->nr_queues];
	struct netdev_queue *txq = vnic_txq(queue);
	int ret = -ENETDOWN;

	if (flags & ~XDP_XMIT_FLAGS_MASK)
		return -EINVAL;
	rcu_read_lock();
	__netif_tx_lock(txq, smp_processor_id());
	/* when it goes down it takes this lock, to take back what was sent */
	if (netif_running(dev))
		ret = frames_send(queue, frames, nr, flags & XDP_XMIT_FLUSH);
	__netif_tx_unlock(txq);
	rcu_read_unlock();
	return ret;
}

/*
 * NAPI: somebody may have fetched something. Who stops the queue marks it before he
 * watches, so what we were told of is not missed. Without a budget it may be printk()
 * that runs us, under that very lock.
 */
void vnic_send_clean(struct vnic_queue *queue, int budget)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (!budget || !netif_xmit_stopped(txq))
		return;
	__netif_tx_lock(txq, smp_processor_id());
	queue_settle(queue);
	__netif_tx_unlock(txq);
}

/* The device is down: nothing waits any more. */
void vnic_send_stop(struct vnic_queue *queue)
{
	struct netdev_queue *txq = vnic_txq(queue);
	struct reaped reaped = { };
	u32 slot;

	del_timer_sync(&queue->stall);
	__netif_tx_lock_bh(txq);
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (queue->flow[slot].head != queue->flow[slot].tail)
			flow_void(queue, slot, &reaped);
	rcu_read_lock();
	queue_tell(queue);
	rcu_read_unlock();
	netdev_tx_reset_queue(txq);
	__netif_tx_unlock_bh(txq);
}

/* Somebody comes, in a slot where nobody is. */
void vnic_send_begin(struct vnic_queue *queue, u32 slot)
{
	struct netdev_queue *txq = vnic_txq(queue);
	struct vnic_out *out = queue_out(queue, slot);
	struct vnic_flow *flow = &queue->flow[slot];

	__netif_tx_lock_bh(txq);
	flow->head = VNIC_BEGIN;
	flow->tail = VNIC_BEGIN;
	flow->told = VNIC_BEGIN;
	flow->watched = VNIC_BEGIN;
	flow->due = VNIC_BEGIN;
	flow->stalled = false;
	out->head = cpu_to_le32(VNIC_BEGIN);
	out->base = cpu_to_le32(VNIC_BEGIN);
	out->event = cpu_to_le32(VNIC_BEGIN);
	__netif_tx_unlock_bh(txq);
}

/* Somebody has gone: nobody looks at what he was sent, nobody sends him more. */
void vnic_send_end(struct vnic_queue *queue, u32 slot)
{
	struct netdev_queue *txq = vnic_txq(queue);
	struct reaped reaped = { };

	__netif_tx_lock_bh(txq);
	flow_void(queue, slot, &reaped);
	queue->flow[slot].stalled = false;
	queue->to_tell &= ~BIT(slot);
	netdev_tx_completed_queue(txq, reaped.frames, reaped.bytes);
	if (netif_running(queue->vnic->dev))
		queue_goes_on(queue);
	__netif_tx_unlock_bh(txq);
}

int vnic_send_init(struct vnic_queue *queue)
{
	u32 i, nr = queue->vnic->nr_frames;

	u64_stats_init(&queue->tx_sync);
	timer_setup(&queue->stall, stall_func, 0);
	queue->flow = kvcalloc(VNODE_SLOTS, sizeof(*queue->flow), GFP_KERNEL);
	queue->sent = kvcalloc(nr, sizeof(*queue->sent), GFP_KERNEL);
	if (!queue->flow || !queue->sent)
		return -ENOMEM;
	queue->free = NO_FRAME;
	for (i = 0; i < nr; i++)
		frame_free(queue, i);
	return 0;
}

void vnic_send_exit(struct vnic_queue *queue)
{
	del_timer_sync(&queue->stall);
	kvfree(queue->sent);
	kvfree(queue->flow);
}
