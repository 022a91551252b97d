/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network between kernels: each kernel on it has a bridge, VNIC_NAME with the name of
 * the network and the id of its vnode, that it alone writes and all others read. What
 * frames are made of stays where it is in the sender's memory, and is described in its
 * bridge; who receives copies it from there, through a window (vnode/adeos.h). No word
 * has two writers, so nobody needs a lock.
 *
 * Each queue of a sender has its descriptions of frames, and a ring to each other kernel:
 * @head is its end, entries are numbers of frames. Who receives says in its own bridge,
 * in the place for that sender and queue, how far it has come: @tail. A frame can be
 * used for another when all who were sent it have come past it. Positions only grow. A
 * sender can take back what somebody does not fetch: what is before @base is void, also
 * for who was just copying it.
 *
 * Who waits names the position behind which it wants to be told, @event, and is told
 * by its portal VNIC_PORTAL: of the queue (that of the sender, modulo the receiver's
 * number of queues) when frames come, of the sender's queue when they were fetched.
 *
 * Two kernels are linked when each has found the other's bridge, has cleared its places
 * for it, and has said so in @seen. Changes of @seen and @face are told by the bell of
 * the own bridge.
 */
#ifndef _VNODE_VNIC_H
#define _VNODE_VNIC_H

#include <linux/virtio_net.h>
#include <vnode/commons.h>
#include <vnode/vnic-net.h>

#define VNIC_NAME		"driver/vnic.%s.%u"
#define VNIC_PORTAL		"vnic.%s.%u"
#define VNIC_MAGIC		0x43494e56	/* "VNIC" */
#define VNIC_VERSION		3

#define VNIC_RING		256	/* entries; no less than frames of a queue */
#define VNIC_BEGIN		0xffffff00U	/* the first position: they wrap soon */
#define VNIC_PIECES		62	/* of one frame */
#define VNIC_FRAME_MAX		69632U	/* bytes: 64 KiB, and some headers */

#define VNIC_GSO_UDP		5	/* VIRTIO_NET_HDR_GSO_UDP_L4, which older headers lack */

/* To all: there is one more. Its body is empty, bridges are found by name. */
#define VNIC_MSG_BEGIN		(VNODE_MSG_DRIVERS + 2)

/* What a kernel is on the network */
#define VNIC_FACE_MAC		GENMASK_ULL(47, 0)
#define VNIC_FACE_UP		BIT_ULL(48)	/* its device is up */
#define VNIC_FACE_PROMISC	BIT_ULL(49)	/* wants frames that are nobody's */
#define VNIC_FACE_XDP		BIT_ULL(50)	/* wants frames with nothing left open */

/**
 * struct vnic_piece - contiguous memory of the sender
 * @pa: physical address
 * @len: bytes
 * @reserved: zero
 */
struct vnic_piece {
	__le64 pa;
	__le32 len;
	__le32 reserved;
};

/**
 * struct vnic_frame - what a frame is made of
 * @len: bytes, from the destination address on
 * @pieces: how many there are of @piece
 * @offload: checksum and segmentation, as virtio has them
 * @pad: zero
 * @piece: one after the other; together they have @len bytes
 */
struct vnic_frame {
	__le32 len;
	__le32 pieces;
	struct virtio_net_hdr offload;
	__u8 pad[32 - 8 - sizeof(struct virtio_net_hdr)];
	struct vnic_piece piece[VNIC_PIECES];
};

static_assert(sizeof(struct vnic_frame) == 1024, "vnic frame");
static_assert(__builtin_offsetof(struct vnic_frame, offload) == 8, "vnic offload");

/**
 * struct vnic_out - what a queue sends to one kernel
 * @head: position behind the last frame
 * @base: what is before this position is void; never far behind @head
 * @event: tell me when @tail comes past it
 * @entry: numbers of frames
 */
struct vnic_out {
	__le32 head;
	__le32 base;
	__le32 event;
	__u8 pad[64 - 12];
	__le16 entry[VNIC_RING];
};

/**
 * struct vnic_in - what is received of one queue of one kernel
 * @tail: what is before this position has been copied
 * @event: tell me when @head comes past it
 */
struct vnic_in {
	__le32 tail;
	__le32 event;
	__u8 pad[64 - 8];
};

/**
 * struct vnic_page - what a kernel's bridge begins with; struct vnic_frame follow, queue by queue
 * @magic: VNIC_MAGIC, written last
 * @version: VNIC_VERSION
 * @queues: how many it has
 * @frames: of each queue
 * @epoch: of this bridge; never the same twice, never 0
 * @face: VNIC_FACE_..., written at once
 * @seen: by slot: @epoch of the bridge that the places for that slot belong to
 * @out: by slot of the receiver, and own queue
 * @in: by slot of the sender, and its queue
 */
struct vnic_page {
	__le32 magic;
	__le32 version;
	__le32 queues;
	__le32 frames;
	__le64 epoch;
	__le64 face;
	__le64 seen[VNODE_SLOTS];
	__u8 pad[4096 - 32 - 8 * VNODE_SLOTS];
	struct vnic_out out[VNODE_SLOTS][VNIC_QUEUES];
	struct vnic_in in[VNODE_SLOTS][VNIC_QUEUES];
};

static_assert(__builtin_offsetof(struct vnic_page, out) == 4096, "vnic out");
static_assert(sizeof(struct vnic_page) % 4096 == 0, "vnic page");

#endif /* _VNODE_VNIC_H */
