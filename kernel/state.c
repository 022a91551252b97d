// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place where states change, and who is told: root's log, poll() on
 * /dev/vnode, uevents, vnodes that look.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/wait.h>
#include <vnode/names.h>

#include "kmb.h"

/* counts changes; whoever polls remembers what it has seen */
static atomic_t events = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(event_wait);

u32 kmb_state_events(void)
{
	return atomic_read(&events);
}

void kmb_state_poll_wait(struct file *file, poll_table *wait)
{
	poll_wait(file, &event_wait, wait);
}

/* Somebody may be interested in what has changed of @node, its state or not. */
void kmb_state_event(struct kmb_node *node)
{
	lockdep_assert_held(&node->lock);
	atomic_inc(&events);
	wake_up_interruptible(&event_wait);
	kmb_sysfs_event(node);
	kmb_remote_event(node);
}

static bool state_is_end(enum vnode_state state)
{
	return state >= VNODE_HALTED && state <= VNODE_HUNG;
}

/* By itself, not by our hand: whoever reads the log wants to know why. */
static void state_log_end(const struct kmb_node *node)
{
	const struct kmb_end *end = &node->end;
	const char *state = vnode_state_name(node->state);
	char cpu[24] = "";

	if (end->cpu != KMB_NO_CPU)
		snprintf(cpu, sizeof(cpu), " (CPU %u)", end->cpu);
	if (node->state == VNODE_HALTED)
		pr_info("%s: %s: %s%s\n", node->name, state, end->text, cpu);
	else
		pr_warn("%s: %s: %s%s\n", node->name, state, end->text, cpu);
}

/**
 * kmb_state_set - change a vnode's state and tell whoever is interested
 * @node: the vnode, locked; where it ended by itself, its @end is filled
 * @state: the new one
 */
void kmb_state_set(struct kmb_node *node, enum vnode_state state)
{
	lockdep_assert_held(&node->lock);
	if (node->state == state)
		return;
	WRITE_ONCE(node->state, state);
	if (state_is_end(state))
		state_log_end(node);
	else
		pr_info("%s: %s\n", node->name, vnode_state_name(state));
	kmb_state_event(node);
}

bool kmb_node_has_memory(const struct kmb_node *node)
{
	return node->state != VNODE_FREE;
}

/* Started, and it has not ended. */
bool kmb_node_alive(const struct kmb_node *node)
{
	return vnode_state_lives(READ_ONCE(node->state));
}

/* Its CPUs execute its own code, or one of them may. */
bool kmb_node_runs(const struct kmb_node *node)
{
	return kmb_node_alive(node) || node->stuck;
}

/**
 * kmb_state_wait_end - wait until a vnode has ended
 * @node: the vnode, not locked
 * @timeout: jiffies
 *
 * Return: more than 0 once it has, 0 after @timeout, negative for a signal.
 */
long kmb_state_wait_end(struct kmb_node *node, unsigned long timeout)
{
	return wait_event_interruptible_timeout(event_wait, !kmb_node_alive(node), timeout);
}
