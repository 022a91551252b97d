// SPDX-License-Identifier: GPL-2.0-only
/* What user space can know of a vnode. */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <vnode/adeos.h>

#include "kmb.h"

static_assert(sizeof_field(struct vnode_status, text) == KMB_TEXT_LEN, "text of an end");

static void fill_lent(const struct kmb_node *node, struct vnode_status *status)
{
	status->id = node->id;
	status->state = node->state;
	status->mem_base = adeos_region_pa(node->region);
	status->mem_size = adeos_region_size(node->region);
	status->mem_offlined = adeos_region_offlined(node->region);
	status->low_base = node->low_pa;
	status->low_size = KMB_LOW_SIZE;
	status->entry_mode = node->load.entry_mode;
	status->boot_apicid = node->cpu[0].apicid;
	status->start_ns = node->start_ns;
	status->entry_tsc = node->entry_tsc;
	memcpy(status->phase, node->phase, sizeof(status->phase));
	memcpy(status->name, node->name, sizeof(status->name));
	memcpy(status->release, node->release, sizeof(status->release));
}

static void fill_end(const struct kmb_node *node, struct vnode_status *status)
{
	status->cause = node->end.cause;
	status->cause_cpu = node->end.cpu;
	status->end_ns = node->end.ns;
	status->begin_tsc = node->end.begin_tsc;
	status->end_tsc = node->end.tsc;
	memcpy(status->text, node->end.text, sizeof(status->text));
	status->restarts = node->restarts;
	/* once it has ended there is nothing else to be armed for */
	status->restarting = node->armed && !kmb_node_alive(node);
	status->restart_tsc = node->restart_tsc;
	status->oopses = node->oopses;
}

static void fill_attached(const struct kmb_node *node, struct vnode_status *status)
{
	struct adeos_report report;

	status->attached = 0;
	if (!kmb_node_alive(node))
		return;
	adeos_slot_report(node->slot, &report);
	status->attached = report.attached;
}

/*
 * Fills @status, and *cpus with a kmalloc()ed list of the CPUs. A node that is
 * on its way in or out is not there, nor is one that @who may not see.
 */
int kmb_node_status(const struct kmb_looker *who, struct vnode_status *status, u32 **cpus)
{
	bool next = status->flags & VNODE_STATUS_NEXT;
	u32 id = status->id;
	struct kmb_node *node;
	unsigned int i;

	for (;;) {
		node = kmb_node_lookup(id, next);
		if (!node)
			return -ENOENT;
		/* one that is being granted keeps its lock for seconds */
		if (READ_ONCE(node->state) != VNODE_FREE && kmb_node_shows(node, who)) {
			mutex_lock(&node->lock);
			if (node->state != VNODE_FREE)
				break;
			mutex_unlock(&node->lock);
		}
		id = node->id + 1;
		kmb_node_put(node);
		if (!next)
			return -ENOENT;
	}

	fill_lent(node, status);
	fill_end(node, status);
	fill_attached(node, status);
	*cpus = kmalloc_array(node->nr_cpus, sizeof(**cpus), GFP_KERNEL);
	if (*cpus) {
		for (i = 0; i < node->nr_cpus; i++)
			(*cpus)[i] = node->cpu[i].cpu;
		status->nr_cpus = node->nr_cpus;
	}
	kmb_node_unlock(node);
	return *cpus ? 0 : -ENOMEM;
}

/**
 * kmb_node_last - the last log lines of a vnode's last end
 * @who: looks at it
 * @id: the vnode
 * @buf: where to
 * @size: room there
 *
 * Return: how many bytes, or -ENOENT. Whole lines, the newest, if not all fit.
 */
int kmb_node_last(const struct kmb_looker *who, u32 id, char *buf, unsigned int size)
{
	struct kmb_node *node = kmb_node_lock_for(who, id);
	const char *from, *line;
	unsigned int len;

	if (!node)
		return -ENOENT;
	len = min(size, node->log_len);
	from = node->log + node->log_len - len;
	/* the line that is cut: unless it is one, and nothing else fits */
	line = len < node->log_len && from[-1] != '\n' ? memchr(from, '\n', len) : NULL;
	if (line && line + 1 < from + len) {
		len -= line + 1 - from;
		from = line + 1;
	}
	memcpy(buf, from, len);
	kmb_node_unlock(node);
	return len;
}
