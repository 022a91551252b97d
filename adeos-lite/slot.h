/* SPDX-License-Identifier: GPL-2.0-only */
/* What slot.c and watch.c share; root alone. */
#ifndef _ADEOS_SLOT_H
#define _ADEOS_SLOT_H

#include <linux/spinlock.h>

#include "adeos.h"

/**
 * struct adeos_slot - a vnode's place in the commons; under the core's lock
 * @nr: which
 * @id: of the vnode
 * @name: of the vnode
 * @apicid: its CPUs
 * @nr_cpus: how many
 * @started: its CPUs run
 * @boot: of its last start
 * @attach: the last hello that was answered
 * @life: of its nanokernel, 0 while it is no member
 * @notify: somebody who wants to hear of changes of @report
 * @data: his
 * @lock: protects @report, which is also read without the core's lock
 * @report: what is known
 * @beat: the last beat of each CPU that was seen
 * @silent: how many ticks ago that was
 * @asked: number of the last question by NMI, 0 if none
 * @freeze: the directory's @freeze while it is to stand still, else 0
 * @freeze_end: TSC from which on it is watched again, whatever @freeze says
 */
struct adeos_slot {
	u32 nr;
	u32 id;
	char name[32];
	u32 *apicid;
	unsigned int nr_cpus;
	bool started;
	u32 boot;
	u32 attach;
	u32 life;
	adeos_slot_notify notify;
	void *data;
	raw_spinlock_t lock;	/* protects report */
	struct adeos_report report;
	u32 *beat;
	u32 *silent;
	u32 asked;
	u32 freeze;
	u64 freeze_end;
};

/* slot.c */
struct adeos_slot *adeos_slot_nr(u32 nr);
u32 adeos_slot_apicid(const struct adeos_slot *slot, u32 cpu);
void adeos_slot_hung(struct adeos_slot *slot, u32 apicid, const char *text);
unsigned int adeos_hang_ms(void);

/* watch.c */
int adeos_watch_alloc(struct adeos_slot *slot, unsigned int nr_cpus);
void adeos_watch_free(struct adeos_slot *slot);
void adeos_watch_begin(struct adeos_slot *slot);

/* freeze.c */
void adeos_freeze_end(struct adeos_slot *slot);
void adeos_freeze_expire(struct adeos_slot *slot);
bool adeos_freeze_holds(const struct adeos_slot *slot);

#endif /* _ADEOS_SLOT_H */
