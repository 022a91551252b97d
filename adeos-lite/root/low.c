// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory below 640 KiB. An application processor starts in real mode at a page
 * below 1 MiB, so every kernel needs a little of it. Linux reserves the whole
 * first MiB at boot (reserve_real_mode() in arch/x86/realmode/init.c) and uses
 * one piece of it, its own trampoline, which memblock puts at the top of the
 * usable part. What lies below that piece can be lent.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <asm/realmode.h>
#include <asm/segment.h>

#include "root.h"

#define LOW_END		(640 * 1024)
#define LOW_PAGES	(LOW_END / PAGE_SIZE)

/* protects low_used; a set bit is a page that cannot be lent */
static DEFINE_MUTEX(low_lock);
static DECLARE_BITMAP(low_used, LOW_PAGES);

static int low_add_ram(struct resource *res, void *arg)
{
	unsigned long first = PFN_UP(res->start);
	unsigned long end = min_t(unsigned long, PFN_DOWN(res->end + 1), LOW_PAGES);

	/* page 0 has the real-mode interrupt vectors and the BIOS data area */
	first = max(first, 1UL);
	if (first < end)
		bitmap_clear(low_used, first, end - first);
	return 0;
}

/*
 * Linux's trampoline begins with a struct real_mode_header, whose fields are
 * physical addresses inside the piece it begins. No symbol leads there.
 */
static bool low_is_trampoline(unsigned long pfn)
{
	const struct real_mode_header *header = phys_to_virt(PFN_PHYS(pfn));
	u32 start = PFN_PHYS(pfn);
	u32 end = start + 16 * PAGE_SIZE;

	return header->text_start > start && header->text_start < end &&
	       PAGE_ALIGNED(header->text_start) &&
	       header->ro_end > header->text_start && header->ro_end < end &&
	       header->trampoline_start >= header->text_start &&
	       header->trampoline_start < header->ro_end &&
	       header->trampoline_header > start && header->trampoline_header < end &&
	       header->machine_real_restart_seg == __KERNEL32_CS;
}

static int low_init(void)
{
	unsigned long pfn;

	bitmap_fill(low_used, LOW_PAGES);
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
			    0, LOW_END - 1, NULL, low_add_ram);

	for_each_clear_bit(pfn, low_used, LOW_PAGES)
		if (low_is_trampoline(pfn))
			break;
	if (pfn >= LOW_PAGES) {
		pr_err("cannot find Linux's real-mode trampoline: no low memory to lend\n");
		return -ENODEV;
	}
	/* a stale copy of a former kernel's only leaves less to lend */
	bitmap_set(low_used, pfn, LOW_PAGES - pfn);

	pr_info("%lu KiB below 640 KiB can be lent\n",
		(LOW_PAGES - bitmap_weight(low_used, LOW_PAGES)) * PAGE_SIZE / 1024);
	return 0;
}

const struct adeos_part adeos_low_part = {
	.init = low_init,
};

/**
 * adeos_low_get - take zeroed memory below 640 KiB
 * @size: bytes, rounded up to pages
 * @min: lowest address wanted
 * @pa: its physical address
 *
 * Return: its address in root's direct map, or NULL if there is not that much.
 */
void *adeos_low_get(size_t size, phys_addr_t min, phys_addr_t *pa)
{
	unsigned int pages = PFN_UP(size);
	unsigned long pfn;
	void *va;

	mutex_lock(&low_lock);
	pfn = bitmap_find_next_zero_area(low_used, LOW_PAGES, PFN_UP(min), pages, 0);
	if (pfn < LOW_PAGES)
		bitmap_set(low_used, pfn, pages);
	mutex_unlock(&low_lock);
	if (pfn >= LOW_PAGES)
		return NULL;

	*pa = PFN_PHYS(pfn);
	va = phys_to_virt(*pa);
	memset(va, 0, pages * PAGE_SIZE);
	return va;
}
EXPORT_SYMBOL_GPL(adeos_low_get);

/**
 * adeos_low_put - scrub memory below 640 KiB and take it back
 * @va: what adeos_low_get() returned, or NULL
 * @size: as given to it
 */
void adeos_low_put(void *va, size_t size)
{
	unsigned int pages = PFN_UP(size);

	if (!va)
		return;
	memset(va, 0, pages * PAGE_SIZE);
	mutex_lock(&low_lock);
	bitmap_clear(low_used, PFN_DOWN(virt_to_phys(va)), pages);
	mutex_unlock(&low_lock);
}
EXPORT_SYMBOL_GPL(adeos_low_put);
