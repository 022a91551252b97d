// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts to CPUs of other kernels, by their APIC ids. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <asm/apic.h>

#include "portal.h"

static void icr_wait(void)
{
	/* an xAPIC may still be busy with the last one; an x2APIC never is */
	if (!x2apic_mode)
		while (apic->read(APIC_ICR) & APIC_ICR_BUSY)
			cpu_relax();
}

/**
 * adeos_ipi - write the interrupt command register
 * @apicid: physical destination
 * @command: its low half (Intel SDM volume 3, "Interrupt Command Register")
 *
 * Context: any but NMI, which could come between the two halves of an xAPIC's.
 */
void adeos_ipi(u32 apicid, u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	/*
	 * What this CPU wrote must be there before the other one looks. Before an x2APIC's
	 * WRMSR that takes both fences (Intel SDM volume 3, "WRMSR in x2APIC Mode").
	 */
	mb();
	/* the second one: LFENCE */
	rmb();
	icr_wait();
	apic->icr_write(command, apicid);
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(adeos_ipi);

/* A CPU that is in no list is root's. An xAPIC would send to another one than a long id says. */
bool adeos_cpu_of_slot(u32 apicid, u32 slot)
{
	const struct vnode_lent_cpu *lent = adeos_directory()->lent;
	unsigned int i;

	/* the last id of each mode means all CPUs */
	if (apicid >= (x2apic_mode ? U32_MAX : 0xff))
		return false;
	for (i = 0; i < VNODE_BEATS; i++) {
		/* pairs with lent_write() in root/slot.c */
		u32 owner = le32_to_cpu(smp_load_acquire(&lent[i].slot));

		if (owner && le32_to_cpu(READ_ONCE(lent[i].apicid)) == apicid)
			return owner == slot;
	}
	return !slot;
}
