/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share; include/vnode/adeos.h is for the others. */
#ifndef _ADEOS_LITE_H
#define _ADEOS_LITE_H

#include <linux/types.h>
#include <vnode/adeos.h>

/* attach.c: 1 in a vnode, 0 in root, negative errno */
int adeos_attach(void);
void adeos_detach(void);

/* region.c: what a region is, for access.c */
enum region_kind {
	REGION_POOL,		/* main is from the pool, no tail */
	REGION_LINUX,		/* main is hot-removed, tail is allocated */
};

/**
 * struct adeos_region - memory that is lent
 * @kind: where its main part is from
 * @pa: where it begins
 * @size: of both parts
 * @main_size: of the main part; the rest is the tail
 * @main_va: mapping of the main part, which is not in the direct map
 * @nid: the node it goes back to
 */
struct adeos_region {
	enum region_kind kind;
	phys_addr_t pa;
	u64 size;
	u64 main_size;
	void *main_va;
	int nid;
};

/* low.c, pool.c: root only */
int adeos_low_init(void);
void adeos_low_exit(void);
int adeos_pool_init(const char *reserved);
void adeos_pool_exit(void);

/* pool.c: memory that the boot parameters kept from Linux */
phys_addr_t adeos_pool_get(u64 size, u64 min, u64 max);
void adeos_pool_put(phys_addr_t pa, u64 size);

/* ram.c: before memory is hot-removed */
int adeos_ram_prepare(u64 start, u64 size);

/* scan.c: where Linux could part with memory */
#define ADEOS_UNIT	(2UL << 20)

struct adeos_scan;

struct adeos_scan *adeos_scan_create(u64 min, u64 max);
void adeos_scan_destroy(struct adeos_scan *scan);
phys_addr_t adeos_scan_best(struct adeos_scan *scan, u64 size, u64 align);
void adeos_scan_reject(struct adeos_scan *scan, phys_addr_t pa);

#endif /* _ADEOS_LITE_H */
