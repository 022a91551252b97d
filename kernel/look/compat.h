/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels that vnode-view is built for: 6.1 and 6.12. */
#ifndef _LOOK_COMPAT_H
#define _LOOK_COMPAT_H

#include <linux/version.h>

/* The device that a class's dev_uevent() gets is const since 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define look_device_const
#else
#define look_device_const const
#endif

#endif /* _LOOK_COMPAT_H */
