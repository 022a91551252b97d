// SPDX-License-Identifier: GPL-2.0-only
/*
 * The portal that every kernel has, number 0, and the worker behind it. A kernel that
 * has written something for others raises theirs; their workers then update every
 * part. One raise may stand for many.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/workqueue.h>

#include "adeos.h"
#include "portal.h"

/* The worker also runs without being raised: a peer may die before it raises us. */
#define CORE_PERIOD	msecs_to_jiffies(VNODE_BEAT_MS)

static struct workqueue_struct *core_wq;
static struct adeos_portal *core_portal;

static void core_update(void)
{
	const struct adeos_part *part;
	unsigned int i;

	for (i = 0; (part = adeos_part_up(i)); i++)
		if (part->update)
			part->update();
}

static void core_func(struct work_struct *work)
{
	adeos_core_enter();
	core_update();
	adeos_core_leave();
}

static DECLARE_WORK(core_work, core_func);

static void core_tick_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(core_tick, core_tick_func);

static void core_tick_func(struct work_struct *work)
{
	const struct adeos_part *part;
	unsigned int i;

	adeos_core_enter();
	core_update();
	for (i = 0; (part = adeos_part_up(i)); i++)
		if (part->tick)
			part->tick();
	adeos_core_leave();
	queue_delayed_work(core_wq, &core_tick, CORE_PERIOD);
}

void adeos_kick(void)
{
	queue_work(core_wq, &core_work);
}

/* Hard interrupt. */
static void core_raised(void *data, u32 from)
{
	adeos_kick();
}

/* Something has changed for these slots; ours may be one of them. */
void adeos_knock(u32 slots)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if ((slots & BIT(slot)) && slot != commons.slot)
			adeos_raise_slot(slot, 0);
	if (slots & BIT(commons.slot))
		adeos_kick();
}

static int core_init(void)
{
	core_wq = alloc_workqueue("adeos", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!core_wq)
		return -ENOMEM;
	core_portal = adeos_portal_create("", 0, -1, core_raised, NULL);
	if (IS_ERR(core_portal)) {
		destroy_workqueue(core_wq);
		return PTR_ERR(core_portal);
	}
	adeos_portal_grant_all(core_portal);
	/* root is a member as soon as its module is loaded: drivers come right behind it */
	adeos_core_enter();
	core_update();
	adeos_core_leave();
	queue_delayed_work(core_wq, &core_tick, CORE_PERIOD);
	return 0;
}

static void core_exit(void)
{
	adeos_portal_destroy(core_portal);
	cancel_delayed_work_sync(&core_tick);
	cancel_work_sync(&core_work);
	destroy_workqueue(core_wq);
}

const struct adeos_part adeos_core_part = {
	.init = core_init,
	.exit = core_exit,
};
