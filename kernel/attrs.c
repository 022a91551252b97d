// SPDX-License-Identifier: GPL-2.0-only
/* The attributes in /sys/class/vnode/NAME/, and what its uevents say. */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <vnode/names.h>

#include "look.h"

struct look_attr {
	struct device_attribute attr;
	int (*format)(const struct vnode_status *status, const u32 *cpus, char *buf);
};

static ssize_t attr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct look_attr *what = container_of(attr, struct look_attr, attr);
	struct vnode_status status;
	ssize_t len;
	u32 *cpus;
	int err;

	err = kmb_attr_status(dev, &status, &cpus);
	if (err)
		return err;
	len = what->format(&status, cpus, buf);
	kfree(cpus);
	return len;
}

static int format_id(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%u\n", status->id);
}

static int format_state(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%s\n", vnode_state_name(status->state));
}

static int format_cpus(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < status->nr_cpus; i++)
		len += sysfs_emit_at(buf, len, "%s%u", i ? "," : "", cpus[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

static int format_memory(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%#llx %#llx\n", status->mem_base, status->mem_size);
}

static int format_cause(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%s\n", vnode_cause_name(status->cause));
}

static int format_restarts(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%u\n", status->restarts);
}

static int format_oopses(const struct vnode_status *status, const u32 *cpus, char *buf)
{
	return sysfs_emit(buf, "%u\n", status->oopses);
}

#define ATTR(_name)						\
	static struct look_attr attr_##_name = {		\
		.attr = __ATTR(_name, 0444, attr_show, NULL),	\
		.format = format_##_name,			\
	}

ATTR(id);
ATTR(state);
ATTR(cpus);
ATTR(memory);
ATTR(cause);
ATTR(restarts);
ATTR(oopses);

static struct attribute *attrs[] = {
	&attr_id.attr.attr,
	&attr_state.attr.attr,
	&attr_cpus.attr.attr,
	&attr_memory.attr.attr,
	&attr_cause.attr.attr,
	&attr_restarts.attr.attr,
	&attr_oopses.attr.attr,
	NULL
};

const struct attribute_group look_attrs = { .attrs = attrs };

/* What goes along with each uevent. */
int look_uevent(struct kobj_uevent_env *env, u32 id, u32 state)
{
	return add_uevent_var(env, "VNODE_ID=%u", id) ?:
	       add_uevent_var(env, "VNODE_STATE=%s", vnode_state_name(state));
}

/**
 * look_event - tell of a change by a uevent
 * @dev: in /sys/class/vnode
 * @status: as it is now; the last end goes along
 */
void look_event(struct device *dev, const struct vnode_status *status)
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
