// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vnode's nanokernel tells, or fails to tell in time, becomes states. The
 * nanokernel in root says that there is something to see; a worker looks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "kmb.h"

/* What a panic may still have to print when we are told of it. */
#define PANIC_PRINT_MS	40

/*
 * Who looks goes before what root is doing, for a moment. What becomes due later has its
 * share of a CPU like everybody: a restart clears and copies hundreds of MiB, and
 * nothing else would run on that CPU meanwhile.
 */
static struct workqueue_struct *look_queue;
static struct workqueue_struct *due_queue;

/* How a kernel ended, and what is shown where it has left no words. */
static const struct {
	enum vnode_cause cause;
	enum vnode_state state;
	const char *text;
} ends[VNODE_NR_ENDS] = {
	[VNODE_END_PANIC] = { VNODE_CAUSE_PANIC, VNODE_PANICKED, "panic" },
	[VNODE_END_RESTART] = { VNODE_CAUSE_REBOOT, VNODE_REBOOTED, "reboot" },
	[VNODE_END_HALT] = { VNODE_CAUSE_HALT, VNODE_HALTED, "halt" },
	[VNODE_END_POWER_OFF] = { VNODE_CAUSE_POWER_OFF, VNODE_HALTED, "power off" },
	[VNODE_END_EMERGENCY] = { VNODE_CAUSE_EMERGENCY, VNODE_REBOOTED, "emergency restart" },
};

/* An APIC id that another kernel told: one of its own, or none. */
static u32 watch_cpu(const struct kmb_node *node, u32 apicid)
{
	unsigned int i;

	for (i = 0; i < node->nr_cpus; i++)
		if (node->cpu[i].apicid == apicid)
			return node->cpu[i].cpu;
	return KMB_NO_CPU;
}

static void watch_end(struct kmb_node *node, enum vnode_state state, const struct kmb_end *end)
{
	if (kmb_life_end(node, state, end))
		kmb_life_lose(node, end);
	kmb_dump_begin(node);
	kmb_restart_plan(node);
}

static void watch_end_told(struct kmb_node *node, const struct adeos_report *report,
			   enum vnode_state state, enum vnode_cause cause, const char *text)
{
	struct kmb_end end = {
		.cause = cause,
		.cpu = watch_cpu(node, report->apicid),
		.tsc = report->end_tsc ?: rdtsc_ordered(),
	};

	if (cause == VNODE_CAUSE_PANIC)
		adeos_slot_wait_silent(node->slot, PANIC_PRINT_MS);
	/* the vnode's own word: only what can be true */
	if (report->begin_tsc >= node->entry_tsc && report->begin_tsc <= end.tsc)
		end.begin_tsc = report->begin_tsc;
	strscpy(end.text, *report->text ? report->text : text, sizeof(end.text));
	watch_end(node, state, &end);
}

static void watch_no_hello(struct kmb_node *node)
{
	struct kmb_end end = {
		.cause = VNODE_CAUSE_NO_HELLO,
		.cpu = KMB_NO_CPU,
		.tsc = rdtsc_ordered(),
	};

	snprintf(end.text, sizeof(end.text), "no hello within %u ms", node->load.boot_limit_ms);
	watch_end(node, VNODE_HUNG, &end);
}

static void watch_attached(struct kmb_node *node, const struct adeos_report *report)
{
	kmb_watch_cancel(node);
	if (report->attach_tsc > node->entry_tsc)
		node->phase[VNODE_PHASE_ATTACH] = report->attach_tsc - node->entry_tsc;
	strscpy(node->release, report->release, sizeof(node->release));
	node->run_ns = ktime_get_boottime_ns();
	kmb_state_set(node, VNODE_RUNNING);
}

static void watch_oopses(struct kmb_node *node, u32 oopses)
{
	WRITE_ONCE(node->oopses, oopses);
	if (!__ratelimit(&node->oops_limit))
		return;
	pr_warn("%s: an oops, %u since its start\n", node->name, oopses);
	kmb_state_event(node);
}

/**
 * kmb_watch_look - see what a vnode's nanokernel has told
 * @node: the vnode, locked
 */
void kmb_watch_look(struct kmb_node *node)
{
	struct adeos_report report;

	lockdep_assert_held(&node->lock);
	if (!kmb_node_alive(node))
		return;
	adeos_slot_report(node->slot, &report);
	if (node->state == VNODE_BOOTING && report.was_attached)
		watch_attached(node, &report);
	if (report.oopses != node->oopses)
		watch_oopses(node, report.oopses);

	if (report.end > VNODE_END_NONE && report.end < VNODE_NR_ENDS)
		watch_end_told(node, &report, ends[report.end].state, ends[report.end].cause,
			       ends[report.end].text);
	else if (report.hung)
		watch_end_told(node, &report, VNODE_HUNG, VNODE_CAUSE_HANG, "a CPU is silent");
	else if (report.refused && node->state == VNODE_BOOTING)
		watch_end_told(node, &report, VNODE_HUNG, VNODE_CAUSE_PROTOCOL,
			       "its nanokernel was refused");
}

static void watch_look_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(work, struct kmb_node, look);

	mutex_lock(&node->lock);
	kmb_watch_look(node);
	kmb_node_unlock(node);
}

/* It may have been called off, or armed anew, while this was on its way. */
static bool watch_is_due(struct kmb_node *node)
{
	if (!node->armed || node->dumping || time_before(jiffies, node->due))
		return false;
	node->armed = false;
	return true;
}

static void watch_timer_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(to_delayed_work(work), struct kmb_node, timer);

	mutex_lock(&node->lock);
	/* a hello that came in time counts, though the worker is late */
	kmb_watch_look(node);
	if (watch_is_due(node)) {
		if (node->state == VNODE_BOOTING)
			watch_no_hello(node);
		else
			kmb_restart(node);
	}
	kmb_node_unlock(node);
}

/**
 * kmb_watch_notify - adeos-lite has something to tell of a vnode
 * @data: the vnode, which lives as long as its slot
 *
 * Context: any but NMI.
 */
void kmb_watch_notify(void *data)
{
	struct kmb_node *node = data;

	kmb_node_hold(node);
	if (!queue_work(look_queue, &node->look))
		kmb_node_put(node);
}

/**
 * kmb_watch_arm - have something done later: end a boot that takes too long, or
 * restart
 * @node: the vnode, locked
 * @ms: when
 */
void kmb_watch_arm(struct kmb_node *node, unsigned int ms)
{
	unsigned long delay = msecs_to_jiffies(ms);

	lockdep_assert_held(&node->lock);
	node->armed = true;
	node->due = jiffies + delay;
	kmb_node_hold(node);
	if (mod_delayed_work(due_queue, &node->timer, delay))
		kmb_node_put(node);
}

/**
 * kmb_watch_cancel - call it off
 * @node: the vnode, locked
 */
void kmb_watch_cancel(struct kmb_node *node)
{
	lockdep_assert_held(&node->lock);
	node->armed = false;
	if (cancel_delayed_work(&node->timer))
		kmb_node_put(node);
}

/**
 * kmb_watch_resume - what has become due while a vnode was dumped is done now
 * @node: the vnode, locked
 */
void kmb_watch_resume(struct kmb_node *node)
{
	long left = node->due - jiffies;

	lockdep_assert_held(&node->lock);
	if (node->armed)
		kmb_watch_arm(node, jiffies_to_msecs(max(left, 0L)));
}

void kmb_watch_prepare(struct kmb_node *node)
{
	INIT_WORK(&node->look, watch_look_work);
	INIT_DELAYED_WORK(&node->timer, watch_timer_work);
}

int kmb_watch_init(void)
{
	look_queue = alloc_workqueue("vnode", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!look_queue)
		return -ENOMEM;
	due_queue = alloc_workqueue("vnode_due", WQ_UNBOUND, 0);
	if (due_queue)
		return 0;
	destroy_workqueue(look_queue);
	return -ENOMEM;
}

/* No node is left, so no timer is armed; works on their way find nothing to do. */
void kmb_watch_exit(void)
{
	destroy_workqueue(due_queue);
	destroy_workqueue(look_queue);
}
