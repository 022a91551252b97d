// SPDX-License-Identifier: GPL-2.0-only
/* A vnode is frozen for somebody who looks at it, and its registers are read. */
#include <linux/string.h>
#include <vnode/adeos.h>

#include "kmb.h"

static_assert(sizeof_field(struct vnode_regs, reg) == sizeof_field(struct vnode_cpu_regs, reg),
	      "registers");

static bool is_same(const struct kmb_looker *a, const struct kmb_looker *b)
{
	return a->id == b->id && a->session == b->session && a->file == b->file;
}

/**
 * kmb_node_freeze - have a vnode stand still
 * @who: looks at it, and alone may thaw it
 * @id: the vnode
 *
 * Return: 0, or what FREEZE documents.
 */
int kmb_node_freeze(const struct kmb_looker *who, u32 id)
{
	struct kmb_node *node = kmb_node_lock_for(who, id);
	int err = -ENOTCONN;

	if (!node)
		return -ENOENT;
	if (node->state == VNODE_RUNNING)
		err = adeos_slot_freeze(node->slot);
	if (!err)
		node->freezer = *who;
	kmb_node_unlock(node);
	return err;
}

static int thaw_locked(struct kmb_node *node)
{
	node->freezer = (struct kmb_looker){ };
	return adeos_slot_thaw(node->slot);
}

/**
 * kmb_node_thaw - let it go on
 * @who: as given to kmb_node_freeze(); he may look at it no more, perhaps
 * @id: the vnode
 *
 * Return: 0, or what THAW documents.
 */
int kmb_node_thaw(const struct kmb_looker *who, u32 id)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = -EBADF;

	if (!node)
		return -ETIME;
	if (is_same(&node->freezer, who))
		err = thaw_locked(node);
	kmb_node_unlock(node);
	return err;
}

/**
 * kmb_node_thaw_all - let all go on that another vnode has frozen
 * @session: of that vnode; it has gone
 */
void kmb_node_thaw_all(u32 session)
{
	struct kmb_node *node;
	u32 id = 1;

	while ((node = kmb_node_lookup(id, true))) {
		id = node->id + 1;
		if (READ_ONCE(node->freezer.session) != session) {
			kmb_node_put(node);
			continue;
		}
		mutex_lock(&node->lock);
		if (node->freezer.session == session && node->slot)
			thaw_locked(node);
		kmb_node_unlock(node);
	}
}

/**
 * kmb_node_regs - the registers that a vnode has left
 * @who: looks at it
 * @regs: @id and @cpu set; filled
 *
 * Return: 0, -ENOENT, -EINVAL.
 */
int kmb_node_regs(const struct kmb_looker *who, struct vnode_regs *regs)
{
	struct kmb_node *node = kmb_node_lock_for(who, regs->id);
	struct vnode_cpu_regs left;
	unsigned int i;
	int err;

	if (!node)
		return -ENOENT;
	err = adeos_slot_regs(node->slot, regs->cpu, &left);
	kmb_node_unlock(node);
	if (err)
		return err;
	regs->kind = le32_to_cpu(left.kind);
	if (regs->kind > VNODE_REGS_SILENT)
		regs->kind = VNODE_REGS_NONE;
	for (i = 0; i < VNODE_REGS_NR; i++)
		regs->reg[i] = regs->kind ? le64_to_cpu(left.reg[i]) : 0;
	return 0;
}
