/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share; include/vnode/adeos.h is for the others. */
#ifndef _ADEOS_LITE_H
#define _ADEOS_LITE_H

#include <linux/types.h>
#include <vnode/adeos.h>

/*
 * commons.c: the shared memory. A vnode finds it (adeos_attach() returns 1), root
 * makes it.
 */

/**
 * struct adeos_commons - where everything shared is, here
 * @va: mapping of the commons, cached
 * @pa: physical address
 * @size: bytes
 * @slot: of this kernel; 0 is root
 * @id: of this vnode; 0 is root
 * @boot: struct vnode_control's @boot
 * @name: of this vnode
 */
struct adeos_commons {
	void *va;
	phys_addr_t pa;
	u64 size;
	u32 slot;
	u32 id;
	u32 boot;
	char name[32];
};

extern struct adeos_commons commons;	/* constant while the module runs */

int adeos_attach(void);
void adeos_detach(void);
int adeos_commons_create(unsigned long size);
void adeos_commons_destroy(void);
void adeos_station_clear(struct vnode_station *station);
void adeos_hello(void);
void adeos_goodbye(void);
u32 adeos_attachments(void);

static inline bool adeos_is_root(void)
{
	return !commons.slot;
}

/* Another kernel's is hostile: READ_ONCE, check, use. */
static inline struct vnode_station *adeos_station(u32 slot)
{
	return commons.va + slot * VNODE_STATION_SIZE;
}

/* Ours: what we alone write. */
static inline struct vnode_station *adeos_own(void)
{
	return adeos_station(commons.slot);
}

static inline struct vnode_directory *adeos_directory(void)
{
	return commons.va + VNODE_DIRECTORY;
}

/*
 * member.c: who is attached, as this kernel has last read it. adeos_life() is 0 for
 * a slot that is empty.
 */
int adeos_members_init(void);
void adeos_members_exit(void);
void adeos_members_update(void);	/* worker: reads the directory, tells who is interested */
u32 adeos_life(u32 slot);
u32 adeos_live(void);			/* a bit for each slot with a life */
u32 adeos_own_life(void);
u32 adeos_id(u32 slot);			/* of the vnode in there, if there is a life */
int adeos_member_slot(u32 slot, struct adeos_member *member);
int adeos_members_admitted(unsigned int timeout_ms);
ssize_t adeos_members_show(char *buf);

/* slot.c, watch.c: root alone, under the core's lock */
void adeos_slots_update(void);
void adeos_watch_tick(void);

/* portal.c */
bool adeos_slot_is_quiet(u32 slot, u32 number);
ssize_t adeos_portals_show(char *buf);

/* pulse.c, clock.c, end.c */
int adeos_pulse_init(void);
void adeos_pulse_exit(void);
void adeos_clock_tick(void);
ssize_t adeos_clock_show(char *buf);
int adeos_end_init(void);
void adeos_end_exit(void);
void adeos_end_keep_log(void);
void adeos_end_tick(void);

/* regs.c: a vnode's CPUs, for root */
struct pt_regs;

void adeos_regs_save(u32 kind, const struct pt_regs *regs);
void adeos_regs_panic(void);
void adeos_regs_online(void);
bool adeos_regs_freeze(const struct pt_regs *regs);

/* text.c */
int adeos_name_check(const char *name, size_t size);
void adeos_text_line(char *to, const char *from, size_t size);
void adeos_text_lines(char *text, size_t len);

/* state.c: /sys/kernel/adeos */
enum adeos_counter {
	ADEOS_RAISED,
	ADEOS_FOREIGN,		/* raised by those who may not */
	ADEOS_FLOODS,
	ADEOS_LATE,		/* found without an interrupt */
	ADEOS_SENT,
	ADEOS_RECEIVED,
	ADEOS_BAD,
	ADEOS_CLOCK_STEPS,
	ADEOS_COUNTERS
};

int adeos_state_init(void);
void adeos_state_exit(void);
void adeos_count(enum adeos_counter counter);

/*
 * core.c: the portal that every kernel has, and the worker behind it. Whoever
 * wrote something for others knocks at their slots; they then look at everything.
 */
int adeos_core_init(void);
void adeos_core_exit(void);
void adeos_core_enter(void);		/* no worker looks at anything meanwhile */
void adeos_core_leave(void);
void adeos_knock(u32 slots);		/* a bit for each slot; any context but NMI */
void adeos_kick(void);			/* the same for ourselves */

/* dsp.c */
int adeos_dsp_init(void);
void adeos_dsp_exit(void);
bool adeos_dsp_pending(void);		/* without a lock: is there a message? */
void adeos_dsp_update(void);		/* worker: reads all rings */
void adeos_dsp_restart(const struct adeos_member *peer);	/* worker: its life is another */

/* bridge.c, bridge-dev.c */
int adeos_bridge_init(void);
void adeos_bridge_exit(void);
void adeos_bridge_update(void);		/* worker: bells, moves, revocations */
void adeos_bridge_left(u32 slot, u32 life);	/* worker, root: revokes and frees */
ssize_t adeos_bridge_show(char *buf);

/* region.c: what a region is, for access.c and window.c */
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

/* window.c: root only */
void adeos_ram_begin(void);
void adeos_ram_lend(u32 nr, const struct adeos_region *region);	/* under the core's lock */
void adeos_ram_return(u32 nr);					/* the same */
void adeos_windows_end(u32 nr);

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
