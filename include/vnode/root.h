/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root's authority, for the KMB: what root's nanokernel knows of each vnode, and what it
 * takes from Linux. In root alone.
 *
 *	slots		a vnode's place in the commons, and what its nanokernel has told
 *	regions		contiguous memory
 *	low memory	below 640 KiB
 */
#ifndef _VNODE_ROOT_H
#define _VNODE_ROOT_H

#include <linux/types.h>
#include <vnode/commons.h>

/* ---- regions: root/region.c, root/access.c ---- */

enum adeos_region_kind {
	ADEOS_REGION_POOL,	/* main is from the pool, no tail */
	ADEOS_REGION_LINUX,	/* main is hot-removed, tail is allocated */
};

/**
 * struct adeos_region - memory that is lent
 * @kind: where its main part is from
 * @pa: where it begins
 * @size: of both parts
 * @main_size: of the main part, which is not in root's direct map; the rest is the tail
 * @main_va: mapping of the main part
 * @nid: the node it goes back to
 */
struct adeos_region {
	enum adeos_region_kind kind;
	phys_addr_t pa;
	u64 size;
	u64 main_size;
	void *main_va;
	int nid;
};

struct adeos_region *adeos_region_create(u64 size, u64 min, u64 max, bool paged);
void adeos_region_destroy(struct adeos_region *region);
int adeos_region_zero(struct adeos_region *region, u64 offset, u64 size);
int adeos_region_write(struct adeos_region *region, u64 offset, const void __user *buf, u64 size);
int adeos_region_put(struct adeos_region *region, u64 offset, const void *buf, u64 size);
int adeos_region_read(struct adeos_region *region, u64 offset, void *buf, u64 size);
int adeos_copy_user(void *to, const void __user *from, u64 size);
u64 adeos_memory_available(void);

/* ---- low memory: root/low.c ---- */

void *adeos_low_get(size_t size, phys_addr_t min, phys_addr_t *pa);
void adeos_low_put(void *va, size_t size);

/* ---- slots: root/slot.c ---- */

/**
 * struct adeos_cpu - a CPU
 * @cpu: Linux's number in root
 * @apicid: its APIC id
 */
struct adeos_cpu {
	u32 cpu;
	u32 apicid;
};

#define ADEOS_NO_CPU	(~0U)
#define ADEOS_END_HUNG	VNODE_NR_ENDS	/* no enum vnode_end_reason: a CPU is silent */

struct adeos_watch;

/**
 * struct adeos_slot - a vnode, as root's nanokernel has it from GRANT to RETURN
 *
 * The KMB fills these before adeos_slot_open():
 * @id: of the vnode
 * @name: of the vnode
 * @told: called when one of the last group has changed. Context: any, must not sleep
 *
 * and these before adeos_slot_lend():
 * @cpu: its CPUs
 * @nr_cpus: how many
 * @region: its memory
 *
 * Root's nanokernel has these, under the core's lock:
 * @nr: its place in the commons
 * @started: its CPUs run
 * @boot: number of its last start
 * @attach: number of the last hello that was answered
 * @life: of its nanokernel, 0 while that is no member
 * @watch: of each CPU, its last beat
 * @asked: number of the last question by NMI, 0 if there is none
 * @freeze: the directory's @freeze while the vnode is to stand still, else 0
 * @freeze_end: TSC from which on the CPUs have to beat again
 *
 * What its nanokernel has told since the last start. Readers need no lock: @attach_tsc
 * is written after @release, and @end after all that follows it; both once:
 * @release: its kernel's release
 * @attach_tsc: TSC when it became a member for the first time; 0: never
 * @refused: the protocol that it speaks, if it was refused for that, else 0
 * @oopses: of its kernel
 * @end: enum vnode_end_reason, or ADEOS_END_HUNG; 0 while it has not ended
 * @begin_tsc: TSC when its nanokernel was told of the end, by its own word
 * @end_tsc: TSC when root read of it, or found it hung
 * @end_cpu: index in @cpu of the CPU that has to do with it, or ADEOS_NO_CPU
 * @end_text: one line, printable
 */
struct adeos_slot {
	u32 id;
	char name[32];
	void (*told)(struct adeos_slot *slot);

	struct adeos_cpu *cpu;
	unsigned int nr_cpus;
	struct adeos_region *region;

	u32 nr;
	bool started;
	u32 boot;
	u32 attach;
	u32 life;
	struct adeos_watch *watch;
	u32 asked;
	u32 freeze;
	u64 freeze_end;

	char release[64];
	u64 attach_tsc;
	u32 refused;
	u32 oopses;
	u32 end;
	u64 begin_tsc;
	u64 end_tsc;
	u32 end_cpu;
	char end_text[VNODE_END_TEXT];
};

int adeos_slot_open(struct adeos_slot *slot);
int adeos_slot_lend(struct adeos_slot *slot);
void adeos_slot_close(struct adeos_slot *slot);
int adeos_slot_start(struct adeos_slot *slot, u64 control_offset);
void adeos_slot_withdraw(struct adeos_slot *slot);
void adeos_slot_stop(struct adeos_slot *slot);
void adeos_slot_wait_silent(struct adeos_slot *slot, unsigned int ms);
unsigned int adeos_slot_log(struct adeos_slot *slot, char *buf, unsigned int size);

/* ---- root/freeze.c ---- */

int adeos_slot_freeze(struct adeos_slot *slot);
int adeos_slot_thaw(struct adeos_slot *slot);
int adeos_slot_regs(struct adeos_slot *slot, u32 cpu, struct vnode_cpu_regs *regs);

#endif /* _VNODE_ROOT_H */
