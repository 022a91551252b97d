// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/inspect/log*.c on a small memory with a small ring, which is written in
 * the way of kernel/printk/printk_ringbuffer.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "ktap.h"
#include "ring-layout.h"
#include "inspect/inspect.h"
#include "inspect/vmcoreinfo.h"

#define BASE		0x40000000ULL
#define SIZE		(1UL << 20)
#define IMAGE_VA	0xffffffff80000000ULL
#define IMAGE		0x20000UL	/* offset of what is at IMAGE_VA */
#define DIRECT_VA	0xffff912340000000ULL
#define PGT		0x10000UL
#define NOTE		0x1000UL

#define COUNT		(1U << count_bits)
#define SIZE_BITS	10
#define TEXT		(1U << SIZE_BITS)
#define ID_MASK		((1ULL << 62) - 1)

enum { RESERVED, COMMITTED, FINALIZED, REUSABLE };

struct desc {
	uint64_t state, begin, next;
};

struct info {
	uint64_t seq, ts;
	uint16_t len;
	uint8_t rest[70];
};

struct rb {
	uint64_t count_bits, descs, infos, head_id, tail_id, last_seq;
	uint64_t size_bits, data, head, tail, fail;
};

static_assert(sizeof(struct info) == 88, "struct printk_info");

static _Alignas(4096) uint8_t mem[SIZE];
static struct rb *rb;
static struct desc *descs;
static struct info *infos;
static uint8_t *text;
static unsigned int count_bits;
static unsigned int next_table;
static void (*on_read)(uint64_t offset, size_t len);
static int read_error;
static unsigned int reads;

static struct vnode_err err;
static char *printed;

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	(void)context;
	reads++;
	if (read_error)
		return read_error;
	if (offset > SIZE || len > SIZE - offset)
		abort();
	memcpy(buf, mem + offset, len);
	if (on_read)
		on_read(offset, len);
	return 0;
}

static struct vnode_vmcoreinfo found;

static int print_log_again(void)
{
	const struct vnode_memory memory = {
		.read = read_mem,
		.base = BASE,
		.size = SIZE,
	};
	size_t size;
	FILE *out;
	int res;

	free(printed);
	printed = NULL;
	err.text[0] = '\0';
	reads = 0;
	out = open_memstream(&printed, &size);
	res = vnode_log_print_again(&memory, out, &found, &err);
	fclose(out);
	on_read = NULL;
	read_error = 0;
	return res;
}

static int print_log(void)
{
	found.pa = 0;
	return print_log_again();
}

/* The ring with its four parts at these offsets; @va is the address of offset 0. */
static void ring_at(unsigned long rb_at, unsigned long parts, uint64_t va)
{
	rb = (void *)(mem + rb_at);
	descs = (void *)(mem + parts);
	infos = (void *)(mem + parts + 0x1000);
	text = mem + parts + 0x2000;
	rb->count_bits = count_bits;
	rb->descs = va + parts;
	rb->infos = va + parts + 0x1000;
	rb->data = va + parts + 0x2000;
	rb->head_id = -(COUNT + 1);
	rb->tail_id = rb->head_id;
	rb->size_bits = SIZE_BITS;
	rb->head = -(uint64_t)TEXT;
	rb->tail = rb->head;
	descs[COUNT - 1] = (struct desc){ rb->head_id | 3ULL << 62, 1, 1 };
	infos[0].seq = -(uint64_t)COUNT;
}

static void note_at(unsigned long at, const char *more)
{
	snprintf((char *)mem + at, 4096,
		 "OSRELEASE=6.0.0\nPAGESIZE=4096\nSYMBOL(prb)=%llx\nSYMBOL(init_top_pgt)=%llx\n"
		 "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=0\n"
		 RING_LAYOUT "%s",
		 IMAGE_VA, IMAGE_VA + PGT - IMAGE, (long long)(BASE + IMAGE), more);
}

/* One more entry at @level for @va; the tables in between are made. */
static void map_page(unsigned int levels, unsigned int level, uint64_t va, uint64_t pa)
{
	uint64_t *table = (void *)(mem + PGT);
	unsigned int at;

	for (at = levels; ; at--) {
		uint64_t *entry = &table[va >> (12 + 9 * (at - 1)) & 511];

		if (at == level) {
			*entry = pa | 0x8000000000000063ULL | (level > 1) << 7;
			return;
		}
		if (!*entry)
			*entry = (BASE + PGT + ++next_table * 4096) | 0x63;
		table = (void *)(mem + ((*entry & 0xffffffffff000ULL) - BASE));
	}
}

/* A ring in the kernel's image and its note */
static void make_memory(void)
{
	uint64_t prb = IMAGE_VA + 0x40;

	memset(mem, 0, SIZE);
	next_table = 0;
	count_bits = 5;
	note_at(NOTE, "");
	memcpy(mem + IMAGE, &prb, sizeof(prb));
	ring_at(IMAGE + 0x40, IMAGE + 0x1000, IMAGE_VA - IMAGE);
}

static struct desc *desc_of(uint64_t id)
{
	return &descs[id % COUNT];
}

static void pop_tail(void)
{
	struct desc *desc = desc_of(rb->tail_id);

	if (!(desc->begin & 1))
		rb->tail = desc->next;
	desc->state = rb->tail_id | 3ULL << 62;
	rb->tail_id = (rb->tail_id + 1) & ID_MASK;
}

/* What prb_reserve() and prb_final_commit() do; a block of @blk bytes, 0 for the least */
static struct desc *add_block(uint64_t ts, const char *str, size_t len, size_t blk)
{
	uint64_t id = (rb->head_id + 1) & ID_MASK;
	uint64_t begin = rb->head, next, at;
	struct desc *desc = desc_of(id);
	struct info *info = &infos[id % COUNT];

	if (!blk)
		blk = (8 + len + 7) / 8 * 8;
	next = begin + blk;
	if (begin / TEXT != next / TEXT)
		next = next / TEXT * TEXT + blk;
	while (((rb->head_id - rb->tail_id) & ID_MASK) == COUNT - 1 || next - rb->tail > TEXT)
		pop_tail();
	rb->head = next;
	rb->head_id = id;
	at = (next - blk) % TEXT;
	memcpy(text + at, &id, sizeof(id));
	memcpy(text + at + 8, str, len);
	*desc = (struct desc){ id | 2ULL << 62, begin, next };
	info->seq = !info->seq && id % COUNT ? id % COUNT : info->seq + COUNT;
	info->ts = ts;
	info->len = len;
	return desc;
}

static struct desc *add(uint64_t ts, const char *str)
{
	return add_block(ts, str, strlen(str), 0);
}

static void set_state(struct desc *desc, uint64_t state)
{
	desc->state = (desc->state & ID_MASK) | state << 62;
}

static void records_have_time_stamps(void)
{
	make_memory();
	add(0, "Linux version 6.0.0");
	add(1234567890, "one");
	set_state(add(123456000000999, "last, not final yet"), COMMITTED);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, "[    0.000000] Linux version 6.0.0\n"
		       "[    1.234567] one\n[123456.000000] last, not final yet\n");
}

static void lines_and_bytes_are_shown(void)
{
	struct desc *empty;

	make_memory();
	add(1000, "a\nb\n\nc");
	add(2000, "ends\n");
	empty = add(3000, "");
	empty->begin = 3;
	empty->next = 3;
	add(4000, "\x1b[1m\ttab \\ \xc3\xa9 \x7f\r");
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed,
		       "[    0.000001] a\n"
		       "[    0.000001] b\n"
		       "[    0.000001]\040\n"
		       "[    0.000001] c\n"
		       "[    0.000002] ends\n"
		       "[    0.000002]\040\n"
		       "[    0.000003]\040\n"
		       "[    0.000004] \\x1b[1m\ttab \\ \\xc3\\xa9 \\x7f\\x0d\n");
}

/* Many turns of both rings; the last @left records are there, complete. */
static void check_turns(const char *format, unsigned int left)
{
	char expected[8192], line[128];
	size_t at = 0;
	unsigned int i;

	make_memory();
	for (i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), format, i);
		add(0, line);
		if (i >= 500 - left)
			at += snprintf(expected + at, sizeof(expected) - at, "[    0.000000] %s\n",
				       line);
	}
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, expected);
}

static void wrapped_rings(void)
{
	/* All descriptors in use, text to spare */
	check_turns("%u", COUNT);
	/* Blocks of 56 bytes: 18 fit, and one of them does not end where the ring does */
	check_turns("a line of forty-four bytes, number %09u.", 18);
}

/* Before the change and after it; see read_text() in log-ring.c. */
static void block_that_ends_with_the_ring(void)
{
	struct desc *desc;
	char line[TEXT];

	memset(line, 'x', sizeof(line));
	line[TEXT / 2 - 8] = '\0';
	make_memory();
	add(0, line);
	line[1] = '\0';
	add(0, line);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_EQ(strlen(printed), 15 + TEXT / 2 - 8 + 1 + 15 + 1 + 1);

	make_memory();
	memset(line, 'x', sizeof(line));
	line[TEXT / 2 - 8] = '\0';
	add(0, line);
	add(0, line);	/* moved to the start by our writer: the first is gone */
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_EQ(strlen(printed), 15 + TEXT / 2 - 8 + 1);

	make_memory();
	add(0, line);
	desc = add(0, "at the end");
	desc->next = 0;
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK(strstr(printed, "\n[    0.000000] at the end\n"));
}

static void corrupt_records_are_skipped(void)
{
	make_memory();
	add(0, "first");
	add(0, "bad: another id")->state ^= 64;
	text[desc_of(rb->head_id)->begin % TEXT] ^= 64;
	set_state(add(0, "bad: reserved"), RESERVED);
	set_state(add(0, "bad: reusable"), REUSABLE);
	add(0, "bad: text lost")->begin = 1;
	add(0, "bad: not aligned")->next += 4;
	add(0, "bad: ends before it begins")->next -= 512;
	add(0, "bad: far too long")->next += 1ULL << 40;
	add(0, "bad: longer than the ring")->next += 2 * TEXT;
	add(0, "bad: empty")->next = rb->head - 40;
	add(0, "bad: sequence number");
	infos[rb->head_id % COUNT].seq++;
	add(0, "bad: longer than its block");
	infos[rb->head_id % COUNT].len = 100;
	add(0, "bad: another block");
	text[(desc_of(rb->head_id)->begin) % TEXT]++;
	add(0, "last");
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, "[    0.000000] first\n[    0.000000] last\n");
}

static void no_log(void)
{
	make_memory();
	memset(mem, 0, SIZE);
	KTAP_CHECK_EQ(print_log(), -ENODATA);
	KTAP_CHECK(strstr(err.text, "no kernel log"));
	KTAP_CHECK_STR(printed, "");
	memset(mem, 0xff, SIZE);
	KTAP_CHECK_EQ(print_log(), -ENODATA);
	/* The banner in the image, and a ring never used */
	make_memory();
	memcpy(mem + 0x80008, "Linux version 6.0.0", 20);
	KTAP_CHECK_EQ(print_log(), -ENODATA);
}

static void stale_notes_are_passed_over(void)
{
	static const uint64_t nowhere = 0xffffc90000000000;
	struct rb *stale = (void *)(mem + IMAGE + 0x200);
	uint64_t va = IMAGE_VA + 0x200;

	make_memory();
	add(0, "text");
	note_at(0x7000, "");
	/* An address that is not mapped; then a ring whose tail is not there */
	sprintf(strstr((char *)mem + NOTE, "SYMBOL(prb)="), "SYMBOL(prb)=%llx",
		(unsigned long long)nowhere);
	note_at(0x2000, "");
	memcpy(strstr((char *)mem + 0x2000, "80000000"), "80000100", 8);
	memcpy(mem + IMAGE + 0x100, &va, sizeof(va));
	*stale = *rb;
	stale->tail_id -= 8;
	stale->head_id -= 8;
	/* Empty, and a page that only begins like one */
	note_at(0x3000, "");
	memcpy(strstr((char *)mem + 0x3000, "80000000"), "80000180", 8);
	memcpy(mem + 0x4000, "OSRELEASE=", 10);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, "[    0.000000] text\n");
}

static int print_with(const char *more)
{
	make_memory();
	add(0, "text");
	note_at(NOTE, more);
	return print_log();
}

static void notes_are_parsed_strictly(void)
{
	char *at;

	KTAP_CHECK_EQ(print_with("CRASHTIME=1\n"), 0);
	KTAP_CHECK_EQ(print_with("NUMBER(sme_mask)=0\nNUMBER(KERNEL_IMAGE_SIZE)=1073741824\n"), 0);
	KTAP_CHECK_EQ(print_with("SIZE(prb_d"), 0);
	KTAP_CHECK_EQ(print_with("SIZE(prb_desc)=24\n"), -ENODATA);
	KTAP_CHECK_EQ(print_with("no equals sign\n"), -ENODATA);
	KTAP_CHECK_EQ(print_with("A=\x80\n"), -ENODATA);
	KTAP_CHECK_EQ(print_with("NUMBER(sme_mask)=\n"), -ENODATA);
	KTAP_CHECK_EQ(print_with("NUMBER(sme_mask)=0x1\n"), -ENODATA);
	KTAP_CHECK_EQ(print_with("NUMBER(sme_mask)=18446744073709551616\n"), -ENODATA);
	/* A line is missing; a member is outside its structure */
	print_with("");
	at = strstr((char *)mem + NOTE, "SIZE(printk_info)");
	*at = 'X';
	KTAP_CHECK_EQ(print_log(), -ENODATA);
	*at = 'S';
	KTAP_CHECK_EQ(print_log(), 0);
	memcpy(strstr((char *)mem + NOTE, "info.text_len)=16"), "info.text_len)=87", 17);
	KTAP_CHECK_EQ(print_log(), -ENODATA);
}

static void elf_note(void)
{
	static const uint32_t head[3] = { 11, 2000, 0 };

	make_memory();
	add(0, "text");
	memmove(mem + NOTE + 24, mem + NOTE, 4000);
	memcpy(mem + NOTE, head, sizeof(head));
	memcpy(mem + NOTE + sizeof(head), "VMCOREINFO\0", 12);
	KTAP_CHECK_EQ(print_log(), 0);
	mem[NOTE + 13] = 'm';
	KTAP_CHECK_EQ(print_log(), -ENODATA);
}

/*
 * A ring in the direct map whose pages are out of order in physical memory; infos and
 * text cross page boundaries.
 */
static void page_tables(unsigned int levels)
{
	static const unsigned int page[] = { 0x50, 0x60, 0x5a, 0x58, 0x64, 0x62 };
	char expected[2048] = "";
	unsigned int i;

	make_memory();
	memcpy(strstr((char *)mem + NOTE, "l5_enabled)=0"),
	       levels == 5 ? "l5_enabled)=1" : "l5_enabled)=0", 13);
	ring_at(IMAGE + 0x40, 0x50000, 0);
	rb->descs = DIRECT_VA;
	rb->infos = DIRECT_VA + 0x1800;
	rb->data = DIRECT_VA + 0x3e08;
	for (i = 0; i < 30; i++) {
		add(0, "twenty-four characters..");
		strcat(expected, "[    0.000000] twenty-four characters..\n");
	}
	memcpy(mem + 0x60800, infos, 0x800);
	memcpy(mem + 0x5a000, (uint8_t *)infos + 0x800, 0x800);
	memcpy(mem + 0x58e08, text, 0x1f8);
	memcpy(mem + 0x64000, text + 0x1f8, TEXT - 0x1f8);
	memset(infos, 0, 0x1000);
	memset(text, 0, 0x1000);
	for (i = 0; i < KTAP_NR(page); i++)
		map_page(levels, 1, DIRECT_VA + i * 0x1000, BASE + page[i] * 0x1000);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, expected);
}

static void page_tables_of_4_and_5_levels(void)
{
	page_tables(4);
	page_tables(5);
}

static void large_pages(void)
{
	unsigned int level;

	for (level = 2; level <= 3; level++) {
		make_memory();
		ring_at(IMAGE + 0x40, 0x50000, DIRECT_VA);
		add(0, "text");
		map_page(4, level, DIRECT_VA, BASE);
		KTAP_CHECK_EQ(print_log(), 0);
		/* A table that points out of the memory */
		memset(mem + PGT, 0xff, 4096);
		KTAP_CHECK_EQ(print_log(), -ENODATA);
	}
}

static void put_id(uint64_t id)
{
	descs[id].state = id | 2ULL << 62;
}

static void hostile_rings(void)
{
	uint64_t *word = (void *)(mem + IMAGE + 0x40);
	unsigned int i, j;
	uint64_t id;

	for (i = 0; i < sizeof(*rb) / 8; i++) {
		for (j = 0; j < 64; j += 3) {
			make_memory();
			add(0, "text");
			word[i] = 1ULL << j;
			print_log();
			word[i] = -(1ULL << j);
			print_log();
		}
	}
	/* All of that came back. A ring larger than the memory is not walked. */
	make_memory();
	for (id = 0; id < 0x1000; id++)
		put_id(id);
	rb->count_bits = 26;
	rb->tail_id = 1;
	rb->head_id = 1 << 25;
	KTAP_CHECK_EQ(print_log(), -ENODATA);
	KTAP_CHECK(reads < 100);
}

/* The kernel takes a descriptor again while we read its text. */
static void recycle(uint64_t offset, size_t len)
{
	if (offset == (uint64_t)(text + 8 + 16 - mem) && len == 6)
		set_state(&descs[1], RESERVED);
}

static void record_taken_again_is_skipped(void)
{
	make_memory();
	add(0, "first");
	add(0, "second");
	add(0, "third");
	on_read = recycle;
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, "[    0.000000] first\n[    0.000000] third\n");
}

/* The oldest record makes room right after the ring was read. */
static void push_tail(uint64_t offset, size_t len)
{
	struct desc *desc = desc_of(rb->tail_id);

	if (offset != IMAGE + 0x40 || len != sizeof(*rb))
		return;
	on_read = NULL;
	pop_tail();
	desc->state = (desc->state + COUNT) & ID_MASK;
}

static void moving_tail_is_followed(void)
{
	unsigned int i;

	make_memory();
	for (i = 0; i < COUNT + 3; i++)
		add(0, "text");
	on_read = push_tail;
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_EQ(strlen(printed), (COUNT - 1) * strlen("[    0.000000] text\n"));
	/* One that is never there, not without end */
	desc_of(rb->tail_id)->state += COUNT;
	KTAP_CHECK_EQ(print_log(), -ENODATA);
}

static void read_errors_are_told(void)
{
	make_memory();
	add(0, "text");
	read_error = -EIO;
	KTAP_CHECK_EQ(print_log(), -EIO);
	KTAP_CHECK(strstr(err.text, "cannot read"));
}

#define EARLY	"(early log: the kernel had not published VMCOREINFO yet, or it is damaged)\n"

static void early_ring(void)
{
	struct rb old;

	make_memory();
	mem[NOTE] = 0;
	add(0, "Linux version 6.0.0");
	add(5000, "Command line: a");
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, EARLY "[    0.000000] Linux version 6.0.0\n"
		       "[    0.000005] Command line: a\n");
	/* Before 6.8: no last_finalized_seq */
	old = *rb;
	memmove(&rb->last_seq, &old.size_bits, 40);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK(strstr(printed, "[    0.000005] Command line: a\n"));
}

/* setup_log_buf() leaves the static ring behind */
static void early_ring_that_moved(void)
{
	make_memory();
	mem[NOTE] = 0;
	add(0, "Linux version 6.0.0");
	count_bits = 6;
	ring_at(IMAGE + 0x200, 0x80000, DIRECT_VA + 0x5000000);
	add(0, "Linux version 6.0.0");
	add(0, "log_buf_len: 1048576 bytes");
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(printed, EARLY "[    0.000000] Linux version 6.0.0\n"
		       "[    0.000000] log_buf_len: 1048576 bytes\n");
}

static void early_text_of_an_unknown_ring(void)
{
	make_memory();
	mem[NOTE] = 0;
	add(0, "Linux version 6.0.0.0\n");	/* what printk_sprint() leaves */
	add(0, "Command line: a\nb");
	add_block(0, "console\001c\n", 10, 32);
	add(0, "last");
	memset(rb, 0, sizeof(*rb));
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_STR(strchr(printed, '\n'),
		       "\nLinux version 6.0.0\nCommand line: a\nb\nconsole\nlast\n");
	KTAP_CHECK(strstr(printed, "without time stamps"));
	/* At the very end of the memory */
	memcpy(mem + SIZE - 32, text, 32);
	memset(text, 0, TEXT);
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK(strstr(printed, "\nLinux version 6.0.0"));
}

/* ---- looking again, and the end of a log ---- */

static size_t longest_read;

static void note_length(uint64_t offset, size_t len)
{
	if (len > longest_read)
		longest_read = len;
}

static void second_look_costs_less(void)
{
	make_memory();
	add(0, "Linux version 6.0.0");
	KTAP_REQUIRE(!print_log());
	KTAP_CHECK_EQ(found.pa, BASE + NOTE);
	add(1000000, "more");
	longest_read = 0;
	on_read = note_length;
	KTAP_REQUIRE(!print_log_again());
	KTAP_CHECK_STR(printed, "[    0.000000] Linux version 6.0.0\n[    0.001000] more\n");
	KTAP_CHECK(longest_read && longest_read < SIZE / 4);
	/* the note has moved: another boot */
	memset(mem + NOTE, 0, 4096);
	note_at(2 * NOTE, "");
	KTAP_REQUIRE(!print_log_again());
	KTAP_CHECK_EQ(found.pa, BASE + 2 * NOTE);
	KTAP_CHECK(strstr(printed, "more"));
	/* there is none any more, or it is said to be elsewhere */
	memset(mem + 2 * NOTE, 0, 4096);
	print_log_again();
	KTAP_CHECK_EQ(found.pa, 0);
	found.pa = BASE + SIZE;
	print_log_again();
	KTAP_CHECK_EQ(found.pa, 0);
	found.pa = BASE - 1;
	print_log_again();
	KTAP_CHECK_EQ(found.pa, 0);
}

#define PANIC	"---[ end Kernel panic - not syncing: x ]---"

static void ends_of_logs(void)
{
	KTAP_CHECK_STR(vnode_log_end("[    1.000000] a\n[    2.000000] " PANIC "\n"), "panicked");
	KTAP_CHECK_STR(vnode_log_end(PANIC), "panicked");
	KTAP_CHECK_STR(vnode_log_end("[12345.000000] reboot: System halted\nmore"), "halted");
	KTAP_CHECK_STR(vnode_log_end("[    1.000000] reboot: Power down"), "powered off");
	KTAP_CHECK(!vnode_log_end(""));
	KTAP_CHECK(!vnode_log_end("[    1.000000] Kernel panic - not syncing: x\n"));
	KTAP_CHECK(!vnode_log_end("[    1.000000] init: reboot: System halted\n"));
	KTAP_CHECK(!vnode_log_end("[reboot: Power down"));
}

static const struct ktap_test tests[] = {
	{ "records have time stamps", records_have_time_stamps },
	{ "lines and bytes are shown", lines_and_bytes_are_shown },
	{ "wrapped rings", wrapped_rings },
	{ "block that ends with the ring", block_that_ends_with_the_ring },
	{ "corrupt records are skipped", corrupt_records_are_skipped },
	{ "no log", no_log },
	{ "stale notes are passed over", stale_notes_are_passed_over },
	{ "notes are parsed strictly", notes_are_parsed_strictly },
	{ "ELF note", elf_note },
	{ "page tables of 4 and 5 levels", page_tables_of_4_and_5_levels },
	{ "large pages", large_pages },
	{ "hostile rings", hostile_rings },
	{ "record taken again is skipped", record_taken_again_is_skipped },
	{ "moving tail is followed", moving_tail_is_followed },
	{ "read errors are reported", read_errors_are_told },
	{ "early ring", early_ring },
	{ "early ring that moved", early_ring_that_moved },
	{ "early text of an unknown ring", early_text_of_an_unknown_ring },
	{ "a second look at a log costs less", second_look_costs_less },
	{ "how a log says that its kernel has ended", ends_of_logs },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
