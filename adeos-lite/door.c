// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doors: the portals of other kernels, as this kernel raises them. A raise is counted
 * in our station first, then the owner's CPU is interrupted (portal.c has the owner's
 * side).
 */
#include <linux/module.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "fault.h"
#include "portal.h"

/* The last target of each portal of others that was found to be its owner's CPU. */
static u64 trusted[VNODE_SLOTS][VNODE_PORTALS];

/* Return: where the interrupt goes; 0 if it must not be sent. */
static u64 target_of(u32 slot, u32 number)
{
	u64 target = le64_to_cpu(READ_ONCE(adeos_station(slot)->portal[number].target));
	u32 vector = target & 0xff;

	if (target == READ_ONCE(trusted[slot][number]))
		return target;
	if (!(target & VNODE_TARGET_URGENT) &&
	    (vector < FIRST_EXTERNAL_VECTOR || vector >= FIRST_SYSTEM_VECTOR))
		return 0;
	if (!adeos_cpu_of_slot(target >> 32, slot))
		return 0;
	WRITE_ONCE(trusted[slot][number], target);
	return target;
}

/* Another kernel is in that slot, and its CPUs may be others. */
void adeos_doors_distrust(u32 slot)
{
	memset(trusted[slot], 0, sizeof(trusted[slot]));
}

void adeos_target_send(u64 target)
{
	bool urgent = target & VNODE_TARGET_URGENT;

	adeos_ipi(target >> 32, urgent ? APIC_DM_NMI : APIC_DM_FIXED | (u32)(target & 0xff));
}

/*
 * Context: any but NMI. Return: 0, -ENXIO (the portal has no good target; the raise is
 * counted).
 */
int adeos_raise_slot(u32 slot, u32 number)
{
	u64 target;

	/* this kernel alone writes it, but from several CPUs */
	atomic_inc((atomic_t *)&adeos_own()->raised[slot][number]);
	adeos_count(ADEOS_RAISED);
	/* pairs with adeos_portal_publish() */
	smp_mb__after_atomic();
	adeos_fault(FAULT_RAISE_COUNTED);
	target = target_of(slot, number);
	if (!target)
		return -ENXIO;
	adeos_target_send(target);
	adeos_fault(FAULT_RAISED);
	return 0;
}

/**
 * adeos_door_find - find a portal by name
 * @id: the vnode that owns it, 0 for root
 * @name: its name
 * @door: filled
 *
 * Needs no help from the owner or from root. Context: any but NMI.
 * Return: 0, -EINVAL (no name), -ENODEV (that vnode is not attached), -ENOENT (it
 * has no such portal).
 */
int adeos_door_find(u32 id, const char *name, struct adeos_door *door)
{
	const struct vnode_portal *portal;
	char found[sizeof(portal->name)];
	u32 i;
	int err;

	if (!name || !*name)
		return -EINVAL;
	err = adeos_member_get(id, &door->peer);
	if (err)
		return err;
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = &adeos_station(door->peer.slot)->portal[i];
		/* pairs with portal_open() */
		door->serial = le32_to_cpu(smp_load_acquire(&portal->serial));
		if (!door->serial)
			continue;
		memcpy(found, portal->name, sizeof(found));
		if (!strncmp(found, name, sizeof(found))) {
			door->number = i;
			return 0;
		}
	}
	return -ENOENT;
}
EXPORT_SYMBOL_GPL(adeos_door_find);

/**
 * adeos_door_raise - raise a portal of another kernel
 * @door: as found
 *
 * Context: any but NMI. Return: 0, -ENOTCONN (this kernel is not attached),
 * -ECONNRESET (the owner is gone), -ENOENT (the portal is closed), -EACCES (not granted
 * to this vnode), -ENXIO (it has no good target at the moment; the raise is counted),
 * -EINVAL.
 */
int adeos_door_raise(const struct adeos_door *door)
{
	const struct vnode_portal *portal;

	if (door->number >= VNODE_PORTALS || door->peer.slot >= VNODE_SLOTS)
		return -EINVAL;
	if (!adeos_own_life())
		return -ENOTCONN;
	if (!adeos_member_alive(&door->peer))
		return -ECONNRESET;
	portal = &adeos_station(door->peer.slot)->portal[door->number];
	if (le32_to_cpu(READ_ONCE(portal->serial)) != door->serial)
		return -ENOENT;
	if (!(le32_to_cpu(READ_ONCE(portal->access[commons.id / 32])) & BIT(commons.id % 32)))
		return -EACCES;
	return adeos_raise_slot(door->peer.slot, door->number);
}
EXPORT_SYMBOL_GPL(adeos_door_raise);
