// SPDX-License-Identifier: GPL-2.0-only
/*
 * The portal that every kernel has, number 0, and the worker behind it. Whoever
 * has written something for others knocks there; they then look at everything that
 * may concern them. One knock may stand for many.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "adeos.h"
#include "portal.h"

/* Root looks without being told, too: a peer may die before it has knocked. */
#define CORE_PERIOD	msecs_to_jiffies(VNODE_BEAT_MS)

/*
 * Held while anything of members, messages and bridges is taken in, and while root
 * changes the directory.
 */
static DEFINE_MUTEX(core_lock);

static struct workqueue_struct *core_wq;
static struct adeos_portal *core_portal;

void adeos_core_enter(void)
{
	mutex_lock(&core_lock);
}

void adeos_core_leave(void)
{
	mutex_unlock(&core_lock);
}

static void core_look(void)
{
	if (adeos_is_root())
		adeos_slots_update();
	adeos_members_update();
	adeos_dsp_update();
	adeos_bridge_update();
}

static void core_func(struct work_struct *work)
{
	adeos_core_enter();
	core_look();
	adeos_core_leave();
}

static DECLARE_WORK(core_work, core_func);

static void core_tick_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(core_tick, core_tick_func);

static void core_tick_func(struct work_struct *work)
{
	adeos_core_enter();
	core_look();
	if (adeos_is_root())
		adeos_watch_tick();
	else
		adeos_end_tick();
	adeos_core_leave();
	adeos_portals_tick();
	adeos_clock_tick();
	queue_delayed_work(core_wq, &core_tick, CORE_PERIOD);
}

/* Hard interrupt. */
static void core_raised(void *data, u32 from)
{
	adeos_kick();
}

void adeos_kick(void)
{
	queue_work(core_wq, &core_work);
}

void adeos_knock(u32 slots)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if ((slots & BIT(slot)) && slot != commons.slot)
			adeos_raise_slot(slot, 0);
}

/**
 * adeos_poll - look for messages, without an interrupt
 *
 * For a driver that polls between adeos_poll_begin() and adeos_poll_end(); then
 * the others send no interrupts for messages. All else still interrupts: what a
 * vnode has to say at its end cannot wait. Context: process.
 */
void adeos_poll(void)
{
	if (!adeos_dsp_pending())
		return;
	adeos_core_enter();
	adeos_dsp_update();
	adeos_core_leave();
}
EXPORT_SYMBOL_GPL(adeos_poll);

void adeos_poll_begin(void)
{
	adeos_portal_quiet(core_portal, true);
}
EXPORT_SYMBOL_GPL(adeos_poll_begin);

void adeos_poll_end(void)
{
	adeos_portal_quiet(core_portal, false);
	adeos_kick();
}
EXPORT_SYMBOL_GPL(adeos_poll_end);

int adeos_core_init(void)
{
	int err;

	core_wq = alloc_workqueue("adeos", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!core_wq)
		return -ENOMEM;
	core_portal = adeos_portal_create("", 0, -1, core_raised, NULL);
	if (IS_ERR(core_portal)) {
		err = PTR_ERR(core_portal);
		goto err_wq;
	}
	err = adeos_portal_grant_all(core_portal);
	if (err)
		goto err_portal;
	queue_delayed_work(core_wq, &core_tick, CORE_PERIOD);
	return 0;

err_portal:
	adeos_portal_destroy(core_portal);
err_wq:
	destroy_workqueue(core_wq);
	return err;
}

void adeos_core_exit(void)
{
	adeos_portal_destroy(core_portal);
	cancel_delayed_work_sync(&core_tick);
	cancel_work_sync(&core_work);
	destroy_workqueue(core_wq);
}
