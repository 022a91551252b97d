// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode finds the commons through the ACPI table VNOD and its control page, says
 * hello to root, and waits for the answer; says goodbye.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include "../fault.h"
#include "vnode.h"

/* How long loading the module waits for root's answer. */
#define ADMISSION_MS	2000

static u64 control_pa;
static u32 attachments;		/* of this boot */
static u32 refused;
static DECLARE_WAIT_QUEUE_HEAD(admission);

/* ---- the commons ---- */

/**
 * adeos_vnode_detect - is this kernel a vnode?
 *
 * Return: 1; 0 in root, where there is no ACPI table VNOD; -EINVAL (it is malformed).
 */
int adeos_vnode_detect(void)
{
	const struct vnode_acpi_vnod *table;
	struct acpi_table_header *header;
	int err = 1;

	if (acpi_disabled || ACPI_FAILURE(acpi_get_table("VNOD", 1, &header)))
		return 0;
	table = (void *)header;
	control_pa = le64_to_cpu(table->control);
	if (header->length < sizeof(*table) ||
	    le64_to_cpu(table->control_size) < VNODE_CONTROL_SIZE)
		err = -EINVAL;
	acpi_put_table(header);
	if (err < 0)
		pr_err("ACPI table VNOD is malformed\n");
	return err;
}

static int control_read(struct vnode_control *control)
{
	void *va = memremap(control_pa, VNODE_CONTROL_SIZE, MEMREMAP_WB);

	if (!va)
		return -ENOMEM;
	memcpy(control, va, sizeof(*control));
	memunmap(va);
	if (le32_to_cpu(control->magic) != VNODE_CONTROL_MAGIC) {
		pr_err("no control page where the ACPI table VNOD says\n");
		return -EINVAL;
	}
	return 0;
}

static void hello_write(struct vnode_hello *hello, u32 boot)
{
	hello->major = cpu_to_le16(VNODE_PROTOCOL_MAJOR);
	hello->minor = cpu_to_le16(VNODE_PROTOCOL_MINOR);
	hello->size = cpu_to_le32(sizeof(*hello));
	hello->nr_cpus = cpu_to_le32(num_online_cpus());
	hello->boot = cpu_to_le32(boot);
	hello->attach = cpu_to_le32(attachments);
	hello->tsc = cpu_to_le64(rdtsc());
	strscpy(hello->release, init_utsname()->release, sizeof(hello->release));
	adeos_fault(FAULT_HELLO_BEGUN);
	/* pairs with hello_read() in root/slot.c: the magic comes last */
	smp_store_release(&hello->magic, cpu_to_le32(VNODE_STATION_MAGIC));
}

/*
 * The control page and the hello are the same in every protocol, so that a vnode can
 * tell root that it speaks another one.
 */
static int control_refuse(const struct vnode_control *control)
{
	u64 pa = le64_to_cpu(control->commons) +
		 (u64)le32_to_cpu(control->slot) * le32_to_cpu(control->station_size);
	struct vnode_hello *hello = memremap(pa, VNODE_PAGE, MEMREMAP_WB);

	pr_err("root speaks protocol %u, this module %u: not attached\n",
	       le16_to_cpu(control->major), VNODE_PROTOCOL_MAJOR);
	if (!hello)
		return -ENOMEM;
	attachments = le32_to_cpu(READ_ONCE(hello->attach)) + 1;
	hello_write(hello, le32_to_cpu(control->boot));
	memunmap(hello);
	return -EPROTO;
}

static int control_check(const struct vnode_control *control)
{
	u32 slot = le32_to_cpu(control->slot);

	if (le16_to_cpu(control->major) != VNODE_PROTOCOL_MAJOR)
		return control_refuse(control);
	if (le32_to_cpu(control->size) < sizeof(*control) ||
	    !slot || slot >= VNODE_SLOTS || !IS_ALIGNED(le64_to_cpu(control->commons), PAGE_SIZE) ||
	    le64_to_cpu(control->commons_size) <= VNODE_POOL ||
	    le32_to_cpu(control->station_size) != VNODE_STATION_SIZE) {
		pr_err("the control page makes no sense\n");
		return -EINVAL;
	}
	return 0;
}

/* Return: 0, -EPROTO (root speaks another protocol; it has been told), -EINVAL, -ENOMEM. */
static int attach_init(void)
{
	struct vnode_control control;
	int err;

	err = control_read(&control);
	if (err)
		return err;
	err = control_check(&control);
	if (err)
		return err;

	commons.pa = le64_to_cpu(control.commons);
	commons.size = le64_to_cpu(control.commons_size);
	commons.slot = le32_to_cpu(control.slot);
	commons.id = le32_to_cpu(control.id);
	commons.boot = le32_to_cpu(control.boot);
	strscpy(commons.name, control.name, sizeof(commons.name));
	commons.va = memremap(commons.pa, commons.size, MEMREMAP_WB);
	if (!commons.va)
		return -ENOMEM;
	commons.directory = commons.va + VNODE_DIRECTORY;
	attachments = le32_to_cpu(READ_ONCE(adeos_own()->hello.attach)) + 1;
	WRITE_ONCE(adeos_own()->hello.magic, 0);
	adeos_station_clear(adeos_own());
	return 0;
}

static void attach_exit(void)
{
	adeos_own_life_set(0);
	memunmap(commons.va);
	commons.va = NULL;
}

/*
 * Has root answered our hello? Our own life first, then members (this part comes before
 * theirs): the others may write to us as soon as they know us.
 */
static void attach_update(void)
{
	const struct vnode_member *from = &adeos_directory()->member[commons.slot];
	/* pairs with member_write() in root/slot.c */
	u32 life = le32_to_cpu(smp_load_acquire(&from->life));

	if (le32_to_cpu(READ_ONCE(from->boot)) != commons.boot ||
	    le32_to_cpu(READ_ONCE(from->attach)) != attachments)
		return;
	WRITE_ONCE(refused, le32_to_cpu(READ_ONCE(from->refused)));
	if (refused)
		wake_up_all(&admission);
	if (life && !adeos_own_life())
		adeos_fault(FAULT_ADMITTED);
	adeos_own_life_set(life);
}

static void attach_joined(const struct adeos_member *member)
{
	if (member->slot == commons.slot)
		wake_up_all(&admission);
}

const struct adeos_part adeos_attach_part = {
	.init = attach_init,
	.exit = attach_exit,
	.update = attach_update,
	.joined = attach_joined,
};

/* ---- hello and goodbye ---- */

static void goodbye(void)
{
	WRITE_ONCE(adeos_own()->hello.magic, 0);
	adeos_fault(FAULT_GOODBYE_BEGUN);
	adeos_knock(BIT(0));
	adeos_fault(FAULT_GOODBYE_SAID);
}

/*
 * Every part is up: root may admit us. Where root is slow, the worker takes its answer in
 * later. Return: 0, or why root refuses us.
 */
static int hello_init(void)
{
	struct adeos_member self;
	int err;

	hello_write(&adeos_own()->hello, commons.boot);
	adeos_fault(FAULT_HELLO_WRITTEN);
	adeos_knock(BIT(0));
	adeos_fault(FAULT_HELLO_SAID);
	if (!wait_event_timeout(admission, !adeos_self(&self) || READ_ONCE(refused),
				msecs_to_jiffies(ADMISSION_MS))) {
		pr_warn("root has not answered yet; attached as soon as it does\n");
		return 0;
	}
	err = min_t(u32, READ_ONCE(refused), MAX_ERRNO);
	if (err)
		goodbye();
	else
		pr_info("attached to root as vnode %u, %s\n", commons.id, commons.name);
	return -err;
}

const struct adeos_part adeos_hello_part = {
	.init = hello_init,
	.exit = goodbye,
	.attr = &adeos_bridges_attr,
};
