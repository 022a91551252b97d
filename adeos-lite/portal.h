/* SPDX-License-Identifier: GPL-2.0-only */
/* What portal.c, nmi.c, vector.c and pipeline.c share. */
#ifndef _ADEOS_PORTAL_H
#define _ADEOS_PORTAL_H

#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/types.h>

#include "adeos.h"

/**
 * struct adeos_portal - a portal of ours
 * @number: its place in our station
 * @flags: ADEOS_PORTAL_*
 * @cpu: an urgent portal's CPU
 * @irq: Linux's number of its interrupt; 0 if it is urgent
 * @name: for others to find it; "" for the core portal, which is number 0
 * @label: in /proc/interrupts
 * @handler: the last stage of the pipeline
 * @data: its
 * @seen: what each slot's counter was when it was last collected
 * @again: slots whose raises are to be handled once more
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

/* portal.c */
struct adeos_portal *adeos_portal_nr(u32 number);
bool adeos_portal_is_pending(const struct adeos_portal *portal, u32 slots);
u32 adeos_portal_collect(struct adeos_portal *portal);
void adeos_portal_publish(struct adeos_portal *portal, u64 target);
int adeos_raise_slot(u32 slot, u32 number);
void adeos_portals_distrust(u32 slot);
void adeos_portals_member(u32 slot);
void adeos_portals_tick(void);
void adeos_portals_cpu_down(unsigned int cpu);
void adeos_portal_self_raise(struct adeos_portal *portal);

/* vector.c: interrupt vectors from Linux */
int adeos_vectors_init(void);
void adeos_vectors_exit(void);
int adeos_vector_alloc(struct adeos_portal *portal, int cpu);
void adeos_vector_free(struct adeos_portal *portal);

/* nmi.c: urgent portals, root's questions by NMI */
int adeos_nmi_init(void);
void adeos_nmi_exit(void);
void adeos_nmi_target(struct adeos_portal *portal);

/* pipeline.c */
void adeos_pipeline_run(struct adeos_portal *portal, u32 from);
void adeos_pipeline_forget(struct adeos_portal *portal);

/* ipi.c */
bool adeos_cpu_of_slot(u32 apicid, u32 slot);

#endif /* _ADEOS_PORTAL_H */
