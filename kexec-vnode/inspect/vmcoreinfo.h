/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCOREINFO note of a vnode's kernel: the way to its virtual addresses, its log
 * and its struct pages.
 */
#ifndef KEXEC_VNODE_VMCOREINFO_H
#define KEXEC_VNODE_VMCOREINFO_H

#include "memory.h"

#define VNODE_VMCOREINFO_MAX	4096	/* VMCOREINFO_BYTES */

/* Where the struct page of each page is (SPARSEMEM); 0: the note does not say */
struct vnode_vmcoreinfo_pages {
	uint64_t mem_section;		/* virtual address of pointers to struct mem_section[] */
	uint64_t section_size;		/* of a struct mem_section */
	uint64_t section_mem_map;	/* offset in there */
	uint64_t section_bits;
	uint64_t page_size;		/* of a struct page */
	uint64_t page_mapcount;		/* offsets in there */
	uint64_t page_private;
	uint64_t buddy;			/* @page_mapcount of a free page */
	uint64_t nr_orders;
};

/* A note that leads to a log, and the addresses that it gives */
struct vnode_vmcoreinfo {
	char text[VNODE_VMCOREINFO_MAX];
	size_t len;
	uint64_t pa;			/* of the text */
	uint64_t image_offset;		/* KERNELOFFSET: KASLR has moved the image this far */
	uint64_t text_start;		/* _stext; 0: the note does not say */
	struct vnode_vmap map;
	struct vnode_vmcoreinfo_pages pages;
};

/*
 * Finds the first note that leads to a log. Returns the number of the log's records,
 * 0: there is none, or a negative errno. Prints the records if @out is not NULL.
 * @found is valid if the result is positive.
 */
int vnode_vmcoreinfo_find(const struct vnode_memory *memory, FILE *out,
			  struct vnode_vmcoreinfo *found);

/* The same, if the note is still where @found says: without a search for it. */
int vnode_vmcoreinfo_again(const struct vnode_memory *memory, FILE *out,
			   struct vnode_vmcoreinfo *found);

#endif /* KEXEC_VNODE_VMCOREINFO_H */
