// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode's memory is read, alive or dead: through a file descriptor, which is what --log
 * and a debugger look through, and for another vnode.
 */
#include <linux/fs.h>
#include <linux/sizes.h>
#include <vnode/adeos.h>

#include "kmb.h"

/* The node's lock is not kept for longer than it takes to read this much. */
#define MEMORY_CHUNK	((size_t)SZ_1M)

static ssize_t memory_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct kmb_node *node = file->private_data;
	u64 size;
	int err;

	if (*pos < 0)
		return -EINVAL;
	mutex_lock(&node->lock);
	if (!kmb_node_has_memory(node)) {
		err = -ENXIO;
		goto out;
	}
	size = adeos_region_size(node->region);
	len = *pos < size ? min3(len, (size_t)(size - *pos), MEMORY_CHUNK) : 0;
	err = adeos_region_read_user(node->region, *pos, buf, len);
	if (err && *pos >= size)
		err = 0;	/* end of file */
out:
	mutex_unlock(&node->lock);
	if (err)
		return err;
	*pos += len;
	return len;
}

static loff_t memory_llseek(struct file *file, loff_t offset, int whence)
{
	struct kmb_node *node = file->private_data;
	u64 size = 0;

	mutex_lock(&node->lock);
	if (kmb_node_has_memory(node))
		size = adeos_region_size(node->region);
	mutex_unlock(&node->lock);
	return fixed_size_llseek(file, offset, whence, size);
}

static int memory_release(struct inode *inode, struct file *file)
{
	kmb_node_put(file->private_data);
	return 0;
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.read = memory_read,
	.llseek = memory_llseek,
	.release = memory_release,
};

/**
 * kmb_memory_open - a new file descriptor for a vnode's memory
 * @who: looks at it
 * @id: the vnode
 *
 * Return: the descriptor, or a negative errno: -ENOENT, or what a descriptor costs.
 */
int kmb_memory_open(const struct kmb_looker *who, u32 id)
{
	struct kmb_node *node = kmb_node_get(id);
	int fd = -ENOENT;

	if (!node)
		return -ENOENT;
	if (kmb_node_shows(node, who))
		fd = look_memory_fd(&memory_fops, node);
	if (fd < 0)
		kmb_node_put(node);
	return fd;
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
	u64 size;

	if (!node)
		return -ENXIO;
	if (node->grant == grant) {
		size = adeos_region_size(node->region);
		len = offset < size ? min_t(u64, len, size - offset) : 0;
		ret = len ? adeos_region_read(node->region, offset, buf, len) : 0;
		ret = ret ?: (int)len;
	}
	kmb_node_unlock(node);
	return ret;
}
