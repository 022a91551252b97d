/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside dump: what its files pass to each other.
 *
 *	dump-map	the virtual addresses of the memory, from the kernel's page tables
 *	dump-free	which pages are free
 *	dump-elf	the headers and the notes of an ELF core
 *	dump-file	the file: its name, its space, the memory copied into it
 *	dump-flat	the file as a stream, and a file from a stream
 *	dump		the steps in their order, with the vnode frozen
 *
 * The file is a core like /proc/vmcore. Memory that is mapped twice is in the file
 * once, and several program headers refer to it.
 *
 *	0		ELF header, program headers, notes; then a hole
 *	data		the memory in ascending order, with holes where it is zero or free
 */
#ifndef KEXEC_VNODE_DUMP_H
#define KEXEC_VNODE_DUMP_H

#include <signal.h>
#include <linux/vnode.h>

#include "vmcoreinfo.h"

#define VNODE_DUMP_PAGE		4096UL

/* Program headers besides those of the notes, the direct map and the image */
#define VNODE_DUMP_RUNS_MAX	32768

/* Memory that is contiguous in virtual and in physical addresses */
struct vnode_dump_run {
	uint64_t va;
	uint64_t pa;
	uint64_t size;
};

/* The virtual addresses of the memory */
struct vnode_dump_map {
	const struct vnode_memory *memory;
	bool has_info;			/* there is a VMCOREINFO */
	struct vnode_vmcoreinfo info;
	struct vnode_dump_run image;	/* @size 0: none */
	bool has_direct;
	uint64_t direct_va;		/* of the memory's first byte */
	struct vnode_dump_run *run;	/* the rest, by ascending va */
	unsigned int nr_runs;
	bool cut;			/* runs are missing: too many, or too many tables */
	uint8_t *free;			/* a bit for each free page; NULL: not known */
};

/* dump-map.c */

/* Finds VMCOREINFO and sets @map->has_info if there is one. */
int vnode_dump_find(struct vnode_dump_map *map, const struct vnode_memory *memory,
		    struct vnode_err *err);
/* Reads the page tables that it leads to. The only error is -ENOMEM. */
int vnode_dump_walk(struct vnode_dump_map *map, struct vnode_err *err);
void vnode_dump_destroy(struct vnode_dump_map *map);

/* dump-free.c */

/*
 * Finds the pages that are free now, from the kernel's struct pages. A page without a
 * struct page counts as used. The only error is -ENOMEM.
 */
int vnode_dump_find_free(struct vnode_dump_map *map, struct vnode_err *err);
void vnode_dump_forget_free(struct vnode_dump_map *map);

static inline bool vnode_dump_is_free(const struct vnode_dump_map *map, uint64_t offset)
{
	return map->free && map->free[offset / VNODE_DUMP_PAGE / 8] >>
			    offset / VNODE_DUMP_PAGE % 8 & 1;
}

/* dump-elf.c */

/* The offset of the memory in the file, behind room for the largest headers */
uint64_t vnode_dump_data_offset(unsigned int nr_cpus);
/*
 * All that comes before the memory in the file, malloc()ed; NULL: out of memory. @regs
 * are those of all CPUs. Known ones get the first notes, so that a debugger begins there.
 */
void *vnode_dump_headers(const struct vnode_dump_map *map, const struct vnode_regs *regs,
			 unsigned int nr_cpus, size_t *size);

/* dump-file.c */
struct vnode_dump_file {
	const char *path;
	char *temp;			/* the name it has until it is complete */
	int fd;
	bool flat;			/* standard output, a stream */
	uint64_t data;			/* the offset of the memory */
	uint64_t end;			/* and its end */
	uint64_t written;		/* bytes of memory written, without the holes */
	const char *name;		/* of the vnode, for progress; NULL: show none */
	sigset_t old_signals;
};

/*
 * Creates the file under a temporary name, and checks that there is space for the
 * memory of @map, if it has one: -ENOSPC. Signals that end the process are held until
 * vnode_dump_file_end().
 */
int vnode_dump_file_begin(struct vnode_dump_file *file, const char *path,
			  const struct vnode_dump_map *map, uint64_t data,
			  struct vnode_err *err);
/* -EINTR: one of these signals is pending */
int vnode_dump_file_copy(struct vnode_dump_file *file, const struct vnode_dump_map *map,
			 struct vnode_err *err);
int vnode_dump_file_write(const struct vnode_dump_file *file, uint64_t offset, const void *buf,
			  size_t len, struct vnode_err *err);
/* With @ret 0: renames the file to its name. Else removes it, and returns @ret. */
int vnode_dump_file_end(struct vnode_dump_file *file, int ret, struct vnode_err *err);

/* dump-flat.c: 0 or a negative errno */
int vnode_dump_flat_begin(int fd);
int vnode_dump_flat_put(int fd, uint64_t offset, const void *buf, size_t len);
int vnode_dump_flat_end(int fd, uint64_t size);

#endif /* KEXEC_VNODE_DUMP_H */
