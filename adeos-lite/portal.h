/* SPDX-License-Identifier: GPL-2.0-only */
/* Portals: what the files of the interrupts' floor share. */
#ifndef _ADEOS_PORTAL_H
#define _ADEOS_PORTAL_H

#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "adeos.h"

/**
 * struct adeos_portal - a portal of this kernel
 * @number: its place in our station
 * @flags: ADEOS_PORTAL_*
 * @cpu: an urgent portal's CPU
 * @irq: Linux's number of its interrupt; 0 if it is urgent
 * @target: what is published in our station
 * @name: for other kernels to find it; "" for the core's portal, which is number 0
 * @label: in /proc/interrupts
 * @handler: the last stage of the pipeline
 * @data: for @handler
 * @seen: what each slot's counter was when it was last collected
 * @again: slots whose raises the pipeline has held back: they are handled again
 * @interrupts: how often it was interrupted
 * @checked: the same, when it was last checked for raises without an interrupt
 * @raises: how many raises these stood for
 * @spurious: how often there was none
 * @flood: raises of each slot in this window
 * @flood_end: of the window, in jiffies
 */
struct adeos_portal {
	u32 number;
	unsigned int flags;
	unsigned int cpu;
	unsigned int irq;
	u64 target;
	char name[32];
	char label[40];
	adeos_portal_handler handler;
	void *data;
	u32 seen[VNODE_SLOTS];
	atomic_t again;
	u64 interrupts;
	u64 checked;
	u64 raises;
	u64 spurious;
	u32 flood[VNODE_SLOTS];
	unsigned long flood_end;
};

/* ---- ipi.c ---- */

bool adeos_cpu_of_slot(u32 apicid, u32 slot);

/* ---- door.c ---- */

int adeos_raise_slot(u32 slot, u32 number);
void adeos_target_send(u64 target);
void adeos_doors_distrust(u32 slot);

/* ---- portal.c ---- */

extern struct mutex adeos_portals_lock;
extern struct adeos_portal *adeos_portals[VNODE_PORTALS];

static inline struct vnode_portal *adeos_portal_own(const struct adeos_portal *portal)
{
	return &adeos_own()->portal[portal->number];
}

struct adeos_portal *adeos_portal_nr(u32 number);
void adeos_portal_publish(struct adeos_portal *portal, u64 target);
void adeos_portal_self_raise(struct adeos_portal *portal);
u32 adeos_portal_take(struct adeos_portal *portal, u32 slot);
u32 adeos_portal_collect(struct adeos_portal *portal);
bool adeos_portal_is_pending(const struct adeos_portal *portal, u32 slots);
void adeos_portals_catch_up(u32 slot);
void adeos_portals_forget(u32 slot);

/* ---- pipeline.c ---- */

void adeos_pipeline_run(struct adeos_portal *portal, u32 from);
void adeos_pipeline_forget(struct adeos_portal *portal);

/* ---- vector.c: interrupt vectors from Linux ---- */

int adeos_vector_alloc(struct adeos_portal *portal, int cpu);
void adeos_vector_free(struct adeos_portal *portal);

/* ---- nmi.c: urgent portals ---- */

void adeos_nmi_target(struct adeos_portal *portal);

#endif /* _ADEOS_PORTAL_H */
