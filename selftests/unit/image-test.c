// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel images made by image-synth.h: which are opened, and why others are refused.
 * image-stock-test.c is for stock kernels.
 */
#include <errno.h>

#include "image-synth.h"
#include "ktap.h"

#define GZIP	(&synth_compressions[0])
#define BZIP2	(&synth_compressions[SYNTH_SUPPORTED])

static uint8_t file[SYNTH_MAX], packed[SYNTH_MAX];
static struct synth_elf *const elf = (struct synth_elf *)file;
static struct vnode_image image;
static struct vnode_err err;

/* With the right errno and sentence, and nothing left allocated. */
static bool refused(const void *from, size_t size, enum vnode_unpack unpack, const char *why)
{
	/* A copy of exactly this size: a byte read too many is seen by ASan. */
	uint8_t *copy = malloc(size);
	void *left;
	int ret;

	memcpy(copy, from, size);
	err.text[0] = '\0';
	ret = vnode_image_open(&image, copy, size, unpack, &err);
	left = image.data;
	vnode_image_close(&image);
	free(copy);
	if (ret == -ENOEXEC && err.text[0] && strstr(err.text, why) && !left)
		return true;
	ktap_note("%d \"%s\", wanted \"%s\"", ret, err.text, why);
	return false;
}

static bool opened(size_t size, enum vnode_unpack unpack)
{
	const char *insane;
	int ret;

	ret = vnode_image_open(&image, file, size, unpack, &err);
	if (ret) {
		ktap_note("%d \"%s\"", ret, err.text);
		return false;
	}
	insane = synth_insane(&image, file, size);
	if (insane)
		ktap_note("insane: %s", insane);
	return !insane;
}

static void bzimage_is_entered_itself(void)
{
	size_t size = synth_bzimage(file, GZIP);

	KTAP_REQUIRE(opened(size, VNODE_UNPACK_NEVER));
	KTAP_CHECK_STR(image.format, "bzImage");
	KTAP_CHECK_STR(image.release, SYNTH_RELEASE);
	KTAP_CHECK(image.has_header && image.self_kaslr && !image.relocs && !image.data);
	KTAP_CHECK(!memcmp(&image.header, synth_header(file), sizeof(image.header)));
	KTAP_CHECK(image.has_entry32 && image.entry32 == 0);
	KTAP_CHECK(image.has_entry64 && image.entry64 == 0x200);
	KTAP_CHECK_EQ(image.nr_segments, 1);
	KTAP_CHECK(image.segment[0].buf == file + SYNTH_SETUP_SIZE);
	KTAP_CHECK_EQ(image.segment[0].bufsz, size - SYNTH_SETUP_SIZE);
	KTAP_CHECK_EQ(image.mem_size, SYNTH_INIT_SIZE);
	vnode_image_close(&image);
}

static void payload_is_laid_out(void)
{
	unsigned int i;
	size_t size;

	for (i = 0; i < SYNTH_SUPPORTED; i++) {
		ktap_note("%s", synth_compressions[i].name);
		size = synth_bzimage(file, &synth_compressions[i]);
		KTAP_REQUIRE(opened(size, VNODE_UNPACK_AUTO));
		KTAP_CHECK_STR(image.format, "bzImage payload");
		KTAP_CHECK_STR(image.release, SYNTH_RELEASE);
		KTAP_CHECK(image.has_header && !image.self_kaslr && !image.has_entry32);
		KTAP_CHECK_EQ(image.nr_segments, 4);
		KTAP_CHECK_EQ(image.segment[0].memsz, 0x2000);
		KTAP_CHECK_EQ(image.segment[2].offset, 0x3000);
		KTAP_CHECK_EQ(*(const uint8_t *)image.segment[2].buf, 0xee);
		KTAP_CHECK_EQ(image.entry64, 0x40);
		KTAP_CHECK_EQ(image.link_pa, SYNTH_PA);
		KTAP_CHECK_EQ(image.mem_size, SYNTH_INIT_SIZE);
		KTAP_CHECK_EQ(image.relocs_size, 24);
		vnode_image_close(&image);
	}
}

static void unknown_compression(void)
{
	size_t size = synth_bzimage(file, BZIP2);

	KTAP_REQUIRE(opened(size, VNODE_UNPACK_AUTO));
	KTAP_CHECK_STR(image.format, "bzImage");
	vnode_image_close(&image);
	KTAP_CHECK_EQ(vnode_image_open(&image, file, size, VNODE_UNPACK_ALWAYS, &err),
		      -EOPNOTSUPP);
	KTAP_CHECK(strstr(err.text, "bzip2"));
}

static void elf_plain_and_compressed(void)
{
	struct synth_elf plain;
	unsigned int i;

	synth_elf(&plain);
	for (i = 0; i <= SYNTH_SUPPORTED; i++) {
		size_t size = sizeof(plain);

		memcpy(file, &plain, size);
		if (i)
			size = synth_compressions[i - 1].pack((void *)&plain, size, file,
							      SYNTH_MAX);
		KTAP_REQUIRE(opened(size, VNODE_UNPACK_NEVER));
		KTAP_CHECK_STR(image.format, "ELF");
		KTAP_CHECK_STR(image.release, SYNTH_RELEASE);
		KTAP_CHECK(!image.has_header && !image.relocs && !image.self_kaslr);
		KTAP_CHECK(image.has_entry64 && image.entry64 == 0x40 && !image.has_entry32);
		KTAP_CHECK_EQ(image.mem_size, 0x7000);
		KTAP_CHECK_EQ(image.segment[3].bufsz, sizeof(plain.init));
		KTAP_CHECK_EQ(vnode_image_relocate(&image, image.align, &err), -EINVAL);
		vnode_image_close(&image);
	}
}

static uint64_t text_get(unsigned int offset, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)image.segment[0].buf + offset, width);
	return value;
}

static void relocation(void)
{
	const uint64_t link = SYNTH_MAP + SYNTH_PA, delta = 0x3a00000;
	uint8_t before[SYNTH_TEXT_SIZE];
	unsigned int i, changed = 0;

	KTAP_REQUIRE(opened(synth_bzimage(file, GZIP), VNODE_UNPACK_AUTO));
	memcpy(before, image.segment[0].buf, sizeof(before));

	KTAP_CHECK_EQ(vnode_image_relocate(&image, delta + 4096, &err), -EINVAL);
	KTAP_CHECK(strstr(err.text, "not a multiple"));
	KTAP_CHECK_EQ(vnode_image_relocate(&image, (1 << 30) - SYNTH_PA, &err), -EINVAL);
	KTAP_CHECK_EQ(vnode_image_relocate(&image, -(uint64_t)SYNTH_ALIGN, &err), -EINVAL);
	KTAP_CHECK(!memcmp(before, image.segment[0].buf, sizeof(before)));

	KTAP_CHECK_EQ(vnode_image_relocate(&image, delta, &err), 0);
	KTAP_CHECK_EQ(text_get(SYNTH_ABS64, 8), link + 0x2010 + delta);
	KTAP_CHECK_EQ(text_get(SYNTH_ABS32, 4), (uint32_t)(link + 0x4020 + delta));
	KTAP_CHECK_EQ(text_get(SYNTH_NEG32, 4), (uint32_t)-(link + SYNTH_NEG32 + delta));
	for (i = 0; i < sizeof(before); i++)
		changed += before[i] != ((const uint8_t *)image.segment[0].buf)[i];
	KTAP_CHECK(changed <= 16);
	KTAP_CHECK_EQ(vnode_image_relocate(&image, delta, &err), -EINVAL);
	vnode_image_close(&image);
}

static uint64_t percpu_size = sizeof(elf->percpu);

/* A payload with this table behind the kernel. */
static size_t with_relocs(const uint32_t *relocs, size_t size)
{
	static uint8_t payload[SYNTH_MAX];

	synth_elf((struct synth_elf *)payload);
	((struct synth_elf *)payload)->phdr[2].p_filesz = percpu_size;
	memcpy(payload + sizeof(*elf), relocs, size);
	return synth_bzimage_of(file, payload, sizeof(*elf) + size, GZIP);
}

static void relocation_tables(void)
{
	const uint32_t link = (uint32_t)(SYNTH_MAP + SYNTH_PA), text = link + SYNTH_TEXT_SIZE;
	const uint32_t two_lists[] = { 0, link + SYNTH_ABS64, 0, link + SYNTH_ABS32 };
	const uint32_t bad[][4] = {
		{ 0, link - 8, 0, 0 }, { 0, text - 7, 0, 0 }, { 0, 0, text - 3, 0 },
		{ 0, 0, 0, link - 1 }, { 0, 0, 0, 0x1000 }, { 0, 0, 0, link + 0x5000 },
		{ 0, 0, 0, 0x7fffffff }, { 0, 0, 0, 0xffffffff },
	};
	const uint32_t edge[] = { 0, text - 8, 0, text - 4, 0, link };
	const uint32_t in_percpu[] = { 0, link + 0x3000, 0, 0 };
	unsigned int i;

	KTAP_REQUIRE(opened(with_relocs(two_lists, sizeof(two_lists)), VNODE_UNPACK_AUTO));
	KTAP_CHECK_EQ(vnode_image_relocate(&image, SYNTH_ALIGN, &err), 0);
	KTAP_CHECK_EQ(text_get(SYNTH_ABS64, 8), SYNTH_MAP + SYNTH_PA + 0x2010 + SYNTH_ALIGN);
	KTAP_CHECK_EQ(text_get(SYNTH_NEG32, 4), -(link + SYNTH_NEG32));
	KTAP_CHECK_EQ(text_get(SYNTH_ABS32, 4), link + 0x4020 + SYNTH_ALIGN);
	vnode_image_close(&image);
	KTAP_CHECK(opened(with_relocs(edge, sizeof(edge)), VNODE_UNPACK_AUTO));
	vnode_image_close(&image);
	KTAP_CHECK(opened(with_relocs(edge, 0), VNODE_UNPACK_AUTO));
	KTAP_CHECK(!image.relocs);
	vnode_image_close(&image);

	for (i = 0; i < KTAP_NR(bad); i++)
		KTAP_CHECK(refused(file, with_relocs(bad[i], sizeof(bad[i])), VNODE_UNPACK_AUTO,
				   "outside of the kernel"));
	percpu_size = 7;
	KTAP_CHECK(refused(file, with_relocs(in_percpu, sizeof(in_percpu)), VNODE_UNPACK_AUTO,
			   "outside of the kernel"));
	percpu_size = 8;
	KTAP_CHECK(opened(with_relocs(in_percpu, sizeof(in_percpu)), VNODE_UNPACK_AUTO));
	vnode_image_close(&image);
	KTAP_CHECK(refused(file, with_relocs(edge, sizeof(edge) - 1), VNODE_UNPACK_AUTO,
			   "not a relocation table"));
	KTAP_CHECK(refused(file, with_relocs(edge + 1, sizeof(edge) - 4), VNODE_UNPACK_AUTO,
			   "not a relocation table"));
	KTAP_CHECK(refused(file, with_relocs(edge, 8), VNODE_UNPACK_AUTO,
			   "not a relocation table"));
	memset(packed, 0, 16);
	KTAP_CHECK(refused(file, with_relocs((uint32_t *)packed, 16), VNODE_UNPACK_AUTO,
			   "not a relocation table"));
}

static void no_kernel_at_all(void)
{
	uint32_t seed = 1;
	size_t i, size;

	KTAP_CHECK(refused(file, 0, VNODE_UNPACK_AUTO, "empty"));
	for (size = 1; size <= sizeof(file); size += 1 + size / 7) {
		for (i = 0; i < size; i++) {
			seed = seed * 1664525 + 1013904223;
			file[i] = seed >> 24;
		}
		KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "not a kernel image"));
	}
	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	memcpy(file + 0x38, "ARM\x64", 4);
	KTAP_CHECK(refused(file, 4096, VNODE_UNPACK_AUTO, "arm64"));
	KTAP_CHECK(refused("070701000", 9, VNODE_UNPACK_AUTO, "initrd"));
	memset(file, 'x', 4096);
	KTAP_CHECK(refused(packed, synth_gzip(file, 4096, packed, SYNTH_MAX), VNODE_UNPACK_AUTO,
			   "no ELF file in it"));
	KTAP_CHECK(refused("BZh91AY", 7, VNODE_UNPACK_AUTO, "bzip2"));
}

/* A PE file with @nr sections, the last of them @name */
static size_t synth_pe(uint32_t pe, uint16_t nr, const char *name)
{
	const uint16_t optional = 112;
	char *section = (char *)file + pe + 24 + optional + 40 * (nr - 1);

	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	memcpy(file + 0x3c, &pe, 4);
	memcpy(file + pe, "PE\0", 4);
	memcpy(file + pe + 6, &nr, 2);
	memcpy(file + pe + 20, &optional, 2);
	strcpy(section, name);
	return section + 40 - (char *)file;
}

static void unified_kernel_images(void)
{
	size_t size = synth_pe(0x80, 7, ".linux");

	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "--dump-section .linux=vmlinuz"));
	KTAP_CHECK(refused(file, size - 1, VNODE_UNPACK_AUTO, "not a kernel image"));
	KTAP_CHECK(refused(file, 0x80 + 23, VNODE_UNPACK_AUTO, "not a kernel image"));
	size = synth_pe(0x80, 7, ".linuxx");
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "not a kernel image"));
	memset(file + 0x3c, 0xff, 4);
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "not a kernel image"));
}

/* One field of the header changed, and what is said about it. */
#define HEADER_REFUSED(field, value, why)						\
	do {										\
		size_t size_ = synth_bzimage(file, GZIP);				\
											\
		synth_header(file)->field = (value);					\
		KTAP_CHECK(refused(file, size_, VNODE_UNPACK_AUTO, why));		\
		KTAP_CHECK(refused(file, size_, VNODE_UNPACK_NEVER, why));		\
	} while (0)

static void headers_that_do_not_fit(void)
{
	HEADER_REFUSED(boot_flag, 0, "boot signature");
	HEADER_REFUSED(version, 0x20b, "2.11 is too old");
	HEADER_REFUSED(loadflags, 0, "zImage");
	HEADER_REFUSED(xloadflags, XLF_CAN_BE_LOADED_ABOVE_4G, "32-bit kernel");
	HEADER_REFUSED(relocatable_kernel, 0, "not relocatable");
	HEADER_REFUSED(kernel_alignment, 0, "kernel_alignment");
	HEADER_REFUSED(kernel_alignment, 0x300000, "kernel_alignment");
	HEADER_REFUSED(kernel_alignment, 0x1000, "kernel_alignment");
	HEADER_REFUSED(pref_address, 0x1000, "pref_address");
	HEADER_REFUSED(pref_address, 1ULL << 62, "pref_address");
	HEADER_REFUSED(init_size, 0x100, "init_size");
	HEADER_REFUSED(init_size, 0xffffffff, "init_size");
	HEADER_REFUSED(syssize, 0, "syssize");
	HEADER_REFUSED(syssize, 0xffffffff, "cut off");
	HEADER_REFUSED(setup_sects, 255, "cut off");
	HEADER_REFUSED(payload_offset, 0xffffffff, "payload");
	HEADER_REFUSED(payload_length, 0xffffffff, "payload");
	HEADER_REFUSED(payload_length, 0, "payload");
}

static void payloads_that_do_not_fit(void)
{
	static const uint8_t no_elf[1024];
	size_t size = synth_bzimage(file, GZIP);

	synth_header(file)->pref_address += SYNTH_ALIGN;
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "is linked at"));
	size = synth_bzimage_of(file, no_elf, sizeof(no_elf), GZIP);
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "no ELF"));
	size = synth_bzimage(file, &synth_compressions[2]);
	memset(file + SYNTH_SETUP_SIZE + SYNTH_PAYLOAD_OFFSET +
	       synth_header(file)->payload_length - 4, 0xff, 4);
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "not a kernel's size"));
	file[SYNTH_SETUP_SIZE + SYNTH_PAYLOAD_OFFSET + synth_header(file)->payload_length - 1] = 0;
	KTAP_CHECK(refused(file, size, VNODE_UNPACK_AUTO, "unpacks to"));
}

static void version_string(void)
{
	size_t size = synth_bzimage(file, GZIP);

	synth_header(file)->kernel_version = 0xffff;
	KTAP_REQUIRE(opened(size, VNODE_UNPACK_AUTO));
	KTAP_CHECK_STR(image.release, "");
	vnode_image_close(&image);
	synth_header(file)->kernel_version = 0x1f8;
	memcpy(file + 0x3f8, "6.1\033[2J!", 8);
	KTAP_REQUIRE(opened(size, VNODE_UNPACK_AUTO));
	KTAP_CHECK_STR(image.release, "6.1");
	vnode_image_close(&image);
	synth_header(file)->kernel_version = 0x100;
	memset(file + 0x300, 'a', 200);
	KTAP_REQUIRE(opened(size, VNODE_UNPACK_NEVER));
	KTAP_CHECK_EQ(strnlen(image.release, sizeof(image.release)), sizeof(image.release) - 1);
	vnode_image_close(&image);
}

/* The byte of its jump says where a header ends. */
static void header_lengths(void)
{
	size_t size = synth_bzimage(file, GZIP);

	memset(file + SYNTH_HEADER + sizeof(image.header), 'x', 0x80);
	synth_header(file)->jump = 0xffeb;
	KTAP_REQUIRE(opened(size, VNODE_UNPACK_NEVER));
	KTAP_CHECK_EQ(image.segment[1].bufsz, 0);
	KTAP_CHECK_EQ(image.segment[2].bufsz, 0);
	vnode_image_close(&image);
	synth_header(file)->jump = 0x62eb;
	synth_header(file)->kernel_info_offset = 1;
	KTAP_REQUIRE(opened(size, VNODE_UNPACK_NEVER));
	KTAP_CHECK_EQ(image.header.kernel_info_offset, 0);
	KTAP_CHECK_EQ(image.header.init_size, SYNTH_INIT_SIZE);
	vnode_image_close(&image);
}

#define ELF_REFUSED(change, why)							\
	do {										\
		synth_elf(elf);								\
		change;									\
		KTAP_CHECK(refused(file, sizeof(*elf), VNODE_UNPACK_AUTO, why));	\
		memcpy(packed, file, sizeof(*elf));					\
		KTAP_CHECK(refused(file, synth_bzimage_of(file, packed, sizeof(*elf), GZIP),	\
				   VNODE_UNPACK_AUTO, why));				\
	} while (0)

static void elf_files_that_are_no_kernel(void)
{
	ELF_REFUSED(elf->ehdr.e_machine = EM_AARCH64, "another machine (e_machine 183)");
	ELF_REFUSED(elf->ehdr.e_ident[EI_CLASS] = ELFCLASS32, "another machine");
	ELF_REFUSED(elf->ehdr.e_ident[EI_DATA] = ELFDATA2MSB, "another machine");
	ELF_REFUSED(elf->ehdr.e_type = ET_DYN, "not a vmlinux");
	ELF_REFUSED(elf->ehdr.e_phnum = 0, "without anything to load");
	ELF_REFUSED(elf->ehdr.e_phnum = 60, "cut off in its program headers");
	ELF_REFUSED(elf->ehdr.e_phoff = -8, "ELF file");
	ELF_REFUSED(elf->ehdr.e_shoff += 8, "cut off");
	ELF_REFUSED(elf->ehdr.e_entry += SYNTH_MAP, "is not a physical address");
	ELF_REFUSED(elf->ehdr.e_entry = SYNTH_PA + SYNTH_TEXT_SIZE, "entry");
	ELF_REFUSED(elf->ehdr.e_entry = 0, "entry");
	ELF_REFUSED(elf->phdr[1].p_offset = -1ULL, "cut off");
	ELF_REFUSED(elf->phdr[1].p_filesz = -1ULL, "cut off");
	ELF_REFUSED(elf->phdr[1].p_filesz = 0x600, "cut off");
	ELF_REFUSED(elf->phdr[1].p_memsz = 0x10, "fit");
	ELF_REFUSED(elf->phdr[3].p_memsz = -1ULL, "1 GiB");
	ELF_REFUSED(elf->phdr[3].p_memsz = 1 << 30, "1 GiB");
	ELF_REFUSED(elf->phdr[3].p_paddr = -4096ULL, "1 GiB");
	ELF_REFUSED(elf->phdr[1].p_vaddr = 0x400000, "outside of the kernel's map");
	ELF_REFUSED(elf->phdr[1].p_vaddr += 4096, "outside of the kernel's map");
	ELF_REFUSED((elf->phdr[1].p_vaddr += 8, elf->phdr[1].p_paddr += 8), "page-aligned");
	ELF_REFUSED(elf->phdr[2].p_paddr = SYNTH_PA + 0x1000, "overlap");
	ELF_REFUSED(elf->phdr[0].p_memsz = 0x2001, "overlap");
	ELF_REFUSED((elf->phdr[0].p_type = PT_NOTE, elf->ehdr.e_entry += 0x2000), "2 MiB");
}

static void too_many_segments(void)
{
	struct synth_elf *start = (struct synth_elf *)file;
	Elf64_Phdr *phdr = (Elf64_Phdr *)(file + sizeof(*elf));
	unsigned int i;

	synth_elf(start);
	start->ehdr.e_phoff = sizeof(*elf);
	start->ehdr.e_phnum = VNODE_IMAGE_SEGMENTS_MAX + 1;
	for (i = 0; i < start->ehdr.e_phnum; i++) {
		/* the last one first: they are put in order */
		phdr[i] = start->phdr[0];
		phdr[i].p_memsz = 0x1000;
		phdr[i].p_paddr += 0x1000 * (start->ehdr.e_phnum - 1 - i);
		phdr[i].p_vaddr = SYNTH_MAP + phdr[i].p_paddr;
	}
	KTAP_CHECK(refused(file, sizeof(*elf) + i * sizeof(*phdr), VNODE_UNPACK_AUTO,
			   "more than 16"));
	start->ehdr.e_phnum--;
	phdr[i - 2].p_paddr = SYNTH_PA;
	phdr[i - 2].p_vaddr = SYNTH_MAP + SYNTH_PA;
	KTAP_REQUIRE(opened(sizeof(*elf) + i * sizeof(*phdr), VNODE_UNPACK_AUTO));
	KTAP_CHECK_EQ(image.nr_segments, VNODE_IMAGE_SEGMENTS_MAX);
	KTAP_CHECK_EQ(image.mem_size, 0x11000);
	vnode_image_close(&image);
}

/* What the loader clears anyway is not copied, but not a byte more. */
static void zeros_at_the_end(void)
{
	const size_t len = 0x2080;

	synth_elf(elf);
	memset(file + sizeof(*elf), 0, len);
	file[sizeof(*elf) + 0x90] = 1;
	elf->phdr[3].p_offset = sizeof(*elf);
	elf->phdr[3].p_filesz = len;
	KTAP_REQUIRE(opened(sizeof(*elf) + len, VNODE_UNPACK_AUTO));
	KTAP_CHECK_EQ(image.segment[3].bufsz, 0x1080);
	KTAP_CHECK_EQ(image.segment[3].memsz, 0x3000);
	vnode_image_close(&image);
}

static void cut_off_anywhere(void)
{
	unsigned int c;
	size_t len, size;

	for (c = 0; c < SYNTH_COMPRESSIONS; c++) {
		size = synth_bzimage(file, &synth_compressions[c]);
		for (len = 0; len < size; len++) {
			if (!KTAP_CHECK(refused(file, len, VNODE_UNPACK_AUTO, "")) ||
			    !KTAP_CHECK(refused(file, len, VNODE_UNPACK_NEVER, "")))
				return;
		}
	}
	synth_elf(elf);
	for (len = 0; len < sizeof(*elf); len++)
		KTAP_REQUIRE(refused(file, len, VNODE_UNPACK_AUTO, ""));
	for (c = 0; c < SYNTH_SUPPORTED; c++) {
		size = synth_compressions[c].pack(file, sizeof(*elf), packed, SYNTH_MAX);
		for (len = 0; len < size; len++)
			KTAP_REQUIRE(refused(packed, len, VNODE_UNPACK_AUTO, ""));
	}
}

/* Accepted or refused, but never with a wrong answer. */
static void bits_flipped(void)
{
	unsigned int c, refusals = 0;
	size_t bit, size;
	int ret;

	for (c = 0; c < SYNTH_COMPRESSIONS; c++) {
		size = synth_bzimage(file, &synth_compressions[c]);
		for (bit = 0; bit < size * 8; bit++) {
			file[bit / 8] ^= 1 << bit % 8;
			ret = vnode_image_open(&image, file, size, bit & 1, &err);
			KTAP_REQUIRE(ret ? ret == -ENOEXEC && err.text[0] :
				     !synth_insane(&image, file, size));
			if (image.relocs)
				KTAP_CHECK_EQ(vnode_image_relocate(&image, image.align, &err), 0);
			vnode_image_close(&image);
			file[bit / 8] ^= 1 << bit % 8;
			refusals += ret != 0;
		}
	}
	KTAP_CHECK(refusals > 1000);
}

static const struct ktap_test tests[] = {
	{ "a bzImage that unpacks itself", bzimage_is_entered_itself },
	{ "a bzImage's payload, gzip xz zstd lz4", payload_is_laid_out },
	{ "a bzImage of unknown compression", unknown_compression },
	{ "an ELF vmlinux, plain and compressed", elf_plain_and_compressed },
	{ "relocation", relocation },
	{ "relocation tables, good and bad", relocation_tables },
	{ "empty, random and foreign files", no_kernel_at_all },
	{ "unified kernel images", unified_kernel_images },
	{ "bzImage headers that do not fit", headers_that_do_not_fit },
	{ "bzImage payloads that do not fit", payloads_that_do_not_fit },
	{ "version strings", version_string },
	{ "bzImage headers of all lengths", header_lengths },
	{ "ELF files that are no kernel", elf_files_that_are_no_kernel },
	{ "ELF files of many segments", too_many_segments },
	{ "zeros at the end of a segment", zeros_at_the_end },
	{ "files cut off at every length", cut_off_anywhere },
	{ "files with every bit flipped", bits_flipped },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
