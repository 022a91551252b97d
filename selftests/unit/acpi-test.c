// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/plan/acpi.c, read back at the offsets that the ACPI Specification 6.5
 * gives in the sections named here.
 *
 * acpi-test --write DIR writes every table of every configuration as
 * DIR/CONFIG-TABLE.dat for iasl. iasl -d always exits with 0: its messages on stderr
 * and in the .dsl count. It does not know VNOD, and checks only the header and the sum
 * of that table. In DIR, these commands must print nothing:
 *
 *	for t in *.dat; do iasl -d $t; done >iasl.log 2>&1
 *	grep -iE 'warning|error|incorrect|invalid|unknown' iasl.log *.dsl |
 *		grep -v 'Unknown ACPI table signature \[VNOD\]'
 *
 * and there must be one .dsl for each .dat.
 */
#include <errno.h>
#include <stdlib.h>

#include "ktap.h"
#include "plan/plan.h"

#define BASE_PA		0x123400000ULL
#define IOAPIC_PA	0x00091000
#define CONTROL_PA	0x123456000ULL

#define ENABLED		1
#define ONLINE_CAPABLE	2

static uint8_t tables[64 << 10];
static uint32_t many[VNODE_CPUS_MAX + 1];
static struct vnode_err err;

static const uint32_t one[] = { 4 };
static const uint32_t three[] = { 6, 2, 4 };
static const uint32_t wide[] = { 254, 255, 256, 0x12345678 };
static const uint32_t with_bsp[] = { 2, 0, 3 };

static const struct config {
	const char *name;
	uint32_t bsp;
	const uint32_t *apicid;
	unsigned int nr;
} configs[] = {
	{ "one", 0, one, 1 },
	{ "three", 0, three, 3 },
	{ "wide", 0, wide, 4 },
	{ "widebsp", 1000, wide, 4 },
	{ "withbsp", 0, with_bsp, 3 },
	{ "many", 0, many, VNODE_CPUS_MAX },
};

static struct vnode_acpi_config config_get(const struct config *c)
{
	unsigned int i;

	for (i = 0; i < KTAP_NR(many); i++)
		many[i] = 2 * i + 2;
	return (struct vnode_acpi_config) {
		.id = 7,
		.bsp_apicid = c->bsp,
		.apicid = c->apicid,
		.nr_apicids = c->nr,
		.base_pa = BASE_PA,
		.ioapic_pa = IOAPIC_PA,
		.control_pa = CONTROL_PA,
	};
}

static int build(const struct config *c)
{
	struct vnode_acpi_config config = config_get(c);

	memset(tables, 0xa5, sizeof(tables));
	return vnode_acpi_build(&config, tables, sizeof(tables), &err);
}

static uint64_t get(const uint8_t *table, size_t offset, size_t length)
{
	uint64_t value = 0;

	while (length--)
		value = value << 8 | table[offset + length];
	return value;
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
	uint8_t total = 0;

	while (length--)
		total += *bytes++;
	return total;
}

/* 5.2.6: a table's length is at offset 4 */
static uint32_t length_of(const uint8_t *table)
{
	return get(table, 4, 4);
}

static const uint8_t *at_pa(uint64_t pa)
{
	return pa >= BASE_PA && pa < BASE_PA + sizeof(tables) - 36 ? tables + (pa - BASE_PA) : NULL;
}

/* As a kernel would: RSDP, XSDT, and for the DSDT (5.2.9, offset 140) the FADT. */
static const uint8_t *find(const char *signature)
{
	const uint8_t *xsdt = at_pa(get(tables, 24, 8));
	const uint8_t *table;
	size_t offset;

	if (!xsdt || !strcmp(signature, "XSDT"))
		return xsdt;
	if (!strcmp(signature, "DSDT")) {
		table = find("FACP");
		return table ? at_pa(get(table, 140, 8)) : NULL;
	}
	for (offset = 36; offset < length_of(xsdt); offset += 8) {
		table = at_pa(get(xsdt, offset, 8));
		if (table && !memcmp(table, signature, 4))
			return table;
	}
	return NULL;
}

static void rsdp(void)
{
	int size = build(&configs[1]);

	KTAP_REQUIRE(size > 0);
	KTAP_CHECK(!memcmp(tables, "RSD PTR ", 8));		/* 5.2.5.3 */
	KTAP_CHECK_EQ(tables[15], 2);
	KTAP_CHECK_EQ(get(tables, 16, 4), 0);
	KTAP_CHECK_EQ(get(tables, 20, 4), 36);
	KTAP_CHECK_EQ(sum(tables, 20), 0);
	KTAP_CHECK_EQ(sum(tables, 36), 0);
	KTAP_CHECK_EQ(get(tables, 33, 3), 0);
}

static void headers(void)
{
	static const struct {
		const char *signature;
		int revision;
	} want[] = {
		{ "XSDT", 1 }, { "FACP", 6 }, { "DSDT", 2 }, { "APIC", 5 }, { "VNOD", 1 },
	};
	const uint8_t *table;
	size_t i, j;
	int size;

	for (i = 0; i < KTAP_NR(configs); i++) {
		size = build(&configs[i]);
		KTAP_REQUIRE(size > 0);
		for (j = 0; j < KTAP_NR(want); j++) {
			table = find(want[j].signature);
			KTAP_REQUIRE(table);
			KTAP_CHECK(!memcmp(table, want[j].signature, 4));
			KTAP_REQUIRE(table + length_of(table) <= tables + size);
			KTAP_CHECK_EQ(sum(table, length_of(table)), 0);
			KTAP_CHECK_EQ(table[8], want[j].revision);
			KTAP_CHECK(!memcmp(table + 10, "VNODE ", 6));
			KTAP_CHECK_EQ((table - tables) % 16, 0);
		}
		KTAP_CHECK_EQ(length_of(find("XSDT")), 36 + 3 * 8);
		KTAP_CHECK_EQ(length_of(find("DSDT")), 36);
		KTAP_CHECK_EQ(tables[size], 0xa5);
	}
}

static void tables_do_not_overlap(void)
{
	static const char *const order[] = { "XSDT", "FACP", "DSDT", "APIC", "VNOD" };
	const uint8_t *table, *end = tables + 36;
	int size = build(&configs[5]);
	size_t i;

	KTAP_REQUIRE(size > 0);
	for (i = 0; i < KTAP_NR(order); i++) {
		table = find(order[i]);
		KTAP_REQUIRE(table);
		KTAP_CHECK(table >= end && table - end < 16);
		for (; end < table; end++)
			KTAP_CHECK_EQ(*end, 0);
		end = table + length_of(table);
	}
	KTAP_CHECK_EQ(end - tables, size);
}

static void fadt(void)
{
	const uint8_t *table;
	size_t i;

	KTAP_REQUIRE(build(&configs[0]) > 0);
	table = find("FACP");
	KTAP_REQUIRE(table);
	KTAP_CHECK_EQ(length_of(table), 276);			/* 5.2.9 */
	KTAP_CHECK_EQ(table[8], 6);
	KTAP_CHECK(table[131] >= 3);
	KTAP_CHECK(get(table, 112, 4) & 1 << 20);		/* HW_REDUCED_ACPI */
	KTAP_CHECK(get(table, 112, 4) & 1 << 19);		/* physical destinations */
	KTAP_CHECK_EQ(get(table, 112, 4) & 1 << 10, 0);		/* RESET_REG_SUP */
	KTAP_CHECK_EQ(get(table, 112, 4) & ~0x180031U, 0);
	KTAP_CHECK_EQ(get(table, 109, 2), 1 << 2 | 1 << 5);	/* no VGA, no RTC */
	KTAP_CHECK_EQ(get(table, 140, 8), BASE_PA + (find("DSDT") - tables));
	/* no FACS, no DSDT below 4 GiB, no register of any kind */
	for (i = 36; i < 276; i++)
		if (!(i >= 109 && i < 116) && i != 131 && !(i >= 140 && i < 148))
			KTAP_CHECK_EQ(table[i], 0);
}

/* One entry of a MADT: 5.2.12.2 or, from 255 on, 5.2.12.12 */
static const uint8_t *check_cpu(const uint8_t *entry, uint32_t apicid, uint32_t flags)
{
	if (apicid < 255) {
		KTAP_CHECK_EQ(entry[0], 0);
		KTAP_CHECK_EQ(entry[1], 8);
		KTAP_CHECK_EQ(entry[2], apicid);
		KTAP_CHECK_EQ(entry[3], apicid);
		KTAP_CHECK_EQ(get(entry, 4, 4), flags);
		return entry + 8;
	}
	KTAP_CHECK_EQ(entry[0], 9);
	KTAP_CHECK_EQ(entry[1], 16);
	KTAP_CHECK_EQ(get(entry, 2, 2), 0);
	KTAP_CHECK_EQ(get(entry, 4, 4), apicid);
	KTAP_CHECK_EQ(get(entry, 8, 4), flags);
	KTAP_CHECK_EQ(get(entry, 12, 4), apicid);
	return entry + 16;
}

static void madt(void)
{
	const uint8_t *table, *entry;
	const struct config *c;
	bool owned;
	unsigned int i;

	for (c = configs; c < configs + KTAP_NR(configs); c++) {
		KTAP_REQUIRE(build(c) > 0);
		table = find("APIC");
		KTAP_REQUIRE(table);
		KTAP_CHECK_EQ(get(table, 36, 4), 0xfee00000);	/* 5.2.12 */
		KTAP_CHECK_EQ(get(table, 40, 4), 0);		/* no PCAT_COMPAT */

		owned = c->apicid == with_bsp;
		entry = check_cpu(table + 44, c->bsp, owned ? ENABLED : ONLINE_CAPABLE);
		for (i = 0; i < c->nr; i++)
			if (c->apicid[i] != c->bsp)
				entry = check_cpu(entry, c->apicid[i], ENABLED);

		KTAP_CHECK_EQ(entry[0], 1);			/* 5.2.12.3 */
		KTAP_CHECK_EQ(entry[1], 12);
		KTAP_CHECK_EQ(get(entry, 2, 2), 0);
		KTAP_CHECK_EQ(get(entry, 4, 4), IOAPIC_PA);
		KTAP_CHECK_EQ(get(entry, 8, 4), 0);
		KTAP_CHECK_EQ(entry + 12 - table, length_of(table));
	}
}

/* Spelt out once, byte by byte, so that no loop of the test can hide a mistake. */
static void madt_bytes(void)
{
	static const uint8_t want[] = {
		0, 8, 0, 0, 1, 0, 0, 0,
		0, 8, 2, 2, 1, 0, 0, 0,
		0, 8, 3, 3, 1, 0, 0, 0,
		1, 12, 0, 0, 0x00, 0x10, 0x09, 0, 0, 0, 0, 0,
	};
	const uint8_t *table;

	KTAP_REQUIRE(build(&configs[4]) > 0);
	table = find("APIC");
	KTAP_REQUIRE(table);
	KTAP_CHECK_EQ(length_of(table), 44 + sizeof(want));
	KTAP_CHECK(!memcmp(table + 44, want, sizeof(want)));
}

/* include/vnode/layout.h, with its offsets spelt out */
static void vnod(void)
{
	const uint8_t *table;

	KTAP_REQUIRE(build(&configs[0]) > 0);
	table = find("VNOD");
	KTAP_REQUIRE(table);
	KTAP_CHECK_EQ(length_of(table), 56);
	KTAP_CHECK_EQ(get(table, 36, 4), 7);
	KTAP_CHECK_EQ(get(table, 40, 8), CONTROL_PA);
	KTAP_CHECK_EQ(get(table, 48, 8), 4096);
}

static void sizes(void)
{
	const struct config *c;
	int need;

	for (c = configs; c < configs + KTAP_NR(configs); c++) {
		struct vnode_acpi_config config = config_get(c);

		need = vnode_acpi_build(&config, NULL, 0, &err);
		KTAP_REQUIRE(need > 0);
		KTAP_CHECK_EQ(build(c), need);
		KTAP_CHECK_EQ(vnode_acpi_build(&config, tables, need, &err), need);
		memset(tables, 0xa5, sizeof(tables));
		KTAP_CHECK_EQ(vnode_acpi_build(&config, tables, need - 1, &err), -ENOSPC);
		KTAP_CHECK_EQ(tables[0], 0xa5);
	}
}

#define REFUSED(field, value)							\
	do {									\
		struct vnode_acpi_config bad = config_get(&configs[1]);		\
										\
		bad.field = (value);						\
		memset(&err, 0, sizeof(err));					\
		KTAP_CHECK_EQ(vnode_acpi_build(&bad, NULL, 0, &err), -EINVAL);	\
		KTAP_CHECK(err.text[0]);					\
	} while (0)

static void refusals(void)
{
	static const uint32_t twice[] = { 2, 4, 2 };
	static const uint32_t broadcast[] = { 2, 4, 0xffffffff };

	REFUSED(id, 0);
	REFUSED(id, 256);
	REFUSED(nr_apicids, 0);
	REFUSED(nr_apicids, VNODE_CPUS_MAX + 1);
	REFUSED(bsp_apicid, 0xffffffff);
	REFUSED(apicid, twice);
	REFUSED(apicid, broadcast);
	REFUSED(base_pa, 0);
	REFUSED(base_pa, BASE_PA + 8);
	REFUSED(ioapic_pa, 0);
	REFUSED(ioapic_pa, IOAPIC_PA + 8);
	REFUSED(ioapic_pa, IOAPIC_PA + 0xfc0);
	REFUSED(control_pa, 0);
	REFUSED(control_pa, CONTROL_PA + 8);
}

/*
 * arch/x86/kernel/apic/io_apic.c on a page of memory: select a register, read
 * the window.
 */
static uint32_t ioapic_read(uint32_t *page, uint32_t reg)
{
	page[0] = reg;
	return page[4];
}

static void ioapic(void)
{
	static uint32_t page[VNODE_ACPI_IOAPIC_SIZE / 4 + 1];
	size_t i;

	memset(page, 0xff, sizeof(page));
	vnode_acpi_ioapic(page);
	for (i = 0; i < VNODE_ACPI_IOAPIC_SIZE / 4; i++)
		KTAP_CHECK_EQ(page[i], i == 4 ? 0x20 : 0);
	KTAP_CHECK_EQ(page[VNODE_ACPI_IOAPIC_SIZE / 4], 0xffffffff);

	KTAP_CHECK_EQ(ioapic_read(page, 0) >> 24 & 0xf, 0);	/* id */
	KTAP_CHECK_EQ(ioapic_read(page, 1) & 0xff, 0x20);	/* version */
	KTAP_CHECK_EQ(ioapic_read(page, 1) >> 16 & 0xff, 0);	/* last pin */
}

static int write_table(const char *dir, const char *config, const char *signature)
{
	const uint8_t *table = find(signature);
	char path[4096];
	FILE *file;
	int ret;

	if (!table) {
		fprintf(stderr, "%s: no table %s\n", config, signature);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/%s-%s.dat", dir, config, signature);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		return 1;
	}
	ret = fwrite(table, length_of(table), 1, file) != 1;
	if (fclose(file))
		ret = 1;
	if (ret)
		fprintf(stderr, "%s: cannot be written\n", path);
	return ret;
}

static int write_tables(const char *dir)
{
	static const char *const all[] = { "XSDT", "FACP", "DSDT", "APIC", "VNOD" };
	size_t i, j;

	for (i = 0; i < KTAP_NR(configs); i++) {
		if (build(&configs[i]) < 0) {
			fprintf(stderr, "%s: %s\n", configs[i].name, err.text);
			return 1;
		}
		for (j = 0; j < KTAP_NR(all); j++)
			if (write_table(dir, configs[i].name, all[j]))
				return 1;
	}
	return 0;
}

static const struct ktap_test tests[] = {
	{ "RSDP", rsdp },
	{ "every table is found and has its sum", headers },
	{ "tables follow each other", tables_do_not_overlap },
	{ "FADT", fadt },
	{ "MADT", madt },
	{ "MADT byte by byte", madt_bytes },
	{ "VNOD", vnod },
	{ "sizes are exact", sizes },
	{ "impossible configurations are refused", refusals },
	{ "the IO-APIC page", ioapic },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_tables(argv[2]);
	if (argc != 1) {
		fprintf(stderr, "usage: %s [--write DIR]\n", argv[0]);
		return 2;
	}
	return ktap_run(tests, KTAP_NR(tests));
}
