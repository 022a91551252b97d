// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wall-clock time from root. All CPUs of the machine have one TSC: root says what
 * time it was at some TSC, a vnode compares that with what its own clock says, and
 * sets it when it is too far off.
 */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>

#include "adeos.h"

static bool follow = true;
module_param_named(clock, follow, bool, 0644);
MODULE_PARM_DESC(clock, "a vnode's wall clock follows root's");

/* A correction is a step, since a module cannot slew: none for less than this. */
#define CLOCK_STEP_NS	40000
/* A reading that took longer was disturbed. */
#define CLOCK_READ_NS	20000

struct reading {
	u64 tsc;
	s64 real_ns;
};

static u64 tsc_to_ns(u64 cycles)
{
	return mul_u64_u32_div(cycles, NSEC_PER_MSEC, tsc_khz);
}

/* Our clock, and the TSC at the same moment. Return: false if it was disturbed. */
static bool clock_read(struct reading *now)
{
	unsigned long flags;
	u64 before, after;

	local_irq_save(flags);
	before = rdtsc_ordered();
	now->real_ns = ktime_get_real_ns();
	after = rdtsc_ordered();
	local_irq_restore(flags);
	now->tsc = before + (after - before) / 2;
	return tsc_to_ns(after - before) < CLOCK_READ_NS;
}

static void clock_publish(void)
{
	struct vnode_clock *clock = &adeos_directory()->clock;
	u32 seq = le32_to_cpu(clock->seq);
	struct reading now;

	if (!clock_read(&now))
		return;
	WRITE_ONCE(clock->seq, cpu_to_le32(seq + 1));
	/* pairs with clock_fetch(), as does the other one */
	smp_wmb();
	WRITE_ONCE(clock->tsc, cpu_to_le64(now.tsc));
	WRITE_ONCE(clock->real_ns, cpu_to_le64(now.real_ns));
	/* the content before the even number */
	smp_wmb();
	WRITE_ONCE(clock->seq, cpu_to_le32(seq + 2));
}

static bool clock_fetch(struct reading *root)
{
	const struct vnode_clock *clock = &adeos_directory()->clock;
	/* pairs with clock_publish() */
	u32 seq = le32_to_cpu(smp_load_acquire(&clock->seq));

	root->tsc = le64_to_cpu(READ_ONCE(clock->tsc));
	root->real_ns = le64_to_cpu(READ_ONCE(clock->real_ns));
	/* pairs with clock_publish() */
	smp_rmb();
	return seq && !(seq & 1) && le32_to_cpu(READ_ONCE(clock->seq)) == seq;
}

/* Return: 0 and how far root's clock is ahead of ours; -EAGAIN. */
static int clock_offset(s64 *offset)
{
	struct reading root, now;

	if (!clock_fetch(&root) || !clock_read(&now) || now.tsc < root.tsc)
		return -EAGAIN;
	*offset = root.real_ns + (s64)tsc_to_ns(now.tsc - root.tsc) - now.real_ns;
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

/* Every VNODE_BEAT_MS; in a vnode also before it says hello. */
void adeos_clock_tick(void)
{
	if (adeos_is_root())
		clock_publish();
	else
		clock_follow();
}

ssize_t adeos_clock_show(char *buf)
{
	s64 offset = 0;
	int err;

	err = adeos_is_root() ? 0 : clock_offset(&offset);
	return err ?: sysfs_emit(buf, "%lld\n", offset);
}
