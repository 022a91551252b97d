// SPDX-License-Identifier: GPL-2.0-only
/*
 * NMIs arrive although interrupts are off: urgent portals, and what parts expect (in a
 * vnode root's questions).
 */
#include <linux/cpuhotplug.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
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
static int nmi_state;

static bool portals_handle(unsigned int cpu)
{
	struct adeos_portal *portal;
	bool any = false;
	u32 i, from;

	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (!portal || !(portal->flags & ADEOS_PORTAL_URGENT) || portal->cpu != cpu)
			continue;
		/* ours, also if the raising kernel is unknown, or has no access */
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
	const struct adeos_part *part;
	unsigned int i;

	/* one NMI may stand for all of them */
	for (i = 0; (part = adeos_part_up(i)); i++)
		if (part->nmi)
			ours |= part->nmi(regs);
	if (ours) {
		this_cpu_write(nmi_last, rdtsc());
		return NMI_HANDLED;
	}
	ours = rdtsc() - this_cpu_read(nmi_last) < (u64)tsc_khz * NMI_LATE_MS;
	return ours ? NMI_HANDLED : NMI_DONE;
}

/* Linux warns of handlers that take longer than this; a frozen CPU does. */
static struct nmiaction nmi_action = {
	.list = LIST_HEAD_INIT(nmi_action.list),
	.handler = nmi_handle,
	.max_duration = U64_MAX,
	.name = "adeos",
};

/* Say where an urgent portal is raised. */
void adeos_nmi_target(struct adeos_portal *portal)
{
	u64 apicid = per_cpu(x86_cpu_to_apicid, portal->cpu);

	adeos_portal_publish(portal, apicid << 32 | VNODE_TARGET_URGENT);
}

/* @cpu goes offline: its urgent portals move to another one. */
static int nmi_cpu_down(unsigned int cpu)
{
	struct adeos_portal *portal;
	u32 i;

	mutex_lock(&adeos_portals_lock);
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = adeos_portals[i];
		if (!portal || !(portal->flags & ADEOS_PORTAL_URGENT) || portal->cpu != cpu)
			continue;
		portal->cpu = cpumask_any_but(cpu_online_mask, cpu);
		adeos_nmi_target(portal);
		adeos_portal_self_raise(portal);
	}
	mutex_unlock(&adeos_portals_lock);
	return 0;
}

static int urgent_init(void)
{
	int err;

	nmi_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "adeos:urgent", NULL,
					      nmi_cpu_down);
	if (nmi_state < 0)
		return nmi_state;
	err = __register_nmi_handler(NMI_LOCAL, &nmi_action);
	if (err)
		cpuhp_remove_state_nocalls(nmi_state);
	return err;
}

static void urgent_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "adeos");
	cpuhp_remove_state_nocalls(nmi_state);
}

const struct adeos_part adeos_nmi_part = {
	.init = urgent_init,
	.exit = urgent_exit,
};
