/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel images: the interface for other folders, then the one between the files here. */
#ifndef KEXEC_VNODE_IMAGE_H
#define KEXEC_VNODE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <asm/bootparam.h>

#include "vnode.h"

/*
 * A kernel image taken apart. All offsets count from the image's load address, which plan.c
 * chooses: a multiple of @align inside the vnode's memory. The segments are in the
 * order of their offsets and share no page.
 */
#define VNODE_IMAGE_SEGMENTS_MAX	16

struct vnode_image_segment {
	const void *buf;		/* points into the file or @data */
	uint64_t bufsz;
	uint64_t offset;		/* of whole pages, as @memsz */
	uint64_t memsz;			/* >= bufsz; the rest is zero */
};

struct vnode_image {
	const char *format;		/* "bzImage", "bzImage payload", "ELF" */
	char release[128];		/* of the kernel, "" if it is not known */
	bool has_header;		/* @header is a bzImage's, with zeros behind its end */
	struct setup_header header;
	struct vnode_image_segment segment[VNODE_IMAGE_SEGMENTS_MAX];
	unsigned int nr_segments;
	uint64_t align;
	uint64_t mem_size;		/* needed from the load address up to run */
	uint64_t link_pa;		/* physical address it is linked for */
	bool has_entry32;
	bool has_entry64;
	uint64_t entry32;
	uint64_t entry64;
	/*
	 * The kernel can be moved in virtual memory: by its own decompressor
	 * (bzImage), or with @relocs (payload). False: no virtual KASLR.
	 */
	bool self_kaslr;
	const uint8_t *relocs;
	size_t relocs_size;
	void *data;			/* unpacked, segment[].buf may point into it */
	size_t data_size;
};

enum vnode_unpack {
	VNODE_UNPACK_AUTO,		/* unpack the payload if its compression is supported */
	VNODE_UNPACK_NEVER,		/* the bzImage unpacks itself */
	VNODE_UNPACK_ALWAYS,		/* -EOPNOTSUPP if the compression is not supported */
};					/* a compressed ELF is always unpacked */

/*
 * @file stays the caller's and must outlive @image. -ENOEXEC: not a kernel image
 * (truncated, random, another architecture, not relocatable). -EOPNOTSUPP: see
 * VNODE_UNPACK_ALWAYS. The sentence does not name the file.
 */
int vnode_image_open(struct vnode_image *image, const void *file, size_t size,
		     enum vnode_unpack unpack, struct vnode_err *err);
/*
 * Moves an unpacked payload up by @delta in virtual memory (KASLR): a multiple of
 * @align, link_pa + mem_size + delta <= 1 GiB; else -EINVAL, and nothing is changed.
 * Once only: @relocs is NULL afterwards.
 */
int vnode_image_relocate(struct vnode_image *image, uint64_t delta, struct vnode_err *err);
void vnode_image_close(struct vnode_image *image);

/*
 * gzip, zstd, xz, lz4 (-l) by magic; *out is malloc()ed. At most @max bytes come
 * out: -EFBIG. -EOPNOTSUPP: a compression that is not supported. -ENOMSG: not compressed.
 * -EBADMSG: damaged, truncated, or followed by other data.
 */
int vnode_decompress(const void *in, size_t in_size, size_t max, void **out,
		     size_t *out_size, struct vnode_err *err);

/* ---- inside image/ ---- */

/*
 * arch/x86/include/asm/page_64_types.h: where the kernel's image is mapped, and
 * the size of that window (KERNEL_IMAGE_SIZE of a kernel with KASLR). No image
 * can need more, so it bounds everything here.
 */
#define IMAGE_KERNEL_MAP	0xffffffff80000000ULL
#define IMAGE_SIZE_MAX		(1ULL << 30)

/* startup_64 demands it: the image is mapped with large pages */
#define IMAGE_ALIGN_MIN		(2ULL << 20)

#define IMAGE_PAGE_SIZE		4096ULL

/*
 * A file format. @open gets a zeroed @image. After an error its caller cleans up.
 */
struct image_type {
	bool (*probe)(const uint8_t *file, size_t size);
	int (*open)(struct vnode_image *image, const uint8_t *file, size_t size,
		    enum vnode_unpack unpack, struct vnode_err *err);
};

extern const struct image_type image_type_bzimage;
extern const struct image_type image_type_elf;
extern const struct image_type image_type_elf_compressed;

/* image.c */
void image_set_release(struct vnode_image *image, const void *text, size_t size);

/*
 * elf.c: the segments, the entry and the sizes of a vmlinux. @end: where
 * the ELF file itself ends, which may be before @size (relocations follow).
 */
int image_parse_elf(struct vnode_image *image, const uint8_t *file, size_t size,
		    size_t *end, struct vnode_err *err);

/* relocs.c: checks the @size bytes behind a payload's ELF file and sets image->relocs */
int image_find_relocs(struct vnode_image *image, const uint8_t *table, size_t size,
		      struct vnode_err *err);

/* decompress.c: the name of the compression, or NULL; whether it is supported */
const char *decompress_name(const uint8_t *in, size_t size);
bool decompress_supported(const uint8_t *in, size_t size);

/* image.c: the offset of a PE header with @room bytes behind it, or 0 ("PE Format") */
size_t image_find_pe(const uint8_t *file, size_t size, size_t room);

/* Integers in files are little-endian, as this machine is, and may be unaligned. */
static inline uint32_t image_get32(const uint8_t *from)
{
	uint32_t value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

#endif /* KEXEC_VNODE_IMAGE_H */
