// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: moves transient bridges down, so that the free memory becomes one piece.
 * Every kernel that has the bridge open lets go of it first; a bridge that one of them
 * keeps stays where it is.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "bridges.h"

#define FREEZE_MS	100

static bool user_let_go(u32 slot, u32 index, u32 move)
{
	const __le32 *moved = &adeos_station(slot)->bridge_moved[index];

	/* pairs with entry_let_go(): what the user has written to the bridge is moved, too */
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

/* Return: 0, -EBUSY (a user did not let go). */
static int record_move(u32 index, u64 to)
{
	struct bridge_record *record = &bridge_record[index];
	int err = -EBUSY;

	record->move++;
	bridge_state(index, VNODE_BRIDGE_MOVING);
	/* this kernel may be a user, too, and its worker may wait for our lock */
	bridge_watch();
	if (wait_until_let_go(index, record)) {
		memory_move(to, record->offset, record->size);
		bridge_pool_move(&bridge_pool, index);
		record->offset = to;
		err = 0;
	}
	bridge_state(index, VNODE_BRIDGE_LIVE);
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

/*
 * BRIDGE_IOC_COMPACT: moves transient bridges together. A bridge that a user does not let
 * go of within FREEZE_MS stays where it is.
 *
 * @moved: bytes
 * @frozen_ns: the longest time that a bridge could not be used
 */
static int bridges_compact(u64 *moved, u64 *frozen_ns)
{
	bool more = true;
	u32 pos;

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

static int compact_init(void)
{
	bridge_compact = bridges_compact;
	return 0;
}

static void compact_exit(void)
{
	bridge_compact = NULL;
}

const struct adeos_part adeos_compact_part = {
	.init = compact_init,
	.exit = compact_exit,
};
