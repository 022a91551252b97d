/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A console between two kernels: the bridge that the console's kernel creates, called
 * VCONSOLE_NAME with its vnode's id, for the kernel that may look at it. Of two rings,
 * one for each direction, the positions only ever grow; a ring holds what is between.
 *
 * Each word has one writer; who reads the other's copies once and checks. Whoever may
 * be waiting for the other is told by the bridge's bell:
 *
 *	after printing, if what was printed before had all been seen;
 *	after seeing or taking, if the other may have found the ring full;
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

/* To who may look: there is a console. Its body is empty, the bridge is found by name. */
#define VCONSOLE_MSG_BEGIN	(VNODE_MSG_DRIVERS + 0)

/**
 * struct vconsole_bridge - the content of the bridge
 * @magic: VCONSOLE_MAGIC, written last
 * @version: VCONSOLE_VERSION
 * @printed: position in @out up to which there is output
 * @taken: position in @in up to which input has been taken
 * @dropped: bytes of output that nobody has seen in time
 * @seen: written by who looks: position in @out up to which output has been seen
 * @typed: written by who looks: position in @in up to which there is input
 * @size: written by who looks: rows << 16 | columns of its window, 0 if it has none
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
