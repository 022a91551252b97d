// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relocations behind the vmlinux in a bzImage's payload. They serve to move the
 * kernel in virtual memory (KASLR) in place of its own decompressor, which is not run.
 *
 * The table (arch/x86/tools/relocs.c, emit_relocs(); its reader is
 * handle_relocations() in arch/x86/boot/compressed/misc.c) is a row of 32-bit
 * words, the sign-extended virtual addresses of the places to change:
 *
 *	0, 64-bit places..., 0, inverse 32-bit places..., 0, 32-bit places...
 *
 * A place of the first and the last list holds an address, which moves with the kernel.
 * A place of the middle list holds the distance from the kernel to the per-CPU section,
 * which is linked at 0 and does not move: the distance shrinks as the kernel moves up.
 * Kernels that link per-CPU variables like any others have no middle list and no zero
 * for it. No place is at address 0, so the number of zeros is the number of lists.
 */
#include <errno.h>
#include <string.h>

#include "image.h"

enum { LISTS_MAX = 3 };

struct reloc_list {
	const uint8_t *places;
	size_t nr;
};

/* In the order of the table; @neg32 may be empty. */
struct reloc_lists {
	struct reloc_list abs64, neg32, abs32;
};

static int split(const uint8_t *table, size_t size, struct reloc_lists *lists)
{
	struct reloc_list list[LISTS_MAX];
	unsigned int nr_lists = 0;
	size_t i, nr = size / sizeof(uint32_t);

	if (size % sizeof(uint32_t))
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (image_get32(table + i * sizeof(uint32_t))) {
			if (!nr_lists)
				return -EINVAL;
			list[nr_lists - 1].nr++;
			continue;
		}
		if (nr_lists == LISTS_MAX)
			return -EINVAL;
		list[nr_lists++] = (struct reloc_list){
			.places = table + (i + 1) * sizeof(uint32_t),
		};
	}
	if (nr_lists < 2)
		return -EINVAL;
	lists->abs64 = list[0];
	lists->neg32 = nr_lists == LISTS_MAX ? list[1] : (struct reloc_list){};
	lists->abs32 = list[nr_lists - 1];
	return 0;
}

/*
 * The bytes of one place in the file, NULL if they are in no segment. The lists are
 * sorted: nearly always @hint, the segment of the place before, is the right one.
 */
static uint8_t *place_find(struct vnode_image *image, uint32_t place, size_t width,
			   unsigned int *hint)
{
	uint64_t offset = (uint64_t)(int32_t)place - IMAGE_KERNEL_MAP - image->link_pa;
	const struct vnode_image_segment *segment;
	unsigned int i, n;

	for (n = 0; n < image->nr_segments; n++) {
		i = (*hint + n) % image->nr_segments;
		segment = &image->segment[i];
		if (offset < segment->offset || segment->bufsz < width ||
		    offset - segment->offset > segment->bufsz - width)
			continue;
		*hint = i;
		/* an image with relocations owns its data: writing is allowed */
		return (uint8_t *)segment->buf + (offset - segment->offset);
	}
	return NULL;
}

static int list_check(struct vnode_image *image, const struct reloc_list *list, size_t width,
		      struct vnode_err *err)
{
	unsigned int hint = 0;
	uint32_t place;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		place = image_get32(list->places + i * sizeof(place));
		if (!place_find(image, place, width, &hint))
			return vnode_err(err, ENOEXEC,
					 "damaged: relocation at %#llx is outside of the kernel",
					 (unsigned long long)(int32_t)place);
	}
	return 0;
}

/*
 * Adds @delta to places of 32 or 64 bits. The sum may wrap, as in the kernel's own
 * code. In a hostile table places may overlap and be unaligned, hence memcpy().
 */
static void list_apply(struct vnode_image *image, const struct reloc_list *list, size_t width,
		       uint64_t delta)
{
	unsigned int hint = 0;
	uint8_t *at;
	uint64_t value;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		at = place_find(image, image_get32(list->places + i * sizeof(uint32_t)), width,
				&hint);
		value = 0;
		memcpy(&value, at, width);
		value += delta;
		memcpy(at, &value, width);
	}
}

/**
 * image_find_relocs() - set the relocations of a payload
 * @image: its segments are known already
 * @table: what follows the ELF file
 * @size: of that; 0 where the kernel was built without relocations
 *
 * All places are checked here: vnode_image_relocate() cannot fail half-way.
 *
 * Return: 0 or -ENOEXEC.
 */
int image_find_relocs(struct vnode_image *image, const uint8_t *table, size_t size,
		      struct vnode_err *err)
{
	struct reloc_lists lists;
	int ret;

	if (!size)
		return 0;
	if (split(table, size, &lists))
		return vnode_err(err, ENOEXEC,
				 "damaged: the %zu bytes behind the kernel are not a relocation table",
				 size);
	ret = list_check(image, &lists.abs64, sizeof(uint64_t), err);
	if (!ret)
		ret = list_check(image, &lists.neg32, sizeof(uint32_t), err);
	if (!ret)
		ret = list_check(image, &lists.abs32, sizeof(uint32_t), err);
	if (ret)
		return ret;
	image->relocs = table;
	image->relocs_size = size;
	return 0;
}

/**
 * vnode_image_relocate() - move an unpacked payload up in virtual memory
 * @image: with relocs; it has none afterwards, so it moves once only
 * @delta: bytes, a multiple of image->align; the kernel must stay in its window of
 *         1 GiB
 *
 * Return: 0, or -EINVAL with @image as it was.
 */
int vnode_image_relocate(struct vnode_image *image, uint64_t delta, struct vnode_err *err)
{
	uint64_t room = IMAGE_SIZE_MAX - image->mem_size - image->link_pa;
	struct reloc_lists lists;

	if (!image->relocs || split(image->relocs, image->relocs_size, &lists))
		return vnode_err(err, EINVAL,
				 "%s without relocations cannot be moved in virtual memory",
				 image->format);
	if (delta % image->align)
		return vnode_err(err, EINVAL,
				 "cannot move the kernel by %#llx: not a multiple of %#llx",
				 (unsigned long long)delta, (unsigned long long)image->align);
	if (delta > room)
		return vnode_err(err, EINVAL,
				 "cannot move the kernel by %#llx: only %#llx are left above it",
				 (unsigned long long)delta, (unsigned long long)room);

	list_apply(image, &lists.abs64, sizeof(uint64_t), delta);
	list_apply(image, &lists.neg32, sizeof(uint32_t), -delta);
	list_apply(image, &lists.abs32, sizeof(uint32_t), delta);
	image->relocs = NULL;
	image->relocs_size = 0;
	return 0;
}
