// SPDX-License-Identifier: GPL-2.0-only
/* vnode_decompress(): its bounds, and LZ4, whose decoder is our own. */
#include <errno.h>

#include "image-synth.h"
#include "ktap.h"

static uint8_t file[SYNTH_MAX], packed[SYNTH_MAX];
static struct vnode_err err;

static void bounds(void)
{
	const size_t size = sizeof(struct synth_elf);
	size_t len, out_size;
	unsigned int c;
	void *out;

	synth_elf((struct synth_elf *)file);
	for (c = 0; c < SYNTH_SUPPORTED; c++) {
		ktap_note("%s", synth_compressions[c].name);
		len = synth_compressions[c].pack(file, size, packed, SYNTH_MAX);
		KTAP_REQUIRE(len);
		KTAP_CHECK_EQ(vnode_decompress(packed, len, size, &out, &out_size, &err), 0);
		KTAP_CHECK(out_size == size && !memcmp(out, file, size));
		free(out);
		KTAP_CHECK_EQ(vnode_decompress(packed, len, size - 1, &out, &out_size, &err),
			      -EFBIG);
		KTAP_CHECK(!out);
		KTAP_CHECK_EQ(vnode_decompress(packed, len, 0, &out, &out_size, &err), -EFBIG);
		memset(packed + len, 'x', 4);
		KTAP_CHECK_EQ(vnode_decompress(packed, len + 4, size, &out, &out_size, &err),
			      -EBADMSG);
		KTAP_CHECK_EQ(vnode_decompress(packed, len - 1, size, &out, &out_size, &err),
			      -EBADMSG);
	}
	KTAP_CHECK_EQ(vnode_decompress("plain text", 10, size, &out, &out_size, &err), -ENOMSG);
	KTAP_CHECK_EQ(vnode_decompress("BZh9", 4, size, &out, &out_size, &err), -EOPNOTSUPP);
	KTAP_CHECK_EQ(vnode_decompress(NULL, 0, size, &out, &out_size, &err), -ENOMSG);
}

/* One block; no byte may be read behind it, nor written behind what it may fill. */
static int lz4(const char *block, size_t size, size_t max)
{
	static const uint32_t magic = 0x184c2102;
	uint32_t block_size = size;
	uint8_t *in = malloc(8 + size);
	size_t out_size;
	void *out;
	int ret;

	memcpy(in, &magic, 4);
	memcpy(in + 4, &block_size, 4);
	memcpy(in + 8, block, size);
	ret = vnode_decompress(in, 8 + size, max, &out, &out_size, &err);
	free(in);
	free(out);
	return ret ?: (int)out_size;
}

static void lz4_blocks(void)
{
	static char big[0x9000];
	unsigned int more;

	KTAP_CHECK_EQ(lz4("\x10x", 2, 100), 1);
	KTAP_CHECK_EQ(lz4("\x11x\1\0\xc0yyyyyyyyyyyy", 17, 100), 18);
	KTAP_CHECK_EQ(lz4("", 0, 16 << 20), -EBADMSG);
	KTAP_CHECK_EQ(lz4("\x20x", 2, 16 << 20), -EBADMSG);		/* behind the end */
	KTAP_CHECK_EQ(lz4("\xf0", 1, 16 << 20), -EBADMSG);		/* no length */
	KTAP_CHECK_EQ(lz4("\xf0\xff", 2, 16 << 20), -EBADMSG);	/* its second byte */
	KTAP_CHECK_EQ(lz4("\x10x\1", 3, 16 << 20), -EBADMSG);	/* half an offset */
	KTAP_CHECK_EQ(lz4("\x10x\0\0\x10y", 6, 16 << 20), -EBADMSG);	/* offset 0 */
	KTAP_CHECK_EQ(lz4("\x10x\2\0\x10y", 6, 16 << 20), -EBADMSG);	/* before the start */
	KTAP_CHECK_EQ(lz4("\x10x\1\0", 4, 16 << 20), -EBADMSG);	/* ends with a match */
	KTAP_CHECK_EQ(lz4("\x1fx\1\0\x40\x10y", 7, 40), -EFBIG);

	memset(big, 0xff, sizeof(big));
	memcpy(big, "\x1fx\1\0", 4);
	memcpy(big + sizeof(big) - 3, "\0\x10y", 3);
	KTAP_CHECK_EQ(lz4(big, sizeof(big), 1 << 20), -EFBIG);
	KTAP_CHECK_EQ(lz4(big, sizeof(big), 32 << 20), -EBADMSG);	/* above 8 MiB */

	/* two files, one behind the other; then too few bytes for a size */
	memcpy(file, "\x02\x21\x4c\x18\x02\0\0\0\x10x", 10);
	memcpy(file + 10, file, 10);
	for (more = 0; more < 4; more++) {
		size_t out_size;
		void *out;

		KTAP_CHECK_EQ(vnode_decompress(file, 20 + more, 100, &out, &out_size, &err),
			      more ? -EBADMSG : 0);
		KTAP_CHECK_EQ(out_size, more ? 0 : 2);
		free(out);
	}
}

static const struct ktap_test tests[] = {
	{ "gzip xz zstd lz4 and their bounds", bounds },
	{ "lz4 blocks", lz4_blocks },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
