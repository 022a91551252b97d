// SPDX-License-Identifier: GPL-2.0-only
/* Opens a kernel image as the first format whose magic it has. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

static const struct image_type *const image_types[] = {
	&image_type_bzimage,
	&image_type_elf,
	&image_type_elf_compressed,
};

/* Files that are easily mistaken for a kernel image */
static const struct {
	size_t offset;
	const char *magic;
	const char *text;
} strangers[] = {
	{ 0x38, "ARM\x64", "a kernel image for arm64, not x86-64" },
	{ 0x38, "RSC\x05", "a kernel image for riscv, not x86-64" },
	{ 4, "zimg", "an EFI zboot image, which is for other machines than x86-64" },
	{ 0, "070701", "a cpio archive, perhaps an initrd, not a kernel image" },
	{ 0, "#!", "a script, not a kernel image" },
};

#define PE_OFFSET	0x3c	/* of the offset of the header */
#define PE_MAGIC	0x00004550

size_t image_find_pe(const uint8_t *file, size_t size, size_t room)
{
	size_t pe;

	if (size < PE_OFFSET + 4)
		return 0;
	pe = image_get32(file + PE_OFFSET);
	return pe + room <= size && image_get32(file + pe) == PE_MAGIC ? pe : 0;
}

/* PE Format, "COFF File Header" and "Section Table" */
#define PE_HEADER	24	/* its size */
#define PE_SECTIONS	6	/* from there: how many (2 bytes) */
#define PE_OPTIONAL	20	/* from there: bytes between it and the table (2 bytes) */
#define PE_SECTION	40

/* UAPI Group Specifications, "Unified Kernel Image": the kernel is the section .linux */
static bool is_uki(const uint8_t *file, size_t size)
{
	size_t pe = image_find_pe(file, size, PE_HEADER), at, nr;

	if (!pe || memcmp(file, "MZ", 2))
		return false;
	nr = image_get32(file + pe + PE_SECTIONS) & 0xffff;
	at = pe + PE_HEADER + (image_get32(file + pe + PE_OPTIONAL) & 0xffff);
	for (; nr && at + PE_SECTION <= size; nr--, at += PE_SECTION)
		if (!memcmp(file + at, ".linux", sizeof(".linux")))
			return true;
	return false;
}

static int refuse_stranger(const uint8_t *file, size_t size, struct vnode_err *err)
{
	size_t i, len;

	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		len = strlen(strangers[i].magic);
		if (size >= strangers[i].offset + len &&
		    !memcmp(file + strangers[i].offset, strangers[i].magic, len))
			return vnode_err(err, ENOEXEC, "%s", strangers[i].text);
	}
	if (is_uki(file, size))
		return vnode_err(err, ENOEXEC,
				 "a unified kernel image: take its parts out by objcopy --dump-section .linux=vmlinuz --dump-section .initrd=initrd.img FILE /dev/null");
	return vnode_err(err, ENOEXEC,
			 "not a kernel image: neither a bzImage nor an ELF vmlinux, or cut off in its first sector");
}

/**
 * image_set_release() - take the release, the first word of a version text
 * @text: "6.12.1-cloud (user@host) #1 SMP ..."; need not be terminated
 * @size: where it ends at the latest
 */
void image_set_release(struct vnode_image *image, const void *text, size_t size)
{
	const unsigned char *from = text;
	size_t i;

	/* it is printed on terminals: visible characters only */
	for (i = 0; i < size && i < sizeof(image->release) - 1 && isgraph(from[i]); i++)
		image->release[i] = from[i];
	image->release[i] = '\0';
}

/**
 * vnode_image_open() - take a kernel image apart
 * @image: filled in, to be closed; zeroed after an error
 * @file: the whole file; stays the caller's and must outlive @image
 * @size: of the file
 * @unpack: whether a bzImage is unpacked here or unpacks itself; a compressed ELF
 *          file is always unpacked here
 * @err: one sentence; it does not name the file
 *
 * Return: 0, or
 * -ENOEXEC: not a kernel image that a vnode can run;
 * -EOPNOTSUPP: VNODE_UNPACK_ALWAYS, and the compression is unknown;
 * -ENOMEM.
 */
int vnode_image_open(struct vnode_image *image, const void *file, size_t size,
		     enum vnode_unpack unpack, struct vnode_err *err)
{
	size_t i;
	int ret;

	memset(image, 0, sizeof(*image));
	if (!size)
		return vnode_err(err, ENOEXEC, "an empty file, not a kernel image");

	for (i = 0; i < sizeof(image_types) / sizeof(image_types[0]); i++) {
		if (!image_types[i]->probe(file, size))
			continue;
		ret = image_types[i]->open(image, file, size, unpack, err);
		if (ret)
			vnode_image_close(image);
		return ret;
	}
	return refuse_stranger(file, size, err);
}

/**
 * vnode_image_close() - free what belongs to an image
 * @image: zeroed or filled in by vnode_image_open()
 */
void vnode_image_close(struct vnode_image *image)
{
	free(image->data);
	memset(image, 0, sizeof(*image));
}
