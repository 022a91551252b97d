// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmlinux-of [-z] BZIMAGE: writes the vmlinux inside to stdout; with -z still
 * compressed. Decompresses only LZ4, which is short.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* boot.rst: fields of the setup header, and where the rest of the file begins */
#define SETUP_SECTS	0x1f1
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
/* the legacy format of lz4 -l: a magic, blocks of this size unpacked */
#define LZ4_MAGIC	0x184c2102
#define LZ4_BLOCK	(8U << 20)

static uint8_t file[64 << 20], out[LZ4_BLOCK];

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "vmlinux-of: %s\n", what);
	exit(1);
}

static uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static void write_out(const uint8_t *buf, size_t size)
{
	if (fwrite(buf, 1, size, stdout) != size || fflush(stdout))
		fail("cannot write");
}

/* 15 means: bytes follow that count on, up to one that is not 255 */
static size_t length_get(const uint8_t **in, size_t len)
{
	uint8_t more;

	if (len != 15)
		return len;
	do {
		more = *(*in)++;
		len += more;
	} while (more == 255);
	return len;
}

/* One block: literals, a copy of what was before, literals, ... */
static size_t block_unpack(const uint8_t *in, size_t size)
{
	const uint8_t *end = in + size;
	size_t len, offset, at = 0;
	uint8_t token;

	for (;;) {
		token = *in++;
		len = length_get(&in, token >> 4);
		if (in + len > end || at + len > sizeof(out))
			fail("damaged");
		memcpy(out + at, in, len);
		at += len;
		in += len;
		if (in == end)
			return at;
		offset = in[0] | in[1] << 8;
		in += 2;
		len = length_get(&in, token & 15) + 4;
		if (in >= end || !offset || offset > at || at + len > sizeof(out))
			fail("damaged");
		for (; len; len--, at++)
			out[at] = out[at - offset];
	}
}

static void unpack(const uint8_t *in, size_t size)
{
	const uint8_t *end = in + size;
	uint32_t len;

	if (get32(in) != LZ4_MAGIC)
		fail("not LZ4");
	for (in += 4; in < end; in += len) {
		len = get32(in);
		in += 4;
		if (len > (size_t)(end - in))
			fail("damaged");
		write_out(out, block_unpack(in, len));
	}
}

int main(int argc, char **argv)
{
	FILE *image = argc > 1 ? fopen(argv[argc - 1], "r") : NULL;
	size_t size, begin, len;

	if (!image)
		fail("usage: vmlinux-of [-z] BZIMAGE");
	size = fread(file, 1, sizeof(file), image);
	begin = (file[SETUP_SECTS] + 1) * 512 + get32(file + PAYLOAD_OFFSET);
	len = get32(file + PAYLOAD_LENGTH);
	/* the last four bytes are the size unpacked, for the kernel's own loader */
	if (begin > size || len > size - begin || len < 8)
		fail("not a bzImage");
	len -= 4;
	if (!strcmp(argv[1], "-z"))
		write_out(file + begin, len);
	else
		unpack(file + begin, len);
	return 0;
}
