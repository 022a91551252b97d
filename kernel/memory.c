// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode's memory is read, alive or dead: through a file descriptor, which is what --log
 * and a debugger look through, and for another vnode.
 */
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <vnode/adeos.h>

#include "kmb.h"

/* So much is read at once, and is between the vnode and who reads. */
#define MEMORY_CHUNK	((size_t)SZ_64K)

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

/* Who reads may be slow to take it: not under the node's lock. */
static ssize_t memory_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct kmb_node *node = file->private_data;
	int ret = -ENXIO;
	void *buf;

	if (*pos < 0)
		return -EINVAL;
	len = min(len, MEMORY_CHUNK);
	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	mutex_lock(&node->lock);
	if (kmb_node_has_memory(node))
		ret = memory_get(node, *pos, buf, len);
	mutex_unlock(&node->lock);
	if (ret > 0 && copy_to_user(to, buf, ret))
		ret = -EFAULT;
	kvfree(buf);
	if (ret > 0)
		*pos += ret;
	return ret;
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

	if (!node)
		return -ENXIO;
	if (node->grant == grant)
		ret = memory_get(node, offset, buf, len);
	kmb_node_unlock(node);
	return ret;
}
