// SPDX-License-Identifier: GPL-2.0-only
/* Fault points: what a test build does at them. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/smp.h>

#include "fault.h"
#include "portal.h"

static unsigned int fault_at;
module_param(fault_at, uint, 0644);
MODULE_PARM_DESC(fault_at, "enum adeos_fault: this vnode kills itself there (not for root)");

void adeos_fault(enum adeos_fault at)
{
	unsigned int self = raw_smp_processor_id();
	unsigned int cpu;

	if (at != READ_ONCE(fault_at))
		return;
	local_irq_disable();
	for_each_online_cpu(cpu)
		if (cpu != self)
			adeos_ipi(per_cpu(x86_cpu_to_apicid, cpu), APIC_DM_INIT | APIC_INT_ASSERT);
	adeos_ipi(per_cpu(x86_cpu_to_apicid, self), APIC_DM_INIT | APIC_INT_ASSERT);
	for (;;)
		cpu_relax();
}
