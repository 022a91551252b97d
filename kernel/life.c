// SPDX-License-Identifier: GPL-2.0-only
/* A kernel is started in a vnode, and ended: from START, and from each restart. */
#include <linux/ktime.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "kmb.h"

static void life_reset(struct kmb_node *node)
{
	node->stuck = false;
	node->run_ns = 0;
	node->phase[VNODE_PHASE_ATTACH] = 0;
	node->release[0] = 0;
	WRITE_ONCE(node->oopses, 0);
}

/**
 * kmb_life_begin - start what is placed in a vnode
 * @node: the vnode, locked; its CPUs are at rest
 *
 * Return: 0, then it is booting; a negative errno, as START documents or
 * adeos_slot_start() says, then its CPUs are at rest.
 */
int kmb_life_begin(struct kmb_node *node)
{
	int err;

	lockdep_assert_held(&node->lock);
	err = adeos_slot_start(node->slot, node->region,
			       node->load.control - adeos_region_pa(node->region));
	if (err)
		return err;
	err = kmb_wake(node->cpu[0].apicid, &node->load, &node->phase[VNODE_PHASE_WAKE],
		       &node->entry_tsc);
	if (err) {
		adeos_slot_stop(node->slot);
		return err;
	}
	life_reset(node);
	node->start_ns = ktime_get_boottime_ns();
	kmb_state_set(node, VNODE_BOOTING);
	if (node->load.boot_limit_ms)
		kmb_watch_arm(node, node->load.boot_limit_ms);
	return 0;
}

/* What is known of an end is complete before the state tells of it. */
static void life_record(struct kmb_node *node, const struct kmb_end *end)
{
	kmb_watch_cancel(node);
	node->end = *end;
	node->end.ns = end->ns ?: ktime_get_boottime_ns();
	node->restart_tsc = 0;
	node->log_len = adeos_slot_log(node->slot, node->log, KMB_LOG_SIZE);
}

/**
 * kmb_life_end - stop a vnode's CPUs, whatever they do, and remember why
 * @node: the vnode, locked
 * @state: the one to come
 * @end: why; @ns is filled here, if it is not known
 *
 * Return: 0; -ETIMEDOUT if a CPU cannot be stopped, then nothing else has changed.
 */
int kmb_life_end(struct kmb_node *node, enum vnode_state state, const struct kmb_end *end)
{
	u64 begin = rdtsc_ordered();
	int err;

	lockdep_assert_held(&node->lock);
	err = kmb_park(node->cpu, node->nr_cpus);
	if (err)
		return err;
	node->phase[VNODE_PHASE_STOP] = rdtsc_ordered() - begin;
	node->stuck = false;
	life_record(node, end);
	adeos_slot_stop(node->slot);
	kmb_state_set(node, state);
	return 0;
}

/**
 * kmb_life_lose - a vnode has ended, but a CPU of it cannot be stopped
 * @node: the vnode, locked
 * @end: why it ended
 *
 * That CPU may still write to its memory and to its place in the commons: both stay
 * its own until a STOP succeeds.
 */
void kmb_life_lose(struct kmb_node *node, const struct kmb_end *end)
{
	lockdep_assert_held(&node->lock);
	node->stuck = true;
	life_record(node, end);
	kmb_state_set(node, VNODE_HUNG);
}
