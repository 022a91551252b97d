// SPDX-License-Identifier: GPL-2.0-only
/*
 * adeos-lite: the nanokernel. The same module in root and in every vnode; an ACPI
 * table tells it at load time which of the two it is in.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include "adeos.h"
#include "root/root.h"
#include "vnode/vnode.h"

/* In the order in which they are started, updated and, backwards, stopped. */
static const struct adeos_part *const root_parts[] = {
	&adeos_low_part,
	&adeos_root_commons_part,
	&adeos_pool_part,
	&adeos_slots_part,
	&adeos_root_bridges_part,
	&adeos_compact_part,
	&adeos_root_clock_part,
};

static const struct adeos_part *const vnode_parts[] = {
	&adeos_attach_part,
};

static const struct adeos_part *const parts[] = {
	&adeos_vector_part,
	&adeos_nmi_part,
	&adeos_portal_part,
	&adeos_member_part,
	&adeos_dsp_part,
	&adeos_bridge_part,
	&adeos_bridge_dev_part,
	&adeos_core_part,
	&adeos_state_part,
};

/* A vnode says hello when all else is ready. */
static const struct adeos_part *const vnode_last_parts[] = {
	&adeos_probe_part,
	&adeos_pulse_part,
	&adeos_log_part,
	&adeos_end_part,
	&adeos_clock_part,
	&adeos_hello_part,
};

static int __init adeos_init(void)
{
	int vnode = adeos_vnode_detect();

	if (vnode < 0)
		return vnode;
	if (vnode)
		adeos_parts_add(vnode_parts, ARRAY_SIZE(vnode_parts));
	else
		adeos_parts_add(root_parts, ARRAY_SIZE(root_parts));
	adeos_parts_add(parts, ARRAY_SIZE(parts));
	if (vnode)
		adeos_parts_add(vnode_last_parts, ARRAY_SIZE(vnode_last_parts));
	return adeos_parts_start();
}

static void __exit adeos_exit(void)
{
	adeos_parts_stop();
}

module_init(adeos_init);
module_exit(adeos_exit);
MODULE_DESCRIPTION("adeos-lite, the nanokernel between vnodes");
MODULE_LICENSE("GPL");
