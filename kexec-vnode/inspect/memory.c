// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a vnode as log reads it: by physical address, by virtual
 * address of its kernel, and from one end to the other.
 */
#include <errno.h>
#include <stdlib.h>

#include "log.h"

#define SCAN_PART	(1UL << 20)

/* Intel SDM volume 3A, section 4.5: entries of 4-level and 5-level paging */
#define PTE_PRESENT	(1ULL << 0)
#define PTE_LARGE	(1ULL << 7)
#define PTE_ADDRESS	0x000ffffffffff000ULL

int vnode_log_read_pa(const struct vnode_memory *memory, uint64_t pa, void *buf, size_t len)
{
	uint64_t offset = pa - memory->base;

	if (pa < memory->base || offset > memory->size || len > memory->size - offset)
		return -EFAULT;
	return memory->read(memory->context, offset, buf, len);
}

/* Fills in map->page_*. At most one read a level. */
static int walk(struct vnode_log_map *map, uint64_t va)
{
	uint64_t table_pa = map->top_pa;
	unsigned int level;

	for (level = map->levels; level >= 1; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		uint64_t entry, size = 1ULL << shift;
		int err;

		err = vnode_log_read_pa(map->memory, table_pa + (va >> shift) % 512 * 8, &entry,
					sizeof(entry));
		if (err)
			return err;
		if (!(entry & PTE_PRESENT))
			return -EFAULT;
		table_pa = entry & ~map->sme_mask & PTE_ADDRESS;
		/* 4 KiB, 2 MiB and 1 GiB; bit 12 of a large entry is an attribute */
		if (level == 1 || (level <= 3 && (entry & PTE_LARGE))) {
			map->page_va = va & ~(size - 1);
			map->page_pa = table_pa & ~(size - 1);
			map->page_size = size;
			return 0;
		}
	}
	return -EFAULT;
}

/* Physical address of @va, and how many bytes follow it without a break */
static int translate(struct vnode_log_map *map, uint64_t va, uint64_t *pa, uint64_t *rest)
{
	int err;

	if (va >= map->image_start && va <= map->image_last) {
		*pa = va + map->image_delta;
		*rest = map->image_last - va;
		if (*rest != UINT64_MAX)
			++*rest;
		return 0;
	}
	if (!map->page_size || va - map->page_va >= map->page_size) {
		map->page_size = 0;
		err = walk(map, va);
		if (err)
			return err;
	}
	*pa = map->page_pa + (va - map->page_va);
	*rest = map->page_size - (va - map->page_va);
	return 0;
}

int vnode_log_read_va(struct vnode_log_map *map, uint64_t va, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		uint64_t pa, rest;
		size_t part;
		int err;

		err = translate(map, va, &pa, &rest);
		if (err)
			return err;
		part = rest < len ? rest : len;
		err = vnode_log_read_pa(map->memory, pa, to, part);
		if (err)
			return err;
		to += part;
		va += part;
		len -= part;
	}
	return 0;
}

int vnode_log_scan(const struct vnode_memory *memory, vnode_log_visit_t visit, void *context)
{
	uint64_t offset, left;
	uint8_t *chunk;
	int res = 0;

	chunk = malloc(SCAN_PART + VNODE_LOG_SCAN_TAIL);
	if (!chunk)
		return -ENOMEM;
	for (offset = 0; offset < memory->size; offset += SCAN_PART) {
		size_t len = SCAN_PART + VNODE_LOG_SCAN_TAIL;

		left = memory->size - offset;
		if (len > left)
			len = left;
		res = memory->read(memory->context, offset, chunk, len);
		if (!res)
			res = visit(context, memory->base + offset, chunk,
				    len < SCAN_PART ? len : SCAN_PART, len);
		if (res)
			break;
		if (left <= SCAN_PART)
			break;
	}
	free(chunk);
	return res;
}
