/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share; include/vnode/adeos.h is for drivers. Kbuild
 * lists the floors: a file calls its own floor and lower ones. What must go up is in
 * struct adeos_part.
 */
#ifndef _ADEOS_LITE_H
#define _ADEOS_LITE_H

#include <linux/kobject.h>
#include <linux/types.h>
#include <vnode/adeos.h>

struct pt_regs;

/* ---- commons.c ---- */

/**
 * struct adeos_commons - where everything shared is, in this kernel
 * @va: mapping of the commons, cached
 * @pa: physical address
 * @size: bytes
 * @paged: they are this kernel's memory, with struct pages and in its direct map
 * @slot: of this kernel; 0 is root
 * @id: of this vnode; 0 is root
 * @boot: struct vnode_control's @boot
 * @directory: what root says: in a vnode the directory in the commons, in root its own
 *	memory, where no other kernel can write
 * @name: of this vnode
 */
struct adeos_commons {
	void *va;
	phys_addr_t pa;
	u64 size;
	bool paged;
	u32 slot;
	u32 id;
	u32 boot;
	const struct vnode_directory *directory;
	char name[32];
};

extern struct adeos_commons commons;	/* constant while the parts are up */

void adeos_station_clear(struct vnode_station *station);
int adeos_name_check(const char *name, size_t size);

/* Another kernel's is hostile: READ_ONCE, check, use. */
static inline struct vnode_station *adeos_station(u32 slot)
{
	return commons.va + slot * VNODE_STATION_SIZE;
}

/* What this kernel alone writes. */
static inline struct vnode_station *adeos_own(void)
{
	return adeos_station(commons.slot);
}

static inline const struct vnode_directory *adeos_directory(void)
{
	return commons.directory;
}

/* ---- count.c ---- */

enum adeos_counter {
	ADEOS_RAISED,
	ADEOS_FOREIGN,		/* raised by a kernel that may not */
	ADEOS_FLOODS,
	ADEOS_LATE,		/* found without an interrupt */
	ADEOS_SENT,
	ADEOS_RECEIVED,
	ADEOS_BAD,
	ADEOS_CLOCK_STEPS,
	ADEOS_COUNTERS
};

extern const struct kobj_attribute adeos_counters_attr;

void adeos_count(enum adeos_counter counter);

/* ---- clock.c ---- */

/* A moment, by both clocks. */
struct adeos_reading {
	u64 tsc;
	s64 real_ns;
};

u64 adeos_tsc_to_ns(u64 cycles);
bool adeos_clock_read(struct adeos_reading *now);

/* ---- part.c ---- */

/**
 * struct adeos_part - a part of the nanokernel; every member may be NULL
 * @init: return 0 or a negative errno
 * @exit: undoes @init
 * @update: another kernel may have written something; under the core's lock
 * @tick: every VNODE_BEAT_MS, after @update; under the core's lock
 * @joined: a kernel has become a member; under the core's lock
 * @left: a member is gone; under the core's lock
 * @nmi: return: was the NMI about this? Context: NMI
 * @attr: a file in /sys/kernel/adeos
 */
struct adeos_part {
	int (*init)(void);
	void (*exit)(void);
	void (*update)(void);
	void (*tick)(void);
	void (*joined)(const struct adeos_member *member);
	void (*left)(const struct adeos_member *member);
	bool (*nmi)(struct pt_regs *regs);
	const struct kobj_attribute *attr;
};

void adeos_parts_add(const struct adeos_part *const *list, unsigned int nr);
int adeos_parts_start(void);
void adeos_parts_stop(void);
const struct adeos_part *adeos_part_up(unsigned int i);
const struct adeos_part *adeos_part_nr(unsigned int i);

void adeos_core_enter(void);		/* no part is updated meanwhile */
void adeos_core_leave(void);

/*
 * ---- peer.c ----
 *
 * Which kernels are attached, as this kernel has last read it. adeos_life() is 0 for
 * an empty slot.
 */

u32 adeos_life(u32 slot);
u32 adeos_live(void);			/* a bit for each slot with a life */
u32 adeos_id(u32 slot);			/* of the vnode in there, if there is a life */
u32 adeos_own_life(void);
void adeos_own_life_set(u32 life);
int adeos_member_slot(u32 slot, struct adeos_member *member);
void adeos_peer_set(const struct adeos_member *peer);

/* ---- core.c, member.c ---- */

void adeos_knock(u32 slots);		/* a bit for each slot; any context but NMI */
void adeos_kick(void);			/* the same for this kernel alone */
void adeos_members_update(void);

/* ---- bridge.c ---- */

extern const struct kobj_attribute adeos_bridges_attr;

ssize_t adeos_bridges_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf);

/* ---- window.c ---- */

void adeos_windows_end(u32 slot);

/* ---- the parts that are the same in every kernel ---- */

extern const struct adeos_part adeos_vector_part, adeos_nmi_part, adeos_portal_part,
	adeos_core_part, adeos_member_part, adeos_dsp_part, adeos_bridge_part,
	adeos_bridge_dev_part, adeos_state_part;

#endif /* _ADEOS_LITE_H */
