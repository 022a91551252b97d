/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan of a start: the placement of everything, and the tables for the vnode's kernel. */
#ifndef KEXEC_VNODE_PLAN_H
#define KEXEC_VNODE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <asm/bootparam.h>

#include "vnode.h"

struct vnode_config;
struct vnode_image;
struct vnode_piece;

/* acpi.c: the tables that describe a vnode to its kernel */
struct vnode_acpi_config {
	unsigned int id;
	uint32_t bsp_apicid;		/* of the machine; listed, but not enabled */
	const uint32_t *apicid;		/* boot CPU first */
	unsigned int nr_apicids;
	uint64_t base_pa;		/* where the tables will be */
	uint32_t ioapic_pa;		/* memory in place of an IO-APIC */
	uint64_t control_pa;
};

/*
 * Writes all tables, one after the other, from @base_pa on: RSDP, XSDT, FADT,
 * DSDT, MADT, VNOD. Returns the bytes used (the RSDP is at the start), or
 * -ENOSPC. With buf NULL: the bytes needed.
 */
int vnode_acpi_build(const struct vnode_acpi_config *config, void *buf, size_t size,
		     struct vnode_err *err);
/* Fills the registers at ioapic_pa, VNODE_ACPI_IOAPIC_SIZE bytes. */
#define VNODE_ACPI_IOAPIC_SIZE	0x50
void vnode_acpi_ioapic(void *registers);

/* bootparams.c */
struct vnode_e820 {
	uint64_t start, size;
	uint32_t type;			/* 1 RAM, 2 reserved, 3 ACPI */
};

struct vnode_bootparams_config {
	const struct setup_header *header; /* of a bzImage, or NULL */
	const struct vnode_e820 *e820;
	unsigned int nr_e820;
	uint64_t kernel_pa;
	uint64_t cmdline_pa;
	uint32_t cmdline_size;
	uint64_t initrd_pa, initrd_size;
	uint64_t rsdp_pa;
	uint64_t setup_data_pa;		/* a list of struct setup_data, or 0 */
	bool kaslr;			/* the kernel was moved: let it randomise the rest */
};

int vnode_bootparams_build(const struct vnode_bootparams_config *config,
			   struct boot_params *params, struct vnode_err *err);

/*
 * pgtable.c: the identity page tables of the 64-bit entry: the first 2 MiB and
 * [base, base + size), in 2 MiB pages. The top level is separate: it must be below
 * 4 GiB.
 */
size_t vnode_pgtable_size(uint64_t base, uint64_t size);
/* @tables_pa: where @tables will be; vnode_pgtable_size() bytes */
void vnode_pgtable_build(uint64_t base, uint64_t size, void *pml4, void *tables,
			 uint64_t tables_pa);

struct vnode_machine {			/* of root, known before a grant */
	uint32_t bsp_apicid;
	uint32_t tsc_khz;
	bool tsc_reliable;
};

/*
 * cmdline.c: the words that every vnode needs, those of its piece, and @append (may be
 * NULL). @rsdp_pa: 0: the image finds it in boot_params. -EINVAL: too long.
 */
int vnode_cmdline_build(const struct vnode_machine *machine, const struct vnode_piece *piece,
			uint64_t rsdp_pa, const char *append,
			char cmdline[VNODE_CMDLINE_MAX + 1], struct vnode_err *err);
/* -EINVAL: a kernel cannot run as a vnode with one of the words of @append */
int vnode_cmdline_check(const char *append, struct vnode_err *err);
/* Words of @append in place of some that keep a vnode apart, "panic=10, pci=conf1"; its length */
size_t vnode_cmdline_overridden(const char *append, char *text, size_t size);
bool vnode_cmdline_has(const char *cmdline, const char *word);
/* The command line, and a line for each of these words with the reason for it */
void vnode_cmdline_print(const char *cmdline, FILE *out);

/*
 * plan.c: the placement. kexec's own add_segment() and locate_hole() make the list of
 * segments in the memory that was granted.
 */
struct kexec_segment;

struct vnode_lent {			/* the result of a grant */
	uint64_t mem_base, mem_size;
	uint32_t low_base, low_size, low_page;
	uint32_t apicid[VNODE_CPUS_MAX];
};

struct vnode_plan {
	char cmdline[VNODE_CMDLINE_MAX + 1];
	struct vnode_e820 e820[8];
	unsigned int nr_e820;
	int entry_mode;			/* 32 or 64 */
	uint64_t entry, boot_params, cr3, control, kernel, initrd, initrd_size;
	uint64_t seed;			/* random bytes, which root's kernel writes */
	uint64_t virt_delta;		/* KASLR has moved the kernel up by this */
	const char *kaslr;		/* for people: what is randomised */
	bool fixed;			/* the kernel runs where its segment is */
	struct kexec_segment *segment;
	int nr_segments;
	uint64_t bytes;			/* of all segments, in memory */
	void *tables;			/* the ACPI tables */
	int tables_size;
};

/* What the kernel unpacks into its initramfs, in this order. Either may be empty. */
struct vnode_initrd {
	const struct vnode_piece *piece;	/* never NULL */
	void *data;
	size_t size;
};

/* Checks before anything is granted: -EINVAL, -EFBIG. */
int vnode_plan_check(const struct vnode_config *config, const struct vnode_image *image,
		     const struct vnode_initrd *initrd, struct vnode_err *err);
int vnode_plan_make(struct vnode_plan *plan, const struct vnode_config *config,
		    struct vnode_image *image, const struct vnode_initrd *initrd,
		    const struct vnode_machine *machine, const struct vnode_lent *lent,
		    struct vnode_err *err);
void vnode_plan_print(const struct vnode_plan *plan, const struct vnode_config *config,
		      const struct vnode_image *image, const struct vnode_lent *lent, FILE *out);

#endif /* KEXEC_VNODE_PLAN_H */
