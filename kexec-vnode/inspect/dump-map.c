// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which virtual addresses a kernel has given to its memory: a debugger knows no
 * others. The image and the direct map are linear; stacks, modules and all else
 * that vmalloc() makes are not, and are known to the page tables alone.
 *
 * The tables may be anything: as many are read as a kernel may have, and no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"

/* Intel SDM volume 3A, section 4.5: entries of 4-level and 5-level paging */
#define PTE_PRESENT	(1ULL << 0)
#define PTE_LARGE	(1ULL << 7)
#define PTE_ADDRESS	0x000ffffffffff000ULL
#define TABLE_ENTRIES	512

/* The direct map begins at a multiple of this, also with KASLR (mm/kaslr.c). */
#define DIRECT_ALIGN	(1ULL << 30)

/* Of 4 KiB; a kernel that maps 64 GiB in small pages has half as many. */
#define TABLES_MAX	65536

struct walk {
	struct vnode_dump_map *map;
	unsigned int tables;		/* read so far */
	unsigned int room;		/* in map->run */
};

static bool inside(uint64_t at, uint64_t start, uint64_t size)
{
	return at - start < size;
}

/* Part of the memory that the image's mapping covers */
static void find_image(struct vnode_dump_map *map)
{
	const struct vnode_log_map *tables = &map->info.map;
	const struct vnode_memory *memory = map->memory;
	/* addresses wrap: phys_base may be negative */
	uint64_t image_pa = tables->image_start + tables->image_delta;
	uint64_t image_size = tables->image_last - tables->image_start + 1;
	uint64_t skip = 0, pa = memory->base;
	uint64_t size = memory->size;

	if (inside(pa, image_pa, image_size)) {
		skip = pa - image_pa;
	} else if (inside(image_pa, pa, size)) {
		size -= image_pa - pa;
		pa = image_pa;
	} else {
		return;
	}
	if (size > image_size - skip)
		size = image_size - skip;
	map->image = (struct vnode_dump_run){ tables->image_start + skip, pa, size };
}

int vnode_dump_find(struct vnode_dump_map *map, const struct vnode_memory *memory,
		    struct vnode_err *err)
{
	int res;

	*map = (struct vnode_dump_map){ .memory = memory };
	/* as vnode_log_print() does: nothing wraps from here on */
	if (memory->size > UINT64_MAX - memory->base)
		return vnode_err(err, EIO, "memory of %#llx bytes at %#llx ends beyond all addresses",
				 (unsigned long long)memory->size,
				 (unsigned long long)memory->base);
	res = vnode_vmcoreinfo_find(memory, NULL, &map->info);
	if (res < 0)
		return vnode_err(err, -res, "cannot read the memory at %#llx: %s",
				 (unsigned long long)memory->base, strerror(-res));
	map->has_info = res > 0;
	if (map->has_info)
		find_image(map);
	return 0;
}

static int add_run(struct walk *walk, uint64_t va, uint64_t pa, uint64_t size)
{
	struct vnode_dump_map *map = walk->map;
	struct vnode_dump_run *last = map->nr_runs ? &map->run[map->nr_runs - 1] : NULL;
	struct vnode_dump_run *grown;

	if (last && last->va + last->size == va && last->pa + last->size == pa) {
		last->size += size;
		return 0;
	}
	if (map->nr_runs == VNODE_DUMP_RUNS_MAX) {
		map->cut = true;
		return 0;
	}
	if (map->nr_runs == walk->room) {
		walk->room = walk->room ? 2 * walk->room : 256;
		grown = realloc(map->run, walk->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		map->run = grown;
	}
	map->run[map->nr_runs++] = (struct vnode_dump_run){ va, pa, size };
	return 0;
}

/* A leaf: what of it is in the memory. Device registers are not. */
static int add_page(struct walk *walk, uint64_t va, uint64_t pa, uint64_t size)
{
	const struct vnode_memory *memory = walk->map->memory;
	uint64_t end = memory->base + memory->size;

	if (pa >= end || size > UINT64_MAX - pa || pa + size <= memory->base)
		return 0;
	if (pa < memory->base) {
		va += memory->base - pa;
		size -= memory->base - pa;
		pa = memory->base;
	}
	if (size > end - pa)
		size = end - pa;
	if (inside(va, walk->map->image.va, walk->map->image.size))
		return 0;
	return add_run(walk, va, pa, size);
}

static int walk_table(struct walk *walk, uint64_t table_pa, unsigned int level, uint64_t va)
{
	const struct vnode_log_map *tables = &walk->map->info.map;
	unsigned int i, shift = 12 + 9 * (level - 1);
	uint64_t entry[TABLE_ENTRIES], pa, before = 0;
	int err = 0;

	if (walk->tables++ >= TABLES_MAX) {
		walk->map->cut = true;
		return 0;
	}
	if (vnode_log_read_pa(tables->memory, table_pa, entry, sizeof(entry)))
		return 0;
	/* the lower half is of programs */
	for (i = level == tables->levels ? TABLE_ENTRIES / 2 : 0; i < TABLE_ENTRIES && !err; i++) {
		uint64_t at = va + ((uint64_t)i << shift);

		if (!(entry[i] & PTE_PRESENT))
			continue;
		pa = entry[i] & ~tables->sme_mask & PTE_ADDRESS;
		if (level == 1 || (level <= 3 && (entry[i] & PTE_LARGE)))
			err = add_page(walk, at, pa & ~((1ULL << shift) - 1), 1ULL << shift);
		else if (pa != before)
			err = walk_table(walk, pa, level - 1, at);
		/* espfix_64.c has one table in thousands of entries */
		before = pa;
	}
	return err;
}

/*
 * The note is in memory that the page allocator gave: the lowest address it has, of
 * those that a direct map can give it, is the one in there.
 */
static void find_direct(struct vnode_dump_map *map)
{
	unsigned int i;

	for (i = 0; i < map->nr_runs && !map->has_direct; i++) {
		const struct vnode_dump_run *run = &map->run[i];

		if (!inside(map->info.pa, run->pa, run->size) ||
		    (run->va - run->pa) % DIRECT_ALIGN)
			continue;
		map->has_direct = true;
		map->direct_va = run->va - run->pa + map->memory->base;
	}
}

/* One header is enough for all of the direct map, whatever of it is mapped. */
static void drop_direct(struct vnode_dump_map *map)
{
	unsigned int i, kept = 0;

	for (i = 0; i < map->nr_runs; i++)
		if (!inside(map->run[i].va, map->direct_va, map->memory->size))
			map->run[kept++] = map->run[i];
	map->nr_runs = kept;
}

int vnode_dump_walk(struct vnode_dump_map *map, struct vnode_err *err)
{
	const struct vnode_log_map *tables = &map->info.map;
	struct walk walk = { .map = map };
	unsigned int shift = 12 + 9 * tables->levels;

	/* addresses are sign-extended: the upper half begins with ones */
	if (map->has_info &&
	    walk_table(&walk, tables->top_pa, tables->levels, -(1ULL << shift)))
		return vnode_err(err, ENOMEM, "no memory for the list of what is mapped");
	find_direct(map);
	if (map->has_direct)
		drop_direct(map);
	return 0;
}

void vnode_dump_destroy(struct vnode_dump_map *map)
{
	vnode_dump_forget_free(map);
	free(map->run);
	map->run = NULL;
	map->nr_runs = 0;
}
