// SPDX-License-Identifier: GPL-2.0-only
/* vnode-view, a vnode looks at others: what is set up in which order. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "view.h"

static u32 own_id;

/* The rest is of no use to a kernel that cannot lend. */
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
		pr_err("this is root, which sees all vnodes with the module vnode\n");
		return -ENODEV;
	}
	err = vview_sysfs_init();
	if (err)
		return err;
	err = vview_begin(self.id);
	if (err)
		goto err_sysfs;
	err = look_init(&device);
	if (err)
		goto err_bridge;
	return 0;

err_bridge:
	vview_end();
err_sysfs:
	vview_sysfs_exit();
	return err;
}

static void __exit vview_exit(void)
{
	look_exit();
	vview_end();
	vview_sysfs_exit();
}

module_init(vview_init);
module_exit(vview_exit);
MODULE_DESCRIPTION("vnode-view, a vnode looks at others");
MODULE_LICENSE("GPL");
