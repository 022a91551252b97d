// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending frames, of Linux and of XDP programs: which peers get a frame, and when they
 * are interrupted. The lock of Linux's queue protects all of a queue.
 */
#include <linux/skbuff.h>
#include <net/netdev_queues.h>

#include "vnic.h"

/* ---- receivers ---- */

/*
 * The peer with that address; if there is none, promiscuous peers; all peers for a group.
 * Under RCU.
 */
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

/* Does a receiver run an XDP program? */
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

/* Interrupt the receivers that wait for a frame. Under RCU. */
static void queue_tell(struct vnic_queue *queue)
{
	struct vnic_flow *flow;
	struct vnic_peer *peer;
	u32 slot;

	/* pairs with queue_arm() in receive.c: @head is visible before @event is read */
	smp_mb();
	for_each_set_bit(slot, &queue->to_tell, VNODE_SLOTS) {
		flow = &queue->flow[slot];
		peer = vnic_linked_peer(queue->vnic, slot);
		if (peer && vnic_wants(READ_ONCE(vnic_peer_in(peer, queue)->event), flow->head,
				       flow->told)) {
			adeos_door_raise(&peer->door[queue->nr % peer->queues]);
			vnic_count(&queue->tx, VNIC_TX_TOLD);
		}
		flow->told = flow->head;
	}
	queue->to_tell = 0;
}

/* ---- sending ---- */

/* Under RCU. Return: has a receiver got it? Then it is not the caller's any more. */
static bool frame_send(struct vnic_queue *queue, const struct vnic_content *content)
{
	unsigned long slots;

	if (content->len < ETH_HLEN || content->len > VNIC_FRAME_MAX)
		return false;
	slots = vnic_flow_send(queue, content, frame_slots(queue->vnic, content->dest));
	if (!slots)
		return false;
	queue->to_tell |= slots;
	vnic_count_frame(&queue->tx, content->len);
	return true;
}

/* The skb may stay for long: detach it from its socket and from user pages first. */
static bool skb_send(struct vnic_queue *queue, struct sk_buff *skb)
{
	struct vnic_content content = {
		.skb = skb,
		.dest = skb_eth_hdr(skb)->h_dest,
		.len = skb->len,
	};

	if (vnic_offload_get(skb, &content.offload) || skb_orphan_frags(skb, GFP_ATOMIC) ||
	    !frame_send(queue, &content))
		return false;
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);
	return true;
}

/* After sending. @tell: no more frames follow at once. Under RCU. */
static void queue_sent(struct vnic_queue *queue, bool tell)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (!netif_tx_queue_stopped(txq) &&
	    !netif_txq_maybe_stop(txq, queue->nr_free, 1, 1))
		vnic_count(&queue->tx, VNIC_TX_STOPPED);
	if (netif_xmit_stopped(txq)) {
		queue_tell(queue);
		vnic_flow_settle(queue);
	} else if (tell) {
		queue_tell(queue);
	}
	vnic_flow_arm(queue);
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
		vnic_count(&queue->tx, VNIC_TX_DROPPED);
		dev_kfree_skb_any(skb);
	}
	queue_sent(queue, tell);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

/* ndo_features_check: an XDP program gets frames with no checksum or segment left open. */
netdev_features_t vnic_send_features(struct sk_buff *skb, struct net_device *dev,
				     netdev_features_t features)
{
	bool open = skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL;

	features = vlan_features_check(skb, features);
	if (open && skb_headlen(skb) >= ETH_HLEN && is_for_xdp(netdev_priv(dev), skb->data))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	return features;
}

/* ---- sending for XDP, without Linux's queue and BQL ---- */

/* Under the lock and RCU, as frame_send(). */
static bool xdp_send(struct vnic_queue *queue, struct xdp_frame *xdp)
{
	struct vnic_content content = { .xdp = xdp, .dest = xdp->data, .len = xdp->len };
	bool sent = frame_send(queue, &content);

	if (!sent)
		vnic_count(&queue->tx, VNIC_TX_DROPPED);
	return sent;
}

/* NAPI, under RCU: XDP_TX. Receivers are interrupted when the poll ends. As frame_send(). */
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
 * Takes all frames from the caller; those without room or receiver are dropped and counted.
 * Under the lock and RCU. Return: how many.
 */
static int frames_send(struct vnic_queue *queue, struct xdp_frame **frames, int nr, bool tell)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (xdp_send(queue, frames[i]))
			vnic_count(&queue->tx, VNIC_TX_XDP);
		else
			xdp_return_frame(frames[i]);
	}
	queue_sent(queue, tell);
	return nr;
}

/* ndo_xdp_xmit: another device's program sends frames. */
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
	/* vnic_send_stop() takes this lock after the device has gone down */
	if (netif_running(dev))
		ret = frames_send(queue, frames, nr, flags & XDP_XMIT_FLUSH);
	__netif_tx_unlock(txq);
	rcu_read_unlock();
	return ret;
}

/*
 * NAPI: our portal was raised, perhaps since frames were fetched. The queue is marked as
 * stopped before receivers are asked to raise it, so no wake-up is missed. A poll without
 * a budget is netpoll's, for printk(), which may hold that very lock.
 */
void vnic_send_clean(struct vnic_queue *queue, int budget)
{
	struct netdev_queue *txq = vnic_txq(queue);

	if (!budget || !netif_xmit_stopped(txq))
		return;
	__netif_tx_lock(txq, smp_processor_id());
	vnic_flow_settle(queue);
	__netif_tx_unlock(txq);
}

/* The device is down. */
void vnic_send_stop(struct vnic_queue *queue)
{
	struct netdev_queue *txq = vnic_txq(queue);

	del_timer_sync(&queue->stall);
	__netif_tx_lock_bh(txq);
	vnic_flow_stop(queue);
	rcu_read_lock();
	queue_tell(queue);
	rcu_read_unlock();
	__netif_tx_unlock_bh(txq);
}
