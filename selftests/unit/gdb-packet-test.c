// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/gdb/*.c without a vnode: packets, answers, and a small memory with page
 * tables.
 */
#include <stdlib.h>

#include "gdb/gdb.h"
#include "ktap.h"

#define BASE		0x40000000ULL
#define SIZE		(4UL << 20)
#define IMAGE_VA	0xffffffff80000000ULL
#define IMAGE_SIZE	0x100000UL
#define DIRECT_VA	0xffff888000000000ULL
#define STACK_VA	0xffffc90000004000ULL
#define STACK		0x120000UL
#define PGT		0x100000UL
#define NR_CPUS		2

/* struct user_regs_struct */
#define RAX		10
#define RIP		16
#define RSP		19

static _Alignas(4096) uint8_t mem[SIZE];
static unsigned int next_table;
static unsigned int reads;
static struct vnode_regs regs[NR_CPUS];
static struct vnode_gdb_page saved[NR_CPUS * VNODE_GDB_STACK_PAGES];
static struct vnode_gdb_view view;
static struct vnode_gdb_reply reply;

/* ---- packets ---- */

static struct vnode_gdb_parser parser;

/* The last event of these bytes; an earlier one fails the test. */
static enum vnode_gdb_event take(const char *bytes, size_t len)
{
	enum vnode_gdb_event event = VNODE_GDB_NOTHING;

	for (; len; len--, bytes++) {
		if (!KTAP_CHECK_EQ(event, VNODE_GDB_NOTHING))
			break;
		event = vnode_gdb_take(&parser, *bytes);
	}
	return event;
}

#define TAKE(text)	take(text, sizeof(text) - 1)

static void packets_are_taken(void)
{
	memset(&parser, 0, sizeof(parser));
	KTAP_CHECK_EQ(TAKE("$g#67"), VNODE_GDB_PACKET);
	KTAP_CHECK_STR(parser.text, "g");
	KTAP_CHECK_EQ(TAKE("$#00"), VNODE_GDB_PACKET);
	KTAP_CHECK_EQ(parser.len, 0);
	KTAP_CHECK_EQ(TAKE("noise$m1,2#FC"), VNODE_GDB_PACKET);
	KTAP_CHECK_STR(parser.text, "m1,2");
	KTAP_CHECK_EQ(TAKE("+"), VNODE_GDB_ACK);
	KTAP_CHECK_EQ(TAKE("-"), VNODE_GDB_NAK);
	KTAP_CHECK_EQ(TAKE("\003"), VNODE_GDB_INTERRUPT);
	/* in a packet it is a byte like others */
	KTAP_CHECK_EQ(TAKE("$\003+-#5b"), VNODE_GDB_PACKET);
	KTAP_CHECK_EQ(parser.len, 3);
}

static void escapes_are_undone(void)
{
	memset(&parser, 0, sizeof(parser));
	KTAP_CHECK_EQ(TAKE("$X}\x03}\x04}]#33"), VNODE_GDB_PACKET);
	KTAP_CHECK_STR(parser.text, "X#$}");
}

static void bad_packets_are_told(void)
{
	memset(&parser, 0, sizeof(parser));
	KTAP_CHECK_EQ(TAKE("$g#68"), VNODE_GDB_BAD);
	KTAP_CHECK_EQ(TAKE("$g#x"), VNODE_GDB_BAD);
	KTAP_CHECK_EQ(TAKE("7"), VNODE_GDB_NOTHING);
	KTAP_CHECK_EQ(TAKE("$g#6$"), VNODE_GDB_BAD);
	/* one that was cut off, and the next one */
	KTAP_CHECK_EQ(TAKE("$abc$g#67"), VNODE_GDB_PACKET);
	KTAP_CHECK_STR(parser.text, "g");
}

static void long_packets_are_refused(void)
{
	enum vnode_gdb_event event = VNODE_GDB_NOTHING;
	size_t len = VNODE_GDB_PACKET_MAX, i;
	char end[4];

	memset(&parser, 0, sizeof(parser));
	for (; len <= VNODE_GDB_PACKET_MAX + 1; len++) {
		vnode_gdb_take(&parser, '$');
		for (i = 0; i < len; i++)
			event = vnode_gdb_take(&parser, 1);
		KTAP_CHECK_EQ(event, VNODE_GDB_NOTHING);
		snprintf(end, sizeof(end), "#%02zx", len & 0xff);
		KTAP_CHECK_EQ(take(end, 3), len == VNODE_GDB_PACKET_MAX ? VNODE_GDB_PACKET :
			      VNODE_GDB_BAD);
	}
	KTAP_CHECK_EQ(TAKE("$g#67"), VNODE_GDB_PACKET);
}

static void frames_are_taken_back(void)
{
	static char frame[VNODE_GDB_FRAME_MAX];
	char text[256];
	size_t len, i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i;
	memset(&parser, 0, sizeof(parser));
	KTAP_CHECK_EQ(vnode_gdb_frame("", 0, frame), 4);
	KTAP_CHECK(!memcmp(frame, "$#00", 4));
	len = vnode_gdb_frame(text, sizeof(text), frame);
	/* "#", "$", "}" and "*" */
	KTAP_CHECK_EQ(len, sizeof(text) + 4 + 4);
	KTAP_CHECK_EQ(take(frame, len), VNODE_GDB_PACKET);
	KTAP_CHECK(parser.len == sizeof(text) && !memcmp(parser.text, text, sizeof(text)));
}

/* ---- a kernel ---- */

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	(void)context;
	reads++;
	if (offset > SIZE || len > SIZE - offset)
		abort();
	memcpy(buf, mem + offset, len);
	return 0;
}

/* An entry at @level for @va; the tables in between are made. */
static void map_page(unsigned int level, uint64_t va, uint64_t pa)
{
	uint64_t *table = (uint64_t *)(mem + PGT), *entry;
	unsigned int l;

	for (l = view.info.map.levels; ; l--) {
		entry = &table[va >> (12 + 9 * (l - 1)) & 511];
		if (l == level)
			break;
		if (!*entry)
			*entry = (BASE + PGT + 4096 * ++next_table) | 3;
		table = (uint64_t *)&mem[(*entry & ~4095ULL) - BASE];
	}
	*entry = pa | 3 | (level > 1 ? 1 << 7 : 0);
}

static void make_kernel(unsigned int levels)
{
	unsigned int i;

	memset(mem, 0, sizeof(mem));
	memset(regs, 0, sizeof(regs));
	next_table = 0;
	view = (struct vnode_gdb_view){
		.memory = { .read = read_mem, .base = BASE, .size = SIZE },
		.has_info = true,
		.info = {
			.text_start = 0xffffffff9d000000,
			.map = {
				.memory = &view.memory,
				.image_start = IMAGE_VA,
				.image_last = IMAGE_VA + IMAGE_SIZE - 1,
				.image_delta = BASE - IMAGE_VA,
				.top_pa = BASE + PGT,
				.levels = levels,
			},
		},
		.regs = regs,
		.nr_cpus = NR_CPUS,
		.saved = saved,
	};
	map_page(2, DIRECT_VA, BASE);
	map_page(3, DIRECT_VA + (1ULL << 39), BASE);
	for (i = 0; i < 3; i++)
		map_page(1, STACK_VA + i * 4096, BASE + STACK + (2 - i) * 4096);
	map_page(1, STACK_VA + 0x3000, 0xfee00000);
	memcpy(mem + 0x5000, "image", 5);
	memcpy(mem + STACK, "third", 5);
	memcpy(mem + STACK + 4096, "second", 6);
	memcpy(mem + STACK + 2 * 4096, "first", 5);
}

static const char *ask_bytes(const char *packet, size_t len)
{
	static char text[VNODE_GDB_PACKET_MAX + 1];
	enum vnode_gdb_action action = vnode_gdb_answer(&view, packet, len, &reply);

	if (action == VNODE_GDB_STOP)
		return "(stop)";
	if (action == VNODE_GDB_RESUME)
		return reply.len ? "(resume, and a reply)" : "(resume)";
	if (action == VNODE_GDB_KILL)
		return "(kill)";
	snprintf(text, sizeof(text), "%s%.*s", action == VNODE_GDB_DETACH ? "(detach)" : "",
		 (int)reply.len, reply.text);
	return text;
}

static const char *ask(const char *packet)
{
	return ask_bytes(packet, strlen(packet));
}

/* ---- answers ---- */

static void what_is_agreed_upon(void)
{
	make_kernel(4);
	KTAP_CHECK_STR(ask("qSupported:multiprocess+;swbreak+"),
		       "PacketSize=4000;qXfer:features:read+;QStartNoAckMode+");
	KTAP_CHECK(!view.no_ack);
	KTAP_CHECK_STR(ask("QStartNoAckMode"), "OK");
	KTAP_CHECK(view.no_ack);
	KTAP_CHECK_STR(ask("qAttached"), "1");
	KTAP_CHECK_STR(ask("vCont?"), "vCont;c;C");
	KTAP_CHECK_STR(ask("?"), "(stop)");
	KTAP_CHECK_STR(ask("D"), "(detach)OK");
	KTAP_CHECK_STR(ask("k"), "(kill)");
	KTAP_CHECK_STR(ask("qOffsets"), "TextSeg=ffffffff9d000000");
	view.has_info = false;
	KTAP_CHECK_STR(ask("qOffsets"), "");
}

/* An empty answer; also to what only begins like one that is known, or is cut off by a NUL */
static void unknown_packets_are_empty(void)
{
	static const char * const unknown[] = {
		"", "!", "A", "vMustReplyEmpty", "vKill;1", "vCtrlC", "qTStatus", "qSymbol::",
		"gg", "g ", "??", "DD", "kk", "qCC", "QNonStop:1", "qXfer:memory-map:read::0,10", "x1000,1",
		"\x80\xff", "qThreadExtraInfo",
	};
	size_t i;

	make_kernel(4);
	for (i = 0; i < KTAP_NR(unknown); i++)
		if (!KTAP_CHECK_STR(ask(unknown[i]), ""))
			ktap_note("  \"%s\"", unknown[i]);
	KTAP_CHECK_STR(ask_bytes("g\0g", 3), "");
}

static void writes_are_refused(void)
{
	static const char * const writes[] = {
		"G00", "P10=0000000000000000", "MffffffFF80005000,1:00", "Xffffffff80005000,1:a",
		"Z0,ffffffff80005000,1", "Z1,1,1", "z0,1,1", "s", "s1000", "S05", "i", "c1000",
		"C05;1000",
		"vCont;s:1", "vCont;s", "vCont;c:1", "vCont;C05:1", "vCont;t", "vCont;c;s:1", "vCont;",
		"vCont", "vContc", "vCont;r1,2:1;c", "C", "Cx",
	};
	static uint8_t before[SIZE];
	size_t i;

	make_kernel(4);
	memcpy(before, mem, SIZE);
	for (i = 0; i < KTAP_NR(writes); i++)
		if (!KTAP_CHECK_STR(ask(writes[i]), "E01"))
			ktap_note("  \"%s\"", writes[i]);
	KTAP_CHECK(!memcmp(before, mem, SIZE));
}

static void it_is_resumed(void)
{
	make_kernel(4);
	KTAP_CHECK_STR(ask("c"), "(resume)");
	KTAP_CHECK_STR(ask("C02"), "(resume)");
	KTAP_CHECK_STR(ask("vCont;c"), "(resume)");
	KTAP_CHECK_STR(ask("vCont;C06:1;c"), "(resume)");
}

static void cpus_are_threads(void)
{
	make_kernel(4);
	regs[1].kind = VNODE_REGS_FROZEN;
	KTAP_CHECK_STR(ask("qfThreadInfo"), "m1,2");
	KTAP_CHECK_STR(ask("qsThreadInfo"), "l");
	KTAP_CHECK_STR(ask("qC"), "QC1");
	KTAP_CHECK_STR(ask("Hg2"), "OK");
	KTAP_CHECK_STR(ask("qC"), "QC2");
	KTAP_CHECK_STR(ask("Hg0"), "OK");
	KTAP_CHECK_STR(ask("Hg-1"), "OK");
	KTAP_CHECK_STR(ask("Hc1"), "OK");
	KTAP_CHECK_STR(ask("qC"), "QC2");
	KTAP_CHECK_STR(ask("Hg3"), "E01");
	KTAP_CHECK_STR(ask("Hg"), "E01");
	KTAP_CHECK_STR(ask("Hg10000000000000001"), "E01");
	KTAP_CHECK_STR(ask("T1"), "OK");
	KTAP_CHECK_STR(ask("T2"), "OK");
	KTAP_CHECK_STR(ask("T0"), "E01");
	KTAP_CHECK_STR(ask("T3"), "E01");
	KTAP_CHECK_STR(ask("qThreadExtraInfo,2"), "43505520312c2066726f7a656e");
	KTAP_CHECK_STR(ask("qThreadExtraInfo,3"), "E01");
	view.signal = 6;
	reply.len = 0;
	vnode_gdb_put_stop(&reply, &view);
	KTAP_CHECK(reply.len == 12 && !memcmp(reply.text, "T06thread:2;", 12));
}

static void registers_are_gdbs(void)
{
	unsigned int i;

	make_kernel(4);
	regs[0].kind = VNODE_REGS_FROZEN;
	for (i = 0; i < VNODE_REGS_NR; i++)
		regs[0].reg[i] = 0x0101010101010101 * i;
	ask("g");
	/* 16 and rip of 8 bytes, 7 of 4, st0 to st7 of 10, 8 of 4, fs_base and gs_base */
	KTAP_CHECK_EQ(reply.len, 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 2 * 8));
	KTAP_CHECK(!memcmp(reply.text, "0a0a0a0a0a0a0a0a0505050505050505", 32));
	KTAP_CHECK(!memcmp(reply.text + 2 * 16 * 8, "101010101010101012121212", 24));
	KTAP_CHECK(!memcmp(reply.text + 2 * (17 * 8 + 7 * 4), "xxxxxxxxxxxxxxxxxxxx", 20));
	KTAP_CHECK(!memcmp(reply.text + reply.len - 32, "15151515151515151616161616161616", 32));
	KTAP_CHECK_STR(ask("p10"), "1010101010101010");
	KTAP_CHECK_STR(ask("p29"), "1616161616161616");
	KTAP_CHECK_STR(ask("p2a"), "E01");
	KTAP_CHECK_STR(ask("p"), "E01");
	KTAP_CHECK_STR(ask("pffffffffffffffffff"), "E01");
}

static void unknown_registers_are_told_so(void)
{
	make_kernel(4);
	regs[0].kind = VNODE_REGS_PANIC;
	regs[0].reg[RIP] = 0x1122334455667788;
	regs[0].reg[RAX] = 1;
	KTAP_CHECK_STR(ask("p10"), "8877665544332211");
	KTAP_CHECK_STR(ask("p0"), "xxxxxxxxxxxxxxxx");
	KTAP_CHECK_STR(ask("p6"), "0000000000000000");
	view.cpu = 1;
	KTAP_CHECK_STR(ask("p6"), "xxxxxxxxxxxxxxxx");
	/* gdb does not attach without one */
	KTAP_CHECK_STR(ask("p10"), "0000000000000000");
}

/* In pieces, as large as is asked for */
static void target_is_described(void)
{
	size_t size = strlen(vnode_gdb_target_xml), at, piece = 100;
	char packet[64];

	make_kernel(4);
	for (at = 0; at < size; at += piece) {
		snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,%zx", at,
			 piece);
		ask(packet);
		if (size - at < piece)
			piece = size - at;
		if (!KTAP_CHECK_EQ(reply.text[0], at + piece < size ? 'm' : 'l') ||
		    !KTAP_CHECK_EQ(reply.len, piece + 1) ||
		    !KTAP_CHECK(!memcmp(reply.text + 1, vnode_gdb_target_xml + at, piece)))
			break;
	}
	snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,10", size);
	KTAP_CHECK_STR(ask(packet), "l");
	snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,10", size + 1);
	KTAP_CHECK_STR(ask(packet), "E01");
	KTAP_CHECK_STR(ask("qXfer:features:read:target.xml:0"), "E01");
	KTAP_CHECK_STR(ask("qXfer:features:read:target.xml:ffffffffffffffff,ffffffffffffffff"), "E01");
	KTAP_CHECK_STR(ask("qXfer:features:read:other.xml:0,10"), "E01");
}

static void monitor_tells_the_state(void)
{
	make_kernel(4);
	strcpy(view.said, "runs");
	KTAP_CHECK_STR(ask("qRcmd,737461747573"), "72756e730a");
	ask("qRcmd,68656c70");
	KTAP_CHECK(!memcmp(reply.text, "6d6f6e69746f72", 14));
	KTAP_CHECK(memcmp(ask("qRcmd,"), "E01", 3));
}

/* ---- memory ---- */

static void memory_is_read(void)
{
	make_kernel(4);
	KTAP_CHECK_STR(ask("mffffffff80005000,5"), "696d616765");
	KTAP_CHECK_STR(ask("mffff888000005000,5"), "696d616765");
	KTAP_CHECK_STR(ask("mffff890000005000,5"), "696d616765");
	KTAP_CHECK_STR(ask("mffffffff80005000,0"), "E01");
	KTAP_CHECK_STR(ask("mffffffff80005000"), "E01");
	KTAP_CHECK_STR(ask("m,5"), "E01");
	KTAP_CHECK_STR(ask("mffffffff80005000,5x"), "E01");
	/* pages that follow each other here and not there; the third one is the last */
	KTAP_CHECK_STR(ask("mffffc90000004ffe,8"), "00007365636f6e64");
	KTAP_CHECK_STR(ask("mffffc90000006ffe,8"), "0000");
	/* of a device, and of nobody */
	KTAP_CHECK_STR(ask("mffffc90000007000,8"), "E01");
	KTAP_CHECK_STR(ask("mffffc90000008000,8"), "E01");
	KTAP_CHECK_STR(ask("mffffffffffffffff,8"), "E01");
	KTAP_CHECK_STR(ask("m0,8"), "E01");
	/* the same tables would lead there from an address that no CPU takes */
	KTAP_CHECK_STR(ask("m888000005000,5"), "E01");
	KTAP_CHECK_STR(ask("mfff0888000005000,5"), "E01");
	/* beyond the memory, in what the image might have */
	view.info.map.image_last = UINT64_MAX;
	KTAP_CHECK_STR(ask("mffffffff80400000,1"), "E01");
	KTAP_CHECK_STR(ask("mffffffff803fffff,2"), "00");
	view.has_info = false;
	KTAP_CHECK_STR(ask("mffffffff80005000,5"), "E01");
}

static void memory_is_read_with_five_levels(void)
{
	make_kernel(5);
	KTAP_CHECK_STR(ask("mffff888000005000,5"), "696d616765");
	KTAP_CHECK_STR(ask("mffff890000005000,5"), "696d616765");
	KTAP_CHECK_STR(ask("mffffc90000004000,5"), "6669727374");
	KTAP_CHECK_STR(ask("m00ff888000005000,5"), "E01");
}

static void much_is_read_in_parts(void)
{
	make_kernel(4);
	ask("mffff888000000000,ffffffffffffffff");
	KTAP_CHECK_EQ(reply.len, VNODE_GDB_PACKET_MAX);
}

/* No answer is kept for later: the kernel runs. */
static void tables_may_change(void)
{
	make_kernel(4);
	KTAP_CHECK_STR(ask("mffffc90000004000,5"), "6669727374");
	map_page(1, STACK_VA, BASE + 0x5000);
	KTAP_CHECK_STR(ask("mffffc90000004000,5"), "696d616765");
}

/* A table that is in itself, at all levels; and what it can cost */
static void hostile_tables_are_survived(void)
{
	uint64_t *table = (uint64_t *)(mem + PGT);
	unsigned int i;

	make_kernel(5);
	for (i = 0; i < 512; i++)
		table[i] = (BASE + PGT) | 3;
	reads = 0;
	ask("mffff888000000000,ffffffffffffffff");
	KTAP_CHECK(reads <= 3 * 6);
	for (i = 0; i < 512; i++)
		table[i] = ~0ULL;
	KTAP_CHECK_STR(ask("mffff888000000000,8"), "E01");
	view.info.map.top_pa = ~4095ULL;
	KTAP_CHECK_STR(ask("mffff888000000000,8"), "E01");
	view.info.map.top_pa = BASE + SIZE - 8;
	KTAP_CHECK_STR(ask("mffff888000000000,8"), "E01");
}

/* The vnode goes on, and its stack is another one. */
static void stacks_are_kept(void)
{
	make_kernel(4);
	regs[0].kind = VNODE_REGS_FROZEN;
	regs[0].reg[RSP] = STACK_VA + 0x1ff8;
	regs[1].kind = VNODE_REGS_FROZEN;
	regs[1].reg[RSP] = 0x7ffc12345678;
	vnode_gdb_save_stacks(&view);
	/* from the CPU's page to where nothing is mapped */
	KTAP_CHECK_EQ(view.nr_saved, 2);
	memset(mem + STACK, 'x', 3 * 4096);
	KTAP_CHECK_STR(ask("mffffc90000005000,6"), "7365636f6e64");
	KTAP_CHECK_STR(ask("mffffc90000005ffe,4"), "00007468");
	KTAP_CHECK_STR(ask("mffffc90000004ffe,4"), "78787365");
	regs[0].reg[RSP] = DIRECT_VA + 0x2008;
	regs[1].reg[RSP] = DIRECT_VA + 0x3008;
	vnode_gdb_save_stacks(&view);
	/* to the end of the stack, and once */
	KTAP_CHECK_EQ(view.nr_saved, 2);
	regs[0].reg[RSP] = UINT64_MAX;
	regs[1].reg[RSP] = DIRECT_VA + VNODE_GDB_STACK;
	vnode_gdb_save_stacks(&view);
	KTAP_CHECK_EQ(view.nr_saved, VNODE_GDB_STACK_PAGES);
	regs[1].kind = VNODE_REGS_NONE;
	vnode_gdb_save_stacks(&view);
	KTAP_CHECK_EQ(view.nr_saved, 0);
}

static const struct ktap_test tests[] = {
	{ "packets are parsed", packets_are_taken },
	{ "escapes are undone", escapes_are_undone },
	{ "bad packets are reported", bad_packets_are_told },
	{ "packets that are too long are refused", long_packets_are_refused },
	{ "frames can be parsed again", frames_are_taken_back },
	{ "the start of a session", what_is_agreed_upon },
	{ "an unknown packet has an empty answer", unknown_packets_are_empty },
	{ "what would change anything is refused", writes_are_refused },
	{ "the vnode is resumed", it_is_resumed },
	{ "CPUs are threads", cpus_are_threads },
	{ "registers are in gdb's order", registers_are_gdbs },
	{ "unknown registers are marked", unknown_registers_are_told_so },
	{ "the target is described", target_is_described },
	{ "monitor status tells the state", monitor_tells_the_state },
	{ "memory is read at virtual addresses", memory_is_read },
	{ "memory is read with five levels of tables", memory_is_read_with_five_levels },
	{ "much memory is read in parts", much_is_read_in_parts },
	{ "tables may change between two reads", tables_may_change },
	{ "hostile tables are survived", hostile_tables_are_survived },
	{ "stacks are kept as they were", stacks_are_kept },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
