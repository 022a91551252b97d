// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames between sending and being fetched. Our bridge says where in our memory a frame
 * is, and it stays there until every receiver has copied it. The lock of Linux's queue
 * protects all of a queue, and sending waits for no receiver: one that does not fetch
 * frames for STALL_MS while the queue is short of room gets none until it does, and the
 * frames that it has not fetched are taken back.
 */
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/sch_generic.h>

#include "vnic.h"

#define STALL_MS	250
#define NO_FRAME	U16_MAX		/* ends the list of free frames */

static struct vnic_out *queue_out(const struct vnic_queue *queue, u32 slot)
{
	return &queue->vnic->page->out[slot][queue->nr];
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

/* A receiver has the frame. Return: its bytes for BQL if that was the last receiver, else 0. */
static u32 frame_put(struct vnic_queue *queue, u16 nr)
{
	struct vnic_sent *sent = &queue->sent[nr];
	u32 bytes = sent->skb->len;

	if (--sent->refs)
		return 0;
	frame_free(queue, nr);
	dev_consume_skb_any(sent->skb);
	return bytes;
}

/* ---- flows ---- */

/* What has been fetched or taken back: positions, and frames that no receiver needs now. */
struct reaped {
	unsigned int positions;
	unsigned int frames;
	unsigned int bytes;
};

static void flow_push(struct vnic_queue *queue, u32 slot, u16 frame)
{
	struct vnic_flow *flow = &queue->flow[slot];
	struct vnic_out *out = queue_out(queue, slot);

	/* @base must not fall so far behind that vnic_is_void() takes it for ahead */
	if (!(flow->head % SZ_64K))
		WRITE_ONCE(out->base, cpu_to_le32(flow->tail));
	flow->frame[flow->head % VNIC_RING] = frame;
	out->entry[flow->head % VNIC_RING] = cpu_to_le16(frame);
	/* pairs with ring_pending() in receive.c */
	smp_store_release(&out->head, cpu_to_le32(++flow->head));
}

/* All up to @tail have been fetched or taken back. */
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

/* The receiver's tail; our own copy of it if the receiver is gone. Under RCU. */
static u32 flow_fetched(struct vnic_queue *queue, u32 slot)
{
	struct vnic_peer *peer = vnic_linked_peer(queue->vnic, slot);

	/* pairs with ring_fetched() in receive.c: the receiver reads these frames no more */
	return peer ? le32_to_cpu(smp_load_acquire(&vnic_peer_in(peer, queue)->tail)) :
		      queue->flow[slot].tail;
}

/* The receiver's tail must lie between our copy of it and the head. Under RCU. */
static void flow_reap(struct vnic_queue *queue, u32 slot, struct reaped *reaped)
{
	struct vnic_flow *flow = &queue->flow[slot];
	u32 tail;

	if (flow->head == flow->tail)
		return;
	tail = flow_fetched(queue, slot);
	if (tail - flow->tail > flow->head - flow->tail)
		vnic_count(&queue->tx, VNIC_TX_BAD);
	else
		flow_pop(queue, flow, tail, reaped);
}

/*
 * Take back what was not fetched. A receiver that is just copying reads @base afterwards,
 * and gets no more frames until its tail has reached the head.
 */
static void flow_void(struct vnic_queue *queue, u32 slot, struct reaped *reaped)
{
	struct vnic_flow *flow = &queue->flow[slot];

	if (!READ_ONCE(queue->vnic->lost))
		WRITE_ONCE(queue_out(queue, slot)->base, cpu_to_le32(flow->head));
	/* pairs with ring_is_void() in receive.c: the memory gets new content after that */
	smp_wmb();
	flow_pop(queue, flow, flow->head, reaped);
	flow->stalled = true;
}

/* A stalled flow goes on once the receiver's tail has reached the head. Under RCU. */
static bool flow_is_stalled(struct vnic_queue *queue, u32 slot)
{
	struct vnic_flow *flow = &queue->flow[slot];

	if (flow->stalled && flow_fetched(queue, slot) == flow->head)
		flow->stalled = false;
	return flow->stalled;
}

/* ---- short of room ---- */

static void queue_reaped(struct vnic_queue *queue, const struct reaped *reaped)
{
	netdev_tx_completed_queue(vnic_txq(queue), reaped->frames, reaped->bytes);
}

/* Return: has any receiver fetched anything? */
static bool queue_reap(struct vnic_queue *queue)
{
	struct reaped reaped = { };
	u32 slot;

	rcu_read_lock();
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		flow_reap(queue, slot, &reaped);
	rcu_read_unlock();
	queue_reaped(queue, &reaped);
	return reaped.positions;
}

/*
 * Return: may Linux send? The macros of netdev_queues.h for this differ in 6.1, and BQL
 * may have stopped the queue as well.
 */
static bool queue_goes_on(struct vnic_queue *queue)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (netif_tx_queue_stopped(txq) && queue->nr_free)
		netif_tx_wake_queue(txq);
	return !netif_xmit_stopped(txq);
}

/* Have all receivers raise our portal when they have fetched half of their frames. */
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

/* A receiver had frames to fetch since the timer was set, and has fetched less than half. */
static bool flow_is_slow(const struct vnic_flow *flow)
{
	return 2 * (flow->tail - flow->watched) < flow->due - flow->watched;
}

/* Take back the frames of slow receivers, so that the others get frames again. */
static void queue_stall(struct vnic_queue *queue)
{
	struct reaped reaped = { };
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		if (!flow_is_slow(&queue->flow[slot]))
			continue;
		vnic_count(&queue->tx, VNIC_TX_STALLED);
		flow_void(queue, slot, &reaped);
	}
	queue_reaped(queue, &reaped);
	vnic_flow_settle(queue);
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
		vnic_flow_arm(queue);
	}
	__netif_tx_unlock(txq);
}

/* ---- for send.c and wire.c ---- */

/**
 * vnic_flow_send - offer a frame to receivers
 * @queue: under its lock and RCU
 * @skb: the frame, which is ours from now on, unless 0 is returned
 * @slots: receivers
 *
 * Return: a mask of the slots that get it; 0: there is no room, or no receiver.
 */
unsigned long vnic_flow_send(struct vnic_queue *queue, struct sk_buff *skb, unsigned long slots)
{
	struct vnic_sent *sent;
	u32 slot;
	u16 nr;

	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		if (flow_is_stalled(queue, slot))
			__clear_bit(slot, &slots);
	if (!queue->nr_free)
		queue_reap(queue);
	if (!slots || !queue->nr_free)
		return 0;
	nr = frame_get(queue);
	if (!vnic_frame_write(queue_frame(queue, nr), skb)) {
		frame_free(queue, nr);
		return 0;
	}
	sent = &queue->sent[nr];
	sent->refs = hweight_long(slots);
	sent->skb = skb;
	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		flow_push(queue, slot, nr);
	return slots;
}

/*
 * Linux's queue may be stopped, by us or by BQL: make it go on, or have the receivers
 * raise our portal when it can. A receiver that has fetched frames before it could read
 * the new @event does not raise it: then look again.
 */
void vnic_flow_settle(struct vnic_queue *queue)
{
	queue_reap(queue);
	while (!queue_goes_on(queue)) {
		queue_watch(queue);
		if (!queue_reap(queue))
			break;
	}
}

/* Arm the timer while frames are outstanding. */
void vnic_flow_arm(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	u32 slot;

	if (timer_pending(&queue->stall) || queue->nr_free == queue->vnic->nr_frames)
		return;
	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		flow = &queue->flow[slot];
		flow->watched = flow->tail;
		flow->due = flow->head;
	}
	mod_timer(&queue->stall, jiffies + msecs_to_jiffies(STALL_MS));
}

/* The device is down: take all frames back. Under the queue's lock. */
void vnic_flow_stop(struct vnic_queue *queue)
{
	struct reaped reaped = { };
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (queue->flow[slot].head != queue->flow[slot].tail)
			flow_void(queue, slot, &reaped);
	netdev_tx_reset_queue(vnic_txq(queue));
}

/* A peer comes, in a slot that has none. */
void vnic_flow_begin(struct vnic_queue *queue, u32 slot)
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

/* A peer is gone: its frames are free. */
void vnic_flow_end(struct vnic_queue *queue, u32 slot)
{
	struct netdev_queue *txq = vnic_txq(queue);
	struct reaped reaped = { };

	__netif_tx_lock_bh(txq);
	flow_void(queue, slot, &reaped);
	queue->flow[slot].stalled = false;
	queue->to_tell &= ~BIT(slot);
	queue_reaped(queue, &reaped);
	if (netif_running(queue->vnic->dev))
		queue_goes_on(queue);
	__netif_tx_unlock_bh(txq);
}

int vnic_flow_init(struct vnic_queue *queue)
{
	u32 i, nr = queue->vnic->nr_frames;

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

void vnic_flow_exit(struct vnic_queue *queue)
{
	del_timer_sync(&queue->stall);
	kvfree(queue->sent);
	kvfree(queue->flow);
}
