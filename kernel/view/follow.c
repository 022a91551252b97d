// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/vnode has a device for each vnode that root shows us. A worker follows
 * root's count of changes; attributes are asked for when they are read.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "view.h"

/**
 * struct seen - a vnode that we may look at
 * @list: in the list all, which is the worker's own
 * @dev: in /sys/class/vnode; NULL until the worker has added it
 * @status: as of the last event
 * @still: root has shown it in this round
 */
struct seen {
	struct list_head list;
	struct device *dev;
	struct vnode_status status;
	bool still;
};

static LIST_HEAD(all);
static u32 events;	/* root's count of changes, as last seen */

/* By id: another vnode that has just taken the id answers in its place for a moment. */
static int seen_status(struct device *dev, struct vnode_status *status, u32 **cpus)
{
	static const struct look_viewer kernel;
	struct seen *seen = dev_get_drvdata(dev);

	*status = (struct vnode_status){ .id = seen->status.id };
	return vview_status(&kernel, status, cpus);
}

static void seen_ident(const struct device *dev, u32 *id, u32 *state)
{
	struct seen *seen = dev_get_drvdata(dev);

	*id = seen->status.id;
	*state = READ_ONCE(seen->status.state);
}

static const struct look_class class = { .status = seen_status, .ident = seen_ident };

static struct seen *seen_find(const struct vnode_status *status)
{
	struct seen *seen;

	list_for_each_entry(seen, &all, list)
		if (seen->status.id == status->id && !strcmp(seen->status.name, status->name))
			return seen;
	return NULL;
}

static bool has_changed(const struct vnode_status *a, const struct vnode_status *b)
{
	return a->state != b->state || a->restarts != b->restarts || a->oopses != b->oopses;
}

static void seen_note(const struct vnode_status *status)
{
	struct seen *seen = seen_find(status);
	bool changed;

	if (!seen) {
		seen = kzalloc(sizeof(*seen), GFP_KERNEL);
		if (!seen)
			return;
		list_add_tail(&seen->list, &all);
	}
	changed = seen->dev && has_changed(&seen->status, status);
	seen->status = *status;
	seen->still = true;
	if (changed)
		look_class_event(seen->dev, status);
}

/* Waits for readers of its attributes. */
static void seen_del(struct seen *seen)
{
	list_del(&seen->list);
	if (seen->dev)
		device_unregister(seen->dev);
	kfree(seen);
}

static void seen_add(struct seen *seen)
{
	struct device *dev = look_class_add(seen->status.name, seen);

	seen->dev = IS_ERR(dev) ? NULL : dev;
}

/* Return: 0 once root has named every vnode that it shows. */
static int look_at_all(void)
{
	static const struct look_viewer kernel;
	struct vnode_status status;
	u32 *cpus, id = 1;
	int err;

	for (;;) {
		status = (struct vnode_status){ .id = id, .flags = VNODE_STATUS_NEXT };
		err = vview_status(&kernel, &status, &cpus);
		if (err)
			return err == -ENOENT ? 0 : err;
		kfree(cpus);
		/* checked: the name becomes a file's, and the ids must end */
		status.name[sizeof(status.name) - 1] = '\0';
		if (status.id < id || !status.name[0] || strchr(status.name, '/'))
			return -EPROTO;
		seen_note(&status);
		id = status.id + 1;
	}
}

/* Devices that have gone are removed first: a new vnode may have their name. */
static void follow_func(struct work_struct *work)
{
	struct seen *seen, *next;

	list_for_each_entry(seen, &all, list)
		seen->still = false;
	/* without a whole answer no vnode is known to be gone */
	if (look_at_all())
		return;
	list_for_each_entry_safe(seen, next, &all, list)
		if (!seen->still)
			seen_del(seen);
	list_for_each_entry(seen, &all, list)
		if (!seen->dev)
			seen_add(seen);
}

static DECLARE_WORK(follow, follow_func);

/**
 * vview_follow - root's count of changes may be another one
 * @now: the count
 *
 * Context: adeos-lite's worker.
 */
void vview_follow(u32 now)
{
	if (now == events)
		return;
	events = now;
	look_device_changed();
	queue_work(system_unbound_wq, &follow);
}

int vview_follow_init(void)
{
	return look_class_init(&class);
}

/* The bridge is closed: vview_follow() is not called any more. */
void vview_follow_exit(void)
{
	struct seen *seen, *next;

	cancel_work_sync(&follow);
	list_for_each_entry_safe(seen, next, &all, list)
		seen_del(seen);
	look_class_exit();
}
