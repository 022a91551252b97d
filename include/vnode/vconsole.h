/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A console between two kernels: a bridge that the console's kernel creates, VCONSOLE_NAME
 * with the id of its vnode, for the kernel that may look at it, the viewer. It has a ring
 * for each direction. Positions only grow; a ring holds the bytes between its two.
 *
 * Each word has one writer; its reader copies it once and checks. The bridge's bell rings
 *
 *	after printing, if the viewer had seen all that was printed before;
 *	after seeing or taking, if the other side may have found the ring full;
 *	after typing, and after a change of size.
 */
#ifndef _VNODE_VCONSOLE_H
#define _VNODE_VCONSOLE_H

#include <vnode/commons.h>

#define VCONSOLE_NAME		"driver/vconsole.%u"
#define VCONSOLE_MAGIC		0x534e4f43	/* "CONS" */
#define VCONSOLE_VERSION	1

#define VCONSOLE_IN_SIZE	0x1000
#define VCONSOLE_OUT_SIZE	0x10000

/* To the viewer: there is a console. No body; the bridge is found by name. */
#define VCONSOLE_MSG_BEGIN	(VNODE_MSG_DRIVERS + 0)

/**
 * struct vconsole_bridge - the content of the bridge
 * @magic: VCONSOLE_MAGIC, written last
 * @version: VCONSOLE_VERSION
 * @printed: position in @out up to which there is output
 * @taken: position in @in up to which input has been taken
 * @dropped: bytes of output that were not seen in time
 * @seen: written by the viewer: position in @out up to which output has been seen
 * @typed: written by the viewer: position in @in up to which there is input
 * @size: written by the viewer: rows << 16 | columns of its window, 0 if it has none
 * @in: input
 * @out: output
 */
struct vconsole_bridge {
	__le32 magic;
	__le32 version;
	__le32 printed;
	__le32 taken;
	__le64 dropped;
	__u8 pad0[0x800 - 24];
	__le32 seen;
	__le32 typed;
	__le32 size;
	__u8 pad1[0x800 - 12];
	__u8 in[VCONSOLE_IN_SIZE];
	__u8 out[VCONSOLE_OUT_SIZE];
};

static_assert(sizeof(struct vconsole_bridge) == 0x12000, "vconsole bridge");
static_assert(__builtin_offsetof(struct vconsole_bridge, seen) == 0x800, "vconsole seen");
static_assert(__builtin_offsetof(struct vconsole_bridge, out) == 0x2000, "vconsole out");

#endif /* _VNODE_VCONSOLE_H */
