// SPDX-License-Identifier: GPL-2.0-only
/* vnode-view, a vnode looks at others: set-up and tear-down. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "view.h"

static u32 own_id;

/* The other fields describe what root can lend. */
static int ioctl_info(struct file *file, void *arg)
{
	struct vnode_info *info = arg;

	memset(info, 0, sizeof(*info));
	info->abi = VNODE_ABI_VERSION;
	info->tsc_khz = tsc_khz;
	info->id = own_id;
	return 0;
}

static const struct look_ioctl more[] = {
	{ VNODE_IOC_INFO, LOOK_ANYONE, ioctl_info },
};

static const struct look_device device = {
	.status = vview_status,
	.last = vview_last,
	.freeze = vview_freeze,
	.thaw = vview_thaw,
	.regs = vview_regs,
	.memory_find = vview_memory_find,
	.memory_read = vview_memory_read,
	.ioctl = more,
	.nr_ioctls = ARRAY_SIZE(more),
};

static int __init vview_init(void)
{
	struct adeos_member self;
	int err;

	err = adeos_self(&self);
	if (err)
		return err;
	own_id = self.id;
	if (!self.id) {
		pr_err("this is root: load the module vnode instead\n");
		return -ENODEV;
	}
	err = vview_follow_init();
	if (err)
		return err;
	err = vview_begin(self.id, vview_follow);
	if (err)
		goto err_follow;
	err = look_device_init(&device);
	if (err)
		goto err_bridge;
	return 0;

err_bridge:
	vview_end();
err_follow:
	vview_follow_exit();
	return err;
}

static void __exit vview_exit(void)
{
	look_device_exit();
	vview_end();
	vview_follow_exit();
}

module_init(vview_init);
module_exit(vview_exit);
MODULE_DESCRIPTION("vnode-view, a vnode looks at others");
MODULE_LICENSE("GPL");
