// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which kernel has what memory, for windows. Under the core's lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "root.h"

/* Root's entries leave room for two of each vnode. */
#define ROOT_RAMS	(VNODE_RAMS - 2 * VNODE_SLOTS)

static struct vnode_ram * const rams = root_directory.ram;

static void ram_copy(struct vnode_ram *to, const struct vnode_ram *ram)
{
	WRITE_ONCE(to->size, 0);
	/* pairs with ram_read() in window.c: the size comes last */
	smp_wmb();
	to->pa = ram->pa;
	to->slot = ram->slot;
	/* the same */
	smp_store_release(&to->size, ram->size);
}

static void ram_write(unsigned int i, const struct vnode_ram *ram)
{
	ram_copy(&rams[i], ram);
	ram_copy(adeos_shown(&rams[i]), ram);
}

/* Return: was there room? */
static bool ram_add(u32 slot, u64 pa, u64 size, unsigned int limit)
{
	const struct vnode_ram ram = {
		.pa = cpu_to_le64(pa), .size = cpu_to_le64(size), .slot = cpu_to_le32(slot),
	};
	unsigned int i;

	for (i = 0; i < limit; i++) {
		if (rams[i].size)
			continue;
		ram_write(i, &ram);
		return true;
	}
	return false;
}

static int ram_found(struct resource *res, void *data)
{
	/* Linux allocates nothing in the first MiB */
	u64 start = max_t(u64, PAGE_ALIGN(res->start), SZ_1M);
	u64 end = round_down(res->end + 1, PAGE_SIZE);

	if (start < end && !ram_add(0, start, end - start, ROOT_RAMS))
		pr_notice_once("memory from %#llx on is not shown to vnodes\n", start);
	return 0;
}

/* Root's own memory, before anything but the commons has been taken from Linux. */
void adeos_ram_begin(void)
{
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, U64_MAX,
			    NULL, ram_found);
}

void adeos_ram_return(u32 nr)
{
	const struct vnode_ram none = { };
	unsigned int i;

	for (i = 0; i < VNODE_RAMS; i++)
		if (rams[i].size && le32_to_cpu(rams[i].slot) == nr)
			ram_write(i, &none);
}

/**
 * adeos_ram_lend - say that a slot has a region
 * @nr: of the slot
 * @region: its memory, in two entries, since Linux has a map of its tail
 */
void adeos_ram_lend(u32 nr, const struct adeos_region *region)
{
	u64 tail = region->size - region->main_size;

	adeos_ram_return(nr);
	if (region->main_size)
		ram_add(nr, region->pa, region->main_size, VNODE_RAMS);
	if (tail)
		ram_add(nr, region->pa + region->main_size, tail, VNODE_RAMS);
}
