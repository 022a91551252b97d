// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen of a vnode: status, the last log lines, memory, registers; and a
 * freeze, under which these hold still.
 */
#include <linux/minmax.h>

#include "kmb.h"

static_assert(sizeof_field(struct vnode_status, text) == KMB_TEXT_LEN, "text of an end");
static_assert(sizeof_field(struct vnode_regs, reg) == sizeof_field(struct vnode_cpu_regs, reg),
	      "registers");

/* ---- status ---- */

/**
 * kmb_status_fill - the status of a vnode, but for its CPUs
 * @node: the vnode, locked; or not, if only fields are used that are constant while it is
 *	granted, or one word
 * @status: filled
 */
void kmb_status_fill(const struct kmb_node *node, struct vnode_status *status)
{
	const struct kmb_end *end = &node->end;

	status->id = node->slot.id;
	status->state = READ_ONCE(node->state);
	status->nr_cpus = node->slot.nr_cpus;
	status->mem_base = node->slot.region->pa;
	status->mem_size = node->slot.region->size;
	status->mem_offlined = node->slot.region->main_size;
	status->low_base = node->low_pa;
	status->low_size = KMB_LOW_SIZE;
	status->entry_mode = node->load.entry_mode;
	status->boot_apicid = node->slot.cpu[0].apicid;
	status->start_ns = node->start_ns;
	status->entry_tsc = node->entry_tsc;
	memcpy(status->phase, node->phase, sizeof(status->phase));
	status->cause = READ_ONCE(end->cause);
	status->cause_cpu = end->cpu;
	status->restarts = READ_ONCE(node->restarts);
	status->oopses = READ_ONCE(node->slot.oopses);
	status->end_ns = end->ns;
	status->begin_tsc = end->begin_tsc;
	status->end_tsc = end->tsc;
	status->restart_tsc = node->restart_tsc;
	status->attached = READ_ONCE(node->slot.life) && kmb_node_alive(node);
	/* after an end the timer is armed for a restart alone */
	status->restarting = node->armed && !kmb_node_alive(node);
	memcpy(status->name, node->slot.name, sizeof(status->name));
	memcpy(status->release, node->slot.release, sizeof(status->release));
	memcpy(status->text, end->text, sizeof(status->text));
}

/* The vnode to report, locked: @id's, or with @next the first from @id on. */
static struct kmb_node *status_node(u32 id, bool next)
{
	struct kmb_node *node;

	while ((node = kmb_node_find(id, next))) {
		id = node->slot.id + 1;
		/* GRANT keeps the lock of a new vnode for seconds: it is skipped, unlocked */
		if (READ_ONCE(node->state) != VNODE_FREE) {
			node = kmb_node_lock_found(node);
			if (node)
				return node;
		} else {
			kmb_node_put(node);
		}
		if (!next)
			break;
	}
	return NULL;
}

int kmb_status(struct vnode_status *status, u32 **cpus)
{
	struct kmb_node *node;

	node = status_node(status->id, status->flags & VNODE_STATUS_NEXT);
	if (!node)
		return -ENOENT;
	kmb_status_fill(node, status);
	*cpus = kmb_node_cpus(node);
	kmb_node_unlock(node);
	return *cpus ? 0 : -ENOMEM;
}

/* ---- the last log lines ---- */

/* Whole lines, the newest, if not all fit; part of a line if not even one does. */
int kmb_last(u32 id, char *buf, unsigned int size)
{
	struct kmb_node *node = kmb_node_lock(id);
	const char *from, *line;
	unsigned int len;

	if (!node)
		return -ENOENT;
	len = min(size, node->log_len);
	from = node->log + node->log_len - len;
	line = len < node->log_len && from[-1] != '\n' ? memchr(from, '\n', len) : NULL;
	if (line && line + 1 < from + len) {
		len -= line + 1 - from;
		from = line + 1;
	}
	memcpy(buf, from, len);
	kmb_node_unlock(node);
	return len;
}

/* ---- memory ---- */

int kmb_memory_find(u32 id, u32 *grant, u64 *size)
{
	struct kmb_node *node = kmb_node_lock(id);

	if (!node)
		return -ENOENT;
	*grant = node->grant;
	*size = node->slot.region->size;
	kmb_node_unlock(node);
	return 0;
}

int kmb_memory_read(u32 id, u32 grant, u64 offset, void *buf,
		    u32 len)
{
	struct kmb_node *node = kmb_node_lock(id);
	u64 size;
	int ret;

	if (!node)
		return -ENXIO;
	size = node->slot.region->size;
	if (node->grant != grant) {
		ret = -ENXIO;
	} else if (offset >= size) {
		ret = 0;
	} else {
		len = min_t(u64, len, size - offset);
		ret = adeos_region_read(node->slot.region, offset, buf, len) ?: (int)len;
	}
	kmb_node_unlock(node);
	return ret;
}

/* ---- registers ---- */

int kmb_regs(struct vnode_regs *regs)
{
	struct kmb_node *node = kmb_node_lock(regs->id);
	struct vnode_cpu_regs left;
	unsigned int i;
	int err;

	if (!node)
		return -ENOENT;
	err = adeos_slot_regs(&node->slot, regs->cpu, &left);
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

/* ---- a freeze, which belongs to the descriptor that asked for it ---- */

int kmb_freeze(const struct kmb_file *owner, u32 id)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = -ENOTCONN;

	if (!node)
		return -ENOENT;
	if (node->state == VNODE_RUNNING)
		err = adeos_slot_freeze(&node->slot);
	if (!err)
		node->freezer = owner;
	kmb_node_unlock(node);
	return err;
}

int kmb_thaw(const struct kmb_file *owner, u32 id)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = -EBADF;

	if (!node)
		return -ETIME;
	if (node->freezer == owner) {
		node->freezer = NULL;
		err = adeos_slot_thaw(&node->slot);
	}
	kmb_node_unlock(node);
	return err;
}
