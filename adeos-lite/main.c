// SPDX-License-Identifier: GPL-2.0-only
/*
 * adeos-lite: the nanokernel. The same module in root and in every vnode; an
 * ACPI table tells it at load time which of the two it is in.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sizes.h>

#include "adeos.h"
#include "portal.h"

static char *reserved = "";
module_param(reserved, charp, 0444);
MODULE_PARM_DESC(reserved,
		 "SIZE@ADDRESS of memory kept from Linux at boot (memmap=SIZE$ADDRESS), lent first");

static unsigned long commons_size = SZ_16M;
module_param_named(commons, commons_size, ulong, 0444);
MODULE_PARM_DESC(commons, "root: bytes for the protocol (2.1 MiB) and all bridges");

/* How long a vnode's module waits for root's answer while it is loaded. */
#define ADMISSION_MS	2000

struct part {
	int (*init)(void);
	void (*exit)(void);
};

static int commons_init(void)
{
	return adeos_commons_create(commons_size);
}

static int pool_init(void)
{
	return adeos_pool_init(reserved);
}

/* The commons come before the pool, which is for vnodes. */
static const struct part root_parts[] = {
	{ adeos_low_init, adeos_low_exit },
	{ commons_init, adeos_commons_destroy },
	{ pool_init, adeos_pool_exit },
};

static int hello_init(void)
{
	int err;

	/* once before anybody hears of us, however far off it is */
	adeos_clock_tick();
	adeos_hello();
	err = adeos_members_admitted(ADMISSION_MS);
	if (err == -ETIMEDOUT) {
		pr_warn("root has not answered yet; attached as soon as it does\n");
		return 0;
	}
	if (!err)
		pr_info("attached to root as vnode %u, %s\n", commons.id, commons.name);
	return err;
}

static const struct part vnode_parts[] = {
	{ adeos_pulse_init, adeos_pulse_exit },
	{ adeos_end_init, adeos_end_exit },
	{ hello_init, adeos_goodbye },
};

static const struct part parts[] = {
	{ adeos_vectors_init, adeos_vectors_exit },
	{ adeos_nmi_init, adeos_nmi_exit },
	{ adeos_members_init, adeos_members_exit },
	{ adeos_dsp_init, adeos_dsp_exit },
	{ adeos_bridge_init, adeos_bridge_exit },
	{ adeos_core_init, adeos_core_exit },
	{ adeos_state_init, adeos_state_exit },
};

static void parts_exit(const struct part *part, int nr)
{
	while (nr--)
		part[nr].exit();
}

static int __init parts_init(const struct part *part, int nr)
{
	int i, err;

	for (i = 0; i < nr; i++) {
		err = part[i].init();
		if (err) {
			parts_exit(part, i);
			return err;
		}
	}
	return 0;
}

static int __init adeos_init_root(void)
{
	int err;

	err = parts_init(root_parts, ARRAY_SIZE(root_parts));
	if (err)
		return err;
	err = parts_init(parts, ARRAY_SIZE(parts));
	if (err)
		parts_exit(root_parts, ARRAY_SIZE(root_parts));
	return err;
}

static int __init adeos_init_vnode(void)
{
	int err;

	err = parts_init(parts, ARRAY_SIZE(parts));
	if (err)
		goto err_detach;
	err = parts_init(vnode_parts, ARRAY_SIZE(vnode_parts));
	if (err)
		goto err_parts;
	return 0;

err_parts:
	parts_exit(parts, ARRAY_SIZE(parts));
err_detach:
	adeos_detach();
	return err;
}

static int __init adeos_init(void)
{
	int err;

	err = adeos_attach();
	if (err < 0)
		return err;
	return err ? adeos_init_vnode() : adeos_init_root();
}

static void __exit adeos_exit(void)
{
	if (!adeos_is_root())
		parts_exit(vnode_parts, ARRAY_SIZE(vnode_parts));
	parts_exit(parts, ARRAY_SIZE(parts));
	if (adeos_is_root())
		parts_exit(root_parts, ARRAY_SIZE(root_parts));
	else
		adeos_detach();
}

module_init(adeos_init);
module_exit(adeos_exit);
MODULE_DESCRIPTION("adeos-lite, the nanokernel between vnodes");
MODULE_LICENSE("GPL");
