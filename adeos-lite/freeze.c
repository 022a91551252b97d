// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root: a vnode is frozen: each of its CPUs is sent an NMI, says that it stands still,
 * and does so until it is thawed, or by its own clock VNODE_FREEZE_MS are over.
 *
 * An NMI is sent to a vnode that is attached, to those of its CPUs that beat or have
 * beaten, and only while at least one of them does: a CPU without an IDT, or one that
 * waits for a SIPI, may reset the machine over it.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/vnode.h>
#include <asm/apic.h>
#include <asm/tsc.h>

#include "portal.h"
#include "slot.h"

/* How long a CPU may take to be frozen. */
#define FREEZE_WAIT_MS	1000
/* So long none of them beats: that is more than one beat that is late. */
#define BEAT_WAIT_MS	(5 * VNODE_BEAT_MS)
/* Until the CPUs beat again, after the freeze is over. */
#define FREEZE_GRACE_MS	(5 * VNODE_BEAT_MS)

static u32 freeze_beat(const struct adeos_slot *slot, u32 cpu)
{
	return le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat[cpu]));
}

/* It is online in the vnode, and is one of its own. */
static bool freeze_concerns(const struct adeos_slot *slot, u32 cpu)
{
	return freeze_beat(slot, cpu) && adeos_slot_apicid(slot, cpu) != ~0U;
}

static bool freeze_is_complete(const struct adeos_slot *slot, u32 freeze)
{
	const struct vnode_cpu_regs *regs = adeos_station(slot->nr)->regs;
	u32 cpu;

	for (cpu = 0; cpu < slot->nr_cpus; cpu++) {
		/* pairs with stand_still() in regs.c */
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

/* One whose time is over, and that nobody has ended, keeps nobody out. */
static bool freeze_is_on(const struct adeos_slot *slot)
{
	return slot->freeze && adeos_freeze_holds(slot);
}

static int freeze_begin(struct adeos_slot *slot)
{
	struct vnode_member *member = &adeos_directory()->member[slot->nr];
	u32 cpu;

	if (freeze_is_on(slot))
		return -EBUSY;
	if (!slot->started || !slot->life || slot->report.end || slot->report.hung)
		return -ENOTCONN;
	slot->freeze = (le32_to_cpu(member->freeze) + 1) | 1;
	slot->freeze_end = rdtsc() + (u64)tsc_khz * (VNODE_FREEZE_MS + FREEZE_GRACE_MS);
	/* pairs with adeos_regs_freeze() in regs.c */
	smp_store_release(&member->freeze, cpu_to_le32(slot->freeze));
	for (cpu = 0; cpu < slot->nr_cpus; cpu++)
		if (freeze_concerns(slot, cpu))
			adeos_ipi(adeos_slot_apicid(slot, cpu), APIC_DM_NMI);
	return 0;
}

/* Under the core's lock. */
void adeos_freeze_end(struct adeos_slot *slot)
{
	struct vnode_member *member = &adeos_directory()->member[slot->nr];

	if (!slot->freeze)
		return;
	WRITE_ONCE(member->freeze, cpu_to_le32(slot->freeze + 1));
	slot->freeze = 0;
	slot->freeze_end = rdtsc() + (u64)tsc_khz * FREEZE_GRACE_MS;
}

/* Its CPUs need not beat. */
bool adeos_freeze_holds(const struct adeos_slot *slot)
{
	return rdtsc() < slot->freeze_end;
}

/*
 * Every VNODE_BEAT_MS, under the core's lock: one that nobody has ended in time is over
 * for CPUs that come online later, too.
 */
void adeos_freeze_expire(struct adeos_slot *slot)
{
	if (!adeos_freeze_holds(slot))
		adeos_freeze_end(slot);
}

/**
 * adeos_slot_freeze - root: have a vnode stand still
 * @slot: the slot; nobody starts or stops it meanwhile
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
 * adeos_slot_thaw - root: let a vnode go on
 * @slot: the slot
 *
 * Context: process. Return: 0; -ETIME if it had not stood still until now.
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

/* Where a CPU was silent once says nothing, unless that is why the vnode has ended. */
static bool regs_are_silent(struct adeos_slot *slot, u32 cpu)
{
	struct adeos_report report;

	adeos_slot_report(slot, &report);
	return report.hung && report.apicid != ~0U &&
	       report.apicid == adeos_slot_apicid(slot, cpu);
}

/**
 * adeos_slot_regs - root: the registers that a vnode has left
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
	/* pairs with adeos_regs_save() in regs.c */
	regs->kind = cpu_to_le32(le32_to_cpu(smp_load_acquire(&from->kind)));
	memcpy(regs->reg, from->reg, sizeof(regs->reg));
	/* it may have written meanwhile */
	smp_rmb();
	if (READ_ONCE(from->kind) != regs->kind)
		regs->kind = 0;
	if (le32_to_cpu(regs->kind) == VNODE_REGS_SILENT && !regs_are_silent(slot, cpu))
		regs->kind = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_slot_regs);
