/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of Linux's hvc consoles. drivers/tty/hvc/hvc_console.h, which declares it,
 * is not among the headers that modules are built with.
 */
#ifndef _VCONSOLE_HVC_H
#define _VCONSOLE_HVC_H

#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/tty_port.h>
#include <linux/types.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
typedef int hvc_ret_t;
typedef char hvc_char_t;
typedef int hvc_count_t;
#else
typedef ssize_t hvc_ret_t;
typedef u8 hvc_char_t;
typedef size_t hvc_count_t;
#endif

/* Its first fields are the same in all kernels that vconsole is built for. */
struct hvc_struct {
	struct tty_port port;
	spinlock_t lock;	/* the window's size */
};

struct hv_ops {
	hvc_ret_t (*get_chars)(u32 vtermno, hvc_char_t *buf, hvc_count_t count);
	hvc_ret_t (*put_chars)(u32 vtermno, const hvc_char_t *buf, hvc_count_t count);
	int (*flush)(u32 vtermno, bool wait);
	int (*notifier_add)(struct hvc_struct *hp, int irq);
	void (*notifier_del)(struct hvc_struct *hp, int irq);
	void (*notifier_hangup)(struct hvc_struct *hp, int irq);
	int (*tiocmget)(struct hvc_struct *hp);
	int (*tiocmset)(struct hvc_struct *hp, unsigned int set, unsigned int clear);
	void (*dtr_rts)(struct hvc_struct *hp, bool active);
};

struct hvc_struct *hvc_alloc(u32 vtermno, int data, const struct hv_ops *ops, int outbuf_size);
void hvc_kick(void);
void __hvc_resize(struct hvc_struct *hp, struct winsize ws);

static inline void hvc_resize(struct hvc_struct *hp, struct winsize ws)
{
	unsigned long flags;

	spin_lock_irqsave(&hp->lock, flags);
	__hvc_resize(hp, ws);
	spin_unlock_irqrestore(&hp->lock, flags);
}

#endif /* _VCONSOLE_HVC_H */
