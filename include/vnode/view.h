/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at vnodes from another vnode. The viewing kernel creates a bridge, VIEW_NAME
 * with its vnode's id, that only root may open. It writes one request at a time; root
 * checks at each request which vnodes it may see, executes it and writes the answer.
 *
 * A request is valid once its number is nonzero and differs from that of the last
 * answer. The viewing kernel abandons a request by writing the next one over it: root
 * only executes a request that it has copied whole. Both sides ring after writing.
 *
 * Structures of linux/vnode.h cross the bridge in the version VNODE_ABI_VERSION.
 */
#ifndef _VNODE_VIEW_H
#define _VNODE_VIEW_H

#include <linux/vnode.h>
#include <vnode/commons.h>

#define VIEW_NAME		"driver/view.%u"
#define VIEW_MAGIC		0x57454956	/* "VIEW" */
#define VIEW_VERSION		1

#define VIEW_DATA_SIZE		0x10000

/* To root: the bridge exists. The body is empty, root finds the bridge by name. */
#define VIEW_MSG_BEGIN		(VNODE_MSG_DRIVERS + 1)

/**
 * enum view_call - calls of a request
 * @VIEW_STATUS: @id, and @arg: VNODE_STATUS_*; data: struct vnode_status, then a __le32 for
 *	each CPU. ENOENT
 * @VIEW_LAST: @id, @len: size of the caller's buffer; data: text. ENOENT
 * @VIEW_FREEZE: @id, for the descriptor @file; as VNODE_IOC_FREEZE
 * @VIEW_THAW: @id, for the descriptor @file; as VNODE_IOC_THAW
 * @VIEW_REGS: @id, @arg: the CPU; data: struct vnode_regs. As VNODE_IOC_REGS
 * @VIEW_MEMORY: @id; data: struct view_memory. ENOENT, EPERM
 * @VIEW_READ: @id, @arg: the grant, @offset and @len in its memory; data: bytes, fewer at
 *	the end of the memory, none behind it. ENXIO (the memory was returned, or the vnode
 *	is not visible any more), EPERM
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
 * struct view_memory - answer to VIEW_MEMORY
 * @size: bytes
 * @grant: for VIEW_READ; unique to each GRANT
 * @reserved: zero
 */
struct view_memory {
	__le64 size;
	__le32 grant;
	__le32 reserved;
};

/**
 * struct view_request - a request of the viewing kernel
 * @number: unique to each request; 0 while the rest changes
 * @call: enum view_call
 * @id: the vnode that is looked at
 * @arg: depends on @call
 * @file: number of the caller's file descriptor
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
 * struct view_answer - root's answer
 * @number: of the request, written last
 * @error: 0 or a positive errno
 * @len: bytes of data
 * @reserved: zero
 * @boottime: root's CLOCK_BOOTTIME in ns, the clock of struct vnode_status
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
 * @request: written by the viewing kernel, as all above
 * @events: written by root, as all below; incremented when a visible vnode changes; 0
 *	while root does not answer
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
