// SPDX-License-Identifier: GPL-2.0-only
/* A vnode's memory, as ../memory.c's, through root. */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "view.h"

/**
 * struct kmb_memory - of a vnode, as it was granted once
 * @id: the vnode
 * @grant: for root to know whether it is still that one
 * @size: bytes
 */
struct kmb_memory {
	u32 id;
	u32 grant;
	u64 size;
};

static int memory_find(u32 id, struct kmb_memory *memory)
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

struct kmb_memory *kmb_memory_open(const struct kmb_looker *who, u32 id)
{
	struct kmb_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	int err;

	if (!memory)
		return ERR_PTR(-ENOMEM);
	err = memory_find(id, memory);
	if (err) {
		kfree(memory);
		return ERR_PTR(err);
	}
	return memory;
}

void kmb_memory_close(struct kmb_memory *memory)
{
	kfree(memory);
}

u64 kmb_memory_size(struct kmb_memory *memory)
{
	return memory->size;
}

int kmb_memory_get(struct kmb_memory *memory, u64 offset, void *buf, u32 len)
{
	struct vview_ask ask = {
		.call = VIEW_READ, .id = memory->id, .arg = memory->grant, .offset = offset,
		.len = min_t(u32, len, VIEW_DATA_SIZE),
	};

	ask.data = buf;
	ask.room = ask.len;
	return vview_call(&ask);
}
