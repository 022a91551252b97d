// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/adeos: which of the kernels this one is, and what each part shows. */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "adeos.h"

static ssize_t id_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", commons.id);
}

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", commons.name);
}

static ssize_t life_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", adeos_own_life());
}

static ssize_t protocol_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u.%u\n", VNODE_PROTOCOL_MAJOR, VNODE_PROTOCOL_MINOR);
}

static const struct kobj_attribute state_id = __ATTR_RO(id);
static const struct kobj_attribute state_name = __ATTR_RO(name);
static const struct kobj_attribute state_life = __ATTR_RO(life);
static const struct kobj_attribute state_protocol = __ATTR_RO(protocol);

static const struct attribute *const attrs[] = {
	&state_id.attr,
	&state_name.attr,
	&state_life.attr,
	&state_protocol.attr,
	&adeos_counters_attr.attr,
	NULL
};

static struct kobject *state_kobj;

static int state_init(void)
{
	const struct adeos_part *part;
	unsigned int i;
	int err;

	state_kobj = kobject_create_and_add("adeos", kernel_kobj);
	if (!state_kobj)
		return -ENOMEM;
	err = sysfs_create_files(state_kobj, attrs);
	for (i = 0; !err && (part = adeos_part_nr(i)); i++)
		if (part->attr)
			err = sysfs_create_file(state_kobj, &part->attr->attr);
	if (err)
		kobject_put(state_kobj);
	return err;
}

static void state_exit(void)
{
	kobject_put(state_kobj);
}

const struct adeos_part adeos_state_part = {
	.init = state_init,
	.exit = state_exit,
};
