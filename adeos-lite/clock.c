// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wall-clock time. All CPUs of the machine have one TSC: root publishes what time it was
 * at some TSC (root/clock.c), a vnode compares that with its own clock (vnode/clock.c).
 */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>

#include "adeos.h"

/* A reading that took longer was disturbed. */
#define CLOCK_READ_NS	20000

u64 adeos_tsc_to_ns(u64 cycles)
{
	return mul_u64_u32_div(cycles, NSEC_PER_MSEC, tsc_khz);
}

/* Our clock, and the TSC at the same moment. Return: false if it was disturbed. */
bool adeos_clock_read(struct adeos_reading *now)
{
	unsigned long flags;
	u64 before, after;

	local_irq_save(flags);
	before = rdtsc_ordered();
	now->real_ns = ktime_get_real_ns();
	after = rdtsc_ordered();
	local_irq_restore(flags);
	now->tsc = before + (after - before) / 2;
	return adeos_tsc_to_ns(after - before) < CLOCK_READ_NS;
}
