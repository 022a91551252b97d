// SPDX-License-Identifier: GPL-2.0-only
/* The module: a device for each bridge that root has made for this vnode. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>

#include "vvirtio.h"

static struct vvirtio *devices[VVIRTIO_DEVICES];

static void devices_destroy(void)
{
	u32 nr = VVIRTIO_DEVICES;

	while (nr--)
		vvirtio_device_destroy(devices[nr]);
}

/* A device that cannot be used does not keep the others away. */
static void devices_create(u32 id)
{
	u32 nr;

	for (nr = 0; nr < VVIRTIO_DEVICES; nr++) {
		devices[nr] = vvirtio_device_create(id, nr);
		if (devices[nr] == ERR_PTR(-ENOENT))
			break;
	}
}

static int __init vvirtio_init(void)
{
	struct adeos_member self;
	int err;

	err = adeos_self(&self);
	if (err) {
		pr_err("not attached to root: %d\n", err);
		return err;
	}
	if (!self.id) {
		pr_err("this is root: only vnodes have devices over bridges\n");
		return -ENODEV;
	}
	devices_create(self.id);
	return 0;
}

static void __exit vvirtio_exit(void)
{
	devices_destroy();
}

module_init(vvirtio_init);
module_exit(vvirtio_exit);
MODULE_DESCRIPTION("vvirtio, virtio devices over bridges");
MODULE_LICENSE("GPL");
