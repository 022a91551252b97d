// SPDX-License-Identifier: GPL-2.0-only
/* Bridges through the functions for drivers, and the events that came. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "test.h"

#define BRIDGES	32

/**
 * struct test_bridge - a bridge that is open here
 * @bridge: NULL: this entry is free
 * @name: its name
 * @events: number of each event that came
 */
struct test_bridge {
	struct adeos_bridge *bridge;
	char name[64];
	atomic_t events[ADEOS_BRIDGE_MOVED + 1];
};

/* Held for writing to open and close, for reading to use a mapping. */
static DECLARE_RWSEM(bridges_lock);
static struct test_bridge bridges[BRIDGES];
static atomic_t users;	/* of mappings, from bridges_find() to bridges_put() */

static struct test_bridge *find(const char *name)
{
	struct test_bridge *bridge;

	for (bridge = bridges; bridge < bridges + BRIDGES; bridge++)
		if (bridge->bridge && !strcmp(bridge->name, name))
			return bridge;
	return ERR_PTR(-ENOENT);
}

static struct test_bridge *find_free(void)
{
	struct test_bridge *bridge;

	for (bridge = bridges; bridge < bridges + BRIDGES; bridge++)
		if (!bridge->bridge)
			return bridge;
	return ERR_PTR(-ENOSPC);
}

/* No bridge is closed before bridges_put(). Not for transient ones. */
int bridges_find(const char *name, void **va, u64 *size)
{
	struct test_bridge *bridge;

	down_read(&bridges_lock);
	bridge = find(name);
	if (!IS_ERR(bridge)) {
		*va = adeos_bridge_va(bridge->bridge);
		*size = adeos_bridge_size(bridge->bridge);
		atomic_inc(&users);
	}
	up_read(&bridges_lock);
	return PTR_ERR_OR_ZERO(bridge);
}

void bridges_put(void)
{
	atomic_dec(&users);
}

int bench_find(const char *name, struct bench_page **page)
{
	void *va;
	u64 size;
	int err;

	err = bridges_find(name, &va, &size);
	if (!err)
		*page = va;
	return err;
}

static void bridge_event(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct test_bridge *mine = data;

	atomic_inc(&mine->events[event]);
}

static int size_option(int argc, char **argv, u64 *size)
{
	const char *text = option(argc, argv, "size");

	*size = VNODE_PAGE;
	return text ? kstrtou64(text, 0, size) : 0;
}

static struct adeos_bridge *create(struct test_bridge *mine, int argc, char **argv)
{
	struct adeos_bridge_config config = {
		.name = argv[0],
		.flags = (flag(argc, argv, "local") ? 0 : VNODE_BRIDGE_GLOBAL) |
			 (flag(argc, argv, "transient") ? VNODE_BRIDGE_TRANSIENT : 0),
		.mode = ADEOS_BRIDGE_ANYONE,
	};
	int err;

	err = size_option(argc, argv, &config.size);
	return err ? ERR_PTR(err) : adeos_bridge_create(&config, bridge_event, mine);
}

static int bridge_new(int argc, char **argv, bool open)
{
	struct adeos_bridge *bridge;
	struct test_bridge *mine;

	mine = find_free();
	if (IS_ERR(mine))
		return PTR_ERR(mine);
	memset(mine, 0, sizeof(*mine));
	strscpy(mine->name, argv[0], sizeof(mine->name));
	bridge = open ? adeos_bridge_open(argv[0], bridge_event, mine) : create(mine, argc, argv);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	mine->bridge = bridge;
	return 0;
}

static int bridge_run(struct answer *out, int argc, char **argv)
{
	int err;

	down_write(&bridges_lock);
	err = bridge_new(argc, argv, false);
	up_write(&bridges_lock);
	return err;
}

static int open_run(struct answer *out, int argc, char **argv)
{
	int err;

	down_write(&bridges_lock);
	err = bridge_new(argc, argv, true);
	up_write(&bridges_lock);
	return err;
}

static int unbridge_run(struct answer *out, int argc, char **argv)
{
	struct test_bridge *bridge;
	int err;

	down_write(&bridges_lock);
	bridge = find(argv[0]);
	err = PTR_ERR_OR_ZERO(bridge) ?: atomic_read(&users) ? -EBUSY : 0;
	if (!err) {
		adeos_bridge_close(bridge->bridge);
		bridge->bridge = NULL;
	}
	up_write(&bridges_lock);
	return err;
}

void bridges_exit(void)
{
	struct test_bridge *bridge;

	for (bridge = bridges; bridge < bridges + BRIDGES; bridge++)
		if (bridge->bridge)
			adeos_bridge_close(bridge->bridge);
}

int bridges_ring(const char *name)
{
	struct test_bridge *bridge;
	int err;

	down_read(&bridges_lock);
	bridge = find(name);
	err = IS_ERR(bridge) ? PTR_ERR(bridge) : adeos_bridge_ring(bridge->bridge);
	up_read(&bridges_lock);
	return err;
}

static int ring_run(struct answer *out, int argc, char **argv)
{
	return bridges_ring(argv[0]);
}

static int rung_run(struct answer *out, int argc, char **argv)
{
	struct test_bridge *bridge;

	down_read(&bridges_lock);
	bridge = find(argv[0]);
	if (!IS_ERR(bridge))
		say(out, "rung %d revoked %d frozen %d moved %d is-revoked %d\n",
		    atomic_read(&bridge->events[ADEOS_BRIDGE_RUNG]),
		    atomic_read(&bridge->events[ADEOS_BRIDGE_REVOKED]),
		    atomic_read(&bridge->events[ADEOS_BRIDGE_FREEZE]),
		    atomic_read(&bridge->events[ADEOS_BRIDGE_MOVED]),
		    adeos_bridge_revoked(bridge->bridge));
	up_read(&bridges_lock);
	return PTR_ERR_OR_ZERO(bridge);
}

/* The same seed gives the same bytes in every kernel. */
static int pattern(const char *name, const char *seed_text, bool write)
{
	struct rnd_state state;
	u64 size, i;
	u32 seed;
	void *va;
	int err;

	err = kstrtou32(seed_text, 0, &seed);
	if (!err)
		err = bridges_find(name, &va, &size);
	if (err)
		return err;
	prandom_seed_state(&state, seed);
	for (i = 0; !err && i < size / sizeof(u32); i++) {
		u32 value = prandom_u32_state(&state);

		if (write)
			WRITE_ONCE(((u32 *)va)[i], value);
		else if (READ_ONCE(((u32 *)va)[i]) != value)
			err = -EBADMSG;
	}
	bridges_put();
	return err;
}

static int fill_run(struct answer *out, int argc, char **argv)
{
	return pattern(argv[0], argv[1], true);
}

static int verify_run(struct answer *out, int argc, char **argv)
{
	return pattern(argv[0], argv[1], false);
}

const struct command bridge_commands[] = {
	{ "bridge", 1, "NAME [size=BYTES] [local] [transient]", bridge_run },
	{ "open", 1, "NAME", open_run },
	{ "unbridge", 1, "NAME", unbridge_run },
	{ "ring", 1, "NAME", ring_run },
	{ "rung", 1, "NAME", rung_run },
	{ "fill", 2, "NAME SEED", fill_run },
	{ "verify", 2, "NAME SEED", verify_run },
	{ }
};
