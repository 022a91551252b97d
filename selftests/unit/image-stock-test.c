// SPDX-License-Identifier: GPL-2.0-only
/*
 * image-stock-test VMLINUZ...: opens stock kernels and compares each with the
 * result of the kernel's own way to load and relocate itself, rewritten here.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image-synth.h"
#include "ktap.h"

static struct kernel {
	const char *path;
	const uint8_t *file;
	size_t size;
} *kernel;				/* the one that is tested */

static struct kernel kernels[16];
static unsigned int nr_kernels;
static struct vnode_image image;
static struct vnode_err err;

static bool opened(const void *file, size_t size, enum vnode_unpack unpack)
{
	const char *insane;

	if (vnode_image_open(&image, file, size, unpack, &err)) {
		ktap_note("%s: %s", kernel->path, err.text);
		return false;
	}
	insane = synth_insane(&image, file, size);
	if (insane)
		ktap_note("%s: insane: %s", kernel->path, insane);
	return !insane;
}

/* The memory a kernel finds itself in, from the segments. */
static uint8_t *memory_of(const struct vnode_image *from)
{
	uint8_t *memory = calloc(1, from->mem_size);
	unsigned int i;

	for (i = 0; i < from->nr_segments; i++)
		memcpy(memory + from->segment[i].offset, from->segment[i].buf,
		       from->segment[i].bufsz);
	return memory;
}

/* The same as parse_elf() in arch/x86/boot/compressed/misc.c does it. */
static uint8_t *memory_of_elf(const uint8_t *elf, uint64_t link_pa, size_t size)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)elf;
	const Elf64_Phdr *phdr = (const Elf64_Phdr *)(elf + ehdr->e_phoff);
	uint8_t *memory = calloc(1, size);
	unsigned int i;

	for (i = 0; i < ehdr->e_phnum; i++) {
		if (phdr[i].p_type == PT_LOAD)
			memcpy(memory + phdr[i].p_paddr - link_pa, elf + phdr[i].p_offset,
			       phdr[i].p_filesz);
	}
	return memory;
}

static const Elf64_Shdr *section_find(const uint8_t *elf, const char *name)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)elf;
	const Elf64_Shdr *shdr = (const Elf64_Shdr *)(elf + ehdr->e_shoff);
	const char *names = (const char *)elf + shdr[ehdr->e_shstrndx].sh_offset;
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++) {
		if (!strcmp(names + shdr[i].sh_name, name))
			return &shdr[i];
	}
	return NULL;
}

static void check_both_ways(void)
{
	const char *release = strstr(kernel->path, "vmlinuz-");
	struct setup_header header;
	struct timespec from, to;

	memcpy(&header, kernel->file + SYNTH_HEADER, sizeof(header));
	KTAP_REQUIRE(opened(kernel->file, kernel->size, VNODE_UNPACK_NEVER));
	KTAP_CHECK_STR(image.format, "bzImage");
	if (release)
		KTAP_CHECK_STR(image.release, release + strlen("vmlinuz-"));
	KTAP_CHECK(image.entry32 == 0 && image.entry64 == 0x200 && image.self_kaslr);
	KTAP_CHECK(image.segment[0].buf == kernel->file + (header.setup_sects + 1) * 512);
	KTAP_CHECK_EQ(image.segment[0].bufsz, (uint64_t)header.syssize * 16);
	KTAP_CHECK_EQ(image.mem_size, header.init_size);
	vnode_image_close(&image);

	clock_gettime(CLOCK_MONOTONIC, &from);
	KTAP_REQUIRE(opened(kernel->file, kernel->size, VNODE_UNPACK_ALWAYS));
	clock_gettime(CLOCK_MONOTONIC, &to);
	ktap_note("%s unpacked in %ld ms", image.release,
		  (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
	KTAP_CHECK_STR(image.format, "bzImage payload");
	KTAP_CHECK(!memcmp(&image.header, &header, sizeof(header)));
	KTAP_CHECK(image.has_entry64 && !image.has_entry32 && image.relocs);
	KTAP_CHECK_EQ(image.link_pa, header.pref_address);
	KTAP_CHECK_EQ(image.align, header.kernel_alignment);
	KTAP_CHECK(image.mem_size >= header.init_size);
	vnode_image_close(&image);
}

static void check_memory(void)
{
	uint8_t *ours, *theirs;

	KTAP_REQUIRE(opened(kernel->file, kernel->size, VNODE_UNPACK_AUTO));
	ours = memory_of(&image);
	theirs = memory_of_elf(image.data, image.link_pa, image.mem_size);
	KTAP_CHECK(!memcmp(ours, theirs, image.mem_size));
	KTAP_CHECK_EQ(image.entry64, ((Elf64_Ehdr *)image.data)->e_entry - image.link_pa);
	free(ours);
	free(theirs);
	vnode_image_close(&image);
}

/* A place may be anywhere in an instruction. */
static int32_t get32(const uint8_t *from)
{
	int32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static void add(uint8_t *to, uint64_t delta, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, to, width);
	value += delta;
	memcpy(to, &value, width);
}

/* handle_relocations(), backwards from the end; returns how many places there were */
static size_t relocate_memory(uint8_t *memory, const uint8_t *end, uint64_t start, uint64_t delta)
{
	const int32_t *reloc = (const int32_t *)end - 1;
	size_t count = 0;

	for (; *reloc; reloc--, count++)
		add(memory + ((uint64_t)*reloc - start), delta, 4);
	for (reloc--; *reloc; reloc--, count++)
		add(memory + ((uint64_t)*reloc - start), -delta, 4);
	for (reloc--; *reloc; reloc--, count++)
		add(memory + ((uint64_t)*reloc - start), delta, 8);
	return count;
}

/* What x86_cpu_dev.init points to: names that can be read after all pointers moved. */
static void check_pointers(const uint8_t *memory, const uint8_t *elf, uint64_t link, uint64_t moved)
{
	const Elf64_Shdr *shdr = section_find(elf, ".x86_cpu_dev.init");
	unsigned int i, known = 0;
	uint64_t name, device;

	KTAP_REQUIRE(shdr);
	for (i = 0; i < shdr->sh_size / 8; i++) {
		memcpy(&device, memory + (shdr->sh_addr - link) + i * 8, 8);
		KTAP_REQUIRE(device - moved < image.mem_size);
		memcpy(&name, memory + (device - moved), 8);
		KTAP_REQUIRE(name - moved < image.mem_size);
		known += !strcmp((const char *)memory + (name - moved), "Intel");
		known += !strcmp((const char *)memory + (name - moved), "AMD");
	}
	KTAP_CHECK_EQ(known, 2);
}

/*
 * An instruction that reaches a per-CPU variable relative to itself must still do
 * so: the place, what it holds and 4 make an offset in the per-CPU section. Up
 * to 4 bytes of an immediate value may follow in the instruction.
 */
static void check_percpu(const uint8_t *memory, const uint8_t *elf, uint64_t link, uint64_t delta)
{
	uint64_t size = section_find(elf, ".data..percpu")->sh_size, at;
	const int32_t *reloc = (const int32_t *)(elf + image.data_size) - 1;
	size_t nr = 0, wrong = 0;

	while (*reloc)
		reloc--;
	for (reloc--; *reloc; reloc--) {
		at = *reloc;
		at += delta + 4 + get32(memory + (at - link));
		wrong += at + 8 > size + 8;
		nr++;
	}
	ktap_note("%zu places reach per-CPU variables", nr);
	KTAP_CHECK(nr > 1000);
	KTAP_CHECK_EQ(wrong, 0);
}

static void check_relocation(void)
{
	uint8_t *ours, *theirs, *elf;
	uint64_t delta = 0x1be00000, link;
	size_t count;

	KTAP_REQUIRE(opened(kernel->file, kernel->size, VNODE_UNPACK_AUTO));
	link = SYNTH_MAP + image.link_pa;
	elf = malloc(image.data_size);
	memcpy(elf, image.data, image.data_size);
	theirs = memory_of(&image);
	check_pointers(theirs, elf, link, link);
	check_percpu(theirs, elf, link, 0);
	count = relocate_memory(theirs, elf + image.data_size, link, delta);
	ktap_note("%zu places", count);
	KTAP_CHECK_EQ((count + 3) * 4, image.relocs_size);

	KTAP_CHECK_EQ(vnode_image_relocate(&image, delta, &err), 0);
	ours = memory_of(&image);
	KTAP_CHECK(!memcmp(ours, theirs, image.mem_size));
	check_pointers(ours, elf, link, link + delta);
	check_percpu(ours, elf, link, delta);
	free(ours);
	free(theirs);
	free(elf);
	vnode_image_close(&image);
}

/* A vmlinux out of the payload, as a distribution's debug package has it. */
static void check_vmlinux(void)
{
	char release[sizeof(image.release)];
	uint8_t *elf, *packed, *theirs, *ours;
	size_t i, size, len;

	KTAP_REQUIRE(opened(kernel->file, kernel->size, VNODE_UNPACK_AUTO));
	memcpy(release, image.release, sizeof(release));
	size = image.data_size - image.relocs_size;
	elf = malloc(size);
	packed = malloc(size);
	memcpy(elf, image.data, size);
	theirs = memory_of(&image);
	vnode_image_close(&image);

	for (i = 0; i < 4; i++) {
		/* xz is slow: once is enough */
		if (i == 2 && kernel != &kernels[0])
			continue;
		len = i ? synth_compressions[i - 1].pack(elf, size, packed, size) : size;
		if (!KTAP_CHECK(opened(i ? packed : elf, len, VNODE_UNPACK_AUTO)))
			break;
		KTAP_CHECK_STR(image.format, "ELF");
		KTAP_CHECK_STR(image.release, release);
		KTAP_CHECK(!image.relocs && !image.self_kaslr);
		ours = memory_of(&image);
		KTAP_CHECK(!memcmp(ours, theirs, image.mem_size));
		free(ours);
		vnode_image_close(&image);
	}
	for (len = size - 1; len > 64; len -= 1 + len / 50)
		if (!KTAP_CHECK_EQ(vnode_image_open(&image, elf, len, VNODE_UNPACK_AUTO, &err),
				   -ENOEXEC))
			break;
	free(theirs);
	free(packed);
	free(elf);
}

static void check_cut_off(void)
{
	struct setup_header header;
	size_t len, size;
	unsigned int i;

	memcpy(&header, kernel->file + SYNTH_HEADER, sizeof(header));
	size = (header.setup_sects + 1) * 512 + (size_t)header.syssize * 16;
	KTAP_REQUIRE(size <= kernel->size);
	for (i = 0; i < 4000; i++) {
		/* every length of the first sectors, then steps up to one byte too few */
		len = i < 2000 ? i : size - 1 - (size - 2000) / 2000 * (3999 - i);
		err.text[0] = '\0';
		KTAP_REQUIRE(vnode_image_open(&image, kernel->file, len,
					      i & 1 ? VNODE_UNPACK_NEVER : VNODE_UNPACK_AUTO,
					      &err) == -ENOEXEC);
		KTAP_REQUIRE(err.text[0]);
	}
}

static void check_bit_flips(void)
{
	uint8_t *file = malloc(kernel->size);
	unsigned int i, refused = 0;
	size_t at;
	int ret;

	memcpy(file, kernel->file, kernel->size);
	for (i = 0; i < 0x280 * 8; i++) {
		file[i / 8] ^= 1 << i % 8;
		ret = vnode_image_open(&image, file, kernel->size, VNODE_UNPACK_NEVER, &err);
		KTAP_CHECK(ret ? ret == -ENOEXEC : !synth_insane(&image, file, kernel->size));
		vnode_image_close(&image);
		file[i / 8] ^= 1 << i % 8;
	}
	for (i = 0; i < 8; i++) {
		at = kernel->size / 9 * (i + 1);
		file[at] ^= 1 << i;
		ret = vnode_image_open(&image, file, kernel->size, VNODE_UNPACK_AUTO, &err);
		KTAP_CHECK(ret ? ret == -ENOEXEC : !synth_insane(&image, file, kernel->size));
		vnode_image_close(&image);
		file[at] ^= 1 << i;
		refused += !!ret;
	}
	/* lz4 has no checksum: nothing can be noticed in its literals */
	ktap_note("%u of 8 damaged payloads refused", refused);
	free(file);
}

#define FOR_EACH_KERNEL(name, check)						\
	static void name(void)							\
	{									\
		if (!nr_kernels)						\
			KTAP_SKIP("no kernel image given");			\
		for (kernel = kernels; kernel < kernels + nr_kernels; kernel++)	\
			check();						\
	}

FOR_EACH_KERNEL(both_ways, check_both_ways)
FOR_EACH_KERNEL(memory, check_memory)
FOR_EACH_KERNEL(relocation, check_relocation)
FOR_EACH_KERNEL(vmlinux, check_vmlinux)
FOR_EACH_KERNEL(cut_off, check_cut_off)
FOR_EACH_KERNEL(bit_flips, check_bit_flips)

static const struct ktap_test tests[] = {
	{ "opened as it is and unpacked", both_ways },
	{ "the memory is that of the kernel's own loader", memory },
	{ "relocated as by the kernel's own decompressor", relocation },
	{ "its vmlinux, plain and compressed", vmlinux },
	{ "cut off", cut_off },
	{ "bits flipped", bit_flips },
};

int main(int argc, char **argv)
{
	struct stat st;
	void *file;
	int i, fd;

	for (i = 1; i < argc && i <= (int)KTAP_NR(kernels); i++) {
		fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		file = fd < 0 || fstat(fd, &st) ? MAP_FAILED :
			mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file == MAP_FAILED) {
			perror(argv[i]);
			return 2;
		}
		close(fd);
		kernels[nr_kernels++] = (struct kernel){ argv[i], file, st.st_size };
	}
	return ktap_run(tests, KTAP_NR(tests));
}
