// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending frames: which peers get a frame, and when they are interrupted. The lock of
 * Linux's queue protects all of a queue.
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

/*
 * The skb may stay for long: detach it from its socket and from user pages first. Under
 * RCU. Return: has a receiver got it? Then it is not the caller's any more.
 */
static bool skb_send(struct vnic_queue *queue, struct sk_buff *skb)
{
	unsigned long slots;

	if (skb->len < ETH_HLEN || skb->len > VNIC_FRAME_MAX || skb_orphan_frags(skb, GFP_ATOMIC))
		return false;
	slots = vnic_flow_send(queue, skb, frame_slots(queue->vnic, skb_eth_hdr(skb)->h_dest));
	if (!slots)
		return false;
	queue->to_tell |= slots;
	vnic_count_frame(&queue->tx, skb->len);
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
	if (tell || netif_xmit_stopped(txq))
		queue_tell(queue);
	if (netif_xmit_stopped(txq))
		vnic_flow_settle(queue);
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

/* ndo_features_check: without a checksum or segment left open while a peer wants that. */
netdev_features_t vnic_send_features(struct sk_buff *skb, struct net_device *dev,
				     netdev_features_t features)
{
	const struct vnic *vnic = netdev_priv(dev);

	features = vlan_features_check(skb, features);
	if (READ_ONCE(vnic->plain))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	return features;
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
