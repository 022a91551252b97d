// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/inspect/log*.c must survive any memory. libFuzzer:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined ... fuzz-log.c log*.c err.c
 *
 * An input is a list of changes to a valid small memory: {offset / 4, value} in
 * words of 16 bits. So every input passes the note's parser, and an empty one prints
 * a log. Bit 15 of an offset changes the memory while it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "ring-layout.h"
#include "inspect/inspect.h"

#define BASE		0x40000000ULL
#define IMAGE_VA	0xffffffff80000000ULL
#define DIRECT_VA	0xffff912340000000ULL
#define SIZE		0x10000UL
#define NOTE		0x1000
#define PGT		0x2000		/* four levels, a page each */
#define RING		0x7000
#define DESCS		0x8000
#define INFOS		0x9000
#define TEXT		0xa000
#define COUNT		32
#define TEXT_SIZE	1024
#define CHANGES_MAX	64

struct change {
	uint16_t at, value;
};

struct fuzz {
	uint8_t *mem;
	struct change change[CHANGES_MAX];
	size_t nr, next;
};

static void put(uint8_t *mem, size_t at, uint64_t value)
{
	memcpy(mem + at, &value, sizeof(value));
}

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	struct fuzz *fuzz = context;

	if (offset > SIZE || len > SIZE - offset)
		abort();
	memcpy(buf, fuzz->mem + offset, len);
	if (fuzz->next < fuzz->nr) {
		const struct change *change = &fuzz->change[fuzz->next++];

		memcpy(fuzz->mem + (change->at & 0x3fff) * 4, &change->value, 2);
	}
	return 0;
}

static void make_note(char *text)
{
	snprintf(text, 4096,
		 "OSRELEASE=6.0.0\nSYMBOL(prb)=%llx\nSYMBOL(init_top_pgt)=%llx\n"
		 "NUMBER(phys_base)=%llu\nNUMBER(pgtable_l5_enabled)=0\n"
		 RING_LAYOUT,
		 IMAGE_VA, IMAGE_VA + PGT, BASE);
}

static void make_ring(uint8_t *mem)
{
	static const uint64_t rb[] = {
		5, DIRECT_VA + DESCS, DIRECT_VA + INFOS, -COUNT + 19U, -COUNT - 1U, 0,
		10, DIRECT_VA + TEXT, -TEXT_SIZE + 20 * 48ULL, -TEXT_SIZE,
	};
	size_t i;

	put(mem, 0, IMAGE_VA + RING);
	memcpy(mem + RING, rb, sizeof(rb));
	put(mem, DESCS + (COUNT - 1) * 24, (-COUNT - 1U) | 3ULL << 62);
	for (i = 0; i < 20; i++) {
		put(mem, DESCS + i * 24, (-COUNT + (unsigned int)i) | 2ULL << 62);
		put(mem, DESCS + i * 24 + 8, -TEXT_SIZE + i * 48);
		put(mem, DESCS + i * 24 + 16, -TEXT_SIZE + (i + 1) * 48);
		put(mem, INFOS + i * 88, i);
		put(mem, INFOS + i * 88 + 16, 30);
		put(mem, TEXT + i * 48, -COUNT + (unsigned int)i);
		memcpy(mem + TEXT + i * 48 + 8, "Linux version 6.0.0\na\x1b second.0.0\n", 34);
	}
	/* One page table a level; the last maps the whole memory. */
	for (i = 0; i < 3; i++)
		put(mem, PGT + i * 4096 + (DIRECT_VA >> (39 - 9 * i) & 511) * 8,
		    (BASE + PGT + (i + 1) * 4096) | 3);
	for (i = 0; i < SIZE / 4096; i++)
		put(mem, PGT + 3 * 4096 + i * 8, (BASE + i * 4096) | 3);
}

static FILE *sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .nr = 0 };
	struct vnode_memory memory = { read_mem, &fuzz, BASE, SIZE };
	struct vnode_err err;
	struct change change;
	int res;

	if (!sink)
		sink = fopen("/dev/null", "w");
	fuzz.mem = calloc(1, SIZE);
	if (!sink || !fuzz.mem)
		abort();
	make_ring(fuzz.mem);
	make_note((char *)fuzz.mem + NOTE);
	for (; size >= sizeof(change); size -= sizeof(change), data += sizeof(change)) {
		memcpy(&change, data, sizeof(change));
		if (!(change.at & 0x8000))
			memcpy(fuzz.mem + (change.at & 0x3fff) * 4, &change.value, 2);
		else if (fuzz.nr < CHANGES_MAX)
			fuzz.change[fuzz.nr++] = change;
	}
	res = vnode_log_print(&memory, sink, &err);
	if (res > 0)
		abort();
	free(fuzz.mem);
	return 0;
}
