/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that vnode-view is built for: 6.1 and 6.12. */
#ifndef _KMB_COMPAT_H
#define _KMB_COMPAT_H

#include <linux/version.h>

/* What a class's dev_uevent is given. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define look_device_const
#else
#define look_device_const const
#endif

#endif /* _KMB_COMPAT_H */
