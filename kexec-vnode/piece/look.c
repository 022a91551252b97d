// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether an initrd has a module itself. As the kernel's unpack_to_rootfs() reads it: archives
 * one after the other, zeros between them; what is compressed reaches to the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "piece.h"

#define MAGIC		"07070"	/* 1: newc, 2: the same with checksums */
#define HEADER_SIZE	110
#define FIELD_FILESIZE	6
#define FIELD_NAMESIZE	11
#define UNPACKED_MAX	(1UL << 30)

/* A number of 8 hexadecimal digits in the header; -1: it is none */
static long long field(const char *header, unsigned int which)
{
	char text[9], *end;
	long long value;

	memcpy(text, header + 6 + 8 * which, 8);
	text[8] = '\0';
	value = strtoll(text, &end, 16);
	return *end || *text == '-' ? -1 : value;
}

static bool is_file(const char *path, size_t len, const char *file)
{
	size_t file_len = strlen(file);
	const char *base = memrchr(path, '/', len);

	base = base ? base + 1 : path;
	/* "adeos-lite.ko.xz" is the same module */
	return (size_t)(path + len - base) >= file_len && !memcmp(base, file, file_len);
}

/* The bytes of the entry at @at; 0: there is none. @has: set if it is @file */
static size_t entry(const char *at, size_t left, const char *file, bool *has)
{
	long long name_size, file_size;
	size_t size;

	if (left < HEADER_SIZE || memcmp(at, MAGIC, strlen(MAGIC)))
		return 0;
	name_size = field(at, FIELD_NAMESIZE);
	file_size = field(at, FIELD_FILESIZE);
	if (name_size < 1 || file_size < 0 || HEADER_SIZE + (size_t)name_size > left)
		return 0;
	*has |= is_file(at + HEADER_SIZE, name_size - 1, file);
	size = vnode_align_up(HEADER_SIZE + name_size, 4) + vnode_align_up(file_size, 4);
	return size < left ? size : left;
}

static int look(const char *data, size_t size, const char *file, bool compressed)
{
	struct vnode_err ignored;
	size_t at = 0, step;
	bool has = false;
	void *unpacked;
	int ret;

	while (at < size && !has) {
		step = data[at] ? entry(data + at, size - at, file, &has) : 1;
		if (!step)
			break;
		at += step;
	}
	if (has || at >= size)
		return has;
	if (!compressed)
		return -EBADMSG;
	ret = vnode_decompress(data + at, size - at, UNPACKED_MAX, &unpacked, &step, &ignored);
	ret = ret ?: look(unpacked, step, file, false);
	free(unpacked);
	return ret;
}

int vnode_piece_look(const void *initrd, size_t size, const char *file)
{
	return look(initrd, size, file, true);
}
