// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: physically contiguous memory that root lends.
 *
 * A region has two parts, one after the other; either may be empty:
 *
 *	main	whole memory blocks, hot-removed from Linux: they leave its direct
 *		map, a stray write in root cannot hit them. Or a piece of the pool
 *		that root was booted without.
 *	tail	less than a memory block, allocated from the page allocator and so
 *		still in the direct map.
 *
 * Memory is zero when it is lent, and when Linux gets it back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timer.h>

#include "root.h"

/* Root keeps this much of what it could still allocate. */
#define ROOT_KEEPS	(64ULL << 20)
/* How many ranges are tried before the answer is that there is none. */
#define REGION_TRIES	16
/* Tenths of a second that Linux gets to find memory for the map of a block. */
#define ADD_TRIES	100

/* Moving pages ends with a signal, but has no other bound in Linux. */
#define OFFLINE_TIMEOUT	(10 * HZ)
#define TAKE_TIMEOUT	(60 * HZ)

/*
 * One task at a time asks Linux for memory or returns it: two that want the same pages
 * may wait for each other without end, and adeos_ram_prepare() looks at entries of
 * /proc/iomem that hot-plug frees.
 */
static DEFINE_MUTEX(ram_lock);

static int main_map(struct adeos_region *region)
{
	if (!region->main_size)
		return 0;
	if (!request_mem_region(region->pa, region->main_size, "vnode"))
		return -EBUSY;
	region->main_va = memremap(region->pa, region->main_size, MEMREMAP_WB);
	if (!region->main_va) {
		release_mem_region(region->pa, region->main_size);
		return -ENOMEM;
	}
	return 0;
}

static void main_unmap(struct adeos_region *region)
{
	if (!region->main_va)
		return;
	memunmap(region->main_va);
	release_mem_region(region->pa, region->main_size);
	region->main_va = NULL;
}

/*
 * Linux needs a little memory to describe what it gets. If it has none left, it may
 * have some in a moment, and has some once one block is back.
 */
static int main_add(int nid, u64 pa, u64 size, int tries)
{
	int err;

	for (; tries; tries--) {
		err = add_memory(nid, pa, size, MHP_MERGE_RESOURCE);
		if (err != -ENOMEM)
			return err;
		msleep(100);
	}
	return -ENOMEM;
}

static void main_give_back(struct adeos_region *region)
{
	u64 block = memory_block_size_bytes();
	u64 offset;
	int err;

	if (!region->main_size)
		return;
	err = main_add(region->nid, region->pa, region->main_size, 1);
	for (offset = 0; err == -ENOMEM && offset < region->main_size; offset += block)
		if (main_add(region->nid, region->pa + offset, block, ADD_TRIES))
			pr_err("cannot return the memory block at %#llx to Linux\n",
			       region->pa + offset);
	if (err && err != -ENOMEM)
		pr_err("cannot return %#llx bytes at %pa to Linux: %d\n",
		       region->main_size, &region->pa, err);
	else if (!pfn_to_online_page(PFN_DOWN(region->pa)))
		pr_notice("memory at %pa is back but offline, as auto_online_blocks says\n",
			  &region->pa);
}

/* Ends main_offline() of @task. */
struct patience {
	struct timer_list timer;
	struct task_struct *task;
};

static void patience_ends(struct timer_list *timer)
{
	struct patience *patience = from_timer(patience, timer, timer);

	set_tsk_thread_flag(patience->task, TIF_SIGPENDING);
}

/*
 * offline_pages() in mm/memory_hotplug.c retries without end as long as a page is
 * neither free nor movable, and root can plug neither memory nor CPUs meanwhile. It
 * gives up once a signal is pending, so set TIF_SIGPENDING on timeout.
 *
 * Return: 0, -EBUSY (not in time, or not at all), -EINTR (a real signal).
 */
static int main_offline(struct adeos_region *region)
{
	/* a task's own cannot go away */
	struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, true);
	struct patience patience = { .task = current };
	int err;

	timer_setup_on_stack(&patience.timer, patience_ends, 0);
	mod_timer(&patience.timer, jiffies + OFFLINE_TIMEOUT);
	err = offline_and_remove_memory(region->pa, region->main_size);
	del_timer_sync(&patience.timer);
	destroy_timer_on_stack(&patience.timer);

	spin_lock_irq(&sighand->siglock);
	recalc_sigpending();
	spin_unlock_irq(&sighand->siglock);
	return err == -EINTR && !signal_pending(current) ? -EBUSY : err;
}

static int main_take(struct adeos_region *region)
{
	int err;

	if (!region->main_size)
		return 0;
	err = adeos_ram_prepare(region->pa, region->main_size);
	if (err)
		return err;
	err = main_offline(region);
	if (err)
		return err;
	err = main_map(region);
	if (err)
		main_give_back(region);
	return err;
}

static unsigned long tail_pfn(const struct adeos_region *region)
{
	return PFN_DOWN(region->pa + region->main_size);
}

static unsigned long tail_pages(const struct adeos_region *region)
{
	return (region->size - region->main_size) >> PAGE_SHIFT;
}

static int tail_take(struct adeos_region *region)
{
	if (!tail_pages(region))
		return 0;
	return alloc_contig_range(tail_pfn(region), tail_pfn(region) + tail_pages(region),
				  MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
}

static void tail_give_back(struct adeos_region *region)
{
	if (tail_pages(region))
		free_contig_range(tail_pfn(region), tail_pages(region));
}

static int linux_take(struct adeos_region *region)
{
	int err;

	region->nid = page_to_nid(pfn_to_page(PFN_DOWN(region->pa)));
	/* The tail first: it is the quicker one to give back. */
	err = tail_take(region);
	if (err)
		return err;
	err = main_take(region);
	if (err)
		tail_give_back(region);
	return err;
}

static int linux_search(struct adeos_region *region, struct adeos_scan *scan, u64 align)
{
	unsigned long end = jiffies + TAKE_TIMEOUT;
	int tries, err;

	for (tries = 0; tries < REGION_TRIES && time_before(jiffies, end); tries++) {
		region->pa = adeos_scan_best(scan, region->size, align);
		if (!region->pa)
			return -ENOMEM;
		err = linux_take(region);
		if (!err)
			return 0;
		if (signal_pending(current) || err == -EINTR)
			return -EINTR;
		adeos_scan_reject(scan, region->pa);
	}
	return -ENOMEM;
}

static int linux_create(struct adeos_region *region, u64 min, u64 max, bool paged)
{
	u64 block = memory_block_size_bytes();
	struct adeos_scan *scan;
	int err;

	if (adeos_memory_available() < region->size)
		return -ENOMEM;
	if (mutex_lock_interruptible(&ram_lock))
		return -EINTR;
	scan = adeos_scan_create(min, max);
	if (IS_ERR(scan)) {
		err = PTR_ERR(scan);
		goto out;
	}

	region->kind = ADEOS_REGION_LINUX;
	region->main_size = paged ? 0 : round_down(region->size, block);
	err = region->main_size ? linux_search(region, scan, block) : -ENOMEM;
	if (err == -ENOMEM) {
		region->main_size = 0;
		err = linux_search(region, scan, ADEOS_UNIT);
	}
	adeos_scan_destroy(scan);
out:
	mutex_unlock(&ram_lock);
	return err;
}

static int pool_create(struct adeos_region *region, u64 min, u64 max)
{
	int err;

	region->pa = adeos_pool_get(region->size, min, max);
	if (!region->pa)
		return -ENOMEM;
	region->kind = ADEOS_REGION_POOL;
	region->main_size = region->size;
	err = main_map(region);
	if (err)
		adeos_pool_put(region->pa, region->size);
	return err;
}

static void region_give_back(struct adeos_region *region)
{
	main_unmap(region);
	if (region->kind == ADEOS_REGION_POOL) {
		adeos_pool_put(region->pa, region->size);
		return;
	}
	mutex_lock(&ram_lock);
	main_give_back(region);
	tail_give_back(region);
	mutex_unlock(&ram_lock);
}

/**
 * adeos_region_create - take contiguous memory from Linux
 * @size: bytes, a multiple of 2 MiB
 * @min: lowest address wanted
 * @max: highest address wanted, inclusive
 * @paged: it is to stay Linux's: all tail, each page has its struct page, and is in the
 *	direct map
 *
 * Context: process context, may sleep for seconds while pages move.
 * Return: the region, its content undefined, or ERR_PTR: -ENOMEM (root has not
 * that much to give there), -EINTR (a signal came), -EINVAL.
 */
struct adeos_region *adeos_region_create(u64 size, u64 min, u64 max, bool paged)
{
	struct adeos_region *region;
	int err;

	if (!size || !IS_ALIGNED(size, ADEOS_UNIT) || min > max)
		return ERR_PTR(-EINVAL);
	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return ERR_PTR(-ENOMEM);

	region->size = size;
	err = paged ? -ENOMEM : pool_create(region, min, max);
	if (err)
		err = linux_create(region, min, max, paged);
	if (err) {
		kfree(region);
		return ERR_PTR(err);
	}
	return region;
}
EXPORT_SYMBOL_GPL(adeos_region_create);

/**
 * adeos_region_destroy - scrub a region and give it back to Linux
 * @region: the region, or NULL; no CPU runs in it any more
 *
 * Context: process context that is not being killed (a worker), so that the
 * scrub is complete.
 */
void adeos_region_destroy(struct adeos_region *region)
{
	if (IS_ERR_OR_NULL(region))
		return;
	if (WARN_ON(adeos_region_zero(region, 0, region->size)))
		return;
	region_give_back(region);
	kfree(region);
}
EXPORT_SYMBOL_GPL(adeos_region_destroy);

/**
 * adeos_memory_available - how much memory Linux could give at this moment
 *
 * Return: bytes; an estimate.
 */
u64 adeos_memory_available(void)
{
	u64 available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;

	return available > ROOT_KEEPS ? available - ROOT_KEEPS : 0;
}
EXPORT_SYMBOL_GPL(adeos_memory_available);
