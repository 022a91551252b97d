// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compressions of kernel images. Every start waits for this: memory is touched once,
 * and the buffer grows by realloc(), which moves pages, not bytes.
 *
 * The input must be the compressed stream and nothing else.
 */
#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "image.h"

/*
 * The output so far. @limit is one byte above the limit of the caller: a decoder that
 * fills it has exceeded that.
 */
struct output {
	uint8_t *buf;
	size_t used, room, limit;
};

struct compression {
	const char *name;
	const char *magic;
	size_t magic_size;
	/* -EBADMSG: damaged; -EFBIG; -ENOMEM. NULL: not supported. */
	int (*decode)(const uint8_t *in, size_t in_size, struct output *out);
};

/* Makes room for @size more bytes, or for as many as @limit allows. */
static int output_reserve(struct output *out, size_t size)
{
	size_t room = out->room;
	uint8_t *buf;

	while (room - out->used < size && room < out->limit)
		room = room > out->limit / 2 ? out->limit : room * 2;
	if (room == out->room)
		return 0;
	buf = realloc(out->buf, room);
	if (!buf)
		return -ENOMEM;
	out->buf = buf;
	out->room = room;
	return 0;
}

/* One step of a streaming decoder: 0, 1 at the end of the stream, or a negative errno. */
typedef int (*step_t)(void *stream, struct output *out);

static int decode_stream(step_t step, void *stream, struct output *out)
{
	int ret;

	do {
		ret = output_reserve(out, 1);
		if (!ret && out->used == out->room)
			ret = -EFBIG;
		if (!ret)
			ret = step(stream, out);
	} while (!ret);
	return ret < 0 ? ret : 0;
}

static int gzip_step(void *stream, struct output *out)
{
	z_stream *z = stream;
	int status;

	z->next_out = out->buf + out->used;
	z->avail_out = out->room - out->used;
	status = inflate(z, Z_NO_FLUSH);
	out->used = z->next_out - out->buf;
	if (status == Z_STREAM_END)
		return z->avail_in ? -EBADMSG : 1;
	return status == Z_OK ? 0 : status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int decode_gzip(const uint8_t *in, size_t in_size, struct output *out)
{
	z_stream z = { .next_in = (Bytef *)in, .avail_in = in_size };
	int ret;

	/* 15: the largest window; 16: a gzip header */
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return -ENOMEM;
	ret = decode_stream(gzip_step, &z, out);
	inflateEnd(&z);
	return ret;
}

static int xz_step(void *stream, struct output *out)
{
	lzma_stream *xz = stream;
	lzma_ret status;

	xz->next_out = out->buf + out->used;
	xz->avail_out = out->room - out->used;
	status = lzma_code(xz, LZMA_FINISH);
	out->used = xz->next_out - out->buf;
	if (status == LZMA_STREAM_END)
		return xz->avail_in ? -EBADMSG : 1;
	if (status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	return status == LZMA_OK ? 0 : -EBADMSG;
}

static int decode_xz(const uint8_t *in, size_t in_size, struct output *out)
{
	lzma_stream xz = LZMA_STREAM_INIT;
	int ret;

	/* The kernel's dictionary is 128 MiB (scripts/xz_wrap.sh). */
	if (lzma_stream_decoder(&xz, 512 << 20, 0) != LZMA_OK)
		return -ENOMEM;
	xz.next_in = in;
	xz.avail_in = in_size;
	ret = decode_stream(xz_step, &xz, out);
	lzma_end(&xz);
	return ret;
}

/*
 * Decodes in one pass into one buffer: streaming would need a window of 128 MiB for the
 * kernel's "zstd -22 --ultra", and another copy. If the buffer is too small, decoding
 * begins again. The size in the frame's header is not used: kernels are compressed in a
 * pipe and have none, and in other files it may be wrong.
 */
static int decode_zstd(const uint8_t *in, size_t in_size, struct output *out)
{
	size_t ret;
	int err;

	for (;;) {
		ret = ZSTD_decompress(out->buf, out->room, in, in_size);
		if (!ZSTD_isError(ret)) {
			out->used = ret;
			return 0;
		}
		if (ZSTD_getErrorCode(ret) == ZSTD_error_memory_allocation)
			return -ENOMEM;
		if (ZSTD_getErrorCode(ret) != ZSTD_error_dstSize_tooSmall)
			return -EBADMSG;
		if (out->room == out->limit)
			return -EFBIG;
		err = output_reserve(out, out->room + 1);
		if (err)
			return err;
	}
}

/*
 * LZ4, the format of "lz4 -l": a magic, then independent blocks, each with its compressed
 * size in front. All but the last are 8 MiB unpacked. See lib/decompress_unlz4.c. liblz4
 * has functions for the blocks, but not for this frame.
 */
#define LZ4_MAGIC	0x184c2102
#define LZ4_BLOCK_MAX	(8u << 20)

static int decode_lz4(const uint8_t *in, size_t in_size, struct output *out)
{
	const uint8_t *end = in + in_size;
	size_t size, room;
	int ret;

	while (in < end) {
		if (end - in < 4)
			return -EBADMSG;
		size = image_get32(in);
		in += 4;
		/* several files may be concatenated */
		if (size == LZ4_MAGIC)
			continue;
		if (size > (size_t)(end - in))
			return -EBADMSG;
		ret = output_reserve(out, LZ4_BLOCK_MAX);
		if (ret)
			return ret;
		room = out->room - out->used;
		if (size > INT_MAX)
			return -EBADMSG;
		ret = LZ4_decompress_safe((const char *)in, (char *)out->buf + out->used, size,
					  room < LZ4_BLOCK_MAX ? room : LZ4_BLOCK_MAX);
		/* liblz4 has the same error for a damaged block and for one too large */
		if (ret < 0)
			return room < LZ4_BLOCK_MAX ? -EFBIG : -EBADMSG;
		out->used += ret;
		in += size;
	}
	return 0;
}

#define MAGIC(bytes)	.magic = (bytes), .magic_size = sizeof(bytes) - 1

static const struct compression compressions[] = {
	{ "gzip", MAGIC("\x1f\x8b"), decode_gzip },
	{ "xz", MAGIC("\xfd\x37zXZ\0"), decode_xz },
	{ "zstd", MAGIC("\x28\xb5\x2f\xfd"), decode_zstd },
	{ "lz4", MAGIC("\x02\x21\x4c\x18"), decode_lz4 },
	{ "bzip2", MAGIC("BZh"), NULL },
	{ "lzma", MAGIC("\x5d\0\0"), NULL },
	{ "lzo", MAGIC("\x89LZO\0\r\n\x1a\n"), NULL },
};

static const struct compression *compression_find(const uint8_t *in, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		if (size >= compressions[i].magic_size &&
		    !memcmp(in, compressions[i].magic, compressions[i].magic_size))
			return &compressions[i];
	}
	return NULL;
}

const char *decompress_name(const uint8_t *in, size_t size)
{
	const struct compression *compression = compression_find(in, size);

	return compression ? compression->name : NULL;
}

bool decompress_supported(const uint8_t *in, size_t size)
{
	const struct compression *compression = compression_find(in, size);

	return compression && compression->decode;
}

static int decompress_error(const char *name, int ret, size_t max, struct vnode_err *err)
{
	switch (ret) {
	case -ENOMEM:
		return vnode_err(err, ret, "not enough memory to unpack %s", name);
	case -EFBIG:
		return vnode_err(err, ret, "%s data of more than %zu bytes", name, max);
	default:
		return vnode_err(err, ret, "damaged or truncated %s data", name);
	}
}

/**
 * vnode_decompress() - decompress data whose compression is known by its magic
 * @in: the compressed stream, with nothing behind it
 * @in_size: bytes
 * @max: limit of the output in bytes; fastest if it is close to the real size
 * @out: malloc()ed; NULL after an error
 * @out_size: bytes
 *
 * Return: 0, or -ENOMSG (not compressed), -EOPNOTSUPP (bzip2, lzma, lzo), -EFBIG,
 * -EBADMSG (damaged, truncated or followed by other data), -ENOMEM.
 */
int vnode_decompress(const void *in, size_t in_size, size_t max, void **out,
		     size_t *out_size, struct vnode_err *err)
{
	const struct compression *compression = compression_find(in, in_size);
	struct output output = { .limit = max + 1 };
	int ret;

	*out = NULL;
	*out_size = 0;
	if (!compression)
		return vnode_err(err, ENOMSG, "not compressed");
	if (!compression->decode)
		return vnode_err(err, EOPNOTSUPP,
				 "compressed with %s, which cannot be unpacked here: unpack it first",
				 compression->name);
	/* Lengths of 32 bits are enough for every decoder. */
	if (in_size > UINT32_MAX || max >= UINT32_MAX)
		return decompress_error(compression->name, -EFBIG, UINT32_MAX, err);

	/* A kernel grows five-fold: this is nearly always enough. Untouched pages are free. */
	output.room = in_size < output.limit / 8 ? in_size * 8 : output.limit;
	output.buf = malloc(output.room);
	if (!output.buf)
		return decompress_error(compression->name, -ENOMEM, max, err);
	ret = compression->decode(in, in_size, &output);
	if (!ret && output.used > max)
		ret = -EFBIG;
	if (ret) {
		free(output.buf);
		return decompress_error(compression->name, ret, max, err);
	}
	*out = output.buf;
	*out_size = output.used;
	return 0;
}
