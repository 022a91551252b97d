/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels that vnic is built for: 6.1 and 6.12. */
#ifndef _VNIC_COMPAT_H
#define _VNIC_COMPAT_H

#include <linux/version.h>

/* From 6.10 on, Linux reads the counters of a queue: "qstats" of its netdev netlink family. */
#define VNIC_QUEUE_STATS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))

#endif /* _VNIC_COMPAT_H */
