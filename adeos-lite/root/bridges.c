// SPDX-License-Identifier: GPL-2.0-only
/* Root makes bridges, revokes and frees them. Its table is in its own memory. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "bridges.h"

#define BRIDGES_EACH	(VNODE_BRIDGES / 4)	/* for one vnode */

DEFINE_MUTEX(bridge_root_lock);	/* protects what follows */
struct bridge_record bridge_record[VNODE_BRIDGES];
struct bridge_pool bridge_pool;

static u32 last_serial;

/* ---- the directory ---- */

/* The entry is free: readers read no more than its serial. */
static void bridge_publish(u32 index, const struct vnode_bridge_request *request)
{
	const struct bridge_record *record = &bridge_record[index];
	struct vnode_bridge *entry = &root_directory.bridge[index];

	entry->flags = cpu_to_le32(record->flags);
	entry->move = cpu_to_le32(record->move);
	entry->offset = cpu_to_le64(VNODE_POOL + record->offset);
	entry->size = cpu_to_le64(record->size);
	entry->owner_id = cpu_to_le32(record->owner_id);
	entry->owner_life = cpu_to_le32(record->owner_life);
	entry->mode = request->mode;
	entry->uid = request->uid;
	entry->gid = request->gid;
	memcpy(entry->name, record->name, sizeof(entry->name));
	memcpy(entry->access, request->access, sizeof(entry->access));
	entry->state = cpu_to_le32(record->state);
	*adeos_shown(entry) = *entry;
	/* pairs with info_copy(): the serial comes last */
	smp_wmb();
	adeos_show(&entry->serial, cpu_to_le32(record->serial));
}

static void bridge_withdraw(u32 index)
{
	struct vnode_bridge *entry = &root_directory.bridge[index];

	adeos_show(&entry->serial, 0);
	/* pairs with info_copy(): the serial goes first */
	smp_wmb();
	adeos_show(&entry->state, cpu_to_le32(VNODE_BRIDGE_FREE));
}

/**
 * bridge_state - change the state of a bridge, and tell the kernels that have it open
 * @index: of the bridge; its record has the new count of moves, and the new place
 * @state: LIVE, MOVING or DEAD
 */
void bridge_state(u32 index, enum vnode_bridge_state state)
{
	struct bridge_record *record = &bridge_record[index];
	struct vnode_bridge *entry = &root_directory.bridge[index];

	record->state = state;
	adeos_show(&entry->move, cpu_to_le32(record->move));
	adeos_show(&entry->offset, cpu_to_le64(VNODE_POOL + record->offset));
	/* pairs with info_copy(): the state says that these are right */
	smp_wmb();
	adeos_show(&entry->state, cpu_to_le32(state));
	/* pairs with entry_create(): we see a user, or it sees the state */
	smp_mb();
	adeos_knock(bridge_users(index, record->serial));
}

/* ---- revoking and freeing ---- */

/*
 * Has the owner closed the bridge, or given up its request without using it? The owner
 * uses the bridge before it gives the request up, and marks it closed before it stops
 * using it: so the request is read first, and closed last.
 */
static bool record_is_over(u32 index, const struct bridge_record *record)
{
	const struct vnode_station *owner = adeos_station(record->owner);
	u32 number, use;

	/* pairs with request_write() and request_give_up() */
	number = le32_to_cpu(smp_load_acquire(&owner->request.number));
	/* pairs with entry_destroy() */
	use = le32_to_cpu(smp_load_acquire(&owner->bridge_use[index]));
	return le32_to_cpu(READ_ONCE(owner->bridge_done[index])) == record->serial ||
	       (number != record->number && use != record->serial);
}

static void record_free(u32 index)
{
	bridge_withdraw(index);
	bridge_pool_put(&bridge_pool, index);
	bridge_record[index].serial = 0;
}

/**
 * bridge_root_sweep - revoke bridges that are closed, free those that are unused
 */
void bridge_root_sweep(void)
{
	struct bridge_record *record;
	u32 index;

	lockdep_assert_held(&bridge_root_lock);
	for (index = 0; index < VNODE_BRIDGES; index++) {
		record = &bridge_record[index];
		if (!record->serial)
			continue;
		if (record->state == VNODE_BRIDGE_LIVE && record_is_over(index, record))
			bridge_state(index, VNODE_BRIDGE_DEAD);
		if (record->state == VNODE_BRIDGE_DEAD && !bridge_users(index, record->serial))
			record_free(index);
	}
}

/**
 * adeos_bridges_left - a nanokernel is gone: revoke its bridges
 * @slot: where it was
 * @life: that it had
 *
 * Context: root's worker.
 */
void adeos_bridges_left(u32 slot, u32 life)
{
	struct bridge_record *record;
	u32 index;

	mutex_lock(&bridge_root_lock);
	for (index = 0; index < VNODE_BRIDGES; index++) {
		record = &bridge_record[index];
		if (record->serial && record->owner == slot && record->owner_life == life &&
		    record->state != VNODE_BRIDGE_DEAD)
			bridge_state(index, VNODE_BRIDGE_DEAD);
	}
	bridge_root_sweep();
	mutex_unlock(&bridge_root_lock);
}

/* ---- making ---- */

/* Copies the request of @slot. Return: 0, -ESTALE (it has been given up). */
static int request_read(u32 slot, u32 number, struct vnode_bridge_request *request)
{
	const struct vnode_bridge_request *from = &adeos_station(slot)->request;

	/* pairs with request_write() */
	if (!number || le32_to_cpu(smp_load_acquire(&from->number)) != number)
		return -ESTALE;
	memcpy(request, from, sizeof(*request));
	/* pairs with request_write() */
	smp_rmb();
	return le32_to_cpu(READ_ONCE(from->number)) == number ? 0 : -ESTALE;
}

static int request_check(const struct vnode_bridge_request *request)
{
	u64 size = le64_to_cpu(request->size);
	int err = request->name[0] ? bridge_name_check(request->name) : 0;

	if (err)
		return err;
	if (!size || !IS_ALIGNED(size, VNODE_PAGE) || le32_to_cpu(request->mode) & ~0777 ||
	    le32_to_cpu(request->flags) & ~(VNODE_BRIDGE_GLOBAL | VNODE_BRIDGE_TRANSIENT))
		return -EINVAL;
	return size > BRIDGE_EFBIG ? -EFBIG : 0;
}

static bool record_has_name(const struct bridge_record *record, const struct adeos_member *from,
			    const struct vnode_bridge_request *request)
{
	u32 global = le32_to_cpu(request->flags) & VNODE_BRIDGE_GLOBAL;

	return record->state != VNODE_BRIDGE_DEAD && request->name[0] &&
	       !strcmp(record->name, request->name) &&
	       (record->flags & VNODE_BRIDGE_GLOBAL) == global &&
	       (global || record->owner_id == from->id);
}

/*
 * A vnode's share: a bridge that it has closed counts as long as it is used. Root, which
 * makes the bridges of all vnodes' devices, may use up the pool.
 */
static int limits_check(const struct adeos_member *from,
			const struct vnode_bridge_request *request)
{
	u64 size = le64_to_cpu(request->size);
	u32 index, nr = 0;

	if (size > bridge_pool.size)
		return -ENOSPC;
	for (index = 0; index < VNODE_BRIDGES; index++) {
		const struct bridge_record *record = &bridge_record[index];

		if (!record->serial)
			continue;
		if (record_has_name(record, from, request))
			return -EEXIST;
		if (record->owner != from->slot || record->owner_life != from->life)
			continue;
		nr++;
		size += record->size;
	}
	if (nr >= BRIDGES_EACH)
		return -EMFILE;
	return from->id && size > bridge_pool.size / 2 ? -EDQUOT : 0;
}

static u32 record_new(void)
{
	u32 index;

	for (index = 0; index < VNODE_BRIDGES; index++)
		if (!bridge_record[index].serial)
			break;
	return index;
}

static void record_fill(struct bridge_record *record, const struct adeos_member *from,
			u32 number, const struct vnode_bridge_request *request)
{
	if (!++last_serial)
		last_serial = 1;
	record->serial = last_serial;
	record->state = VNODE_BRIDGE_LIVE;
	record->flags = le32_to_cpu(request->flags);
	record->size = le64_to_cpu(request->size);
	record->owner = from->slot;
	record->owner_id = from->id;
	record->owner_life = from->life;
	record->number = number;
	memcpy(record->name, request->name, sizeof(record->name));
}

static int record_create(const struct adeos_member *from, u32 number,
			 const struct vnode_bridge_request *request)
{
	struct bridge_record *record;
	u32 index;
	int err;

	/* names and memory that were given back a moment ago are free */
	bridge_root_sweep();
	err = limits_check(from, request);
	if (err)
		return err;
	index = record_new();
	if (index == VNODE_BRIDGES)
		return -ENFILE;
	record = &bridge_record[index];
	err = bridge_pool_get(&bridge_pool, index, le64_to_cpu(request->size), &record->offset);
	if (err)
		return err;
	/* the count of moves goes on: stations still have the former one */
	record_fill(record, from, number, request);
	memset(commons.va + VNODE_POOL + record->offset, 0, record->size);
	bridge_publish(index, request);
	return index;
}

/* Makes the bridge that @from requests in its station. */
static int request_grant(const struct adeos_member *from, u32 number,
			 struct vnode_bridge_handle *handle)
{
	struct vnode_bridge_request request;
	int index;

	index = request_read(from->slot, number, &request);
	if (!index)
		index = request_check(&request);
	if (index)
		return index;
	mutex_lock(&bridge_root_lock);
	index = record_create(from, number, &request);
	if (index >= 0) {
		handle->index = cpu_to_le32(index);
		handle->serial = cpu_to_le32(bridge_record[index].serial);
	}
	mutex_unlock(&bridge_root_lock);
	return min(index, 0);
}

static int create_asked(void *data, const struct adeos_member *from, const void *body,
			unsigned int len, void *answer)
{
	struct vnode_bridge_handle handle;
	__le32 number;
	int err;

	if (len != sizeof(number))
		return -EINVAL;
	memcpy(&number, body, sizeof(number));
	err = request_grant(from, le32_to_cpu(number), &handle);
	if (err)
		return err;
	memcpy(answer, &handle, sizeof(handle));
	return sizeof(handle);
}

/* ---- the part ---- */

/* The bridges, and a last line "free BYTES largest BYTES bridges NUMBER". */
static ssize_t bridges_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 free, largest;
	ssize_t len;
	u32 nr;

	mutex_lock(&bridge_root_lock);
	bridge_root_sweep();
	free = bridge_pool_free(&bridge_pool);
	largest = bridge_pool_largest(&bridge_pool);
	nr = bridge_pool.nr;
	mutex_unlock(&bridge_root_lock);
	len = adeos_bridges_show(kobj, attr, buf);
	return len + sysfs_emit_at(buf, len, "free %llu largest %llu bridges %u\n", free, largest,
				   nr);
}

static const struct kobj_attribute bridges_attr = __ATTR_RO(bridges);

/* A verb holds the lock for long: then it sweeps itself, or the next update does. */
static void bridges_update(void)
{
	if (!mutex_trylock(&bridge_root_lock))
		return;
	bridge_root_sweep();
	mutex_unlock(&bridge_root_lock);
}

static int bridges_init(void)
{
	bridge_pool_init(&bridge_pool, commons.size - VNODE_POOL);
	return adeos_msg_register(VNODE_MSG_BRIDGE_CREATE, create_asked, NULL);
}

static void bridges_exit(void)
{
	adeos_msg_unregister(VNODE_MSG_BRIDGE_CREATE);
}

const struct adeos_part adeos_root_bridges_part = {
	.init = bridges_init,
	.exit = bridges_exit,
	.update = bridges_update,
	.attr = &bridges_attr,
};
