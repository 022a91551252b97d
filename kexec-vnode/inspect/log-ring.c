// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a printk ring from tail to head and prints its records as dmesg does.
 *
 * The kernel may run and write to the ring meanwhile. A record is read as the
 * kernel's own lockless reader does it (prb_read, desc_read in
 * kernel/printk/printk_ringbuffer.c): the descriptor, the data it points to, and the
 * descriptor again. The record is valid only if both reads of the descriptor agree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* enum desc_state, printk_ringbuffer.h */
#define DESC_COMMITTED	1
#define DESC_FINALIZED	2

/* A logical position with bit 0 set has no data block; this value is an empty line. */
#define LPOS_EMPTY_LINE	3

/* struct prb_data_block: its descriptor's id, then the text */
#define BLOCK_ID_SIZE	8

#define TEXT_MAX	UINT16_MAX	/* printk_info.text_len is a u16 */

struct desc {
	uint64_t id;
	unsigned int state;
	uint64_t begin;
	uint64_t next;
};

struct record {
	uint64_t ts_nsec;
	size_t len;
	char *text;		/* TEXT_MAX bytes */
};

static int read_desc(struct vnode_vmap *map, const struct vnode_log_ring *ring,
		     const struct vnode_log_layout *layout, uint64_t id, struct desc *desc)
{
	uint64_t index = id & ((1ULL << ring->count_bits) - 1);
	uint64_t va = ring->descs + index * layout->desc_size;
	uint64_t state;
	int err;

	err = vnode_vmap_read(map, va + layout->desc_state, &state, sizeof(state));
	if (err)
		return err;
	desc->id = state & VNODE_LOG_ID_MASK;
	desc->state = state >> 62;
	err = vnode_vmap_read(map, va + layout->desc_begin, &desc->begin, sizeof(desc->begin));
	if (err)
		return err;
	return vnode_vmap_read(map, va + layout->desc_next, &desc->next, sizeof(desc->next));
}

static int read_info(struct vnode_vmap *map, const struct vnode_log_ring *ring,
		     const struct vnode_log_layout *layout, uint64_t id, struct record *record)
{
	uint64_t mask = (1ULL << ring->count_bits) - 1;
	uint64_t va = ring->infos + (id & mask) * layout->info_size;
	uint64_t seq;
	uint16_t len;
	int err;

	err = vnode_vmap_read(map, va + layout->info_seq, &seq, sizeof(seq));
	if (err)
		return err;
	err = vnode_vmap_read(map, va + layout->info_ts, &record->ts_nsec,
			      sizeof(record->ts_nsec));
	if (err)
		return err;
	err = vnode_vmap_read(map, va + layout->info_len, &len, sizeof(len));
	if (err)
		return err;
	record->len = len;
	/* Ids and sequence numbers grow in step: both have index 0 first (desc_reserve). */
	return (seq & mask) == (id & mask) ? 0 : -EAGAIN;
}

static int read_text(struct vnode_vmap *map, const struct vnode_log_ring *ring,
		     const struct desc *desc, struct record *record)
{
	uint64_t size = 1ULL << ring->size_bits, mask = size - 1;
	uint64_t at = desc->begin & mask, len = desc->next - desc->begin, id;
	int err;

	if (desc->begin == LPOS_EMPTY_LINE && desc->next == LPOS_EMPTY_LINE) {
		record->len = 0;
		return 0;
	}
	/* FAILED_LPOS: the text was lost. Blocks are aligned to the size of their id. */
	if ((desc->begin | desc->next) % BLOCK_ID_SIZE || len > 2 * size - 1 - at)
		return -EAGAIN;
	/*
	 * A block that does not fit before the end of the ring is at its start. A block
	 * that ends with the ring (at + len == size) stays where it is. Some kernels move
	 * that one as well: then it ends beyond the ring.
	 */
	if (at + len > size) {
		len = desc->next & mask;
		at = 0;
	}
	if (len < BLOCK_ID_SIZE || record->len > len - BLOCK_ID_SIZE)
		return -EAGAIN;
	err = vnode_vmap_read(map, ring->data + at, &id, sizeof(id));
	if (err)
		return err;
	if (id != desc->id)
		return -EAGAIN;
	return vnode_vmap_read(map, ring->data + at + BLOCK_ID_SIZE, record->text, record->len);
}

/* -EAGAIN: there is no such record, or it is being written */
static int read_record(struct vnode_vmap *map, const struct vnode_log_ring *ring,
		       const struct vnode_log_layout *layout, uint64_t id, struct record *record)
{
	struct desc desc, again;
	int err;

	err = read_desc(map, ring, layout, id, &desc);
	if (err)
		return err;
	/* A committed record is complete, though its writer may still append to it. */
	if (desc.id != id || (desc.state != DESC_COMMITTED && desc.state != DESC_FINALIZED))
		return -EAGAIN;
	err = read_info(map, ring, layout, id, record);
	if (err)
		return err;
	err = read_text(map, ring, &desc, record);
	if (err)
		return err;
	err = read_desc(map, ring, layout, id, &again);
	if (err)
		return err;
	if (again.id != desc.id || again.begin != desc.begin || again.next != desc.next ||
	    (again.state != DESC_COMMITTED && again.state != DESC_FINALIZED))
		return -EAGAIN;
	return 0;
}

bool vnode_log_ring_valid(struct vnode_vmap *map, const struct vnode_log_ring *ring,
			  const struct vnode_log_layout *layout)
{
	uint64_t count, size = map->memory->size;
	struct desc tail;

	if (ring->count_bits < 1 || ring->count_bits > VNODE_LOG_COUNT_BITS_MAX ||
	    ring->size_bits < 4 || ring->size_bits > VNODE_LOG_SIZE_BITS_MAX)
		return false;
	count = 1ULL << ring->count_bits;
	/* This bounds the number of records, too. */
	if (count * layout->desc_size > size || count * layout->info_size > size ||
	    (1ULL << ring->size_bits) > size)
		return false;
	if (((ring->head_id - ring->tail_id) & VNODE_LOG_ID_MASK) >= count)
		return false;
	/* The tail descriptor is in use, or was once (Req1, printk_ringbuffer.h). */
	if (read_desc(map, ring, layout, ring->tail_id, &tail))
		return false;
	return tail.id == ring->tail_id;
}

static void print_line(FILE *out, const char *prefix, const char *text, size_t len)
{
	size_t i;

	fputs(prefix, out);
	for (i = 0; i < len; i++) {
		unsigned char c = text[i];

		if ((c >= 0x20 && c < 0x7f) || c == '\t')
			fputc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
	fputc('\n', out);
}

void vnode_log_print_text(FILE *out, const char *prefix, const char *text, size_t len)
{
	const char *end;

	while (len && (end = memchr(text, '\n', len))) {
		print_line(out, prefix, text, end - text);
		len -= end + 1 - text;
		text = end + 1;
	}
	print_line(out, prefix, text, len);
}

int vnode_log_ring_print(struct vnode_vmap *map, const struct vnode_log_ring *ring,
			 const struct vnode_log_layout *layout, const char *intro, FILE *out)
{
	uint64_t i, count = ((ring->head_id - ring->tail_id) & VNODE_LOG_ID_MASK) + 1;
	struct record record;
	int printed = 0;

	record.text = malloc(TEXT_MAX);
	if (!record.text)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		uint64_t id = (ring->tail_id + i) & VNODE_LOG_ID_MASK;
		char prefix[48];

		if (read_record(map, ring, layout, id, &record))
			continue;
		printed++;
		if (!out)
			continue;
		if (printed == 1 && intro)
			fprintf(out, "%s\n", intro);
		/* print_time() in kernel/printk/printk.c */
		snprintf(prefix, sizeof(prefix), "[%5llu.%06llu] ",
			 record.ts_nsec / 1000000000ULL,
			 record.ts_nsec % 1000000000ULL / 1000);
		vnode_log_print_text(out, prefix, record.text, record.len);
	}
	free(record.text);
	return printed;
}
