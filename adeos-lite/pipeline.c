// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline: a portal's interrupts pass through domains in order of priority, and
 * reach the portal's own handler last. Each domain accepts them (its handler says
 * whether they go on), ignores them (they go on) or ends them. A stalled domain logs
 * the interrupts that reach it; they go on from there once it is unstalled.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "portal.h"

/* Protects changes of the list, which is read under RCU. */
static DEFINE_MUTEX(domains_lock);
static LIST_HEAD(domains);		/* by descending priority */

/* Protects stalled and logged of all domains. */
static DEFINE_RAW_SPINLOCK(log_lock);

/*
 * Return: the slots for the domain's handler: those that raised now, and those that were
 * logged. None while the domain is stalled.
 */
static u32 stage_enter(struct adeos_domain *domain, struct adeos_catch *catch, u32 from)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&log_lock, flags);
	from |= catch->logged;
	catch->logged = 0;
	if (domain->stalled) {
		catch->logged = from;
		from = 0;
	}
	raw_spin_unlock_irqrestore(&log_lock, flags);
	return from;
}

/* Return: the slots that go on to the next domain. */
static u32 stage_run(struct adeos_domain *domain, struct adeos_portal *portal, u32 from)
{
	struct adeos_catch *catch = &domain->catch[portal->number];

	/* pairs with adeos_domain_catch() */
	switch (smp_load_acquire(&catch->mode)) {
	case ADEOS_ACCEPT:
		from = stage_enter(domain, catch, from);
		if (from && catch->handler(catch->data, portal, from) == ADEOS_VERDICT_END)
			return 0;
		return from;
	case ADEOS_END:
		return 0;
	default:
		return from;
	}
}

/*
 * Context: hard interrupt. @from may be empty: a domain may have logged interrupts that
 * can go on now.
 */
void adeos_pipeline_run(struct adeos_portal *portal, u32 from)
{
	struct adeos_domain *domain;

	rcu_read_lock();
	list_for_each_entry_rcu(domain, &domains, list)
		from = stage_run(domain, portal, from);
	if (from)
		portal->handler(portal->data, from);
	rcu_read_unlock();
}

/**
 * adeos_domain_register - put a domain into the pipeline
 * @domain: name and priority set, all else zero; it ignores every portal at first
 *
 * Among those of one priority the older one comes first. Context: process.
 * Return: 0, -EINVAL (no name).
 */
int adeos_domain_register(struct adeos_domain *domain)
{
	struct adeos_domain *other;
	struct list_head *at = &domains;

	if (!domain->name || !*domain->name)
		return -EINVAL;
	mutex_lock(&domains_lock);
	list_for_each_entry(other, &domains, list) {
		if (other->priority < domain->priority) {
			at = &other->list;
			break;
		}
	}
	list_add_tail_rcu(&domain->list, at);
	mutex_unlock(&domains_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_domain_register);

/* No handler of @catch is running any more: what it has logged goes on without it. */
static void domain_release(struct adeos_catch *catch, struct adeos_portal *portal)
{
	u32 logged = catch->logged;

	catch->logged = 0;
	if (!logged || !portal)
		return;
	atomic_or(logged, &portal->again);
	adeos_portal_self_raise(portal);
}

/**
 * adeos_domain_unregister - take a domain out of the pipeline
 * @domain: registered; none of its handlers is running any more on return
 *
 * What it has logged goes on without it, from the beginning of the pipeline.
 * Context: process.
 */
void adeos_domain_unregister(struct adeos_domain *domain)
{
	u32 i;

	mutex_lock(&domains_lock);
	list_del_rcu(&domain->list);
	synchronize_rcu();
	for (i = 0; i < VNODE_PORTALS; i++)
		domain_release(&domain->catch[i], adeos_portal_nr(i));
	mutex_unlock(&domains_lock);
}
EXPORT_SYMBOL_GPL(adeos_domain_unregister);

/**
 * adeos_domain_catch - say how a domain treats a portal's interrupts
 * @domain: registered
 * @portal: of this kernel, not an urgent one
 * @mode: ignore, accept or end them
 * @handler: for ADEOS_ACCEPT: called with interrupts off; says whether they go on
 * @data: for @handler
 *
 * Context: process. Return: 0, -EINVAL (an urgent portal, no handler).
 */
int adeos_domain_catch(struct adeos_domain *domain, struct adeos_portal *portal,
		       enum adeos_mode mode, adeos_domain_handler handler, void *data)
{
	struct adeos_catch *catch = &domain->catch[portal->number];

	if ((portal->flags & ADEOS_PORTAL_URGENT) || (mode == ADEOS_ACCEPT && !handler))
		return -EINVAL;
	mutex_lock(&domains_lock);
	WRITE_ONCE(catch->mode, ADEOS_IGNORE);
	synchronize_rcu();
	domain_release(catch, portal);
	catch->handler = handler;
	catch->data = data;
	/* pairs with stage_run() */
	smp_store_release(&catch->mode, mode);
	mutex_unlock(&domains_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_domain_catch);

/* A portal is closed: the next one may have its number. */
void adeos_pipeline_forget(struct adeos_portal *portal)
{
	struct adeos_domain *domain;

	mutex_lock(&domains_lock);
	list_for_each_entry(domain, &domains, list) {
		WRITE_ONCE(domain->catch[portal->number].mode, ADEOS_IGNORE);
		domain->catch[portal->number].logged = 0;
	}
	mutex_unlock(&domains_lock);
}

/**
 * adeos_domain_stall - hold interrupts back at a domain
 * @domain: registered
 *
 * Context: any but NMI.
 */
void adeos_domain_stall(struct adeos_domain *domain)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&log_lock, flags);
	domain->stalled = true;
	raw_spin_unlock_irqrestore(&log_lock, flags);
}
EXPORT_SYMBOL_GPL(adeos_domain_stall);

/**
 * adeos_domain_unstall - let interrupts go on
 * @domain: registered
 *
 * Those that were logged are replayed as interrupts of their portals. Context: process.
 */
void adeos_domain_unstall(struct adeos_domain *domain)
{
	struct adeos_portal *portal;
	unsigned long flags;
	u32 i;

	raw_spin_lock_irqsave(&log_lock, flags);
	domain->stalled = false;
	raw_spin_unlock_irqrestore(&log_lock, flags);

	rcu_read_lock();
	for (i = 0; i < VNODE_PORTALS; i++) {
		portal = adeos_portal_nr(i);
		if (portal && READ_ONCE(domain->catch[i].logged))
			adeos_portal_self_raise(portal);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(adeos_domain_unstall);
