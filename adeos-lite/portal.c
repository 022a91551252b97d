// SPDX-License-Identifier: GPL-2.0-only
/*
 * Portals: interrupts between kernels.
 *
 * Who raises a portal counts that in his own station (raised), then interrupts the
 * owner's CPU. The owner, when interrupted, compares the counters with what it has
 * seen: a raise is never lost, whatever becomes of the interrupt; several may be
 * seen as one; and none is seen twice. The counters go on across restarts of either
 * side, so that nothing needs to be set back together.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "fault.h"
#include "portal.h"

static unsigned int flood = 100000;
module_param(flood, uint, 0644);
MODULE_PARM_DESC(flood, "raises per second from one vnode that are called a flood in the log; 0: none");

/* Protects portals and serials. */
static DEFINE_MUTEX(portals_lock);
static struct adeos_portal *portals[VNODE_PORTALS];
static u32 serials;

/* The last target of each portal of others that was found to be its owner's CPU. */
static u64 trusted[VNODE_SLOTS][VNODE_PORTALS];

static struct vnode_portal *portal_own(const struct adeos_portal *portal)
{
	return &adeos_own()->portal[portal->number];
}

struct adeos_portal *adeos_portal_nr(u32 number)
{
	return READ_ONCE(portals[number]);
}

/* ---- raising ---- */

/* Where the interrupt goes; 0 if it must not be sent. */
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
void adeos_portals_distrust(u32 slot)
{
	memset(trusted[slot], 0, sizeof(trusted[slot]));
}

static void target_send(u64 target)
{
	bool urgent = target & VNODE_TARGET_URGENT;

	adeos_ipi(target >> 32, urgent ? APIC_DM_NMI : APIC_DM_FIXED | (u32)(target & 0xff));
}

static void raise_count(u32 slot, u32 number)
{
	/* ours alone, but of several CPUs */
	atomic_inc((atomic_t *)&adeos_own()->raised[slot][number]);
	adeos_count(ADEOS_RAISED);
	/* pairs with adeos_portal_quiet() and adeos_portal_publish() */
	smp_mb__after_atomic();
	adeos_fault(FAULT_RAISE_COUNTED);
}

static int raise_send(u32 slot, u32 number)
{
	u64 target = target_of(slot, number);

	if (!target)
		return -ENXIO;
	target_send(target);
	adeos_fault(FAULT_RAISED);
	return 0;
}

/* Does the owner poll? What it is to find must have been written, and a barrier. */
bool adeos_slot_is_quiet(u32 slot, u32 number)
{
	return READ_ONCE(adeos_station(slot)->portal[number].quiet);
}

/*
 * Interrupts also an owner that polls. Context: any but NMI.
 * Return: 0, -ENXIO (the portal has no good target).
 */
int adeos_raise_slot(u32 slot, u32 number)
{
	raise_count(slot, number);
	return raise_send(slot, number);
}

/* Interrupts ourselves; what is to be found are the others' counters. */
void adeos_portal_self_raise(struct adeos_portal *portal)
{
	u64 target = le64_to_cpu(READ_ONCE(portal_own(portal)->target));

	if (target)
		target_send(target);
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
 * Context: any but NMI. Return: 0, -ENOTCONN (we are not attached), -ECONNRESET (the
 * owner is gone), -ENOENT (the portal is closed), -EACCES (not granted to us),
 * -ENXIO (it has no good target at the moment; the raise is counted), -EINVAL.
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
	raise_count(door->peer.slot, door->number);
	if (adeos_slot_is_quiet(door->peer.slot, door->number))
		return 0;
	return raise_send(door->peer.slot, door->number);
}
EXPORT_SYMBOL_GPL(adeos_door_raise);

/* ---- being raised ---- */

/*
 * Whose raises are taken: of those we know. One that we do not know yet may be a
 * member already; what it raises waits until we have heard of it. At the core's
 * portal everybody may knock: how else would we hear?
 */
static unsigned long portal_slots(const struct adeos_portal *portal)
{
	return portal->number ? adeos_live() : GENMASK(VNODE_SLOTS - 1, 0);
}

/* From others that are not allowed to, nothing is taken. */
static bool portal_is_granted(const struct adeos_portal *portal, u32 slot)
{
	u32 id = adeos_id(slot);

	if (!portal->number)
		return true;
	return id < VNODE_ID_WORDS * 32 &&
	       (le32_to_cpu(READ_ONCE(portal_own(portal)->access[id / 32])) & BIT(id % 32));
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

/* How many raises of @slot are new. Any number of callers may ask at once. */
static u32 seen_update(struct adeos_portal *portal, u32 slot)
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
		raises = seen_update(portal, slot);
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

static void portal_check(struct adeos_portal *portal)
{
	u64 interrupts = READ_ONCE(portal->interrupts);

	if (portal->irq && !portal_own(portal)->quiet && interrupts == portal->checked &&
	    adeos_portal_is_pending(portal, portal_slots(portal))) {
		adeos_count(ADEOS_LATE);
		adeos_portal_self_raise(portal);
	}
	portal->checked = interrupts;
}

/*
 * Every VNODE_BEAT_MS: raises that were counted a while ago, and nothing has come of
 * them: who raised it may have died before it could interrupt us.
 */
void adeos_portals_tick(void)
{
	u32 i;

	mutex_lock(&portals_lock);
	for (i = 0; i < VNODE_PORTALS; i++)
		if (portals[i])
			portal_check(portals[i]);
	mutex_unlock(&portals_lock);
}

/* A CPU goes: its urgent portals move to another one. */
void adeos_portals_cpu_down(unsigned int cpu)
{
	struct adeos_portal *portal;
	u32 i;

	mutex_lock(&portals_lock);
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = portals[i];
		if (!portal || !(portal->flags & ADEOS_PORTAL_URGENT) || portal->cpu != cpu)
			continue;
		portal->cpu = cpumask_any_but(cpu_online_mask, cpu);
		adeos_nmi_target(portal);
		adeos_portal_self_raise(portal);
	}
	mutex_unlock(&portals_lock);
}

/*
 * What a peer raised before we knew it is taken now; what one has left behind is not
 * for whoever comes next. Called by the worker when a slot's life has changed.
 */
void adeos_portals_member(u32 slot)
{
	struct adeos_portal *portal;
	u32 i;

	rcu_read_lock();
	for (i = 1; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (!portal)
			continue;
		if (!adeos_life(slot))
			seen_update(portal, slot);
		else if (adeos_portal_is_pending(portal, BIT(slot)))
			adeos_portal_self_raise(portal);
	}
	rcu_read_unlock();
}

/**
 * adeos_portal_poll - look whether a portal has been raised
 * @portal: ours
 *
 * Context: any but NMI. Return: a bit for each slot that has raised it since it was
 * last looked at; those are not seen by the handler.
 */
u32 adeos_portal_poll(struct adeos_portal *portal)
{
	return adeos_portal_collect(portal);
}
EXPORT_SYMBOL_GPL(adeos_portal_poll);

/**
 * adeos_portal_quiet - suppress interrupts while the owner polls
 * @portal: ours
 * @quiet: true: peers count their raises, but do not interrupt
 *
 * When interrupts are wanted again, what came meanwhile interrupts at once.
 * Context: any but NMI.
 */
void adeos_portal_quiet(struct adeos_portal *portal, bool quiet)
{
	WRITE_ONCE(portal_own(portal)->quiet, cpu_to_le32(quiet));
	/* pairs with raise_count(): it sees us awake, or we see its raise */
	smp_mb();
	if (!quiet)
		adeos_portal_self_raise(portal);
}
EXPORT_SYMBOL_GPL(adeos_portal_quiet);

/* ---- ours ---- */

void adeos_portal_publish(struct adeos_portal *portal, u64 target)
{
	WRITE_ONCE(portal_own(portal)->target, cpu_to_le64(target));
	/* pairs with raise_count(), as in adeos_portal_quiet() */
	smp_mb();
}

static int name_check(const char *name)
{
	u32 i;

	for (i = 1; i < VNODE_PORTALS; i++)
		if (portals[i] && !strcmp(portals[i]->name, name))
			return -EEXIST;
	return adeos_name_check(name, sizeof_field(struct vnode_portal, name));
}

/* The first portal is the core's, and it alone has no name. */
static int number_get(const char *name)
{
	int i;

	if (!*name)
		return portals[0] ? -EINVAL : 0;
	for (i = 1; i < VNODE_PORTALS; i++)
		if (!portals[i])
			return i;
	return -ENOSPC;
}

static void portal_open(struct adeos_portal *portal)
{
	struct vnode_portal *own = portal_own(portal);

	strscpy(own->name, portal->name, sizeof(own->name));
	adeos_fault(FAULT_PORTAL_WRITTEN);
	if (!++serials)
		serials++;
	/* pairs with adeos_door_find() */
	smp_store_release(&own->serial, cpu_to_le32(serials));
	adeos_fault(FAULT_PORTAL_OPEN);
}

static int portal_connect(struct adeos_portal *portal, int cpu)
{
	u32 slot;

	/* what was raised before belongs to another portal of this number */
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		seen_update(portal, slot);
	memset(portal_own(portal), 0, sizeof(struct vnode_portal));
	WRITE_ONCE(portals[portal->number], portal);
	if (!(portal->flags & ADEOS_PORTAL_URGENT))
		return adeos_vector_alloc(portal, cpu);
	portal->cpu = cpu < 0 ? raw_smp_processor_id() : cpu;
	adeos_nmi_target(portal);
	return 0;
}

/**
 * adeos_portal_create - open an entrance for interrupts of other kernels
 * @name: for the others to find it: up to 31 of letters, digits, '-', '_', '.', '/';
 *	unique among our portals
 * @flags: ADEOS_PORTAL_URGENT: delivered as NMI, so that it arrives although
 *	interrupts are off
 * @cpu: the CPU that is interrupted, -1 for any; as with every interrupt,
 *	/proc/irq/N/smp_affinity moves one that is not urgent
 * @handler: called with interrupts off, or from NMI
 * @data: for @handler
 *
 * Nobody may raise it until it is granted. Context: process.
 * Return: the portal, or ERR_PTR: -EINVAL (bad name, no such CPU), -ENAMETOOLONG,
 * -EEXIST, -ENOSPC (63 are open, or there is no vector left), -ENOMEM.
 */
struct adeos_portal *adeos_portal_create(const char *name, unsigned int flags, int cpu,
					 adeos_portal_handler handler, void *data)
{
	struct adeos_portal *portal;
	int number, err;

	if (!name || !handler || (flags & ~ADEOS_PORTAL_URGENT) ||
	    (cpu >= 0 && (cpu >= nr_cpu_ids || !cpu_online(cpu))))
		return ERR_PTR(-EINVAL);
	portal = kzalloc(sizeof(*portal), GFP_KERNEL);
	if (!portal)
		return ERR_PTR(-ENOMEM);

	mutex_lock(&portals_lock);
	err = name_check(name);
	if (err)
		goto err_free;
	number = number_get(name);
	if (number < 0) {
		err = number;
		goto err_free;
	}
	portal->number = number;
	portal->flags = flags;
	portal->handler = handler;
	portal->data = data;
	strscpy(portal->name, name, sizeof(portal->name));
	snprintf(portal->label, sizeof(portal->label), "adeos%s%s", *name ? ":" : "", name);
	err = portal_connect(portal, cpu);
	if (err)
		goto err_number;
	portal_open(portal);
	mutex_unlock(&portals_lock);
	return portal;

err_number:
	WRITE_ONCE(portals[number], NULL);
err_free:
	mutex_unlock(&portals_lock);
	kfree(portal);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(adeos_portal_create);

/**
 * adeos_portal_destroy - close a portal
 * @portal: ours, or NULL; its handler is not running any more on return
 */
void adeos_portal_destroy(struct adeos_portal *portal)
{
	if (IS_ERR_OR_NULL(portal))
		return;
	mutex_lock(&portals_lock);
	WRITE_ONCE(portal_own(portal)->serial, 0);
	WRITE_ONCE(portal_own(portal)->target, 0);
	adeos_fault(FAULT_PORTAL_CLOSED);
	/*
	 * Others may just have read the target, with interrupts off, and cannot be
	 * asked: they get far more time than they need.
	 */
	usleep_range(1000, 2000);
	WRITE_ONCE(portals[portal->number], NULL);
	if (portal->irq)
		adeos_vector_free(portal);
	adeos_pipeline_forget(portal);
	/* handlers that are under way, in NMI also */
	synchronize_rcu();
	mutex_unlock(&portals_lock);
	kfree(portal);
}
EXPORT_SYMBOL_GPL(adeos_portal_destroy);

static void access_set(struct adeos_portal *portal, u32 id, bool on)
{
	struct vnode_portal *own = portal_own(portal);
	u32 bits;

	mutex_lock(&portals_lock);
	bits = le32_to_cpu(own->access[id / 32]);
	bits = on ? bits | BIT(id % 32) : bits & ~BIT(id % 32);
	WRITE_ONCE(own->access[id / 32], cpu_to_le32(bits));
	mutex_unlock(&portals_lock);
}

/**
 * adeos_portal_grant - let a vnode raise a portal
 * @portal: ours
 * @id: of the vnode, 0 for root; it need not be there yet
 *
 * Context: process. Return: 0, -EINVAL (no such id).
 */
int adeos_portal_grant(struct adeos_portal *portal, u32 id)
{
	if (id >= VNODE_ID_WORDS * 32)
		return -EINVAL;
	access_set(portal, id, true);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_grant);

/**
 * adeos_portal_grant_all - let everybody raise a portal
 * @portal: ours
 *
 * Context: process. Return: 0.
 */
int adeos_portal_grant_all(struct adeos_portal *portal)
{
	u32 id;

	for (id = 0; id < VNODE_ID_WORDS * 32; id++)
		access_set(portal, id, true);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_grant_all);

/**
 * adeos_portal_revoke - let a vnode raise a portal no longer
 * @portal: ours
 * @id: of the vnode, 0 for root
 *
 * Context: process. Return: 0, -EINVAL (no such id).
 */
int adeos_portal_revoke(struct adeos_portal *portal, u32 id)
{
	if (id >= VNODE_ID_WORDS * 32)
		return -EINVAL;
	access_set(portal, id, false);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_revoke);

/**
 * adeos_portal_set_cpu - move a portal
 * @portal: ours
 * @cpu: that is to be interrupted
 *
 * Context: process. Return: 0, -EINVAL (no such CPU, or offline), or what
 * irq_set_affinity() returns.
 */
int adeos_portal_set_cpu(struct adeos_portal *portal, unsigned int cpu)
{
	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return -EINVAL;
	if (portal->irq)
		return irq_set_affinity(portal->irq, cpumask_of(cpu));
	portal->cpu = cpu;
	adeos_nmi_target(portal);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_set_cpu);

/**
 * adeos_portal_irq - the interrupt of a portal
 * @portal: ours
 *
 * Return: Linux's number; 0 for an urgent portal, which has none.
 */
unsigned int adeos_portal_irq(const struct adeos_portal *portal)
{
	return portal->irq;
}
EXPORT_SYMBOL_GPL(adeos_portal_irq);

ssize_t adeos_portals_show(char *buf)
{
	const struct adeos_portal *portal;
	int len = 0;
	u64 target;
	u32 i;

	mutex_lock(&portals_lock);
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = portals[i];
		if (!portal)
			continue;
		target = le64_to_cpu(portal_own(portal)->target);
		len += sysfs_emit_at(buf, len, "%u %s %u %llu %llu %llu %llu %llu\n", i,
				     *portal->name ? portal->name : "-", portal->irq,
				     target & 0xff, target >> 32, portal->interrupts,
				     portal->raises, portal->spurious);
	}
	mutex_unlock(&portals_lock);
	return len;
}
