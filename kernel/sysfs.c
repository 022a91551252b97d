// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/vnode/NAME/, and a uevent at each change of state. */
#include <linux/bitmap.h>
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <vnode/adeos.h>

#include "kmb.h"

/*
 * Attributes are read and written without the node's lock (kmb_sysfs_remove() waits for
 * who does, under it): what does not change while the device is there, or is one word.
 */
static void fill(const struct kmb_node *node, struct vnode_status *status)
{
	*status = (struct vnode_status){
		.id = node->id,
		.state = READ_ONCE(node->state),
		.nr_cpus = node->nr_cpus,
		.mem_base = adeos_region_pa(node->region),
		.mem_size = adeos_region_size(node->region),
		.cause = READ_ONCE(node->end.cause),
		.restarts = READ_ONCE(node->restarts),
		.oopses = READ_ONCE(node->oopses),
	};
}

int kmb_attr_status(struct device *dev, struct vnode_status *status, u32 **cpus)
{
	struct kmb_node *node = dev_get_drvdata(dev);
	unsigned int i;

	*cpus = kmalloc_array(node->nr_cpus, sizeof(**cpus), GFP_KERNEL);
	if (!*cpus)
		return -ENOMEM;
	fill(node, status);
	for (i = 0; i < node->nr_cpus; i++)
		(*cpus)[i] = node->cpu[i].cpu;
	return 0;
}

static ssize_t viewers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%*pbl\n", KMB_IDS, node->viewers);
}

static ssize_t viewers_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t len)
{
	struct kmb_node *node = dev_get_drvdata(dev);
	DECLARE_BITMAP(ids, KMB_IDS);

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	/* nor itself: who has frozen himself thaws nobody */
	if (bitmap_parselist(buf, ids, KMB_IDS) || test_bit(0, ids) || test_bit(node->id, ids))
		return -EINVAL;
	kmb_remote_allow(node, ids);
	return len;
}
static DEVICE_ATTR_RW(viewers);

static struct attribute *root_attrs[] = {
	&dev_attr_viewers.attr,
	NULL
};

static const struct attribute_group root_group = { .attrs = root_attrs };

static const struct attribute_group *vnode_groups[] = {
	&look_attrs,
	&root_group,
	NULL
};

static int vnode_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return look_uevent(env, node->id, READ_ONCE(node->state));
}

static struct class vnode_class = {
	.name = "vnode",
	.dev_groups = vnode_groups,
	.dev_uevent = vnode_uevent,
};

int kmb_sysfs_init(void)
{
	return class_register(&vnode_class);
}

void kmb_sysfs_exit(void)
{
	class_unregister(&vnode_class);
}

struct device *kmb_sysfs_add(struct kmb_node *node)
{
	return device_create(&vnode_class, NULL, MKDEV(0, 0), node, "%s", node->name);
}

/* Waits for readers of its attributes. */
void kmb_sysfs_remove(struct device *dev)
{
	device_unregister(dev);
}

/* The last end cannot change meanwhile. */
void kmb_sysfs_event(struct kmb_node *node)
{
	struct vnode_status status;

	lockdep_assert_held(&node->lock);
	if (!node->dev)
		return;
	fill(node, &status);
	strscpy(status.text, node->end.text, sizeof(status.text));
	look_event(node->dev, &status);
}
