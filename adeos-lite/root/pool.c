// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that root was booted without (memmap=SIZE$ADDRESS) and that the module
 * parameter "reserved" hands to us: lent first, never Linux's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "root.h"

static char *reserved = "";
module_param(reserved, charp, 0444);
MODULE_PARM_DESC(reserved,
		 "SIZE@ADDRESS of memory kept from Linux at boot (memmap=SIZE$ADDRESS), lent first");

/* protects pool.used */
static DEFINE_MUTEX(pool_lock);
static struct {
	phys_addr_t pa;
	unsigned long units;
	unsigned long *used;
} pool;

static int pool_parse(const char *text, u64 *size, u64 *pa)
{
	char *end;

	*size = memparse(text, &end);
	if (*end != '@')
		return -EINVAL;
	*pa = memparse(end + 1, &end);
	if (*end || !*size || !IS_ALIGNED(*size | *pa, ADEOS_UNIT) || *pa + *size < *pa)
		return -EINVAL;
	return 0;
}

static int pool_init(void)
{
	u64 size, pa;

	if (!*reserved)
		return 0;
	if (pool_parse(reserved, &size, &pa)) {
		pr_err("reserved=%s: want SIZE@ADDRESS, both multiples of 2M\n", reserved);
		return -EINVAL;
	}
	if (region_intersects(pa, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("reserved=%s: Linux uses that memory; boot root with memmap=SIZE$ADDRESS\n",
		       reserved);
		return -EBUSY;
	}

	pool.used = bitmap_zalloc(size / ADEOS_UNIT, GFP_KERNEL);
	if (!pool.used)
		return -ENOMEM;
	pool.pa = pa;
	pool.units = size / ADEOS_UNIT;
	pr_info("%llu MiB reserved at boot can be lent\n", size >> 20);
	return 0;
}

static void pool_exit(void)
{
	bitmap_free(pool.used);
	pool.used = NULL;
	pool.units = 0;
}

/* Returns 0 if there is no such piece. Address 0 is never in the pool. */
phys_addr_t adeos_pool_get(u64 size, u64 min, u64 max)
{
	unsigned long units = size / ADEOS_UNIT;
	unsigned long first, last, unit;
	phys_addr_t end = pool.pa + pool.units * ADEOS_UNIT;

	if (!pool.units || min >= end || max < pool.pa)
		return 0;
	first = min > pool.pa ? DIV_ROUND_UP(min - pool.pa, ADEOS_UNIT) : 0;
	last = max < end - 1 ? (max + 1 - pool.pa) / ADEOS_UNIT : pool.units;

	mutex_lock(&pool_lock);
	unit = bitmap_find_next_zero_area(pool.used, last, first, units, 0);
	if (unit < last)
		bitmap_set(pool.used, unit, units);
	mutex_unlock(&pool_lock);
	return unit < last ? pool.pa + unit * ADEOS_UNIT : 0;
}

void adeos_pool_put(phys_addr_t pa, u64 size)
{
	mutex_lock(&pool_lock);
	bitmap_clear(pool.used, (pa - pool.pa) / ADEOS_UNIT, size / ADEOS_UNIT);
	mutex_unlock(&pool_lock);
}

const struct adeos_part adeos_pool_part = {
	.init = pool_init,
	.exit = pool_exit,
};
