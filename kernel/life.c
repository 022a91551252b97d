// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of a vnode. It is the one place where states change:
 *
 *	free -> granted -> loaded			GRANT, LOAD (verbs.c)
 *	loaded -> booting				kmb_life_start()
 *	booting -> running				its nanokernel has attached
 *	booting, running -> panicked, rebooted, halted, hung	it has ended
 *	booting, running -> stopped			kmb_life_stop()
 *	panicked, rebooted, hung -> booting		a restart
 *	any but booting and running -> free		RETURN (verbs.c)
 *
 * One end takes one way through this file: told, look, end, dump, plan the restart;
 * later the timer, restart, start. adeos-lite calls life_told(); what
 * follows from a change outside this file is done by listeners (main.c).
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/ratelimit.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <asm/tsc.h>

#include "kmb.h"

/* The longest that printing a panic may go on after the report of it. */
#define PANIC_PRINT_MS		40
/* Before the second restart in a row, doubled for each further one; the first is at once. */
#define RESTART_FIRST_MS	250U
/* Of many oopses not each is a line and an event. */
#define OOPS_INTERVAL		(5 * HZ)
#define OOPS_BURST		10

/*
 * Reports are urgent. A restart is not: it clears and copies hundreds of MiB, and with
 * WQ_HIGHPRI nothing else would run on its CPU meanwhile; a dump waits for a program.
 */
static struct workqueue_struct *report_queue;
static struct workqueue_struct *slow_queue;

static const struct kmb_part *parts;
static unsigned int nr_parts;

static DECLARE_WAIT_QUEUE_HEAD(end_wait);
static bool closing;	/* root is going down: nothing is started any more */

/* ---- the timer: a boot limit while booting, a restart after an end ---- */

static void timer_arm(struct kmb_node *node, unsigned long delay)
{
	node->armed = true;
	node->due = jiffies + delay;
	kmb_node_hold(node);
	if (mod_delayed_work(slow_queue, &node->timer, delay))
		kmb_node_put(node);
}

static void timer_cancel(struct kmb_node *node)
{
	node->armed = false;
	if (cancel_delayed_work(&node->timer))
		kmb_node_put(node);
}

/* The timer may have been cancelled or armed anew while its work was on the way. */
static bool timer_is_due(struct kmb_node *node)
{
	if (!node->armed || node->dumping || time_before(jiffies, node->due))
		return false;
	node->armed = false;
	return true;
}

/* ---- changes, and their listeners ---- */

static void life_tell(struct kmb_node *node, enum kmb_change change)
{
	unsigned int i;

	lockdep_assert_held(&node->lock);
	for (i = 0; i < nr_parts; i++)
		if (parts[i].changed)
			parts[i].changed(node, change);
}

/**
 * kmb_life_set - change a vnode's state
 * @node: the vnode, locked; if it has ended, @end is filled
 * @state: the new one
 */
void kmb_life_set(struct kmb_node *node, enum vnode_state state)
{
	WRITE_ONCE(node->state, state);
	wake_up_interruptible(&end_wait);
	life_tell(node, KMB_CHANGE_STATE);
}

static void life_tell_end(struct kmb_node *node, unsigned int nr)
{
	while (nr--)
		if (parts[nr].disappear)
			parts[nr].disappear(node);
}

/**
 * kmb_life_appear - a vnode has got all that it was granted
 * @node: the vnode, locked
 *
 * Return: 0, or what a listener returns; then no listener knows the vnode.
 */
int kmb_life_appear(struct kmb_node *node)
{
	unsigned int i;
	int err;

	/* the state comes first: the uevent of a new device contains it */
	kmb_life_set(node, VNODE_GRANTED);
	for (i = 0; i < nr_parts; i++) {
		err = parts[i].appear ? parts[i].appear(node) : 0;
		if (err) {
			life_tell_end(node, i);
			kmb_life_set(node, VNODE_FREE);
			return err;
		}
	}
	return 0;
}

/**
 * kmb_life_disappear - a vnode is about to be returned: no restart follows
 * @node: the vnode, locked
 */
void kmb_life_disappear(struct kmb_node *node)
{
	timer_cancel(node);
	life_tell_end(node, nr_parts);
}

/**
 * kmb_life_wait_end - wait until a vnode has ended
 * @node: the vnode, not locked
 * @timeout: jiffies
 *
 * Return: more than 0 once it has, 0 after @timeout, negative for a signal.
 */
long kmb_life_wait_end(struct kmb_node *node, unsigned long timeout)
{
	return wait_event_interruptible_timeout(end_wait, !kmb_node_alive(node), timeout);
}

/* ---- a start ---- */

/* Return: 0, then the vnode is booting; else its CPUs are at rest, as before. */
static int life_begin(struct kmb_node *node)
{
	int err;

	err = kmb_place_seed(node);
	if (err)
		return err;
	err = adeos_slot_start(&node->slot, node->load.control - node->slot.region->pa);
	if (err)
		return err;
	err = kmb_wake(&node->slot.cpu[0], &node->load, &node->phase[VNODE_PHASE_WAKE],
		       &node->entry_tsc);
	node->stuck = err && kmb_park(node->slot.cpu, 1);
	if (err) {
		if (!node->stuck)
			adeos_slot_stop(&node->slot);
		return err;
	}
	node->run_ns = 0;
	node->phase[VNODE_PHASE_ATTACH] = 0;
	node->oopses = 0;
	node->start_ns = ktime_get_boottime_ns();
	kmb_life_set(node, VNODE_BOOTING);
	if (node->load.boot_limit_ms)
		timer_arm(node, msecs_to_jiffies(node->load.boot_limit_ms));
	return 0;
}

/**
 * kmb_life_start - start a vnode that is loaded
 * @node: the vnode, locked
 *
 * Return: 0 or as START documents.
 */
int kmb_life_start(struct kmb_node *node)
{
	lockdep_assert_held(&node->lock);
	if (READ_ONCE(closing))
		return -ESHUTDOWN;
	node->stopping = false;
	node->end = (struct kmb_end){ .cpu = KMB_NO_CPU };
	node->restarts = 0;
	node->in_row = 0;
	node->restart_tsc = 0;
	node->log_len = 0;
	return life_begin(node);
}

/* ---- an end ---- */

/* Of no CPU's, as root has noticed or decided just now. */
static struct kmb_end end_now(enum vnode_cause cause)
{
	return (struct kmb_end) { .cause = cause, .cpu = KMB_NO_CPU, .tsc = rdtsc_ordered() };
}

static int end_park(struct kmb_node *node)
{
	u64 begin = rdtsc_ordered();
	int err;

	/* an NMI to a CPU that waits for a SIPI or begins in real mode can be fatal */
	adeos_slot_withdraw(&node->slot);
	err = kmb_park(node->slot.cpu, node->slot.nr_cpus);
	if (!err)
		node->phase[VNODE_PHASE_STOP] = rdtsc_ordered() - begin;
	return err;
}

/*
 * The record of an end is complete before the state tells of it. A CPU that could not
 * be stopped may still write to the vnode's memory and to its station in the commons:
 * both remain the vnode's until a STOP succeeds.
 */
static void end_record(struct kmb_node *node, enum vnode_state state, const struct kmb_end *end)
{
	timer_cancel(node);
	node->end = *end;
	node->end.ns = end->ns ?: ktime_get_boottime_ns();
	node->restart_tsc = 0;
	node->log_len = adeos_slot_log(&node->slot, node->log, KMB_LOG_SIZE);
	if (!node->stuck)
		adeos_slot_stop(&node->slot);
	kmb_life_set(node, state);
}

static bool cause_is_failure(enum vnode_cause cause)
{
	return cause == VNODE_CAUSE_PANIC || cause == VNODE_CAUSE_EMERGENCY ||
	       cause == VNODE_CAUSE_HANG || cause == VNODE_CAUSE_NO_HELLO;
}

static void end_dump(struct kmb_node *node)
{
	if (!node->dump_dir || node->dumping || node->stopping || READ_ONCE(closing) ||
	    !cause_is_failure(node->end.cause))
		return;
	node->dumping = true;
	kmb_node_hold(node);
	queue_work(slow_queue, &node->dump);
}

static bool restart_is_wanted(const struct kmb_node *node)
{
	u32 want = cause_is_failure(node->end.cause) ? VNODE_LOAD_RESTART :
		   node->end.cause == VNODE_CAUSE_REBOOT ? VNODE_LOAD_REBOOT : 0;

	return (node->load.flags & want) && !node->stopping && !node->stuck && !READ_ONCE(closing);
}

static unsigned int restart_delay_ms(u32 in_row)
{
	if (!in_row)
		return 0;
	return min(RESTART_FIRST_MS << min(in_row - 1, 10U), VNODE_RESTART_MAX_MS);
}

static void restart_plan(struct kmb_node *node)
{
	if (!restart_is_wanted(node))
		return;
	/* a reboot is no failure; a restart after it that failed is one */
	if (node->end.cause == VNODE_CAUSE_REBOOT && node->run_ns) {
		node->run_ns = 0;
		node->in_row = 0;
		timer_arm(node, 0);
		return;
	}
	if (node->run_ns && node->end.ns - node->run_ns >= VNODE_RESTART_CALM * NSEC_PER_SEC)
		node->in_row = 0;
	/* counts once, also if the restart itself fails */
	node->run_ns = 0;
	if (node->load.restarts && node->in_row >= node->load.restarts) {
		pr_warn("%s: given up after %u restarts in a row\n", node->slot.name, node->in_row);
		return;
	}
	timer_arm(node, msecs_to_jiffies(restart_delay_ms(node->in_row)));
	node->in_row++;
}

/* A vnode has ended by itself. */
static void life_end(struct kmb_node *node, enum vnode_state state, const struct kmb_end *end)
{
	node->stuck = end_park(node);
	end_record(node, node->stuck ? VNODE_HUNG : state, end);
	end_dump(node);
	restart_plan(node);
}

/* ---- what its nanokernel has told ---- */

/* How a kernel ended, and the text for one that has left none. */
static const struct {
	enum vnode_cause cause;
	enum vnode_state state;
	const char *text;
} ends[] = {
	[VNODE_END_PANIC] = { VNODE_CAUSE_PANIC, VNODE_PANICKED, "panic" },
	[VNODE_END_RESTART] = { VNODE_CAUSE_REBOOT, VNODE_REBOOTED, "reboot" },
	[VNODE_END_HALT] = { VNODE_CAUSE_HALT, VNODE_HALTED, "halt" },
	[VNODE_END_POWER_OFF] = { VNODE_CAUSE_POWER_OFF, VNODE_HALTED, "power off" },
	[VNODE_END_EMERGENCY] = { VNODE_CAUSE_EMERGENCY, VNODE_REBOOTED, "emergency restart" },
	[ADEOS_END_HUNG] = { VNODE_CAUSE_HANG, VNODE_HUNG, "a CPU is silent" },
};

static void told_end(struct kmb_node *node, u32 reason)
{
	const struct adeos_slot *slot = &node->slot;
	struct kmb_end end = {
		.cause = ends[reason].cause,
		.cpu = slot->end_cpu == ADEOS_NO_CPU ? KMB_NO_CPU : slot->cpu[slot->end_cpu].cpu,
		.tsc = slot->end_tsc,
	};

	if (reason == VNODE_END_PANIC)
		adeos_slot_wait_silent(&node->slot, PANIC_PRINT_MS);
	/* the vnode's own word: kept if it lies between its start and now */
	if (slot->begin_tsc >= node->entry_tsc && slot->begin_tsc <= end.tsc)
		end.begin_tsc = slot->begin_tsc;
	strscpy(end.text, *slot->end_text ? slot->end_text : ends[reason].text, sizeof(end.text));
	life_end(node, ends[reason].state, &end);
}

static void told_refused(struct kmb_node *node, u32 major)
{
	struct kmb_end end = end_now(VNODE_CAUSE_PROTOCOL);

	snprintf(end.text, sizeof(end.text), "its nanokernel speaks protocol %u, root %u", major,
		 VNODE_PROTOCOL_MAJOR);
	life_end(node, VNODE_HUNG, &end);
}

static void told_attached(struct kmb_node *node, u64 tsc)
{
	timer_cancel(node);
	if (tsc > node->entry_tsc)
		node->phase[VNODE_PHASE_ATTACH] = tsc - node->entry_tsc;
	node->run_ns = ktime_get_boottime_ns();
	kmb_life_set(node, VNODE_RUNNING);
}

static void told_oopses(struct kmb_node *node, u32 oopses)
{
	node->oopses = oopses;
	if (__ratelimit(&node->oops_limit))
		life_tell(node, KMB_CHANGE_OOPS);
}

/* Acts on what the nanokernel of a vnode that is alive has told until now. */
static void life_look(struct kmb_node *node)
{
	u64 attach_tsc;
	u32 value;

	if (!kmb_node_alive(node))
		return;
	/* pairs with slot_admit() in adeos-lite/root/slot.c */
	attach_tsc = smp_load_acquire(&node->slot.attach_tsc);
	if (node->state == VNODE_BOOTING && attach_tsc)
		told_attached(node, attach_tsc);
	value = READ_ONCE(node->slot.oopses);
	if (value != node->oopses)
		told_oopses(node, value);

	/* pairs with adeos_slot_ended() in adeos-lite/root/station.c */
	value = smp_load_acquire(&node->slot.end);
	if (value) {
		told_end(node, value);
		return;
	}
	value = READ_ONCE(node->slot.refused);
	if (value && node->state == VNODE_BOOTING)
		told_refused(node, value);
}

static void report_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(work, struct kmb_node, report);

	mutex_lock(&node->lock);
	life_look(node);
	kmb_node_unlock(node);
}

/* Context: any but NMI. */
static void life_told(struct adeos_slot *slot)
{
	struct kmb_node *node = container_of(slot, struct kmb_node, slot);

	kmb_node_hold(node);
	if (!queue_work(report_queue, &node->report))
		kmb_node_put(node);
}

/* ---- what comes later: the dump is over, the timer is due ---- */

static void dump_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(work, struct kmb_node, dump);
	long left;

	kmb_dump_run(node);
	mutex_lock(&node->lock);
	node->dumping = false;
	left = node->due - jiffies;
	if (node->armed)
		timer_arm(node, max(left, 0L));
	kmb_node_unlock(node);
}

static void boot_limit_is_over(struct kmb_node *node)
{
	struct kmb_end end = end_now(VNODE_CAUSE_NO_HELLO);

	snprintf(end.text, sizeof(end.text), "no hello within %u ms", node->load.boot_limit_ms);
	life_end(node, VNODE_HUNG, &end);
}

/*
 * From root's copy of the image: no file, no user space, no allocation. A restart that
 * fails leaves the state as it is and is tried again as after any other failure.
 */
static void life_restart(struct kmb_node *node)
{
	int err;

	if (!restart_is_wanted(node))
		return;
	node->restart_tsc = rdtsc_ordered();
	WRITE_ONCE(node->restarts, node->restarts + 1);
	err = kmb_place_again(node) ?: life_begin(node);
	if (!err)
		return;
	pr_err("%s: restart failed: %d\n", node->slot.name, err);
	restart_plan(node);
	if (!node->armed)
		life_tell(node, KMB_CHANGE_NO_RESTART);
}

static void timer_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(to_delayed_work(work), struct kmb_node, timer);

	mutex_lock(&node->lock);
	/* a hello that came in time counts, though the worker is late */
	life_look(node);
	if (timer_is_due(node)) {
		if (node->state == VNODE_BOOTING)
			boot_limit_is_over(node);
		else
			life_restart(node);
	}
	kmb_node_unlock(node);
}

/* ---- stopped from outside ---- */

/**
 * kmb_life_stop - stop a vnode by force, and call off its restart
 * @node: the vnode, locked
 *
 * If it has ended by itself before, that end is the one on record.
 *
 * Return: 0, also if it does not run; -ETIMEDOUT if a CPU cannot be stopped: the vnode is
 * no member any more, and keeps all that it was lent.
 */
int kmb_life_stop(struct kmb_node *node)
{
	struct kmb_end end = end_now(VNODE_CAUSE_STOP);
	int err;

	lockdep_assert_held(&node->lock);
	node->stopping = true;
	life_look(node);
	if (kmb_node_runs(node)) {
		err = end_park(node);
		if (err)
			return err;
		if (node->stuck)
			end = node->end;
		node->stuck = false;
		end_record(node, VNODE_STOPPED, &end);
	} else if (node->armed) {
		timer_cancel(node);
		life_tell(node, KMB_CHANGE_NO_RESTART);
	}
	return 0;
}

/**
 * kmb_life_close - root is going down: nothing is started from now on
 *
 * A restart may be under way until the lock of its vnode has been taken once.
 */
void kmb_life_close(void)
{
	WRITE_ONCE(closing, true);
}

/* ---- set-up ---- */

void kmb_life_prepare(struct kmb_node *node)
{
	node->slot.told = life_told;
	INIT_WORK(&node->report, report_work);
	INIT_WORK(&node->dump, dump_work);
	INIT_DELAYED_WORK(&node->timer, timer_work);
	ratelimit_state_init(&node->oops_limit, OOPS_INTERVAL, OOPS_BURST);
	ratelimit_set_flags(&node->oops_limit, RATELIMIT_MSG_ON_RELEASE);
}

void kmb_life_listeners(const struct kmb_part *table, unsigned int nr)
{
	parts = table;
	nr_parts = nr;
}

int kmb_life_init(void)
{
	report_queue = alloc_workqueue("vnode", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!report_queue)
		return -ENOMEM;
	slow_queue = alloc_workqueue("vnode_slow", WQ_UNBOUND, 0);
	if (slow_queue)
		return 0;
	destroy_workqueue(report_queue);
	return -ENOMEM;
}

/*
 * No vnode is left, so no timer is armed. Works that are still queued find nothing to
 * do; a dump that is under way is waited for.
 */
void kmb_life_exit(void)
{
	destroy_workqueue(slow_queue);
	destroy_workqueue(report_queue);
}
