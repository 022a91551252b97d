// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/vnode/NAME/, and a uevent at each change of state. */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/version.h>
#include <vnode/adeos.h>
#include <vnode/names.h>

#include "kmb.h"

/*
 * Attributes are read without the node's lock (kmb_sysfs_remove() waits for their
 * readers under it): what does not change while the device is there, or is one word.
 */
static ssize_t id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", node->id);
}
static DEVICE_ATTR_RO(id);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", vnode_state_name(READ_ONCE(node->state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t cpus_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);
	unsigned int i;
	int len = 0;

	for (i = 0; i < node->nr_cpus; i++)
		len += sysfs_emit_at(buf, len, "%s%u", i ? "," : "", node->cpu[i].cpu);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(cpus);

static ssize_t memory_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%#llx %#llx\n", (u64)adeos_region_pa(node->region),
			  adeos_region_size(node->region));
}
static DEVICE_ATTR_RO(memory);

static ssize_t cause_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", vnode_cause_name(READ_ONCE(node->end.cause)));
}
static DEVICE_ATTR_RO(cause);

static ssize_t restarts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(node->restarts));
}
static DEVICE_ATTR_RO(restarts);

static ssize_t oopses_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(node->oopses));
}
static DEVICE_ATTR_RO(oopses);

static struct attribute *vnode_attrs[] = {
	&dev_attr_id.attr,
	&dev_attr_state.attr,
	&dev_attr_cpus.attr,
	&dev_attr_memory.attr,
	&dev_attr_cause.attr,
	&dev_attr_restarts.attr,
	&dev_attr_oopses.attr,
	NULL
};
ATTRIBUTE_GROUPS(vnode);

static int vnode_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	struct kmb_node *node = dev_get_drvdata(dev);

	return add_uevent_var(env, "VNODE_ID=%u", node->id) ?:
	       add_uevent_var(env, "VNODE_STATE=%s", vnode_state_name(READ_ONCE(node->state)));
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

/* The last end goes along with our own events: there it cannot change meanwhile. */
void kmb_sysfs_event(struct kmb_node *node)
{
	char text[sizeof("VNODE_TEXT=") + KMB_TEXT_LEN];
	char cause[32], restarts[32], oopses[32];
	char *env[5] = { cause, restarts, oopses, text, NULL };

	lockdep_assert_held(&node->lock);
	if (!node->dev)
		return;
	snprintf(cause, sizeof(cause), "VNODE_CAUSE=%s", vnode_cause_name(node->end.cause));
	snprintf(restarts, sizeof(restarts), "VNODE_RESTARTS=%u", node->restarts);
	snprintf(oopses, sizeof(oopses), "VNODE_OOPSES=%u", node->oopses);
	snprintf(text, sizeof(text), "VNODE_TEXT=%s", node->end.text);
	kobject_uevent_env(&node->dev->kobj, KOBJ_CHANGE, env);
}
