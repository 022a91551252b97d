// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes by NMI, so that it arrives although interrupts are off: urgent
 * portals, root's question where a silent CPU is, and its wish to have one frozen.
 */
#include <linux/cpuhotplug.h>
#include <linux/kallsyms.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
#include <linux/vnode.h>
#include <asm/nmi.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#include "portal.h"

/*
 * Two NMIs may find only one raise, or the other way round: for so long after a
 * raise an NMI without one is taken for ours.
 */
#define NMI_LATE_MS	100

static DEFINE_PER_CPU(u64, nmi_last);
static DEFINE_PER_CPU(u32, nmi_probe);
static int nmi_state;

/* Answers once to each question that names this CPU. */
static bool probe_answer(struct pt_regs *regs)
{
	const struct vnode_member *self = &adeos_directory()->member[commons.slot];
	/* pairs with watch_ask() in watch.c */
	u32 asked = le32_to_cpu(smp_load_acquire(&self->probe));
	u32 apicid = le32_to_cpu(READ_ONCE(self->probe_apicid));
	unsigned int cpu = raw_smp_processor_id();
	struct vnode_probe *probe = &adeos_own()->probe;

	if (asked == this_cpu_read(nmi_probe) || apicid != per_cpu(x86_cpu_to_apicid, cpu))
		return false;
	this_cpu_write(nmi_probe, asked);
	probe->cpu = cpu_to_le32(cpu);
	snprintf(probe->text, sizeof(probe->text), "interrupts %s at %pS",
		 regs->flags & X86_EFLAGS_IF ? "on" : "off", (void *)regs->ip);
	adeos_regs_save(VNODE_REGS_SILENT, regs);
	adeos_end_keep_log();
	/* pairs with probe_read() in watch.c */
	smp_store_release(&probe->asked, cpu_to_le32(asked));
	return true;
}

static bool portals_handle(unsigned int cpu)
{
	struct adeos_portal *portal;
	bool any = false;
	u32 i, from;

	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (!portal || !(portal->flags & ADEOS_PORTAL_URGENT) || portal->cpu != cpu)
			continue;
		/* ours, also if we do not know who it is, or it may not */
		any |= adeos_portal_is_pending(portal, ~0U);
		from = adeos_portal_collect(portal);
		if (from)
			portal->handler(portal->data, from);
	}
	return any;
}

static int nmi_handle(unsigned int type, struct pt_regs *regs)
{
	bool ours = portals_handle(raw_smp_processor_id());

	/* one NMI may stand for all of them */
	if (!adeos_is_root()) {
		ours |= probe_answer(regs);
		ours |= adeos_regs_freeze(regs);
	}
	if (ours) {
		this_cpu_write(nmi_last, rdtsc());
		return NMI_HANDLED;
	}
	ours = rdtsc() - this_cpu_read(nmi_last) < (u64)tsc_khz * NMI_LATE_MS;
	return ours ? NMI_HANDLED : NMI_DONE;
}

/* Linux complains of handlers that take longer than this: who is frozen does. */
static struct nmiaction nmi_action = {
	.list = LIST_HEAD_INIT(nmi_action.list),
	.handler = nmi_handle,
	.max_duration = U64_MAX,
	.name = "adeos",
};

/* Publishes where an urgent portal is to be raised. */
void adeos_nmi_target(struct adeos_portal *portal)
{
	u64 apicid = per_cpu(x86_cpu_to_apicid, portal->cpu);

	adeos_portal_publish(portal, apicid << 32 | VNODE_TARGET_URGENT);
}

/* On the CPU itself, before it beats: root has asked it nothing yet. */
static int nmi_cpu_up(unsigned int cpu)
{
	const struct vnode_member *self = &adeos_directory()->member[commons.slot];

	this_cpu_write(nmi_probe, le32_to_cpu(READ_ONCE(self->probe)));
	adeos_regs_online();
	return 0;
}

static int nmi_cpu_down(unsigned int cpu)
{
	adeos_portals_cpu_down(cpu);
	return 0;
}

int adeos_nmi_init(void)
{
	int err;

	nmi_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "adeos:urgent", nmi_cpu_up,
				      nmi_cpu_down);
	if (nmi_state < 0)
		return nmi_state;
	/* knows by now what is old */
	err = __register_nmi_handler(NMI_LOCAL, &nmi_action);
	if (err)
		cpuhp_remove_state_nocalls(nmi_state);
	return err;
}

void adeos_nmi_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "adeos");
	cpuhp_remove_state_nocalls(nmi_state);
}
