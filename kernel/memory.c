// SPDX-License-Identifier: GPL-2.0-only
/* A vnode's memory is read, alive or dead: by who has opened it here, and for another vnode. */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <vnode/adeos.h>

#include "kmb.h"

/* Return: how many bytes, less than @len at the end; what adeos_region_read() returns. */
static int memory_get(struct kmb_node *node, u64 offset, void *buf, u32 len)
{
	u64 size = adeos_region_size(node->region);
	int err;

	lockdep_assert_held(&node->lock);
	if (offset >= size)
		return 0;
	len = min_t(u64, len, size - offset);
	err = adeos_region_read(node->region, offset, buf, len);
	return err ?: (int)len;
}

/* Here it is the vnode itself, with a reference. */
static struct kmb_node *memory_node(struct kmb_memory *memory)
{
	return (struct kmb_node *)memory;
}

struct kmb_memory *kmb_memory_open(const struct kmb_looker *who, u32 id)
{
	struct kmb_node *node = kmb_node_get(id);

	if (!node)
		return ERR_PTR(-ENOENT);
	if (!kmb_node_shows(node, who)) {
		kmb_node_put(node);
		return ERR_PTR(-ENOENT);
	}
	return (struct kmb_memory *)node;
}

void kmb_memory_close(struct kmb_memory *memory)
{
	kmb_node_put(memory_node(memory));
}

u64 kmb_memory_size(struct kmb_memory *memory)
{
	struct kmb_node *node = memory_node(memory);
	u64 size = 0;

	mutex_lock(&node->lock);
	if (kmb_node_has_memory(node))
		size = adeos_region_size(node->region);
	mutex_unlock(&node->lock);
	return size;
}

int kmb_memory_get(struct kmb_memory *memory, u64 offset, void *buf, u32 len)
{
	struct kmb_node *node = memory_node(memory);
	int ret = -ENXIO;

	mutex_lock(&node->lock);
	if (kmb_node_has_memory(node))
		ret = memory_get(node, offset, buf, len);
	mutex_unlock(&node->lock);
	return ret;
}

/**
 * kmb_memory_find - what another vnode must know to read a vnode's memory
 * @who: looks at it
 * @id: the vnode
 * @grant: set, for kmb_memory_read()
 * @size: set, bytes
 *
 * Return: 0, -ENOENT.
 */
int kmb_memory_find(const struct kmb_looker *who, u32 id, u32 *grant, u64 *size)
{
	struct kmb_node *node = kmb_node_lock_for(who, id);

	if (!node)
		return -ENOENT;
	*grant = node->grant;
	*size = adeos_region_size(node->region);
	kmb_node_unlock(node);
	return 0;
}

/**
 * kmb_memory_read - read a vnode's memory
 * @who: looks at it
 * @id: the vnode
 * @grant: as kmb_memory_find() has told
 * @offset: where in its memory
 * @buf: where to
 * @len: room there
 *
 * Return: how many bytes, less than @len at the end; -ENXIO if that memory was returned,
 * or if @who may not see it any more.
 */
int kmb_memory_read(const struct kmb_looker *who, u32 id, u32 grant, u64 offset, void *buf,
		    u32 len)
{
	struct kmb_node *node = kmb_node_lock_for(who, id);
	int ret = -ENXIO;

	if (!node)
		return -ENXIO;
	if (node->grant == grant)
		ret = memory_get(node, offset, buf, len);
	kmb_node_unlock(node);
	return ret;
}
