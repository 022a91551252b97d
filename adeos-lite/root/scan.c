// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds memory that Linux could part with. Before anything is asked of the page
 * allocator, look at the struct pages: an attempt on memory with unmovable pages fails
 * late and writes warnings into root's log. The answer may be out of date at once; the
 * caller that fails to take the memory rejects it (adeos_scan_reject()).
 *
 * Physical memory is seen in units of 2 MiB. Each has a price: the number of
 * pages in use that would have to move, or UNIT_BAD.
 */
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "root.h"

#define UNIT_PAGES	(ADEOS_UNIT / PAGE_SIZE)
#define UNIT_ORDER	9UL
#define UNIT_BAD	0xffff

struct adeos_scan {
	u64 min, max;			/* units, max is exclusive */
	u64 first, units;		/* the units that price[] covers */
	u16 *price;
};

/* The same questions as has_unmovable_pages() in mm/page_isolation.c. */
static bool page_can_move(struct page *page)
{
	if (PageReserved(page) || PageHWPoison(page))
		return false;
	return PageLRU(page) || __PageMovable(page) || PageHuge(page);
}

static u16 unit_price(u64 unit)
{
	unsigned long pfn = unit * UNIT_PAGES;
	unsigned long end = pfn + UNIT_PAGES;
	u16 price = 0;

	while (pfn < end) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || PageReserved(page))
			return UNIT_BAD;
		if (PageCompound(page))
			page = compound_head(page);
		if (!page_ref_count(page)) {
			unsigned long order = READ_ONCE(page_private(page));

			/* free: in the buddy lists, or on its way there */
			pfn += PageBuddy(page) ? 1UL << min(order, UNIT_ORDER) : 1;
			continue;
		}
		if (!page_can_move(page))
			return UNIT_BAD;
		price++;
		pfn++;
	}
	return price;
}

static bool unit_is_neighbour(u64 unit)
{
	struct page *a = pfn_to_online_page(unit * UNIT_PAGES - 1);
	struct page *b = pfn_to_online_page(unit * UNIT_PAGES);

	return a && b && page_zone(a) == page_zone(b);
}

static int scan_extent(struct resource *res, void *arg)
{
	struct adeos_scan *scan = arg;
	u64 first = DIV_ROUND_UP(res->start, ADEOS_UNIT);
	u64 end = (res->end + 1) / ADEOS_UNIT;

	scan->first = min(scan->first, max(first, scan->min));
	scan->units = max(scan->units, min(end, scan->max));
	return 0;
}

/**
 * adeos_scan_create - price root's memory
 * @min: lowest address of interest
 * @max: highest address of interest
 *
 * Return: a scan for adeos_scan_best(), or ERR_PTR(-ENOMEM).
 */
struct adeos_scan *adeos_scan_create(u64 min, u64 max)
{
	struct adeos_scan *scan;
	u64 unit;

	scan = kzalloc(sizeof(*scan), GFP_KERNEL);
	if (!scan)
		return ERR_PTR(-ENOMEM);
	scan->min = min / ADEOS_UNIT + !IS_ALIGNED(min, ADEOS_UNIT);
	scan->max = (max == U64_MAX ? max : max + 1) / ADEOS_UNIT;
	scan->first = U64_MAX;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, U64_MAX,
			    scan, scan_extent);
	scan->units = scan->units > scan->first ? scan->units - scan->first : 0;
	scan->price = kvmalloc_array(scan->units + 1, sizeof(*scan->price), GFP_KERNEL);
	if (!scan->price) {
		kfree(scan);
		return ERR_PTR(-ENOMEM);
	}
	for (unit = 0; unit < scan->units; unit++) {
		scan->price[unit] = unit_price(scan->first + unit);
		cond_resched();
	}
	return scan;
}

void adeos_scan_destroy(struct adeos_scan *scan)
{
	kvfree(scan->price);
	kfree(scan);
}

/**
 * adeos_scan_best - the cheapest range, the highest of equals
 * @scan: the prices
 * @size: bytes, a multiple of ADEOS_UNIT
 * @align: bytes, a multiple of ADEOS_UNIT
 *
 * Return: its physical address, 0 if there is none.
 */
phys_addr_t adeos_scan_best(struct adeos_scan *scan, u64 size, u64 align)
{
	u64 need = size / ADEOS_UNIT, run = 0, price = 0, best_price = U64_MAX;
	phys_addr_t best = 0;
	u64 unit;

	for (unit = 0; unit < scan->units; unit++) {
		if (scan->price[unit] == UNIT_BAD) {
			run = 0;
			price = 0;
			continue;
		}
		if (run && !unit_is_neighbour(scan->first + unit)) {
			run = 0;
			price = 0;
		}
		price += scan->price[unit];
		if (run == need)
			price -= scan->price[unit - need];
		else
			run++;
		if (run == need && price <= best_price &&
		    IS_ALIGNED((scan->first + unit + 1 - need) * ADEOS_UNIT, align)) {
			best = (scan->first + unit + 1 - need) * ADEOS_UNIT;
			best_price = price;
		}
	}
	return best;
}

/**
 * adeos_scan_reject - never offer a range again that begins here
 * @scan: the prices
 * @pa: what adeos_scan_best() returned
 */
void adeos_scan_reject(struct adeos_scan *scan, phys_addr_t pa)
{
	scan->price[pa / ADEOS_UNIT - scan->first] = UNIT_BAD;
}
