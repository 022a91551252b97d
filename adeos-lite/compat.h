/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that adeos-lite is built for: 6.1 and 6.12. */
#ifndef _ADEOS_COMPAT_H
#define _ADEOS_COMPAT_H

#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline void adeos_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}
#else
static inline void adeos_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
#endif

/* What a kmsg dumper is given. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define adeos_dump_arg	enum kmsg_dump_reason
#define adeos_dump_reason(arg)	(arg)
#else
#define adeos_dump_arg	struct kmsg_dump_detail *
#define adeos_dump_reason(arg)	((arg)->reason)
#endif

#endif /* _ADEOS_COMPAT_H */
