// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames into our own bridge. A frame is copied there once, whoever gets it, and its skb
 * is done with. All of a queue is under the lock of Linux's queue; nobody is waited for:
 * who does not fetch frames for STALL_MS while we are short of chunks gets none until he
 * does, and those he has not fetched are taken back.
 */
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/netdev_queues.h>
#include <net/sch_generic.h>

#include "vnic.h"

#define STALL_MS	250
#define NO_CHUNK	U16_MAX		/* the end of the free ones */

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

/* ---- chunks ---- */

static u8 *chunk_va(const struct vnic_queue *queue, u16 chunk)
{
	return queue->vnic->chunks + (queue->nr * queue->vnic->nr_chunks + chunk) * VNIC_CHUNK;
}

static u16 chunk_get(struct vnic_queue *queue)
{
	u16 chunk = queue->free;

	queue->free = queue->chunk[chunk].next;
	queue->nr_free--;
	return chunk;
}

static void chunk_free(struct vnic_queue *queue, u16 chunk)
{
	queue->chunk[chunk].next = queue->free;
	queue->free = chunk;
	queue->nr_free++;
}

/* One who was sent the frame has it. Return: its bytes for BQL, if he was the last one. */
static u32 frame_put(struct vnic_queue *queue, u16 first)
{
	u16 chunk = first, next, nr = queue->chunk[first].nr;
	u32 bytes = queue->chunk[first].bytes;

	if (--queue->chunk[first].refs)
		return 0;
	for (; nr; nr--, chunk = next) {
		next = queue->chunk[chunk].next;
		chunk_free(queue, chunk);
	}
	return bytes;
}

/**
 * struct content - what is to be sent
 * @skb: NULL: it is at @data
 * @seq: where @skb has been read
 * @data: beginning with its destination
 * @len: bytes
 * @offload: what is left open
 */
struct content {
	struct sk_buff *skb;
	struct skb_seq_state seq;
	const void *data;
	u32 len;
	struct virtio_net_hdr offload;
};

/* Return: how many bytes are at *@from, the first one being byte @done; 0 at the end */
static u32 content_next(struct content *content, u32 done, const u8 **from)
{
	if (content->skb)
		return skb_seq_read(done, from, &content->seq);
	*from = content->data + done;
	return content->len - done;
}

/* Return: its first chunk. There are enough of them. */
static u16 frame_write(struct vnic_queue *queue, struct content *content)
{
	u32 done = 0, at = sizeof(struct vnic_frame), len, n = 0;
	u16 first = chunk_get(queue), chunk = first;
	struct vnic_frame *frame = (void *)chunk_va(queue, first);
	const u8 *from;

	frame->len = cpu_to_le32(content->len);
	frame->offload = content->offload;
	if (content->skb)
		skb_prepare_seq_read(content->skb, 0, content->len, &content->seq);
	while ((len = content_next(content, done, &from))) {
		if (at == VNIC_CHUNK) {
			queue->chunk[chunk].next = chunk_get(queue);
			chunk = queue->chunk[chunk].next;
			frame->chunk[n++] = cpu_to_le16(chunk);
			at = 0;
		}
		len = min(len, VNIC_CHUNK - at);
		vnic_copy(chunk_va(queue, chunk) + at, from, len);
		done += len;
		at += len;
	}
	queue->chunk[first].nr = n + 1;
	queue->chunk[first].bytes = content->skb ? content->len : 0;
	return first;
}

/* ---- flows ---- */

/* What has come to an end: positions, and of those frames the ones that nobody has any more. */
struct reaped {
	unsigned int positions;
	unsigned int frames;
	unsigned int bytes;
};

static void flow_push(struct vnic_queue *queue, u32 slot, u16 first)
{
	struct vnic_flow *flow = &queue->flow[slot];
	struct vnic_out *out = queue_out(queue, slot);

	/* not so far behind that it looks as if it were ahead: see vnic_is_void() */
	if (!(flow->head % SZ_64K))
		WRITE_ONCE(out->base, cpu_to_le32(flow->tail));
	flow->frame[flow->head % VNIC_RING] = first;
	out->entry[flow->head % VNIC_RING] = cpu_to_le16(first);
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

	/* pairs with ring_fetched() in receive.c: he reads no more of these chunks */
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
	/* pairs with ring_take() in receive.c: chunks are not written before */
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

static bool queue_has_room(const struct vnic_queue *queue)
{
	return queue->nr_free >= VNIC_FRAME_CHUNKS;
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

	if (netif_tx_queue_stopped(txq) && queue_has_room(queue))
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

static void queue_remember(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	u32 slot;

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
		if (queue_reap(queue))
			continue;
		if (!timer_pending(&queue->stall))
			queue_remember(queue);
		return;
	}
	del_timer(&queue->stall);
}

/* He had something to fetch all the time, and has fetched less than half of it. */
static bool flow_is_slow(const struct vnic_flow *flow)
{
	return 2 * (flow->tail - flow->watched) < flow->due - flow->watched;
}

static void stall_func(struct timer_list *timer)
{
	struct vnic_queue *queue = from_timer(queue, timer, stall);
	struct netdev_queue *txq = vnic_txq(queue);
	struct reaped reaped = { };
	u32 slot;

	__netif_tx_lock(txq, smp_processor_id());
	if (!netif_running(queue->vnic->dev))
		goto unlock;
	queue_reap(queue);
	if (queue_goes_on(queue))
		goto unlock;
	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		if (!flow_is_slow(&queue->flow[slot]))
			continue;
		count_tx(queue, VNIC_TX_STALLED, 1);
		flow_void(queue, slot, &reaped);
	}
	netdev_tx_completed_queue(txq, reaped.frames, reaped.bytes);
	queue_settle(queue);
unlock:
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

/* Return: was it sent to anybody? Under RCU. */
static bool frame_send(struct vnic_queue *queue, struct content *content)
{
	u32 nr = DIV_ROUND_UP(sizeof(struct vnic_frame) + content->len, VNIC_CHUNK), slot;
	unsigned long slots;
	u16 first;

	if (content->len < ETH_HLEN || nr > VNIC_FRAME_CHUNKS)
		return false;
	slots = frame_receivers(queue, content->data);
	if (queue->nr_free < nr)
		queue_reap(queue);
	if (!slots || queue->nr_free < nr)
		return false;
	first = frame_write(queue, content);
	queue->chunk[first].refs = hweight_long(slots);
	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		flow_push(queue, slot, first);
	queue->to_tell |= slots;
	u64_stats_update_begin(&queue->tx_sync);
	u64_stats_inc(&queue->tx[VNIC_TX_PACKETS]);
	u64_stats_add(&queue->tx[VNIC_TX_BYTES], content->len);
	u64_stats_update_end(&queue->tx_sync);
	return true;
}

static bool skb_send(struct vnic_queue *queue, struct sk_buff *skb)
{
	struct content content = { .skb = skb, .data = skb_eth_hdr(skb), .len = skb->len };

	return !vnic_offload_get(skb, &content.offload) && frame_send(queue, &content);
}

/* All that can be sent now has been; the receivers may want to know. Under RCU. */
static void queue_sent(struct vnic_queue *queue, bool tell)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (!netif_tx_queue_stopped(txq) &&
	    !netif_txq_maybe_stop(txq, queue->nr_free, VNIC_FRAME_CHUNKS, VNIC_FRAME_CHUNKS))
		count_tx(queue, VNIC_TX_STOPPED, 1);
	if (netif_xmit_stopped(txq)) {
		queue_tell(queue);
		queue_settle(queue);
	} else if (tell) {
		queue_tell(queue);
	}
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
		skb_tx_timestamp(skb);
		tell = __netdev_tx_sent_queue(txq, skb->len, !tell);
		dev_consume_skb_any(skb);
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

/* Under the lock and RCU. Return: was it sent to anybody? */
static bool bytes_send(struct vnic_queue *queue, const void *data, u32 len)
{
	struct content content = { .data = data, .len = len };
	bool sent = frame_send(queue, &content);

	if (!sent)
		count_tx(queue, VNIC_TX_DROPPED, 1);
	return sent;
}

/* NAPI, under RCU: a program's answer. It goes when the poll ends. */
bool vnic_send_bytes(struct vnic_queue *queue, const void *data, u32 len)
{
	struct netdev_queue *txq = vnic_txq(queue);
	bool sent;

	__netif_tx_lock(txq, smp_processor_id());
	sent = bytes_send(queue, data, len);
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
 * They are copied, and done with; those for which there was no room or nobody are counted.
 * Under the lock and RCU. Return: how many.
 */
static int frames_send(struct vnic_queue *queue, struct xdp_frame **frames, int nr, bool tell)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (bytes_send(queue, frames[i]->data, frames[i]->len))
			count_tx(queue, VNIC_TX_XDP, 1);
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
	u32 i, nr = queue->vnic->nr_chunks;

	u64_stats_init(&queue->tx_sync);
	timer_setup(&queue->stall, stall_func, 0);
	queue->flow = kvcalloc(VNODE_SLOTS, sizeof(*queue->flow), GFP_KERNEL);
	queue->chunk = kvcalloc(nr, sizeof(*queue->chunk), GFP_KERNEL);
	if (!queue->flow || !queue->chunk)
		return -ENOMEM;
	queue->free = NO_CHUNK;
	for (i = 0; i < nr; i++)
		chunk_free(queue, i);
	return 0;
}

void vnic_send_exit(struct vnic_queue *queue)
{
	del_timer_sync(&queue->stall);
	kvfree(queue->chunk);
	kvfree(queue->flow);
}
