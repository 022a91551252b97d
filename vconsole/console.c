// SPDX-License-Identifier: GPL-2.0-only
/*
 * The side that prints: hvc0 of this kernel. Its output stays in a bridge until the viewer
 * has seen it. While the ring is full, output waits for a bounded time; then it is dropped
 * and counted.
 *
 * Linux's hvc calls put_chars for the kernel's messages, in any context, and for the tty.
 * To both, -EAGAIN means: try again. The two need different bounds:
 *
 * A message is tried again at once, in a loop with interrupts off, so it may wait for
 * half a second in all: root would declare a CPU hung that does not answer.
 *
 * A tty keeps its bytes and tries again after 10 ms (MIN_TIMEOUT in hvc_console.c), or at
 * once if it is raw: then hvc_write() and khvcd wake each other. It waits 10 s for a busy
 * root or a slow reader.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <asm/tsc.h>

#include "hvc.h"
#include "vconsole.h"

#define VTERMNO		0x766e	/* differs from those of other hvc drivers */
#define OUTBUF_SIZE	4096

/**
 * struct patience - how long output waits for room in the ring
 * @max_ms: in all; then it is dropped
 * @step_ms: at most so much of the time between two tries counts, since the CPU or the
 *	machine may have stood still
 * @tried_tsc: when the last try failed
 * @waited: TSC cycles so far
 */
struct patience {
	u32 max_ms;
	u32 step_ms;
	u64 tried_tsc;
	u64 waited;
};

/*
 * Protects the variables down to @of_messages. Without a bridge, output is discarded:
 * messages are in the log anyway. The patience of the tty begins anew with each byte that
 * is printed. That of messages begins anew when the ring is half empty, since otherwise
 * each message would wait for almost the full time.
 */
static DEFINE_RAW_SPINLOCK(lock);
static struct adeos_bridge *bridge;
static struct vconsole_bridge *page;
static u32 printed;
static u32 taken;
static u64 dropped;
static struct patience of_tty = { .max_ms = 10000, .step_ms = 100 };
static struct patience of_messages = { .max_ms = 500, .step_ms = 1 };

static struct hvc_struct *hvc;
static u32 size_now;

static u32 out_room(void)
{
	/* pairs with out_take() in view.c: what was seen may be overwritten */
	u32 seen = le32_to_cpu(smp_load_acquire(&page->seen));

	return ring_room(printed, seen, VCONSOLE_OUT_SIZE);
}

/*
 * Only the place of the bytes tells a tty's output from a message: hvc allocates a tty's
 * output buffer behind its hvc_struct, and a message is on the stack.
 *
 * Returning 0 to both would not need this: hvc keeps a tty's bytes then, and throws a
 * message away. But a tty tries again and gets the same 0, so the bytes thrown away could
 * not be counted. Nor does hvc's flush callback help, which with @wait false is called for
 * messages alone: it also follows the last, successful put_chars of a message, so it does
 * not tell whose put_chars comes next.
 */
static bool is_of_tty(const void *buf)
{
	return (unsigned long)buf - (unsigned long)READ_ONCE(hvc) < OUTBUF_SIZE;
}

/* There is no room. Return: true if the bytes are dropped, false to try again. */
static bool out_drop(struct patience *patience, u32 count)
{
	u64 now = rdtsc();

	patience->waited += min(now - patience->tried_tsc, (u64)patience->step_ms * tsc_khz);
	patience->tried_tsc = now;
	if (patience->waited < (u64)patience->max_ms * tsc_khz)
		return false;
	dropped += count;
	WRITE_ONCE(page->dropped, cpu_to_le64(dropped));
	return true;
}

/* Return: had the viewer seen all earlier output? Then the bell must ring. */
static bool out_write(const void *buf, u32 len)
{
	u32 before = printed;

	ring_write(page->out, VCONSOLE_OUT_SIZE, printed, buf, len);
	printed += len;
	/* pairs with out_filled() in view.c */
	smp_store_release(&page->printed, cpu_to_le32(printed));
	/* pairs with out_take(): it finds the new bytes, or we find that it has seen all others */
	smp_mb();
	return le32_to_cpu(READ_ONCE(page->seen)) == before;
}

/* Return: how many bytes are printed or dropped. */
static u32 out_put(const void *buf, u32 count)
{
	struct patience *patience = is_of_tty(buf) ? &of_tty : &of_messages;
	u32 room, len;

	if (!page)
		return count;
	room = out_room();
	len = min(count, room);
	if (!len)
		return out_drop(patience, count) ? count : 0;
	if (patience == &of_tty || room >= VCONSOLE_OUT_SIZE / 2)
		patience->waited = 0;
	if (out_write(buf, len))
		adeos_bridge_ring(bridge);
	return len;
}

static u32 out_put_locked(const void *buf, u32 count)
{
	unsigned long flags;
	u32 len;

	raw_spin_lock_irqsave(&lock, flags);
	len = out_put(buf, count);
	raw_spin_unlock_irqrestore(&lock, flags);
	return len;
}

/* In a panic, the holder of the lock may be a CPU that was stopped. */
static u32 out_put_in_need(const void *buf, u32 count)
{
	unsigned long flags;
	u32 len;

	if (!raw_spin_trylock_irqsave(&lock, flags))
		return out_put(buf, count);
	len = out_put(buf, count);
	raw_spin_unlock_irqrestore(&lock, flags);
	return len;
}

static hvc_ret_t console_put(u32 vtermno, const hvc_char_t *buf, hvc_count_t count)
{
	u32 len = oops_in_progress ? out_put_in_need(buf, count) : out_put_locked(buf, count);

	if (len)
		return len;
	/*
	 * A raw tty retries in a loop: leave the core to its other thread, which may be
	 * root's. A message should not be slowed down, since its interrupts are off.
	 */
	if (is_of_tty(buf))
		cpu_relax();
	return -EAGAIN;
}

static u32 in_take(void *buf, u32 count)
{
	/* pairs with view_type() */
	u32 typed = le32_to_cpu(smp_load_acquire(&page->typed)), before = taken;
	u32 len = min(ring_filled(typed, taken, VCONSOLE_IN_SIZE), count);

	if (!len)
		return 0;
	ring_read(page->in, VCONSOLE_IN_SIZE, taken, buf, len);
	taken += len;
	/* pairs with in_room(): what was taken may be overwritten */
	smp_store_release(&page->taken, cpu_to_le32(taken));
	/* pairs with view_type(): it finds room, or we find that it had none */
	smp_mb();
	if (le32_to_cpu(READ_ONCE(page->typed)) - before >= VCONSOLE_IN_SIZE)
		adeos_bridge_ring(bridge);
	return len;
}

static hvc_ret_t console_get(u32 vtermno, hvc_char_t *buf, hvc_count_t count)
{
	unsigned long flags;
	u32 len = 0;

	raw_spin_lock_irqsave(&lock, flags);
	if (page)
		len = in_take(buf, count);
	raw_spin_unlock_irqrestore(&lock, flags);
	return len;
}

static void console_resize(void)
{
	const struct vconsole_bridge *now = READ_ONCE(page);
	u32 size = now ? le32_to_cpu(READ_ONCE(now->size)) : 0;
	struct winsize ws = { .ws_row = size >> 16, .ws_col = size };

	if (!size || size == size_now)
		return;
	size_now = size;
	hvc_resize(hvc, ws);
}

/* A tty that is opened has no window size yet. */
static int console_opened(struct hvc_struct *hp, int data)
{
	size_now = 0;
	if (READ_ONCE(hvc))
		console_resize();
	return 0;
}

static const struct hv_ops console_ops = {
	.get_chars = console_get,
	.put_chars = console_put,
	.notifier_add = console_opened,
};

static void console_lose_bridge(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	WRITE_ONCE(page, NULL);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* Runs in a worker of adeos-lite. */
static void console_event(void *data, struct adeos_bridge *which, enum adeos_bridge_event event)
{
	switch (event) {
	case ADEOS_BRIDGE_RUNG:
		if (!READ_ONCE(hvc))
			return;
		console_resize();
		hvc_kick();
		return;
	default:
		/* not a transient bridge: root has declared this kernel dead */
		console_lose_bridge();
	}
}

static int bridge_begin(u32 id, u32 viewer)
{
	DECLARE_BITMAP(access, VIEWS) = { };
	char name[32];
	struct adeos_bridge_config config = {
		.name = name,
		.size = sizeof(struct vconsole_bridge),
		.flags = VNODE_BRIDGE_GLOBAL,
		.access = access,
	};

	snprintf(name, sizeof(name), VCONSOLE_NAME, id);
	__set_bit(viewer, access);
	bridge = adeos_bridge_create(&config, console_event, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	page = adeos_bridge_va(bridge);
	page->version = cpu_to_le32(VCONSOLE_VERSION);
	/* pairs with bridge_is_console() in view.c */
	smp_store_release(&page->magic, cpu_to_le32(VCONSOLE_MAGIC));
	return 0;
}

/* A viewer without vconsole finds the bridge by itself when it loads the module. */
static void viewer_tell(u32 viewer)
{
	struct adeos_member member;

	if (!adeos_member_get(viewer, &member))
		adeos_msg_send(&member, VCONSOLE_MSG_BEGIN, NULL, 0);
}

/**
 * vconsole_begin - make this kernel's console
 * @viewer: id of the kernel that may look at it
 *
 * Return: 0, and the module stays; or what adeos_bridge_create() or hvc_alloc() returns.
 */
int vconsole_begin(u32 viewer)
{
	struct adeos_member self;
	struct hvc_struct *new;
	int err;

	err = adeos_self(&self);
	if (!err)
		err = bridge_begin(self.id, viewer);
	if (err) {
		pr_err("no console for vnode %u: %d\n", viewer, err);
		return err;
	}
	viewer_tell(viewer);
	new = hvc_alloc(VTERMNO, 0, &console_ops, OUTBUF_SIZE);
	if (IS_ERR(new)) {
		console_lose_bridge();
		adeos_bridge_close(bridge);
		return PTR_ERR(new);
	}
	/*
	 * For good: after hvc_remove(), hvc calls console_ops as long as the tty is open,
	 * also after a hangup.
	 */
	__module_get(THIS_MODULE);
	WRITE_ONCE(hvc, new);
	/* bells that rang before hvc was set */
	console_event(NULL, bridge, ADEOS_BRIDGE_RUNG);
	return 0;
}
