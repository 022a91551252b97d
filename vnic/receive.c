// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames out of others' bridges. A peer may write there whatever it likes, at any time:
 * each word is read once and checked, a frame is checked after it has been copied, and
 * what Linux makes of its offload is Linux's own check (virtio_net_hdr_to_skb()).
 */
#include <linux/skbuff.h>
#include <net/sock.h>

#include "vnic.h"

#define COPY_ALL	1792	/* so much of a frame is linear, of longer ones the head */
#define COPY_HEAD	256
#define WORDS(frame)	(sizeof(*(frame)) / sizeof(u64))

/* What is said of a frame, copied. */
struct found {
	u32 len;
	struct virtio_net_hdr offload;
	u16 chunk[VNIC_FRAME_CHUNKS];
};

static void count_rx(struct vnic_queue *queue, unsigned int what)
{
	u64_stats_update_begin(&queue->rx_sync);
	u64_stats_inc(&queue->rx[what]);
	u64_stats_update_end(&queue->rx_sync);
}

static const u8 *chunk_va(const struct vnic_peer *peer, u32 sender, u16 chunk)
{
	return peer->chunks + (sender * peer->nr_chunks + chunk) * VNIC_CHUNK;
}

static const struct vnic_out *peer_out(const struct vnic_queue *queue,
				       const struct vnic_peer *peer, u32 sender)
{
	return &peer->page->out[queue->vnic->self.slot][sender];
}

static struct vnic_in *queue_in(const struct vnic_queue *queue, u32 slot, u32 sender)
{
	return &queue->vnic->page->in[slot][sender];
}

/* ---- a frame ---- */

/* Return: is it a frame at all? */
static bool frame_find(const struct vnic_peer *peer, u32 sender, u16 first, struct found *found)
{
	union {
		struct vnic_frame frame;
		u64 word[WORDS((struct vnic_frame *)NULL)];
	} copy;
	const u64 *from;
	u32 i, nr;

	if (first >= peer->nr_chunks)
		return false;
	from = (const u64 *)chunk_va(peer, sender, first);
	for (i = 0; i < ARRAY_SIZE(copy.word); i++)
		copy.word[i] = READ_ONCE(from[i]);
	found->len = le32_to_cpu(copy.frame.len);
	if (found->len < ETH_HLEN || found->len > VNIC_FRAME_MAX)
		return false;
	found->offload = copy.frame.offload;
	found->chunk[0] = first;
	nr = DIV_ROUND_UP(sizeof(copy.frame) + found->len, VNIC_CHUNK);
	for (i = 1; i < nr; i++) {
		found->chunk[i] = le16_to_cpu(copy.frame.chunk[i - 1]);
		if (found->chunk[i] >= peer->nr_chunks)
			return false;
	}
	return true;
}

/* @at: among its bytes. Return: how many were copied, less than @len at a chunk's end. */
static u32 frame_read_part(const struct vnic_peer *peer, u32 sender, const struct found *found,
			   u32 at, void *to, u32 len)
{
	u32 offset = (sizeof(struct vnic_frame) + at) % VNIC_CHUNK;
	u16 chunk = found->chunk[(sizeof(struct vnic_frame) + at) / VNIC_CHUNK];

	len = min_t(u32, len, VNIC_CHUNK - offset);
	vnic_copy(to, chunk_va(peer, sender, chunk) + offset, len);
	return len;
}

static void frame_read(const struct vnic_peer *peer, u32 sender, const struct found *found,
		       u32 at, void *to, u32 len)
{
	u32 part;

	for (; len; at += part, to += part, len -= part)
		part = frame_read_part(peer, sender, found, at, to, len);
}

/* Return: is there memory for it? */
static bool frame_read_pages(struct vnic_queue *queue, const struct vnic_peer *peer, u32 sender,
			     const struct found *found, struct sk_buff *skb)
{
	struct page_frag *frag = &queue->page_frag;
	u32 at = skb->len, part, nr = 0;

	for (; at < found->len; at += part) {
		if (nr == MAX_SKB_FRAGS ||
		    !skb_page_frag_refill(min_t(u32, found->len - at, PAGE_SIZE), frag, GFP_ATOMIC))
			return false;
		part = min_t(u32, found->len - at, frag->size - frag->offset);
		frame_read(peer, sender, found, at, page_address(frag->page) + frag->offset, part);
		skb_add_rx_frag(skb, nr++, frag->page, frag->offset, part, part);
		get_page(frag->page);
		frag->offset += part;
	}
	return true;
}

/* Return: NULL if there is no memory. */
static struct sk_buff *frame_copy(struct vnic_queue *queue, const struct vnic_peer *peer,
				  u32 sender, const struct found *found)
{
	u32 head = found->len <= COPY_ALL ? found->len : COPY_HEAD;
	struct sk_buff *skb = napi_alloc_skb(&queue->napi, head);

	if (!skb)
		return NULL;
	frame_read(peer, sender, found, 0, __skb_put(skb, head), head);
	if (frame_read_pages(queue, peer, sender, found, skb))
		return skb;
	kfree_skb(skb);
	return NULL;
}

static bool frame_fits(const struct vnic_queue *queue, const struct sk_buff *skb)
{
	return skb_is_gso(skb) || skb->len <= queue->vnic->dev->mtu + ETH_HLEN + VLAN_HLEN;
}

static void frame_deliver(struct vnic_queue *queue, struct sk_buff *skb,
			  const struct virtio_net_hdr *offload)
{
	struct net_device *dev = queue->vnic->dev;

	skb->dev = dev;
	if (offload->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (virtio_net_hdr_to_skb(skb, offload, true)) {
		count_rx(queue, VNIC_RX_BAD);
		kfree_skb(skb);
		return;
	}
	if (!frame_fits(queue, skb)) {
		count_rx(queue, VNIC_RX_LENGTH);
		kfree_skb(skb);
		return;
	}
	u64_stats_update_begin(&queue->rx_sync);
	u64_stats_inc(&queue->rx[VNIC_RX_PACKETS]);
	u64_stats_add(&queue->rx[VNIC_RX_BYTES], skb->len);
	u64_stats_update_end(&queue->rx_sync);
	skb_record_rx_queue(skb, queue->nr);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&queue->napi, skb);
}

/* ---- rings: one for each queue of each peer ---- */

static void ring_take(struct vnic_queue *queue, const struct vnic_peer *peer, u32 sender, u16 first)
{
	const struct vnic_out *out = peer_out(queue, peer, sender);
	u32 tail = queue->tail[peer->member.slot][sender];
	struct sk_buff *skb = NULL;
	struct found found;
	bool good;

	good = frame_find(peer, sender, first, &found);
	if (good)
		skb = frame_copy(queue, peer, sender, &found);
	/* pairs with flow_void() in send.c: was it still that frame? */
	smp_rmb();
	if (vnic_is_void(READ_ONCE(out->base), tail)) {
		kfree_skb(skb);
		return;
	}
	if (skb)
		frame_deliver(queue, skb, &found.offload);
	else
		count_rx(queue, good ? VNIC_RX_DROPPED : VNIC_RX_BAD);
}

/* @tail has moved from @old: the peer is told, if it waits for that. */
static void ring_fetched(struct vnic_queue *queue, const struct vnic_peer *peer, u32 sender,
			 u32 old)
{
	u32 slot = peer->member.slot, tail = queue->tail[slot][sender];

	/* pairs with flow_fetched() in send.c */
	smp_store_release(&queue_in(queue, slot, sender)->tail, cpu_to_le32(tail));
	/* pairs with queue_watch() in send.c */
	smp_mb();
	if (vnic_wants(READ_ONCE(peer_out(queue, peer, sender)->event), tail, old)) {
		adeos_door_raise(&peer->door[sender]);
		count_rx(queue, VNIC_RX_TOLD);
	}
}

/*
 * Frames that are there; of a peer that writes nonsense, none. What it has taken back is
 * passed over. Return: how many.
 */
static u32 ring_pending(struct vnic_queue *queue, const struct vnic_peer *peer, u32 sender)
{
	const struct vnic_out *out = peer_out(queue, peer, sender);
	u32 *tail = &queue->tail[peer->member.slot][sender], old = *tail;
	/* before the head, which is never behind it */
	__le32 base = smp_load_acquire(&out->base);
	/* pairs with flow_push() in send.c */
	u32 head = le32_to_cpu(smp_load_acquire(&out->head));

	if (vnic_is_void(base, *tail))
		*tail = le32_to_cpu(base);
	if (head - *tail > VNIC_RING) {
		count_rx(queue, VNIC_RX_BAD);
		*tail = head;
	}
	if (*tail != old)
		ring_fetched(queue, peer, sender, old);
	return head - *tail;
}

static int ring_receive(struct vnic_queue *queue, const struct vnic_peer *peer, u32 sender,
			int budget)
{
	const struct vnic_out *out = peer_out(queue, peer, sender);
	u32 *tail = &queue->tail[peer->member.slot][sender], old;
	u16 first;
	int done, nr = min_t(u32, ring_pending(queue, peer, sender), budget);

	old = *tail;
	for (done = 0; done < nr; done++) {
		first = le16_to_cpu(READ_ONCE(out->entry[*tail % VNIC_RING]));
		ring_take(queue, peer, sender, first);
		(*tail)++;
	}
	if (done)
		ring_fetched(queue, peer, sender, old);
	return done;
}

/* ---- a queue: the rings of all peers whose queues belong to it ---- */

static int peer_receive(struct vnic_queue *queue, const struct vnic_peer *peer, int budget)
{
	int done = 0;
	u32 sender;

	for (sender = queue->nr; sender < peer->queues && done < budget;
	     sender += queue->vnic->nr_queues)
		done += ring_receive(queue, peer, sender, budget - done);
	return done;
}

static int queue_receive(struct vnic_queue *queue, int budget)
{
	struct vnic_peer *peer;
	int done = 0, i;

	/* who had no turn is the first one next time */
	for (i = 0; i < VNODE_SLOTS && done < budget; i++) {
		peer = vnic_linked_peer(queue->vnic, queue->first_slot++ % VNODE_SLOTS);
		if (peer)
			done += peer_receive(queue, peer, budget - done);
	}
	return done;
}

/* Whoever sends now tells us. While NAPI is ours: nobody else moves the tails. */
static void queue_arm(struct vnic_queue *queue)
{
	struct vnic_peer *peer;
	u32 slot, sender;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = vnic_linked_peer(queue->vnic, slot);
		for (sender = queue->nr; peer && sender < peer->queues;
		     sender += queue->vnic->nr_queues)
			WRITE_ONCE(queue_in(queue, slot, sender)->event,
				   cpu_to_le32(queue->tail[slot][sender]));
	}
	/* pairs with queue_tell() in send.c */
	smp_mb();
}

/* Has somebody sent before he could know that we want to be told? */
static bool queue_is_pending(const struct vnic_queue *queue)
{
	struct vnic_peer *peer;
	u32 slot, sender;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = vnic_linked_peer(queue->vnic, slot);
		for (sender = queue->nr; peer && sender < peer->queues;
		     sender += queue->vnic->nr_queues)
			if (le32_to_cpu(READ_ONCE(peer_out(queue, peer, sender)->head)) !=
			    READ_ONCE(queue->tail[slot][sender]))
				return true;
	}
	return false;
}

int vnic_receive_poll(struct napi_struct *napi, int budget)
{
	struct vnic_queue *queue = container_of(napi, struct vnic_queue, napi);
	int done;

	vnic_send_clean(queue, budget);
	rcu_read_lock();
	done = queue_receive(queue, budget);
	if (done < budget) {
		queue_arm(queue);
		if (napi_complete_done(napi, done) && queue_is_pending(queue))
			napi_schedule(napi);
	}
	rcu_read_unlock();
	return done;
}

/* Somebody comes, in a slot where nobody is. */
void vnic_receive_begin(struct vnic_queue *queue, u32 slot)
{
	u32 sender;

	for (sender = queue->nr; sender < VNIC_QUEUES; sender += queue->vnic->nr_queues) {
		queue->tail[slot][sender] = VNIC_BEGIN;
		queue_in(queue, slot, sender)->tail = cpu_to_le32(VNIC_BEGIN);
		queue_in(queue, slot, sender)->event = cpu_to_le32(VNIC_BEGIN);
	}
}

/* What has come is not wanted: the device is down. NAPI does not run. */
void vnic_receive_drop(struct vnic_queue *queue)
{
	struct vnic_peer *peer;
	u32 slot, sender, *tail, old, nr;

	rcu_read_lock();
	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = vnic_linked_peer(queue->vnic, slot);
		for (sender = queue->nr; peer && sender < peer->queues;
		     sender += queue->vnic->nr_queues) {
			tail = &queue->tail[slot][sender];
			nr = ring_pending(queue, peer, sender);
			old = *tail;
			*tail += nr;
			if (nr)
				ring_fetched(queue, peer, sender, old);
		}
	}
	rcu_read_unlock();
}

void vnic_receive_exit(struct vnic_queue *queue)
{
	if (queue->page_frag.page)
		put_page(queue->page_frag.page);
}
