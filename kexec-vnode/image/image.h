/* SPDX-License-Identifier: GPL-2.0-only */
/* What image.c and the formats share; everyone else uses vnode.h. */
#ifndef KEXEC_VNODE_IMAGE_H
#define KEXEC_VNODE_IMAGE_H

#include "vnode.h"

/*
 * arch/x86/include/asm/page_64_types.h: where the kernel's image is mapped, and
 * the size of that window (KERNEL_IMAGE_SIZE of a kernel with KASLR). No image
 * can need more, so it bounds everything here.
 */
#define IMAGE_KERNEL_MAP	0xffffffff80000000ULL
#define IMAGE_SIZE_MAX		(1ULL << 30)

/* startup_64 insists on it: the image is mapped with large pages */
#define IMAGE_ALIGN_MIN		(2ULL << 20)

#define IMAGE_PAGE_SIZE		4096ULL

/*
 * A file format. @open leaves the cleaning up after an error to its caller,
 * which gives it a zeroed @image.
 */
struct image_type {
	const char *name;
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
 * image-elf.c: the segments, the entry and the sizes of a vmlinux. @end: where
 * the ELF file itself ends, which may be before @size (relocations follow).
 */
int image_parse_elf(struct vnode_image *image, const uint8_t *file, size_t size,
		    size_t *end, struct vnode_err *err);

/* relocs.c: looks at the size bytes behind a payload's ELF, sets image->relocs */
int image_find_relocs(struct vnode_image *image, const uint8_t *table, size_t size,
		      struct vnode_err *err);

/* decompress.c: the name of the compression, or NULL; whether we can undo it */
const char *decompress_name(const uint8_t *in, size_t size);
bool decompress_supported(const uint8_t *in, size_t size);

/* Integers of the file formats are little-endian, as this machine, but lie anywhere. */
static inline uint32_t image_get32(const uint8_t *from)
{
	uint32_t value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

#endif /* KEXEC_VNODE_IMAGE_H */
