/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vconsole: consoles between kernels. Its files, each of which calls only files below it:
 *
 *	main.c     the module
 *	file.c     /dev/vconsole: attached readers and writers
 *	tty.c      /dev/ttyVN<ID>, a tty for each console
 *	view.c     the side that looks: consoles of other kernels, and their history
 *	console.c  the side that prints: hvc0 of this kernel, shown to another kernel
 */
#ifndef _VCONSOLE_H
#define _VCONSOLE_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tty_port.h>
#include <linux/types.h>
#include <linux/vconsole.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <vnode/adeos.h>
#include <vnode/vconsole.h>

#define VIEWS	(VNODE_ID_WORDS * 32)	/* a console for each id */

/* ---- the rings of a console ---- */

/*
 * The other kernel writes one of the two positions: a distance beyond the ring's size is
 * nonsense, and counts as no bytes and no room.
 */
static inline u32 ring_filled(u32 head, u32 tail, u32 size)
{
	return head - tail <= size ? head - tail : 0;
}

static inline u32 ring_room(u32 head, u32 tail, u32 size)
{
	return head - tail <= size ? size - (head - tail) : 0;
}

/* @size is a power of two, @len at most @size; @position is that of the first byte. */
static inline void ring_write(u8 *ring, u32 size, u32 position, const void *from, u32 len)
{
	u32 at = position & (size - 1);
	u32 first = min(len, size - at);

	memcpy(ring + at, from, first);
	memcpy(ring, from + first, len - first);
}

static inline void ring_read(const u8 *ring, u32 size, u32 position, void *to, u32 len)
{
	u32 at = position & (size - 1);
	u32 first = min(len, size - at);

	memcpy(to, ring + at, first);
	memcpy(to + first, ring, len - first);
}

/* ---- console.c ---- */

int vconsole_begin(u32 viewer);		/* id of the kernel that may look */

/* ---- view.c ---- */

/**
 * struct reader - a reader of a console's history
 * @list: among the view's readers
 * @position: in the history, of the next byte
 * @missed: bytes that were overwritten before they were read
 * @moved: jiffies when it last read, or had nothing left to read
 */
struct reader {
	struct list_head list;
	u64 position;
	u64 missed;
	unsigned long moved;
};

struct attached;
struct device;

/**
 * struct view - a console of another kernel, which may have ended
 * @id: of the vnode
 * @name: of the vnode, as of the latest beginning of this console; "" once another
 *	vnode has taken that name
 * @lock: protects all fields but those of @in_lock
 * @in_lock: protects @typed, @size and input; @bridge and @page change under both locks
 * @wait: for output, room for input, a change of state
 * @work: takes output
 * @bridge: the console's bridge, NULL if it is not connected
 * @lost: the bridge's memory is gone
 * @page: the content of @bridge
 * @seen: as in the bridge
 * @typed: as in the bridge
 * @size: as in the bridge
 * @dropped: bytes that the console has dropped, in all its bridges
 * @bridge_dropped: the count of this bridge, as last read
 * @begins: how often the console has begun
 * @events: counts changes of the connection and of the writer
 * @history: the last VCONSOLE_HISTORY bytes
 * @written: bytes of history so far
 * @readers: the history waits for these, for VIEW_PATIENCE_MS
 * @waits: the history waits for a reader
 * @writer: the file that may write, or NULL
 * @tty_open: the tty is the writer
 * @tty_reader: the tty as a reader
 * @port: of the tty
 * @dev: of the tty
 */
struct view {
	u32 id;
	char name[sizeof_field(struct adeos_member, name)];
	struct mutex lock;	/* all but input */
	spinlock_t in_lock;	/* typed, size, input */
	wait_queue_head_t wait;
	struct delayed_work work;
	struct adeos_bridge *bridge;
	bool lost;
	struct vconsole_bridge *page;
	u32 seen;
	u32 typed;
	u32 size;
	u64 dropped;
	u64 bridge_dropped;
	u32 begins;
	u32 events;
	u8 *history;
	u64 written;
	struct list_head readers;
	bool waits;
	struct attached *writer;
	bool tty_open;
	struct reader tty_reader;
	struct tty_port port;
	struct device *dev;
};

/**
 * struct view_ops - the tty of a view
 * @add: create it, with the view; 0 or a negative errno
 * @del: remove it
 * @feed: pass on history, under the view's lock; true: call again soon
 * @renamed: the view's name has changed
 */
struct view_ops {
	int (*add)(struct view *view);
	void (*del)(struct view *view);
	bool (*feed)(struct view *view);
	void (*renamed)(struct view *view);
};

int vconsole_view_init(const struct view_ops *tty);
void vconsole_view_exit(void);
struct view *view_find(u32 id);		/* NULL: there never was one */
void view_kick(struct view *view);	/* queue its work */

/* input, in any context */
u32 view_room(struct view *view);
u32 view_type(struct view *view, const void *from, u32 len);
void view_resize(struct view *view, u32 size);

/* under the view's lock */
void view_reader_add(struct view *view, struct reader *reader, u64 position);
void view_reader_del(struct view *view, struct reader *reader);
void view_reader_catch_up(const struct view *view, struct reader *reader);
u32 view_read(struct view *view, struct reader *reader, void *to, u32 len);
u64 view_oldest(const struct view *view);
void view_event(struct view *view);

/* ---- tty.c ---- */

int vconsole_tty_init(void);
void vconsole_tty_exit(void);
extern const struct view_ops vconsole_tty_ops;
void tty_hang_up(struct view *view);	/* not under the view's lock */

/* ---- file.c ---- */

int vconsole_file_init(void);
void vconsole_file_exit(void);

#endif /* _VCONSOLE_H */
