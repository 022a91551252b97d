// SPDX-License-Identifier: GPL-2.0-only
/*
 * bzImage: real-mode setup code with the header, and the protected-mode part: a
 * decompressor with the kernel as its payload. Documentation/arch/x86/boot.rst.
 */
#include <errno.h>
#include <string.h>

#include "image.h"

#define HEADER_OFFSET		0x1f1	/* of setup_header in the file */
#define HEADER_JUMP		0x201	/* its byte: the header ends there + 1 + its value */
#define HEADER_MAGIC_OFFSET	0x202
#define HEADER_MAGIC		"HdrS"
#define HEADER_VERSION_MIN	0x20c	/* xloadflags; Linux 3.8 */
#define SECTOR_SIZE		512
#define PARAGRAPH_SIZE		16
#define PAYLOAD_MIN		8	/* a magic and the size unpacked */
#define ENTRY64_OFFSET		0x200	/* from the 32-bit entry, "64-bit Boot Protocol" */

/* What the header says about the file, checked against it. */
struct bzimage {
	const uint8_t *setup;
	size_t setup_size;
	const uint8_t *kernel;		/* the protected-mode part */
	size_t kernel_size;
};

static bool bzimage_probe(const uint8_t *file, size_t size)
{
	return size >= HEADER_MAGIC_OFFSET + 4 &&
	       !memcmp(file + HEADER_MAGIC_OFFSET, HEADER_MAGIC, 4);
}

/* Copies the length that the header claims: older kernels have code behind it. */
static int header_read(struct setup_header *header, const uint8_t *file, size_t size,
		       struct vnode_err *err)
{
	size_t end;

	if (size < HEADER_OFFSET + sizeof(*header))
		return vnode_err(err, ENOEXEC, "a bzImage cut off in its header");
	end = HEADER_JUMP + 1 + file[HEADER_JUMP];
	if (end > HEADER_OFFSET + sizeof(*header))
		end = HEADER_OFFSET + sizeof(*header);
	memcpy(header, file + HEADER_OFFSET, end - HEADER_OFFSET);
	return 0;
}

static int header_check(const struct setup_header *header, struct vnode_err *err)
{
	uint64_t align = header->kernel_alignment;

	if (header->boot_flag != 0xaa55)
		return vnode_err(err, ENOEXEC, "a damaged bzImage: no boot signature");
	if (header->version < HEADER_VERSION_MIN)
		return vnode_err(err, ENOEXEC,
				 "boot protocol %u.%02u is too old: a vnode needs 2.12 (Linux 3.8) or later",
				 header->version >> 8, header->version & 0xff);
	if (!(header->loadflags & LOADED_HIGH))
		return vnode_err(err, ENOEXEC, "a zImage, not a bzImage");
	if (!(header->xloadflags & XLF_KERNEL_64))
		return vnode_err(err, ENOEXEC, "a 32-bit kernel: a vnode needs one for x86-64");
	if (!header->relocatable_kernel)
		return vnode_err(err, ENOEXEC,
				 "not relocatable: a vnode needs a kernel built with CONFIG_RELOCATABLE=y");
	if (align < IMAGE_ALIGN_MIN || align > IMAGE_SIZE_MAX || align & (align - 1))
		return vnode_err(err, ENOEXEC, "a damaged bzImage: kernel_alignment is %#llx",
				 (unsigned long long)align);
	if (header->pref_address % align || header->pref_address > IMAGE_SIZE_MAX)
		return vnode_err(err, ENOEXEC, "a damaged bzImage: pref_address is %#llx",
				 (unsigned long long)header->pref_address);
	return 0;
}

/*
 * A signed image is longer than its header says: the signature follows. The EFI header
 * has the end of it in the fifth data directory of a PE32+ file ("Attribute Certificate
 * Table" in the PE format). 0: not signed.
 */
#define PE_DIRECTORIES		132	/* from there: how many data directories */
#define PE_SIGNATURE		168	/* from there: its offset in the file, its size */

static uint64_t signature_end(const uint8_t *file, size_t setup_size)
{
	size_t pe = image_find_pe(file, setup_size, PE_SIGNATURE + 8);

	if (!pe || image_get32(file + pe + PE_DIRECTORIES) < 5)
		return 0;
	return (uint64_t)image_get32(file + pe + PE_SIGNATURE) +
	       image_get32(file + pe + PE_SIGNATURE + 4);
}

static int bzimage_split(struct bzimage *bz, const struct setup_header *header,
			 const uint8_t *file, size_t size, struct vnode_err *err)
{
	/* 0 stands for 4; and the boot sector */
	bz->setup_size = ((header->setup_sects ?: 4) + 1) * SECTOR_SIZE;
	bz->kernel_size = (size_t)header->syssize * PARAGRAPH_SIZE;
	bz->setup = file;
	bz->kernel = file + bz->setup_size;
	if (size < bz->setup_size || size - bz->setup_size < bz->kernel_size)
		return vnode_err(err, ENOEXEC, "a bzImage cut off at byte %zu of %zu", size,
				 bz->setup_size + bz->kernel_size);
	if (signature_end(file, bz->setup_size) > size)
		return vnode_err(err, ENOEXEC, "a bzImage cut off in its signature, at byte %zu of %llu",
				 size, (unsigned long long)signature_end(file, bz->setup_size));
	if (bz->kernel_size <= ENTRY64_OFFSET)
		return vnode_err(err, ENOEXEC, "a damaged bzImage: syssize is %u", header->syssize);
	/* page tables, the heap and the unpacked kernel are all in init_size */
	if (header->init_size < bz->kernel_size ||
	    header->pref_address + header->init_size > IMAGE_SIZE_MAX)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: init_size is %#x", header->init_size);
	return 0;
}

/* The file is used as it is: it unpacks and randomises itself. */
static void open_whole(struct vnode_image *image, const struct bzimage *bz)
{
	image->format = "bzImage";
	image->segment[0] = (struct vnode_image_segment){
		.buf = bz->kernel,
		.bufsz = bz->kernel_size,
		.memsz = vnode_align_up(bz->kernel_size, IMAGE_PAGE_SIZE),
	};
	image->nr_segments = 1;
	image->align = image->header.kernel_alignment;
	image->mem_size = vnode_align_up((uint64_t)image->header.init_size, IMAGE_PAGE_SIZE);
	image->link_pa = image->header.pref_address;
	image->has_entry32 = true;
	image->entry32 = 0;
	image->has_entry64 = true;
	image->entry64 = ENTRY64_OFFSET;
	image->self_kaslr = true;
}

/*
 * Every payload ends with the size of the unpacked kernel (size_append in
 * scripts/Makefile.lib). In gzip's format that word is part of the stream.
 */
static int payload_unpack(struct vnode_image *image, const uint8_t *payload, size_t len,
			  struct vnode_err *err)
{
	uint32_t size = image_get32(payload + len - sizeof(size));
	struct vnode_err why = { .text = "" };
	int ret;

	if (!size || size > IMAGE_SIZE_MAX)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: %u bytes unpacked are not a kernel's size",
				 size);
	if (strcmp(decompress_name(payload, len), "gzip"))
		len -= sizeof(size);
	ret = vnode_decompress(payload, len, size, &image->data, &image->data_size, &why);
	if (ret == -ENOMEM)
		return vnode_err(err, ret, "%s", why.text);
	if (ret)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: its kernel cannot be unpacked: %s",
				 why.text);
	if (image->data_size != size)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: its kernel unpacks to %zu bytes, not %u",
				 image->data_size, size);
	return 0;
}

static int payload_lay_out(struct vnode_image *image, struct vnode_err *err)
{
	const struct setup_header *header = &image->header;
	size_t end;
	int ret;

	if (!image_type_elf.probe(image->data, image->data_size))
		return vnode_err(err, ENOEXEC, "a damaged bzImage: no ELF file in its payload");
	ret = image_parse_elf(image, image->data, image->data_size, &end, err);
	if (ret)
		return ret;
	if (image->link_pa != header->pref_address)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: its kernel is linked at %#llx, its header says %#llx",
				 (unsigned long long)image->link_pa,
				 (unsigned long long)header->pref_address);
	if (image->mem_size < header->init_size)
		image->mem_size = vnode_align_up((uint64_t)header->init_size, IMAGE_PAGE_SIZE);
	image->align = header->kernel_alignment;
	image->format = "bzImage payload";
	return image_find_relocs(image, (uint8_t *)image->data + end, image->data_size - end, err);
}

static int payload_check(const struct vnode_image *image, const struct bzimage *bz,
			 struct vnode_err *err)
{
	size_t offset = image->header.payload_offset, len = image->header.payload_length;

	if (offset > bz->kernel_size || len > bz->kernel_size - offset || len < PAYLOAD_MIN)
		return vnode_err(err, ENOEXEC,
				 "a damaged bzImage: %zu bytes of payload at %zu are not in the file's %zu",
				 len, offset, bz->kernel_size);
	return 0;
}

static int open_payload(struct vnode_image *image, const struct bzimage *bz,
			enum vnode_unpack unpack, struct vnode_err *err)
{
	const uint8_t *payload = bz->kernel + image->header.payload_offset;
	size_t len = image->header.payload_length;
	int ret;

	if (!decompress_supported(payload, len)) {
		if (unpack == VNODE_UNPACK_ALWAYS)
			return vnode_err(err, EOPNOTSUPP,
					 "cannot unpack this bzImage (%s): let it unpack itself",
					 decompress_name(payload, len) ?: "unknown compression");
		open_whole(image, bz);
		return 0;
	}
	ret = payload_unpack(image, payload, len, err);
	if (ret)
		return ret;
	return payload_lay_out(image, err);
}

static int bzimage_open(struct vnode_image *image, const uint8_t *file, size_t size,
			enum vnode_unpack unpack, struct vnode_err *err)
{
	struct setup_header *header = &image->header;
	struct bzimage bz;
	size_t version;
	int ret;

	ret = header_read(header, file, size, err);
	if (!ret)
		ret = header_check(header, err);
	if (!ret)
		ret = bzimage_split(&bz, header, file, size, err);
	if (ret)
		return ret;
	image->has_header = true;
	version = header->kernel_version + 0x200;
	if (header->kernel_version && version < bz.setup_size)
		image_set_release(image, bz.setup + version, bz.setup_size - version);

	/* always checked: a bzImage that cannot unpack itself fails silently */
	ret = payload_check(image, &bz, err);
	if (ret)
		return ret;
	if (unpack != VNODE_UNPACK_NEVER)
		return open_payload(image, &bz, unpack, err);
	open_whole(image, &bz);
	return 0;
}

const struct image_type image_type_bzimage = {
	.probe = bzimage_probe,
	.open = bzimage_open,
};
