// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: moves transient bridges down, so that what is free becomes one piece.
 * Everybody who has the bridge open lets go of it first; who does not in time is
 * left where it is.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "bridge.h"
#include "bridge-pool.h"

#define FREEZE_MS	100

static bool user_let_go(u32 slot, u32 index, u32 move)
{
	const __le32 *moved = &adeos_station(slot)->bridge_moved[index];

	/* pairs with entry_let_go(): what it has written to the bridge is moved, too */
	return le32_to_cpu(smp_load_acquire(moved)) == move;
}

static bool users_let_go(u32 index, const struct bridge_record *record)
{
	u32 users = bridge_users(index, record->serial), slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if ((users & BIT(slot)) && !user_let_go(slot, index, record->move))
			return false;
	return true;
}

static bool wait_until_let_go(u32 index, const struct bridge_record *record)
{
	ktime_t end = ktime_add_ms(ktime_get(), FREEZE_MS);

	while (!users_let_go(index, record)) {
		if (ktime_after(ktime_get(), end))
			return false;
		usleep_range(20, 50);
	}
	return true;
}

/* Downwards, in pieces: the two places may overlap. */
static void memory_move(u64 to, u64 from, u64 size)
{
	void *pool = commons.va + VNODE_POOL;
	u64 done, len;

	for (done = 0; done < size; done += len) {
		len = min_t(u64, size - done, SZ_1M);
		memmove(pool + to + done, pool + from + done, len);
		cond_resched();
	}
}

/* Return: 0, -EBUSY (somebody did not let go). */
static int record_move(u32 index, u64 to)
{
	struct bridge_record *record = &bridge_record[index];
	int err = -EBUSY;

	record->move++;
	bridge_root_state(index, VNODE_BRIDGE_MOVING);
	/* we are one of the users perhaps, and the worker may wait for our lock */
	bridge_watch();
	if (wait_until_let_go(index, record)) {
		memory_move(to, record->offset, record->size);
		bridge_pool_move(&bridge_pool, index);
		record->offset = to;
		err = 0;
	}
	bridge_root_state(index, VNODE_BRIDGE_LIVE);
	return err;
}

/* The bridge at position @pos in the pool. Return: false if there is none. */
static bool extent_compact(u32 pos, u64 *moved, u64 *frozen_ns)
{
	struct bridge_record *record;
	ktime_t begin = ktime_get();
	u32 index;
	u64 to;

	lockdep_assert_held(&bridge_root_lock);
	if (pos >= bridge_pool.nr)
		return false;
	index = bridge_pool.extent[pos].index;
	record = &bridge_record[index];
	if (record->state != VNODE_BRIDGE_LIVE || !(record->flags & VNODE_BRIDGE_TRANSIENT) ||
	    !bridge_pool_lower(&bridge_pool, index, &to))
		return true;
	if (!record_move(index, to))
		*moved += record->size;
	*frozen_ns = max_t(u64, *frozen_ns, ktime_to_ns(ktime_sub(ktime_get(), begin)));
	return true;
}

/**
 * adeos_bridge_compact - root: move transient bridges together
 * @moved: bytes
 * @frozen_ns: the longest time that a bridge could not be used meanwhile
 *
 * A bridge that somebody does not let go of within 100 ms stays where it is.
 *
 * Context: process, not from a callback or message handler of ours.
 * Return: 0, -EOPNOTSUPP (this is not root).
 */
int adeos_bridge_compact(u64 *moved, u64 *frozen_ns)
{
	bool more = true;
	u32 pos;

	if (!adeos_is_root())
		return -EOPNOTSUPP;
	*moved = 0;
	*frozen_ns = 0;
	for (pos = 0; more; pos++) {
		/* between two bridges others may create and close */
		mutex_lock(&bridge_root_lock);
		if (!pos)
			bridge_root_sweep();
		more = extent_compact(pos, moved, frozen_ns);
		mutex_unlock(&bridge_root_lock);
		bridge_watch();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_bridge_compact);
