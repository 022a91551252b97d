// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual addresses of a kernel's memory, which is what debuggers work with. The
 * image and the direct map are linear. Stacks, modules and all else that vmalloc()
 * maps are not: only the page tables know them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"

/* The direct map begins at a multiple of this, also with KASLR (mm/kaslr.c). */
#define DIRECT_ALIGN	(1ULL << 30)

struct runs {
	struct vnode_dump_map *map;
	unsigned int room;		/* in map->run */
};

static bool inside(uint64_t at, uint64_t start, uint64_t size)
{
	return at - start < size;
}

/* The part of the memory that the image's mapping covers */
static void find_image(struct vnode_dump_map *map)
{
	const struct vnode_vmap *tables = &map->info.map;
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
	/* from here on sums of offsets and addresses do not wrap */
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

static int add_run(struct runs *runs, uint64_t va, uint64_t pa, uint64_t size)
{
	struct vnode_dump_map *map = runs->map;
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
	if (map->nr_runs == runs->room) {
		runs->room = runs->room ? 2 * runs->room : 256;
		grown = realloc(map->run, runs->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		map->run = grown;
	}
	map->run[map->nr_runs++] = (struct vnode_dump_run){ va, pa, size };
	return 0;
}

/* Adds the part of a page that is in the memory. Device registers are not. */
static int add_page(void *context, uint64_t va, uint64_t pa, uint64_t size)
{
	struct runs *runs = context;
	const struct vnode_memory *memory = runs->map->memory;
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
	if (inside(va, runs->map->image.va, runs->map->image.size))
		return 0;
	return add_run(runs, va, pa, size);
}

/*
 * The page allocator has provided the note's page, so the direct map covers it. Of the
 * addresses that a direct map can give that page, the lowest one is in the direct map.
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

/* One header describes all of the direct map, with or without holes in it. */
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
	const struct vnode_vmap *tables = &map->info.map;
	struct runs runs = { .map = map };
	int res = 0;

	if (map->has_info)
		res = vnode_walk(tables, vnode_vmap_start(tables), UINT64_MAX, add_page, &runs);
	if (res == -ENOMEM)
		return vnode_err(err, ENOMEM, "no memory for the list of what is mapped");
	if (res == -E2BIG)
		map->cut = true;
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
