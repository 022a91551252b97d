// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/vnode: a device for each vnode that root shows us. A worker follows when
 * root says that something has changed; attributes are asked for when they are read.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "view.h"

/**
 * struct seen - a vnode that we may look at
 * @list: in the list of all, which the worker alone touches
 * @dev: in /sys/class/vnode, NULL as yet
 * @status: as of the last event
 * @still: root shows it
 */
struct seen {
	struct list_head list;
	struct device *dev;
	struct vnode_status status;
	bool still;
};

static LIST_HEAD(all);

static void follow_func(struct work_struct *work);
static DECLARE_WORK(follow, follow_func);

/* Of the vnode with that id: it is another one for a moment, if that has just changed. */
int kmb_attr_status(struct device *dev, struct vnode_status *status, u32 **cpus)
{
	static const struct kmb_looker kernel;
	struct seen *seen = dev_get_drvdata(dev);

	*status = (struct vnode_status){ .id = seen->status.id };
	return kmb_node_status(&kernel, status, cpus);
}

static int seen_uevent(look_device_const struct device *dev, struct kobj_uevent_env *env)
{
	struct seen *seen = dev_get_drvdata(dev);

	return look_uevent(env, seen->status.id, READ_ONCE(seen->status.state));
}

static const struct attribute_group *seen_groups[] = {
	&look_attrs,
	NULL
};

static struct class seen_class = {
	.name = "vnode",
	.dev_groups = seen_groups,
	.dev_uevent = seen_uevent,
};

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
		look_event(seen->dev, status);
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
	struct device *dev;

	dev = device_create(&seen_class, NULL, MKDEV(0, 0), seen, "%s", seen->status.name);
	seen->dev = IS_ERR(dev) ? NULL : dev;
}

/* Return: 0 once root has named all that it shows. */
static int look_at_all(void)
{
	static const struct kmb_looker kernel;
	struct vnode_status status;
	u32 *cpus, id = 1;
	int err;

	for (;;) {
		status = (struct vnode_status){ .id = id, .flags = VNODE_STATUS_NEXT };
		err = kmb_node_status(&kernel, &status, &cpus);
		if (err)
			return err == -ENOENT ? 0 : err;
		kfree(cpus);
		/* root's word, but it becomes a file's name, and is to end some time */
		status.name[sizeof(status.name) - 1] = '\0';
		if (status.id < id || !status.name[0] || strchr(status.name, '/'))
			return -EPROTO;
		seen_note(&status);
		id = status.id + 1;
	}
}

/* Those that have gone first: another one may have their name. */
static void follow_func(struct work_struct *work)
{
	struct seen *seen, *next;

	list_for_each_entry(seen, &all, list)
		seen->still = false;
	/* who does not answer has not said that they are gone */
	if (look_at_all())
		return;
	list_for_each_entry_safe(seen, next, &all, list)
		if (!seen->still)
			seen_del(seen);
	list_for_each_entry(seen, &all, list)
		if (!seen->dev)
			seen_add(seen);
}

void vview_sysfs_follow(void)
{
	queue_work(system_unbound_wq, &follow);
}

int vview_sysfs_init(void)
{
	return class_register(&seen_class);
}

/* Nobody calls vview_sysfs_follow() any more. */
void vview_sysfs_exit(void)
{
	struct seen *seen, *next;

	cancel_work_sync(&follow);
	list_for_each_entry_safe(seen, next, &all, list)
		seen_del(seen);
	class_unregister(&seen_class);
}
