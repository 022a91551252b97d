// SPDX-License-Identifier: GPL-2.0-only
/* The directory's table of bridges, copied and checked, and which slots use them. */
#include <linux/align.h>
#include <linux/string.h>

#include "bridge.h"

#define TRIES	16	/* an entry seldom changes twice in a row */

static void info_copy(const struct vnode_bridge *from, struct bridge_info *info)
{
	u32 i;

	/* pairs with bridge_publish() in root/bridges.c: without a serial there is no more */
	info->serial = le32_to_cpu(smp_load_acquire(&from->serial));
	info->move = le32_to_cpu(READ_ONCE(from->move));
	info->state = le32_to_cpu(READ_ONCE(from->state));
	/* pairs with bridge_publish() and bridge_state(): the rest belongs to these */
	smp_rmb();
	info->flags = le32_to_cpu(READ_ONCE(from->flags));
	info->offset = le64_to_cpu(READ_ONCE(from->offset));
	info->size = le64_to_cpu(READ_ONCE(from->size));
	info->owner_id = le32_to_cpu(READ_ONCE(from->owner_id));
	info->owner_life = le32_to_cpu(READ_ONCE(from->owner_life));
	info->mode = le32_to_cpu(READ_ONCE(from->mode));
	info->uid = le32_to_cpu(READ_ONCE(from->uid));
	info->gid = le32_to_cpu(READ_ONCE(from->gid));
	memcpy(info->name, from->name, sizeof(info->name));
	info->name[sizeof(info->name) - 1] = '\0';
	for (i = 0; i < VNODE_ID_WORDS; i++)
		info->access[i] = le32_to_cpu(READ_ONCE(from->access[i]));
	/* pairs with the same two: nothing was read after info_is_whole() looks again */
	smp_rmb();
}

static bool info_is_whole(const struct vnode_bridge *from, const struct bridge_info *info)
{
	return le32_to_cpu(READ_ONCE(from->serial)) == info->serial &&
	       le32_to_cpu(READ_ONCE(from->move)) == info->move &&
	       le32_to_cpu(READ_ONCE(from->state)) == info->state;
}

static bool info_is_sane(const struct bridge_info *info)
{
	return info->state > VNODE_BRIDGE_FREE && info->state <= VNODE_BRIDGE_DEAD &&
	       info->size && IS_ALIGNED(info->offset | info->size, VNODE_PAGE) &&
	       info->offset >= VNODE_POOL && info->offset <= commons.size &&
	       info->size <= commons.size - info->offset;
}

static u32 slot_life(u32 slot)
{
	/* the table of peers may not have this kernel yet */
	return slot == commons.slot ? adeos_own_life() : adeos_life(slot);
}

/* Root revokes it as soon as it notices. */
static bool owner_has_closed(const struct bridge_info *info)
{
	const __le32 *done;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		if (!slot_life(slot) || slot_life(slot) != info->owner_life)
			continue;
		done = &adeos_station(slot)->bridge_done[info->index];
		return le32_to_cpu(READ_ONCE(*done)) == info->serial;
	}
	return false;
}

static int info_accept(struct bridge_info *info)
{
	if (!info_is_sane(info))
		return -ENOENT;
	if (info->state == VNODE_BRIDGE_LIVE && owner_has_closed(info))
		info->state = VNODE_BRIDGE_DEAD;
	return 0;
}

/* Return: 0, -ENOENT (free, or invalid), -EAGAIN (it changed during each try). */
int bridge_info_get(u32 index, struct bridge_info *info)
{
	const struct vnode_bridge *from;
	u32 try;

	if (index >= VNODE_BRIDGES)
		return -ENOENT;
	from = &adeos_directory()->bridge[index];
	info->index = index;
	for (try = 0; try < TRIES; try++) {
		info_copy(from, info);
		if (!info->serial)
			return -ENOENT;
		if (info_is_whole(from, info))
			return info_accept(info);
		cpu_relax();
	}
	return -EAGAIN;
}

/* By name: this vnode's own bridges come before global ones. Return: 0, -ENOENT. */
int bridge_info_find(const char *name, struct bridge_info *found)
{
	struct bridge_info info;
	int err = -ENOENT;
	bool own;
	u32 index;

	for (index = 0; index < VNODE_BRIDGES; index++) {
		if (bridge_info_get(index, &info) || info.state == VNODE_BRIDGE_DEAD ||
		    strcmp(info.name, name))
			continue;
		own = !(info.flags & VNODE_BRIDGE_GLOBAL);
		if (own && info.owner_id != commons.id)
			continue;
		*found = info;
		err = 0;
		if (own)
			break;
	}
	return err;
}

/* Return: 0, -EACCES: not for the vnode @id. */
int bridge_info_permits(const struct bridge_info *info, u32 id)
{
	if (info->owner_id == id)
		return 0;
	if (!(info->flags & VNODE_BRIDGE_GLOBAL) || id >= 32 * VNODE_ID_WORDS)
		return -EACCES;
	return info->access[id / 32] & BIT(id % 32) ? 0 : -EACCES;
}

/* Return: 0, -EINVAL (empty, bad characters), -ENAMETOOLONG. */
int bridge_name_check(const char *name)
{
	return *name ? adeos_name_check(name, sizeof_field(struct bridge_info, name)) : -EINVAL;
}

/*
 * Return: a bit for each slot, ours too, that has the bridge open. Root clears a dead
 * kernel's uses once its CPUs are stopped, and not before, since it might still write.
 * Context: any.
 */
u32 bridge_users(u32 index, u32 serial)
{
	u32 slot, users = 0;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (le32_to_cpu(READ_ONCE(adeos_station(slot)->bridge_use[index])) == serial)
			users |= BIT(slot);
	return users;
}
