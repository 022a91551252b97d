// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory as gdb asks for it: at virtual addresses of the kernel. The stacks are saved
 * at a stop, so that a backtrace matches the registers after the vnode was thawed.
 */
#include <string.h>

#include "gdb.h"

#define PAGE_BYTES	4096UL

static const struct vnode_gdb_page *find_saved(const struct vnode_gdb_view *view, uint64_t va)
{
	unsigned int i;

	for (i = 0; i < view->nr_saved; i++)
		if (va - view->saved[i].va < PAGE_BYTES)
			return &view->saved[i];
	return NULL;
}

/* Reads within one page. */
static bool read_piece(struct vnode_gdb_view *view, uint64_t va, void *buf, size_t len)
{
	const struct vnode_gdb_page *page = find_saved(view, va);

	if (page) {
		memcpy(buf, page->bytes + (va - page->va), len);
		return true;
	}
	if (!view->has_info)
		return false;
	/* the vnode runs between two reads: look the page up again */
	view->info.map.page_size = 0;
	return !vnode_vmap_read(&view->info.map, va, buf, len);
}

size_t vnode_gdb_read(struct vnode_gdb_view *view, uint64_t va, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t part = PAGE_BYTES - (va + done) % PAGE_BYTES;

		if (part > len - done)
			part = len - done;
		if (!read_piece(view, va + done, (uint8_t *)buf + done, part))
			break;
		done += part;
	}
	return done;
}

/* Saves a stack from the page of the stack pointer to its end. */
static void save_stack(struct vnode_gdb_view *view, uint64_t sp)
{
	uint64_t va = sp & ~(PAGE_BYTES - 1);

	do {
		struct vnode_gdb_page *page = &view->saved[view->nr_saved];

		if (find_saved(view, va) || !read_piece(view, va, page->bytes, PAGE_BYTES))
			break;
		page->va = va;
		view->nr_saved++;
		va += PAGE_BYTES;
	} while (va % VNODE_GDB_STACK);
}

void vnode_gdb_save_stacks(struct vnode_gdb_view *view)
{
	unsigned int cpu;

	view->nr_saved = 0;
	for (cpu = 0; cpu < view->nr_cpus; cpu++)
		if (view->regs[cpu].kind != VNODE_REGS_NONE)
			save_stack(view, vnode_gdb_sp(&view->regs[cpu]));
}
