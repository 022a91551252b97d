/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the pool each bridge lies. Arithmetic alone: builds in user space too.
 */
#ifndef _ADEOS_BRIDGE_POOL_H
#define _ADEOS_BRIDGE_POOL_H

#include <linux/types.h>
#include <vnode/commons.h>

/**
 * struct bridge_extent - one bridge's memory
 * @offset: bytes from the beginning of the pool
 * @size: bytes
 * @index: of the bridge
 */
struct bridge_extent {
	__u64 offset;
	__u64 size;
	__u32 index;
};

/**
 * struct bridge_pool - all of them
 * @size: of the pool
 * @nr: extents
 * @extent: in order of their offsets
 */
struct bridge_pool {
	__u64 size;
	__u32 nr;
	struct bridge_extent extent[VNODE_BRIDGES];
};

void bridge_pool_init(struct bridge_pool *pool, __u64 size);
int bridge_pool_get(struct bridge_pool *pool, __u32 index, __u64 size, __u64 *offset);
void bridge_pool_put(struct bridge_pool *pool, __u32 index);
int bridge_pool_lower(const struct bridge_pool *pool, __u32 index, __u64 *offset);
void bridge_pool_move(struct bridge_pool *pool, __u32 index);
__u64 bridge_pool_free(const struct bridge_pool *pool);
__u64 bridge_pool_largest(const struct bridge_pool *pool);

#endif /* _ADEOS_BRIDGE_POOL_H */
