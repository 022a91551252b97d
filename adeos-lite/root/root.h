/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root's authority: what only root's nanokernel does. It stands on top of the nanokernel
 * that every kernel has, as a driver does, and is called by it through struct adeos_part
 * alone. include/vnode/root.h has what the KMB calls.
 *
 *	commons.c	makes the commons and begins the directory
 *	slot.c		admission: which vnode has which slot
 *	station.c	what a vnode's station says of its end
 *	watch.c		finds CPUs that are silent
 *	freeze.c	has a vnode stand still; registers
 *	text.c		text that other kernels wrote, made printable
 *	rams.c		which kernel has what memory
 *	clock.c		publishes root's wall clock
 *	bridges.c	makes, revokes and frees bridges; compact.c moves them together;
 *			bridge-pool.c is the arithmetic of both
 *	region.c	contiguous memory out of Linux and back: access.c (content), scan.c (where
 *			Linux could part with it), ram.c (quirks of hot-remove), pool.c (memory
 *			that root was booted without), low.c (below 640 KiB)
 */
#ifndef _ADEOS_ROOT_H
#define _ADEOS_ROOT_H

#include <vnode/root.h>

#include "../adeos.h"

extern const struct adeos_part adeos_low_part, adeos_root_commons_part, adeos_pool_part,
	adeos_slots_part, adeos_root_bridges_part, adeos_compact_part, adeos_root_clock_part;

/* ---- commons.c: the directory ---- */

/*
 * What root has decided, where no vnode can write: root reads it here alone. Under the
 * core's lock, its bridges under bridge_root_lock.
 */
extern struct vnode_directory root_directory;

/* The copy, for vnodes, of what is @at in there */
#define adeos_shown(at)							\
	((typeof(at))(commons.va + VNODE_DIRECTORY + ((void *)(at) - (void *)&root_directory)))

/* Sets the word @at in there, and in the copy. */
#define adeos_show(at, value)						\
	do {								\
		typeof(at) at_ = (at);					\
									\
		WRITE_ONCE(*at_, value);				\
		WRITE_ONCE(*adeos_shown(at_), *at_);			\
	} while (0)

/* ---- rams.c: under the core's lock ---- */

void adeos_ram_begin(void);
void adeos_ram_lend(u32 nr, const struct adeos_region *region);
void adeos_ram_return(u32 nr);

/* ---- bridges.c ---- */

void adeos_bridges_left(u32 slot, u32 life);	/* worker: revokes and frees */

/* ---- text.c ---- */

void adeos_text_line(char *to, const char *from, size_t size);
void adeos_text_lines(char *text, size_t len);

/* ---- pool.c: memory that the boot parameters kept from Linux ---- */

phys_addr_t adeos_pool_get(u64 size, u64 min, u64 max);
void adeos_pool_put(phys_addr_t pa, u64 size);

/* ---- ram.c: before memory is hot-removed ---- */

int adeos_ram_prepare(u64 start, u64 size);

/* ---- scan.c: where Linux could part with memory ---- */

#define ADEOS_UNIT	(2UL << 20)

struct adeos_scan;

struct adeos_scan *adeos_scan_create(u64 min, u64 max);
void adeos_scan_destroy(struct adeos_scan *scan);
phys_addr_t adeos_scan_best(struct adeos_scan *scan, u64 size, u64 align);
void adeos_scan_reject(struct adeos_scan *scan, phys_addr_t pa);

#endif /* _ADEOS_ROOT_H */
