// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of a kernel that has not published VMCOREINFO yet: a kernel does so in its
 * subsys_initcalls. Two objects are recognised by their contents:
 *
 *  - the text: blocks of {unsigned long id; char text[]} (printk_ringbuffer.c). The
 *    first block has the lowest id and begins with "Linux version ";
 *  - a struct printk_ringbuffer, which holds the virtual address of that text.
 *
 * Together they give the distance from virtual to physical addresses for all parts of
 * the ring: the static ring is in the kernel's image, the ring that setup_log_buf()
 * makes is in the direct map. If the structure has another layout, the text alone is
 * printed.
 *
 * Unused copies of both exist: the banner in the kernel's image, without an id in
 * front of it, and an empty ring in a second copy of the image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define BANNER		"Linux version "
#define CANDIDATES_MAX	16

#define PAGE_OFFSET_MASK	4095UL
#define ID_SIZE		8
#define TEXT_READ_MAX	(1UL << 20)
/* A record is at most PRINTKRB_RECORD_MAX (1024) and the head of its block. */
#define BLOCK_MAX	2048
#define KERN_SOH	1	/* the character before a level, kern_levels.h */

static const char intro[] =
	"(early log: the kernel had not published VMCOREINFO yet, or it is damaged)";
static const char intro_text[] =
	"(early log without time stamps: the kernel had not published VMCOREINFO yet)";

struct text {
	uint64_t pa;
	uint64_t id;
};

struct found {
	const struct vnode_memory *memory;
	struct text text[CANDIDATES_MAX];
	unsigned int nr_texts;
	struct vnode_log_ring ring[CANDIDATES_MAX];
	unsigned int nr_rings;
};

/* struct prb_desc and struct printk_info since 5.10 */
static const struct vnode_log_layout early_layout = {
	.desc_size = 24,
	.desc_state = 0,
	.desc_begin = 8,
	.desc_next = 16,
	.info_size = 88,
	.info_seq = 0,
	.info_ts = 8,
	.info_len = 16,
};

/*
 * The first id in a ring of 1 << bits descriptors: DESC0_ID(bits) + 1 in
 * printk_ringbuffer.h. Ids have 62 bits, but the kernel negates _DESCS_COUNT() as an
 * unsigned int.
 */
static uint64_t first_id(unsigned int bits)
{
	return -(1U << bits);
}

static bool is_first_id(uint64_t id)
{
	unsigned int bits;

	for (bits = 5; bits <= VNODE_LOG_COUNT_BITS_MAX; bits++) {
		if (id == first_id(bits))
			return true;
	}
	return false;
}

static bool is_kernel_pointer(uint64_t va)
{
	return va >> 56 == 0xff && va % sizeof(uint64_t) == 0;
}

/*
 * struct printk_ringbuffer in words: count_bits, descs, infos, head_id, tail_id,
 * then, from 6.8 on, last_finalized_seq; size_bits, data, head_lpos, tail_lpos.
 */
static bool parse_ring(const uint64_t *word, struct vnode_log_ring *ring)
{
	unsigned int data;

	if (word[0] < 5 || word[0] > VNODE_LOG_COUNT_BITS_MAX || !is_kernel_pointer(word[1]) ||
	    !is_kernel_pointer(word[2]))
		return false;
	ring->count_bits = word[0];
	ring->descs = word[1];
	ring->infos = word[2];
	ring->head_id = word[3];
	ring->tail_id = word[4];
	if (ring->head_id > VNODE_LOG_ID_MASK || ring->tail_id > VNODE_LOG_ID_MASK ||
	    ring->head_id == ring->tail_id)
		return false;
	for (data = 5; data <= 6; data++) {
		ring->size_bits = word[data];
		ring->data = word[data + 1];
		if (word[data] > word[0] && word[data] <= VNODE_LOG_SIZE_BITS_MAX &&
		    is_kernel_pointer(ring->data) &&
		    word[data + 2] - word[data + 3] <= 1ULL << ring->size_bits)
			return true;
	}
	return false;
}

static int visit(void *context, uint64_t pa, const uint8_t *chunk, size_t part, size_t len)
{
	struct found *found = context;
	uint64_t word[10];
	size_t at;

	for (at = 0; at < part && len - at >= ID_SIZE + sizeof(BANNER); at += sizeof(uint64_t)) {
		/* This runs for every word of the memory: the cheap comparisons come first. */
		memcpy(word, chunk + at, 2 * sizeof(uint64_t));
		if (found->nr_texts < CANDIDATES_MAX && !memcmp(&word[1], BANNER, 8) &&
		    is_first_id(word[0]) &&
		    !memcmp(chunk + at + ID_SIZE, BANNER, strlen(BANNER))) {
			found->text[found->nr_texts].pa = pa + at;
			found->text[found->nr_texts++].id = word[0];
		}
		if (word[0] > VNODE_LOG_COUNT_BITS_MAX || !is_kernel_pointer(word[1]) ||
		    found->nr_rings == CANDIDATES_MAX || len - at < sizeof(word))
			continue;
		memcpy(word, chunk + at, sizeof(word));
		if (parse_ring(word, &found->ring[found->nr_rings]))
			found->nr_rings++;
	}
	return 0;
}

/* Number of records printed */
static int try_pair(const struct found *found, const struct text *text,
		    const struct vnode_log_ring *ring, FILE *out)
{
	struct vnode_vmap map = {
		.memory = found->memory,
		.image_last = UINT64_MAX,
		.image_delta = text->pa - ring->data,
	};

	if (text->id != first_id(ring->count_bits) ||
	    (text->pa & PAGE_OFFSET_MASK) != (ring->data & PAGE_OFFSET_MASK) ||
	    !vnode_log_ring_valid(&map, ring, &early_layout))
		return 0;
	return vnode_log_ring_print(&map, ring, &early_layout, intro, out);
}

/*
 * Prints the longest ring whose text was found. After setup_log_buf() has moved the
 * log to a larger ring, the static ring is still there, with fewer records.
 */
static int print_rings(const struct found *found, FILE *out)
{
	bool tried[CANDIDATES_MAX] = { false };
	unsigned int i, j, n;

	for (n = 0; n < found->nr_rings; n++) {
		const struct vnode_log_ring *ring;
		uint64_t best_len = 0, len;
		unsigned int best = 0;
		int res;

		for (i = 0; i < found->nr_rings; i++) {
			ring = &found->ring[i];
			len = (ring->head_id - ring->tail_id) & VNODE_LOG_ID_MASK;
			if (!tried[i] && len > best_len) {
				best = i;
				best_len = len;
			}
		}
		tried[best] = true;
		for (j = 0; j < found->nr_texts; j++) {
			res = try_pair(found, &found->text[j], &found->ring[best], out);
			if (res)
				return res;
		}
	}
	return 0;
}

/*
 * The length of the text in a block. Only the record holds it, and printk_sprint()
 * (printk.c) leaves bytes behind the text: the line feed that it cuts off, and in
 * front of that, if a level preceded the text and the text was moved down over it, the
 * last two characters once more, or after a pr_cont("\n") the level itself. A text
 * that really ends with a repetition of two characters loses them; otherwise every
 * line would have two characters too many.
 */
static size_t text_length(const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	if (!len || text[len - 1] != '\n')
		return len;
	len--;
	if (len >= 2 && text[len - 2] == KERN_SOH)
		len -= 2;
	else if (len >= 4 && !memcmp(text + len - 2, text + len - 4, 2))
		len -= 2;
	return len;
}

/* Returns the number of blocks; prints them if @out is not NULL. */
static int walk_text(const uint8_t *buf, size_t size, uint64_t id, FILE *out)
{
	size_t at = 0, next;
	uint64_t word;
	int blocks = 0;

	while (size - at >= 2 * ID_SIZE) {
		id = (id + 1) & VNODE_LOG_ID_MASK;
		for (next = at + 2 * ID_SIZE; next <= size; next += ID_SIZE) {
			if (next == size || next - at == BLOCK_MAX)
				break;
			memcpy(&word, buf + next, sizeof(word));
			if (word == id)
				break;
		}
		if (out && !blocks)
			fprintf(out, "%s\n", intro_text);
		if (out)
			vnode_log_print_text(out, "", (const char *)buf + at + ID_SIZE,
					     text_length((const char *)buf + at + ID_SIZE,
							 next - at - ID_SIZE));
		blocks++;
		if (next == size || next - at == BLOCK_MAX)
			break;
		at = next;
	}
	return blocks;
}

static int read_text(const struct found *found, const struct text *text, uint8_t *buf, size_t *size)
{
	uint64_t left = found->memory->size - (text->pa - found->memory->base);

	*size = (left < TEXT_READ_MAX ? left : TEXT_READ_MAX) / ID_SIZE * ID_SIZE;
	return vnode_memory_read(found->memory, text->pa, buf, *size);
}

static int print_texts(const struct found *found, FILE *out)
{
	const struct text *best = NULL;
	int blocks, best_blocks = 0;
	unsigned int i;
	uint8_t *buf;
	size_t size;

	buf = malloc(TEXT_READ_MAX);
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < found->nr_texts; i++) {
		if (read_text(found, &found->text[i], buf, &size))
			continue;
		blocks = walk_text(buf, size, found->text[i].id, NULL);
		if (blocks > best_blocks) {
			best_blocks = blocks;
			best = &found->text[i];
		}
	}
	if (best && !read_text(found, best, buf, &size))
		best_blocks = walk_text(buf, size, best->id, out);
	free(buf);
	return best_blocks;
}

int vnode_log_print_early(const struct vnode_memory *memory, FILE *out)
{
	struct found found = {
		.memory = memory,
	};
	int res;

	res = vnode_memory_scan(memory, visit, &found);
	if (res)
		return res;
	res = print_rings(&found, out);
	return res ? res : print_texts(&found, out);
}
