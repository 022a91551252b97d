/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside log: what its files pass to each other.
 *
 *	log-memory	physical memory of the vnode, and its virtual addresses
 *	log-vmcoreinfo	the VMCOREINFO note, and the ring, found through it
 *	log-early	the ring, found by what it looks like, before there is a note
 *	log-ring	the records of a ring, printed
 *	log		tries them in turn
 *
 * Everything read from the memory is hostile: it may be anything, and it may
 * change between two reads.
 */
#ifndef KEXEC_VNODE_LOG_H
#define KEXEC_VNODE_LOG_H

#include "inspect.h"

/* Virtual addresses of the kernel that owned the memory. */
struct vnode_log_map {
	const struct vnode_memory *memory;
	/*
	 * pa = va + image_delta for image_start <= va <= image_last. All that is
	 * outside needs page tables.
	 */
	uint64_t image_start;
	uint64_t image_last;
	uint64_t image_delta;
	uint64_t top_pa;		/* the top-level page table */
	unsigned int levels;		/* of page tables: 4, 5; 0 for none */
	uint64_t sme_mask;		/* the encryption bit in their entries */
	/* the last page looked up */
	uint64_t page_va;
	uint64_t page_pa;
	uint64_t page_size;
};

/* Offsets in struct prb_desc and struct printk_info, and their sizes */
struct vnode_log_layout {
	uint64_t desc_size;
	uint64_t desc_state;
	uint64_t desc_begin;
	uint64_t desc_next;
	uint64_t info_size;
	uint64_t info_seq;
	uint64_t info_ts;
	uint64_t info_len;
};

/* A struct printk_ringbuffer as it was at one instant; addresses are virtual */
struct vnode_log_ring {
	unsigned int count_bits;	/* there are 1 << count_bits descriptors */
	unsigned int size_bits;		/* and 1 << size_bits bytes of text */
	uint64_t descs;
	uint64_t infos;
	uint64_t data;
	uint64_t head_id;
	uint64_t tail_id;
};

/* Descriptor ids are 62 bits, the state is above (printk_ringbuffer.h). */
#define VNODE_LOG_ID_MASK	((1ULL << 62) - 1)
/* LOG_BUF_LEN_MAX is 2 GiB and PRB_AVGBITS is 5 (printk.c). */
#define VNODE_LOG_COUNT_BITS_MAX	26
#define VNODE_LOG_SIZE_BITS_MAX		31

/* log-memory.c */

/* -EFAULT: not inside the memory */
int vnode_log_read_pa(const struct vnode_memory *memory, uint64_t pa, void *buf, size_t len);
int vnode_log_read_va(struct vnode_log_map *map, uint64_t va, void *buf, size_t len);

#define VNODE_LOG_SCAN_TAIL	256	/* bytes a visit sees beyond its part */

/*
 * Called with one part of the memory after the other. @len bytes are at
 * @chunk; those up to @part are its own, the rest belongs to the next visit too.
 * Other than 0 ends the scan.
 */
typedef int (*vnode_log_visit_t)(void *context, uint64_t pa, const uint8_t *chunk, size_t part,
				 size_t len);

int vnode_log_scan(const struct vnode_memory *memory, vnode_log_visit_t visit, void *context);

/* log-vmcoreinfo.c */

#define VNODE_VMCOREINFO_MAX	4096	/* VMCOREINFO_BYTES */

/* Where struct page of each page is (SPARSEMEM); 0 for what is not told */
struct vnode_log_pages {
	uint64_t mem_section;		/* virtual address of pointers to struct mem_section[] */
	uint64_t section_size;		/* of a struct mem_section */
	uint64_t section_mem_map;	/* offset in there */
	uint64_t section_bits;
	uint64_t page_size;		/* of a struct page */
	uint64_t page_mapcount;		/* offsets in there */
	uint64_t page_private;
	uint64_t buddy;			/* @page_mapcount of a page that is free */
	uint64_t nr_orders;
};

/* A note that leads to a log, and what it tells of addresses */
struct vnode_vmcoreinfo {
	char text[VNODE_VMCOREINFO_MAX];
	size_t len;
	uint64_t pa;			/* of the text */
	uint64_t image_offset;		/* KERNELOFFSET: so far KASLR has moved the image */
	uint64_t text_start;		/* _stext; 0: not told */
	struct vnode_log_map map;
	struct vnode_log_pages pages;
};

/*
 * The first note that leads to a log: the number of the log's records, 0 if there
 * is none. Prints them if @out is not NULL. @found: valid if there are some.
 */
int vnode_vmcoreinfo_find(const struct vnode_memory *memory, FILE *out,
			  struct vnode_vmcoreinfo *found);

/* log-early.c: the same, without a note */
int vnode_log_print_early(const struct vnode_memory *memory, FILE *out);

/* log-ring.c */

/* True if @ring can be one: nothing in it points out of the memory */
bool vnode_log_ring_valid(struct vnode_log_map *map, const struct vnode_log_ring *ring,
			  const struct vnode_log_layout *layout);
/*
 * Number of records printed, or that can be, if @out is NULL; 0 leaves @out
 * untouched, without @intro too
 */
int vnode_log_ring_print(struct vnode_log_map *map, const struct vnode_log_ring *ring,
			 const struct vnode_log_layout *layout, const char *intro, FILE *out);
/* @prefix in front of every line of @text */
void vnode_log_print_text(FILE *out, const char *prefix, const char *text, size_t len);

#endif /* KEXEC_VNODE_LOG_H */
