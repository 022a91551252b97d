/* SPDX-License-Identifier: GPL-2.0-only */
/* The clocks: seconds, and the TSC cycles in which phases are measured. */
#ifndef KEXEC_VNODE_CLOCK_H
#define KEXEC_VNODE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Seconds */
static inline double vnode_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static inline double vnode_now(void)
{
	return vnode_clock(CLOCK_MONOTONIC);
}

/* TSC cycles */
static inline uint64_t vnode_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#endif /* KEXEC_VNODE_CLOCK_H */
