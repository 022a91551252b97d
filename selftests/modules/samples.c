// SPDX-License-Identifier: GPL-2.0-only
/* Measured durations in TSC cycles, and their statistics. */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "test.h"

#define SAMPLES_MAX	(1U << 20)

int samples_init(struct samples *samples, u32 size)
{
	samples->count = 0;
	samples->size = min(size, SAMPLES_MAX);
	samples->value = kvmalloc_array(max(samples->size, 1U), sizeof(u64), GFP_KERNEL);
	return samples->value ? 0 : -ENOMEM;
}

void samples_free(struct samples *samples)
{
	kvfree(samples->value);
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

static u64 to_ns(u64 cycles)
{
	return mul_u64_u32_div(cycles, 1000000, tsc_khz);
}

/* "WHAT count N min NS median NS p99 NS max NS" */
void samples_say(struct samples *samples, struct answer *out, const char *what)
{
	u64 *value = samples->value;
	u32 n = samples->count;

	if (!n) {
		say(out, "%s count 0\n", what);
		return;
	}
	sort(value, n, sizeof(*value), compare, NULL);
	say(out, "%s count %u min %llu median %llu p99 %llu max %llu\n", what, n, to_ns(value[0]),
	    to_ns(value[n / 2]), to_ns(value[n - 1 - n / 100]), to_ns(value[n - 1]));
}
