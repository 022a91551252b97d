/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels that vnic is built for: 6.1 and 6.12. */
#ifndef _VNIC_COMPAT_H
#define _VNIC_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/xdp.h>

/* From 6.3 on, a device says which XDP features it has. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vnic_set_xdp_features(struct net_device *dev)
{
}
#else
static inline void vnic_set_xdp_features(struct net_device *dev)
{
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT;
}
#endif

/* From 6.10 on, Linux reads the counters of a queue: "qstats" of its netdev netlink family. */
#define VNIC_QUEUE_STATS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))

#endif /* _VNIC_COMPAT_H */
