// SPDX-License-Identifier: GPL-2.0-only
/* A vnode's memory by physical address, and from one end to the other. */
#include <errno.h>
#include <stdlib.h>

#include "memory.h"

#define SCAN_PART	(1UL << 20)

int vnode_memory_read(const struct vnode_memory *memory, uint64_t pa, void *buf, size_t len)
{
	uint64_t offset = pa - memory->base;

	if (pa < memory->base || offset > memory->size || len > memory->size - offset)
		return -EFAULT;
	return memory->read(memory->context, offset, buf, len);
}

int vnode_memory_scan(const struct vnode_memory *memory, vnode_scan_visit_t visit, void *context)
{
	uint64_t offset, left;
	uint8_t *chunk;
	int res = 0;

	chunk = malloc(SCAN_PART + VNODE_SCAN_TAIL);
	if (!chunk)
		return -ENOMEM;
	for (offset = 0; offset < memory->size; offset += SCAN_PART) {
		size_t len = SCAN_PART + VNODE_SCAN_TAIL;

		left = memory->size - offset;
		if (len > left)
			len = left;
		res = memory->read(memory->context, offset, chunk, len);
		if (!res)
			res = visit(context, memory->base + offset, chunk,
				    len < SCAN_PART ? len : SCAN_PART, len);
		if (res)
			break;
		if (left <= SCAN_PART)
			break;
	}
	free(chunk);
	return res;
}
