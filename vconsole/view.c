// SPDX-License-Identifier: GPL-2.0-only
/*
 * The side that looks: consoles of other kernels. Their output goes into a history that
 * stays when they end, and goes on when they begin again. One ordered workqueue does all
 * of it, so that a bridge is closed before the next one is opened.
 *
 * The history waits VIEW_PATIENCE_MS for its readers, and so does the console. A reader
 * that has not read in that time misses what is overwritten.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "vconsole.h"

/*
 * Less than the console waits, so that the reader misses bytes and the console drops none;
 * long enough for a reader on a busy CPU.
 */
#define VIEW_PATIENCE_MS	5000
#define VIEW_AGAIN_MS		50	/* between two looks whether a reader has read */
#define TTY_AGAIN_MS		10	/* ... whether a tty has room */
#define SCAN_AGAIN_MS		1000	/* ... whether a console can be opened */

static const struct view_ops *tty_ops;

/* Written by the worker alone; views_lock is for readers elsewhere. */
static DEFINE_MUTEX(views_lock);
static struct view *views[VIEWS];
static struct workqueue_struct *queue;
static bool closing;

static void scan_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(scan, scan_func);

static void scan_soon(void)
{
	if (!READ_ONCE(closing))
		mod_delayed_work(queue, &scan, 0);
}

/* ---- history ---- */

u64 view_oldest(const struct view *view)
{
	return view->written > VCONSOLE_HISTORY ? view->written - VCONSOLE_HISTORY : 0;
}

void view_reader_add(struct view *view, struct reader *reader, u64 position)
{
	reader->position = position;
	reader->missed = 0;
	reader->moved = jiffies;
	list_add_tail(&reader->list, &view->readers);
}

void view_reader_del(struct view *view, struct reader *reader)
{
	list_del(&reader->list);
	view_kick(view);
}

/* The reader has missed what was overwritten. */
void view_reader_catch_up(const struct view *view, struct reader *reader)
{
	u64 oldest = view_oldest(view);

	if (reader->position >= oldest)
		return;
	reader->missed += oldest - reader->position;
	reader->position = oldest;
}

/* Return: bytes copied, 0 if there is nothing more. */
u32 view_read(struct view *view, struct reader *reader, void *to, u32 len)
{
	view_reader_catch_up(view, reader);
	len = min_t(u64, len, view->written - reader->position);
	ring_read(view->history, VCONSOLE_HISTORY, reader->position, to, len);
	reader->position += len;
	reader->moved = jiffies;
	if (view->waits)
		view_kick(view);
	return len;
}

static bool reader_is_patient(const struct view *view, struct reader *reader)
{
	if (reader->position == view->written)
		reader->moved = jiffies;
	return time_before(jiffies, reader->moved + msecs_to_jiffies(VIEW_PATIENCE_MS));
}

/* Bytes that can be written before a reader that the history still waits for misses any. */
static u32 history_room(const struct view *view)
{
	struct reader *reader;
	u64 behind, room = VCONSOLE_HISTORY;

	list_for_each_entry(reader, &view->readers, list) {
		behind = view->written - reader->position;
		if (reader_is_patient(view, reader) && behind <= VCONSOLE_HISTORY)
			room = min(room, VCONSOLE_HISTORY - behind);
	}
	return room;
}

static void history_add(struct view *view, const void *from, u32 len)
{
	ring_write(view->history, VCONSOLE_HISTORY, view->written, from, len);
	view->written += len;
}

static void history_mark(struct view *view, const char *name)
{
	char line[128];
	struct tm tm;
	int len;

	time64_to_tm(ktime_get_real_seconds(), 0, &tm);
	len = scnprintf(line, sizeof(line),
			"\r\n--- %s: console %u begins, %04ld-%02d-%02d %02d:%02d:%02d UTC ---\r\n",
			name, view->begins, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			tm.tm_hour, tm.tm_min, tm.tm_sec);
	history_add(view, line, len);
}

/* ---- output ---- */

void view_event(struct view *view)
{
	view->events++;
	wake_up_interruptible(&view->wait);
}

/* From the bridge straight into the history, in at most two pieces. */
static void out_copy(struct view *view, u32 len)
{
	u32 at = view->seen & (VCONSOLE_OUT_SIZE - 1);
	u32 first = min(len, VCONSOLE_OUT_SIZE - at);

	history_add(view, view->page->out + at, first);
	history_add(view, view->page->out, len - first);
}

static u32 out_filled(const struct view *view)
{
	/* pairs with out_write() */
	u32 printed = le32_to_cpu(smp_load_acquire(&view->page->printed));

	return ring_filled(printed, view->seen, VCONSOLE_OUT_SIZE);
}

static void out_take(struct view *view, u32 len)
{
	u32 before = view->seen;

	out_copy(view, len);
	view->seen += len;
	/* pairs with out_room() */
	smp_store_release(&view->page->seen, cpu_to_le32(view->seen));
	/*
	 * pairs with out_write(): we find the new bytes, or it finds that we have seen all
	 * others; and it finds room, or we find that it had none
	 */
	smp_mb();
	if (le32_to_cpu(READ_ONCE(view->page->printed)) - before >= VCONSOLE_OUT_SIZE)
		adeos_bridge_ring(view->bridge);
}

/*
 * At most a ringful at a time, so that a console that prints all the time does not keep
 * the worker from the others. Return: is there more? Then @waits is set if a reader is
 * the reason.
 */
static bool view_take(struct view *view)
{
	u32 left = VCONSOLE_OUT_SIZE, len;

	while ((len = min3(out_filled(view), history_room(view), left))) {
		out_take(view, len);
		left -= len;
	}
	view->waits = !history_room(view);
	return out_filled(view);
}

static void dropped_take(struct view *view)
{
	u64 dropped = le64_to_cpu(READ_ONCE(view->page->dropped));

	/* a count that runs backwards is nonsense */
	if (dropped > view->bridge_dropped)
		view->dropped += dropped - view->bridge_dropped;
	view->bridge_dropped = dropped;
}

/* Input comes from contexts that cannot take view->lock. */
static void view_set_bridge(struct view *view, struct adeos_bridge *bridge)
{
	unsigned long flags;

	spin_lock_irqsave(&view->in_lock, flags);
	view->bridge = bridge;
	view->page = bridge ? adeos_bridge_va(bridge) : NULL;
	view->typed = bridge ? le32_to_cpu(READ_ONCE(view->page->typed)) : 0;
	spin_unlock_irqrestore(&view->in_lock, flags);
}

static void view_disconnect(struct view *view)
{
	struct adeos_bridge *bridge = view->bridge;

	view_set_bridge(view, NULL);
	adeos_bridge_close(bridge);
	view_event(view);
	/* the console may have begun again already */
	scan_soon();
}

/* After a position that is nonsense, go on where the console is: its bytes are given up. */
static void view_resync(struct view *view)
{
	u32 printed = le32_to_cpu(READ_ONCE(view->page->printed));

	if (printed - view->seen <= VCONSOLE_OUT_SIZE)
		return;
	view->seen = printed;
	WRITE_ONCE(view->page->seen, cpu_to_le32(printed));
}

static void view_look(struct view *view)
{
	bool over, more;

	if (!view->bridge)
		return;
	if (READ_ONCE(view->lost))
		return view_disconnect(view);
	/* before view_take(): a revoked bridge gets no more bytes, so that one takes the last */
	over = adeos_bridge_revoked(view->bridge);
	view_resync(view);
	more = view_take(view);
	dropped_take(view);
	if (more)
		queue_delayed_work(queue, &view->work,
				   view->waits ? msecs_to_jiffies(VIEW_AGAIN_MS) : 0);
	else if (over)
		view_disconnect(view);
}

static void view_work(struct work_struct *work)
{
	struct view *view = container_of(to_delayed_work(work), struct view, work);

	mutex_lock(&view->lock);
	view_look(view);
	if (tty_ops->feed(view))
		queue_delayed_work(queue, &view->work, msecs_to_jiffies(TTY_AGAIN_MS));
	mutex_unlock(&view->lock);
	wake_up_interruptible(&view->wait);
}

void view_kick(struct view *view)
{
	mod_delayed_work(queue, &view->work, 0);
}

/* Runs in a worker of adeos-lite, which must not wait for a view's lock. */
static void bridge_event(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct view *view = data;

	/* not a transient bridge: its memory is gone */
	if (event == ADEOS_BRIDGE_FREEZE)
		WRITE_ONCE(view->lost, true);
	view_kick(view);
}

/* ---- input ---- */

static u32 in_room(const struct view *view)
{
	if (!view->page)
		return 0;
	/* pairs with in_take() */
	return ring_room(view->typed, le32_to_cpu(smp_load_acquire(&view->page->taken)),
			 VCONSOLE_IN_SIZE);
}

u32 view_room(struct view *view)
{
	unsigned long flags;
	u32 room;

	spin_lock_irqsave(&view->in_lock, flags);
	room = in_room(view);
	spin_unlock_irqrestore(&view->in_lock, flags);
	return room;
}

/* Return: how many bytes there was room for. */
u32 view_type(struct view *view, const void *from, u32 len)
{
	unsigned long flags;

	spin_lock_irqsave(&view->in_lock, flags);
	len = min(len, in_room(view));
	if (len) {
		ring_write(view->page->in, VCONSOLE_IN_SIZE, view->typed, from, len);
		view->typed += len;
		/* pairs with in_take(); the bell has the barrier before the next in_room() */
		smp_store_release(&view->page->typed, cpu_to_le32(view->typed));
		adeos_bridge_ring(view->bridge);
	}
	spin_unlock_irqrestore(&view->in_lock, flags);
	return len;
}

void view_resize(struct view *view, u32 size)
{
	unsigned long flags;

	spin_lock_irqsave(&view->in_lock, flags);
	view->size = size;
	if (view->page) {
		WRITE_ONCE(view->page->size, cpu_to_le32(size));
		adeos_bridge_ring(view->bridge);
	}
	spin_unlock_irqrestore(&view->in_lock, flags);
}

/* ---- views ---- */

struct view *view_find(u32 id)
{
	struct view *view;

	mutex_lock(&views_lock);
	view = id < VIEWS ? views[id] : NULL;
	mutex_unlock(&views_lock);
	return view;
}

static void view_destroy(struct view *view)
{
	vfree(view->history);
	kfree(view);
}

static struct view *view_create(const struct adeos_member *member)
{
	struct view *view;
	int err;

	view = kzalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return ERR_PTR(-ENOMEM);
	view->id = member->id;
	strscpy(view->name, member->name, sizeof(view->name));
	mutex_init(&view->lock);
	spin_lock_init(&view->in_lock);
	init_waitqueue_head(&view->wait);
	INIT_DELAYED_WORK(&view->work, view_work);
	INIT_LIST_HEAD(&view->readers);
	view->history = vzalloc(VCONSOLE_HISTORY);
	if (!view->history) {
		view_destroy(view);
		return ERR_PTR(-ENOMEM);
	}
	err = tty_ops->add(view);
	if (err) {
		view_destroy(view);
		return ERR_PTR(err);
	}
	mutex_lock(&views_lock);
	views[view->id] = view;
	mutex_unlock(&views_lock);
	return view;
}

/* Another vnode may get the name of one that has ended: of two, the latest has it. */
static void view_rename(struct view *view, const char *name)
{
	mutex_lock(&view->lock);
	strscpy(view->name, name, sizeof(view->name));
	mutex_unlock(&view->lock);
	tty_ops->renamed(view);
}

static void views_rename(struct view *view, const char *name)
{
	u32 id;

	for (id = 0; id < VIEWS; id++)
		if (views[id] && views[id] != view && !strcmp(views[id]->name, name))
			view_rename(views[id], "");
	if (strcmp(view->name, name))
		view_rename(view, name);
}

/* The bridge has our positions from before this module was reloaded. */
static void view_begin(struct view *view, struct adeos_bridge *bridge, const char *name)
{
	view_set_bridge(view, bridge);
	view->seen = le32_to_cpu(READ_ONCE(view->page->seen));
	view->bridge_dropped = 0;
	view->begins++;
	history_mark(view, name);
	view_resize(view, view->size);
	view_event(view);
}

static bool bridge_is_console(struct adeos_bridge *bridge, u32 id)
{
	const struct vconsole_bridge *page = adeos_bridge_va(bridge);

	return adeos_bridge_owner(bridge) == id && adeos_bridge_size(bridge) == sizeof(*page) &&
	       !adeos_bridge_is_transient(bridge) &&
	       /* pairs with bridge_begin() in console.c */
	       le32_to_cpu(smp_load_acquire(&page->magic)) == VCONSOLE_MAGIC &&
	       le32_to_cpu(READ_ONCE(page->version)) == VCONSOLE_VERSION;
}

/* Return: the console's bridge; NULL if there is none that we may open; an error: try again. */
static struct adeos_bridge *console_open(u32 id, adeos_bridge_callback callback, void *data)
{
	struct adeos_bridge *bridge;
	char name[32];

	snprintf(name, sizeof(name), VCONSOLE_NAME, id);
	bridge = adeos_bridge_open(name, callback, data);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge) == -ENOENT || PTR_ERR(bridge) == -EACCES ? NULL : bridge;
	if (bridge_is_console(bridge, id))
		return bridge;
	adeos_bridge_close(bridge);
	return NULL;
}

/* Return: 0, also if there is no console; an error: try again. */
static int view_connect(struct view *view, const char *name)
{
	struct adeos_bridge *bridge;

	WRITE_ONCE(view->lost, false);
	bridge = console_open(view->id, bridge_event, view);
	if (IS_ERR_OR_NULL(bridge))
		return PTR_ERR_OR_ZERO(bridge);
	view_begin(view, bridge, name);
	return 0;
}

/* The view of a member, which is created for its first console; NULL: it has none. */
static struct view *view_get(const struct adeos_member *member)
{
	struct view *view = view_find(member->id);
	struct adeos_bridge *bridge;

	if (view)
		return view;
	bridge = console_open(member->id, NULL, NULL);
	if (IS_ERR_OR_NULL(bridge))
		return ERR_CAST(bridge);
	adeos_bridge_close(bridge);
	return view_create(member);
}

/* The last output of an earlier console is taken before the next one begins. */
static int view_scan(const struct adeos_member *member)
{
	struct view *view = view_get(member);
	bool begun = false;
	int err = 0;

	if (IS_ERR_OR_NULL(view))
		return PTR_ERR_OR_ZERO(view);
	mutex_lock(&view->lock);
	view_look(view);
	if (!view->bridge) {
		err = view_connect(view, member->name);
		begun = view->bridge;
	}
	mutex_unlock(&view->lock);
	if (begun)
		views_rename(view, member->name);
	view_kick(view);
	return err;
}

static void scan_func(struct work_struct *work)
{
	struct adeos_member member, self;
	int err;
	u32 id;

	if (READ_ONCE(closing) || adeos_self(&self))
		return;
	for (id = 0; id < VIEWS; id++) {
		if (id == self.id || adeos_member_get(id, &member))
			continue;
		err = view_scan(&member);
		if (!err)
			continue;
		pr_warn_ratelimited("%s: console cannot be opened: %d; trying again\n",
				    member.name, err);
		queue_delayed_work(queue, &scan, msecs_to_jiffies(SCAN_AGAIN_MS));
	}
}

/* Runs in a worker of adeos-lite. */
static int begin_received(void *data, const struct adeos_member *from, const void *body,
			  unsigned int len, void *answer)
{
	scan_soon();
	return 0;
}

int vconsole_view_init(const struct view_ops *tty)
{
	int err;

	tty_ops = tty;
	queue = alloc_ordered_workqueue("vconsole", WQ_HIGHPRI | WQ_MEM_RECLAIM);
	if (!queue)
		return -ENOMEM;
	err = adeos_msg_register(VCONSOLE_MSG_BEGIN, begin_received, NULL);
	if (err) {
		destroy_workqueue(queue);
		return err;
	}
	/* consoles that began before this module was loaded */
	scan_soon();
	return 0;
}

static void view_end(struct view *view)
{
	struct adeos_bridge *bridge;

	mutex_lock(&view->lock);
	bridge = view->bridge;
	view_set_bridge(view, NULL);
	mutex_unlock(&view->lock);
	/* from here on, no event queues the work */
	adeos_bridge_close(bridge);
	cancel_delayed_work_sync(&view->work);
	tty_ops->del(view);
	view_destroy(view);
}

void vconsole_view_exit(void)
{
	u32 id;

	adeos_msg_unregister(VCONSOLE_MSG_BEGIN);
	WRITE_ONCE(closing, true);
	cancel_delayed_work_sync(&scan);
	for (id = 0; id < VIEWS; id++)
		if (views[id])
			view_end(views[id]);
	destroy_workqueue(queue);
}
