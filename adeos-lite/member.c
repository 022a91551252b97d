// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members: reads root's directory, and tells the parts and the drivers which kernels
 * have joined and which have left.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "adeos.h"
#include "portal.h"

static BLOCKING_NOTIFIER_HEAD(members_chain);

/* One slot of the directory, all of one moment; else no life. */
static void member_read(u32 slot, struct adeos_member *member)
{
	const struct vnode_member *from = &adeos_directory()->member[slot];
	/* pairs with member_write() in root/slot.c */
	u32 life = le32_to_cpu(smp_load_acquire(&from->life));

	member->slot = slot;
	member->id = le32_to_cpu(READ_ONCE(from->id));
	memcpy(member->name, from->name, sizeof(member->name));
	member->name[sizeof(member->name) - 1] = '\0';
	/* pairs with member_write(), which clears the life first */
	smp_rmb();
	member->life = le32_to_cpu(READ_ONCE(from->life)) == life ? life : 0;
}

static void member_left(struct adeos_member *member)
{
	const struct adeos_part *part;
	unsigned int i;

	for (i = 0; (part = adeos_part_up(i)); i++)
		if (part->left)
			part->left(member);
	blocking_notifier_call_chain(&members_chain, ADEOS_LEFT, member);
}

static void member_joined(struct adeos_member *member)
{
	const struct adeos_part *part;
	unsigned int i;

	for (i = 0; (part = adeos_part_up(i)); i++)
		if (part->joined)
			part->joined(member);
	adeos_portals_catch_up(member->slot);
	blocking_notifier_call_chain(&members_chain, ADEOS_JOINED, member);
}

static void member_update(u32 slot)
{
	struct adeos_member old, new;

	adeos_member_slot(slot, &old);
	member_read(slot, &new);
	if (new.life == old.life)
		return;
	adeos_doors_distrust(slot);
	adeos_peer_set(&new);
	if (old.life)
		member_left(&old);
	if (new.life)
		member_joined(&new);
	else
		adeos_portals_forget(slot);
}

/**
 * adeos_members_update - take in what root's directory says
 *
 * Context: under the core's lock.
 */
void adeos_members_update(void)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		member_update(slot);
}

/**
 * adeos_member_register - hear of members that join and leave
 * @nb: called with ADEOS_JOINED or ADEOS_LEFT and a struct adeos_member, in the core's
 *	worker: all messages wait meanwhile, and it must not call adeos_msg_call().
 *	Members that are there already are not reported; look with adeos_member_get().
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

static ssize_t members_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct adeos_member member;
	int len = 0;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (!adeos_member_slot(slot, &member))
			len += sysfs_emit_at(buf, len, "%u %u %u %*pE\n", slot, member.id,
					     member.life, (int)strlen(member.name),
					     member.name);
	return len;
}

static const struct kobj_attribute members_attr = __ATTR_RO(members);

const struct adeos_part adeos_member_part = {
	.update = adeos_members_update,
	.attr = &members_attr,
};
