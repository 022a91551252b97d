/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network between kernels. Each kernel on it has a bridge, VNIC_NAME with the name of the
 * network and the id of its vnode, which it alone writes and all others read. The bytes of
 * a frame stay in the sender's memory and its bridge describes where; each receiver copies
 * them from there, through a window (vnode/adeos.h). No word has two writers, so there are
 * no locks between kernels.
 *
 * Each queue of a sender has descriptions of frames, and a ring to each other kernel: @head
 * is its end, entries are numbers of frames. The receiver writes how far it has come into
 * its own bridge, into the words for that sender and queue: @tail. A frame can be reused
 * when all its receivers have come past it. Positions only grow. The sender can take back
 * frames that are not fetched: frames before @base are void, also for a receiver that is
 * just copying one.
 *
 * A kernel that waits writes the position behind which it wants an interrupt, @event. The
 * other side then raises a portal VNIC_PORTAL: the receiver's, when frames are sent, with
 * the number of the sender's queue modulo the receiver's number of queues; the sender's,
 * with the number of its queue, when frames are fetched.
 *
 * Two kernels are linked when each has found the other's bridge, has reset its words for
 * the other, and has written the other's @epoch into @seen. A kernel rings the bell of its
 * bridge after changes of @seen and @face.
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
#define VNIC_BEGIN		0xffffff00U	/* the first position: positions wrap early */
#define VNIC_PIECES		62	/* of one frame */
#define VNIC_FRAME_MAX		69632U	/* bytes: 64 KiB, and some headers */

#define VNIC_GSO_UDP		5	/* VIRTIO_NET_HDR_GSO_UDP_L4, which older headers lack */

/* To all members: a kernel has joined. No body; the bridge is found by name. */
#define VNIC_MSG_BEGIN		(VNODE_MSG_DRIVERS + 2)

/* The state of a device, in @face */
#define VNIC_FACE_MAC		GENMASK_ULL(47, 0)
#define VNIC_FACE_UP		BIT_ULL(48)	/* its device is up */
#define VNIC_FACE_PROMISC	BIT_ULL(49)	/* wants frames to unknown addresses */
/*
 * Older modules with an XDP program in the driver want frames with nothing left open, and
 * drop others. Newer ones never set it, and honour it.
 */
#define VNIC_FACE_PLAIN		BIT_ULL(50)

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
 * struct vnic_frame - the description of a frame
 * @len: bytes, from the destination address on
 * @pieces: number of pieces
 * @offload: checksum and segmentation, as virtio has them
 * @pad: zero
 * @piece: in the order of the bytes; @len bytes together
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
 * @base: frames before this position are void; never far behind @head
 * @event: raise the sender's portal when @tail comes past it
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
 * struct vnic_in - what is received from one queue of one kernel
 * @tail: frames before this position are copied
 * @event: raise the receiver's portal when @head comes past it
 */
struct vnic_in {
	__le32 tail;
	__le32 event;
	__u8 pad[64 - 8];
};

/**
 * struct vnic_page - the beginning of a bridge; struct vnic_frame follow, queue by queue
 * @magic: VNIC_MAGIC, written last
 * @version: VNIC_VERSION
 * @queues: number of queues
 * @frames: of each queue
 * @epoch: random, of this bridge; never 0
 * @face: VNIC_FACE_..., written as one word
 * @seen: by slot: @epoch of the peer that the words for that slot are prepared for
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
