// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root freezes a vnode: each of its CPUs gets an NMI, writes that it stands still, and
 * does so until the thaw, or until VNODE_FREEZE_MS are over by its own clock.
 *
 * NMIs are sent only to a vnode that is attached, to those of its CPUs that beat or have
 * beaten, and only while at least one of them beats: a CPU without an IDT, or one that
 * waits for a SIPI, may reset the machine when it gets one.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/vnode.h>
#include <asm/apic.h>
#include <asm/tsc.h>

#include "watch.h"

/* How long a CPU may take to be frozen. */
#define FREEZE_WAIT_MS	1000
/* No CPU beats for so long: more than one beat is late. */
#define BEAT_WAIT_MS	(5 * VNODE_BEAT_MS)
/* Until the CPUs beat again, after the freeze is over. */
#define FREEZE_GRACE_MS	(5 * VNODE_BEAT_MS)

static u32 freeze_beat(const struct adeos_slot *slot, u32 cpu)
{
	return le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat[cpu]));
}

/* Is it online in the vnode, and one of the vnode's own? */
static bool freeze_concerns(const struct adeos_slot *slot, u32 cpu)
{
	return freeze_beat(slot, cpu) && adeos_slot_cpu(slot, cpu) != ADEOS_NO_CPU;
}

static bool freeze_is_complete(const struct adeos_slot *slot, u32 freeze)
{
	const struct vnode_cpu_regs *regs = adeos_station(slot->nr)->regs;
	u32 cpu;

	for (cpu = 0; cpu < slot->nr_cpus; cpu++) {
		/* pairs with stand_still() in vnode/probe.c */
		u32 frozen = le32_to_cpu(smp_load_acquire(&regs[cpu].frozen));

		if (frozen != freeze && freeze_concerns(slot, cpu))
			return false;
	}
	return true;
}

static bool freeze_wait_beat(const struct adeos_slot *slot)
{
	unsigned long end = jiffies + msecs_to_jiffies(BEAT_WAIT_MS);
	u32 before[VNODE_REGS], cpu;

	for (cpu = 0; cpu < slot->nr_cpus; cpu++)
		before[cpu] = freeze_beat(slot, cpu);
	do {
		usleep_range(1000, 5000);
		for (cpu = 0; cpu < slot->nr_cpus; cpu++)
			if (freeze_concerns(slot, cpu) && freeze_beat(slot, cpu) != before[cpu])
				return true;
	} while (time_before(jiffies, end));
	return false;
}

/* A freeze whose time is over does not keep out the next one. */
static bool freeze_is_on(const struct adeos_slot *slot)
{
	return slot->freeze && adeos_freeze_holds(slot);
}

static int freeze_begin(struct adeos_slot *slot)
{
	struct vnode_member *member = &root_directory.member[slot->nr];
	u32 nr, cpu;

	if (freeze_is_on(slot))
		return -EBUSY;
	if (!slot->started || !slot->life || slot->end)
		return -ENOTCONN;
	slot->freeze = (le32_to_cpu(member->freeze) + 1) | 1;
	slot->freeze_end = rdtsc() + (u64)tsc_khz * (VNODE_FREEZE_MS + FREEZE_GRACE_MS);
	/* pairs with freeze_obey() in vnode/probe.c */
	smp_wmb();
	adeos_show(&member->freeze, cpu_to_le32(slot->freeze));
	for (nr = 0; nr < slot->nr_cpus; nr++) {
		cpu = freeze_beat(slot, nr) ? adeos_slot_cpu(slot, nr) : ADEOS_NO_CPU;
		if (cpu != ADEOS_NO_CPU)
			adeos_ipi(slot->cpu[cpu].apicid, APIC_DM_NMI);
	}
	return 0;
}

/* Under the core's lock. */
void adeos_freeze_end(struct adeos_slot *slot)
{
	struct vnode_member *member = &root_directory.member[slot->nr];

	if (!slot->freeze)
		return;
	adeos_show(&member->freeze, cpu_to_le32(slot->freeze + 1));
	slot->freeze = 0;
	slot->freeze_end = rdtsc() + (u64)tsc_khz * FREEZE_GRACE_MS;
}

/* Need the CPUs not beat? */
bool adeos_freeze_holds(const struct adeos_slot *slot)
{
	return rdtsc() < slot->freeze_end;
}

/**
 * adeos_slot_freeze - have a vnode stand still
 * @slot: the slot; it is neither started nor stopped meanwhile
 *
 * Context: process; may sleep for 1.5 s. Return: 0, then adeos_slot_thaw() or
 * adeos_slot_stop() has to follow; -EBUSY (it is frozen), -ENOTCONN (its nanokernel is
 * not attached), -EHOSTDOWN (no CPU of it beats), -EOPNOTSUPP (more than VNODE_REGS
 * CPUs), -ETIMEDOUT (not all of its CPUs stood still in time: it goes on).
 */
int adeos_slot_freeze(struct adeos_slot *slot)
{
	unsigned long end;
	u32 freeze;
	int err;

	if (slot->nr_cpus > VNODE_REGS)
		return -EOPNOTSUPP;
	if (!freeze_is_on(slot) && slot->life && !freeze_wait_beat(slot))
		return -EHOSTDOWN;
	adeos_core_enter();
	err = freeze_begin(slot);
	freeze = slot->freeze;
	adeos_core_leave();
	if (err)
		return err;
	end = jiffies + msecs_to_jiffies(FREEZE_WAIT_MS);
	while (!freeze_is_complete(slot, freeze)) {
		if (time_after(jiffies, end)) {
			adeos_slot_thaw(slot);
			return -ETIMEDOUT;
		}
		usleep_range(100, 500);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_slot_freeze);

/**
 * adeos_slot_thaw - let a vnode go on
 * @slot: the slot
 *
 * Context: process. Return: 0; -ETIME (it had not stood still until now).
 */
int adeos_slot_thaw(struct adeos_slot *slot)
{
	bool held;

	adeos_core_enter();
	held = slot->freeze && freeze_is_complete(slot, slot->freeze);
	adeos_freeze_end(slot);
	adeos_core_leave();
	return held ? 0 : -ETIME;
}
EXPORT_SYMBOL_GPL(adeos_slot_thaw);

/* A CPU's registers from a silence say nothing, unless the vnode has ended by it. */
static bool regs_are_silent(const struct adeos_slot *slot, u32 nr)
{
	/* pairs with adeos_slot_ended() */
	return smp_load_acquire(&slot->end) == ADEOS_END_HUNG &&
	       slot->end_cpu != ADEOS_NO_CPU && slot->end_cpu == adeos_slot_cpu(slot, nr);
}

/**
 * adeos_slot_regs - the registers that a vnode has left
 * @slot: the slot
 * @cpu: as the vnode numbers it
 * @regs: filled; any content
 *
 * Return: 0, -EINVAL (no such CPU).
 */
int adeos_slot_regs(struct adeos_slot *slot, u32 cpu, struct vnode_cpu_regs *regs)
{
	const struct vnode_cpu_regs *from;

	memset(regs, 0, sizeof(*regs));
	if (cpu >= slot->nr_cpus)
		return -EINVAL;
	if (cpu >= VNODE_REGS)
		return 0;
	from = &adeos_station(slot->nr)->regs[cpu];
	/* pairs with adeos_regs_save() in vnode/regs.c */
	regs->kind = smp_load_acquire(&from->kind);
	memcpy(regs->reg, from->reg, sizeof(regs->reg));
	/* the CPU may have written meanwhile */
	smp_rmb();
	if (READ_ONCE(from->kind) != regs->kind)
		regs->kind = 0;
	if (le32_to_cpu(regs->kind) == VNODE_REGS_SILENT && !regs_are_silent(slot, cpu))
		regs->kind = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_slot_regs);
