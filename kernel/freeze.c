// SPDX-License-Identifier: GPL-2.0-only
/* A vnode is frozen for somebody who looks at it, and its registers are read. */
#include <linux/string.h>
#include <vnode/adeos.h>

#include "kmb.h"

static_assert(sizeof_field(struct vnode_regs, reg) == sizeof_field(struct vnode_cpu_regs, reg),
	      "registers");

/**
 * kmb_node_freeze - have a vnode stand still
 * @id: the vnode
 * @file: who alone may thaw it
 *
 * Return: 0, or what FREEZE documents.
 */
int kmb_node_freeze(u32 id, struct file *file)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = -ENOTCONN;

	if (!node)
		return -ENOENT;
	if (node->state == VNODE_RUNNING)
		err = adeos_slot_freeze(node->slot);
	if (!err)
		node->freezer = file;
	kmb_node_unlock(node);
	return err;
}

/**
 * kmb_node_thaw - let it go on
 * @id: the vnode
 * @file: as given to kmb_node_freeze()
 *
 * Return: 0, or what THAW documents.
 */
int kmb_node_thaw(u32 id, struct file *file)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = -EBADF;

	if (!node)
		return -ETIME;
	if (node->freezer == file) {
		node->freezer = NULL;
		err = adeos_slot_thaw(node->slot);
	}
	kmb_node_unlock(node);
	return err;
}

/**
 * kmb_node_regs - the registers that a vnode has left
 * @regs: @id and @cpu set; filled
 *
 * Return: 0, -ENOENT, -EINVAL.
 */
int kmb_node_regs(struct vnode_regs *regs)
{
	struct kmb_node *node = kmb_node_lock(regs->id);
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
