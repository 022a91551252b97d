/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at vnodes from another vnode: the bridge that the looking kernel creates,
 * called VIEW_NAME with its vnode's id, for root alone. It asks for one thing at a time;
 * root, which says at each request what it may see, does it and answers.
 *
 * A request is there once its number is, and is another one than that of the last
 * answer. Who gives up a request writes the next one over it: what is answered is the
 * one that root has found whole. Both sides ring after writing.
 *
 * What crosses is that of linux/vnode.h, in its version VNODE_ABI_VERSION.
 */
#ifndef _VNODE_VIEW_H
#define _VNODE_VIEW_H

#include <linux/vnode.h>
#include <vnode/commons.h>

#define VIEW_NAME		"driver/view.%u"
#define VIEW_MAGIC		0x57454956	/* "VIEW" */
#define VIEW_VERSION		1

#define VIEW_DATA_SIZE		0x10000

/* To root: the bridge is there. Its body is empty, the bridge is found by name. */
#define VIEW_MSG_BEGIN		(VNODE_MSG_DRIVERS + 1)

/**
 * enum view_call - what is asked for
 * @VIEW_STATUS: @id, and @arg: VNODE_STATUS_*; data: struct vnode_status, then a __le32 for
 *	each CPU. ENOENT
 * @VIEW_LAST: @id, @len: room; data: text. ENOENT
 * @VIEW_FREEZE: @id, for the descriptor @file; as VNODE_IOC_FREEZE
 * @VIEW_THAW: @id, for the descriptor @file; as VNODE_IOC_THAW
 * @VIEW_REGS: @id, @arg: the CPU; data: struct vnode_regs. As VNODE_IOC_REGS
 * @VIEW_MEMORY: @id; data: struct view_memory. ENOENT, EPERM
 * @VIEW_READ: @id, @arg: the grant, @offset and @len in its memory; data: bytes, less at the
 *	end, none behind it. ENXIO (it was returned, or is not shown any more), EPERM
 */
enum view_call {
	VIEW_STATUS = 1,
	VIEW_LAST = 2,
	VIEW_FREEZE = 3,
	VIEW_THAW = 4,
	VIEW_REGS = 5,
	VIEW_MEMORY = 6,
	VIEW_READ = 7,
	VIEW_NR_CALLS
};

/**
 * struct view_memory - a vnode's memory
 * @size: bytes
 * @grant: to read it; another number each time that a vnode is granted
 * @reserved: zero
 */
struct view_memory {
	__le64 size;
	__le32 grant;
	__le32 reserved;
};

/**
 * struct view_request - what is asked for
 * @number: never 0; 0 while the rest is written, another one with each request
 * @call: enum view_call
 * @id: of the vnode that is looked at
 * @arg: as @call says
 * @file: a number of the descriptor that asks
 * @len: bytes
 * @offset: bytes
 */
struct view_request {
	__le32 number;
	__le32 call;
	__le32 id;
	__le32 arg;
	__le32 file;
	__le32 len;
	__le64 offset;
};

/**
 * struct view_answer - what root says
 * @number: of the request, written last
 * @error: 0 or a positive errno
 * @len: bytes of data
 * @reserved: zero
 * @boottime: root's CLOCK_BOOTTIME, ns; the clock of a struct vnode_status
 */
struct view_answer {
	__le32 number;
	__le32 error;
	__le32 len;
	__le32 reserved;
	__le64 boottime;
};

/**
 * struct view_bridge - the content of the bridge
 * @magic: VIEW_MAGIC, written last
 * @version: VIEW_VERSION
 * @abi: VNODE_ABI_VERSION
 * @request: written by who looks
 * @events: written by root, as all that follows: changes with each change of something
 *	that is shown here; 0 while nobody answers
 * @answer: to the last request
 * @data: of the answer
 */
struct view_bridge {
	__le32 magic;
	__le32 version;
	__le32 abi;
	__le32 reserved;
	struct view_request request;
	__u8 pad0[0x1000 - 48];
	__le32 events;
	__le32 reserved1;
	struct view_answer answer;
	__u8 pad1[0x1000 - 32];
	__u8 data[VIEW_DATA_SIZE];
};

static_assert(sizeof(struct view_bridge) == 0x12000, "view bridge");
static_assert(__builtin_offsetof(struct view_bridge, request) == 0x10, "view request");
static_assert(__builtin_offsetof(struct view_bridge, events) == 0x1000, "view events");
static_assert(__builtin_offsetof(struct view_bridge, data) == 0x2000, "view data");
static_assert(sizeof(struct vnode_status) == 456, "what STATUS answers");
static_assert(sizeof(struct vnode_regs) == 232, "what REGS answers");

#endif /* _VNODE_VIEW_H */
