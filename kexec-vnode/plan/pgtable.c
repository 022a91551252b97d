// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity page tables for the 64-bit entry of a kernel: 4-level paging with
 * 2 MiB pages (SDM volume 3, 4.5, "4-level paging and 5-level paging").
 */
#include <string.h>

#include "plan.h"

#define PG_PRESENT		(1ULL << 0)
#define PG_WRITE		(1ULL << 1)
#define PG_LARGE		(1ULL << 7)	/* PS: this entry maps the page */
#define PG_ADDRESS		0x000ffffffffff000ULL

#define PG_TABLE_SIZE		4096
#define PG_ENTRIES		512

#define PD_SHIFT		21	/* what one entry of a PD maps */
#define PDPT_SHIFT		30
#define PML4_SHIFT		39
#define PD_PAGE			(1ULL << PD_SHIFT)

/* A pool of tables, allocated one after the other */
struct pgtable_pool {
	char *tables;
	uint64_t tables_pa;
	size_t used;
};

/* The number of aligned pieces of 1 << @shift bytes that hold address 0 or the range */
static size_t nr_pieces(uint64_t base, uint64_t size, unsigned int shift)
{
	uint64_t first = base >> shift;

	if (!size)
		return 1;
	return ((base + size - 1) >> shift) - first + 1 + (first ? 1 : 0);
}

/**
 * vnode_pgtable_size() - memory for the tables below the top level
 * @base: start of the vnode's memory; @base + @size is at most 2^47, the limit of an
 *	identity mapping (SDM volume 1, 3.3.7.1: canonical addresses)
 * @size: its size in bytes, may be 0
 *
 * Return: bytes, a multiple of 4096, exactly what vnode_pgtable_build() uses.
 */
size_t vnode_pgtable_size(uint64_t base, uint64_t size)
{
	return (nr_pieces(base, size, PML4_SHIFT) +
		nr_pieces(base, size, PDPT_SHIFT)) * PG_TABLE_SIZE;
}

/* The table that entry @nr of @table points to, allocated if there is none */
static uint64_t *table_get(struct pgtable_pool *pool, uint64_t *table, unsigned int nr)
{
	if (!table[nr]) {
		table[nr] = (pool->tables_pa + pool->used) | PG_PRESENT | PG_WRITE;
		pool->used += PG_TABLE_SIZE;
	}
	return (uint64_t *)(pool->tables + ((table[nr] & PG_ADDRESS) - pool->tables_pa));
}

static void map_page(struct pgtable_pool *pool, uint64_t *pml4, uint64_t pa)
{
	uint64_t *pdpt = table_get(pool, pml4, pa >> PML4_SHIFT);
	uint64_t *pd = table_get(pool, pdpt, (pa >> PDPT_SHIFT) % PG_ENTRIES);

	pd[(pa >> PD_SHIFT) % PG_ENTRIES] = pa | PG_PRESENT | PG_WRITE | PG_LARGE;
}

/**
 * vnode_pgtable_build() - write identity page tables
 * @base: start of the vnode's memory
 * @size: its size; both are rounded outwards to 2 MiB
 * @pml4: the top level, 4096 bytes; its address goes into CR3
 * @tables: the others, vnode_pgtable_size() bytes, 8-byte aligned
 * @tables_pa: the physical address that @tables will have, a multiple of 4096
 */
void vnode_pgtable_build(uint64_t base, uint64_t size, void *pml4, void *tables,
			 uint64_t tables_pa)
{
	struct pgtable_pool pool = { .tables = tables, .tables_pa = tables_pa };
	uint64_t pa;

	memset(pml4, 0, PG_TABLE_SIZE);
	memset(tables, 0, vnode_pgtable_size(base, size));

	map_page(&pool, pml4, 0);
	if (!size)
		return;
	for (pa = base & -PD_PAGE; pa < base + size; pa += PD_PAGE)
		map_page(&pool, pml4, pa);
}
