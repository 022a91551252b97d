// SPDX-License-Identifier: GPL-2.0-only
/*
 * An initramfs in memory: Documentation/driver-api/early-userspace/buffer-format.rst. Its
 * files belong to root and are as old as the epoch: equal input makes equal bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "piece.h"

#define TRAILER		"TRAILER!!!"
/* The magic, and 13 numbers of 8 hexadecimal digits */
#define HEADER_SIZE	(6 + 13 * 8)
#define ALIGN		4

static void *reserve(struct cpio *cpio, size_t size)
{
	size_t room = cpio->room ?: 1 << 20;
	uint8_t *data;

	while (room - cpio->size < size)
		room *= 2;
	if (room != cpio->room) {
		data = realloc(cpio->data, room);
		if (!data) {
			cpio->failed = true;
			return NULL;
		}
		cpio->data = data;
		cpio->room = room;
	}
	return cpio->data + cpio->size;
}

static void append(struct cpio *cpio, const void *data, size_t size)
{
	void *to = cpio->failed ? NULL : reserve(cpio, size);

	if (!to)
		return;
	if (size)
		memcpy(to, data, size);
	cpio->size += size;
}

static void pad(struct cpio *cpio, size_t align)
{
	size_t size = vnode_align_up(cpio->size, align) - cpio->size;
	void *to = cpio->failed ? NULL : reserve(cpio, size);

	if (!to)
		return;
	memset(to, 0, size);
	cpio->size += size;
}

static void add(struct cpio *cpio, const char *name, unsigned int ino, unsigned int mode,
		const void *data, size_t size)
{
	unsigned int nlink = (mode & CPIO_DIR) == CPIO_DIR ? 2 : 1;
	char header[HEADER_SIZE + 1];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, mode,
		 0, 0, nlink, 0, (unsigned int)size, 0, 0, 0, 0,
		 (unsigned int)strlen(name) + 1, 0);
	append(cpio, header, HEADER_SIZE);
	append(cpio, name, strlen(name) + 1);
	pad(cpio, ALIGN);
	append(cpio, data, size);
	pad(cpio, ALIGN);
}

void cpio_add(struct cpio *cpio, const char *name, unsigned int mode, const void *data,
	      size_t size)
{
	add(cpio, name, ++cpio->entries, mode, data, size);
}

int cpio_end(struct cpio *cpio, size_t align)
{
	add(cpio, TRAILER, 0, 0, "", 0);
	pad(cpio, align);
	return cpio->failed ? -ENOMEM : 0;
}
