// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file descriptor that reads a vnode's memory, alive or dead: what --log and
 * a debugger look through.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
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
 * @node: the vnode; the descriptor takes over the caller's reference
 *
 * Return: the descriptor, or a negative errno (then the reference is still the
 * caller's).
 */
int kmb_memory_open(struct kmb_node *node)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile("[vnode]", &memory_fops, node, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_PREAD;
	fd_install(fd, file);
	return fd;
}
