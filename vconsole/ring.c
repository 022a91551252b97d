// SPDX-License-Identifier: GPL-2.0-only
/* Bytes into a ring of a power of two, and out of it. */
#include <linux/minmax.h>
#include <linux/string.h>

#include "vconsole.h"

/**
 * ring_write - copy bytes into a ring
 * @ring: where
 * @size: of it, a power of two
 * @position: of the first byte
 * @from: the bytes
 * @len: how many, at most @size
 */
void ring_write(u8 *ring, u32 size, u32 position, const void *from, u32 len)
{
	u32 at = position & (size - 1);
	u32 first = min(len, size - at);

	memcpy(ring + at, from, first);
	memcpy(ring, from + first, len - first);
}

/**
 * ring_read - copy bytes out of a ring
 * @ring: where
 * @size: of it, a power of two
 * @position: of the first byte
 * @to: where they go
 * @len: how many, at most @size
 */
void ring_read(const u8 *ring, u32 size, u32 position, void *to, u32 len)
{
	u32 at = position & (size - 1);
	u32 first = min(len, size - at);

	memcpy(to, ring + at, first);
	memcpy(to + first, ring, len - first);
}
