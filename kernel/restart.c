// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether and when a vnode that has ended is started again, from what root kept of
 * its image: no file, no user space, no memory is asked for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/time64.h>
#include <asm/tsc.h>

#include "kmb.h"

#define RESTART_FIRST_MS	250U	/* before the second one; the first is at once */

bool kmb_cause_is_failure(enum vnode_cause cause)
{
	switch (cause) {
	case VNODE_CAUSE_PANIC:
	case VNODE_CAUSE_EMERGENCY:
	case VNODE_CAUSE_HANG:
	case VNODE_CAUSE_NO_HELLO:
		return true;
	default:
		return false;
	}
}

static bool restart_wanted(const struct kmb_node *node)
{
	return node->image && !node->stopping && !node->stuck && !kmb_closing() &&
	       (kmb_cause_is_failure(node->end.cause) ||
		node->end.cause == VNODE_CAUSE_REBOOT);
}

static unsigned int restart_delay(u32 in_row)
{
	if (!in_row)
		return 0;
	return min(RESTART_FIRST_MS << min(in_row - 1, 10U), VNODE_RESTART_MAX_MS);
}

/**
 * kmb_restart_plan - a vnode has ended: arrange for its restart, if it is to be
 * @node: the vnode, locked
 */
void kmb_restart_plan(struct kmb_node *node)
{
	lockdep_assert_held(&node->lock);
	if (!restart_wanted(node))
		return;
	if (node->run_ns && node->end.ns - node->run_ns >= VNODE_RESTART_CALM * NSEC_PER_SEC)
		node->in_row = 0;
	/* counts once, also if the restart itself fails */
	node->run_ns = 0;
	if (node->load.restarts && node->in_row >= node->load.restarts) {
		pr_warn("%s: given up after %u restarts in a row\n", node->name, node->in_row);
		return;
	}
	kmb_watch_arm(node, restart_delay(node->in_row));
	node->in_row++;
}

/**
 * kmb_restart - start a vnode again
 * @node: the vnode, locked; it has ended and its CPUs are at rest
 *
 * If that fails, the vnode stays as it is, and it is tried again as after any other
 * failure.
 */
void kmb_restart(struct kmb_node *node)
{
	int err;

	lockdep_assert_held(&node->lock);
	if (!restart_wanted(node))
		return;
	node->restart_tsc = rdtsc_ordered();
	WRITE_ONCE(node->restarts, node->restarts + 1);
	err = kmb_place_again(node);
	if (!err)
		err = kmb_life_begin(node);
	if (err) {
		pr_err("%s: restart failed: %d\n", node->name, err);
		kmb_restart_plan(node);
		/* given up: no change of state tells of it */
		if (!node->armed)
			kmb_state_event(node);
	}
}
