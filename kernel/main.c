// SPDX-License-Identifier: GPL-2.0-only
/* KMB, the kernel-mode bootloader for vnodes: what is set up in which order. */
#include <linux/module.h>

#include "kmb.h"

static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ kmb_watch_init, kmb_watch_exit },
	{ kmb_dump_init, kmb_dump_exit },
	{ kmb_cpus_init, kmb_cpus_exit },
	{ kmb_wake_init, kmb_wake_exit },
	{ kmb_sysfs_init, kmb_sysfs_exit },
	{ kmb_remote_init, kmb_remote_exit },
	{ kmb_power_init, kmb_power_exit },
	{ kmb_chardev_init, kmb_chardev_exit },
};

static int __init kmb_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init();
		if (err)
			goto err_exit;
	}
	return 0;

err_exit:
	while (i--)
		parts[i].exit();
	return err;
}

static void __exit kmb_exit(void)
{
	int i = ARRAY_SIZE(parts);

	while (i--)
		parts[i].exit();
}

module_init(kmb_init);
module_exit(kmb_exit);
MODULE_DESCRIPTION("KMB, the kernel-mode bootloader for vnodes");
MODULE_LICENSE("GPL");
