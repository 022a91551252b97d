// SPDX-License-Identifier: GPL-2.0-only
/* Open bridges are watched: bells of others, moves, revocations. */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/string.h>

#include "bridge.h"
#include "fault.h"

#define PINNED_MS	10000	/* the module's exit waits so long for pinned pages */

/* ---- bells ---- */

static u32 bell_read(u32 slot, u32 index)
{
	/* pairs with adeos_bridge_ring() */
	return le32_to_cpu(smp_load_acquire(&adeos_station(slot)->bell[index]));
}

/* Rings before the bridge was opened are not for its opener. */
void bridge_bells_begin(struct bridge_entry *entry)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		entry->bell_life[slot] = adeos_life(slot);
		entry->bell[slot] = bell_read(slot, entry->info.index);
	}
}

/* The bells of a new life begin with zero. A bell that runs backwards is broken. */
static void bell_take(struct bridge_entry *entry, const struct adeos_member *member)
{
	u32 slot = member->slot, bell = bell_read(slot, entry->info.index);
	s32 more;

	if (entry->bell_life[slot] != member->life) {
		entry->bell_life[slot] = member->life;
		entry->bell[slot] = 0;
	}
	more = bell - entry->bell[slot];
	entry->bell[slot] = bell;
	if (more > 0 && !bridge_info_permits(&entry->info, member->id))
		entry->remote += more;
}

static void bells_take(struct bridge_entry *entry)
{
	struct adeos_member member;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (slot != commons.slot && !adeos_member_slot(slot, &member))
			bell_take(entry, &member);
}

/* ---- telling openers ---- */

static void opener_tell(struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	if (bridge->callback)
		bridge->callback(bridge->data, bridge, event);
}

static void entry_tell(struct bridge_entry *entry, enum adeos_bridge_event event)
{
	struct adeos_bridge *bridge;

	list_for_each_entry(bridge, &entry->bridges, list)
		opener_tell(bridge, event);
}

static void entry_ring(struct bridge_entry *entry)
{
	struct adeos_bridge *bridge;
	u64 rings;

	bells_take(entry);
	list_for_each_entry(bridge, &entry->bridges, list) {
		rings = bridge_heard(bridge);
		if ((s64)(rings - bridge->rings) <= 0)
			continue;
		WRITE_ONCE(bridge->rings, rings);
		opener_tell(bridge, ADEOS_BRIDGE_RUNG);
	}
}

static void entry_revoke(struct bridge_entry *entry)
{
	if (entry->revoked)
		return;
	WRITE_ONCE(entry->revoked, true);
	entry_tell(entry, ADEOS_BRIDGE_REVOKED);
}

static void entry_freeze(struct bridge_entry *entry)
{
	if (entry->frozen)
		return;
	entry->frozen = true;
	entry_tell(entry, ADEOS_BRIDGE_FREEZE);
}

/* Confirm each move: this kernel may have missed the one before. */
static void entry_let_go(struct bridge_entry *entry, u32 move)
{
	__le32 *moved = &adeos_own()->bridge_moved[entry->info.index];

	entry_freeze(entry);
	if (le32_to_cpu(*moved) == move)
		return;
	adeos_fault(FAULT_BRIDGE_FROZEN);
	/* pairs with user_let_go(): root moves what we have written to the bridge, too */
	smp_store_release(moved, cpu_to_le32(move));
	adeos_knock(BIT(0));
	adeos_fault(FAULT_BRIDGE_LET_GO);
}

static void entry_thaw(struct bridge_entry *entry, u64 offset)
{
	if (!entry->frozen)
		return;
	WRITE_ONCE(entry->info.offset, offset);
	entry->frozen = false;
	entry_tell(entry, ADEOS_BRIDGE_MOVED);
}

static void entry_watch(struct bridge_entry *entry)
{
	struct bridge_info info;
	int err;

	err = bridge_info_get(entry->info.index, &info);
	if (err == -EAGAIN)
		return;
	if (err || info.serial != entry->info.serial || info.size != entry->info.size) {
		/* root has revoked us; the memory may belong to another bridge by now */
		entry_freeze(entry);
		entry_revoke(entry);
		return;
	}
	if (info.state == VNODE_BRIDGE_MOVING)
		entry_let_go(entry, info.move);
	else
		entry_thaw(entry, info.offset);
	if (info.state == VNODE_BRIDGE_DEAD)
		entry_revoke(entry);
	entry_ring(entry);
}

/**
 * bridge_watch - notice what has happened to bridges, and tell their openers
 *
 * Context: process.
 */
void bridge_watch(void)
{
	struct bridge_entry *entry;
	u32 index;

	mutex_lock(&bridge_lock);
	for (index = 0; index < VNODE_BRIDGES; index++) {
		entry = bridge_open[index];
		if (entry && entry->openers)
			entry_watch(entry);
		else if (entry && bridge_retire(entry))
			adeos_knock(BIT(0));
	}
	mutex_unlock(&bridge_lock);
}

static bool bridges_closed(void)
{
	bridge_watch();
	return !memchr_inv(bridge_open, 0, sizeof(bridge_open));
}

/* Every opener is gone by then, but a device may still write into pinned pages. */
static void bridge_exit(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(PINNED_MS);

	while (!bridges_closed() && time_before(jiffies, end))
		fsleep(USEC_PER_MSEC);
}

const struct adeos_part adeos_bridge_part = {
	.exit = bridge_exit,
	.update = bridge_watch,
};
