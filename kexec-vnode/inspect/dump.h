/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside dump: what its files pass to each other.
 *
 *	dump-map	what the kernel's page tables map where
 *	dump-free	which pages are free
 *	dump-elf	the headers and the notes of an ELF core
 *	dump-file	the file: its name, its space, the memory copied into it
 *	dump		all of it in its order, and the vnode frozen meanwhile
 *
 * The file is a core as /proc/vmcore is one, but for memory that is mapped twice: it
 * is there once, and several program headers lead to it.
 *
 *	0		ELF header, program headers, notes; then a hole
 *	data		the memory, in its order, with holes where it is zero or free
 */
#ifndef KEXEC_VNODE_DUMP_H
#define KEXEC_VNODE_DUMP_H

#include <signal.h>
#include <linux/vnode.h>

#include "log.h"

#define VNODE_DUMP_PAGE		4096UL

/* Program headers beside the notes', the direct map's and the image's */
#define VNODE_DUMP_RUNS_MAX	32768

/* Memory that is mapped in one piece */
struct vnode_dump_run {
	uint64_t va;
	uint64_t pa;
	uint64_t size;
};

/* What is known of the memory's addresses */
struct vnode_dump_map {
	const struct vnode_memory *memory;
	bool has_info;			/* there is a VMCOREINFO */
	struct vnode_vmcoreinfo info;
	struct vnode_dump_run image;	/* @size 0: none */
	bool has_direct;
	uint64_t direct_va;		/* of the memory's first byte */
	struct vnode_dump_run *run;	/* what neither of the two covers, by ascending va */
	unsigned int nr_runs;
	bool cut;			/* there are more: too many, or nonsense */
	uint8_t *free;			/* a bit for each page that is, NULL: not known */
};

/* dump-map.c */

/* Finds VMCOREINFO; @map->has_info tells whether there is one. */
int vnode_dump_find(struct vnode_dump_map *map, const struct vnode_memory *memory,
		    struct vnode_err *err);
/* Reads the page tables that it leads to; nothing is an error but -ENOMEM. */
int vnode_dump_walk(struct vnode_dump_map *map, struct vnode_err *err);
void vnode_dump_destroy(struct vnode_dump_map *map);

/* dump-free.c */

/*
 * Asks the kernel's struct pages which of them are free, as they are now. What is
 * not found is not free; nothing is an error but -ENOMEM.
 */
int vnode_dump_find_free(struct vnode_dump_map *map, struct vnode_err *err);
void vnode_dump_forget_free(struct vnode_dump_map *map);

static inline bool vnode_dump_is_free(const struct vnode_dump_map *map, uint64_t offset)
{
	return map->free && map->free[offset / VNODE_DUMP_PAGE / 8] >>
			    offset / VNODE_DUMP_PAGE % 8 & 1;
}

/* dump-elf.c */

/* Where the memory is to be in the file: room for any headers before it */
uint64_t vnode_dump_data_offset(unsigned int nr_cpus);
/*
 * All that comes before the memory, malloc()ed; NULL: no memory. @regs: of each CPU,
 * those that are known first, so that a debugger begins there.
 */
void *vnode_dump_headers(const struct vnode_dump_map *map, const struct vnode_regs *regs,
			 unsigned int nr_cpus, size_t *size);

/* dump-file.c */
struct vnode_dump_file {
	const char *path;
	char *temp;			/* the name it has until it is complete */
	int fd;
	uint64_t data;			/* where the memory begins in there */
	uint64_t end;			/* and ends */
	uint64_t written;		/* bytes of it that are there */
	const char *who;		/* for progress, NULL for none */
	sigset_t old_signals;
};

/*
 * Creates the file under a name of its own, and sees to it that there is room for
 * the memory: -ENOSPC. From here on signals that end a process wait until
 * vnode_dump_file_end().
 */
int vnode_dump_file_begin(struct vnode_dump_file *file, const char *path,
			  const struct vnode_dump_map *map, uint64_t data,
			  struct vnode_err *err);
/* -EINTR: one of these signals came */
int vnode_dump_file_copy(struct vnode_dump_file *file, const struct vnode_dump_map *map,
			 struct vnode_err *err);
int vnode_dump_file_headers(struct vnode_dump_file *file, const void *headers, size_t size,
			    struct vnode_err *err);
/* With @ret 0: gives it its name. Else removes it, and returns @ret. */
int vnode_dump_file_end(struct vnode_dump_file *file, int ret, struct vnode_err *err);

#endif /* KEXEC_VNODE_DUMP_H */
