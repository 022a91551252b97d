/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images of a few kilobytes that image*.c accepts, and the invariants of every
 * accepted image. For image-test.c and fuzz-image.c.
 *
 * The kernel: text at the start, data, per-CPU data linked at 0, init; one
 * relocation of each kind in its text.
 */
#ifndef SELFTESTS_IMAGE_SYNTH_H
#define SELFTESTS_IMAGE_SYNTH_H

#include <elf.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "image/image.h"

#define SYNTH_MAX		(16 << 10)
#define SYNTH_MAP		0xffffffff80000000ULL
#define SYNTH_PA		0x1000000ULL
#define SYNTH_INIT_SIZE		0x200000u
#define SYNTH_ALIGN		0x200000u
#define SYNTH_RELEASE		"6.12.99-synth"
#define SYNTH_BANNER		"Linux version " SYNTH_RELEASE " (who@where)"
#define SYNTH_TEXT_SIZE		0x400
#define SYNTH_ABS64		0x100	/* offsets of the relocated places */
#define SYNTH_NEG32		0x200
#define SYNTH_ABS32		0x300
#define SYNTH_HEADER		0x1f1
#define SYNTH_SETUP_SIZE	1024
#define SYNTH_PAYLOAD_OFFSET	0x2cc

struct synth_elf {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[4];
	uint8_t text[SYNTH_TEXT_SIZE];
	uint8_t data[0x100];
	uint8_t percpu[0x80];
	uint8_t init[0x80];
	Elf64_Shdr shdr[1];
};

#define SYNTH_PHDR(member, va, pa, bytes) {				\
	.p_type = PT_LOAD, .p_flags = PF_R | PF_X,			\
	.p_offset = offsetof(struct synth_elf, member),			\
	.p_vaddr = (va), .p_paddr = SYNTH_PA + (pa),			\
	.p_filesz = sizeof(((struct synth_elf *)0)->member),		\
	.p_memsz = (bytes), .p_align = SYNTH_ALIGN,			\
}

static inline void synth_elf(struct synth_elf *elf)
{
	const uint64_t link = SYNTH_MAP + SYNTH_PA;
	uint64_t abs64 = link + 0x2010;
	uint32_t neg32 = -((uint32_t)link + SYNTH_NEG32), abs32 = (uint32_t)link + 0x4020;

	*elf = (struct synth_elf){
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = SYNTH_PA + 0x40, .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phoff = offsetof(struct synth_elf, phdr), .e_phnum = 4,
			.e_phentsize = sizeof(Elf64_Phdr), .e_shentsize = sizeof(Elf64_Shdr),
			.e_shoff = offsetof(struct synth_elf, shdr), .e_shnum = 1,
		},
		.phdr = {
			SYNTH_PHDR(text, link, 0, 0x1800),
			SYNTH_PHDR(data, link + 0x2000, 0x2000, 0x1000),
			SYNTH_PHDR(percpu, 0, 0x3000, 0x1000),
			SYNTH_PHDR(init, link + 0x4000, 0x4000, 0x3000),
		},
	};
	memset(elf->text, 0xcc, sizeof(elf->text));
	memcpy(elf->text + 0x80, SYNTH_BANNER, sizeof(SYNTH_BANNER));
	memcpy(elf->text + SYNTH_ABS64, &abs64, sizeof(abs64));
	memcpy(elf->text + SYNTH_NEG32, &neg32, sizeof(neg32));
	memcpy(elf->text + SYNTH_ABS32, &abs32, sizeof(abs32));
	memset(elf->data, 0xdd, sizeof(elf->data));
	memset(elf->percpu, 0xee, sizeof(elf->percpu));
	memset(elf->init, 0x11, sizeof(elf->init));
}

/* What a payload holds: the ELF and its relocations. Returns the size. */
static inline size_t synth_payload(uint8_t *buf)
{
	const uint32_t link = (uint32_t)(SYNTH_MAP + SYNTH_PA);
	const uint32_t relocs[] = {
		0, link + SYNTH_ABS64, 0, link + SYNTH_NEG32, 0, link + SYNTH_ABS32,
	};

	synth_elf((struct synth_elf *)buf);
	memcpy(buf + sizeof(struct synth_elf), relocs, sizeof(relocs));
	return sizeof(struct synth_elf) + sizeof(relocs);
}

static inline size_t synth_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	z_stream s = { .next_in = (uint8_t *)in, .avail_in = size, .next_out = out,
		       .avail_out = room };

	if (deflateInit2(&s, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	deflate(&s, Z_FINISH);
	deflateEnd(&s);
	return s.next_out - out;
}

/* As scripts/xz_wrap.sh of the kernel does, but with a small dictionary. */
static inline size_t synth_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	lzma_options_lzma lzma;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL }, { LZMA_FILTER_LZMA2, &lzma }, { LZMA_VLI_UNKNOWN, NULL },
	};
	size_t used = 0;

	lzma_lzma_preset(&lzma, 0);
	if (lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in, size, out, &used,
				      room) != LZMA_OK)
		return 0;
	return used;
}

static inline size_t synth_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	size_t used = ZSTD_compress(out, room, in, size, 1);

	return ZSTD_isError(used) ? 0 : used;
}

/* One block: literals, then a match that overlaps itself, then literals again. */
static inline size_t synth_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	size_t run, at = 8, left;
	uint32_t word = 0x184c2102;

	/* the first four equal bytes after one of their kind */
	for (run = 15; run + 4 < size; run++)
		if (in[run - 1] == in[run] && !memcmp(in + run - 1, in + run, 4))
			break;
	if (size < 600 || size + 64 > room || run + 24 > size)
		return 0;
	memcpy(out, &word, 4);
	out[at++] = 0xf0;
	for (left = run - 15; left >= 255; left -= 255)
		out[at++] = 255;
	out[at++] = left;
	memcpy(out + at, in, run);
	at += run;
	out[at++] = 1;
	out[at++] = 0;
	out[at++] = 0xf0;
	in += run + 4;
	size -= run + 4;
	for (left = size - 15; left >= 255; left -= 255)
		out[at++] = 255;
	out[at++] = left;
	memcpy(out + at, in, size);
	at += size;
	word = at - 8;
	memcpy(out + 4, &word, 4);
	return at;
}

/* Known by name only. */
static inline size_t synth_bzip2(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	(void)in;
	(void)room;
	memcpy(out, "BZh9", 4);
	memset(out + 4, 0x55, size / 4);
	return 4 + size / 4;
}

struct synth_compression {
	const char *name;
	size_t (*pack)(const uint8_t *in, size_t size, uint8_t *out, size_t room);
};

static const struct synth_compression synth_compressions[] = {
	{ "gzip", synth_gzip }, { "xz", synth_xz }, { "zstd", synth_zstd }, { "lz4", synth_lz4 },
	{ "bzip2", synth_bzip2 },
};

#define SYNTH_COMPRESSIONS	5
#define SYNTH_SUPPORTED		4	/* the first ones */

static inline struct setup_header *synth_header(uint8_t *file)
{
	return (struct setup_header *)(file + SYNTH_HEADER);
}

/* A bzImage around any payload; @file of SYNTH_MAX bytes. Returns the size. */
static inline size_t synth_bzimage_of(uint8_t *file, const uint8_t *payload, uint32_t size,
				      const struct synth_compression *compression)
{
	uint8_t *packed = file + SYNTH_SETUP_SIZE + SYNTH_PAYLOAD_OFFSET;
	size_t len, total;

	memset(file, 0, SYNTH_MAX);
	len = compression->pack(payload, size, packed,
				SYNTH_MAX - SYNTH_SETUP_SIZE - SYNTH_PAYLOAD_OFFSET - 64);
	if (compression->pack != synth_gzip) {
		memcpy(packed + len, &size, 4);
		len += 4;
	}
	total = vnode_align_up(SYNTH_PAYLOAD_OFFSET + len, 16);
	*synth_header(file) = (struct setup_header){
		.setup_sects = SYNTH_SETUP_SIZE / 512 - 1, .syssize = total / 16,
		.boot_flag = 0xaa55, .jump = 0x6aeb, .header = 0x53726448, .version = 0x20f,
		.kernel_version = 0x100, .loadflags = LOADED_HIGH, .kernel_alignment = SYNTH_ALIGN,
		.relocatable_kernel = 1, .xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = 2047, .payload_offset = SYNTH_PAYLOAD_OFFSET, .payload_length = len,
		.pref_address = SYNTH_PA, .init_size = SYNTH_INIT_SIZE,
	};
	strcpy((char *)file + 0x300, SYNTH_RELEASE " (who@where) #1");
	return SYNTH_SETUP_SIZE + total;
}

static inline size_t synth_bzimage(uint8_t *file, const struct synth_compression *compression)
{
	static uint8_t payload[SYNTH_MAX];

	return synth_bzimage_of(file, payload, synth_payload(payload), compression);
}

static inline bool synth_within(const void *buf, uint64_t size, const void *in, size_t in_size)
{
	const uint8_t *from = buf, *start = in;

	return in && from >= start && from <= start + in_size &&
	       size <= (uint64_t)(start + in_size - from);
}

/* NULL, or what is wrong with an image that was opened. */
static inline const char *synth_insane(const struct vnode_image *image, const void *file,
				       size_t size)
{
	const struct vnode_image_segment *s;
	uint64_t end = 0;
	unsigned int i;

	if (!image->format || !memchr(image->release, 0, sizeof(image->release)))
		return "strings";
	if (!image->nr_segments || image->nr_segments > VNODE_IMAGE_SEGMENTS_MAX)
		return "number of segments";
	if (image->align < (2 << 20) || image->align & (image->align - 1) ||
	    image->link_pa % image->align)
		return "alignment";
	if (!image->has_entry64 || image->entry64 >= image->segment[image->nr_segments - 1].offset +
	    image->segment[image->nr_segments - 1].bufsz)
		return "entry";
	for (i = 0; i < image->nr_segments; i++) {
		s = &image->segment[i];
		if (s->bufsz > s->memsz || s->offset % 4096 || s->memsz % 4096 || s->offset < end)
			return "segment";
		end = s->offset + s->memsz;
		if (!synth_within(s->buf, s->bufsz, file, size) &&
		    !synth_within(s->buf, s->bufsz, image->data, image->data_size))
			return "buffer of a segment";
		if (image->relocs && !synth_within(s->buf, s->bufsz, image->data, image->data_size))
			return "relocations of a file that is not ours";
	}
	if (image->mem_size < end || image->mem_size > 1 << 30 || image->mem_size % 4096)
		return "memory size";
	if (image->relocs &&
	    !synth_within(image->relocs, image->relocs_size, image->data, image->data_size))
		return "relocations";
	return NULL;
}

#endif /* SELFTESTS_IMAGE_SYNTH_H */
