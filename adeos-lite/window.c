// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows: one kernel reads another one's memory in place, and never writes there. Root
 * lists in its directory what memory each kernel has. A window maps all memory of one
 * kernel read-only, so that a stray write of the reader cannot reach it.
 *
 * The other kernel may end during a read, and root may use its memory for something else.
 * So the reader checks after each read that the memory was still that kernel's
 * (adeos_window_holds()): root clears the kernel's life before it touches the memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "adeos.h"

/* of a window: its kernel's memory without this kernel's own, each range in two */
#define PIECES		(2 * VNODE_RAMS)

/**
 * struct piece - memory that is mapped at once
 * @pa: where it begins
 * @size: bytes
 * @va: the mapping
 */
struct piece {
	u64 pa;
	u64 size;
	void *va;
};

/**
 * struct adeos_window - another kernel's memory
 * @list: in windows
 * @member: whose it is
 * @nr: pieces
 * @piece: what is mapped
 */
struct adeos_window {
	struct list_head list;
	struct adeos_member member;
	u32 nr;
	struct piece piece[PIECES];
};

static LIST_HEAD(windows);
static DEFINE_MUTEX(windows_lock);	/* protects the list, and pieces that are unmapped */

/* An entry of the list, copied. */
struct ram {
	u64 pa;
	u64 size;
	u32 slot;
};

/* Return: is there anything in that entry? */
static bool ram_read(unsigned int i, struct ram *ram)
{
	const struct vnode_ram *from = &adeos_directory()->ram[i];

	/* pairs with ram_write() in root/rams.c */
	ram->size = le64_to_cpu(smp_load_acquire(&from->size));
	ram->pa = le64_to_cpu(READ_ONCE(from->pa));
	ram->slot = le32_to_cpu(READ_ONCE(from->slot));
	return ram->size && PAGE_ALIGNED(ram->size) && PAGE_ALIGNED(ram->pa) &&
	       ram->pa + ram->size > ram->pa;
}

/* The mapping has large pages where both addresses are aligned: the rest is a piece apart. */
static bool piece_add(struct adeos_window *window, u64 pa, u64 end)
{
	u64 middle = ALIGN(pa, PMD_SIZE);

	if (window->nr + 2 > PIECES)
		return false;
	if (pa < middle && middle < end) {
		window->piece[window->nr++] = (struct piece) { .pa = pa, .size = middle - pa };
		pa = middle;
	}
	window->piece[window->nr++] = (struct piece) { .pa = pa, .size = end - pa };
	return true;
}

/*
 * Return: the first memory in [pa, end) that root has lent to this kernel, or that reaches
 * into it; .pa is @end if there is none
 */
static struct ram own_first(u64 pa, u64 end)
{
	struct ram ram, first = { .pa = end };
	unsigned int i;

	for (i = 0; i < VNODE_RAMS; i++)
		if (ram_read(i, &ram) && ram.slot && ram.slot == commons.slot &&
		    ram.pa + ram.size > pa && ram.pa < first.pa)
			first = ram;
	return first;
}

/* All of it but what root has lent to this kernel: root's entries still include that. */
static bool pieces_add(struct adeos_window *window, u64 pa, u64 end)
{
	struct ram own;

	while (pa < end) {
		own = own_first(pa, end);
		if (own.pa > pa && !piece_add(window, pa, own.pa))
			return false;
		pa = own.pa + own.size;
	}
	return true;
}

static int pieces_find(struct adeos_window *window)
{
	struct ram ram;
	unsigned int i;

	for (i = 0; i < VNODE_RAMS; i++)
		if (ram_read(i, &ram) && ram.slot == window->member.slot &&
		    !pieces_add(window, ram.pa, ram.pa + ram.size))
			return -E2BIG;
	return window->nr ? 0 : -ENXIO;
}

/*
 * What set_memory_ro() does, which is not exported, for a mapping that has not been used
 * yet. The dirty bit goes, too: read-only and dirty is a shadow stack.
 */
static void piece_protect(const struct piece *piece)
{
	unsigned long va = (unsigned long)piece->va, end = va + piece->size;
	unsigned int level;
	pte_t *pte;

	for (; va < end; va += page_level_size(level)) {
		pte = lookup_address(va, &level);
		if (WARN_ON_ONCE(!pte))
			return;
		WRITE_ONCE(*(unsigned long *)pte, pte_val(*pte) & ~(_PAGE_RW | _PAGE_DIRTY));
	}
}

static void pieces_unmap(struct piece *piece, u32 nr)
{
	while (nr--)
		memunmap(piece[nr].va);
}

static int pieces_map(struct adeos_window *window)
{
	struct piece *piece;
	u32 i;

	for (i = 0; i < window->nr; i++) {
		piece = &window->piece[i];
		piece->va = memremap(piece->pa, piece->size, MEMREMAP_WB);
		if (!piece->va) {
			pieces_unmap(window->piece, i);
			return -ENOMEM;
		}
		/* the tail of a region is in root's direct map, which stays as it is */
		if (is_vmalloc_addr(piece->va))
			piece_protect(piece);
	}
	return 0;
}

/**
 * adeos_window_open - map another kernel's memory
 * @member: that kernel; not this one
 *
 * The window shows the memory that the kernel has now; of root the memory that it had when
 * its nanokernel was loaded.
 *
 * Context: process. Return: the window, or ERR_PTR: -ESTALE (it is gone), -ENXIO (root
 * says that it has none), -E2BIG (it is in too many pieces), -ENOMEM.
 */
struct adeos_window *adeos_window_open(const struct adeos_member *member)
{
	struct adeos_window *window = kvzalloc(sizeof(*window), GFP_KERNEL);
	int err;

	if (!window)
		return ERR_PTR(-ENOMEM);
	window->member = *member;
	mutex_lock(&windows_lock);
	err = pieces_find(window);
	/* root changes the list of a slot only while it has no member */
	if (!adeos_window_holds(window))
		err = -ESTALE;
	if (!err)
		err = pieces_map(window);
	if (!err)
		list_add(&window->list, &windows);
	mutex_unlock(&windows_lock);
	if (!err)
		return window;
	kvfree(window);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(adeos_window_open);

/**
 * adeos_window_close - unmap a window
 * @window: the window; no pointer of adeos_window_va() is used any more
 *
 * Context: process.
 */
void adeos_window_close(struct adeos_window *window)
{
	mutex_lock(&windows_lock);
	list_del(&window->list);
	pieces_unmap(window->piece, window->nr);
	mutex_unlock(&windows_lock);
	kvfree(window);
}
EXPORT_SYMBOL_GPL(adeos_window_close);

/**
 * adeos_window_va - find an address of another kernel in its window
 * @window: the window
 * @pa: physical address
 * @len: bytes
 *
 * The content may change at any time.
 *
 * Context: any but NMI; under rcu_read_lock() until the last read. Return: the address in
 * this kernel; NULL if not all of it is that kernel's, or that kernel has gone.
 */
const void *adeos_window_va(const struct adeos_window *window, u64 pa, u32 len)
{
	u32 i, nr = READ_ONCE(window->nr);
	const struct piece *piece;

	for (i = 0; i < nr; i++) {
		piece = &window->piece[i];
		if (pa >= piece->pa && pa - piece->pa < piece->size &&
		    len <= piece->size - (pa - piece->pa))
			return piece->va + (pa - piece->pa);
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(adeos_window_va);

/**
 * adeos_window_holds - check a read
 * @window: the window
 *
 * Context: any. Return: true: what was read before this call was still that kernel's
 * memory.
 */
bool adeos_window_holds(const struct adeos_window *window)
{
	const struct vnode_member *member = &adeos_directory()->member[window->member.slot];

	/* pairs with member_write() in root/slot.c, which comes before root uses that memory */
	smp_rmb();
	return le32_to_cpu(READ_ONCE(member->life)) == window->member.life;
}
EXPORT_SYMBOL_GPL(adeos_window_holds);

/* Root gives a slot's memory back to Linux: it is mapped in no window on return. */
void adeos_windows_end(u32 nr)
{
	struct adeos_window *window;
	u32 pieces;

	mutex_lock(&windows_lock);
	list_for_each_entry(window, &windows, list) {
		if (window->member.slot != nr || !window->nr)
			continue;
		pieces = window->nr;
		WRITE_ONCE(window->nr, 0);
		synchronize_rcu();
		pieces_unmap(window->piece, pieces);
	}
	mutex_unlock(&windows_lock);
}
