// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's free pages. Their former contents, the initrd and all that was unpacked
 * once, are of no use, and often as large as the memory in use.
 *
 * The page allocator marks the first page of each free block, and writes the block's
 * order there (mm/page_alloc.c, set_buddy_order()). VMCOREINFO tells where. makedumpfile
 * finds free pages in the same way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"

/* SECTIONS_PER_ROOT sections fill a page (include/linux/mmzone.h). */
#define ROOT_BYTES	4096
/* Flags in section_mem_map, SECTION_MAP_MASK; the map itself is page-aligned. */
#define MEM_MAP_FLAGS	4095ULL
/* Bytes of struct pages in one read */
#define READ_BYTES	65536

static bool fits(uint64_t at, uint64_t len, uint64_t size)
{
	return at <= size && len <= size - at;
}

static bool describes_pages(const struct vnode_vmcoreinfo_pages *pages)
{
	return pages->mem_section && pages->buddy && pages->section_bits >= 20 &&
	       pages->section_bits < 48 && pages->nr_orders && pages->nr_orders <= 20 &&
	       pages->section_size <= ROOT_BYTES && pages->page_size <= 4096 &&
	       fits(pages->section_mem_map, 8, pages->section_size) &&
	       fits(pages->page_mapcount, 4, pages->page_size) &&
	       fits(pages->page_private, 8, pages->page_size);
}

/* The virtual address that the struct page of pfn 0 would have in this section */
static int read_mem_map(struct vnode_dump_map *map, uint64_t section, uint64_t *va)
{
	const struct vnode_vmcoreinfo_pages *pages = &map->info.pages;
	uint64_t per_root = ROOT_BYTES / pages->section_size;
	uint64_t root;
	int err;

	err = vnode_vmap_read(&map->info.map, pages->mem_section + section / per_root * 8, &root,
			      sizeof(root));
	if (err)
		return err;
	err = vnode_vmap_read(&map->info.map, root + section % per_root * pages->section_size +
			      pages->section_mem_map, va, sizeof(*va));
	*va &= ~MEM_MAP_FLAGS;
	return err;
}

static void mark_block(struct vnode_dump_map *map, uint64_t pfn, const uint8_t *page)
{
	const struct vnode_vmcoreinfo_pages *pages = &map->info.pages;
	uint64_t order, i, first = map->memory->base / VNODE_DUMP_PAGE;
	uint32_t mapcount;

	memcpy(&mapcount, page + pages->page_mapcount, sizeof(mapcount));
	memcpy(&order, page + pages->page_private, sizeof(order));
	if (mapcount != (uint32_t)pages->buddy || order >= pages->nr_orders ||
	    pfn & ((1ULL << order) - 1))
		return;
	for (i = pfn - first; i < pfn - first + (1ULL << order); i++)
		if (i < map->memory->size / VNODE_DUMP_PAGE)
			map->free[i / 8] |= 1 << i % 8;
}

static void mark_section(struct vnode_dump_map *map, uint64_t pfn, uint64_t end, uint8_t *buf)
{
	const struct vnode_vmcoreinfo_pages *pages = &map->info.pages;
	uint64_t va, i, nr, shift = pages->section_bits - 12;

	if (read_mem_map(map, pfn >> shift, &va))
		return;
	for (; pfn < end; pfn += nr) {
		nr = READ_BYTES / pages->page_size;
		if (nr > end - pfn)
			nr = end - pfn;
		if (vnode_vmap_read(&map->info.map, va + pfn * pages->page_size, buf,
				    nr * pages->page_size))
			continue;
		for (i = 0; i < nr; i++)
			mark_block(map, pfn + i, buf + i * pages->page_size);
	}
}

int vnode_dump_find_free(struct vnode_dump_map *map, struct vnode_err *err)
{
	uint64_t nr = map->memory->size / VNODE_DUMP_PAGE;
	uint64_t pfn = map->memory->base / VNODE_DUMP_PAGE;
	uint64_t end = pfn + nr, next;
	uint8_t *buf;

	vnode_dump_forget_free(map);
	if (!map->has_info || !describes_pages(&map->info.pages))
		return 0;
	map->free = calloc(1, nr / 8 + 1);
	buf = malloc(READ_BYTES);
	if (!map->free || !buf) {
		free(buf);
		return vnode_err(err, ENOMEM, "no memory for the list of free pages");
	}
	for (; pfn < end; pfn = next) {
		next = ((pfn >> (map->info.pages.section_bits - 12)) + 1) <<
		       (map->info.pages.section_bits - 12);
		if (next > end)
			next = end;
		mark_section(map, pfn, next, buf);
	}
	free(buf);
	return 0;
}

void vnode_dump_forget_free(struct vnode_dump_map *map)
{
	free(map->free);
	map->free = NULL;
}
