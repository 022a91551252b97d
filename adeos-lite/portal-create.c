// SPDX-License-Identifier: GPL-2.0-only
/* Portals of this kernel are opened, granted to others, moved, and closed. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fault.h"
#include "portal.h"

static u32 serials;	/* under adeos_portals_lock */

static int name_check(const char *name)
{
	u32 i;

	for (i = 1; i < VNODE_PORTALS; i++)
		if (adeos_portals[i] && !strcmp(adeos_portals[i]->name, name))
			return -EEXIST;
	return adeos_name_check(name, sizeof_field(struct vnode_portal, name));
}

/* Number 0 is the core's, and it alone has no name. */
static int number_get(const char *name)
{
	int i;

	if (!*name)
		return adeos_portals[0] ? -EINVAL : 0;
	for (i = 1; i < VNODE_PORTALS; i++)
		if (!adeos_portals[i])
			return i;
	return -ENOSPC;
}

static void portal_open(struct adeos_portal *portal)
{
	struct vnode_portal *own = adeos_portal_own(portal);

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

	/* raises until now were for the former portal of this number */
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		adeos_portal_take(portal, slot);
	memset(adeos_portal_own(portal), 0, sizeof(struct vnode_portal));
	WRITE_ONCE(adeos_portals[portal->number], portal);
	if (!(portal->flags & ADEOS_PORTAL_URGENT))
		return adeos_vector_alloc(portal, cpu);
	portal->cpu = cpu < 0 ? raw_smp_processor_id() : cpu;
	adeos_nmi_target(portal);
	return 0;
}

/**
 * adeos_portal_create - open an entrance for interrupts of other kernels
 * @name: for other kernels to find it: up to 31 of letters, digits, '-', '_', '.', '/';
 *	unique among the portals of this kernel
 * @flags: ADEOS_PORTAL_URGENT: delivered as NMI, so that it arrives although
 *	interrupts are off
 * @cpu: the CPU that is interrupted, -1 for any; as with every interrupt,
 *	/proc/irq/N/smp_affinity moves one that is not urgent
 * @handler: called with interrupts off, or from NMI
 * @data: for @handler
 *
 * No kernel may raise it until it is granted. Context: process.
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

	mutex_lock(&adeos_portals_lock);
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
	mutex_unlock(&adeos_portals_lock);
	return portal;

err_number:
	WRITE_ONCE(adeos_portals[number], NULL);
err_free:
	mutex_unlock(&adeos_portals_lock);
	kfree(portal);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(adeos_portal_create);

/**
 * adeos_portal_destroy - close a portal
 * @portal: of this kernel, or NULL; its handler is not running any more on return
 */
void adeos_portal_destroy(struct adeos_portal *portal)
{
	if (IS_ERR_OR_NULL(portal))
		return;
	mutex_lock(&adeos_portals_lock);
	WRITE_ONCE(adeos_portal_own(portal)->serial, 0);
	adeos_portal_publish(portal, 0);
	adeos_fault(FAULT_PORTAL_CLOSED);
	/*
	 * Other kernels may just have read the target, with interrupts off, and cannot
	 * be asked: they get far more time than they need.
	 */
	usleep_range(1000, 2000);
	WRITE_ONCE(adeos_portals[portal->number], NULL);
	if (portal->irq)
		adeos_vector_free(portal);
	adeos_pipeline_forget(portal);
	/* handlers that are under way, in NMI also */
	synchronize_rcu();
	mutex_unlock(&adeos_portals_lock);
	kfree(portal);
}
EXPORT_SYMBOL_GPL(adeos_portal_destroy);

static void access_set(struct adeos_portal *portal, u32 id, bool on)
{
	struct vnode_portal *own = adeos_portal_own(portal);
	u32 bits;

	mutex_lock(&adeos_portals_lock);
	bits = le32_to_cpu(own->access[id / 32]);
	bits = on ? bits | BIT(id % 32) : bits & ~BIT(id % 32);
	WRITE_ONCE(own->access[id / 32], cpu_to_le32(bits));
	mutex_unlock(&adeos_portals_lock);
}

/**
 * adeos_portal_grant - let a vnode raise a portal
 * @portal: of this kernel
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
 * adeos_portal_grant_all - let every kernel raise a portal
 * @portal: of this kernel
 *
 * Context: process.
 */
void adeos_portal_grant_all(struct adeos_portal *portal)
{
	u32 id;

	for (id = 0; id < VNODE_ID_WORDS * 32; id++)
		access_set(portal, id, true);
}
EXPORT_SYMBOL_GPL(adeos_portal_grant_all);

/**
 * adeos_portal_revoke - let a vnode raise a portal no longer
 * @portal: of this kernel
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
