// SPDX-License-Identifier: GPL-2.0-only
/* The network device: what Linux calls. */
#include <linux/device.h>
#include <linux/sysfs.h>
#include <net/rtnetlink.h>

#include "vnic.h"

#define OFFLOADS	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_ALL_TSO | \
			 NETIF_F_GSO_UDP_L4)

/* ---- addresses ---- */

static int vnic_set_mac(struct net_device *dev, void *address)
{
	int err = eth_mac_addr(dev, address);

	if (!err)
		vnic_wire_face(netdev_priv(dev));
	return err;
}

static void vnic_set_rx_mode(struct net_device *dev)
{
	vnic_wire_face(netdev_priv(dev));
}

/* ---- up and down ---- */

static int vnic_up(struct net_device *dev)
{
	struct vnic *vnic = netdev_priv(dev);
	u32 i;

	for (i = 0; i < vnic->nr_queues; i++) {
		vnic_receive_drop(&vnic->queue[i]);
		napi_enable(&vnic->queue[i].napi);
	}
	netif_tx_start_all_queues(dev);
	vnic_wire_face(vnic);
	vnic_receive_kick(vnic);
	return 0;
}

static int vnic_down(struct net_device *dev)
{
	struct vnic *vnic = netdev_priv(dev);
	u32 i;

	vnic_wire_face(vnic);
	/* before netif_tx_disable(): a poll wakes Linux's queues */
	for (i = 0; i < vnic->nr_queues; i++)
		napi_disable(&vnic->queue[i].napi);
	netif_tx_disable(dev);
	for (i = 0; i < vnic->nr_queues; i++) {
		vnic_receive_stop(&vnic->queue[i]);
		vnic_send_stop(&vnic->queue[i]);
	}
	return 0;
}

/* ---- statistics ---- */

static void vnic_get_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct vnic *vnic = netdev_priv(dev);
	const struct vnic_queue *queue;
	u32 i;

	for (i = 0; i < vnic->nr_queues; i++) {
		queue = &vnic->queue[i];
#define RX(what)	vnic_counted(&queue->rx, VNIC_RX_##what)
#define TX(what)	vnic_counted(&queue->tx, VNIC_TX_##what)
		stats->rx_packets += RX(PACKETS);
		stats->rx_bytes += RX(BYTES);
		stats->rx_dropped += RX(DROPPED);
		stats->rx_length_errors += RX(LENGTH);
		stats->rx_frame_errors += RX(BAD);
		stats->rx_errors += RX(LENGTH) + RX(BAD);
		stats->tx_packets += TX(PACKETS);
		stats->tx_bytes += TX(BYTES);
		stats->tx_dropped += TX(DROPPED);
#undef RX
#undef TX
	}
}

/* ---- sysfs: /sys/class/net/DEV/vnic/ ---- */

static ssize_t network_show(struct device *device, struct device_attribute *attr, char *buf)
{
	struct vnic *vnic = netdev_priv(to_net_dev(device));

	return sysfs_emit(buf, "%s\n", vnic->network);
}

static int member_emit(char *buf, int len, const struct adeos_member *member, u64 face)
{
	u8 mac[ETH_ALEN];

	u64_to_ether_addr(face & VNIC_FACE_MAC, mac);
	return sysfs_emit_at(buf, len, "%u %s %pM\n", member->id, member->name, mac);
}

static ssize_t members_show(struct device *device, struct device_attribute *attr, char *buf)
{
	struct vnic *vnic = netdev_priv(to_net_dev(device));
	struct vnic_peer *peer;
	int len = 0;
	u32 slot;

	mutex_lock(&vnic->wire_lock);
	if (vnic->bridge)
		len = member_emit(buf, len, &vnic->self, vnic_wire_self(vnic));
	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = rcu_dereference_protected(vnic->peer[slot],
						 lockdep_is_held(&vnic->wire_lock));
		if (peer && peer->linked)
			len += member_emit(buf, len, &peer->member,
					   le64_to_cpu(READ_ONCE(peer->page->face)));
	}
	mutex_unlock(&vnic->wire_lock);
	return len;
}

static DEVICE_ATTR_RO(network);
static DEVICE_ATTR_RO(members);

static struct attribute *vnic_attrs[] = {
	&dev_attr_network.attr,
	&dev_attr_members.attr,
	NULL,
};

static const struct attribute_group vnic_group = {
	.name = "vnic",
	.attrs = vnic_attrs,
};

/* ---- init and exit ---- */

/* Hard interrupt. */
static void queue_raised(void *data, u32 from)
{
	struct vnic_queue *queue = data;

	napi_schedule_irqoff(&queue->napi);
}

static void queue_exit(struct vnic_queue *queue)
{
	if (!IS_ERR_OR_NULL(queue->portal))
		adeos_portal_destroy(queue->portal);
	netif_napi_del(&queue->napi);
	vnic_flow_exit(queue);
	vnic_receive_exit(queue);
}

static int queue_init(struct vnic_queue *queue)
{
	char name[32];
	int err;

	u64_stats_init(&queue->tx.sync);
	vnic_receive_init(queue);
	netif_napi_add(queue->vnic->dev, &queue->napi, vnic_receive_poll);
	err = vnic_flow_init(queue);
	if (err)
		return err;
	snprintf(name, sizeof(name), VNIC_PORTAL, queue->vnic->network, queue->nr);
	queue->portal = adeos_portal_create(name, 0, cpumask_local_spread(queue->nr, NUMA_NO_NODE),
					    queue_raised, queue);
	if (IS_ERR(queue->portal))
		return PTR_ERR(queue->portal);
	adeos_portal_grant_all(queue->portal);
	return 0;
}

/* A CPU sends with the queue whose portal it handles: see queue_init(). */
void vnic_dev_spread(struct vnic *vnic)
{
	unsigned int i, n, cpus = num_online_cpus();
	cpumask_var_t mask;

	/* XPS is a hint; without it Linux picks queues by flows */
	if (vnic->nr_queues == 1 || !zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (i = 0; i < vnic->nr_queues; i++) {
		cpumask_clear(mask);
		for (n = i; n < cpus; n += vnic->nr_queues)
			cpumask_set_cpu(cpumask_local_spread(n, NUMA_NO_NODE), mask);
		netif_set_xps_queue(vnic->dev, mask, i);
	}
	free_cpumask_var(mask);
}

static void queues_exit(struct vnic *vnic, u32 nr)
{
	while (nr--)
		queue_exit(&vnic->queue[nr]);
	kvfree(vnic->queue);
}

static int queues_init(struct vnic *vnic)
{
	int err = 0;
	u32 i;

	vnic->queue = kvcalloc(vnic->nr_queues, sizeof(*vnic->queue), GFP_KERNEL);
	if (!vnic->queue)
		return -ENOMEM;
	for (i = 0; i < vnic->nr_queues && !err; i++) {
		vnic->queue[i].vnic = vnic;
		vnic->queue[i].nr = i;
		err = queue_init(&vnic->queue[i]);
	}
	if (err)
		queues_exit(vnic, i);
	return err;
}

/* ndo_init, under the rtnl lock */
static int vnic_join(struct net_device *dev)
{
	struct vnic *vnic = netdev_priv(dev);
	int err;

	err = queues_init(vnic);
	if (err)
		return err;
	err = vnic_wire_begin(vnic);
	if (err)
		queues_exit(vnic, vnic->nr_queues);
	return err;
}

static void vnic_leave(struct net_device *dev)
{
	struct vnic *vnic = netdev_priv(dev);

	vnic_wire_end(vnic);
	queues_exit(vnic, vnic->nr_queues);
}

static const struct net_device_ops vnic_netdev_ops = {
	.ndo_init = vnic_join,
	.ndo_uninit = vnic_leave,
	.ndo_open = vnic_up,
	.ndo_stop = vnic_down,
	.ndo_start_xmit = vnic_send,
	.ndo_features_check = vnic_send_features,
	.ndo_get_stats64 = vnic_get_stats,
	.ndo_set_mac_address = vnic_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_rx_mode = vnic_set_rx_mode,
};

/* rtnl_link_ops.setup */
void vnic_dev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &vnic_netdev_ops;
	dev->ethtool_ops = &vnic_ethtool_ops;
	dev->sysfs_groups[0] = &vnic_group;
	dev->needs_free_netdev = true;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE | IFF_UNICAST_FLT;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->min_mtu = VNIC_MTU_MIN;
	dev->max_mtu = VNIC_MTU_MAX;
	dev->hw_features = OFFLOADS | NETIF_F_RXCSUM;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = dev->features;
	dev->hw_enc_features = dev->features;
	netif_carrier_off(dev);
}
