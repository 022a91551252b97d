// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: which kernels are attached, as this kernel has last read it. member.c reads
 * root's directory and writes this table; every floor looks kernels up in it.
 */
#include <linux/module.h>
#include <linux/spinlock.h>

#include "adeos.h"

/* Protects peers and live; both are also read without it. */
static DEFINE_RAW_SPINLOCK(peers_lock);
static struct adeos_member peers[VNODE_SLOTS];
static u32 live;
static u32 own_life;

u32 adeos_life(u32 slot)
{
	return READ_ONCE(peers[slot].life);
}

u32 adeos_live(void)
{
	return READ_ONCE(live);
}

u32 adeos_id(u32 slot)
{
	return READ_ONCE(peers[slot].id);
}

u32 adeos_own_life(void)
{
	return READ_ONCE(own_life);
}

void adeos_own_life_set(u32 life)
{
	WRITE_ONCE(own_life, life);
}

int adeos_member_slot(u32 slot, struct adeos_member *member)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&peers_lock, flags);
	*member = peers[slot];
	raw_spin_unlock_irqrestore(&peers_lock, flags);
	return member->life ? 0 : -ENODEV;
}

void adeos_peer_set(const struct adeos_member *peer)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&peers_lock, flags);
	peers[peer->slot] = *peer;
	WRITE_ONCE(live, peer->life ? live | BIT(peer->slot) : live & ~BIT(peer->slot));
	raw_spin_unlock_irqrestore(&peers_lock, flags);
}

/**
 * adeos_self - which kernel this is
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
