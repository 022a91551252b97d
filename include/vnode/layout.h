/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a vnode finds what it shares with root: the ACPI table VNOD (struct
 * vnode_acpi_vnod) has the address of the control page, and that page has the address
 * of the commons (vnode/commons.h). All fields are little-endian and of fixed size;
 * there are no pointers. Builds in user space too.
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

/* A test build overrides the major version. */
#ifndef VNODE_PROTOCOL_MAJOR
#define VNODE_PROTOCOL_MAJOR	2
#endif
#define VNODE_PROTOCOL_MINOR	2

#define VNODE_CONTROL_MAGIC	0x444f4e56	/* "VNOD" */

#define VNODE_PAGE		4096
#define VNODE_CONTROL_SIZE	VNODE_PAGE

/*
 * The low page is below 4 GiB even if the vnode's range is above, and is not RAM for
 * the vnode. It holds the top-level page table that the boot CPU enters with; the upper
 * half of that table is unused, and the words that imitate an IO-APIC's registers are
 * at this offset in it.
 */
#define VNODE_LOW_IOAPIC	0xf00

/**
 * struct vnode_acpi_vnod - ACPI table "VNOD", revision 1
 * @header: the 36 bytes that begin every ACPI table
 * @control: physical address of the control page
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
 * struct vnode_control - the control page, which root's kernel writes at each start
 * and the vnode only reads
 * @magic: VNODE_CONTROL_MAGIC
 * @major: protocol version; a nanokernel of another major version does not attach
 * @minor: protocol version
 * @size: sizeof(struct vnode_control)
 * @id: the vnode's id
 * @slot: its place in the commons
 * @boot: unique to each start of any vnode
 * @commons: physical address of the commons (vnode/commons.h)
 * @commons_size: bytes
 * @station_size: VNODE_STATION_SIZE
 * @reserved: zero
 * @name: the vnode's name, NUL-terminated
 */
struct vnode_control {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 size;
	__le32 id;
	__le32 slot;
	__le32 boot;
	__le64 commons;
	__le64 commons_size;
	__le32 station_size;
	__le32 reserved;
	char name[32];
};

static_assert(sizeof(struct vnode_acpi_vnod) == 56, "ACPI table VNOD");
static_assert(sizeof(struct vnode_control) == 80, "control page");

#endif /* _VNODE_LAYOUT_H */
