// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/vnode: a device for each vnode, and a uevent for each change. */
#include <linux/bitmap.h>
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include <vnode/names.h>

#include "kmb.h"

/* An attribute is a part of the vnode's status. */
struct class_attr {
	struct device_attribute attr;
	int (*format)(const struct vnode_status *status, const u32 *cpus, char *buf);
};

/*
 * Attributes are read without the node lock, since kmb_sysfs_disappear() waits for their
 * readers under it.
 */
static ssize_t attr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct class_attr *what = container_of(attr, struct class_attr, attr);
	struct kmb_node *node = dev_get_drvdata(dev);
	u32 *cpus = kmb_node_cpus(node);
	struct vnode_status status;
	ssize_t len;

	if (!cpus)
		return -ENOMEM;
	kmb_status_fill(node, &status);
	len = what->format(&status, cpus, buf);
	kfree(cpus);
	return len;
}

static int format_cpus(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < status->nr_cpus; i++)
		len += sysfs_emit_at(buf, len, "%s%u", i ? "," : "", cpus[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

#define ATTR(_name)						\
	static struct class_attr attr_##_name = {		\
		.attr = __ATTR(_name, 0444, attr_show, NULL),	\
		.format = format_##_name,			\
	}

#define ATTR_FORMAT(_name, ...)								\
	static int format_##_name(const struct vnode_status *status, const u32 *cpus,	\
				  char *buf)						\
	{										\
		return sysfs_emit(buf, __VA_ARGS__);					\
	}										\
	ATTR(_name)

ATTR(cpus);
ATTR_FORMAT(id, "%u\n", status->id);
ATTR_FORMAT(state, "%s\n", vnode_state_name(status->state));
ATTR_FORMAT(memory, "%#llx %#llx\n", status->mem_base, status->mem_size);
ATTR_FORMAT(cause, "%s\n", vnode_cause_name(status->cause));
ATTR_FORMAT(restarts, "%u\n", status->restarts);
ATTR_FORMAT(oopses, "%u\n", status->oopses);

/* protects the viewers of all vnodes */
static DEFINE_MUTEX(viewers_lock);

static ssize_t viewers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);
	int len;

	mutex_lock(&viewers_lock);
	len = sysfs_emit(buf, "%*pbl\n", KMB_IDS, node->viewers);
	mutex_unlock(&viewers_lock);
	return len;
}

static ssize_t viewers_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t len)
{
	struct kmb_node *node = dev_get_drvdata(dev);
	DECLARE_BITMAP(ids, KMB_IDS);

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	/* not itself: a vnode that has frozen itself cannot thaw */
	if (bitmap_parselist(buf, ids, KMB_IDS) || test_bit(0, ids) || test_bit(node->slot.id, ids))
		return -EINVAL;
	mutex_lock(&viewers_lock);
	bitmap_copy(node->viewers, ids, KMB_IDS);
	mutex_unlock(&viewers_lock);
	if (!bitmap_empty(ids, KMB_IDS))
		kmb_viewers_serve();
	return len;
}
static DEVICE_ATTR_RW(viewers);

static struct attribute *class_attrs[] = {
	&attr_id.attr.attr,
	&attr_state.attr.attr,
	&attr_cpus.attr.attr,
	&attr_memory.attr.attr,
	&attr_cause.attr.attr,
	&attr_restarts.attr.attr,
	&attr_oopses.attr.attr,
	&dev_attr_viewers.attr,
	NULL
};
ATTRIBUTE_GROUPS(class);

static int class_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return add_uevent_var(env, "VNODE_ID=%u", node->slot.id) ?:
	       add_uevent_var(env, "VNODE_STATE=%s", vnode_state_name(READ_ONCE(node->state)));
}

static struct class vnode_class = {
	.name = "vnode",
	.dev_groups = class_groups,
	.dev_uevent = class_uevent,
};

int kmb_sysfs_init(void)
{
	return class_register(&vnode_class);
}

void kmb_sysfs_exit(void)
{
	class_unregister(&vnode_class);
}

int kmb_sysfs_appear(struct kmb_node *node)
{
	struct device *dev;

	dev = device_create(&vnode_class, NULL, MKDEV(0, 0), node, "%s", node->slot.name);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	node->dev = dev;
	return 0;
}

void kmb_sysfs_changed(struct kmb_node *node, enum kmb_change change)
{
	char text[sizeof("VNODE_TEXT=") + KMB_TEXT_LEN];
	char cause[32], restarts[32], oopses[32];
	char *env[5] = { cause, restarts, oopses, text, NULL };

	if (!node->dev)
		return;
	snprintf(cause, sizeof(cause), "VNODE_CAUSE=%s", vnode_cause_name(node->end.cause));
	snprintf(restarts, sizeof(restarts), "VNODE_RESTARTS=%u", node->restarts);
	snprintf(oopses, sizeof(oopses), "VNODE_OOPSES=%u", READ_ONCE(node->slot.oopses));
	snprintf(text, sizeof(text), "VNODE_TEXT=%s", node->end.text);
	kobject_uevent_env(&node->dev->kobj, KOBJ_CHANGE, env);
}

/* Waits for readers of its attributes. */
void kmb_sysfs_disappear(struct kmb_node *node)
{
	device_unregister(node->dev);
	node->dev = NULL;
}
