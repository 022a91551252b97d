// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/inspect/dump*.c on a small memory with page tables, a VMCOREINFO and a log. The
 * file is read back by its own headers and by readelf. Files that cannot be written
 * leave nothing behind.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "device.h"
#include "inspect/dump.h"
#include "ktap.h"
#include "ring-layout.h"

#define BASE		0x40000000ULL
#define SIZE		(8UL << 20)
#define IMAGE_VA	0xffffffff80000000ULL
#define IMAGE		0x200000UL	/* offset of what is at IMAGE_VA */
#define DIRECT_VA	(five ? 0xff11222300000000ULL : 0xffff9a8300000000ULL)
#define STACK_VA	(five ? 0xffa0000000004000ULL : 0xffffc90000004000ULL)
#define STACK		0x31000UL
#define PGT		0x10000UL
#define NOTE		0x5000UL
#define RING		0x210000UL	/* in the image, as the static one is */
#define PAGES		0x100000UL	/* struct page of each */
#define PAGE_STRUCT	64
#define SECTIONS	0x7000UL	/* pointers to struct mem_section, and some of these */
#define BUDDY		0xf0000000U
#define TEXT		"Linux version 6.0.0"

#define TEST_CPUS		2

static _Alignas(4096) uint8_t mem[SIZE];
static unsigned int next_table;
static bool five;		/* levels of page tables, else four */
static void (*on_read)(uint64_t offset);
static struct vnode_memory memory = { .base = BASE, .size = SIZE };

static char dir[32];
static char path[64];
static struct vnode_err err;
static uint8_t *file;
static size_t file_size;

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	(void)context;
	if (offset > SIZE || len > SIZE - offset)
		abort();
	if (on_read)
		on_read(offset);
	memcpy(buf, mem + offset, len);
	return 0;
}

/* An entry at @level for @va; the tables in between are made. */
static void map_page(unsigned int levels, unsigned int level, uint64_t va, uint64_t pa)
{
	uint64_t *table = (uint64_t *)(mem + PGT), *entry;
	unsigned int l;

	for (l = levels; ; l--) {
		entry = &table[va >> (12 + 9 * (l - 1)) & 511];
		if (l == level)
			break;
		if (!*entry)
			*entry = (BASE + PGT + 4096 * ++next_table) | 3;
		table = (uint64_t *)&mem[(*entry & ~4095ULL) - BASE];
	}
	*entry = pa | 3 | (level > 1 ? 1 << 7 : 0);
}

static void put_note(unsigned int levels)
{
	snprintf((char *)mem + NOTE, 4096,
		 "OSRELEASE=6.0.0\nPAGESIZE=4096\nSYMBOL(prb)=%llx\nSYMBOL(init_top_pgt)=%llx\n"
		 "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%u\n"
		 RING_LAYOUT "KERNELOFFSET=1c000000\n"
		 "SYMBOL(mem_section)=%llx\nSIZE(mem_section)=16\n"
		 "OFFSET(mem_section.section_mem_map)=0\nNUMBER(SECTION_SIZE_BITS)=27\n"
		 "SIZE(page)=64\nOFFSET(page._mapcount)=48\nOFFSET(page.private)=40\n"
		 "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=%u\nLENGTH(zone.free_area)=11\n",
		 IMAGE_VA + RING - IMAGE, IMAGE_VA + PGT - IMAGE, (long long)(BASE + IMAGE),
		 levels == 5, DIRECT_VA + BASE + SECTIONS, BUDDY);
}

/* Pages from @offset on are free. */
static void put_free(unsigned long offset, uint64_t order)
{
	uint8_t *page = mem + PAGES + offset / 4096 * PAGE_STRUCT;
	const uint32_t buddy = BUDDY;

	memcpy(page + 40, &order, sizeof(order));
	memcpy(page + 48, &buddy, sizeof(buddy));
}

/* All of the memory is in one section. */
static void put_sections(void)
{
	uint64_t *root = (uint64_t *)(mem + SECTIONS);
	uint64_t *section = (uint64_t *)(mem + SECTIONS + 4096 + (BASE >> 27) * 16);

	root[0] = DIRECT_VA + BASE + SECTIONS + 4096;
	*section = (DIRECT_VA + BASE + PAGES - BASE / 4096 * PAGE_STRUCT) | 0x1f;
}

/* One record, in a ring of 32 descriptors and 1 KiB */
static void put_ring(void)
{
	uint64_t *ring = (uint64_t *)(mem + RING + 8), va = IMAGE_VA + RING - IMAGE;
	uint64_t *desc = (uint64_t *)(mem + RING + 0x1000);
	uint64_t *info = (uint64_t *)(mem + RING + 0x2000);
	uint64_t *text = (uint64_t *)(mem + RING + 0x4000);

	*(uint64_t *)(mem + RING) = va + 8;
	ring[0] = 5;
	ring[1] = va + 0x1000;
	ring[2] = va + 0x2000;
	ring[6] = 10;
	ring[7] = va + 0x4000;
	desc[0] = 1ULL << 62;	/* id 0, committed */
	desc[2] = 8 + 24;
	info[2] = strlen(TEXT);
	memcpy(text + 1, TEXT, sizeof(TEXT));
}

/* A kernel that runs: image, direct map, a stack that vmalloc() has made, a device */
static void make_kernel(unsigned int levels)
{
	unsigned int i;

	memset(mem, 0, sizeof(mem));
	five = levels == 5;
	next_table = 0;
	memory.read = read_mem;
	on_read = NULL;
	put_note(levels);
	put_ring();
	put_sections();
	/* the first page is not mapped, all else in large pages as far as that goes */
	for (i = 1; i < 512; i++)
		map_page(levels, 1, DIRECT_VA + BASE + 4096 * i, BASE + 4096 * i);
	for (i = 1; i < SIZE >> 21; i++)
		map_page(levels, 2, DIRECT_VA + BASE + ((uint64_t)i << 21),
			 BASE + ((uint64_t)i << 21));
	map_page(levels, 2, IMAGE_VA, BASE + IMAGE);
	map_page(levels, 1, STACK_VA, BASE + STACK);
	map_page(levels, 1, STACK_VA + 0x1000, BASE + STACK + 0x1000);
	map_page(levels, 1, STACK_VA + 0x2000, BASE + 0x80000);
	map_page(levels, 1, STACK_VA + 0x8000, 0xfee00000);
	memcpy(mem + STACK, "stack", 6);
	memcpy(mem + 0x80000, "far", 4);
	mem[SIZE / 2] = 1;
}

static struct vnode_regs regs[TEST_CPUS];

static int write_dump(void)
{
	struct vnode_dump_file out;
	struct vnode_dump_map map;
	void *headers = NULL;
	size_t size;
	int ret;

	memset(&err, 0, sizeof(err));
	ret = vnode_dump_find(&map, &memory, &err);
	ret = ret ?: vnode_dump_find_free(&map, &err);
	ret = ret ?: vnode_dump_file_begin(&out, path, &map, vnode_dump_data_offset(TEST_CPUS),
					   &err);
	if (ret) {
		vnode_dump_destroy(&map);
		return ret;
	}
	ret = vnode_dump_walk(&map, &err);
	ret = ret ?: vnode_dump_file_copy(&out, &map, &err);
	headers = vnode_dump_headers(&map, regs, TEST_CPUS, &size);
	ret = ret ?: vnode_dump_file_write(&out, 0, headers, size, &err);
	free(headers);
	vnode_dump_destroy(&map);
	return vnode_dump_file_end(&out, ret, &err);
}

static bool read_back(void)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	bool ok;

	free(file);
	file = NULL;
	if (fd < 0 || fstat(fd, &st))
		return false;
	file_size = st.st_size;
	file = malloc(file_size);
	ok = file && read(fd, file, file_size) == (ssize_t)file_size;
	close(fd);
	return ok;
}

static bool write_and_read(void)
{
	return KTAP_CHECK_EQ(write_dump(), 0) && KTAP_CHECK(read_back());
}

static const Elf64_Phdr *phdr(unsigned int i)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)file;

	return i < ehdr->e_phnum ? (const Elf64_Phdr *)(file + ehdr->e_phoff) + i : NULL;
}

/* What the file has at a virtual address; NULL: nothing, or twice */
static const uint8_t *at_va(uint64_t va)
{
	const uint8_t *found = NULL;
	const Elf64_Phdr *p;
	unsigned int i;

	for (i = 0; (p = phdr(i)); i++) {
		if (p->p_type != PT_LOAD || va - p->p_vaddr >= p->p_memsz)
			continue;
		if (found || p->p_offset + p->p_filesz > file_size)
			return NULL;
		if (p->p_offset - p->p_paddr != phdr(1)->p_offset - phdr(1)->p_paddr)
			return NULL;
		found = file + p->p_offset + (va - p->p_vaddr);
	}
	return found;
}

static const Elf64_Nhdr *note(const char *name, unsigned int nr)
{
	const uint8_t *at = file + phdr(0)->p_offset, *end = at + phdr(0)->p_filesz;

	while (at + sizeof(Elf64_Nhdr) <= end) {
		const Elf64_Nhdr *head = (const Elf64_Nhdr *)at;

		if (!strcmp((const char *)(head + 1), name) && !nr--)
			return head;
		at += sizeof(*head) + vnode_align_up(head->n_namesz, 4) +
		      vnode_align_up(head->n_descsz, 4);
	}
	return NULL;
}

static const void *desc_of(const Elf64_Nhdr *head)
{
	return (const uint8_t *)(head + 1) + vnode_align_up(head->n_namesz, 4);
}

/* Names in the directory, but for "." and "..": a temporary file would be one. */
static unsigned int nr_files(void)
{
	struct dirent *entry;
	unsigned int nr = 0;
	DIR *d = opendir(dir);

	while ((entry = readdir(d)))
		nr += entry->d_name[0] != '.';
	closedir(d);
	return nr;
}

static bool readelf_takes_it(void)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "out=$(readelf -hlnW %s 2>&1) && echo \"$out\" | grep -q 'VMCOREINFO' && ! echo \"$out\" | grep -i 'warning\\|error\\|corrupt'",
		 path);
	return !system(command);
}

static void check_addresses(void)
{
	KTAP_REQUIRE(at_va(DIRECT_VA + BASE));
	KTAP_CHECK(!memcmp(at_va(DIRECT_VA + BASE), mem, SIZE));
	KTAP_REQUIRE(at_va(IMAGE_VA + RING - IMAGE));
	KTAP_CHECK(!memcmp(at_va(IMAGE_VA + RING - IMAGE), mem + RING, 4096));
	/* the image's mapping is linear, whatever the tables say */
	KTAP_REQUIRE(at_va(IMAGE_VA + 0x400000));
	KTAP_CHECK(!memcmp(at_va(IMAGE_VA + 0x400000), mem + IMAGE + 0x400000, 4096));
	KTAP_REQUIRE(at_va(STACK_VA) && at_va(STACK_VA + 0x2000));
	KTAP_CHECK(!memcmp(at_va(STACK_VA), mem + STACK, 8192));
	KTAP_CHECK(!memcmp(at_va(STACK_VA + 0x2000), "far", 4));
	KTAP_CHECK(!at_va(STACK_VA + 0x8000));
	KTAP_CHECK(!at_va(STACK_VA + 0x3000));
}

static void has_all_addresses_4(void)
{
	make_kernel(4);
	KTAP_REQUIRE(write_and_read());
	check_addresses();
}

static void has_all_addresses(void)
{
	make_kernel(5);
	KTAP_REQUIRE(write_and_read());
	check_addresses();
	KTAP_CHECK_EQ(nr_files(), 1);
}

static void has_physical_addresses(void)
{
	unsigned int i, all = 0;
	const Elf64_Phdr *p;

	make_kernel(5);
	KTAP_REQUIRE(write_and_read());
	for (i = 1; (p = phdr(i)); i++) {
		KTAP_CHECK(p->p_type == PT_LOAD && p->p_paddr >= BASE &&
			   p->p_paddr + p->p_memsz <= BASE + SIZE && p->p_filesz == p->p_memsz);
		all += p->p_paddr == BASE && p->p_memsz == SIZE;
	}
	KTAP_CHECK_EQ(all, 1);
}

static void readelf_reads_it(void)
{
	make_kernel(5);
	KTAP_REQUIRE(write_and_read());
	KTAP_CHECK(readelf_takes_it());
}

/* Notes are aligned to 4 bytes alone. */
static bool read_status(unsigned int nr, struct elf_prstatus *status)
{
	const Elf64_Nhdr *head = note("CORE", nr);

	if (!head || head->n_type != NT_PRSTATUS || head->n_descsz != sizeof(*status))
		return false;
	memcpy(status, desc_of(head), sizeof(*status));
	return true;
}

static void has_notes(void)
{
	struct elf_prstatus status;
	const Elf64_Nhdr *head;

	make_kernel(5);
	regs[0] = (struct vnode_regs){ .cpu = 0 };
	regs[1] = (struct vnode_regs){ .cpu = 1, .kind = VNODE_REGS_PANIC };
	regs[1].reg[16] = 0x1234;
	regs[1].reg[19] = STACK_VA;
	KTAP_REQUIRE(write_and_read());
	/* the one that is known comes first */
	KTAP_REQUIRE(read_status(0, &status));
	KTAP_CHECK_EQ(status.pr_pid, 2);
	KTAP_CHECK_EQ(status.pr_reg[16], 0x1234);
	KTAP_CHECK_EQ(status.pr_reg[19], STACK_VA);
	KTAP_REQUIRE(read_status(1, &status));
	KTAP_CHECK_EQ(status.pr_pid, 1);
	KTAP_CHECK_EQ(status.pr_reg[16], 0);
	KTAP_CHECK(!note("CORE", 2));
	head = note("VMCOREINFO", 0);
	KTAP_REQUIRE(head && !head->n_type);
	KTAP_CHECK_EQ(head->n_descsz, strlen((char *)mem + NOTE));
	KTAP_CHECK(!memcmp(desc_of(head), mem + NOTE, head->n_descsz));
	memset(regs, 0, sizeof(regs));
}

static void is_sparse(void)
{
	struct stat st;

	make_kernel(5);
	KTAP_REQUIRE(write_and_read());
	KTAP_REQUIRE(!stat(path, &st));
	KTAP_CHECK((uint64_t)st.st_size == vnode_dump_data_offset(TEST_CPUS) + SIZE);
	KTAP_CHECK_EQ(st.st_mode & 0777, 0600);
	/* some 20 pages are in use */
	KTAP_CHECK(st.st_blocks * 512 < 256 << 10);
}

static void free_pages_are_left_out(void)
{
	const uint8_t *at;

	make_kernel(5);
	memset(mem + 0x600000, 0x77, 0x10000);
	put_free(0x602000, 1);
	/* not aligned, and of an order that there is not: damaged */
	put_free(0x607000, 1);
	put_free(0x608000, 11);
	KTAP_REQUIRE(write_and_read());
	at = at_va(DIRECT_VA + BASE + 0x600000);
	KTAP_REQUIRE(at);
	KTAP_CHECK(!memcmp(at, mem + 0x600000, 0x2000));
	KTAP_CHECK(at[0x2000] == 0 && !memcmp(at + 0x2000, at + 0x2001, 0x1fff));
	KTAP_CHECK(!memcmp(at + 0x4000, mem + 0x604000, 0xc000));
}

static void without_info_it_is_written(void)
{
	make_kernel(5);
	memset(mem + NOTE, 0xaa, 4096);
	KTAP_REQUIRE(write_and_read());
	KTAP_REQUIRE(phdr(1) && !phdr(2));
	KTAP_CHECK_EQ(phdr(1)->p_vaddr, 0);
	KTAP_CHECK_EQ(phdr(1)->p_paddr, BASE);
	KTAP_CHECK(!memcmp(file + phdr(1)->p_offset, mem, SIZE));
	KTAP_CHECK(!note("VMCOREINFO", 0));
	KTAP_CHECK(note("CORE", 1) && !note("CORE", 2));
}

/* Two tables lead to each other all over: 256 * 512^4 pages, if that were told. */
static void survives_endless_tables(void)
{
	uint64_t *top;
	unsigned int i;

	make_kernel(5);
	top = (uint64_t *)(mem + PGT);
	for (i = 0; i < 1024; i++)
		top[i] = (BASE + PGT + i % 2 * 4096) | 3;
	KTAP_REQUIRE(write_and_read());
	KTAP_CHECK(phdr(1) && !phdr(3 + VNODE_DUMP_RUNS_MAX));
}

static void survives_noise(void)
{
	unsigned int round;
	size_t i;

	srandom(1);
	for (round = 0; round < 20; round++) {
		make_kernel(5);
		for (i = 0; i < 200; i++) {
			mem[PGT + random() % (4096 * (next_table + 1))] = random();
			mem[SECTIONS + random() % 8192] = random();
		}
		KTAP_REQUIRE(write_and_read());
		KTAP_CHECK(phdr(1));
	}
}

static int read_ends(void *context, uint64_t offset, void *buf, size_t len)
{
	return offset >= SIZE / 2 && len == 1 << 20 ? -ENXIO : read_mem(context, offset, buf, len);
}

static void leaves_nothing_when_reading_fails(void)
{
	make_kernel(5);
	memory.read = read_ends;
	unlink(path);
	KTAP_CHECK_EQ(write_dump(), -ENXIO);
	KTAP_CHECK(strstr(err.text, "cannot read the memory"));
	KTAP_CHECK_EQ(nr_files(), 0);
}

static void keeps_the_old_one_when_writing_fails(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit less = { SIZE / 2, RLIM_INFINITY };
	int fd;

	make_kernel(5);
	mem[SIZE - 1] = 1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	KTAP_REQUIRE(fd >= 0 && write(fd, "old", 3) == 3);
	close(fd);
	setrlimit(RLIMIT_FSIZE, &less);
	KTAP_CHECK_EQ(write_dump(), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &none);
	KTAP_CHECK(strstr(err.text, path) && strstr(err.text, "cannot be written"));
	KTAP_CHECK_EQ(nr_files(), 1);
	KTAP_REQUIRE(read_back());
	KTAP_CHECK(file_size == 3 && !memcmp(file, "old", 3));
}

/* Not before the copy has begun, which is when there is a file. */
static void send_signal(uint64_t offset)
{
	if (offset == 1 << 20 && nr_files())
		raise(SIGTERM);
}

/* It dies of the signal, and has cleaned up before. */
static void leaves_nothing_after_a_signal(void)
{
	int status;
	pid_t pid;

	make_kernel(5);
	unlink(path);
	fflush(stdout);
	pid = fork();
	KTAP_REQUIRE(pid >= 0);
	if (!pid) {
		on_read = send_signal;
		write_dump();
		_exit(0);
	}
	KTAP_REQUIRE(waitpid(pid, &status, 0) == pid);
	KTAP_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	KTAP_CHECK_EQ(nr_files(), 0);
}

static void says_where_it_cannot_write(void)
{
	char good[sizeof(path)];

	make_kernel(5);
	strcpy(good, path);
	snprintf(path, sizeof(path), "%s/none/core", dir);
	KTAP_CHECK_EQ(write_dump(), -ENOENT);
	KTAP_CHECK(strstr(err.text, path));
	strcpy(path, dir);
	KTAP_CHECK_EQ(write_dump(), -EISDIR);
	/* what is no file is not replaced by one */
	snprintf(path, sizeof(path), "%s/fifo", dir);
	KTAP_REQUIRE(!mkfifo(path, 0600));
	KTAP_CHECK_EQ(write_dump(), -EISDIR);
	unlink(path);
	strcpy(path, good);
	KTAP_CHECK_EQ(nr_files(), 0);
}

/* ---- as a stream ---- */

/* What --dump=- prints, in a file without a name */
static FILE *write_stream(void)
{
	char good[sizeof(path)];
	FILE *stream = tmpfile();
	int real = dup(STDOUT_FILENO), ret;

	fflush(stdout);
	strcpy(good, path);
	strcpy(path, "-");
	dup2(fileno(stream), STDOUT_FILENO);
	ret = write_dump();
	dup2(real, STDOUT_FILENO);
	close(real);
	strcpy(path, good);
	KTAP_CHECK_EQ(ret, 0);
	return stream;
}

static void stream_becomes_the_same_file(void)
{
	FILE *stream;
	uint8_t *direct;
	struct stat st;

	make_kernel(5);
	KTAP_REQUIRE(write_and_read());
	KTAP_REQUIRE(!stat(path, &st));
	direct = malloc(st.st_size);
	memcpy(direct, file, st.st_size);
	unlink(path);
	stream = write_stream();
	rewind(stream);
	KTAP_CHECK_EQ(nr_files(), 0);
	KTAP_CHECK_EQ(vnode_dump_receive(fileno(stream), path, &err), 0);
	KTAP_REQUIRE(read_back());
	KTAP_CHECK(!memcmp(direct, file, st.st_size));
	KTAP_REQUIRE(!stat(path, &st));
	KTAP_CHECK(st.st_blocks * 512 < 256 << 10);
	free(direct);
	fclose(stream);
}

static void cut_stream_leaves_nothing(void)
{
	static const long lengths[] = { 0, 100, 4096, 4100, 5000, -1 };
	FILE *stream;
	struct stat st;
	size_t i;

	make_kernel(5);
	unlink(path);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		stream = write_stream();
		KTAP_REQUIRE(!fstat(fileno(stream), &st));
		KTAP_REQUIRE(!ftruncate(fileno(stream),
					lengths[i] < 0 ? st.st_size - 1 : lengths[i]));
		rewind(stream);
		memset(&err, 0, sizeof(err));
		KTAP_CHECK_EQ(vnode_dump_receive(fileno(stream), path, &err), -EPIPE);
		KTAP_CHECK_EQ(err.text[0], 0);
		KTAP_CHECK_EQ(nr_files(), 0);
		fclose(stream);
	}
}

static void other_streams_are_refused(void)
{
	/* behind the end of any file */
	static const uint64_t wild[2] = { UINT64_MAX - 1, UINT64_MAX / 2 };
	FILE *stream = write_stream();

	KTAP_REQUIRE(pwrite(fileno(stream), wild, sizeof(wild), 4096) == sizeof(wild));
	rewind(stream);
	KTAP_CHECK_EQ(vnode_dump_receive(fileno(stream), path, &err), -EPROTO);
	KTAP_REQUIRE(pwrite(fileno(stream), "core", 4, 0) == 4);
	rewind(stream);
	KTAP_CHECK_EQ(vnode_dump_receive(fileno(stream), path, &err), -EPROTO);
	KTAP_CHECK(strstr(err.text, "is not a dump"));
	KTAP_CHECK_EQ(nr_files(), 0);
	fclose(stream);
}

/* ---- a vnode instead of device.c's ---- */

static struct vnode_status vnode;
static void (*on_freeze)(void);

int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t cpus[VNODE_CPUS_MAX], struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)next;
	(void)cpus;
	(void)why;
	*status = vnode;
	return 0;
}

int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *to, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)why;
	*to = memory;
	return 0;
}

int vnode_device_freeze(int fd, unsigned int id, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	if (on_freeze)
		on_freeze();
	return vnode_err(why, ENOTCONN, "vnode %u: cannot be frozen", id);
}

int vnode_device_thaw(int fd, unsigned int id, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)why;
	return 0;
}

int vnode_device_regs(int fd, unsigned int id, unsigned int cpu, struct vnode_regs *to,
		      struct vnode_err *why)
{
	(void)fd;
	(void)why;
	*to = (struct vnode_regs){ .id = id, .cpu = cpu };
	return 0;
}

static int dump_vnode(enum vnode_state state)
{
	const struct vnode_config config = { .id = 1, .dump = path };

	vnode = (struct vnode_status){
		.id = 1, .state = state, .nr_cpus = TEST_CPUS, .mem_base = BASE, .mem_size = SIZE,
	};
	memset(&err, 0, sizeof(err));
	unlink(path);
	return vnode_dump(-1, &config, &err);
}

static void restart(uint64_t offset)
{
	if (offset != 1 << 20 || !nr_files())
		return;
	vnode.state = VNODE_BOOTING;
	vnode.restarts++;
}

/* What was loaded alone runs for the first time. */
static void start(uint64_t offset)
{
	if (offset == 1 << 20 && nr_files())
		vnode.state = VNODE_BOOTING;
}

/* It may die as often as it will, and its memory stays. */
static void end(uint64_t offset)
{
	if (offset == 1 << 20 && nr_files())
		vnode.state = VNODE_PANICKED;
}

static void grant_anew(void)
{
	vnode.nr_cpus = 64 * TEST_CPUS;
}

static void no_dump_of_two_kernels(void)
{
	make_kernel(5);
	on_freeze = NULL;
	KTAP_CHECK_EQ(dump_vnode(VNODE_PANICKED), 0);
	KTAP_CHECK_EQ(nr_files(), 1);
	on_read = restart;
	KTAP_CHECK_EQ(dump_vnode(VNODE_PANICKED), -ESTALE);
	KTAP_CHECK(strstr(err.text, "was restarted during the dump"));
	KTAP_CHECK_EQ(nr_files(), 0);
	KTAP_CHECK_EQ(dump_vnode(VNODE_RUNNING), -ESTALE);
	on_read = start;
	KTAP_CHECK_EQ(dump_vnode(VNODE_LOADED), -ESTALE);
	KTAP_CHECK_EQ(nr_files(), 0);
	on_read = end;
	KTAP_CHECK_EQ(dump_vnode(VNODE_RUNNING), 0);
	KTAP_CHECK_EQ(nr_files(), 1);
}

static void no_dump_of_two_vnodes(void)
{
	make_kernel(5);
	on_freeze = grant_anew;
	KTAP_CHECK_EQ(dump_vnode(VNODE_RUNNING), -ENXIO);
	KTAP_CHECK(strstr(err.text, "was returned during the dump"));
	KTAP_CHECK_EQ(nr_files(), 0);
}

static const struct ktap_test tests[] = {
	{ "every address of the kernel leads to its memory", has_all_addresses },
	{ "with 4-level page tables as well", has_all_addresses_4 },
	{ "physical addresses are right, and all memory has one", has_physical_addresses },
	{ "readelf reads it", readelf_reads_it },
	{ "registers and VMCOREINFO are in the notes", has_notes },
	{ "zero pages are left out", is_sparse },
	{ "free pages are left out", free_pages_are_left_out },
	{ "it is written without VMCOREINFO, too", without_info_it_is_written },
	{ "endless page tables are survived", survives_endless_tables },
	{ "damaged page tables are survived", survives_noise },
	{ "nothing is left when the memory goes away", leaves_nothing_when_reading_fails },
	{ "the old file stays when the new one cannot be written",
	  keeps_the_old_one_when_writing_fails },
	{ "nothing is left after a signal", leaves_nothing_after_a_signal },
	{ "the error names a file that cannot be written", says_where_it_cannot_write },
	{ "a stream of it becomes the same file", stream_becomes_the_same_file },
	{ "a stream that is cut leaves nothing", cut_stream_leaves_nothing },
	{ "what is no dump is refused", other_streams_are_refused },
	{ "a vnode that is restarted meanwhile is not dumped", no_dump_of_two_kernels },
	{ "nor is another vnode that gets the same id", no_dump_of_two_vnodes },
};

int main(void)
{
	int ret;

	snprintf(dir, sizeof(dir), "/tmp/dump-test.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/core", dir);
	ret = ktap_run(tests, KTAP_NR(tests));
	unlink(path);
	rmdir(dir);
	free(file);
	return ret;
}
