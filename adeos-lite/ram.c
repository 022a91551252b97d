// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quirk of hot-remove. When memory is removed from the middle of a "System RAM"
 * entry of /proc/iomem, release_mem_region_adjustable() in kernel/resource.c
 * splits the entry and assumes that whatever is nested in it (the kernel's own
 * image, a crash kernel's memory) stays in the lower half. With address
 * randomisation the image is as often in the upper one; then the kernel warns,
 * keeps the entry whole, and the memory can never be added again.
 *
 * So the entry is split beforehand: it keeps its upper part with all that is
 * nested there, and a new entry takes over the lower part with the memory that is
 * to go.
 */
#include <linux/ioport.h>
#include <linux/slab.h>

#include "adeos.h"

static int ram_first(struct resource *res, void *arg)
{
	*(struct resource *)arg = *res;
	return 1;
}

/*
 * The System RAM entry around @start, and if anything is nested in it above @end.
 * No function tells, but a new entry adopts what lies inside.
 */
static struct resource *ram_entry(u64 start, u64 end, bool *nested_above)
{
	struct resource probe = { .name = "vnode", .flags = IORESOURCE_MEM };
	struct resource found = {};
	struct resource *ram;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
			    start, U64_MAX, &found, ram_first);
	if (found.start != start || found.end < end)
		return NULL;
	probe.start = min(end + 1, found.end);
	probe.end = found.end;
	if (insert_resource(&iomem_resource, &probe))
		return NULL;
	ram = probe.parent;
	*nested_above = probe.child && end < found.end;
	remove_resource(&probe);
	return ram == &iomem_resource ? NULL : ram;
}

/**
 * adeos_ram_prepare - make sure that memory can leave the resource tree
 * @start: physical address of memory that is about to be hot-removed
 * @size: bytes
 *
 * Return: 0, or -EBUSY: it cannot be removed without harm.
 */
int adeos_ram_prepare(u64 start, u64 size)
{
	u64 end = start + size - 1;
	struct resource *ram, *lower;
	bool nested_above;
	u64 ram_start;
	int err;

	ram = ram_entry(start, end, &nested_above);
	if (!ram)
		return -EBUSY;
	if (ram->start == start || !nested_above)
		return 0;

	lower = kzalloc(sizeof(*lower), GFP_KERNEL);
	if (!lower)
		return -ENOMEM;
	ram_start = ram->start;
	lower->name = ram->name;
	lower->start = ram_start;
	lower->end = end;
	lower->flags = ram->flags;
	lower->desc = ram->desc;

	/* refuses if something is nested below as well */
	err = adjust_resource(ram, end + 1, ram->end - end);
	if (err)
		goto err_free;
	err = insert_resource(&iomem_resource, lower);
	if (err)
		goto err_adjust;
	return 0;

err_adjust:
	WARN_ON(adjust_resource(ram, ram_start, ram->end - ram_start + 1));
err_free:
	kfree(lower);
	return -EBUSY;
}
