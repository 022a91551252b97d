// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool that bridges' memory is from: first fit between extents in order. Calls
 * nothing and builds in user space, where its test runs.
 */
#include <linux/errno.h>

#include "bridge-pool.h"

#define NOBODY	VNODE_BRIDGES	/* is no bridge's index */

void bridge_pool_init(struct bridge_pool *pool, __u64 size)
{
	pool->size = size;
	pool->nr = 0;
}

/*
 * The lowest place for @size bytes if @index were not there. Return: the position
 * it would have among the others, -ENOSPC.
 */
static int pool_fit(const struct bridge_pool *pool, __u32 index, __u64 size, __u64 *offset)
{
	__u64 end = 0;
	__u32 pos = 0, i;

	for (i = 0; i < pool->nr; i++) {
		const struct bridge_extent *extent = &pool->extent[i];

		if (extent->index == index)
			continue;
		if (extent->offset - end >= size)
			break;
		end = extent->offset + extent->size;
		pos++;
	}
	if (i == pool->nr && pool->size - end < size)
		return -ENOSPC;
	*offset = end;
	return pos;
}

static void pool_insert(struct bridge_pool *pool, __u32 pos, const struct bridge_extent *extent)
{
	__u32 i;

	for (i = pool->nr++; i > pos; i--)
		pool->extent[i] = pool->extent[i - 1];
	pool->extent[pos] = *extent;
}

static void pool_delete(struct bridge_pool *pool, __u32 pos)
{
	__u32 i;

	pool->nr--;
	for (i = pos; i < pool->nr; i++)
		pool->extent[i] = pool->extent[i + 1];
}

/* Return: its position, pool->nr if it has no memory. */
static __u32 pool_find(const struct bridge_pool *pool, __u32 index)
{
	__u32 pos;

	for (pos = 0; pos < pool->nr; pos++)
		if (pool->extent[pos].index == index)
			break;
	return pos;
}

/**
 * bridge_pool_get - take memory
 * @pool: from here
 * @index: for this bridge, which has none
 * @size: bytes, not 0
 * @offset: filled
 *
 * Return: 0, -ENOSPC.
 */
int bridge_pool_get(struct bridge_pool *pool, __u32 index, __u64 size, __u64 *offset)
{
	struct bridge_extent extent = { .size = size, .index = index };
	int pos;

	if (pool->nr == VNODE_BRIDGES)
		return -ENOSPC;
	pos = pool_fit(pool, NOBODY, size, &extent.offset);
	if (pos < 0)
		return pos;
	pool_insert(pool, pos, &extent);
	*offset = extent.offset;
	return 0;
}

/**
 * bridge_pool_put - give memory back
 * @pool: to here
 * @index: the bridge that has it
 */
void bridge_pool_put(struct bridge_pool *pool, __u32 index)
{
	__u32 pos = pool_find(pool, index);

	if (pos < pool->nr)
		pool_delete(pool, pos);
}

/**
 * bridge_pool_lower - could a bridge lie lower?
 * @pool: here
 * @index: the bridge
 * @offset: filled; may overlap the place where it is
 *
 * Return: 1 if so, else 0.
 */
int bridge_pool_lower(const struct bridge_pool *pool, __u32 index, __u64 *offset)
{
	__u32 pos = pool_find(pool, index);

	return pos < pool->nr && pool_fit(pool, index, pool->extent[pos].size, offset) >= 0 &&
	       *offset < pool->extent[pos].offset;
}

/**
 * bridge_pool_move - let a bridge lie where bridge_pool_lower() has said
 * @pool: here
 * @index: the bridge; nothing has changed since
 */
void bridge_pool_move(struct bridge_pool *pool, __u32 index)
{
	__u32 pos = pool_find(pool, index);
	struct bridge_extent moved;
	int to;

	if (pos == pool->nr)
		return;
	moved = pool->extent[pos];
	to = pool_fit(pool, index, moved.size, &moved.offset);
	if (to < 0)
		return;
	pool_delete(pool, pos);
	pool_insert(pool, to, &moved);
}

__u64 bridge_pool_free(const struct bridge_pool *pool)
{
	__u64 sum = pool->size;
	__u32 i;

	for (i = 0; i < pool->nr; i++)
		sum -= pool->extent[i].size;
	return sum;
}

/* The largest piece. */
__u64 bridge_pool_largest(const struct bridge_pool *pool)
{
	__u64 end = 0, largest = 0;
	__u32 i;

	for (i = 0; i < pool->nr; i++) {
		if (pool->extent[i].offset - end > largest)
			largest = pool->extent[i].offset - end;
		end = pool->extent[i].offset + pool->extent[i].size;
	}
	return pool->size - end > largest ? pool->size - end : largest;
}
