/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is where in the memory that root and a vnode share. The only interface
 * between kernels: fixed-size little-endian fields, no pointers. Builds in user
 * space too.
 *
 * A vnode finds its control pages through an ACPI table (struct
 * acpi_table_vnod). The first control page is written by root before the
 * vnode starts and only read afterwards; the second one is written by the vnode
 * alone. Every word has one writer; a reader takes any content.
 */
#ifndef _VNODE_LAYOUT_H
#define _VNODE_LAYOUT_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <linux/types.h>
#endif

#define VNODE_PROTOCOL_MAJOR	1
#define VNODE_PROTOCOL_MINOR	0

#define VNODE_CONTROL_MAGIC	0x444f4e56	/* "VNOD" */
#define VNODE_HELLO_MAGIC	0x4f4c4548	/* "HELO" */

#define VNODE_PAGE		4096
/* control pages: one of root's, one of the vnode's */
#define VNODE_CONTROL_SIZE	(2 * VNODE_PAGE)

/*
 * The low page: what must be below 4 GiB though the vnode's range may be above,
 * and what the vnode must not use as RAM. It is the top-level page table that the
 * vnode is entered with; and, in the half of it that no identity mapping reaches,
 * the registers that stand for an IO-APIC.
 */
#define VNODE_LOW_IOAPIC	0xf00

/**
 * struct acpi_table_vnod - ACPI table "VNOD", revision 1
 * @header: the 36 bytes that begin every ACPI table
 * @control: physical address of the control pages
 * @control_size: VNODE_CONTROL_SIZE
 * @id: the vnode's id
 */
struct vnode_acpi_vnod {
	__u8 header[36];
	__u32 id;
	__le64 control;
	__le64 control_size;
} __attribute__((packed));

/**
 * struct vnode_control - root's control page, read-only for the vnode
 * @magic: VNODE_CONTROL_MAGIC
 * @major: protocol version; another major version is refused
 * @minor: protocol version
 * @size: sizeof(struct vnode_control)
 * @id: the vnode's id
 * @name: the vnode's name, NUL-terminated
 */
struct vnode_control {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 size;
	__le32 id;
	char name[32];
};

/**
 * struct vnode_hello - the vnode's control page, read-only for root
 * @magic: VNODE_HELLO_MAGIC, written last
 * @major: protocol version of the vnode's nanokernel
 * @minor: protocol version of the vnode's nanokernel
 * @size: sizeof(struct vnode_hello)
 * @nr_cpus: CPUs online when it was written
 * @tsc: TSC when it was written
 * @release: the vnode's kernel release, NUL-terminated
 */
struct vnode_hello {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 size;
	__le32 nr_cpus;
	__le64 tsc;
	char release[64];
};

static_assert(sizeof(struct vnode_acpi_vnod) == 56, "ACPI table VNOD");
static_assert(sizeof(struct vnode_control) == 48, "root's control page");
static_assert(sizeof(struct vnode_hello) == 88, "the vnode's control page");

#endif /* _VNODE_LAYOUT_H */
