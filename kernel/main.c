// SPDX-License-Identifier: GPL-2.0-only
/* KMB, the kernel-mode bootloader for vnodes: its parts. */
#include <linux/module.h>
#include <vnode/adeos.h>

#include "kmb.h"

/*
 * Set up in this order and torn down in the reverse one; listeners are told of vnodes in
 * this order. /dev/vnode comes last: with it vnodes can be made.
 */
static const struct kmb_part parts[] = {
	{ .init = kmb_life_init, .exit = kmb_life_exit },
	{ .init = kmb_cpus_init, .exit = kmb_cpus_exit },
	{ .init = kmb_wake_init, .exit = kmb_wake_exit },
	{ .changed = kmb_root_log_changed },
	{ .init = kmb_sysfs_init, .exit = kmb_sysfs_exit, .appear = kmb_sysfs_appear,
	  .changed = kmb_sysfs_changed, .disappear = kmb_sysfs_disappear },
	{ .init = kmb_power_init, .exit = kmb_power_exit },
	{ .init = kmb_device_init, .exit = kmb_device_exit, .changed = kmb_device_changed },
};

static void parts_exit(int nr)
{
	while (nr--)
		if (parts[nr].exit)
			parts[nr].exit();
}

static int __init kmb_init(void)
{
	struct adeos_member self;
	int i, err;

	err = adeos_self(&self);
	if (err)
		return err;
	if (self.id) {
		pr_err("this is vnode %u: only root can lend\n", self.id);
		return -ENODEV;
	}
	kmb_life_listeners(parts, ARRAY_SIZE(parts));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init ? parts[i].init() : 0;
		if (err) {
			parts_exit(i);
			return err;
		}
	}
	return 0;
}

static void __exit kmb_exit(void)
{
	parts_exit(ARRAY_SIZE(parts));
}

/* A vnode shows its console and has a network: root has the other ends of them. */
MODULE_SOFTDEP("post: vconsole vnic");

module_init(kmb_init);
module_exit(kmb_exit);
MODULE_DESCRIPTION("KMB, the kernel-mode bootloader for vnodes");
MODULE_LICENSE("GPL");
