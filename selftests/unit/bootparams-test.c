// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/plan/bootparams.c, read back at the offsets that Documentation/arch/x86
 * of Linux gives in boot.rst and zero-page.rst; and pgtable.c, walked like a CPU
 * does.
 */
#include <errno.h>
#include <stdlib.h>

#include "ktap.h"
#include "plan/plan.h"

#define GIB		(1ULL << 30)
#define MIB		(1ULL << 20)

static const struct vnode_e820 map[] = {
	{ 0x90000, 0x8000, 1 },
	{ 0x40000000, 0x1000000, 1 },
	{ 0x41000000, 0x4000, 3 },
	{ 0x41004000, 0x1000, 2 },
	{ 0x100000000, 0x20000000, 1 },
};

static union {
	struct boot_params params;
	uint8_t byte[4096];
} page;

static struct vnode_err err;

static struct vnode_bootparams_config config_get(const struct setup_header *header)
{
	return (struct vnode_bootparams_config) {
		.header = header,
		.e820 = map,
		.nr_e820 = KTAP_NR(map),
		.kernel_pa = 0x41234000,
		.cmdline_pa = 0x40001000,
		.cmdline_size = 100,
		.initrd_pa = 0x5a000000,
		.initrd_size = 0x1234567,
		.rsdp_pa = 0x41000040,
	};
}

/* As in a bzImage, with rubbish wherever a boot loader has to write. */
static struct setup_header header_get(void)
{
	return (struct setup_header) {
		.setup_sects = 39,
		.root_flags = 1,
		.vid_mode = 0x1234,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,			/* jmp 0x26c */
		.header = 0x53726448,
		.version = 0x020f,
		.kernel_version = 0x4b60,
		.type_of_loader = 0x12,
		.loadflags = 0xe3,
		.code32_start = 0x100000,
		.ramdisk_image = 0x11111111,
		.ramdisk_size = 0x22222222,
		.heap_end_ptr = 0x3333,
		.ext_loader_ver = 0x44,
		.ext_loader_type = 0x55,
		.cmd_line_ptr = 0x66666666,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.min_alignment = 0x15,
		.xloadflags = 0x7f,
		.cmdline_size = 2047,
		.hardware_subarch = 2,
		.payload_offset = 0x40b,
		.payload_length = 0x900000,
		.setup_data = 0x7777777777777777,
		.pref_address = 0x1000000,
		.init_size = 0x3000000,
		.handover_offset = 0x88888888,
		.kernel_info_offset = 0x99999999,
	};
}

static int build(const struct vnode_bootparams_config *config)
{
	memset(&page, 0xa5, sizeof(page));
	memset(&err, 0, sizeof(err));
	return vnode_bootparams_build(config, &page.params, &err);
}

static uint64_t get(size_t offset, size_t length)
{
	uint64_t value = 0;

	while (length--)
		value = value << 8 | page.byte[offset + length];
	return value;
}

/* What is zero in either case; e820 and what a header may say are left out. */
static void check_zero(void)
{
	static const struct {
		size_t start, end;
	} zero[] = {
		{ 0x000, 0x070 },	/* screen_info, apm, tboot, ist */
		{ 0x078, 0x0c0 },	/* hd0, hd1, sys_desc_table, olpc */
		{ 0x0cc, 0x1e8 },	/* cc_blob, edid, efi_info, alt_mem_k, scratch */
		{ 0x1e9, 0x1f1 },	/* edd, kbd_status, secure_boot, sentinel */
		{ 0x224, 0x228 },	/* heap_end_ptr, ext_loader_* */
		{ 0x23c, 0x248 },	/* hardware_subarch */
		{ 0x250, 0x258 },	/* setup_data */
		{ 0x26c, 0x2d0 },	/* behind the header; edd */
		{ 0xcd0, 0x1000 },
	};
	size_t i, at;

	for (i = 0; i < KTAP_NR(zero); i++)
		for (at = zero[i].start; at < zero[i].end; at++)
			if (!KTAP_CHECK_EQ(page.byte[at], 0))
				ktap_note("  at %#zx", at);
}

/* What the boot loader writes, in either case. */
static void check_written(void)
{
	KTAP_CHECK_EQ(get(0x070, 8), 0x41000040);		/* acpi_rsdp_addr */
	KTAP_CHECK_EQ(get(0x0c0, 4), 0);			/* ext_ramdisk_image */
	KTAP_CHECK_EQ(get(0x0c4, 4), 0);			/* ext_ramdisk_size */
	KTAP_CHECK_EQ(get(0x0c8, 4), 0);			/* ext_cmd_line_ptr */
	KTAP_CHECK_EQ(get(0x1fa, 2), 0xffff);			/* vid_mode */
	KTAP_CHECK_EQ(get(0x1fe, 2), 0xaa55);			/* boot_flag */
	KTAP_CHECK(!memcmp(page.byte + 0x202, "HdrS", 4));	/* header */
	KTAP_CHECK_EQ(get(0x210, 1), 0xff);			/* type_of_loader */
	KTAP_CHECK_EQ(get(0x211, 1), 1);			/* loadflags */
	KTAP_CHECK_EQ(get(0x214, 4), 0x41234000);		/* code32_start */
	KTAP_CHECK_EQ(get(0x218, 4), 0x5a000000);		/* ramdisk_image */
	KTAP_CHECK_EQ(get(0x21c, 4), 0x1234567);		/* ramdisk_size */
	KTAP_CHECK_EQ(get(0x228, 4), 0x40001000);		/* cmd_line_ptr */
	KTAP_CHECK_EQ(get(0x238, 4), 2047);			/* cmdline_size */
	check_zero();
}

static void from_header(void)
{
	struct setup_header header = header_get();
	struct vnode_bootparams_config config = config_get(&header);

	KTAP_REQUIRE(!build(&config));
	check_written();
	KTAP_CHECK_EQ(get(0x1f1, 1), 39);			/* setup_sects */
	KTAP_CHECK_EQ(get(0x1f2, 2), 1);			/* root_flags */
	KTAP_CHECK_EQ(get(0x200, 2), 0x6aeb);			/* jump */
	KTAP_CHECK_EQ(get(0x206, 2), 0x020f);			/* version */
	KTAP_CHECK_EQ(get(0x20e, 2), 0x4b60);			/* kernel_version */
	KTAP_CHECK_EQ(get(0x22c, 4), 0x7fffffff);		/* initrd_addr_max */
	KTAP_CHECK_EQ(get(0x230, 4), 0x200000);			/* kernel_alignment */
	KTAP_CHECK_EQ(get(0x234, 1), 1);			/* relocatable_kernel */
	KTAP_CHECK_EQ(get(0x236, 2), 0x7f);			/* xloadflags */
	KTAP_CHECK_EQ(get(0x248, 4), 0x40b);			/* payload_offset */
	KTAP_CHECK_EQ(get(0x258, 8), 0x1000000);		/* pref_address */
	KTAP_CHECK_EQ(get(0x260, 4), 0x3000000);		/* init_size */
	KTAP_CHECK_EQ(get(0x264, 4), 0x88888888);		/* handover_offset */
	KTAP_CHECK_EQ(get(0x268, 4), 0x99999999);		/* kernel_info_offset */
}

static void without_header(void)
{
	struct vnode_bootparams_config config = config_get(NULL);

	KTAP_REQUIRE(!build(&config));
	check_written();
	KTAP_CHECK_EQ(get(0x206, 2), 0x020f);			/* version */
	KTAP_CHECK_EQ(get(0x200, 1), 0xeb);			/* jump */
	KTAP_CHECK_EQ(0x202 + get(0x201, 1), 0x26c);
	KTAP_CHECK_EQ(get(0x236, 2), 3);			/* xloadflags */
}

/* A header is as long as its jump says, whatever follows it in memory. */
static void header_end(void)
{
	struct setup_header header = header_get();
	struct vnode_bootparams_config config = config_get(&header);

	header.jump = 0x66eb;
	header.version = 0x020d;
	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x264, 4), 0x88888888);
	KTAP_CHECK_EQ(get(0x268, 4), 0);

	header.jump = 0x62eb;
	header.version = 0x020a;
	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x260, 4), 0x3000000);
	KTAP_CHECK_EQ(get(0x264, 4), 0);
	KTAP_CHECK_EQ(get(0x236, 2), 0);		/* xloadflags came with 2.12 */

	header.jump = 0xffeb;				/* of a later kernel */
	header.version = 0x0210;
	KTAP_REQUIRE(!build(&config));
	check_written();
}

static void bad_headers(void)
{
	struct setup_header header = header_get();
	struct vnode_bootparams_config config = config_get(&header);

	header.header = 0;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	header = header_get();
	header.boot_flag = 0;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	header = header_get();
	header.jump = 0x6ae9;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	header = header_get();
	header.jump = 0x61eb;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	KTAP_CHECK(strstr(err.text, "ends after"));
	header.jump = 0x00eb;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	header = header_get();
	header.version = 0x0209;
	KTAP_CHECK_EQ(build(&config), -ENOEXEC);
	KTAP_CHECK(strstr(err.text, "2.09"));
}

static void kaslr(void)
{
	struct vnode_bootparams_config config = config_get(NULL);

	config.kaslr = true;
	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x211, 1), 3);
}

static void no_initrd(void)
{
	struct setup_header header = header_get();
	struct vnode_bootparams_config config = config_get(&header);

	config.initrd_size = 0;
	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x218, 8), 0);
	KTAP_CHECK_EQ(get(0x0c0, 8), 0);
}

static void above_4g(void)
{
	struct setup_header header = header_get();
	struct vnode_bootparams_config config = config_get(&header);

	config.kernel_pa = 0x141234000;
	config.cmdline_pa = 0x340001000;
	config.initrd_pa = 0x25a000000;
	config.initrd_size = 0x101234567;
	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x214, 4), 0);
	KTAP_CHECK_EQ(get(0x228, 4), 0x40001000);
	KTAP_CHECK_EQ(get(0x0c8, 4), 3);
	KTAP_CHECK_EQ(get(0x218, 4), 0x5a000000);
	KTAP_CHECK_EQ(get(0x0c0, 4), 2);
	KTAP_CHECK_EQ(get(0x21c, 4), 0x1234567);
	KTAP_CHECK_EQ(get(0x0c4, 4), 1);

	config.header = NULL;
	KTAP_CHECK(!build(&config));
}

static int build_low(struct vnode_bootparams_config config)
{
	struct setup_header header = header_get();

	header.xloadflags &= ~XLF_CAN_BE_LOADED_ABOVE_4G;
	config.header = &header;
	return build(&config);
}

/* Kernels without XLF_CAN_BE_LOADED_ABOVE_4G */
static void below_4g(void)
{
	struct vnode_bootparams_config config = config_get(NULL);

	KTAP_CHECK(!build_low(config));
	config.kernel_pa = 4 * GIB - 0x3000000;
	KTAP_CHECK(!build_low(config));
	config.kernel_pa = 4 * GIB - 0x3000000 + 1;
	KTAP_CHECK_EQ(build_low(config), -ERANGE);
	KTAP_CHECK(strstr(err.text, "code above 4 GiB"));

	config = config_get(NULL);
	config.cmdline_pa = 4 * GIB;
	KTAP_CHECK_EQ(build_low(config), -ERANGE);
	KTAP_CHECK(strstr(err.text, "command line above 4 GiB"));

	config = config_get(NULL);
	config.initrd_pa = 4 * GIB;
	KTAP_CHECK_EQ(build_low(config), -ERANGE);
	KTAP_CHECK(strstr(err.text, "initrd above 4 GiB"));
	config.initrd_size = 0;
	KTAP_CHECK(!build_low(config));

	config.initrd_pa = 0x7f000000;
	config.initrd_size = 0x1000000;
	KTAP_CHECK(!build_low(config));
	config.initrd_size = 0x1000001;
	KTAP_CHECK_EQ(build_low(config), -ERANGE);
	KTAP_CHECK(strstr(err.text, "0x7fffffff"));
}

static void cmdline(void)
{
	struct vnode_bootparams_config config = config_get(NULL);

	config.cmdline_size = VNODE_CMDLINE_MAX;
	KTAP_CHECK(!build(&config));
	config.cmdline_size = VNODE_CMDLINE_MAX + 1;
	KTAP_CHECK_EQ(build(&config), -E2BIG);
	config = config_get(NULL);
	config.cmdline_pa = 0;
	KTAP_CHECK_EQ(build(&config), -EINVAL);
	config = config_get(NULL);
	config.initrd_pa = -GIB;
	config.initrd_size = GIB + 1;
	KTAP_CHECK_EQ(build(&config), -EINVAL);
}

static void e820(void)
{
	struct vnode_bootparams_config config = config_get(NULL);
	size_t i;

	KTAP_REQUIRE(!build(&config));
	KTAP_CHECK_EQ(get(0x1e8, 1), KTAP_NR(map));
	for (i = 0; i < KTAP_NR(map); i++) {
		KTAP_CHECK_EQ(get(0x2d0 + 20 * i, 8), map[i].start);
		KTAP_CHECK_EQ(get(0x2d0 + 20 * i + 8, 8), map[i].size);
		KTAP_CHECK_EQ(get(0x2d0 + 20 * i + 16, 4), map[i].type);
	}
	for (i = 0x2d0 + 20 * i; i < 0xcd0; i++)
		KTAP_CHECK_EQ(page.byte[i], 0);
}

static int build_e820(unsigned int nr, const struct vnode_e820 *e820)
{
	struct vnode_bootparams_config config = config_get(NULL);

	config.e820 = e820;
	config.nr_e820 = nr;
	return build(&config);
}

static void e820_limits(void)
{
	struct vnode_e820 e[129];
	size_t i;

	for (i = 0; i < KTAP_NR(e); i++)
		e[i] = (struct vnode_e820) { i * 0x1000, 0x1000, 1 };
	KTAP_CHECK_EQ(build_e820(0, e), -EINVAL);
	KTAP_CHECK_EQ(build_e820(129, e), -EINVAL);
	KTAP_CHECK_EQ(build_e820(128, e), 0);
	KTAP_CHECK_EQ(get(0x1e8, 1), 128);
	KTAP_CHECK_EQ(get(0x2d0 + 20 * 127, 8), 127 * 0x1000);
	KTAP_CHECK_EQ(get(0xcd0, 8), 0);
}

static void e820_order(void)
{
	static const struct vnode_e820 unsorted[] = { { 0x2000, 0x1000, 1 }, { 0, 0x1000, 1 } };
	static const struct vnode_e820 overlap[] = { { 0, 0x1001, 1 }, { 0x1000, 0x1000, 1 } };
	static const struct vnode_e820 empty[] = { { 0, 0, 1 } };
	static const struct vnode_e820 wraps[] = { { -0x1000ULL, 0x1001, 1 } };
	static const struct vnode_e820 type0[] = { { 0, 0x1000, 0 } };
	static const struct vnode_e820 type4[] = { { 0, 0x1000, 4 } };

	KTAP_CHECK_EQ(build_e820(2, unsorted), -EINVAL);
	KTAP_CHECK(strstr(err.text, "entry 1 at 0x0"));
	KTAP_CHECK_EQ(build_e820(2, overlap), -EINVAL);
	KTAP_CHECK_EQ(build_e820(1, empty), -EINVAL);
	KTAP_CHECK_EQ(build_e820(1, wraps), -EINVAL);
	KTAP_CHECK_EQ(build_e820(1, type0), -EINVAL);
	KTAP_CHECK_EQ(build_e820(1, type4), -EINVAL);
}

/* Page tables, where the CPU would find them: the top level apart. */
struct walker {
	uint64_t pml4[512];
	uint8_t *tables;
	size_t size;
	size_t seen;			/* bytes of tables that are reached */
};

#define TABLES_PA	0x7654321000ULL
#define NOT_MAPPED	UINT64_MAX

static bool walker_init(struct walker *w, uint64_t base, uint64_t size)
{
	w->size = vnode_pgtable_size(base, size);
	w->seen = 0;
	w->tables = aligned_alloc(4096, w->size + 4096);
	if (!w->tables)
		return false;
	memset(w->pml4, 0xa5, sizeof(w->pml4));
	memset(w->tables, 0xa5, w->size + 4096);
	vnode_pgtable_build(base, size, w->pml4, w->tables, TABLES_PA);
	return true;
}

/* The table that a present entry refers to; entries are P|RW and nothing else. */
static const uint64_t *table_at(const struct walker *w, uint64_t entry)
{
	uint64_t pa = entry & 0x000ffffffffff000;

	if ((entry & ~0x000ffffffffff000) != 0x003)
		return NULL;
	if (pa < TABLES_PA || pa >= TABLES_PA + w->size)
		return NULL;
	return (const uint64_t *)(w->tables + (pa - TABLES_PA));
}

/* SDM volume 3, 4.5.4: what the linear address @la is translated to. */
static uint64_t translate(const struct walker *w, uint64_t la)
{
	const uint64_t *table;
	uint64_t entry;

	table = table_at(w, w->pml4[la >> 39 & 511]);
	if (!table)
		return NOT_MAPPED;
	table = table_at(w, table[la >> 30 & 511]);
	if (!table)
		return NOT_MAPPED;
	entry = table[la >> 21 & 511];
	if ((entry & 0xfff0000000000fff) != 0x083)	/* P, RW, PS */
		return NOT_MAPPED;
	if (entry & 0x1ff000)				/* reserved or PAT: must be 0 */
		return NOT_MAPPED;
	return (entry & 0x000fffffffe00000) | (la & 0x1fffff);
}

/* Every entry of every level: how many pages are mapped, all identically? */
static uint64_t count_pages(struct walker *w)
{
	const uint64_t *pdpt, *pd;
	uint64_t pages = 0, la;
	unsigned int i, j, k;

	for (i = 0; i < 512; i++) {
		pdpt = table_at(w, w->pml4[i]);
		if (!pdpt) {
			KTAP_CHECK_EQ(w->pml4[i], 0);
			continue;
		}
		w->seen += 4096;
		for (j = 0; j < 512; j++) {
			pd = table_at(w, pdpt[j]);
			if (!pd) {
				KTAP_CHECK_EQ(pdpt[j], 0);
				continue;
			}
			w->seen += 4096;
			for (k = 0; k < 512; k++) {
				la = (uint64_t)i << 39 | (uint64_t)j << 30 | (uint64_t)k << 21;
				if (!pd[k])
					continue;
				pages++;
				KTAP_CHECK_EQ(translate(w, la), la);
			}
		}
	}
	return pages;
}

static void check_pgtable(uint64_t base, uint64_t size)
{
	uint64_t first = base & -2 * MIB, end = vnode_align_up(base + size, 2 * MIB);
	uint64_t pages, step, pa;
	struct walker w;
	size_t i;

	KTAP_REQUIRE(walker_init(&w, base, size));
	pages = (end - first) / (2 * MIB);
	KTAP_CHECK_EQ(count_pages(&w), pages + (first ? 1 : 0));
	/* exact: every table is used, and nothing behind them */
	KTAP_CHECK_EQ(w.seen, w.size);
	for (i = 0; i < 4096; i++)
		if (w.tables[w.size + i] != 0xa5)
			break;
	KTAP_CHECK_EQ(i, 4096);

	KTAP_CHECK_EQ(translate(&w, 0), 0);
	KTAP_CHECK_EQ(translate(&w, 2 * MIB - 1), 2 * MIB - 1);
	if (first > 2 * MIB)
		KTAP_CHECK(translate(&w, 2 * MIB) == NOT_MAPPED);
	if (first > 4 * MIB)
		KTAP_CHECK(translate(&w, first - 1) == NOT_MAPPED);
	KTAP_CHECK(translate(&w, end) == NOT_MAPPED);
	KTAP_CHECK_EQ(translate(&w, base), base);
	KTAP_CHECK_EQ(translate(&w, base + size - 1), base + size - 1);
	step = vnode_align_up(size / 997 + 1, 0x1000);
	for (pa = base; pa < base + size; pa += step)
		KTAP_CHECK_EQ(translate(&w, pa), pa);
	free(w.tables);
}

static void pgtables(void)
{
	static const struct {
		uint64_t base, size;
	} ranges[] = {
		{ 0, 2 * MIB },
		{ 0, GIB },
		{ 2 * MIB, 2 * MIB },
		{ 512 * MIB, 256 * MIB },		/* in the first GiB */
		{ GIB - 2 * MIB, 4 * MIB },		/* over its end */
		{ GIB, GIB },
		{ 3 * GIB, 2 * GIB },			/* over 4 GiB */
		{ 0x140000000, 512 * MIB },
		{ 512 * GIB - 2 * MIB, 4 * MIB },	/* over 512 GiB */
		{ 512 * GIB, 2 * MIB },
		{ 511 * GIB, 514 * GIB },		/* over two borders */
		{ 1ULL << 46, 64 * MIB },
		{ (1ULL << 46) - 2 * MIB, 4 * MIB },
		{ (1ULL << 47) - GIB, GIB - 2 * MIB },	/* nearly the last */
		{ GIB + 4096, 4096 },			/* not aligned */
		{ GIB + MIB, 2 * MIB },
		{ 0x12345678, 0x9abcdef },
	};
	size_t i;

	for (i = 0; i < KTAP_NR(ranges); i++)
		check_pgtable(ranges[i].base, ranges[i].size);
}

static void pgtable_sizes(void)
{
	KTAP_CHECK_EQ(vnode_pgtable_size(0, 0), 2 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(5 * GIB, 0), 2 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(0, GIB), 2 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(0, GIB + 1), 3 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(GIB - 1, 2), 3 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(4 * GIB, GIB), 3 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(512 * GIB, GIB), 4 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(512 * GIB - 1, 2), 5 * 4096);
	KTAP_CHECK_EQ(vnode_pgtable_size(0, 1ULL << 46), (65536 + 128) * 4096ULL);
	KTAP_CHECK_EQ(vnode_pgtable_size(1ULL << 46, 1ULL << 46), (65536 + 1 + 128 + 1) * 4096ULL);
}

static void pgtable_empty(void)
{
	struct walker w;

	KTAP_REQUIRE(walker_init(&w, 5 * GIB + 4096, 0));
	KTAP_CHECK_EQ(count_pages(&w), 1);
	KTAP_CHECK_EQ(w.seen, w.size);
	KTAP_CHECK_EQ(translate(&w, 0x1000), 0x1000);
	free(w.tables);
}

static const struct ktap_test tests[] = {
	{ "boot_params from a bzImage's header", from_header },
	{ "boot_params without one", without_header },
	{ "a header is as long as it says", header_end },
	{ "bad headers are refused", bad_headers },
	{ "KASLR", kaslr },
	{ "no initrd", no_initrd },
	{ "everything above 4 GiB", above_4g },
	{ "kernels that stay below 4 GiB", below_4g },
	{ "command line and initrd limits", cmdline },
	{ "memory map", e820 },
	{ "memory map: number of entries", e820_limits },
	{ "memory map: order", e820_order },
	{ "page tables map what they should, and nothing else", pgtables },
	{ "page tables' size", pgtable_sizes },
	{ "page tables of no memory", pgtable_empty },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
