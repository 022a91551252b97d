// SPDX-License-Identifier: GPL-2.0-only
/* Bridges that are open in this kernel: the API. bridge.h says how it all works. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "bridge.h"
#include "fault.h"

#define MOVING_MS	1000		/* an opener waits for a move that long */

DEFINE_MUTEX(bridge_lock);	/* protects bridge_open and what it leads to */
struct bridge_entry *bridge_open[VNODE_BRIDGES];

/* Our bells have one writing kernel, but several CPUs. */
static DEFINE_RAW_SPINLOCK(bell_lock);

/* ---- opening ---- */

static u64 entry_rings(const struct bridge_entry *entry)
{
	return entry->remote + atomic64_read(&entry->local);
}

/* Rings of others: too few for a moment while one of them rings, never too many. */
u64 bridge_heard(const struct adeos_bridge *bridge)
{
	u64 rings = entry_rings(bridge->entry);

	/* pairs with adeos_bridge_ring(): our own ring is subtracted in any case */
	smp_rmb();
	return rings - atomic64_read(&bridge->rung) - bridge->before;
}

/* Root sees our use from now on: is the bridge still there? */
static int entry_check(struct bridge_entry *entry, u32 index, u32 serial)
{
	int err;

	err = bridge_info_get(index, &entry->info);
	if (err)
		return err;
	if (entry->info.serial != serial || entry->info.state == VNODE_BRIDGE_DEAD)
		return -ENOENT;
	return entry->info.state == VNODE_BRIDGE_MOVING ? -EAGAIN : 0;
}

static struct bridge_entry *entry_create(u32 index, u32 serial)
{
	struct bridge_entry *entry;
	int err;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&entry->bridges);
	WRITE_ONCE(adeos_own()->bridge_use[index], cpu_to_le32(serial));
	adeos_fault(FAULT_BRIDGE_USED);
	/* pairs with bridge_state(): either we see the change, or root sees our use */
	smp_mb();
	err = entry_check(entry, index, serial);
	if (err) {
		WRITE_ONCE(adeos_own()->bridge_use[index], 0);
		kfree(entry);
		return ERR_PTR(err);
	}
	bridge_bells_begin(entry);
	bridge_open[index] = entry;
	return entry;
}

static struct bridge_entry *entry_get(u32 index, u32 serial)
{
	struct bridge_entry *entry = bridge_open[index];

	if (!entry)
		return entry_create(index, serial);
	/* a former bridge of that index, which root has revoked, is still open here */
	if (entry->info.serial != serial)
		return ERR_PTR(-EAGAIN);
	if (entry->revoked)
		return ERR_PTR(-ENOENT);
	return entry->frozen ? ERR_PTR(-EAGAIN) : entry;
}

static int bridge_try_join(struct adeos_bridge *bridge, u32 index, u32 serial)
{
	struct bridge_entry *entry;
	int err = 0;

	mutex_lock(&bridge_lock);
	entry = entry_get(index, serial);
	if (IS_ERR(entry)) {
		err = PTR_ERR(entry);
	} else {
		bridge->entry = entry;
		bridge->before = entry_rings(entry);
		list_add_tail(&bridge->list, &entry->bridges);
		WRITE_ONCE(entry->openers, entry->openers + 1);
	}
	mutex_unlock(&bridge_lock);
	return err;
}

/* Opens a bridge that the caller may open. Return: the bridge, or an ERR_PTR. */
struct adeos_bridge *bridge_join(u32 index, u32 serial, bool owner,
				 adeos_bridge_callback callback, void *data)
{
	unsigned long end = jiffies + msecs_to_jiffies(MOVING_MS);
	struct adeos_bridge *bridge;
	int err;

	bridge = kzalloc(sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return ERR_PTR(-ENOMEM);
	bridge->owner = owner;
	bridge->callback = callback;
	bridge->data = data;
	while ((err = bridge_try_join(bridge, index, serial)) == -EAGAIN &&
	       time_before(jiffies, end))
		fsleep(USEC_PER_MSEC);
	if (err) {
		kfree(bridge);
		return ERR_PTR(err == -EAGAIN ? -ETIMEDOUT : err);
	}
	adeos_fault(FAULT_BRIDGE_OPEN);
	return bridge;
}

/* Opens a bridge if this vnode may. Return: as adeos_bridge_open(). */
struct adeos_bridge *bridge_open_info(const struct bridge_info *info,
				      adeos_bridge_callback callback, void *data)
{
	int err = bridge_info_permits(info, commons.id);

	return err ? ERR_PTR(err) : bridge_join(info->index, info->serial, false, callback, data);
}

/**
 * adeos_bridge_open - open a bridge by name
 * @name: names of this vnode come before global ones
 * @callback: told of what happens to the bridge, or NULL
 * @data: for @callback
 *
 * Asks root nothing: the directory has all that is needed.
 *
 * Context: process. Return: the bridge, or an ERR_PTR: -ENOTCONN (not attached),
 * -EINVAL, -ENAMETOOLONG (name), -ENOENT, -EACCES, -ETIMEDOUT (a move of it does not
 * end), -ENOMEM.
 */
struct adeos_bridge *adeos_bridge_open(const char *name, adeos_bridge_callback callback,
				       void *data)
{
	struct bridge_info info;
	int err;

	if (!adeos_own_life())
		return ERR_PTR(-ENOTCONN);
	err = bridge_name_check(name) ?: bridge_info_find(name, &info);
	return err ? ERR_PTR(err) : bridge_open_info(&info, callback, data);
}
EXPORT_SYMBOL_GPL(adeos_bridge_open);

/* ---- closing ---- */

/*
 * A page that a process has pinned is used by a device, or by a pipe, after its mapping
 * is gone.
 */
static bool entry_is_pinned(const struct bridge_entry *entry)
{
	unsigned long pfn = PHYS_PFN(commons.pa + entry->info.offset), i;

	for (i = 0; entry->paged && i < entry->info.size >> PAGE_SHIFT; i++)
		if (page_count(pfn_to_page(pfn + i)) > 1)
			return true;
	return false;
}

static void entry_destroy(struct bridge_entry *entry)
{
	u32 index = entry->info.index;

	bridge_open[index] = NULL;
	/* pairs with record_is_over(): bridge_done first, and the memory is not used any more */
	smp_store_release(&adeos_own()->bridge_use[index], 0);
	kfree(entry);
}

/*
 * The last opener here has closed the bridge: root may free its memory once no page is
 * pinned. Until then bridge_watch() tries again. Return: root is to be told.
 */
bool bridge_retire(struct bridge_entry *entry)
{
	lockdep_assert_held(&bridge_lock);
	if (entry_is_pinned(entry))
		return false;
	entry_destroy(entry);
	return true;
}

/**
 * adeos_bridge_close - close a bridge
 * @bridge: may be NULL or an ERR_PTR
 *
 * If this kernel has created it, it is revoked: its name is free at once, its memory
 * once no kernel has it open.
 *
 * Context: process. No callback runs any more on return.
 */
void adeos_bridge_close(struct adeos_bridge *bridge)
{
	struct bridge_entry *entry;
	u32 index, serial, told;

	if (IS_ERR_OR_NULL(bridge))
		return;
	mutex_lock(&bridge_lock);
	entry = bridge->entry;
	index = entry->info.index;
	serial = entry->info.serial;
	if (bridge->owner)
		WRITE_ONCE(adeos_own()->bridge_done[index], cpu_to_le32(serial));
	list_del(&bridge->list);
	WRITE_ONCE(entry->openers, entry->openers - 1);
	if (!entry->openers)
		bridge_retire(entry);
	mutex_unlock(&bridge_lock);
	adeos_fault(FAULT_BRIDGE_UNUSED);
	/* users find in our station that its owner has closed it */
	told = bridge->owner ? bridge_users(index, serial) : 0;
	adeos_knock(told | BIT(0));
	kfree(bridge);
	adeos_fault(FAULT_BRIDGE_CLOSED);
}
EXPORT_SYMBOL_GPL(adeos_bridge_close);

/* ---- what is open ---- */

/* The handle with which a bridge can be opened, also in other kernels. */
void bridge_handle(const struct adeos_bridge *bridge, struct vnode_bridge_handle *handle)
{
	handle->index = cpu_to_le32(bridge->entry->info.index);
	handle->serial = cpu_to_le32(bridge->entry->info.serial);
}

/**
 * adeos_bridge_va - the memory of a bridge
 * @bridge: the bridge
 *
 * Context: any. Return: the address, cached memory. A transient bridge must not be
 * touched from ADEOS_BRIDGE_FREEZE on, and is elsewhere after ADEOS_BRIDGE_MOVED.
 */
void *adeos_bridge_va(struct adeos_bridge *bridge)
{
	return commons.va + READ_ONCE(bridge->entry->info.offset);
}
EXPORT_SYMBOL_GPL(adeos_bridge_va);

/**
 * adeos_bridge_size - the size of a bridge
 * @bridge: the bridge
 *
 * Context: any. Return: bytes.
 */
u64 adeos_bridge_size(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.size;
}
EXPORT_SYMBOL_GPL(adeos_bridge_size);

/**
 * adeos_bridge_owner - the owner of a bridge
 * @bridge: the bridge
 *
 * Context: any. Return: id of the vnode that created it, 0 for root.
 */
u32 adeos_bridge_owner(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.owner_id;
}
EXPORT_SYMBOL_GPL(adeos_bridge_owner);

/**
 * adeos_bridge_is_transient - may root move a bridge?
 * @bridge: the bridge
 *
 * The owner chooses; openers that cannot follow a move must check.
 *
 * Context: any. Return: true if so; then the callback has to expect it.
 */
bool adeos_bridge_is_transient(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.flags & VNODE_BRIDGE_TRANSIENT;
}
EXPORT_SYMBOL_GPL(adeos_bridge_is_transient);

/**
 * adeos_bridge_revoked - is the owner of a bridge gone?
 * @bridge: the bridge
 *
 * Context: any. Return: true if so, as far as this kernel has heard.
 */
bool adeos_bridge_revoked(struct adeos_bridge *bridge)
{
	return READ_ONCE(bridge->entry->revoked);
}
EXPORT_SYMBOL_GPL(adeos_bridge_revoked);

/**
 * adeos_bridge_ring - ring all other openers of a bridge
 * @bridge: the bridge
 *
 * Their callbacks get ADEOS_BRIDGE_RUNG; several rings may become one. A callback sees
 * what was written to the bridge before the ring.
 *
 * Context: any but NMI. Return: 0, -ENOTCONN (not attached), -EOWNERDEAD (revoked).
 */
int adeos_bridge_ring(struct adeos_bridge *bridge)
{
	struct bridge_entry *entry = bridge->entry;
	u32 index = entry->info.index;
	__le32 *bell = &adeos_own()->bell[index];
	unsigned long flags;

	if (!adeos_own_life())
		return -ENOTCONN;
	if (READ_ONCE(entry->revoked))
		return -EOWNERDEAD;
	atomic64_inc(&bridge->rung);
	/* pairs with bridge_heard() */
	smp_wmb();
	atomic64_inc(&entry->local);
	raw_spin_lock_irqsave(&bell_lock, flags);
	/* pairs with bell_read(): what was written before is seen */
	smp_store_release(bell, cpu_to_le32(le32_to_cpu(*bell) + 1));
	raw_spin_unlock_irqrestore(&bell_lock, flags);
	adeos_fault(FAULT_BRIDGE_RUNG);
	/* pairs with entry_create(): an opener hears this ring, or is seen here */
	smp_mb();
	adeos_knock(bridge_users(index, entry->info.serial) & ~BIT(commons.slot));
	if (READ_ONCE(entry->openers) > 1)
		adeos_kick();
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_bridge_ring);

/* ---- the part ---- */

static int bridge_show(char *buf, int len, const struct bridge_info *info)
{
	static const char * const states[] = {
		[VNODE_BRIDGE_FREE] = "free",
		[VNODE_BRIDGE_LIVE] = "live",
		[VNODE_BRIDGE_MOVING] = "moving",
		[VNODE_BRIDGE_DEAD] = "dead",
	};
	const char *name = info->name[0] ? info->name : "-";

	return sysfs_emit_at(buf, len, "%u %u %*pE %u %llu %llu %s %#x\n", info->index,
			     info->serial, (int)strlen(name), name, info->owner_id, info->size,
			     info->offset, states[info->state],
			     bridge_users(info->index, info->serial));
}

/**
 * adeos_bridges_show - the bridges of the machine, for sysfs
 * @kobj: not used
 * @attr: not used
 * @buf: a page
 *
 * A line for each, "INDEX SERIAL NAME OWNER SIZE OFFSET STATE USERS", USERS being a
 * bit for each slot; as many as fit, and room for one more line.
 *
 * Return: bytes.
 */
ssize_t adeos_bridges_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const int room = PAGE_SIZE - 256;
	struct bridge_info info;
	int len = 0;
	u32 index;

	for (index = 0; index < VNODE_BRIDGES && len < room; index++)
		if (!bridge_info_get(index, &info))
			len += bridge_show(buf, len, &info);
	return len;
}

/* A vnode's; root shows its pool, too. */
const struct kobj_attribute adeos_bridges_attr = __ATTR(bridges, 0444, adeos_bridges_show, NULL);
