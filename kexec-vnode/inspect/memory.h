/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vnode's memory, by physical address (memory.c) and by virtual address of its
 * kernel (walk.c, the only reader of page tables).
 *
 * Everything read from the memory is hostile: it may hold anything, and it may
 * change between two reads.
 */
#ifndef KEXEC_VNODE_MEMORY_H
#define KEXEC_VNODE_MEMORY_H

#include "inspect.h"

/* ---- memory.c ---- */

/* -EFAULT: not inside the memory; or what @memory->read returns */
int vnode_memory_read(const struct vnode_memory *memory, uint64_t pa, void *buf, size_t len);

#define VNODE_SCAN_TAIL	256	/* bytes that a visitor sees beyond its part */

/*
 * Called with one part of the memory after the other. @len bytes are at @chunk. The
 * first @part of them belong to this call, the others belong to the next one as well.
 * Any return value other than 0 ends the scan.
 */
typedef int (*vnode_scan_visit_t)(void *context, uint64_t pa, const uint8_t *chunk, size_t part,
				  size_t len);

int vnode_memory_scan(const struct vnode_memory *memory, vnode_scan_visit_t visit, void *context);

/* ---- walk.c ---- */

/* The virtual addresses of the kernel that owns the memory */
struct vnode_vmap {
	const struct vnode_memory *memory;
	/*
	 * pa = va + image_delta for image_start <= va <= image_last. All other
	 * addresses need page tables.
	 */
	uint64_t image_start;
	uint64_t image_last;
	uint64_t image_delta;
	uint64_t top_pa;		/* the top-level page table */
	unsigned int levels;		/* of page tables: 4, 5; 0 for none */
	uint64_t sme_mask;		/* the encryption bit in their entries */
	/* the page of the last lookup; @page_size 0: none */
	uint64_t page_va;
	uint64_t page_pa;
	uint64_t page_size;
};

/* The first address that the kernel's half of the page tables maps */
static inline uint64_t vnode_vmap_start(const struct vnode_vmap *map)
{
	return -(1ULL << (12 + 9 * map->levels - 1));
}

/* One mapped page of 4 KiB, 2 MiB or 1 GiB. Any return value other than 0 ends the walk. */
typedef int (*vnode_page_visit_t)(void *context, uint64_t va, uint64_t pa, uint64_t size);

/*
 * Visits the pages that cover @first to @last, in ascending order. Addresses below
 * vnode_vmap_start() belong to programs: they are not mapped here. The walk ends
 * whatever the tables hold. Returns what ended it, 0, or -E2BIG: there are more tables
 * than a kernel can have, and pages are missing.
 */
int vnode_walk(const struct vnode_vmap *map, uint64_t first, uint64_t last,
	       vnode_page_visit_t visit, void *context);
/* -EFAULT: part of it is not mapped, or is mapped outside the memory */
int vnode_vmap_read(struct vnode_vmap *map, uint64_t va, void *buf, size_t len);

#endif /* KEXEC_VNODE_MEMORY_H */
