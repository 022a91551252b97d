// SPDX-License-Identifier: GPL-2.0-only
/*
 * What root asks a vnode's CPUs by NMI: where a silent CPU is, and to stand still while
 * root has the vnode frozen.
 */
#include <linux/cpuhotplug.h>
#include <linux/kernel.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/vnode.h>
#include <asm/ptrace.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#include "vnode.h"

/* The last question and the last freeze that this CPU has seen. */
static DEFINE_PER_CPU(u32, probe_seen);
static DEFINE_PER_CPU(u32, freeze_seen);
static int probe_state;

static const struct vnode_member *probe_self(void)
{
	return &adeos_directory()->member[commons.slot];
}

/* Answer once to each question that names this CPU. */
static bool probe_answer(struct pt_regs *regs)
{
	const struct vnode_member *self = probe_self();
	/* pairs with watch_ask() in root/watch.c */
	u32 asked = le32_to_cpu(smp_load_acquire(&self->probe));
	u32 apicid = le32_to_cpu(READ_ONCE(self->probe_apicid));
	unsigned int cpu = raw_smp_processor_id();
	struct vnode_probe *probe = &adeos_own()->probe;

	if (asked == this_cpu_read(probe_seen) || apicid != per_cpu(x86_cpu_to_apicid, cpu))
		return false;
	this_cpu_write(probe_seen, asked);
	probe->cpu = cpu_to_le32(cpu);
	snprintf(probe->text, sizeof(probe->text), "interrupts %s at %pS",
		 regs->flags & X86_EFLAGS_IF ? "on" : "off", (void *)regs->ip);
	adeos_regs_save(VNODE_REGS_SILENT, regs);
	adeos_log_keep();
	/* pairs with watch_verdict() in root/watch.c */
	smp_store_release(&probe->asked, cpu_to_le32(asked));
	return true;
}

static void stand_still(const struct vnode_member *self, u32 freeze, struct vnode_cpu_regs *own)
{
	u64 begin = rdtsc(), limit = (u64)tsc_khz * VNODE_FREEZE_MS;

	/* pairs with freeze_is_complete() in root/freeze.c */
	smp_store_release(&own->frozen, cpu_to_le32(freeze));
	while (le32_to_cpu(READ_ONCE(self->freeze)) == freeze && rdtsc() - begin < limit)
		cpu_relax();
	WRITE_ONCE(own->kind, 0);
	WRITE_ONCE(own->frozen, 0);
	touch_nmi_watchdog();
}

/* Return: may the NMI have been about this? */
static bool freeze_obey(const struct pt_regs *regs)
{
	const struct vnode_member *self = probe_self();
	/* pairs with freeze_begin() in root/freeze.c */
	u32 freeze = le32_to_cpu(smp_load_acquire(&self->freeze));
	u32 seen = this_cpu_read(freeze_seen);
	unsigned int cpu = raw_smp_processor_id();

	if (freeze == seen)
		return false;
	this_cpu_write(freeze_seen, freeze);
	/* even: the freeze is over, and this CPU took its NMI before, or takes it late now */
	if (!(freeze & 1))
		return freeze != seen + 1;
	if (cpu >= VNODE_REGS)
		return true;
	adeos_regs_save(VNODE_REGS_FROZEN, regs);
	stand_still(self, freeze, &adeos_own()->regs[cpu]);
	return true;
}

static bool probe_nmi(struct pt_regs *regs)
{
	bool asked = probe_answer(regs);

	/* one NMI may stand for both */
	return freeze_obey(regs) || asked;
}

/* On the CPU itself, before it beats: root has asked it nothing yet. */
static int probe_online(unsigned int cpu)
{
	this_cpu_write(probe_seen, le32_to_cpu(READ_ONCE(probe_self()->probe)));
	this_cpu_write(freeze_seen, le32_to_cpu(READ_ONCE(probe_self()->freeze)));
	return 0;
}

static int probe_init(void)
{
	probe_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "adeos:probe", probe_online, NULL);
	return min(probe_state, 0);
}

static void probe_exit(void)
{
	cpuhp_remove_state(probe_state);
	/* NMIs that are under way */
	synchronize_rcu();
}

const struct adeos_part adeos_probe_part = {
	.init = probe_init,
	.exit = probe_exit,
	.nmi = probe_nmi,
};
