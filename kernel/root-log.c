// SPDX-License-Identifier: GPL-2.0-only
/* One line in root's log for each change of a vnode. */
#include <vnode/names.h>

#include "kmb.h"

/* A vnode that has ended by itself: its line says why. */
static void log_end(const struct kmb_node *node)
{
	const struct kmb_end *end = &node->end;
	const char *state = vnode_state_name(node->state);
	char cpu[24] = "";

	if (end->cpu != KMB_NO_CPU)
		snprintf(cpu, sizeof(cpu), " (CPU %u)", end->cpu);
	if (node->state == VNODE_HALTED)
		pr_info("%s: %s: %s%s\n", node->slot.name, state, end->text, cpu);
	else
		pr_warn("%s: %s: %s%s\n", node->slot.name, state, end->text, cpu);
}

void kmb_root_log_changed(struct kmb_node *node, enum kmb_change change)
{
	if (change == KMB_CHANGE_OOPS)
		pr_warn("%s: an oops, %u since its start\n", node->slot.name, node->slot.oopses);
	if (change != KMB_CHANGE_STATE)
		return;
	if (vnode_state_ended(node->state) && node->state != VNODE_STOPPED)
		log_end(node);
	else
		pr_info("%s: %s\n", node->slot.name, vnode_state_name(node->state));
}
