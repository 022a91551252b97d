// SPDX-License-Identifier: GPL-2.0-only
/* Portals of this kernel, and the interrupts that arrived at them. */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include "test.h"

DECLARE_RWSEM(portals_lock);

static struct test_portal portals[VNODE_PORTALS];

struct test_portal *portals_find(const char *name)
{
	struct test_portal *portal;

	for (portal = portals; portal < portals + ARRAY_SIZE(portals); portal++)
		if (portal->portal && !strcmp(portal->name, name))
			return portal;
	return ERR_PTR(-ENOENT);
}

static struct test_portal *find_free(void)
{
	struct test_portal *portal;

	for (portal = portals; portal < portals + ARRAY_SIZE(portals); portal++)
		if (!portal->portal)
			return portal;
	return ERR_PTR(-ENOSPC);
}

/* Tells the sender the last number that this kernel has seen. */
static void bench_seen(struct bench_page *bench, unsigned int slot, u64 tsc)
{
	struct bench_seen *seen = &bench->seen[slot];

	WRITE_ONCE(seen->tsc, tsc);
	/* Pairs with the sender's smp_load_acquire(). */
	smp_store_release(&seen->seq, READ_ONCE(bench->sent[slot].seq));
}

/* Context: hard interrupt or NMI. */
static void portal_handler(void *data, u32 from)
{
	struct test_portal *portal = data;
	unsigned long slots = from;
	u64 tsc = rdtsc_ordered();
	unsigned int slot;

	WRITE_ONCE(portal->tsc, tsc);
	atomic64_inc(&portal->interrupts);
	for_each_set_bit(slot, &slots, VNODE_SLOTS) {
		atomic64_inc(&portal->from[slot]);
		if (READ_ONCE(portal->bench))
			bench_seen(portal->bench, slot, tsc);
	}
	/* Pairs with echo_run(). */
	if (smp_load_acquire(&portal->echoing) && !in_nmi())
		adeos_door_raise(&portal->echo);
}

static int grant_list(struct adeos_portal *portal, const char *list)
{
	char copy[64], *rest = copy, *word;
	int err = 0;
	u32 id;

	if (!list)
		return 0;
	if (!strcmp(list, "all")) {
		adeos_portal_grant_all(portal);
		return 0;
	}
	strscpy(copy, list, sizeof(copy));
	while (!err && (word = strsep(&rest, ","))) {
		err = kstrtou32(word, 0, &id);
		if (!err)
			err = adeos_portal_grant(portal, id);
	}
	return err;
}

static void portal_reset(struct test_portal *portal, const char *name)
{
	memset(portal, 0, sizeof(*portal));
	strscpy(portal->name, name, sizeof(portal->name));
}

static int portal_open(struct test_portal *portal, int argc, char **argv)
{
	unsigned int flags = flag(argc, argv, "urgent") ? ADEOS_PORTAL_URGENT : 0;
	struct adeos_portal *new;
	u32 cpu = -1;
	int err;

	err = option_u32(argc, argv, "cpu", &cpu);
	if (err)
		return err;
	portal_reset(portal, argv[0]);
	new = adeos_portal_create(argv[0], flags, cpu, portal_handler, portal);
	if (IS_ERR(new))
		return PTR_ERR(new);
	err = grant_list(new, option(argc, argv, "grant"));
	if (err)
		adeos_portal_destroy(new);
	else
		portal->portal = new;
	return err;
}

static int portal_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *portal;
	int err;

	down_write(&portals_lock);
	portal = find_free();
	err = IS_ERR(portal) ? PTR_ERR(portal) : portal_open(portal, argc, argv);
	up_write(&portals_lock);
	return err;
}

static void portal_close(struct test_portal *portal)
{
	domains_forget(portal);
	adeos_portal_destroy(portal->portal);
	portal->portal = NULL;
	if (portal->bench)
		bridges_put();
}

static int close_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *portal;

	down_write(&portals_lock);
	portal = portals_find(argv[0]);
	if (!IS_ERR(portal))
		portal_close(portal);
	up_write(&portals_lock);
	return PTR_ERR_OR_ZERO(portal);
}

void portals_exit(void)
{
	struct test_portal *portal;

	down_write(&portals_lock);
	for (portal = portals; portal < portals + ARRAY_SIZE(portals); portal++)
		if (portal->portal)
			portal_close(portal);
	up_write(&portals_lock);
}

/* Runs @action on the portal of the first argument, with the number of the second. */
static int with_number(int argc, char **argv,
		       int (*action)(struct test_portal *portal, u32 number))
{
	struct test_portal *portal;
	u32 number;
	int err;

	err = kstrtou32(argv[1], 0, &number);
	if (err)
		return err;
	down_read(&portals_lock);
	portal = portals_find(argv[0]);
	err = IS_ERR(portal) ? PTR_ERR(portal) : action(portal, number);
	up_read(&portals_lock);
	return err;
}

static int grant(struct test_portal *portal, u32 id)
{
	return adeos_portal_grant(portal->portal, id);
}

static int grant_run(struct answer *out, int argc, char **argv)
{
	return with_number(argc, argv, grant);
}

static int revoke(struct test_portal *portal, u32 id)
{
	return adeos_portal_revoke(portal->portal, id);
}

static int revoke_run(struct answer *out, int argc, char **argv)
{
	return with_number(argc, argv, revoke);
}

static int count_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *portal;
	unsigned int slot;

	down_read(&portals_lock);
	portal = portals_find(argv[0]);
	if (!IS_ERR(portal)) {
		say(out, "interrupts %lld\ntsc %llu\n", atomic64_read(&portal->interrupts),
		    READ_ONCE(portal->tsc));
		for (slot = 0; slot < VNODE_SLOTS; slot++)
			if (atomic64_read(&portal->from[slot]))
				say(out, "slot%u %lld\n", slot,
				    atomic64_read(&portal->from[slot]));
	}
	up_read(&portals_lock);
	return PTR_ERR_OR_ZERO(portal);
}

/* From now on NAME's handler raises PEER-NAME of vnode ID. */
static int echo_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *portal;
	struct adeos_door door;
	u32 id;
	int err;

	err = kstrtou32(argv[1], 0, &id);
	if (!err)
		err = adeos_door_find(id, argv[2], &door);
	if (err)
		return err;
	down_write(&portals_lock);
	portal = portals_find(argv[0]);
	if (!IS_ERR(portal) && !portal->echoing) {
		portal->echo = door;
		/* Pairs with portal_handler(). */
		smp_store_release(&portal->echoing, true);
	}
	up_write(&portals_lock);
	return PTR_ERR_OR_ZERO(portal);
}

/* The handler of NAME writes the numbers that it has seen into BRIDGE, for raise bridge=. */
static int stamp_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *portal;
	struct bench_page *bench;
	int err;

	err = bench_find(argv[1], &bench);
	if (err)
		return err;
	down_write(&portals_lock);
	portal = portals_find(argv[0]);
	if (IS_ERR(portal) || portal->bench)
		bridges_put();
	else
		WRITE_ONCE(portal->bench, bench);
	up_write(&portals_lock);
	return PTR_ERR_OR_ZERO(portal);
}

const struct command portal_commands[] = {
	{ "portal", 1, "NAME [cpu=N] [urgent] [grant=all|ID,...]", portal_run },
	{ "close", 1, "NAME", close_run },
	{ "grant", 2, "NAME ID", grant_run },
	{ "revoke", 2, "NAME ID", revoke_run },
	{ "count", 1, "NAME", count_run },
	{ "echo", 3, "NAME ID PEER-NAME", echo_run },
	{ "stamp", 2, "NAME BRIDGE", stamp_run },
	{ }
};
