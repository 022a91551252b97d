// SPDX-License-Identifier: GPL-2.0-only
/*
 * The side that prints: hvc0 of this kernel. Its output lies in a bridge until who may
 * look has seen it. While nobody does, it waits a bounded time, then drops and counts.
 *
 * Linux's hvc calls us for the kernel's messages, in any context, and for the tty. To
 * both, -EAGAIN means: try again. For a message that is done at once and over and
 * over, with interrupts off, and may not last: root would take this CPU for hung. The
 * tty can wait long for a root that is busy, or for a reader there. It tries again
 * after 10 ms (MIN_TIMEOUT in hvc_console.c); or at once and over and over, too, if
 * it is raw: then hvc_write() and khvcd wake each other up.
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

#define VTERMNO		0x766e	/* to tell our console from those of other drivers */
#define OUTBUF_SIZE	4096

/**
 * struct patience - how long output waits for room in the ring
 * @max_ms: in all, then it is dropped
 * @step_ms: what counts of the time between two tries: the CPU, or the machine, may
 *	have stood still
 * @tried_tsc: when the last one was in vain
 * @waited: TSC cycles so far
 */
struct patience {
	u32 max_ms;
	u32 step_ms;
	u64 tried_tsc;
	u64 waited;
};

/*
 * Protects all of this but hvc. No bridge, no output: it is for the log alone. A
 * tty's patience begins anew when a byte of it is printed, that of messages when the
 * ring is half empty: each of them would wait up to the last moment.
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
	/* pairs with view_look(): what was seen may be overwritten */
	u32 seen = le32_to_cpu(smp_load_acquire(&page->seen));

	return ring_room(printed, seen, VCONSOLE_OUT_SIZE);
}

/*
 * hvc says for whom it calls by where the bytes are: a tty's behind its hvc_struct,
 * in one allocation; a message's elsewhere.
 */
static bool is_of_tty(const void *buf)
{
	return (unsigned long)buf - (unsigned long)READ_ONCE(hvc) < OUTBUF_SIZE;
}

/* Nothing has become of it. Return: is it lost, or may it be tried again? */
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

/* Return: had all that was printed before been seen? Then somebody has to be told. */
static bool out_write(const void *buf, u32 len)
{
	u32 before = printed;

	ring_write(page->out, VCONSOLE_OUT_SIZE, printed, buf, len);
	printed += len;
	/* pairs with view_look() */
	smp_store_release(&page->printed, cpu_to_le32(printed));
	/* pairs with view_look(): it finds what was printed, or we find it done */
	smp_mb();
	return le32_to_cpu(READ_ONCE(page->seen)) == before;
}

/* Return: how much of it is printed, or dropped. */
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

/* Who has the lock when a kernel goes down does not come back. */
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
	 * They come again and again: root, if it shares our core, goes first. But a message
	 * may not last: its interrupts are off.
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
	/* pairs with view_type(): it finds room now, or we find that it had none */
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

/* The tty that is opened does not know what its window is. */
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

/* A worker. */
static void console_told(void *data, struct adeos_bridge *which, enum adeos_bridge_event event)
{
	switch (event) {
	case ADEOS_BRIDGE_RUNG:
		if (!READ_ONCE(hvc))
			return;
		console_resize();
		hvc_kick();
		return;
	default:
		/* it is not transient: root takes us for dead */
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
	bridge = adeos_bridge_create(&config, console_told, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	page = adeos_bridge_va(bridge);
	page->version = cpu_to_le32(VCONSOLE_VERSION);
	/* pairs with view_connect() */
	smp_store_release(&page->magic, cpu_to_le32(VCONSOLE_MAGIC));
	return 0;
}

/* Who is not there yet, or has no vconsole yet, looks for itself when it comes. */
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
	 * For good: hvc_remove() leaves hvc with console_ops as long as anybody has the
	 * tty open, also after a hangup, and calls them.
	 */
	__module_get(THIS_MODULE);
	WRITE_ONCE(hvc, new);
	/* what we were told too early */
	console_told(NULL, bridge, ADEOS_BRIDGE_RUNG);
	return 0;
}
