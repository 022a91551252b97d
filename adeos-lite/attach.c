// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vnode's side of the control pages: find them through the ACPI table VNOD,
 * report that this kernel runs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/utsname.h>
#include <asm/tsc.h>
#include <vnode/layout.h>

#include "adeos.h"

static void *control_va;

static int attach_check(const struct vnode_control *control)
{
	u16 major = le16_to_cpu(READ_ONCE(control->major));

	if (le32_to_cpu(READ_ONCE(control->magic)) != VNODE_CONTROL_MAGIC) {
		pr_err("no control page where the ACPI table VNOD says\n");
		return -EINVAL;
	}
	if (major != VNODE_PROTOCOL_MAJOR) {
		pr_err("root speaks protocol %u, this module %u\n", major, VNODE_PROTOCOL_MAJOR);
		return -EPROTO;
	}
	return 0;
}

static void attach_hello(struct vnode_hello *hello)
{
	hello->major = cpu_to_le16(VNODE_PROTOCOL_MAJOR);
	hello->minor = cpu_to_le16(VNODE_PROTOCOL_MINOR);
	hello->size = cpu_to_le32(sizeof(*hello));
	hello->nr_cpus = cpu_to_le32(num_online_cpus());
	hello->tsc = cpu_to_le64(rdtsc());
	strscpy(hello->release, init_utsname()->release, sizeof(hello->release));
	/* pairs with kmb_node_hello() in kernel/node.c: the magic comes last */
	smp_store_release(&hello->magic, cpu_to_le32(VNODE_HELLO_MAGIC));
}

/* Returns 1 in a vnode, 0 in root (there is no table). */
int adeos_attach(void)
{
	const struct vnode_acpi_vnod *table;
	struct acpi_table_header *header;
	u64 control_pa, control_size;
	int err;

	if (acpi_disabled || ACPI_FAILURE(acpi_get_table("VNOD", 1, &header)))
		return 0;

	table = (void *)header;
	control_pa = le64_to_cpu(table->control);
	control_size = le64_to_cpu(table->control_size);
	err = header->length < sizeof(*table) || control_size < VNODE_CONTROL_SIZE ? -EINVAL : 0;
	acpi_put_table(header);
	if (err) {
		pr_err("ACPI table VNOD is malformed\n");
		return err;
	}

	control_va = memremap(control_pa, VNODE_CONTROL_SIZE, MEMREMAP_WB);
	if (!control_va)
		return -ENOMEM;

	err = attach_check(control_va);
	if (err) {
		adeos_detach();
		return err;
	}
	attach_hello(control_va + VNODE_PAGE);
	pr_info("attached to root\n");
	return 1;
}

void adeos_detach(void)
{
	memunmap(control_va);
	control_va = NULL;
}
