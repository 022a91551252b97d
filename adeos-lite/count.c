// SPDX-License-Identifier: GPL-2.0-only
/* What the nanokernel counts: one row a counter, in /sys/kernel/adeos/counters. */
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

static ssize_t counters_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	int i, cpu, len = 0;
	u64 sum;

	for (i = 0; i < ADEOS_COUNTERS; i++) {
		sum = 0;
		for_each_possible_cpu(cpu)
			sum += per_cpu(counters, cpu)[i];
		len += sysfs_emit_at(buf, len, "%s %llu\n", counter_names[i], sum);
	}
	return len;
}

const struct kobj_attribute adeos_counters_attr = __ATTR_RO(counters);
