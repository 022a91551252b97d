// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/vnode in root: a device for each vnode, and a uevent for each change. */
#include <linux/bitmap.h>
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "kmb.h"

/*
 * Attributes are read without the node lock, since kmb_sysfs_disappear() waits for their
 * readers under it.
 */
static int sysfs_status(struct device *dev, struct vnode_status *status, u32 **cpus)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	kmb_status_fill(node, status);
	*cpus = kmb_node_cpus(node);
	return *cpus ? 0 : -ENOMEM;
}

static void sysfs_ident(const struct device *dev, u32 *id, u32 *state)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	*id = node->slot.id;
	*state = READ_ONCE(node->state);
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
	/* not itself: a vnode that has frozen itself cannot thaw */
	if (bitmap_parselist(buf, ids, KMB_IDS) || test_bit(0, ids) || test_bit(node->slot.id, ids))
		return -EINVAL;
	kmb_remote_allow(node, ids);
	return len;
}
static DEVICE_ATTR_RW(viewers);

static const struct look_class class = {
	.status = sysfs_status,
	.ident = sysfs_ident,
	.more = &dev_attr_viewers.attr,
};

int kmb_sysfs_init(void)
{
	return look_class_init(&class);
}

int kmb_sysfs_appear(struct kmb_node *node)
{
	struct device *dev = look_class_add(node->slot.name, node);

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	node->dev = dev;
	return 0;
}

void kmb_sysfs_changed(struct kmb_node *node, enum kmb_change change)
{
	struct vnode_status status;

	if (!node->dev)
		return;
	kmb_status_fill(node, &status);
	look_class_event(node->dev, &status);
}

void kmb_sysfs_disappear(struct kmb_node *node)
{
	device_unregister(node->dev);
	node->dev = NULL;
}
