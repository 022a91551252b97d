// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode's memory by virtual address of its kernel. The only reader of page tables:
 * the log and gdb look one address up, a dump visits all pages.
 */
#include <errno.h>

#include "memory.h"

/* Intel SDM volume 3A, section 4.5: entries of 4-level and 5-level paging */
#define PTE_PRESENT	(1ULL << 0)
#define PTE_LARGE	(1ULL << 7)
#define PTE_ADDRESS	0x000ffffffffff000ULL
#define TABLE_ENTRIES	512

/* A kernel that maps 64 GiB in pages of 4 KiB has half as many tables. */
#define TABLES_MAX	65536

struct walk {
	const struct vnode_vmap *map;
	uint64_t first;			/* virtual addresses */
	uint64_t last;
	vnode_page_visit_t visit;
	void *context;
	unsigned int tables;		/* read so far */
};

/* @va: what the table's first entry maps. An unreadable table maps nothing. */
static int walk_table(struct walk *walk, uint64_t table_pa, unsigned int level, uint64_t va)
{
	const struct vnode_vmap *map = walk->map;
	unsigned int shift = 12 + 9 * (level - 1);
	uint64_t i = walk->first > va ? (walk->first - va) >> shift : 0;
	uint64_t last = (walk->last - va) >> shift;
	uint64_t entry[TABLE_ENTRIES], pa, before = 0;
	int res = 0;

	if (last >= TABLE_ENTRIES)
		last = TABLE_ENTRIES - 1;
	/* count on: the caller compares with TABLES_MAX */
	if (walk->tables++ >= TABLES_MAX ||
	    vnode_memory_read(map->memory, table_pa + i * sizeof(*entry), &entry[i],
			      (last - i + 1) * sizeof(*entry)))
		return 0;
	for (; i <= last && !res; i++) {
		uint64_t at = va + (i << shift);

		if (!(entry[i] & PTE_PRESENT))
			continue;
		pa = entry[i] & ~map->sme_mask & PTE_ADDRESS;
		/* bit 12 of a large entry is an attribute */
		if (level == 1 || (level <= 3 && (entry[i] & PTE_LARGE)))
			res = walk->visit(walk->context, at, pa & -(1ULL << shift), 1ULL << shift);
		else if (pa != before)
			res = walk_table(walk, pa, level - 1, at);
		/* espfix_64.c has one table in thousands of entries: visit it once */
		before = pa;
	}
	return res;
}

int vnode_walk(const struct vnode_vmap *map, uint64_t first, uint64_t last,
	       vnode_page_visit_t visit, void *context)
{
	struct walk walk = {
		.map = map, .first = first, .last = last, .visit = visit, .context = context,
	};
	int res;

	/* the lower half belongs to programs; in between are addresses no CPU takes */
	if (!map->levels || first < vnode_vmap_start(map))
		return 0;
	/* addresses are sign-extended: the table begins as far below as it ends above */
	res = walk_table(&walk, map->top_pa, map->levels, 2 * vnode_vmap_start(map));
	return res || walk.tables <= TABLES_MAX ? res : -E2BIG;
}

static int keep_page(void *context, uint64_t va, uint64_t pa, uint64_t size)
{
	struct vnode_vmap *map = context;

	map->page_va = va;
	map->page_pa = pa;
	map->page_size = size;
	return 1;
}

/* The physical address of @va, and how many bytes follow it without a break */
static int translate(struct vnode_vmap *map, uint64_t va, uint64_t *pa, uint64_t *rest)
{
	if (va >= map->image_start && va <= map->image_last) {
		*pa = va + map->image_delta;
		*rest = map->image_last - va;
		if (*rest != UINT64_MAX)
			++*rest;
		return 0;
	}
	if (!map->page_size || va - map->page_va >= map->page_size) {
		map->page_size = 0;
		if (!vnode_walk(map, va, va, keep_page, map))
			return -EFAULT;
	}
	*pa = map->page_pa + (va - map->page_va);
	*rest = map->page_size - (va - map->page_va);
	return 0;
}

int vnode_vmap_read(struct vnode_vmap *map, uint64_t va, void *buf, size_t len)
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
		err = vnode_memory_read(map->memory, pa, to, part);
		if (err)
			return err;
		to += part;
		va += part;
		len -= part;
	}
	return 0;
}
