// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows: one kernel reads another one's memory where it is, and never writes there.
 * Root lists in its directory what memory each kernel has. A window maps all that one of
 * them has, and the mapping is read-only, so that a stray write here does not end there.
 *
 * Nothing keeps the other one from ending, and root from using its memory for something
 * else, while somebody reads. So who has read asks whether that was still its memory:
 * root takes its life away before it touches that memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "adeos.h"

/* Of root, so that there is room for those of all others. */
#define ROOT_RAMS	(VNODE_RAMS - 2 * VNODE_SLOTS)
/* Of a window: what its kernel has, less what is ours, and each in two parts */
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
 * struct adeos_window - what another kernel has
 * @list: of all windows here
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
static DEFINE_MUTEX(windows_lock);	/* protects the list, and pieces that go */

/* ---- root: who has what ---- */

/* Root's own memory of it. The directory has a copy, which others might have changed. */
static struct ram {
	u64 pa;
	u64 size;
	u32 slot;
} rams[VNODE_RAMS];

static void ram_write(unsigned int i, const struct ram *ram)
{
	struct vnode_ram *shown = &adeos_directory()->ram[i];

	rams[i] = *ram;
	WRITE_ONCE(shown->size, 0);
	/* pairs with ram_read(): size comes last */
	smp_wmb();
	shown->pa = cpu_to_le64(ram->pa);
	shown->slot = cpu_to_le32(ram->slot);
	/* the same */
	smp_store_release(&shown->size, cpu_to_le64(ram->size));
}

/* Return: was there room? */
static bool ram_add(u32 slot, u64 pa, u64 size, unsigned int limit)
{
	const struct ram ram = { .pa = pa, .size = size, .slot = slot };
	unsigned int i;

	for (i = 0; i < limit; i++) {
		if (rams[i].size)
			continue;
		ram_write(i, &ram);
		return true;
	}
	return false;
}

static int ram_found(struct resource *res, void *data)
{
	/* Linux gives nobody what is in the first MiB */
	u64 start = max_t(u64, PAGE_ALIGN(res->start), SZ_1M);
	u64 end = round_down(res->end + 1, PAGE_SIZE);

	if (start < end && !ram_add(0, start, end - start, ROOT_RAMS))
		pr_notice_once("memory from %#llx on is not shown to vnodes\n", start);
	return 0;
}

/* Root: its own memory. Nothing but the commons has been taken from Linux. */
void adeos_ram_begin(void)
{
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, U64_MAX,
			    NULL, ram_found);
}

/**
 * adeos_ram_lend - root: say that a slot has a region
 * @nr: of the slot
 * @region: its memory, in two entries, since Linux has a map of its tail
 */
void adeos_ram_lend(u32 nr, const struct adeos_region *region)
{
	u64 tail = region->size - region->main_size;

	adeos_ram_return(nr);
	if (region->main_size)
		ram_add(nr, region->pa, region->main_size, VNODE_RAMS);
	if (tail)
		ram_add(nr, region->pa + region->main_size, tail, VNODE_RAMS);
}

void adeos_ram_return(u32 nr)
{
	const struct ram none = { };
	unsigned int i;

	for (i = 0; i < VNODE_RAMS; i++)
		if (rams[i].size && rams[i].slot == nr)
			ram_write(i, &none);
}

/* ---- windows ---- */

/* Return: is there anything in that place? */
static bool ram_read(unsigned int i, struct ram *ram)
{
	const struct vnode_ram *shown = &adeos_directory()->ram[i];

	if (adeos_is_root()) {
		*ram = rams[i];
		return ram->size;
	}
	/* pairs with ram_write() */
	ram->size = le64_to_cpu(smp_load_acquire(&shown->size));
	ram->pa = le64_to_cpu(READ_ONCE(shown->pa));
	ram->slot = le32_to_cpu(READ_ONCE(shown->slot));
	return ram->size && PAGE_ALIGNED(ram->size) && PAGE_ALIGNED(ram->pa) &&
	       ram->pa + ram->size > ram->pa;
}

/* Large pages of the mapping want both addresses aligned: what is before that is apart. */
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
 * Return: what is lent to us and begins first in [pa, end) or reaches into it; .pa is @end
 * if there is none
 */
static struct ram own_first(u64 pa, u64 end)
{
	struct ram ram, first = { .pa = end };
	unsigned int i;

	if (adeos_is_root())
		return first;
	for (i = 0; i < VNODE_RAMS; i++)
		if (ram_read(i, &ram) && ram.slot == commons.slot && ram.pa + ram.size > pa &&
		    ram.pa < first.pa)
			first = ram;
	return first;
}

/* All of it but what is lent to us: that is no memory of root's as long as we are there. */
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
 * As set_memory_ro(), which modules cannot call, for a mapping that nobody has used yet.
 * Without the dirty bit, as that function has it: read-only and dirty is a shadow stack.
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
		/* in root the tail of a region is in the direct map, which stays as it is */
		if (is_vmalloc_addr(piece->va))
			piece_protect(piece);
	}
	return 0;
}

/**
 * adeos_window_open - look at another kernel's memory
 * @member: whose; not our own
 *
 * What it has at this moment, and for root: what it had when its nanokernel was loaded.
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
	/* root changes the list for its slot while there is no such member only */
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
 * adeos_window_close - look no more
 * @window: the window; nobody uses what adeos_window_va() has returned
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
 * adeos_window_va - where another kernel's memory can be read
 * @window: onto it
 * @pa: physical address
 * @len: bytes
 *
 * What is there may change at any time.
 *
 * Context: any but NMI, under rcu_read_lock(), as long as it is read. Return: its
 * address here; NULL if not all of it is that kernel's, or it has gone.
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
 * adeos_window_holds - was it still that kernel's memory?
 * @window: that has been read
 *
 * Context: any. Return: true: what was read before was in that kernel's memory, and in
 * nobody else's.
 */
bool adeos_window_holds(const struct adeos_window *window)
{
	const struct vnode_member *member = &adeos_directory()->member[window->member.slot];

	/* pairs with member_write() in slot.c, which comes before root uses that memory */
	smp_rmb();
	return le32_to_cpu(READ_ONCE(member->life)) == window->member.life;
}
EXPORT_SYMBOL_GPL(adeos_window_holds);

/* Root: a slot's memory goes back to Linux. Nobody reads there when this returns. */
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
