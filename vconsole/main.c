// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: both sides in every kernel. A vnode shows its console to root; root shows
 * its own to the vnode of the parameter "offer", if given.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>

#include "vconsole.h"

static int offer = -1;
module_param(offer, int, 0444);
MODULE_PARM_DESC(offer, "root: id of the vnode that may look at this kernel's console, hvc0");

/* Return: id of the kernel that may look at our console; -1: none. */
static int viewer(void)
{
	struct adeos_member self;

	return adeos_self(&self) || self.id ? 0 : offer;
}

static int __init vconsole_init(void)
{
	int err;

	if (offer < -1 || offer >= VIEWS) {
		pr_err("offer=%d: want the id of a vnode\n", offer);
		return -EINVAL;
	}
	err = vconsole_tty_init();
	if (err)
		return err;
	err = vconsole_view_init(&vconsole_tty_ops);
	if (err)
		goto err_ttys;
	err = vconsole_file_init();
	if (err)
		goto err_views;
	err = viewer() < 0 ? 0 : vconsole_begin(viewer());
	if (err)
		goto err_files;
	return 0;

err_files:
	vconsole_file_exit();
err_views:
	vconsole_view_exit();
err_ttys:
	vconsole_tty_exit();
	return err;
}

/* Does not run where hvc0 was made: vconsole_begin() pins the module. */
static void __exit vconsole_exit(void)
{
	vconsole_file_exit();
	vconsole_view_exit();
	vconsole_tty_exit();
}

module_init(vconsole_init);
module_exit(vconsole_exit);
MODULE_DESCRIPTION("vconsole, consoles between kernels");
MODULE_LICENSE("GPL");
