/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vconsole: consoles between kernels. What its files share:
 *
 *	console.c  the side that prints: hvc0 of this kernel, shown to another one
 *	view.c     the side that looks: consoles of others, their history
 *	ring.c     positions and bytes of one direction
 *	tty.c      /dev/ttyVN<ID>, a tty for each console that is looked at
 *	file.c     /dev/vconsole: attached readers and writers
 *	main.c     the module
 */
#ifndef _VCONSOLE_H
#define _VCONSOLE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/tty_port.h>
#include <linux/types.h>
#include <linux/vconsole.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <vnode/adeos.h>
#include <vnode/vconsole.h>

#define VIEWS	(VNODE_ID_WORDS * 32)	/* a console for each id */

/* ---- console.c ---- */

int vconsole_begin(u32 viewer);		/* id of who may look; -EINVAL.. as adeos_bridge_create() */

/* ---- ring.c ---- */

/*
 * Positions are compared with what this side knows: a distance beyond the ring's
 * size is nonsense, and means that nothing is there, or no room.
 */
static inline u32 ring_filled(u32 head, u32 tail, u32 size)
{
	return head - tail <= size ? head - tail : 0;
}

static inline u32 ring_room(u32 head, u32 tail, u32 size)
{
	return head - tail <= size ? size - (head - tail) : 0;
}

void ring_write(u8 *ring, u32 size, u32 position, const void *from, u32 len);
void ring_read(const u8 *ring, u32 size, u32 position, void *to, u32 len);

/* ---- view.c ---- */

/**
 * struct reader - somebody who reads a console's history
 * @list: among the view's readers
 * @position: in the history, of the next byte
 * @missed: bytes that were overwritten before they were read
 * @moved: jiffies when it last read, or had nothing to read
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
 * struct view - a console of another kernel, or one that was there
 * @id: whose
 * @name: of that vnode, as it was called when this console began last; "": another one
 *	is called so since
 * @lock: protects all of this; the bridge changes under both locks
 * @in_lock: protects @typed, @size and what is typed
 * @wait: for something to read, room to write, a change of state
 * @work: looks at the bridge
 * @bridge: its bridge, NULL if it is not connected
 * @lost: its memory is gone, whatever has come of it
 * @page: in there
 * @seen: as in the bridge
 * @typed: as in the bridge
 * @size: as in the bridge
 * @dropped: in all
 * @bridge_dropped: as last read in this bridge
 * @begins: how often it has begun
 * @events: counts changes of connection and of writers
 * @history: the last VCONSOLE_HISTORY bytes
 * @written: bytes of history so far
 * @readers: those whom the history waits for, for a moment
 * @waits: it does
 * @writer: the file that may write, or NULL
 * @tty_open: then the tty is the writer
 * @tty_reader: the tty reads the history, too
 * @port: of the tty
 * @dev: of the tty
 */
struct view {
	u32 id;
	char name[sizeof_field(struct adeos_member, name)];
	struct mutex lock;	/* all of this */
	spinlock_t in_lock;	/* typed, size; bridge and page change under both */
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

int vconsole_view_init(void);
void vconsole_view_exit(void);
struct view *view_find(u32 id);		/* NULL: there never was one */
void view_kick(struct view *view);	/* look at it soon */

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
int tty_add(struct view *view);
void tty_del(struct view *view);
bool tty_feed(struct view *view);	/* what its reader has not got yet; under the view's lock */
void tty_hang_up(struct view *view);	/* not under the view's lock */
void tty_renamed(struct view *view);	/* its vnode has another name */

/* ---- file.c ---- */

int vconsole_file_init(void);
void vconsole_file_exit(void);

#endif /* _VCONSOLE_H */
