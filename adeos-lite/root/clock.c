// SPDX-License-Identifier: GPL-2.0-only
/* Root publishes its wall clock, which vnodes follow. */
#include <linux/sysfs.h>

#include "root.h"

static void clock_publish(void)
{
	struct vnode_clock *clock = &root_directory.clock;
	u32 seq = le32_to_cpu(clock->seq);
	struct adeos_reading now;

	if (!adeos_clock_read(&now))
		return;
	adeos_show(&clock->seq, cpu_to_le32(seq + 1));
	/* pairs with clock_fetch() in vnode/clock.c, as does the other one */
	smp_wmb();
	adeos_show(&clock->tsc, cpu_to_le64(now.tsc));
	adeos_show(&clock->real_ns, cpu_to_le64(now.real_ns));
	/* the content before the even number */
	smp_wmb();
	adeos_show(&clock->seq, cpu_to_le32(seq + 2));
}

/* Vnodes show how far they are from this clock. */
static ssize_t clock_offset_ns_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0\n");
}

static const struct kobj_attribute clock_attr = __ATTR_RO(clock_offset_ns);

const struct adeos_part adeos_root_clock_part = {
	.tick = clock_publish,
	.attr = &clock_attr,
};
