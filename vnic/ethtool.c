// SPDX-License-Identifier: GPL-2.0-only
/* What ethtool shows and sets. */
#include <linux/ethtool.h>

#include "vnic.h"

#define RX_USECS_MAX	10000	/* far less than STALL_MS of the senders */

static const char rx_names[VNIC_RX_NR][16] = {
	[VNIC_RX_PACKETS] = "packets",
	[VNIC_RX_BYTES] = "bytes",
	[VNIC_RX_DROPPED] = "dropped",
	[VNIC_RX_LENGTH] = "length_errors",
	[VNIC_RX_BAD] = "bad",
	[VNIC_RX_TOLD] = "told",
};

static const char tx_names[VNIC_TX_NR][16] = {
	[VNIC_TX_PACKETS] = "packets",
	[VNIC_TX_BYTES] = "bytes",
	[VNIC_TX_DROPPED] = "dropped",
	[VNIC_TX_STOPPED] = "stopped",
	[VNIC_TX_STALLED] = "stalled",
	[VNIC_TX_BAD] = "bad",
	[VNIC_TX_TOLD] = "told",
};

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct vnic *vnic = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, vnic->network, sizeof(info->bus_info));
}

static int get_sset_count(struct net_device *dev, int set)
{
	struct vnic *vnic = netdev_priv(dev);

	return set == ETH_SS_STATS ? vnic->nr_queues * (VNIC_RX_NR + VNIC_TX_NR) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *to)
{
	struct vnic *vnic = netdev_priv(dev);
	u32 i, n;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < vnic->nr_queues; i++) {
		for (n = 0; n < VNIC_RX_NR; n++)
			ethtool_sprintf(&to, "rx%u_%s", i, rx_names[n]);
		for (n = 0; n < VNIC_TX_NR; n++)
			ethtool_sprintf(&to, "tx%u_%s", i, tx_names[n]);
	}
}

static void get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *to)
{
	struct vnic *vnic = netdev_priv(dev);
	u32 i, n;

	for (i = 0; i < vnic->nr_queues; i++) {
		for (n = 0; n < VNIC_RX_NR; n++)
			*to++ = vnic_counted(&vnic->queue[i].rx, n);
		for (n = 0; n < VNIC_TX_NR; n++)
			*to++ = vnic_counted(&vnic->queue[i].tx, n);
	}
}

/* Fixed while the device exists. */
static void get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct vnic *vnic = netdev_priv(dev);

	channels->combined_count = vnic->nr_queues;
	channels->max_combined = vnic->nr_queues;
}

/* Transmit: frames that a queue can have outstanding. Receive: entries of a ring, no buffers. */
static void get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct vnic *vnic = netdev_priv(dev);

	ring->rx_pending = VNIC_RING;
	ring->rx_max_pending = VNIC_RING;
	ring->tx_pending = vnic->nr_frames;
	ring->tx_max_pending = vnic->nr_frames;
}

static int get_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce,
			struct kernel_ethtool_coalesce *kernel_coalesce,
			struct netlink_ext_ack *extack)
{
	struct vnic *vnic = netdev_priv(dev);

	coalesce->rx_coalesce_usecs = vnic->rx_usecs;
	coalesce->rx_max_coalesced_frames = vnic->rx_frames;
	return 0;
}

/* Each queue applies it when it next runs out of frames. */
static int set_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce,
			struct kernel_ethtool_coalesce *kernel_coalesce,
			struct netlink_ext_ack *extack)
{
	u32 usecs = coalesce->rx_coalesce_usecs, frames = coalesce->rx_max_coalesced_frames;
	struct vnic *vnic = netdev_priv(dev);

	if (usecs > RX_USECS_MAX) {
		NL_SET_ERR_MSG(extack, "rx-usecs can be " __stringify(RX_USECS_MAX) " at most");
		return -EINVAL;
	}
	if (frames > VNIC_RING) {
		NL_SET_ERR_MSG(extack, "rx-frames can be " __stringify(VNIC_RING) " at most");
		return -EINVAL;
	}
	if (!usecs && frames != 1) {
		NL_SET_ERR_MSG(extack, "rx-frames must be 1 without rx-usecs, which bounds the wait");
		return -EINVAL;
	}
	WRITE_ONCE(vnic->rx_usecs, usecs);
	WRITE_ONCE(vnic->rx_frames, frames);
	return 0;
}

/* There is no speed; some programs need one, so give the one that veth gives. */
static int get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *settings)
{
	settings->base.speed = SPEED_10000;
	settings->base.duplex = DUPLEX_FULL;
	settings->base.port = PORT_NONE;
	settings->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

const struct ethtool_ops vnic_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS | ETHTOOL_COALESCE_RX_MAX_FRAMES,
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
	.get_channels = get_channels,
	.get_ringparam = get_ringparam,
	.get_coalesce = get_coalesce,
	.set_coalesce = set_coalesce,
	.get_link_ksettings = get_link_ksettings,
	.get_ts_info = ethtool_op_get_ts_info,
};
