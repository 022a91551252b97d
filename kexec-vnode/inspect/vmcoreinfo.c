// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMCOREINFO (kernel/vmcore_info.c): lines of text in which a kernel publishes
 * where its page tables and its log ring are and how its structures are laid out.
 * It is in memory twice: in a page of its own, and as an ELF note; both are at the
 * start of a page. Notes of earlier kernels may still be there. The first note that
 * leads to a ring is used, for the log, for dumps and for gdb.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "parse.h"

#define PAGE_BYTES	4096UL
#define INFO_MAX	VNODE_VMCOREINFO_MAX
#define INFO_START	"OSRELEASE="
/* Elf64_Nhdr {11, size, 0}, then the name, both padded to 4 */
#define NOTE_NAME	"VMCOREINFO"
#define NOTE_HEAD	24

/* Give up after so many notes whose ring is empty: each costs a walk. */
#define EMPTY_RINGS_MAX	8

/* __START_KERNEL_map, arch/x86/include/asm/page_64_types.h */
#define IMAGE_VA	0xffffffff80000000ULL

struct info {
	uint64_t prb;
	uint64_t init_top_pgt;
	uint64_t phys_base;
	uint64_t l5_enabled;
	uint64_t image_size;
	uint64_t image_offset;
	uint64_t text_start;
	uint64_t sme_mask;
	uint64_t rb_size;
	uint64_t rb_desc_ring;
	uint64_t rb_data_ring;
	uint64_t dr_size;
	uint64_t dr_count_bits;
	uint64_t dr_descs;
	uint64_t dr_infos;
	uint64_t dr_head_id;
	uint64_t dr_tail_id;
	uint64_t data_size;
	uint64_t data_size_bits;
	uint64_t data_data;
	uint64_t desc_size;
	uint64_t desc_state;
	uint64_t desc_lpos;
	uint64_t lpos_size;
	uint64_t lpos_begin;
	uint64_t lpos_next;
	uint64_t info_size;
	uint64_t info_seq;
	uint64_t info_ts;
	uint64_t info_len;
	uint64_t atomic_counter;
	struct vnode_vmcoreinfo_pages pages;
};

struct key {
	const char *name;
	int number_base;
	bool optional;
	size_t at;		/* in struct info */
};

#define HEX(name, field)	{ name, 16, false, offsetof(struct info, field) }
#define DEC(name, field)	{ name, 10, false, offsetof(struct info, field) }
#define OPT(name, field)	{ name, 10, true, offsetof(struct info, field) }
#define OPT_HEX(name, field)	{ name, 16, true, offsetof(struct info, field) }

/* log_buf_vmcoreinfo_setup() in printk.c, arch_crash_save_vmcoreinfo() of x86 */
static const struct key keys[] = {
	HEX("SYMBOL(prb)", prb),
	HEX("SYMBOL(init_top_pgt)", init_top_pgt),
	DEC("NUMBER(phys_base)", phys_base),
	DEC("NUMBER(pgtable_l5_enabled)", l5_enabled),
	OPT("NUMBER(KERNEL_IMAGE_SIZE)", image_size),
	OPT("NUMBER(sme_mask)", sme_mask),
	OPT_HEX("KERNELOFFSET", image_offset),
	OPT_HEX("SYMBOL(_stext)", text_start),
	DEC("SIZE(printk_ringbuffer)", rb_size),
	DEC("OFFSET(printk_ringbuffer.desc_ring)", rb_desc_ring),
	DEC("OFFSET(printk_ringbuffer.text_data_ring)", rb_data_ring),
	DEC("SIZE(prb_desc_ring)", dr_size),
	DEC("OFFSET(prb_desc_ring.count_bits)", dr_count_bits),
	DEC("OFFSET(prb_desc_ring.descs)", dr_descs),
	DEC("OFFSET(prb_desc_ring.infos)", dr_infos),
	DEC("OFFSET(prb_desc_ring.head_id)", dr_head_id),
	DEC("OFFSET(prb_desc_ring.tail_id)", dr_tail_id),
	DEC("SIZE(prb_data_ring)", data_size),
	DEC("OFFSET(prb_data_ring.size_bits)", data_size_bits),
	DEC("OFFSET(prb_data_ring.data)", data_data),
	DEC("SIZE(prb_desc)", desc_size),
	DEC("OFFSET(prb_desc.state_var)", desc_state),
	DEC("OFFSET(prb_desc.text_blk_lpos)", desc_lpos),
	DEC("SIZE(prb_data_blk_lpos)", lpos_size),
	DEC("OFFSET(prb_data_blk_lpos.begin)", lpos_begin),
	DEC("OFFSET(prb_data_blk_lpos.next)", lpos_next),
	DEC("SIZE(printk_info)", info_size),
	DEC("OFFSET(printk_info.seq)", info_seq),
	DEC("OFFSET(printk_info.ts_nsec)", info_ts),
	DEC("OFFSET(printk_info.text_len)", info_len),
	DEC("OFFSET(atomic_long_t.counter)", atomic_counter),
	OPT_HEX("SYMBOL(mem_section)", pages.mem_section),
	OPT("SIZE(mem_section)", pages.section_size),
	OPT("OFFSET(mem_section.section_mem_map)", pages.section_mem_map),
	OPT("NUMBER(SECTION_SIZE_BITS)", pages.section_bits),
	OPT("SIZE(page)", pages.page_size),
	OPT("OFFSET(page._mapcount)", pages.page_mapcount),
	OPT("OFFSET(page.private)", pages.page_private),
	OPT("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", pages.buddy),
	OPT("LENGTH(zone.free_area)", pages.nr_orders),
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NR_KEYS		ARRAY_SIZE(keys)

/* @text ends at a newline, @len bytes further on. */
static bool parse_number(const char *text, size_t len, unsigned int number_base, uint64_t *value)
{
	bool negative = len && *text == '-';
	const char *at = text + negative;

	if (vnode_take_number(&at, number_base, UINT64_MAX, value) || at != text + len)
		return false;
	if (negative)
		*value = -*value;
	return true;
}

/* One line without its end. False: not a line of VMCOREINFO. */
static bool parse_line(const char *line, size_t len, struct info *info, bool *seen)
{
	const char *equals = memchr(line, '=', len);
	size_t i, name_len;
	uint64_t value;

	for (i = 0; i < len; i++) {
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	}
	if (!equals)
		return false;
	name_len = equals - line;
	for (i = 0; i < NR_KEYS; i++) {
		const struct key *key = &keys[i];

		if (strlen(key->name) != name_len || memcmp(key->name, line, name_len))
			continue;
		if (seen[i] ||
		    !parse_number(equals + 1, len - name_len - 1, key->number_base, &value))
			return false;
		memcpy((char *)info + key->at, &value, sizeof(value));
		seen[i] = true;
	}
	return true;
}

static bool fits(uint64_t at, uint64_t len, uint64_t size)
{
	return at <= size && len <= size - at && size <= PAGE_BYTES;
}

/* Every member is inside its structure, and no structure is larger than a page. */
static bool check_layout(const struct info *i)
{
	return i->atomic_counter == 0 &&
	       fits(i->rb_desc_ring, i->dr_size, i->rb_size) &&
	       fits(i->rb_data_ring, i->data_size, i->rb_size) &&
	       fits(i->dr_count_bits, 4, i->dr_size) && fits(i->dr_descs, 8, i->dr_size) &&
	       fits(i->dr_infos, 8, i->dr_size) && fits(i->dr_head_id, 8, i->dr_size) &&
	       fits(i->dr_tail_id, 8, i->dr_size) &&
	       fits(i->data_size_bits, 4, i->data_size) && fits(i->data_data, 8, i->data_size) &&
	       fits(i->desc_state, 8, i->desc_size) &&
	       fits(i->desc_lpos, i->lpos_size, i->desc_size) &&
	       fits(i->lpos_begin, 8, i->lpos_size) && fits(i->lpos_next, 8, i->lpos_size) &&
	       fits(i->info_seq, 8, i->info_size) && fits(i->info_ts, 8, i->info_size) &&
	       fits(i->info_len, 2, i->info_size);
}

static bool parse_info(const char *text, size_t len, struct info *info)
{
	bool seen[NR_KEYS] = { false };
	const char *end;
	size_t i;

	memset(info, 0, sizeof(*info));
	info->image_size = 512 << 20;
	len = strnlen(text, len);
	/* A note that filled its page lost the end of its last line. */
	while (len && (end = memchr(text, '\n', len))) {
		if (!parse_line(text, end - text, info, seen))
			return false;
		len -= end + 1 - text;
		text = end + 1;
	}
	for (i = 0; i < NR_KEYS; i++) {
		if (!seen[i] && !keys[i].optional)
			return false;
	}
	return check_layout(info);
}

static int read_ring(struct vnode_vmap *map, const struct info *info,
		     struct vnode_log_ring *ring)
{
	uint8_t rb[PAGE_BYTES], *dr, *data;
	uint32_t bits;
	uint64_t va;
	int err;

	err = vnode_vmap_read(map, info->prb, &va, sizeof(va));
	if (err)
		return err;
	/* One read: the members are of one instant, or nearly so. */
	err = vnode_vmap_read(map, va, rb, info->rb_size);
	if (err)
		return err;
	dr = rb + info->rb_desc_ring;
	data = rb + info->rb_data_ring;
	memcpy(&bits, dr + info->dr_count_bits, sizeof(bits));
	ring->count_bits = bits;
	memcpy(&ring->descs, dr + info->dr_descs, sizeof(ring->descs));
	memcpy(&ring->infos, dr + info->dr_infos, sizeof(ring->infos));
	memcpy(&ring->head_id, dr + info->dr_head_id, sizeof(ring->head_id));
	memcpy(&ring->tail_id, dr + info->dr_tail_id, sizeof(ring->tail_id));
	memcpy(&bits, data + info->data_size_bits, sizeof(bits));
	ring->size_bits = bits;
	memcpy(&ring->data, data + info->data_data, sizeof(ring->data));
	return 0;
}

struct search {
	const struct vnode_memory *memory;
	FILE *out;
	struct vnode_vmcoreinfo *found;
	unsigned int empty_rings;
};

/* > 0: the note leads to a log, printed if @search->out is set. 0: it does not. */
static int try_info(struct search *search, const struct info *info)
{
	const struct vnode_log_layout layout = {
		.desc_size = info->desc_size,
		.desc_state = info->desc_state,
		.desc_begin = info->desc_lpos + info->lpos_begin,
		.desc_next = info->desc_lpos + info->lpos_next,
		.info_size = info->info_size,
		.info_seq = info->info_seq,
		.info_ts = info->info_ts,
		.info_len = info->info_len,
	};
	struct vnode_vmap map = {
		.memory = search->memory,
		.image_start = IMAGE_VA,
		.image_last = IMAGE_VA + (info->image_size - 1) % (1UL << 30),
		.image_delta = info->phys_base - IMAGE_VA,
		.top_pa = info->init_top_pgt - IMAGE_VA + info->phys_base,
		.levels = info->l5_enabled ? 5 : 4,
		.sme_mask = info->sme_mask,
	};
	struct vnode_log_ring ring;
	unsigned int tries;
	int res;

	/* A running kernel may move its tail between two reads. */
	for (tries = 0; tries < 10; tries++) {
		if (read_ring(&map, info, &ring))
			return 0;
		if (!vnode_log_ring_valid(&map, &ring, &layout))
			continue;
		res = vnode_log_ring_print(&map, &ring, &layout, NULL, search->out);
		if (!res && ++search->empty_rings == EMPTY_RINGS_MAX)
			return -ENODATA;
		search->found->map = map;
		search->found->image_offset = info->image_offset;
		search->found->text_start = info->text_start;
		search->found->pages = info->pages;
		return res;
	}
	return 0;
}

/* The length of the header before the text in a page; -1: not a note */
static int head_length(const uint8_t *page, size_t len)
{
	static const uint8_t name_size[4] = { sizeof(NOTE_NAME) };

	if (len >= strlen(INFO_START) && !memcmp(page, INFO_START, strlen(INFO_START)))
		return 0;
	if (len < NOTE_HEAD + strlen(INFO_START) || memcmp(page, name_size, sizeof(name_size)) ||
	    memcmp(page + 12, NOTE_NAME, sizeof(NOTE_NAME)) ||
	    memcmp(page + NOTE_HEAD, INFO_START, strlen(INFO_START)))
		return -1;
	return NOTE_HEAD;
}

static int visit(void *context, uint64_t pa, const uint8_t *chunk, size_t part, size_t len)
{
	struct search *search = context;
	size_t at;

	for (at = 0; at < part; at += PAGE_BYTES) {
		const struct vnode_memory *memory = search->memory;
		int head = head_length(chunk + at, len - at);
		char *text = search->found->text;
		struct info info;
		uint64_t left;
		int res;

		if (head < 0)
			continue;
		left = memory->size - (pa - memory->base) - at - head;
		if (left > INFO_MAX)
			left = INFO_MAX;
		if (vnode_memory_read(memory, pa + at + head, text, left) ||
		    !parse_info(text, left, &info))
			continue;
		search->found->len = strnlen(text, left);
		search->found->pa = pa + at + head;
		res = try_info(search, &info);
		if (res)
			return res;
	}
	return 0;
}

int vnode_vmcoreinfo_again(const struct vnode_memory *memory, FILE *out,
			   struct vnode_vmcoreinfo *found)
{
	struct search search = { .memory = memory, .out = out, .found = found };
	uint64_t left = memory->size - (found->pa - memory->base);
	struct info info;
	int res;

	if (found->pa < memory->base || found->pa - memory->base >= memory->size)
		return 0;
	if (left > INFO_MAX)
		left = INFO_MAX;
	if (vnode_memory_read(memory, found->pa, found->text, left) ||
	    !parse_info(found->text, left, &info))
		return 0;
	found->len = strnlen(found->text, left);
	res = try_info(&search, &info);
	return res == -ENODATA ? 0 : res;
}

int vnode_vmcoreinfo_find(const struct vnode_memory *memory, FILE *out,
			  struct vnode_vmcoreinfo *found)
{
	struct search search = {
		.memory = memory,
		.out = out,
		.found = found,
	};
	int res = vnode_memory_scan(memory, visit, &search);

	return res == -ENODATA ? 0 : res;
}
