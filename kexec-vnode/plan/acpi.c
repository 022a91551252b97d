// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI tables that describe a vnode to its kernel, and nothing else of the machine:
 * the CPUs, one place-holder for an IO-APIC, and the address of the control page.
 * Section numbers are those of the ACPI Specification 6.5.
 */
#include <errno.h>
#include <string.h>

#include <linux/vnode.h>
#include <vnode/layout.h>

#include "plan.h"

#define ACPI_ALIGN		16	/* the RSDP's, 5.2.5.1; kept for all */
#define LOCAL_APIC_PA		0xfee00000U /* SDM volume 3, 11.4.1 */
#define APICID_X2APIC_MIN	255	/* 5.2.12.12: below, a local APIC entry */
#define APICID_BROADCAST	0xffffffffU /* SDM volume 3, 11.12.9 */

/* 5.2.9: fixed feature flags */
#define FADT_WBINVD		(1U << 0)
#define FADT_NO_POWER_BUTTON	(1U << 4)
#define FADT_NO_SLEEP_BUTTON	(1U << 5)
#define FADT_APIC_PHYSICAL	(1U << 19)
#define FADT_HW_REDUCED		(1U << 20)

/*
 * 5.2.9.3: IA-PC boot architecture flags. Bits 0 (legacy devices)
 * and 1 (8042) stay clear: there are none.
 */
#define FADT_BOOT_NO_VGA	(1U << 2)
#define FADT_BOOT_NO_CMOS_RTC	(1U << 5)

/* 5.2.12: MADT entry types; 5.2.12.2: local APIC flags */
#define MADT_LOCAL_APIC		0
#define MADT_IO_APIC		1
#define MADT_LOCAL_X2APIC	9
#define MADT_ENABLED		(1U << 0)
#define MADT_ONLINE_CAPABLE	(1U << 1)

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;		/* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;	/* of all */
	uint8_t reserved[3];
} __attribute__((packed));

struct acpi_xsdt {
	struct acpi_header header;
	uint64_t fadt;
	uint64_t madt;
	uint64_t vnod;
} __attribute__((packed));

/* Only fields that are not zero have a name: the others describe hardware a vnode lacks. */
struct acpi_fadt {
	struct acpi_header header;
	uint8_t legacy[73];
	uint16_t boot_flags;
	uint8_t reserved;
	uint32_t flags;
	uint8_t reset[15];
	uint8_t minor_revision;
	uint64_t x_facs;
	uint64_t x_dsdt;
	uint8_t blocks[120];
	uint64_t hypervisor_id;
} __attribute__((packed));

struct acpi_madt {
	struct acpi_header header;
	uint32_t local_apic_pa;
	uint32_t flags;
} __attribute__((packed));

struct acpi_madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t uid;
	uint8_t apicid;
	uint32_t flags;
} __attribute__((packed));

struct acpi_madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t ioapic_pa;
	uint32_t gsi_base;
} __attribute__((packed));

struct acpi_madt_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t apicid;
	uint32_t flags;
	uint32_t uid;
} __attribute__((packed));

static_assert(sizeof(struct acpi_header) == 36, "5.2.6");
static_assert(sizeof(struct acpi_rsdp) == 36, "5.2.5.3");
static_assert(offsetof(struct acpi_rsdp, xsdt) == 24, "5.2.5.3");
static_assert(sizeof(struct acpi_xsdt) == 36 + 3 * 8, "5.2.8");
static_assert(offsetof(struct acpi_fadt, boot_flags) == 109, "5.2.9");
static_assert(offsetof(struct acpi_fadt, flags) == 112, "5.2.9");
static_assert(offsetof(struct acpi_fadt, minor_revision) == 131, "5.2.9");
static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "5.2.9");
static_assert(sizeof(struct acpi_fadt) == 276, "5.2.9");
static_assert(sizeof(struct acpi_madt) == 44, "5.2.12");
static_assert(sizeof(struct acpi_madt_lapic) == 8, "5.2.12.2");
static_assert(sizeof(struct acpi_madt_ioapic) == 12, "5.2.12.3");
static_assert(sizeof(struct acpi_madt_x2apic) == 16, "5.2.12.12");
static_assert(sizeof(((struct vnode_acpi_vnod *)0)->header) ==
	      sizeof(struct acpi_header), "VNOD begins like every table");

/* The offset of each table from base_pa; the RSDP is at 0. */
struct acpi_layout {
	size_t xsdt, fadt, dsdt, madt, vnod, size;
	size_t madt_length;
};

/* The bytes of a table add up to 0 (5.2.6): returns the missing summand. */
static uint8_t acpi_checksum(const void *table, size_t length)
{
	const uint8_t *byte = table;
	uint8_t sum = 0;

	while (length--)
		sum += *byte++;
	return -sum;
}

static void header_init(struct acpi_header *header, const char *signature,
			uint8_t revision, uint32_t length)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = length;
	header->revision = revision;
	memcpy(header->oem_id, "VNODE ", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "KEXECVND", sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, "VNOD", sizeof(header->creator_id));
	header->creator_revision = 1;
}

static void header_seal(struct acpi_header *header)
{
	header->checksum = acpi_checksum(header, header->length);
}

static bool owns_bsp(const struct vnode_acpi_config *config)
{
	unsigned int i;

	for (i = 0; i < config->nr_apicids; i++)
		if (config->apicid[i] == config->bsp_apicid)
			return true;
	return false;
}

static size_t cpu_length(uint32_t apicid)
{
	return apicid < APICID_X2APIC_MIN ? sizeof(struct acpi_madt_lapic) :
					    sizeof(struct acpi_madt_x2apic);
}

static void layout_init(struct acpi_layout *at, const struct vnode_acpi_config *config)
{
	size_t length = sizeof(struct acpi_madt) + sizeof(struct acpi_madt_ioapic) +
			cpu_length(config->bsp_apicid);
	unsigned int i;

	for (i = 0; i < config->nr_apicids; i++)
		if (config->apicid[i] != config->bsp_apicid)
			length += cpu_length(config->apicid[i]);

	at->madt_length = length;
	at->xsdt = vnode_align_up(sizeof(struct acpi_rsdp), ACPI_ALIGN);
	at->fadt = vnode_align_up(at->xsdt + sizeof(struct acpi_xsdt), ACPI_ALIGN);
	at->dsdt = vnode_align_up(at->fadt + sizeof(struct acpi_fadt), ACPI_ALIGN);
	at->madt = vnode_align_up(at->dsdt + sizeof(struct acpi_header), ACPI_ALIGN);
	at->vnod = vnode_align_up(at->madt + at->madt_length, ACPI_ALIGN);
	at->size = at->vnod + sizeof(struct vnode_acpi_vnod);
}

/* 5.2.5.3. Revision 2: the XSDT is used, there is no RSDT. */
static void build_rsdp(struct acpi_rsdp *rsdp, uint64_t xsdt_pa)
{
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "VNODE ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt_pa;
	rsdp->checksum = acpi_checksum(rsdp, offsetof(struct acpi_rsdp, length));
	rsdp->extended_checksum = acpi_checksum(rsdp, sizeof(*rsdp));
}

/* 5.2.8. The DSDT is not listed, the FADT points to it. */
static void build_xsdt(struct acpi_xsdt *xsdt, const struct acpi_layout *at,
		       uint64_t base_pa)
{
	header_init(&xsdt->header, "XSDT", 1, sizeof(*xsdt));
	xsdt->fadt = base_pa + at->fadt;
	xsdt->madt = base_pa + at->madt;
	xsdt->vnod = base_pa + at->vnod;
	header_seal(&xsdt->header);
}

/*
 * 5.2.9. With a revision below 6.3 the kernel ignores the online-capable flag of the
 * MADT (acpi_parse_madt in arch/x86/kernel/acpi/boot.c). No reset register: an ACPI reset
 * would reset the machine.
 *
 * FORCE_APIC_PHYSICAL_DESTINATION_MODE: a kernel with at most eight CPUs may choose flat
 * logical destinations instead (6.1 does). It gives CPU n the logical id 1 << n. All
 * kernels of the machine do the same, so each of its IPIs would also reach CPUs of others.
 */
static void build_fadt(struct acpi_fadt *fadt, uint64_t dsdt_pa)
{
	header_init(&fadt->header, "FACP", 6, sizeof(*fadt));
	fadt->minor_revision = 3;
	fadt->boot_flags = FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS_RTC;
	fadt->flags = FADT_HW_REDUCED | FADT_APIC_PHYSICAL | FADT_WBINVD |
		      FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON;
	fadt->x_dsdt = dsdt_pa;
	header_seal(&fadt->header);
}

/* 5.2.11.1. No device, no method. Revision 2: integers have 64 bits. */
static void build_dsdt(struct acpi_header *dsdt)
{
	header_init(dsdt, "DSDT", 2, sizeof(*dsdt));
	header_seal(dsdt);
}

/*
 * 5.2.12.2 and 5.2.12.12. The processor UID refers to a device in the DSDT, which has
 * none: any unique number will do.
 */
static void *add_cpu(void *entry, uint32_t apicid, uint32_t flags)
{
	if (apicid < APICID_X2APIC_MIN) {
		*(struct acpi_madt_lapic *)entry = (struct acpi_madt_lapic) {
			.type = MADT_LOCAL_APIC,
			.length = sizeof(struct acpi_madt_lapic),
			.uid = apicid,
			.apicid = apicid,
			.flags = flags,
		};
	} else {
		*(struct acpi_madt_x2apic *)entry = (struct acpi_madt_x2apic) {
			.type = MADT_LOCAL_X2APIC,
			.length = sizeof(struct acpi_madt_x2apic),
			.apicid = apicid,
			.flags = flags,
			.uid = apicid,
		};
	}
	return (char *)entry + cpu_length(apicid);
}

/*
 * 5.2.12. Revision 5 has the online-capable flag. No PCAT_COMPAT: no 8259.
 *
 * The machine's bootstrap processor comes first: if the boot CPU were first, without the
 * BSP bit in IA32_APIC_BASE, a kernel from 6.9 on would stay on one CPU
 * (check_for_real_bsp in arch/x86/kernel/cpu/topology.c). The BSP is not enabled: older
 * kernels would send it an INIT, which resets the machine or takes CPU 0 from root.
 */
static void build_madt(struct acpi_madt *madt, const struct acpi_layout *at,
		       const struct vnode_acpi_config *config)
{
	void *entry = madt + 1;
	unsigned int i;

	header_init(&madt->header, "APIC", 5, at->madt_length);
	madt->local_apic_pa = LOCAL_APIC_PA;

	entry = add_cpu(entry, config->bsp_apicid,
			owns_bsp(config) ? MADT_ENABLED : MADT_ONLINE_CAPABLE);
	for (i = 0; i < config->nr_apicids; i++)
		if (config->apicid[i] != config->bsp_apicid)
			entry = add_cpu(entry, config->apicid[i], MADT_ENABLED);

	*(struct acpi_madt_ioapic *)entry = (struct acpi_madt_ioapic) {
		.type = MADT_IO_APIC,
		.length = sizeof(struct acpi_madt_ioapic),
		.ioapic_pa = config->ioapic_pa,
	};
	header_seal(&madt->header);
}

static void build_vnod(struct vnode_acpi_vnod *vnod, const struct vnode_acpi_config *config)
{
	struct acpi_header *header = (struct acpi_header *)vnod->header;

	header_init(header, "VNOD", 1, sizeof(*vnod));
	vnod->id = config->id;
	vnod->control = config->control_pa;
	vnod->control_size = VNODE_CONTROL_SIZE;
	header_seal(header);
}

static int check_cpus(const struct vnode_acpi_config *config, struct vnode_err *err)
{
	unsigned int i, j;

	if (!config->nr_apicids || config->nr_apicids > VNODE_CPUS_MAX)
		return vnode_err(err, EINVAL, "ACPI tables for %u CPUs: a vnode has 1 to %d",
				 config->nr_apicids, VNODE_CPUS_MAX);
	if (config->bsp_apicid == APICID_BROADCAST)
		return vnode_err(err, EINVAL,
				 "the machine's BSP has APIC id 0x%x, which is no CPU's",
				 APICID_BROADCAST);
	for (i = 0; i < config->nr_apicids; i++) {
		if (config->apicid[i] == APICID_BROADCAST)
			return vnode_err(err, EINVAL,
					 "CPU %u of the vnode has APIC id 0x%x, which is no CPU's",
					 i, APICID_BROADCAST);
		for (j = 0; j < i; j++)
			if (config->apicid[i] == config->apicid[j])
				return vnode_err(err, EINVAL,
						 "CPUs %u and %u of the vnode have the same APIC id %u",
						 j, i, config->apicid[i]);
	}
	return 0;
}

static int check_addresses(const struct vnode_acpi_config *config, struct vnode_err *err)
{
	if (config->id < 1 || config->id > VNODE_ID_MAX)
		return vnode_err(err, EINVAL, "ACPI tables for vnode %u: ids are 1 to %d",
				 config->id, VNODE_ID_MAX);
	if (!config->base_pa || config->base_pa % ACPI_ALIGN)
		return vnode_err(err, EINVAL,
				 "ACPI tables at 0x%llx: the address must be a multiple of %d, not 0",
				 (unsigned long long)config->base_pa, ACPI_ALIGN);
	if (!config->ioapic_pa || config->ioapic_pa % 16 ||
	    config->ioapic_pa % VNODE_PAGE > VNODE_PAGE - VNODE_ACPI_IOAPIC_SIZE)
		return vnode_err(err, EINVAL,
				 "IO-APIC at 0x%x: a multiple of 16, all of it in one page, not 0",
				 config->ioapic_pa);
	if (!config->control_pa || config->control_pa % VNODE_PAGE)
		return vnode_err(err, EINVAL,
				 "control page at 0x%llx: the address must be a page's, not 0",
				 (unsigned long long)config->control_pa);
	return 0;
}

/**
 * vnode_acpi_build() - write a vnode's ACPI tables
 * @config: their contents
 * @buf: receives the tables, or NULL to get their size
 * @size: room in @buf, in bytes
 * @err: filled on failure
 *
 * The RSDP (ACPI 6.5, 5.2.5.3) is at the start of @buf; its address goes into
 * boot_params.acpi_rsdp_addr. Every table begins at a multiple of 16 bytes.
 *
 * Return: the bytes used; -EINVAL: @config is not valid; -ENOSPC.
 */
int vnode_acpi_build(const struct vnode_acpi_config *config, void *buf, size_t size,
		     struct vnode_err *err)
{
	struct acpi_layout at;
	char *base = buf;
	int ret;

	ret = check_cpus(config, err);
	if (ret)
		return ret;
	ret = check_addresses(config, err);
	if (ret)
		return ret;

	layout_init(&at, config);
	if (!buf)
		return at.size;
	if (size < at.size)
		return vnode_err(err, ENOSPC,
				 "the ACPI tables need %zu bytes and have room for %zu",
				 at.size, size);

	memset(base, 0, at.size);
	build_rsdp((struct acpi_rsdp *)base, config->base_pa + at.xsdt);
	build_xsdt((struct acpi_xsdt *)(base + at.xsdt), &at, config->base_pa);
	build_fadt((struct acpi_fadt *)(base + at.fadt), config->base_pa + at.dsdt);
	build_dsdt((struct acpi_header *)(base + at.dsdt));
	build_madt((struct acpi_madt *)(base + at.madt), &at, config);
	build_vnod((struct vnode_acpi_vnod *)(base + at.vnod), config);
	return at.size;
}

/**
 * vnode_acpi_ioapic() - fill the memory in place of an IO-APIC
 * @registers: VNODE_ACPI_IOAPIC_SIZE bytes, at ioapic_pa for the vnode
 *
 * An IO-APIC has an index register at offset 0 and a data window at 0x10
 * (Intel 82093AA data sheet, 3.1). Memory ignores the index: the window holds what was
 * written there last. When the kernel registers the IO-APIC (mp_register_ioapic in
 * arch/x86/kernel/apic/io_apic.c) it has written only the index, and reads this word for
 * every register:
 *
 *	0, id		bits 24-27: 0
 *	1, version	bits 0-7: 0x20; bits 16-23, the highest pin's number: 0
 *	2		anything, as long as 0, 1 and 2 are not all ones
 *
 * The kernel finds an IO-APIC of version 0x20 with one pin. It reads back what it writes
 * to the pin: neither delivery mode SMI nor remote IRR is set.
 */
void vnode_acpi_ioapic(void *registers)
{
	memset(registers, 0, VNODE_ACPI_IOAPIC_SIZE);
	((uint32_t *)registers)[0x10 / sizeof(uint32_t)] = 0x20;
}
