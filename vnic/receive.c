// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fetching frames from peers. A peer may write anything into its bridge and its memory at
 * any time: each word is read once and checked, a frame is checked after it was copied,
 * and offload.c checks what it leaves open.
 */
#include <linux/skbuff.h>
#include <net/sock.h>

#include "vnic.h"

#define COPY_ALL	1792	/* longest frame that is linear in its skb */
#define COPY_HEAD	256	/* linear part of a longer frame */

/**
 * struct found - the description of a frame, copied and checked
 * @len: bytes
 * @offload: what is left open
 * @next: the piece to read from
 * @piece: the pieces' unread bytes
 */
struct found {
	u32 len;
	struct virtio_net_hdr offload;
	u32 next;
	struct {
		const u8 *va;
		u32 len;
	} piece[VNIC_PIECES];
};

/* ---- rings: each queue of a peer has one for us ---- */

/**
 * struct ring - what a queue of a peer sends to one of our queues; also an iterator
 * @queue: ours
 * @slot: of the peer
 * @peer: the peer; NULL before the first and behind the last ring
 * @sender: the peer's queue
 * @left: slots that the iterator has not visited
 */
struct ring {
	struct vnic_queue *queue;
	u32 slot;
	const struct vnic_peer *peer;
	u32 sender;
	u32 left;
};

/* An iterator over all rings of a queue that begins at @slot. */
static struct ring ring_before(struct vnic_queue *queue, u32 slot)
{
	return (struct ring) { .queue = queue, .slot = slot - 1, .left = VNODE_SLOTS };
}

/* The next ring: of linked peers, the queues that are ours modulo our number. Under RCU. */
static bool ring_next(struct ring *ring)
{
	const struct vnic *vnic = ring->queue->vnic;

	ring->sender += vnic->nr_queues;
	while (!ring->peer || ring->sender >= ring->peer->queues) {
		ring->peer = NULL;
		if (!ring->left)
			return false;
		ring->left--;
		ring->slot = (ring->slot + 1) % VNODE_SLOTS;
		ring->peer = vnic_linked_peer(vnic, ring->slot);
		ring->sender = ring->queue->nr;
	}
	return true;
}

static const struct vnic_out *ring_out(const struct ring *ring)
{
	return &ring->peer->page->out[ring->queue->vnic->self.slot][ring->sender];
}

static struct vnic_in *queue_in(const struct vnic_queue *queue, u32 slot, u32 sender)
{
	return &queue->vnic->page->in[slot][sender];
}

static struct vnic_in *ring_in(const struct ring *ring)
{
	return queue_in(ring->queue, ring->slot, ring->sender);
}

static u32 *ring_tail(const struct ring *ring)
{
	return &ring->queue->tail[ring->slot][ring->sender];
}

/* ---- a frame ---- */

static const struct vnic_frame *ring_frame(const struct ring *ring, u16 nr)
{
	return &ring->peer->frames[ring->sender * ring->peer->nr_frames + nr];
}

/* Return: are there @nr pieces in the sender's memory, of found->len bytes together? */
static bool pieces_find(const struct ring *ring, const struct vnic_piece *piece, u32 nr,
			struct found *found)
{
	u32 left = found->len, i, len;

	for (i = 0; i < nr; i++) {
		len = le32_to_cpu(READ_ONCE(piece[i].len));
		if (!len || len > left)
			return false;
		found->piece[i].va = adeos_window_va(ring->peer->window,
						     le64_to_cpu(READ_ONCE(piece[i].pa)), len);
		found->piece[i].len = len;
		if (!found->piece[i].va)
			return false;
		left -= len;
	}
	return !left;
}

static struct virtio_net_hdr offload_read(const struct vnic_frame *frame)
{
	const u64 *from = (const u64 *)&frame->offload;
	u64 word[2] = { READ_ONCE(from[0]), READ_ONCE(from[1]) };
	struct virtio_net_hdr offload;

	static_assert(sizeof(word) >= sizeof(offload), "vnic offload");
	memcpy(&offload, word, sizeof(offload));
	return offload;
}

/* Return: is the description valid? */
static bool frame_find(const struct ring *ring, u16 nr, struct found *found)
{
	const struct vnic_frame *frame;
	u32 pieces;

	if (nr >= ring->peer->nr_frames)
		return false;
	frame = ring_frame(ring, nr);
	found->len = le32_to_cpu(READ_ONCE(frame->len));
	found->offload = offload_read(frame);
	found->next = 0;
	pieces = le32_to_cpu(READ_ONCE(frame->pieces));
	return found->len >= ETH_HLEN && found->len <= VNIC_FRAME_MAX && pieces <= VNIC_PIECES &&
	       pieces_find(ring, frame->piece, pieces, found);
}

/* Copy the next @len bytes. */
static void frame_read(struct found *found, void *to, u32 len)
{
	u32 part;

	for (; len; to += part, len -= part) {
		part = min(len, found->piece[found->next].len);
		memcpy(to, found->piece[found->next].va, part);
		found->piece[found->next].va += part;
		found->piece[found->next].len -= part;
		if (!found->piece[found->next].len)
			found->next++;
	}
}

/* Return: false: no memory. */
static bool frame_read_pages(const struct ring *ring, struct found *found, struct sk_buff *skb)
{
	struct page_frag *frag = &ring->queue->page_frag;
	u32 at = skb->len, part, nr = 0;

	for (; at < found->len; at += part) {
		if (nr == MAX_SKB_FRAGS ||
		    !skb_page_frag_refill(min_t(u32, found->len - at, PAGE_SIZE), frag, GFP_ATOMIC))
			return false;
		part = min_t(u32, found->len - at, frag->size - frag->offset);
		frame_read(found, page_address(frag->page) + frag->offset, part);
		skb_add_rx_frag(skb, nr++, frag->page, frag->offset, part, part);
		get_page(frag->page);
		frag->offset += part;
	}
	return true;
}

/* Return: NULL: no memory. */
static struct sk_buff *frame_copy(const struct ring *ring, struct found *found)
{
	u32 head = found->len <= COPY_ALL ? found->len : COPY_HEAD;
	struct sk_buff *skb = napi_alloc_skb(&ring->queue->napi, head);

	if (!skb)
		return NULL;
	frame_read(found, __skb_put(skb, head), head);
	if (frame_read_pages(ring, found, skb))
		return skb;
	kfree_skb(skb);
	return NULL;
}

static bool frame_fits(const struct vnic_queue *queue, const struct sk_buff *skb)
{
	return skb_is_gso(skb) || skb->len <= VNIC_FRAME_BYTES(queue->vnic->dev->mtu);
}

static void frame_deliver(struct vnic_queue *queue, struct sk_buff *skb,
			  const struct virtio_net_hdr *offload)
{
	struct net_device *dev = queue->vnic->dev;

	skb->dev = dev;
	if (vnic_offload_set(skb, offload)) {
		vnic_count(&queue->rx, VNIC_RX_BAD);
		kfree_skb(skb);
		return;
	}
	if (!frame_fits(queue, skb)) {
		vnic_count(&queue->rx, VNIC_RX_LENGTH);
		kfree_skb(skb);
		return;
	}
	vnic_count_frame(&queue->rx, skb->len);
	skb_record_rx_queue(skb, queue->nr);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&queue->napi, skb);
}

/* ---- a ring ---- */

/* Has the sender taken back the frame while it was copied, or lost its memory? */
static bool ring_is_void(const struct ring *ring)
{
	/* pairs with flow_void() in flow.c: the bytes were read before @base is */
	smp_rmb();
	return vnic_is_void(READ_ONCE(ring_out(ring)->base), *ring_tail(ring)) ||
	       !adeos_window_holds(ring->peer->window);
}

static void ring_take(const struct ring *ring, u16 nr)
{
	struct found found;
	bool sound = frame_find(ring, nr, &found);
	struct sk_buff *skb = sound ? frame_copy(ring, &found) : NULL;

	if (ring_is_void(ring))
		kfree_skb(skb);
	else if (skb)
		frame_deliver(ring->queue, skb, &found.offload);
	else
		vnic_count(&ring->queue->rx, sound ? VNIC_RX_DROPPED : VNIC_RX_BAD);
}

/* The tail has moved from @old: interrupt the sender if it waits for that. */
static void ring_fetched(const struct ring *ring, u32 old)
{
	u32 tail = *ring_tail(ring);

	/* pairs with flow_fetched() in flow.c */
	smp_store_release(&ring_in(ring)->tail, cpu_to_le32(tail));
	/* pairs with queue_watch() in flow.c */
	smp_mb();
	if (vnic_wants(READ_ONCE(ring_out(ring)->event), tail, old)) {
		adeos_door_raise(&ring->peer->door[ring->sender]);
		vnic_count(&ring->queue->rx, VNIC_RX_TOLD);
	}
}

/* Return: frames to fetch, without those taken back; 0 if the peer's words are nonsense. */
static u32 ring_pending(const struct ring *ring)
{
	const struct vnic_out *out = ring_out(ring);
	u32 *tail = ring_tail(ring), old = *tail;
	/* read before @head, so that it is not ahead of it */
	__le32 base = smp_load_acquire(&out->base);
	/* pairs with flow_push() in flow.c */
	u32 head = le32_to_cpu(smp_load_acquire(&out->head));

	if (vnic_is_void(base, *tail))
		*tail = le32_to_cpu(base);
	if (head - *tail > VNIC_RING) {
		vnic_count(&ring->queue->rx, VNIC_RX_BAD);
		*tail = head;
	}
	if (*tail != old)
		ring_fetched(ring, old);
	return head - *tail;
}

static int ring_receive(const struct ring *ring, int budget)
{
	const struct vnic_out *out = ring_out(ring);
	u32 *tail = ring_tail(ring), old;
	int done, nr = min_t(u32, ring_pending(ring), budget);

	old = *tail;
	for (done = 0; done < nr; done++) {
		ring_take(ring, le16_to_cpu(READ_ONCE(out->entry[*tail % VNIC_RING])));
		(*tail)++;
	}
	if (done)
		ring_fetched(ring, old);
	return done;
}

static void ring_drop(const struct ring *ring)
{
	u32 nr = ring_pending(ring), *tail = ring_tail(ring), old = *tail;

	*tail += nr;
	if (nr)
		ring_fetched(ring, old);
}

/* ---- a queue ---- */

static int queue_receive(struct vnic_queue *queue, int budget)
{
	struct ring ring = ring_before(queue, queue->first_slot);
	int done = 0;

	while (done < budget && ring_next(&ring))
		done += ring_receive(&ring, budget - done);
	/* peers that had no turn are first in the next poll */
	queue->first_slot = (ring.slot + 1) % VNODE_SLOTS;
	return done;
}

/* Have senders interrupt us after @frames frames. Under NAPI, which alone moves the tails. */
static void queue_arm(struct vnic_queue *queue, u32 frames)
{
	struct ring ring = ring_before(queue, 0);

	while (ring_next(&ring))
		WRITE_ONCE(ring_in(&ring)->event, cpu_to_le32(*ring_tail(&ring) + frames - 1));
	/* pairs with queue_tell() in send.c */
	smp_mb();
}

/* Has a peer sent @frames frames before it could read the new @event? */
static bool queue_is_pending(struct vnic_queue *queue, u32 frames)
{
	struct ring ring = ring_before(queue, 0);

	while (ring_next(&ring))
		if (le32_to_cpu(READ_ONCE(ring_out(&ring)->head)) -
		    READ_ONCE(*ring_tail(&ring)) >= frames)
			return true;
	return false;
}

static enum hrtimer_restart pause_func(struct hrtimer *timer)
{
	struct vnic_queue *queue = container_of(timer, struct vnic_queue, pause);

	napi_schedule(&queue->napi);
	return HRTIMER_NORESTART;
}

/*
 * There are no more frames. A queue that has just received waits rx-usecs for more before
 * it is interrupted again; one that was idle is interrupted by the first frame.
 */
static void queue_rest(struct vnic_queue *queue, int done)
{
	struct vnic *vnic = queue->vnic;
	u32 usecs = done ? READ_ONCE(vnic->rx_usecs) : 0;
	/* more than a ring has: no interrupt */
	u32 frames = usecs ? READ_ONCE(vnic->rx_frames) ?: VNIC_RING + 1 : 1;

	queue_arm(queue, frames);
	if (!napi_complete_done(&queue->napi, done))
		return;
	if (queue_is_pending(queue, frames))
		napi_schedule(&queue->napi);
	else if (usecs)
		hrtimer_start(&queue->pause, ns_to_ktime(usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_PINNED);
}

int vnic_receive_poll(struct napi_struct *napi, int budget)
{
	struct vnic_queue *queue = container_of(napi, struct vnic_queue, napi);
	int done;

	vnic_send_clean(queue, budget);
	rcu_read_lock();
	done = queue_receive(queue, budget);
	if (done < budget)
		queue_rest(queue, done);
	rcu_read_unlock();
	return done;
}

/* All queues look for frames. */
void vnic_receive_kick(struct vnic *vnic)
{
	u32 i;

	local_bh_disable();
	for (i = 0; i < vnic->nr_queues; i++)
		napi_schedule(&vnic->queue[i].napi);
	local_bh_enable();
}

/* A peer comes, in a slot that has none. */
void vnic_receive_begin(struct vnic_queue *queue, u32 slot)
{
	u32 sender;

	for (sender = queue->nr; sender < VNIC_QUEUES; sender += queue->vnic->nr_queues) {
		queue->tail[slot][sender] = VNIC_BEGIN;
		queue_in(queue, slot, sender)->tail = cpu_to_le32(VNIC_BEGIN);
		queue_in(queue, slot, sender)->event = cpu_to_le32(VNIC_BEGIN);
	}
}

/* The device is down: drop what was sent to it. NAPI does not run. */
void vnic_receive_drop(struct vnic_queue *queue)
{
	struct ring ring = ring_before(queue, 0);

	rcu_read_lock();
	while (ring_next(&ring))
		ring_drop(&ring);
	rcu_read_unlock();
}

void vnic_receive_init(struct vnic_queue *queue)
{
	u64_stats_init(&queue->rx.sync);
	hrtimer_init(&queue->pause, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	queue->pause.function = pause_func;
}

/* The device is down. NAPI does not run. */
void vnic_receive_stop(struct vnic_queue *queue)
{
	hrtimer_cancel(&queue->pause);
	vnic_receive_drop(queue);
}

void vnic_receive_exit(struct vnic_queue *queue)
{
	/* the last poll may have set it after napi_complete_done() */
	hrtimer_cancel(&queue->pause);
	if (queue->page_frag.page)
		put_page(queue->page_frag.page);
}
