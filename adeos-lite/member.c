// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members: who is attached, as this kernel has last read it from root's directory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "adeos.h"
#include "fault.h"
#include "portal.h"

/* Protects members and live; both are also read without it. */
static DEFINE_RAW_SPINLOCK(members_lock);
static struct adeos_member members[VNODE_SLOTS];
static u32 live;

static u32 own_life;
static u32 refused;
static DECLARE_WAIT_QUEUE_HEAD(admission);

static BLOCKING_NOTIFIER_HEAD(members_chain);

u32 adeos_life(u32 slot)
{
	return READ_ONCE(members[slot].life);
}

u32 adeos_live(void)
{
	return READ_ONCE(live);
}

u32 adeos_id(u32 slot)
{
	return READ_ONCE(members[slot].id);
}

u32 adeos_own_life(void)
{
	return READ_ONCE(own_life);
}

int adeos_member_slot(u32 slot, struct adeos_member *member)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&members_lock, flags);
	*member = members[slot];
	raw_spin_unlock_irqrestore(&members_lock, flags);
	return member->life ? 0 : -ENODEV;
}

/* One slot of the directory, all of one moment; else no life. */
static void member_read(u32 slot, struct adeos_member *member)
{
	const struct vnode_member *from = &adeos_directory()->member[slot];
	/* pairs with member_write() in slot.c */
	u32 life = le32_to_cpu(smp_load_acquire(&from->life));

	member->slot = slot;
	member->id = le32_to_cpu(READ_ONCE(from->id));
	memcpy(member->name, from->name, sizeof(member->name));
	member->name[sizeof(member->name) - 1] = '\0';
	/* pairs with member_write() in slot.c, which takes the life away first */
	smp_rmb();
	member->life = le32_to_cpu(READ_ONCE(from->life)) == life ? life : 0;
}

static void member_set(const struct adeos_member *member)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&members_lock, flags);
	members[member->slot] = *member;
	WRITE_ONCE(live, member->life ? live | BIT(member->slot) : live & ~BIT(member->slot));
	raw_spin_unlock_irqrestore(&members_lock, flags);
}

static void member_update(u32 slot)
{
	struct adeos_member old, new;

	adeos_member_slot(slot, &old);
	member_read(slot, &new);
	if (new.life == old.life)
		return;
	adeos_portals_distrust(slot);
	member_set(&new);
	adeos_dsp_restart(&new);
	adeos_portals_member(slot);
	if (old.life) {
		pr_debug("%s has left\n", old.name);
		blocking_notifier_call_chain(&members_chain, ADEOS_LEFT, &old);
	}
	if (new.life) {
		pr_debug("%s has joined\n", new.name);
		blocking_notifier_call_chain(&members_chain, ADEOS_JOINED, &new);
	}
}

/* Has root answered our hello? */
static void self_update(void)
{
	const struct vnode_member *from = &adeos_directory()->member[commons.slot];
	/* pairs with member_write() in slot.c */
	u32 life = le32_to_cpu(smp_load_acquire(&from->life));

	if (le32_to_cpu(READ_ONCE(from->boot)) != commons.boot ||
	    le32_to_cpu(READ_ONCE(from->attach)) != adeos_attachments())
		return;
	WRITE_ONCE(refused, le32_to_cpu(READ_ONCE(from->refused)));
	if (life && !own_life)
		adeos_fault(FAULT_ADMITTED);
	WRITE_ONCE(own_life, life);
	wake_up_all(&admission);
}

void adeos_members_update(void)
{
	u32 slot;

	if (!adeos_is_root())
		self_update();
	/* our own life first: the others may write to us as soon as they know us */
	for (slot = 0; slot < VNODE_SLOTS; slot++)
		member_update(slot);
}

/*
 * A vnode: waits for root's answer to our hello. Return: 0, -ETIMEDOUT (root is
 * slow; we may still be admitted), or why root refuses us.
 */
int adeos_members_admitted(unsigned int timeout_ms)
{
	if (!wait_event_timeout(admission, READ_ONCE(own_life) || READ_ONCE(refused),
				msecs_to_jiffies(timeout_ms)))
		return -ETIMEDOUT;
	return -(int)min_t(u32, READ_ONCE(refused), MAX_ERRNO);
}

/**
 * adeos_self - who this kernel is
 * @member: filled
 *
 * Context: any but NMI. Return: 0, -ENOTCONN (not attached).
 */
int adeos_self(struct adeos_member *member)
{
	return adeos_own_life() && !adeos_member_slot(commons.slot, member) ? 0 : -ENOTCONN;
}
EXPORT_SYMBOL_GPL(adeos_self);

/**
 * adeos_member_get - look a kernel up
 * @id: of the vnode, 0 for root
 * @member: filled
 *
 * Context: any but NMI. Return: 0, -ENODEV (not attached).
 */
int adeos_member_get(u32 id, struct adeos_member *member)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (!adeos_member_slot(slot, member) && member->id == id)
			return 0;
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(adeos_member_get);

/**
 * adeos_member_alive - is it still the same life?
 * @member: as looked up
 *
 * Context: any. Return: false once that nanokernel is gone, also if another one of
 * the same vnode has come.
 */
bool adeos_member_alive(const struct adeos_member *member)
{
	return member->slot < VNODE_SLOTS && member->life &&
	       adeos_life(member->slot) == member->life;
}
EXPORT_SYMBOL_GPL(adeos_member_alive);

/**
 * adeos_member_register - hear of members that come and go
 * @nb: called with ADEOS_JOINED or ADEOS_LEFT and a struct adeos_member; in a worker
 *	that everybody's messages wait for, and that must not call adeos_msg_call().
 *	Those that are there already are not told; look with adeos_member_get().
 *
 * Return: 0.
 */
int adeos_member_register(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&members_chain, nb);
}
EXPORT_SYMBOL_GPL(adeos_member_register);

/**
 * adeos_member_unregister - hear no more
 * @nb: as registered; it is not running any more on return
 */
void adeos_member_unregister(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&members_chain, nb);
}
EXPORT_SYMBOL_GPL(adeos_member_unregister);

ssize_t adeos_members_show(char *buf)
{
	struct adeos_member member;
	int len = 0;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (!adeos_member_slot(slot, &member))
			len += sysfs_emit_at(buf, len, "%u %u %u %s\n", slot, member.id,
					     member.life, member.name);
	return len;
}

int adeos_members_init(void)
{
	if (adeos_is_root())
		WRITE_ONCE(own_life, 1);
	return 0;
}

void adeos_members_exit(void)
{
	WRITE_ONCE(own_life, 0);
}
