/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a vnode finds what it shares with root: through an ACPI table (struct
 * vnode_acpi_vnod) its control page, and there the commons (vnode/commons.h). These
 * two headers are the only interface between kernels: fixed-size little-endian
 * fields, no pointers. Builds in user space too.
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

/* A test build speaks another one. */
#ifndef VNODE_PROTOCOL_MAJOR
#define VNODE_PROTOCOL_MAJOR	2
#endif
#define VNODE_PROTOCOL_MINOR	2

#define VNODE_CONTROL_MAGIC	0x444f4e56	/* "VNOD" */

#define VNODE_PAGE		4096
#define VNODE_CONTROL_SIZE	VNODE_PAGE

/*
 * The low page: what must be below 4 GiB though the vnode's range may be above,
 * and what the vnode must not use as RAM. It is the top-level page table that the
 * vnode is entered with; and, in the half of it that no identity mapping reaches,
 * the registers that stand for an IO-APIC.
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
 * struct vnode_control - the control page, written by root's kernel when it starts
 * the vnode, read-only for the vnode
 * @magic: VNODE_CONTROL_MAGIC
 * @major: protocol version; another major version is refused
 * @minor: protocol version
 * @size: sizeof(struct vnode_control)
 * @id: the vnode's id
 * @slot: its place in the commons
 * @boot: counts the vnode's starts, from 1
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
