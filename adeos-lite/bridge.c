// SPDX-License-Identifier: GPL-2.0-only
/* Bridges that are open in this kernel: the API. bridge.h says how it all works. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "bridge.h"
#include "fault.h"

#define MOVING_MS	1000		/* an opener waits for a move that long */

DEFINE_MUTEX(bridge_lock);	/* protects bridge_open and what it leads to */
struct bridge_entry *bridge_open[VNODE_BRIDGES];

/* Our bells have one writer, but several CPUs. */
static DEFINE_RAW_SPINLOCK(bell_lock);

/* Something has changed for these slots; we may be one of them. */
void bridge_tell(u32 slots)
{
	adeos_knock(slots & ~BIT(commons.slot));
	if (slots & BIT(commons.slot))
		adeos_kick();
}

/* ---- opening ---- */

static u64 entry_rings(const struct bridge_entry *entry)
{
	return entry->remote + atomic64_read(&entry->local);
}

/* Rings of others. A moment too few while somebody is ringing, never too many. */
u64 bridge_heard(const struct adeos_bridge *bridge)
{
	u64 rings = entry_rings(bridge->entry);

	/* pairs with adeos_bridge_ring(): our own ring is subtracted in any case */
	smp_rmb();
	return rings - atomic64_read(&bridge->rung) - bridge->before;
}

/* Is it there, now that root sees that we use it? */
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
	/* pairs with bridge_root_state(): either we see the change, or root sees our use */
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
	/* a former one, that root has taken away from us, is in the way */
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

/* Opens what the caller may open. Return: it, or an ERR_PTR. */
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

/**
 * adeos_bridge_open - open a bridge by name
 * @name: this vnode's own names come before global ones
 * @callback: told of what happens to it, or NULL
 * @data: for @callback
 *
 * Needs nothing of root but what it has published before.
 *
 * Context: process. Return: the bridge, or an ERR_PTR: -ENOTCONN (not attached),
 * -EINVAL, -ENAMETOOLONG (name), -ENOENT, -EACCES, -ETIMEDOUT (it is being moved,
 * and that does not end), -ENOMEM.
 */
struct adeos_bridge *adeos_bridge_open(const char *name, adeos_bridge_callback callback,
				       void *data)
{
	struct vnode_bridge_handle handle;
	struct bridge_info info;
	int err;

	if (!adeos_own_life())
		return ERR_PTR(-ENOTCONN);
	err = bridge_name_check(name);
	if (!err)
		err = bridge_info_find(name, &info);
	if (err)
		return ERR_PTR(err);
	handle.index = cpu_to_le32(info.index);
	handle.serial = cpu_to_le32(info.serial);
	return adeos_bridge_open_handle(&handle, callback, data);
}
EXPORT_SYMBOL_GPL(adeos_bridge_open);

/**
 * adeos_bridge_open_handle - open a bridge, an anonymous one perhaps
 * @handle: as its owner has told
 * @callback: told of what happens to it, or NULL
 * @data: for @callback
 *
 * Context and return: as adeos_bridge_open().
 */
struct adeos_bridge *adeos_bridge_open_handle(const struct vnode_bridge_handle *handle,
					      adeos_bridge_callback callback, void *data)
{
	u32 index = le32_to_cpu(handle->index), serial = le32_to_cpu(handle->serial);
	struct bridge_info info;
	int err;

	if (!adeos_own_life())
		return ERR_PTR(-ENOTCONN);
	err = bridge_info_get(index, &info);
	if (err || info.serial != serial)
		return ERR_PTR(-ENOENT);
	err = bridge_info_permits(&info, commons.id);
	if (err)
		return ERR_PTR(err);
	return bridge_join(index, serial, false, callback, data);
}
EXPORT_SYMBOL_GPL(adeos_bridge_open_handle);

/* ---- closing ---- */

static void entry_destroy(struct bridge_entry *entry)
{
	u32 index = entry->info.index;

	bridge_open[index] = NULL;
	/* pairs with record_is_over(): bridge_done first; and nobody uses the memory any more */
	smp_store_release(&adeos_own()->bridge_use[index], 0);
	kfree(entry);
}

/**
 * adeos_bridge_close - let go of a bridge
 * @bridge: may be NULL or an ERR_PTR
 *
 * If it was created here, it is revoked: its name is free at once, its memory once
 * nobody has it open.
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
		entry_destroy(entry);
	mutex_unlock(&bridge_lock);
	adeos_fault(FAULT_BRIDGE_UNUSED);
	/* those who use it see for themselves that its owner has closed it */
	told = bridge->owner ? bridge_users(index, serial) : 0;
	bridge_tell(told | BIT(0));
	kfree(bridge);
	adeos_fault(FAULT_BRIDGE_CLOSED);
}
EXPORT_SYMBOL_GPL(adeos_bridge_close);

/* ---- what is open ---- */

/**
 * adeos_bridge_get_handle - what others can open it with
 * @bridge: which
 * @handle: filled
 *
 * Context: any.
 */
void adeos_bridge_get_handle(const struct adeos_bridge *bridge,
			     struct vnode_bridge_handle *handle)
{
	handle->index = cpu_to_le32(bridge->entry->info.index);
	handle->serial = cpu_to_le32(bridge->entry->info.serial);
}
EXPORT_SYMBOL_GPL(adeos_bridge_get_handle);

/**
 * adeos_bridge_va - where its memory is
 * @bridge: which
 *
 * Context: any. Return: the address, cached memory. That of a transient bridge is
 * not to be used from ADEOS_BRIDGE_FREEZE on, and another one after
 * ADEOS_BRIDGE_MOVED.
 */
void *adeos_bridge_va(struct adeos_bridge *bridge)
{
	return commons.va + READ_ONCE(bridge->entry->info.offset);
}
EXPORT_SYMBOL_GPL(adeos_bridge_va);

/**
 * adeos_bridge_size - how large it is
 * @bridge: which
 *
 * Context: any. Return: bytes.
 */
u64 adeos_bridge_size(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.size;
}
EXPORT_SYMBOL_GPL(adeos_bridge_size);

/**
 * adeos_bridge_owner - whose it is
 * @bridge: which
 *
 * Context: any. Return: id of the vnode that created it, 0 for root.
 */
u32 adeos_bridge_owner(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.owner_id;
}
EXPORT_SYMBOL_GPL(adeos_bridge_owner);

/**
 * adeos_bridge_is_transient - may it be moved?
 * @bridge: which
 *
 * Who opens one that must not be has to look: its owner has decided.
 *
 * Context: any. Return: true if so; then the callback has to expect it.
 */
bool adeos_bridge_is_transient(const struct adeos_bridge *bridge)
{
	return bridge->entry->info.flags & VNODE_BRIDGE_TRANSIENT;
}
EXPORT_SYMBOL_GPL(adeos_bridge_is_transient);

/**
 * adeos_bridge_revoked - is its owner gone?
 * @bridge: which
 *
 * Context: any. Return: true if so, as far as this kernel has heard.
 */
bool adeos_bridge_revoked(struct adeos_bridge *bridge)
{
	return READ_ONCE(bridge->entry->revoked);
}
EXPORT_SYMBOL_GPL(adeos_bridge_revoked);

/**
 * adeos_bridge_ring - tell everybody else who has it open
 * @bridge: which
 *
 * Their callbacks get ADEOS_BRIDGE_RUNG; several rings may become one. What was
 * written to the bridge before is seen by who was told.
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
	/* pairs with bells_take(): what was written before is seen */
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

/* ---- the module ---- */

/**
 * adeos_bridge_update - notice what has happened to bridges
 *
 * Context: the worker.
 */
void adeos_bridge_update(void)
{
	if (adeos_is_root() && mutex_trylock(&bridge_root_lock)) {
		/* else there is another update soon */
		bridge_root_sweep();
		mutex_unlock(&bridge_root_lock);
	}
	bridge_watch();
}

int adeos_bridge_init(void)
{
	int err;

	err = adeos_is_root() ? bridge_root_init() : 0;
	if (err)
		return err;
	err = bridge_dev_init();
	if (err && adeos_is_root())
		bridge_root_exit();
	return err;
}

void adeos_bridge_exit(void)
{
	bridge_dev_exit();
	if (adeos_is_root())
		bridge_root_exit();
}
