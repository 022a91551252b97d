// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two quirks of hot-remove. When memory is removed from the middle of a "System RAM"
 * entry of /proc/iomem, release_mem_region_adjustable() in kernel/resource.c
 * splits the entry and assumes that whatever is nested in it (the kernel's own
 * image, a crash kernel's memory) stays in the lower half. With address
 * randomisation the image is as often in the upper one; then the kernel warns,
 * keeps the entry whole, and the memory can never be added again.
 *
 * So the entry is split beforehand: what is nested keeps the old entry, and the
 * rest with the memory that is to go gets a new one. The new one is marked
 * mergeable, so that pieces that come back (MHP_MERGE_RESOURCE) become one again
 * and the map does not crumble.
 *
 * And when a part of a page of 1 GiB is to leave the direct map, remove_pud_table()
 * in arch/x86/mm/init_64.c takes the first bytes of that memory for a page table: if
 * they are zero, the whole GiB is unmapped, and root dies of the next page it clears
 * there. So the page is split beforehand. A change of the memory type of a part
 * splits it; that part has to be allocated to us for the moment.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/set_memory.h>

#include "root.h"

/* ---- the resource tree ---- */

/*
 * Is something nested in the System RAM entry between @start and @end? No function
 * tells, but a new entry adopts what lies inside it. *ram is the entry itself.
 */
static int ram_probe(u64 start, u64 end, bool *nested, struct resource **ram)
{
	struct resource probe = {
		.name = "vnode", .start = start, .end = end, .flags = IORESOURCE_MEM,
	};
	int err;

	*nested = false;
	if (start > end)
		return 0;
	err = insert_resource(&iomem_resource, &probe);
	if (err)
		return err;
	*ram = probe.parent;
	*nested = probe.child;
	remove_resource(&probe);
	return *ram == &iomem_resource ? -ENXIO : 0;
}

/* A new entry for [start, end], one side of @ram, which keeps the other. */
static int ram_carve(struct resource *ram, u64 start, u64 end)
{
	u64 ram_start = ram->start, ram_end = ram->end;
	struct resource *piece;
	int err;

	piece = kzalloc(sizeof(*piece), GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	piece->name = ram->name;
	piece->start = start;
	piece->end = end;
	piece->flags = ram->flags | IORESOURCE_SYSRAM_MERGEABLE;
	piece->desc = ram->desc;

	/* refuses if something is nested there */
	if (start == ram_start)
		err = adjust_resource(ram, end + 1, ram_end - end);
	else
		err = adjust_resource(ram, ram_start, start - ram_start);
	if (err)
		goto err_free;
	err = insert_resource(&iomem_resource, piece);
	if (err)
		goto err_adjust;
	return 0;

err_adjust:
	WARN_ON(adjust_resource(ram, ram_start, ram_end - ram_start + 1));
err_free:
	kfree(piece);
	return err;
}

static int ram_first(struct resource *res, void *arg)
{
	*(struct resource *)arg = *res;
	return 1;
}

static int tree_prepare(u64 start, u64 size)
{
	u64 end = start + size - 1;
	bool inside, below, above;
	struct resource found = {};
	struct resource *ram;
	int err;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
			    start, U64_MAX, &found, ram_first);
	if (found.start != start || found.end < end)
		return -EBUSY;		/* it lies in two entries */

	if (found.flags & IORESOURCE_SYSRAM_MERGEABLE)
		return 0;		/* made here: nothing is nested */
	err = ram_probe(start + 1, end, &inside, &ram) ?:
	      ram_probe(end + 1, found.end, &above, &ram) ?:
	      ram_probe(ram->start + (ram->start == start), start - 1, &below, &ram);
	if (err)
		return err;
	if (inside || (above && below))
		return -EBUSY;
	if (above)
		return ram_carve(ram, ram->start, end);
	if (below)
		return ram_carve(ram, start, ram->end);
	ram->flags |= IORESOURCE_SYSRAM_MERGEABLE;
	return 0;
}

/* ---- the direct map ---- */

static bool map_is_coarse(u64 pa)
{
	unsigned int level;

	return lookup_address((unsigned long)__va(pa), &level) && level == PG_LEVEL_1G;
}

/* 2 MiB are taken from Linux, are uncached for a moment, and go back. */
static int map_split(u64 pa)
{
	unsigned long va = (unsigned long)__va(pa);
	unsigned long first = PFN_DOWN(pa), nr = ADEOS_UNIT >> PAGE_SHIFT;
	int err;

	err = alloc_contig_range(first, first + nr, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
	if (err)
		return err;
	err = set_memory_uc(va, nr);
	if (!err && set_memory_wb(va, nr)) {
		pr_err("2 MiB at %#llx stay uncached, and are not used any more\n", pa);
		return -EIO;
	}
	free_contig_range(first, nr);
	return err ?: map_is_coarse(pa) ? -EBUSY : 0;
}

static int map_prepare(u64 start, u64 end)
{
	u64 pa;
	int err = 0;

	for (pa = start; pa < end && !err; pa = ALIGN(pa + 1, SZ_1G))
		if (map_is_coarse(pa))
			err = map_split(pa);
	return err;
}

/**
 * adeos_ram_prepare - make sure that memory can leave Linux without harm
 * @start: physical address of memory that is about to be hot-removed
 * @size: bytes
 *
 * Return: 0, or a negative errno: it cannot be removed without harm.
 */
int adeos_ram_prepare(u64 start, u64 size)
{
	return map_prepare(start, start + size) ?: tree_prepare(start, size);
}
