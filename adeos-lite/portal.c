// SPDX-License-Identifier: GPL-2.0-only
/*
 * Portals: interrupts between kernels. Here: a portal of this kernel is raised.
 *
 * The raising kernel counts the raise in its own station, then interrupts the owner's
 * CPU (door.c). The owner compares the counters with what it has seen: a raise is never
 * lost, whatever becomes of the interrupt; several may be seen as one; none is seen
 * twice. The counters go on across restarts of either side, so nothing has to be reset
 * on both sides together.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/string.h>

#include "portal.h"

static unsigned int flood = 100000;
module_param(flood, uint, 0644);
MODULE_PARM_DESC(flood, "raises per second from one vnode that are called a flood in the log; 0: none");

DEFINE_MUTEX(adeos_portals_lock);	/* protects changes of the table */
struct adeos_portal *adeos_portals[VNODE_PORTALS];

struct adeos_portal *adeos_portal_nr(u32 number)
{
	return READ_ONCE(adeos_portals[number]);
}

/* Say where other kernels interrupt us for this portal. */
void adeos_portal_publish(struct adeos_portal *portal, u64 target)
{
	WRITE_ONCE(portal->target, target);
	WRITE_ONCE(adeos_portal_own(portal)->target, cpu_to_le64(target));
	/* pairs with adeos_raise_slot(): it sees the target, or we see its raise */
	smp_mb();
}

/*
 * Interrupt ourselves, to find what the counters of others say. Not by the target in the
 * station: if this kernel has damaged that, it would interrupt a CPU of another one.
 */
void adeos_portal_self_raise(struct adeos_portal *portal)
{
	u64 target = READ_ONCE(portal->target);

	if (target)
		adeos_target_send(target);
}

/*
 * Raises of members are taken. A kernel that this one does not know yet may be a member
 * already: its raises wait until it is known. Every kernel may raise the core's portal,
 * since that is how this one hears of it.
 */
static unsigned long portal_slots(const struct adeos_portal *portal)
{
	return portal->number ? adeos_live() : GENMASK(VNODE_SLOTS - 1, 0);
}

/* Raises of a kernel without access are dropped. */
static bool portal_is_granted(const struct adeos_portal *portal, u32 slot)
{
	u32 id = adeos_id(slot);

	if (!portal->number)
		return true;
	return id < VNODE_ID_WORDS * 32 &&
	       (le32_to_cpu(READ_ONCE(adeos_portal_own(portal)->access[id / 32])) & BIT(id % 32));
}

static void flood_count(struct adeos_portal *portal, u32 slot, u32 raises)
{
	struct adeos_member member;

	if (time_after(jiffies, portal->flood_end)) {
		memset(portal->flood, 0, sizeof(portal->flood));
		portal->flood_end = jiffies + HZ;
	}
	/* once for each time it goes beyond */
	if (!flood || portal->flood[slot] >= flood || raises >= U32_MAX - flood)
		return;
	portal->flood[slot] += raises;
	if (portal->flood[slot] < flood)
		return;
	adeos_count(ADEOS_FLOODS);
	if (!adeos_member_slot(slot, &member))
		pr_warn_ratelimited("%s floods portal \"%s\": %u raises within a second\n",
				    member.name, portal->name, portal->flood[slot]);
}

/* Return: how many raises of @slot are new. Any number of callers may ask at once. */
u32 adeos_portal_take(struct adeos_portal *portal, u32 slot)
{
	__le32 *raised = &adeos_station(slot)->raised[commons.slot][portal->number];
	u32 old, new;

	do {
		old = READ_ONCE(portal->seen[slot]);
		new = le32_to_cpu(READ_ONCE(*raised));
		if (old == new)
			return 0;
	} while (cmpxchg(&portal->seen[slot], old, new) != old);
	return new - old;
}

/* Context: any. Return: a bit for each slot that has raised it since the last call. */
u32 adeos_portal_collect(struct adeos_portal *portal)
{
	u32 from = atomic_read(&portal->again) ? atomic_xchg(&portal->again, 0) : 0;
	unsigned long slots = portal_slots(portal);
	u32 slot, raises;

	for_each_set_bit(slot, &slots, VNODE_SLOTS) {
		raises = adeos_portal_take(portal, slot);
		if (!raises)
			continue;
		if (!portal_is_granted(portal, slot)) {
			adeos_count(ADEOS_FOREIGN);
			continue;
		}
		from |= BIT(slot);
		portal->raises += raises;
		if (!(portal->flags & ADEOS_PORTAL_URGENT))
			flood_count(portal, slot, raises);
	}
	portal->interrupts++;
	if (!from)
		portal->spurious++;
	return from;
}

/* Has any of @slots raised what has not been collected? Context: any. */
bool adeos_portal_is_pending(const struct adeos_portal *portal, u32 slots)
{
	const __le32 *raised;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		if (!(slots & BIT(slot)))
			continue;
		raised = &adeos_station(slot)->raised[commons.slot][portal->number];
		if (le32_to_cpu(READ_ONCE(*raised)) != READ_ONCE(portal->seen[slot]))
			return true;
	}
	return false;
}

/* A kernel has joined: what it raised before we knew it is taken now. */
void adeos_portals_catch_up(u32 slot)
{
	struct adeos_portal *portal;
	u32 i;

	rcu_read_lock();
	for (i = 1; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (portal && adeos_portal_is_pending(portal, BIT(slot)))
			adeos_portal_self_raise(portal);
	}
	rcu_read_unlock();
}

/* A kernel is gone: what it has raised is not for the next one in its slot. */
void adeos_portals_forget(u32 slot)
{
	struct adeos_portal *portal;
	u32 i;

	rcu_read_lock();
	for (i = 1; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (portal)
			adeos_portal_take(portal, slot);
	}
	rcu_read_unlock();
}

static void portal_check(struct adeos_portal *portal)
{
	u64 interrupts = READ_ONCE(portal->interrupts);

	if (portal->irq && interrupts == portal->checked &&
	    adeos_portal_is_pending(portal, portal_slots(portal))) {
		adeos_count(ADEOS_LATE);
		adeos_portal_self_raise(portal);
	}
	portal->checked = interrupts;
}

/*
 * Raises that were counted a tick ago and have interrupted nothing: the raising kernel
 * may have died in between.
 */
static void portals_tick(void)
{
	u32 i;

	/* a portal that is being closed waits for handlers; messages must not */
	if (!mutex_trylock(&adeos_portals_lock))
		return;
	for (i = 0; i < VNODE_PORTALS; i++)
		if (adeos_portals[i])
			portal_check(adeos_portals[i]);
	mutex_unlock(&adeos_portals_lock);
}

static ssize_t portals_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct adeos_portal *portal;
	int len = 0;
	u64 target;
	u32 i;

	mutex_lock(&adeos_portals_lock);
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = adeos_portals[i];
		if (!portal)
			continue;
		target = portal->target;
		len += sysfs_emit_at(buf, len, "%u %s %u %llu %llu %llu %llu %llu\n", i,
				     *portal->name ? portal->name : "-", portal->irq,
				     target & 0xff, target >> 32, portal->interrupts,
				     portal->raises, portal->spurious);
	}
	mutex_unlock(&adeos_portals_lock);
	return len;
}

static const struct kobj_attribute portals_attr = __ATTR_RO(portals);

const struct adeos_part adeos_portal_part = {
	.tick = portals_tick,
	.attr = &portals_attr,
};
