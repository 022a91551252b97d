// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that the protocol offers, toward one peer, in a loop. Errors are counted and
 * stop nothing: the caller wants a kernel to die in one of the steps.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "test.h"

#define CALL_MS	1000

struct tally {
	u32 done;
	u32 failed;
	int last;
};

static void tell(struct tally *tally, int err)
{
	if (err < 0) {
		tally->failed++;
		tally->last = err;
	} else {
		tally->done++;
	}
}

static void ignore_interrupt(void *data, u32 from)
{
}

static void do_portal(struct tally *tally, u32 id)
{
	struct adeos_portal *portal;
	char name[32];

	snprintf(name, sizeof(name), "exercise.%d", task_pid_nr(current));
	portal = adeos_portal_create(name, 0, -1, ignore_interrupt, NULL);
	tell(tally, PTR_ERR_OR_ZERO(portal));
	if (IS_ERR(portal))
		return;
	tell(tally, adeos_portal_grant(portal, id));
	tell(tally, adeos_portal_revoke(portal, id));
	adeos_portal_destroy(portal);
}

static void do_raise(struct tally *tally, u32 id)
{
	struct adeos_door door;
	int err;

	err = adeos_door_find(id, "exercise", &door);
	tell(tally, err ?: adeos_door_raise(&door));
}

static void do_message(struct tally *tally, u32 id)
{
	u8 body[8] = { }, answer[VNODE_MSG_BODY];
	struct adeos_member to;
	int err;

	err = adeos_member_get(id, &to);
	tell(tally, err);
	if (err)
		return;
	tell(tally, adeos_msg_send(&to, VNODE_MSG_PING, body, sizeof(body)));
	tell(tally, adeos_msg_call(&to, VNODE_MSG_PING, body, sizeof(body), answer, CALL_MS));
}

static void do_bridge(struct tally *tally)
{
	struct adeos_bridge_config config = {
		.size = 2 * VNODE_PAGE,
		.flags = VNODE_BRIDGE_GLOBAL | VNODE_BRIDGE_TRANSIENT,
		.mode = ADEOS_BRIDGE_RW,
	};
	struct adeos_bridge *bridge, *again;
	char name[32];

	snprintf(name, sizeof(name), "exercise.%d", task_pid_nr(current));
	config.name = name;
	bridge = adeos_bridge_create(&config, NULL, NULL);
	tell(tally, PTR_ERR_OR_ZERO(bridge));
	if (IS_ERR(bridge))
		return;
	again = adeos_bridge_open(name, NULL, NULL);
	tell(tally, PTR_ERR_OR_ZERO(again));
	tell(tally, adeos_bridge_ring(bridge));
	/* long enough to be moved meanwhile */
	fsleep(10000);
	if (!IS_ERR(again))
		adeos_bridge_close(again);
	adeos_bridge_close(bridge);
}

static int exercise_run(struct answer *out, int argc, char **argv)
{
	struct tally tally = { };
	u64 deadline;
	u32 id, ms;
	int err;

	err = kstrtou32(argv[0], 0, &id);
	if (!err)
		err = kstrtou32(argv[1], 0, &ms);
	if (err)
		return err;
	deadline = rdtsc_ordered() + ms_to_tsc(ms);
	do {
		do_portal(&tally, id);
		do_raise(&tally, id);
		do_message(&tally, id);
		do_bridge(&tally);
	} while (go_on(deadline));
	say(out, "done %u failed %u last %pe\n", tally.done, tally.failed, ERR_PTR(tally.last));
	return 0;
}

const struct command exercise_commands[] = {
	{ "exercise", 2, "ID MS", exercise_run },
	{ }
};
