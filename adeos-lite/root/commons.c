// SPDX-License-Identifier: GPL-2.0-only
/* Root makes the commons, and begins the directory in them. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/io.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "root.h"

static unsigned long commons_size = SZ_16M;
module_param_named(commons, commons_size, ulong, 0444);
MODULE_PARM_DESC(commons, "root: bytes for the protocol (2.1 MiB) and all bridges");

struct vnode_directory root_directory;

static struct adeos_region *commons_region;

static int commons_map_region(void)
{
	u64 offlined = commons_region->main_size;

	commons.pa = commons_region->pa;
	commons.size = commons_region->size;
	commons.paged = commons_region->kind == ADEOS_REGION_LINUX && !offlined;
	/* half in the direct map and half not would need two mappings */
	if (offlined && offlined != commons.size)
		return -EINVAL;
	commons.va = memremap(commons.pa, commons.size, MEMREMAP_WB);
	return commons.va ? 0 : -ENOMEM;
}

static void commons_begin(void)
{
	struct vnode_member *root = &root_directory.member[0];

	commons.directory = &root_directory;
	strscpy(commons.name, "root", sizeof(commons.name));
	strscpy(root->name, commons.name, sizeof(root->name));
	root->life = cpu_to_le32(1);
	*adeos_shown(root) = *root;
	adeos_ram_begin();
	adeos_own_life_set(1);
	adeos_show(&root_directory.magic, cpu_to_le32(VNODE_DIRECTORY_MAGIC));
}

/*
 * As low as it can be: in a memory block that Linux cannot part with anyway, since its
 * own image or other boot memory is there. Elsewhere the commons would keep a block, and
 * a run of blocks, from being lent.
 *
 * With struct pages, whatever the size: devices write into bridges that a process has
 * mapped (O_DIRECT). Memory without them will do where Linux has no other.
 */
static struct adeos_region *region_create_low(unsigned long size)
{
	u64 block = memory_block_size_bytes();
	u64 end = PFN_PHYS(totalram_pages());
	struct adeos_region *region = ERR_PTR(-ENOMEM);
	u64 max;

	for (max = block; max < end && region == ERR_PTR(-ENOMEM); max += block)
		region = adeos_region_create(size, max - block, max - 1, true);
	if (region == ERR_PTR(-ENOMEM))
		region = adeos_region_create(size, 0, U64_MAX, true);
	if (region == ERR_PTR(-ENOMEM))
		region = adeos_region_create(size, 0, U64_MAX, false);
	return region;
}

/* Return: 0, -EINVAL, -ENOMEM, -EINTR. */
static int commons_init(void)
{
	unsigned long size = commons_size;
	int err;

	if (size <= VNODE_POOL || !IS_ALIGNED(size, ADEOS_UNIT)) {
		pr_err("commons=%lu: want a multiple of 2 MiB, at least 4 MiB\n", size);
		return -EINVAL;
	}
	commons_region = region_create_low(size);
	if (IS_ERR(commons_region)) {
		pr_err("no %lu MiB of contiguous memory for the commons\n", size >> 20);
		return PTR_ERR(commons_region);
	}
	err = adeos_region_zero(commons_region, 0, size);
	if (!err)
		err = commons_map_region();
	if (err) {
		adeos_region_destroy(commons_region);
		return err;
	}
	commons_begin();
	pr_info("%lu MiB at %pa are common to all kernels\n", size >> 20, &commons.pa);
	return 0;
}

static void commons_exit(void)
{
	adeos_own_life_set(0);
	memunmap(commons.va);
	commons.va = NULL;
	adeos_region_destroy(commons_region);
}

const struct adeos_part adeos_root_commons_part = {
	.init = commons_init,
	.exit = commons_exit,
};
