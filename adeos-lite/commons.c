// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commons (vnode/commons.h): root makes them, a vnode finds them through the
 * ACPI table VNOD and its control page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <asm/tsc.h>

#include "adeos.h"
#include "fault.h"

struct adeos_commons commons;

static struct adeos_region *commons_region;
static u32 attachments;

/* ---- root ---- */

static int commons_map_region(void)
{
	u64 offlined = adeos_region_offlined(commons_region);

	commons.pa = adeos_region_pa(commons_region);
	commons.size = adeos_region_size(commons_region);
	/* half in the direct map and half not would need two mappings */
	if (offlined && offlined != commons.size)
		return -EINVAL;
	commons.va = memremap(commons.pa, commons.size, MEMREMAP_WB);
	return commons.va ? 0 : -ENOMEM;
}

static void commons_begin(void)
{
	struct vnode_directory *dir = adeos_directory();

	strscpy(commons.name, "root", sizeof(commons.name));
	strscpy(dir->member[0].name, commons.name, sizeof(dir->member[0].name));
	WRITE_ONCE(dir->member[0].life, cpu_to_le32(1));
	adeos_ram_begin();
	WRITE_ONCE(dir->magic, cpu_to_le32(VNODE_DIRECTORY_MAGIC));
}

/*
 * As low as it can be: in a memory block that Linux cannot part with anyway, since
 * its own image or other boot memory is there. Elsewhere it would keep a block, and a
 * run of blocks, from being lent.
 */
static struct adeos_region *region_create_low(unsigned long size)
{
	u64 block = memory_block_size_bytes();
	u64 end = PFN_PHYS(totalram_pages());
	struct adeos_region *region = ERR_PTR(-ENOMEM);
	u64 max;

	for (max = block; max < end && region == ERR_PTR(-ENOMEM); max += block)
		region = adeos_region_create(size, max - block, max - 1);
	if (region == ERR_PTR(-ENOMEM))
		region = adeos_region_create(size, 0, U64_MAX);
	return region;
}

/**
 * adeos_commons_create - root: make the commons
 * @size: bytes, a multiple of 2 MiB, larger than VNODE_POOL
 *
 * Return: 0, -EINVAL, -ENOMEM, -EINTR.
 */
int adeos_commons_create(unsigned long size)
{
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

void adeos_commons_destroy(void)
{
	memunmap(commons.va);
	commons.va = NULL;
	adeos_region_destroy(commons_region);
}

/* ---- a vnode ---- */

static int control_find(u64 *control_pa)
{
	const struct vnode_acpi_vnod *table;
	struct acpi_table_header *header;
	int err = 1;

	if (acpi_disabled || ACPI_FAILURE(acpi_get_table("VNOD", 1, &header)))
		return 0;
	table = (void *)header;
	*control_pa = le64_to_cpu(table->control);
	if (header->length < sizeof(*table) ||
	    le64_to_cpu(table->control_size) < VNODE_CONTROL_SIZE)
		err = -EINVAL;
	acpi_put_table(header);
	if (err < 0)
		pr_err("ACPI table VNOD is malformed\n");
	return err;
}

static int control_read(u64 pa, struct vnode_control *control)
{
	void *va = memremap(pa, VNODE_CONTROL_SIZE, MEMREMAP_WB);

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
	/* pairs with hello_read() in slot.c: the magic comes last */
	smp_store_release(&hello->magic, cpu_to_le32(VNODE_STATION_MAGIC));
}

/*
 * The control page and the hello are the same in every protocol, so that root can
 * be told of another one.
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

static void clear(struct vnode_station *station, size_t from, size_t to)
{
	memset((void *)station + from, 0, to - from);
}

/**
 * adeos_station_clear - clear what an attachment has left
 * @station: of a kernel that does not use it
 *
 * All but what is said of a whole boot (who it is, its end, its log), and the
 * counters of raised portals: those go on, since the owners of the portals remember
 * them (see portal.c).
 */
void adeos_station_clear(struct vnode_station *station)
{
	clear(station, offsetof(struct vnode_station, tail), offsetof(struct vnode_station, end));
	clear(station, offsetof(struct vnode_station, probe), offsetof(struct vnode_station, log));
	clear(station, offsetof(struct vnode_station, beat),
	      offsetof(struct vnode_station, raised));
	clear(station, offsetof(struct vnode_station, bell), sizeof(*station));
}

/**
 * adeos_attach - find the commons
 *
 * Return: 1 in a vnode; 0 in root, where there is no ACPI table VNOD; -EPROTO
 * (root speaks another protocol; it has been told), -EINVAL, -ENOMEM.
 */
int adeos_attach(void)
{
	struct vnode_control control;
	u64 control_pa;
	int err;

	err = control_find(&control_pa);
	if (err <= 0)
		return err;
	err = control_read(control_pa, &control);
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
	attachments = le32_to_cpu(READ_ONCE(adeos_own()->hello.attach)) + 1;
	WRITE_ONCE(adeos_own()->hello.magic, 0);
	adeos_station_clear(adeos_own());
	return 1;
}

void adeos_detach(void)
{
	memunmap(commons.va);
	commons.va = NULL;
}

/* A vnode: everything is ready, root may admit us. */
void adeos_hello(void)
{
	hello_write(&adeos_own()->hello, commons.boot);
	adeos_fault(FAULT_HELLO_WRITTEN);
	adeos_knock(BIT(0));
	adeos_fault(FAULT_HELLO_SAID);
}

void adeos_goodbye(void)
{
	WRITE_ONCE(adeos_own()->hello.magic, 0);
	adeos_fault(FAULT_GOODBYE_BEGUN);
	adeos_knock(BIT(0));
	adeos_fault(FAULT_GOODBYE_SAID);
}

u32 adeos_attachments(void)
{
	return attachments;
}
