// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/gdb/*.c must survive any input with any memory. Answers stay in their
 * bounds, and nothing is written.
 *
 * An input is eight bytes from which the memory is made, and then the bytes that gdb sends.
 */
#include <stdlib.h>
#include <string.h>

#include "gdb/gdb.h"

#define BASE	0x40000000ULL
#define SIZE	0x4000UL
#define CPUS	2

static uint8_t mem[SIZE];
static struct vnode_regs regs[CPUS];
static struct vnode_gdb_page saved[CPUS * VNODE_GDB_STACK_PAGES];
static struct vnode_gdb_parser parser;
static struct vnode_gdb_reply reply;

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	if (offset > SIZE || len > SIZE - offset)
		abort();
	memcpy(buf, mem + offset, len);
	return 0;
}

/* Page tables that lead into each other, mostly */
static void make_memory(const uint8_t seed[8])
{
	uint64_t word, i;

	memcpy(&word, seed, sizeof(word));
	for (i = 0; i < SIZE / 8; i++) {
		uint64_t entry = BASE | (word >> i % 61 & 0x3000) | (word & 0x83) | 1;

		memcpy(mem + i * 8, i % 7 ? &entry : &word, sizeof(entry));
	}
	for (i = 0; i < CPUS; i++) {
		regs[i].kind = seed[i] % 5;
		regs[i].reg[19] = 0xffff888000000000 | word >> i;
	}
}

static void check_answer(struct vnode_gdb_view *view)
{
	static char frame[VNODE_GDB_FRAME_MAX];

	vnode_gdb_answer(view, parser.text, parser.len, &reply);
	if (reply.len > VNODE_GDB_PACKET_MAX || view->cpu >= CPUS)
		abort();
	if (vnode_gdb_frame(reply.text, reply.len, frame) > sizeof(frame))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vnode_gdb_view view = {
		.memory = { read_mem, NULL, BASE, SIZE },
		.has_info = true,
		.info.map = {
			.memory = &view.memory,
			.image_start = 0xffffffff80000000,
			.image_last = 0xffffffffbfffffff,
			.image_delta = BASE - 0xffffffff80000000,
			.top_pa = BASE,
		},
		.regs = regs,
		.nr_cpus = CPUS,
		.saved = saved,
	};
	size_t i;

	if (size < 8)
		return 0;
	view.info.map.levels = 4 + data[0] % 2;
	make_memory(data);
	memset(&parser, 0, sizeof(parser));
	vnode_gdb_save_stacks(&view);
	for (i = 8; i < size; i++)
		if (vnode_gdb_take(&parser, data[i]) == VNODE_GDB_PACKET)
			check_answer(&view);
	/* few inputs have a sum that is right */
	memcpy(parser.text, data + 8, size - 8 < VNODE_GDB_PACKET_MAX ? size - 8 :
	       VNODE_GDB_PACKET_MAX);
	parser.len = size - 8 < VNODE_GDB_PACKET_MAX ? size - 8 : VNODE_GDB_PACKET_MAX;
	parser.text[parser.len] = 0;
	check_answer(&view);
	return 0;
}
