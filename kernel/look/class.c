// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/vnode: attributes and uevents. */
#include <linux/device.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <vnode/names.h>

#include "compat.h"
#include "look.h"

static const struct look_class *look;

/* An attribute is a part of the vnode's status. */
struct class_attr {
	struct device_attribute attr;
	int (*format)(const struct vnode_status *status, const u32 *cpus, char *buf);
};

static ssize_t attr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct class_attr *what = container_of(attr, struct class_attr, attr);
	struct vnode_status status;
	ssize_t len;
	u32 *cpus;
	int err;

	err = look->status(dev, &status, &cpus);
	if (err)
		return err;
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

static struct attribute *class_attrs[] = {
	&attr_id.attr.attr,
	&attr_state.attr.attr,
	&attr_cpus.attr.attr,
	&attr_memory.attr.attr,
	&attr_cause.attr.attr,
	&attr_restarts.attr.attr,
	&attr_oopses.attr.attr,
	NULL,	/* the module's own, if it has one */
	NULL
};
ATTRIBUTE_GROUPS(class);

static int class_uevent(look_device_const struct device *dev, struct kobj_uevent_env *env)
{
	u32 id, state;

	look->ident(dev, &id, &state);
	return add_uevent_var(env, "VNODE_ID=%u", id) ?:
	       add_uevent_var(env, "VNODE_STATE=%s", vnode_state_name(state));
}

static struct class vnode_class = {
	.name = "vnode",
	.dev_groups = class_groups,
	.dev_uevent = class_uevent,
};

/**
 * look_class_event - send the uevent of a change
 * @dev: what look_class_add() returned
 * @status: the vnode's, with its last end
 */
void look_class_event(struct device *dev, const struct vnode_status *status)
{
	char text[sizeof("VNODE_TEXT=") + sizeof(status->text)];
	char cause[32], restarts[32], oopses[32];
	char *env[5] = { cause, restarts, oopses, text, NULL };

	snprintf(cause, sizeof(cause), "VNODE_CAUSE=%s", vnode_cause_name(status->cause));
	snprintf(restarts, sizeof(restarts), "VNODE_RESTARTS=%u", status->restarts);
	snprintf(oopses, sizeof(oopses), "VNODE_OOPSES=%u", status->oopses);
	snprintf(text, sizeof(text), "VNODE_TEXT=%.*s", (int)sizeof(status->text), status->text);
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, env);
}

/**
 * look_class_add - a vnode appears
 * @name: of the vnode
 * @data: driver data of the device
 *
 * Return: the device, or ERR_PTR. device_unregister() waits for readers of its attributes.
 */
struct device *look_class_add(const char *name, void *data)
{
	return device_create(&vnode_class, NULL, MKDEV(0, 0), data, "%s", name);
}

int look_class_init(const struct look_class *answers)
{
	look = answers;
	class_attrs[ARRAY_SIZE(class_attrs) - 2] = answers->more;
	return class_register(&vnode_class);
}

void look_class_exit(void)
{
	class_unregister(&vnode_class);
}
