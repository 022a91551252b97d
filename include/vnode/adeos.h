/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel API of adeos-lite, the nanokernel: what the KMB (and later the
 * drivers) may ask it for. In root it lends memory; in a vnode it attaches to
 * root and lends nothing (-EPERM).
 */
#ifndef _VNODE_ADEOS_H
#define _VNODE_ADEOS_H

#include <linux/types.h>

struct adeos_region;

struct adeos_region *adeos_region_create(u64 size, u64 min, u64 max);
void adeos_region_destroy(struct adeos_region *region);
phys_addr_t adeos_region_pa(const struct adeos_region *region);
u64 adeos_region_size(const struct adeos_region *region);
u64 adeos_region_offlined(const struct adeos_region *region);
int adeos_region_zero(struct adeos_region *region, u64 offset, u64 size);
int adeos_region_write(struct adeos_region *region, u64 offset, const void __user *buf, u64 size);
int adeos_region_read(struct adeos_region *region, u64 offset, void *buf, u64 size);
int adeos_region_read_user(struct adeos_region *region, u64 offset, void __user *buf, u64 size);
u64 adeos_memory_available(void);

void *adeos_low_get(size_t size, phys_addr_t min, phys_addr_t *pa);
void adeos_low_put(void *va, size_t size);

#endif /* _VNODE_ADEOS_H */
