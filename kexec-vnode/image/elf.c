// SPDX-License-Identifier: GPL-2.0-only
/*
 * ELF: a vmlinux, as it is, compressed, or found in a bzImage.
 *
 * The linker script (arch/x86/kernel/vmlinux.lds.S) puts the physical addresses in one
 * row from CONFIG_PHYSICAL_START on, with ENTRY(phys_startup_64) among them, and the
 * virtual addresses in the same order into the kernel's map. Only the per-CPU segment
 * may be linked at 0: the kernel copies it from its p_paddr.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE		/* memmem() */
#endif
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

static bool elf_probe(const uint8_t *file, size_t size)
{
	return size >= SELFMAG && !memcmp(file, ELFMAG, SELFMAG);
}

static int elf_check_machine(Elf *elf, GElf_Ehdr *ehdr, struct vnode_err *err)
{
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, ehdr))
		return vnode_err(err, ENOEXEC, "a damaged ELF file (%s)", elf_errmsg(-1));
	if (gelf_getclass(elf) != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_X86_64)
		return vnode_err(err, ENOEXEC,
				 "an ELF file for another machine (e_machine %u), not a kernel for x86-64",
				 ehdr->e_machine);
	if (ehdr->e_type != ET_EXEC)
		return vnode_err(err, ENOEXEC,
				 "an ELF file that is not a vmlinux (e_type %u): a module, a library or a program",
				 ehdr->e_type);
	return 0;
}

/* Moves *end up to the end of one part of the file, if the file has that part. */
static bool elf_extend(size_t *end, size_t size, uint64_t start, uint64_t len)
{
	if (start > size || len > size - start)
		return false;
	if (start + len > *end)
		*end = start + len;
	return true;
}

/*
 * The section headers come last in a file made by today's linkers, so that a
 * file cut off anywhere lacks some of them. Nothing but their end is used.
 */
static int elf_find_end(Elf *elf, const GElf_Ehdr *ehdr, size_t size, size_t *end,
			struct vnode_err *err)
{
	size_t nr_phdrs, nr_shdrs;
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	*end = sizeof(Elf64_Ehdr);
	if (elf_getphdrnum(elf, &nr_phdrs) || elf_getshdrnum(elf, &nr_shdrs))
		return vnode_err(err, ENOEXEC, "a damaged ELF file (%s)", elf_errmsg(-1));
	if (!elf_extend(end, size, ehdr->e_phoff, nr_phdrs * sizeof(Elf64_Phdr)))
		return vnode_err(err, ENOEXEC, "an ELF file cut off in its program headers");
	/* libelf reports none if they lie outside the file: use the ELF header as well */
	if (!nr_shdrs)
		nr_shdrs = ehdr->e_shnum;
	if (nr_shdrs > size || !elf_extend(end, size, ehdr->e_shoff, nr_shdrs * sizeof(Elf64_Shdr)))
		return vnode_err(err, ENOEXEC,
				 "an ELF file cut off at byte %zu, before its section headers",
				 size);

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &shdr))
			return vnode_err(err, ENOEXEC, "a damaged ELF file (%s)", elf_errmsg(-1));
		if (shdr.sh_type != SHT_NOBITS && shdr.sh_type != SHT_NULL &&
		    !elf_extend(end, size, shdr.sh_offset, shdr.sh_size))
			return vnode_err(err, ENOEXEC,
					 "an ELF file cut off in a section, at byte %zu",
					 size);
	}
	return 0;
}

static int segment_check(const GElf_Phdr *phdr, size_t index, size_t *end, size_t size,
			 struct vnode_err *err)
{
	if (!elf_extend(end, size, phdr->p_offset, phdr->p_filesz))
		return vnode_err(err, ENOEXEC,
				 "an ELF file cut off at byte %zu, in segment %zu", size,
				 index);
	if (phdr->p_filesz > phdr->p_memsz || phdr->p_memsz > IMAGE_SIZE_MAX ||
	    phdr->p_paddr > IMAGE_SIZE_MAX - phdr->p_memsz)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: segment %zu of %#llx bytes at %#llx does not fit into 1 GiB",
				 index, (unsigned long long)phdr->p_memsz,
				 (unsigned long long)phdr->p_paddr);
	if (phdr->p_vaddr && phdr->p_vaddr != phdr->p_paddr + IMAGE_KERNEL_MAP)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: segment %zu is linked at %#llx, outside of the kernel's map",
				 index, (unsigned long long)phdr->p_vaddr);
	if (phdr->p_paddr % IMAGE_PAGE_SIZE)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: segment %zu is not page-aligned",
				 index);
	return 0;
}

/*
 * A vmlinux has .bss as zeros in the file, a quarter of a stock kernel. The memory is
 * zero already: do not copy them.
 */
static uint64_t trim_zeros(const uint8_t *buf, uint64_t size)
{
	const uint8_t *page;

	while (size >= IMAGE_PAGE_SIZE) {
		page = buf + size - IMAGE_PAGE_SIZE;
		if (page[0] || memcmp(page, page + 1, IMAGE_PAGE_SIZE - 1))
			break;
		size -= IMAGE_PAGE_SIZE;
	}
	return size;
}

/* Keeps the segments in the order of their addresses; offsets are physical here. */
static void segment_insert(struct vnode_image *image, const GElf_Phdr *phdr, const uint8_t *file)
{
	unsigned int i = image->nr_segments++;
	struct vnode_image_segment *segment = image->segment;

	for (; i && segment[i - 1].offset > phdr->p_paddr; i--)
		segment[i] = segment[i - 1];
	segment[i] = (struct vnode_image_segment){
		.buf = file + phdr->p_offset,
		.bufsz = trim_zeros(file + phdr->p_offset, phdr->p_filesz),
		.offset = phdr->p_paddr,
		.memsz = vnode_align_up(phdr->p_memsz, IMAGE_PAGE_SIZE),
	};
}

static int segments_read(struct vnode_image *image, Elf *elf, const uint8_t *file, size_t size,
			 size_t *end, struct vnode_err *err)
{
	GElf_Phdr phdr;
	size_t i, nr;
	int ret;

	if (elf_getphdrnum(elf, &nr))
		return vnode_err(err, ENOEXEC, "a damaged ELF file (%s)", elf_errmsg(-1));
	for (i = 0; i < nr; i++) {
		if (!gelf_getphdr(elf, i, &phdr))
			return vnode_err(err, ENOEXEC,
					 "an ELF file cut off in its program headers");
		if (phdr.p_type != PT_LOAD || !phdr.p_memsz)
			continue;
		ret = segment_check(&phdr, i, end, size, err);
		if (ret)
			return ret;
		if (image->nr_segments == VNODE_IMAGE_SEGMENTS_MAX)
			return vnode_err(err, ENOEXEC, "not a Linux kernel: more than %d segments",
					 VNODE_IMAGE_SEGMENTS_MAX);
		segment_insert(image, &phdr, file);
	}
	if (!image->nr_segments)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: an ELF file without anything to load");
	return 0;
}

/* Converts physical addresses to offsets from the load address, and finds the entry. */
static int segments_lay_out(struct vnode_image *image, uint64_t entry, struct vnode_err *err)
{
	struct vnode_image_segment *segment = image->segment;
	unsigned int i;

	image->link_pa = segment[0].offset;
	if (image->link_pa % IMAGE_ALIGN_MIN)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: linked at %#llx, not at a multiple of 2 MiB",
				 (unsigned long long)image->link_pa);
	entry -= image->link_pa;
	for (i = 0; i < image->nr_segments; i++) {
		segment[i].offset -= image->link_pa;
		if (segment[i].offset < image->mem_size)
			return vnode_err(err, ENOEXEC,
					 "not a Linux kernel: segments overlap at physical address %#llx",
					 (unsigned long long)(image->link_pa + segment[i].offset));
		image->mem_size = segment[i].offset + segment[i].memsz;
		if (entry >= segment[i].offset && entry - segment[i].offset < segment[i].bufsz)
			image->has_entry64 = true;
	}
	if (!image->has_entry64)
		return vnode_err(err, ENOEXEC,
				 "not a Linux kernel: entry %#llx is not a physical address in a segment",
				 (unsigned long long)(image->link_pa + entry));
	image->entry64 = entry;
	image->align = IMAGE_ALIGN_MIN;
	return 0;
}

int image_parse_elf(struct vnode_image *image, const uint8_t *file, size_t size, size_t *end,
		    struct vnode_err *err)
{
	GElf_Ehdr ehdr;
	Elf *elf;
	int ret;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return vnode_err(err, ENOEXEC, "libelf: %s", elf_errmsg(-1));
	/* opened for reading: libelf does not write through this pointer */
	elf = elf_memory((char *)file, size);
	ret = elf_check_machine(elf, &ehdr, err);
	if (!ret)
		ret = elf_find_end(elf, &ehdr, size, end, err);
	if (!ret)
		ret = segments_read(image, elf, file, size, end, err);
	if (!ret)
		ret = segments_lay_out(image, ehdr.e_entry, err);
	elf_end(elf);
	return ret;
}

/* The release of a vmlinux is only in linux_banner. */
static void find_release(struct vnode_image *image)
{
	static const char banner[] = "Linux version ";
	const size_t len = sizeof(banner) - 1;
	const uint8_t *from, *end, *hit;
	unsigned int i;

	for (i = 0; i < image->nr_segments; i++) {
		from = image->segment[i].buf;
		end = from + image->segment[i].bufsz;
		while ((hit = memmem(from, end - from, banner, len))) {
			from = hit + len;
			if (from == end || *from < '0' || *from > '9')
				continue;
			image_set_release(image, from, end - from);
			return;
		}
	}
}

static int elf_open(struct vnode_image *image, const uint8_t *file, size_t size,
		    enum vnode_unpack unpack, struct vnode_err *err)
{
	size_t end;
	int ret;

	(void)unpack;			/* an ELF file cannot unpack itself */
	ret = image_parse_elf(image, file, size, &end, err);
	if (ret)
		return ret;
	find_release(image);
	image->format = "ELF";
	return 0;
}

static bool compressed_probe(const uint8_t *file, size_t size)
{
	return decompress_name(file, size);
}

static int compressed_open(struct vnode_image *image, const uint8_t *file, size_t size,
			   enum vnode_unpack unpack, struct vnode_err *err)
{
	int ret;

	ret = vnode_decompress(file, size, IMAGE_SIZE_MAX, &image->data, &image->data_size, err);
	if (ret == -ENOMEM)
		return ret;
	/* whatever is wrong with the compression: not a usable image */
	if (ret)
		return -ENOEXEC;
	if (!image_type_elf.probe(image->data, image->data_size))
		return vnode_err(err, ENOEXEC, "%s-compressed, but not a kernel: no ELF file in it",
				 decompress_name(file, size));
	return elf_open(image, image->data, image->data_size, unpack, err);
}

const struct image_type image_type_elf = {
	.probe = elf_probe,
	.open = elf_open,
};

const struct image_type image_type_elf_compressed = {
	.probe = compressed_probe,
	.open = compressed_open,
};
