// SPDX-License-Identifier: GPL-2.0-only
/*
 * adeos-lite: the nanokernel. The same module in root and in every vnode; an
 * ACPI table tells it at load time which of the two it is in.
 */
#include <linux/module.h>

#include "adeos.h"

static char *reserved = "";
module_param(reserved, charp, 0444);
MODULE_PARM_DESC(reserved,
		 "SIZE@ADDRESS of memory kept from Linux at boot (memmap=SIZE$ADDRESS), lent first");

static int __init adeos_init_root(void)
{
	int err;

	err = adeos_low_init();
	if (err)
		return err;

	err = adeos_pool_init(reserved);
	if (err)
		goto err_low;
	return 0;

err_low:
	adeos_low_exit();
	return err;
}

static bool is_vnode;

static int __init adeos_init(void)
{
	int err;

	err = adeos_attach();
	if (err < 0)
		return err;
	is_vnode = err;
	return is_vnode ? 0 : adeos_init_root();
}

static void __exit adeos_exit(void)
{
	if (is_vnode) {
		adeos_detach();
		return;
	}
	adeos_pool_exit();
	adeos_low_exit();
}

module_init(adeos_init);
module_exit(adeos_exit);
MODULE_DESCRIPTION("adeos-lite, the nanokernel between vnodes");
MODULE_LICENSE("GPL");
