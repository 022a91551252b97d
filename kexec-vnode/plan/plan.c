// SPDX-License-Identifier: GPL-2.0-only
/*
 * The placement of everything in the memory that was granted.
 *
 *	low page	page table (top level), memory in place of an IO-APIC
 *	low RAM		for the vnode's kernel, which needs memory below 1 MiB
 *	range, bottom	boot parameters, command line, seed of random numbers
 *	       then	kernel, at a random address if it can be moved
 *	       top	piece and initrd, and above them, not RAM for the vnode: control page, page
 *			tables, ACPI tables
 *
 * kexec's own code places them: a memory map, locate_hole(), add_segment().
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <linux/vnode.h>
#include <vnode/layout.h>

#include "kexec.h"
#include "cli.h"
#include "piece/piece.h"
#include "plan.h"

#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
/* index of the ACPI tables in the memory map */
#define E820_TABLES	3

/* Boot parameters, command line with some room, and a page with the seed. */
#define BOTTOM_SIZE	(64UL << 10)
#define FOUR_GIB	(4ULL << 30)
/* The kernel's virtual area for its image: KERNEL_IMAGE_SIZE of x86-64. */
#define KERNEL_AREA	(1ULL << 30)
#define PAGE		4096UL
/* First boot protocol with acpi_rsdp_addr (Linux 4.20); an ELF file does not tell its own */
#define PROTOCOL_RSDP	0x020e

static uint64_t acpi_size(const struct vnode_config *config)
{
	return vnode_align_up(PAGE + config->cpus.nr * 64, PAGE);
}

static uint64_t top_size(const struct vnode_config *config)
{
	/* a range just below 1 TiB needs the most page tables */
	return vnode_align_up(vnode_pgtable_size((1ULL << 40) - VNODE_MEM_ALIGN, config->mem_size) +
			      VNODE_CONTROL_SIZE + acpi_size(config), 64UL << 10);
}

int vnode_plan_check(const struct vnode_config *config, const struct vnode_image *image,
		     const struct vnode_initrd *initrd, struct vnode_err *err)
{
	uint64_t need = BOTTOM_SIZE + image->align + image->mem_size +
			initrd->piece->size + vnode_align_up(initrd->size, PAGE) +
			top_size(config);

	if (config->append && strlen(config->append) > VNODE_APPEND_MAX)
		return vnode_err(err, EINVAL, "--append: %zu characters are too many, at most %lu",
				 strlen(config->append), VNODE_APPEND_MAX);
	if (config->append && vnode_cmdline_check(config->append, err))
		return -EINVAL;
	if (need > config->mem_size)
		return vnode_err(err, EFBIG,
				 "--mem: %llu MiB are too few, kernel and initrd alone take %llu MiB",
				 (unsigned long long)config->mem_size >> 20,
				 (unsigned long long)(need + (1 << 20) - 1) >> 20);
	return 0;
}

/* The plan in progress: its input, and kexec's view of it */
struct making {
	struct vnode_plan *plan;
	const struct vnode_config *config;
	struct vnode_image *image;
	const struct vnode_initrd *initrd;
	const struct vnode_machine *machine;
	const struct vnode_lent *lent;
	struct kexec_info info;
	struct memory_range range[3];
	uint64_t ram_end;		/* end of the vnode's RAM in the range */
	bool nokaslr;			/* the command line says so */
	char *low_page;
	struct vnode_err *err;
};

static int add(struct making *m, const void *buf, size_t bufsz, uint64_t pa, size_t memsz)
{
	if (m->info.nr_segments == VNODE_SEGMENTS_MAX)
		return vnode_err(m->err, E2BIG, "the image has too many segments");
	add_segment(&m->info, buf, bufsz, pa, memsz);
	m->plan->bytes += memsz;
	return 0;
}

static void add_e820(struct making *m, uint64_t start, uint64_t end, uint32_t type)
{
	struct vnode_e820 *entry = &m->plan->e820[m->plan->nr_e820++];

	entry->start = start;
	entry->size = end - start;
	entry->type = type;
}

static void *page_alloc(struct making *m, size_t size)
{
	void *page = aligned_alloc(PAGE, vnode_align_up(size, PAGE));

	if (page)
		memset(page, 0, vnode_align_up(size, PAGE));
	else
		vnode_err(m->err, ENOMEM, "out of memory");
	return page;
}

static int make_memory_map(struct making *m)
{
	const struct vnode_lent *lent = m->lent;
	uint64_t end = lent->mem_base + lent->mem_size;
	bool low_first = lent->low_base < lent->low_page;
	uint64_t acpi = end - acpi_size(m->config);

	m->ram_end = end - top_size(m->config);
	/* only the address: root's kernel writes the page when it starts the vnode */
	m->plan->control = m->ram_end;
	/* kexec's map must be sorted: the low page may be below or above the low RAM */
	m->range[low_first] = (struct memory_range){ lent->low_page, lent->low_page + PAGE - 1,
						     RANGE_RAM };
	m->range[!low_first] = (struct memory_range){ lent->low_base,
						      lent->low_base + lent->low_size - 1,
						      RANGE_RAM };
	m->range[2] = (struct memory_range){ lent->mem_base, end - 1, RANGE_RAM };
	m->info.memory_range = m->range;
	m->info.memory_ranges = 3;

	add_e820(m, lent->low_base, lent->low_base + lent->low_size, E820_RAM);
	add_e820(m, lent->mem_base, m->ram_end, E820_RAM);
	add_e820(m, m->ram_end, acpi, E820_RESERVED);
	add_e820(m, acpi, end, E820_ACPI);
	return 0;
}

static int make_acpi(struct making *m)
{
	struct vnode_acpi_config config = {
		.id = m->config->id,
		.bsp_apicid = m->machine->bsp_apicid,
		.apicid = m->lent->apicid,
		.nr_apicids = m->config->cpus.nr,
		.base_pa = m->plan->e820[E820_TABLES].start,
		.ioapic_pa = m->lent->low_page + VNODE_LOW_IOAPIC,
		.control_pa = m->plan->control,
	};
	size_t room = m->plan->e820[E820_TABLES].size;
	int size;

	m->plan->tables = page_alloc(m, room);
	if (!m->plan->tables)
		return -ENOMEM;
	size = vnode_acpi_build(&config, m->plan->tables, room, m->err);
	if (size < 0)
		return size;
	m->plan->tables_size = size;
	return add(m, m->plan->tables, size, config.base_pa, room);
}

static int make_cmdline(struct making *m)
{
	const struct vnode_image *image = m->image;
	bool has_field = image->has_header && image->header.version >= PROTOCOL_RSDP;
	char *cmdline = m->plan->cmdline;
	int ret;

	ret = vnode_cmdline_build(m->machine, m->initrd->piece,
				  has_field ? 0 : m->plan->e820[E820_TABLES].start,
				  m->config->append, cmdline, m->err);
	m->nokaslr = vnode_cmdline_has(cmdline, "nokaslr");
	return ret ?: add(m, cmdline, strlen(cmdline) + 1, m->lent->mem_base + PAGE,
			  BOTTOM_SIZE - 2 * PAGE);
}

static uint64_t random_below(uint64_t n)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		return 0;
	return value % n;
}

/* Takes the first free address, or with KASLR a random one. */
static int place_kernel(struct making *m, bool anywhere)
{
	uint64_t align = m->image->align, size = m->image->mem_size;
	uint64_t low = vnode_align_up(m->lent->mem_base + BOTTOM_SIZE, align);
	uint64_t high = m->plan->initrd ? m->plan->initrd : m->ram_end;
	uint64_t slots, at = low;

	if (high < size || high - size < low)
		return vnode_err(m->err, EFBIG, "--mem: too little for kernel and initrd");
	slots = (high - size - low) / align + 1;
	if (anywhere)
		at += random_below(slots) * align;
	sort_segments(&m->info);
	m->plan->kernel = locate_hole(&m->info, size, align, at, at + size - 1, 1);
	if (m->plan->kernel == ULONG_MAX)
		return vnode_err(m->err, EFBIG, "--mem: no hole of %llu bytes for the kernel",
				 (unsigned long long)size);
	return 0;
}

/* Moves an unpacked kernel in virtual memory. */
static int make_kaslr(struct making *m)
{
	struct vnode_image *image = m->image;
	uint64_t slots;

	if (m->nokaslr) {
		m->plan->kaslr = "off (nokaslr)";
		return 0;
	}
	if (image->self_kaslr) {
		m->plan->kaslr = "left to the bzImage";
		return 0;
	}
	if (!image->relocs) {
		m->plan->kaslr = "physical address only: the image has no relocations";
		return 0;
	}
	m->plan->kaslr = "physical and virtual address";
	slots = (KERNEL_AREA - image->link_pa - image->mem_size) / image->align;
	m->plan->virt_delta = random_below(slots + 1) * image->align;
	if (!m->plan->virt_delta)
		return 0;
	return vnode_image_relocate(image, m->plan->virt_delta, m->err);
}

static int make_kernel(struct making *m)
{
	struct vnode_image *image = m->image;
	unsigned int i;
	int ret;

	ret = make_kaslr(m);
	if (ret)
		return ret;
	/* a bzImage unpacks itself to a place of its own choice */
	m->plan->fixed = !image->self_kaslr;
	ret = place_kernel(m, !image->self_kaslr && !m->nokaslr);
	if (ret)
		return ret;
	for (i = 0; i < image->nr_segments; i++) {
		const struct vnode_image_segment *segment = &image->segment[i];

		ret = add(m, segment->buf, segment->bufsz, m->plan->kernel + segment->offset,
			  segment->memsz);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The piece comes first. It is made of whole pages: the kernel skips the zeros at its end,
 * and finds a compressed archive, or the early one with microcode, behind it.
 */
static int make_initrd(struct making *m)
{
	const struct vnode_piece *piece = m->initrd->piece;
	size_t room = vnode_align_up(m->initrd->size, PAGE), size = piece->size + room;
	uint64_t pa;
	int ret = 0;

	if (!size)
		return 0;
	sort_segments(&m->info);
	pa = locate_hole(&m->info, size, PAGE, m->lent->mem_base, m->ram_end - 1, -1);
	if (pa == ULONG_MAX)
		return vnode_err(m->err, EFBIG, "initrd: %zu bytes do not fit", size);
	m->plan->initrd = pa;
	m->plan->initrd_size = piece->size + m->initrd->size;
	if (piece->size)
		ret = add(m, piece->data, piece->size, pa, piece->size);
	if (!ret && room)
		ret = add(m, m->initrd->data, m->initrd->size, pa + piece->size, room);
	return ret;
}

/* A vnode has no device that interrupts at random. The page behind the command line's. */
static int make_seed(struct making *m)
{
	uint64_t pa = m->lent->mem_base + BOTTOM_SIZE - PAGE;
	size_t size = sizeof(struct setup_data) + VNODE_SEED_SIZE;
	struct setup_data *entry = page_alloc(m, size);

	if (!entry)
		return -ENOMEM;
	entry->type = SETUP_RNG_SEED;
	entry->len = VNODE_SEED_SIZE;
	m->plan->seed = pa + sizeof(*entry);
	return add(m, entry, size, pa, size);
}

static int make_bootparams(struct making *m)
{
	struct vnode_bootparams_config config = {
		.header = m->image->has_header ? &m->image->header : NULL,
		.e820 = m->plan->e820,
		.nr_e820 = m->plan->nr_e820,
		.kernel_pa = m->plan->kernel,
		.cmdline_pa = m->lent->mem_base + PAGE,
		.cmdline_size = strlen(m->plan->cmdline),
		.initrd_pa = m->plan->initrd,
		.initrd_size = m->plan->initrd_size,
		.rsdp_pa = m->plan->e820[E820_TABLES].start,
		.setup_data_pa = m->plan->seed - sizeof(struct setup_data),
		.kaslr = !m->image->self_kaslr && m->image->relocs && !m->nokaslr,
	};
	struct boot_params *params = page_alloc(m, sizeof(*params));
	int ret;

	if (!params)
		return -ENOMEM;
	ret = vnode_bootparams_build(&config, params, m->err);
	if (ret)
		return ret;
	m->plan->boot_params = m->lent->mem_base;
	return add(m, params, sizeof(*params), m->plan->boot_params, PAGE);
}

static int make_page_tables(struct making *m)
{
	const struct vnode_lent *lent = m->lent;
	size_t size = vnode_pgtable_size(lent->mem_base, lent->mem_size);
	uint64_t tables_pa = m->plan->control + VNODE_CONTROL_SIZE;
	void *tables = page_alloc(m, size);

	if (!tables)
		return -ENOMEM;
	vnode_pgtable_build(lent->mem_base, lent->mem_size, m->low_page, tables, tables_pa);
	m->plan->cr3 = lent->low_page;
	return add(m, tables, size, tables_pa, size);
}

static int make_entry(struct making *m)
{
	const struct vnode_image *image = m->image;
	struct vnode_plan *plan = m->plan;
	bool low = m->lent->mem_base + m->lent->mem_size <= FOUR_GIB;

	if (image->has_entry32 && low) {
		plan->entry_mode = 32;
		plan->entry = plan->kernel + image->entry32;
		return 0;
	}
	if (!image->has_entry64)
		return vnode_err(m->err, ENOEXEC, "the kernel has no 64-bit entry, and the memory is above 4 GiB: use --mem-max=0xffffffff");
	plan->entry_mode = 64;
	plan->entry = plan->kernel + image->entry64;
	return make_page_tables(m);
}

/* The top-level page table. Its upper half is unused and holds the IO-APIC's registers. */
static int make_low_page(struct making *m)
{
	vnode_acpi_ioapic(m->low_page + VNODE_LOW_IOAPIC);
	return add(m, m->low_page, PAGE, m->lent->low_page, PAGE);
}

int vnode_plan_make(struct vnode_plan *plan, const struct vnode_config *config,
		    struct vnode_image *image, const struct vnode_initrd *initrd,
		    const struct vnode_machine *machine, const struct vnode_lent *lent,
		    struct vnode_err *err)
{
	struct making m = {
		.plan = plan, .config = config, .image = image, .initrd = initrd,
		.machine = machine, .lent = lent, .err = err,
	};
	int ret;

	memset(plan, 0, sizeof(*plan));
	m.low_page = page_alloc(&m, PAGE);
	if (!m.low_page)
		return -ENOMEM;
	ret = make_memory_map(&m);
	ret = ret ?: make_acpi(&m);
	ret = ret ?: make_cmdline(&m);
	ret = ret ?: make_initrd(&m);
	ret = ret ?: make_kernel(&m);
	ret = ret ?: make_seed(&m);
	ret = ret ?: make_bootparams(&m);
	ret = ret ?: make_entry(&m);
	ret = ret ?: make_low_page(&m);
	if (!ret && sort_segments(&m.info))
		ret = vnode_err(err, EINVAL, "the segments overlap");
	plan->segment = m.info.segment;
	plan->nr_segments = m.info.nr_segments;
	return ret;
}

static const char *e820_name(uint32_t type)
{
	return type == E820_RAM ? "RAM" : type == E820_ACPI ? "ACPI tables" : "reserved";
}

static void print_tables(const struct vnode_plan *plan, FILE *out)
{
	const uint8_t *at = (const uint8_t *)plan->tables + 36; /* behind the RSDP */
	const uint8_t *end = (const uint8_t *)plan->tables + plan->tables_size;

	fprintf(out, "tables:   RSDP");
	while (at + 36 <= end) {
		uint32_t len;

		memcpy(&len, at + 4, sizeof(len));
		if (*at >= 'A' && *at <= 'Z' && len >= 36 && at + len <= end) {
			fprintf(out, " %.4s", (const char *)at);
			at += len;
		} else {
			at++;
		}
	}
	fprintf(out, ", %d bytes at %#llx\n", plan->tables_size,
		(unsigned long long)plan->e820[E820_TABLES].start);
}

void vnode_plan_print(const struct vnode_plan *plan, const struct vnode_config *config,
		      const struct vnode_image *image, const struct vnode_lent *lent, FILE *out)
{
	char text[256];
	unsigned int i;

	fprintf(out, "vnode:    %u %s\n", config->id, config->name);
	fprintf(out, "cpus:     %s, boot CPU %u\n",
		vnode_format_cpus(config->cpus.cpu, config->cpus.nr, text, sizeof(text)),
		config->cpus.cpu[0]);
	fprintf(out, "memory:   %llu MiB at %#llx, %u KiB at %#x, a page at %#x\n",
		(unsigned long long)lent->mem_size >> 20, (unsigned long long)lent->mem_base,
		lent->low_size >> 10, lent->low_base, lent->low_page);
	fprintf(out, "image:    %s%s%s\n", image->format, *image->release ? ", " : "",
		image->release);
	fprintf(out, "kaslr:    %s\n", plan->kaslr);
	fprintf(out, "entry:    %d-bit at %#llx\n", plan->entry_mode,
		(unsigned long long)plan->entry);
	for (i = 0; i < plan->nr_e820; i++)
		fprintf(out, "map:      %#013llx-%#013llx %s\n",
			(unsigned long long)plan->e820[i].start,
			(unsigned long long)(plan->e820[i].start + plan->e820[i].size - 1),
			e820_name(plan->e820[i].type));
	for (i = 0; i < (unsigned int)plan->nr_segments; i++)
		fprintf(out, "segment:  %#013lx-%#013lx %zu bytes\n",
			(unsigned long)plan->segment[i].mem,
			(unsigned long)plan->segment[i].mem + plan->segment[i].memsz - 1,
			plan->segment[i].bufsz);
	print_tables(plan, out);
	vnode_cmdline_print(plan->cmdline, out);
}
