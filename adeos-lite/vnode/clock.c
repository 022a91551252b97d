// SPDX-License-Identifier: GPL-2.0-only
/* A vnode's wall clock follows root's: it is set when it is too far off. */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "vnode.h"

static bool follow = true;
module_param_named(clock, follow, bool, 0644);
MODULE_PARM_DESC(clock, "a vnode's wall clock follows root's");

/* A correction is a step, since a module cannot slew: none for less than this. */
#define CLOCK_STEP_NS	40000

static bool clock_fetch(struct adeos_reading *root)
{
	const struct vnode_clock *clock = &adeos_directory()->clock;
	/* pairs with clock_publish() in root/clock.c */
	u32 seq = le32_to_cpu(smp_load_acquire(&clock->seq));

	root->tsc = le64_to_cpu(READ_ONCE(clock->tsc));
	root->real_ns = le64_to_cpu(READ_ONCE(clock->real_ns));
	/* pairs with clock_publish() in root/clock.c */
	smp_rmb();
	return seq && !(seq & 1) && le32_to_cpu(READ_ONCE(clock->seq)) == seq;
}

/* Return: 0 and how far root's clock is ahead of ours; -EAGAIN. */
static int clock_offset(s64 *offset)
{
	struct adeos_reading root, now;

	if (!clock_fetch(&root) || !adeos_clock_read(&now) || now.tsc < root.tsc)
		return -EAGAIN;
	*offset = root.real_ns + (s64)adeos_tsc_to_ns(now.tsc - root.tsc) - now.real_ns;
	return 0;
}

static void clock_follow(void)
{
	struct timespec64 ts;
	s64 offset;

	if (!follow || clock_offset(&offset) || abs(offset) < CLOCK_STEP_NS)
		return;
	ts = ns_to_timespec64(ktime_get_real_ns() + offset);
	do_settimeofday64(&ts);
	adeos_count(ADEOS_CLOCK_STEPS);
}

/* Once before root hears of this kernel, however far off its clock is. */
static int clock_init(void)
{
	clock_follow();
	return 0;
}

static ssize_t clock_offset_ns_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	s64 offset;
	int err;

	err = clock_offset(&offset);
	return err ?: sysfs_emit(buf, "%lld\n", offset);
}

static const struct kobj_attribute clock_attr = __ATTR_RO(clock_offset_ns);

const struct adeos_part adeos_clock_part = {
	.init = clock_init,
	.tick = clock_follow,
	.attr = &clock_attr,
};
