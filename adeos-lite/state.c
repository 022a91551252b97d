// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/adeos: who this kernel is among the others, and what it counts. */
#include <linux/kobject.h>
#include <linux/percpu.h>
#include <linux/sysfs.h>

#include "adeos.h"

static DEFINE_PER_CPU(u64 [ADEOS_COUNTERS], counters);

static const char * const counter_names[ADEOS_COUNTERS] = {
	[ADEOS_RAISED] = "portals_raised",
	[ADEOS_FOREIGN] = "portals_foreign",
	[ADEOS_FLOODS] = "floods",
	[ADEOS_LATE] = "portals_late",
	[ADEOS_SENT] = "messages_sent",
	[ADEOS_RECEIVED] = "messages_received",
	[ADEOS_BAD] = "messages_bad",
	[ADEOS_CLOCK_STEPS] = "clock_steps",
};

void adeos_count(enum adeos_counter counter)
{
	this_cpu_inc(counters[counter]);
}

static u64 counter_sum(enum adeos_counter counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(counters, cpu)[counter];
	return sum;
}

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

static ssize_t members_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return adeos_members_show(buf);
}

static ssize_t portals_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return adeos_portals_show(buf);
}

static ssize_t bridges_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return adeos_bridge_show(buf);
}

static ssize_t clock_offset_ns_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return adeos_clock_show(buf);
}

static ssize_t counters_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	int len = 0;
	int i;

	for (i = 0; i < ADEOS_COUNTERS; i++)
		len += sysfs_emit_at(buf, len, "%s %llu\n", counter_names[i], counter_sum(i));
	return len;
}

static struct kobj_attribute state_id = __ATTR_RO(id);
static struct kobj_attribute state_name = __ATTR_RO(name);
static struct kobj_attribute state_life = __ATTR_RO(life);
static struct kobj_attribute state_protocol = __ATTR_RO(protocol);
static struct kobj_attribute state_members = __ATTR_RO(members);
static struct kobj_attribute state_portals = __ATTR_RO(portals);
static struct kobj_attribute state_bridges = __ATTR_RO(bridges);
static struct kobj_attribute state_clock = __ATTR_RO(clock_offset_ns);
static struct kobj_attribute state_counters = __ATTR_RO(counters);

static struct attribute *state_attrs[] = {
	&state_id.attr,
	&state_name.attr,
	&state_life.attr,
	&state_protocol.attr,
	&state_members.attr,
	&state_portals.attr,
	&state_bridges.attr,
	&state_clock.attr,
	&state_counters.attr,
	NULL
};

static const struct attribute_group state_group = { .attrs = state_attrs };

static struct kobject *state_kobj;

int adeos_state_init(void)
{
	int err;

	state_kobj = kobject_create_and_add("adeos", kernel_kobj);
	if (!state_kobj)
		return -ENOMEM;
	err = sysfs_create_group(state_kobj, &state_group);
	if (err)
		kobject_put(state_kobj);
	return err;
}

void adeos_state_exit(void)
{
	kobject_put(state_kobj);
}
