// SPDX-License-Identifier: GPL-2.0-only
/* The file descriptor that reads a vnode's memory, as ../memory.c's, through root. */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "view.h"

/**
 * struct memory - of a vnode, as it was granted once
 * @id: the vnode
 * @grant: for root to know whether it is still that one
 * @size: bytes
 */
struct memory {
	u32 id;
	u32 grant;
	u64 size;
};

static ssize_t memory_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct memory *memory = file->private_data;
	struct vview_ask ask = {
		.call = VIEW_READ, .id = memory->id, .arg = memory->grant, .offset = *pos,
		.len = min_t(size_t, len, VIEW_DATA_SIZE),
	};
	ssize_t ret;

	if (*pos < 0)
		return -EINVAL;
	ask.room = ask.len;
	ask.data = kvmalloc(ask.room, GFP_KERNEL);
	if (!ask.data)
		return -ENOMEM;
	ret = vview_call(&ask);
	if (ret > 0 && copy_to_user(buf, ask.data, ret))
		ret = -EFAULT;
	kvfree(ask.data);
	if (ret > 0)
		*pos += ret;
	return ret;
}

static loff_t memory_llseek(struct file *file, loff_t offset, int whence)
{
	struct memory *memory = file->private_data;

	return fixed_size_llseek(file, offset, whence, memory->size);
}

static int memory_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.read = memory_read,
	.llseek = memory_llseek,
	.release = memory_release,
};

static int memory_find(u32 id, struct memory *memory)
{
	struct view_memory found;
	struct vview_ask ask = {
		.call = VIEW_MEMORY, .id = id, .data = &found, .room = sizeof(found),
	};
	int ret = vview_call(&ask);

	if (ret < 0)
		return ret;
	if (ret != sizeof(found))
		return -EPROTO;
	memory->id = id;
	memory->grant = le32_to_cpu(found.grant);
	memory->size = le64_to_cpu(found.size);
	return 0;
}

int kmb_memory_open(const struct kmb_looker *who, u32 id)
{
	struct memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = memory_find(id, memory);
	if (!ret)
		ret = look_memory_fd(&memory_fops, memory);
	if (ret < 0)
		kfree(memory);
	return ret;
}
