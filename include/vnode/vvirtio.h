/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio device of a vnode: a bridge that the device's front end, a process in root,
 * creates before the vnode starts, VVIRTIO_NAME with the id of the vnode and the number of
 * the device. Virtio's own drivers are in the vnode; the module vvirtio carries their
 * transport. The bridge holds everything that the back end ever sees of the vnode: two
 * pages of words, then memory for vrings and for bounced data, which the vnode hands out.
 * Addresses in vrings are offsets in the bridge.
 *
 * Terms are virtio's (Virtual I/O Device version 1.2, sections 2 and 4.1). Each word has
 * one writer; its reader copies it once and checks. Either side rings the bridge's bell
 * after it has changed what the other side waits for; a bell says nothing of what has
 * changed, so its receiver looks at all queues, at @request or @answer, @state and
 * @config_generation.
 *
 * Requests. The driver's side writes the words that the request is about, then @type,
 * then increments @request and rings. The device's side carries it out, writes @error,
 * then sets @answer to that number and rings. One request at a time.
 */
#ifndef _VNODE_VVIRTIO_H
#define _VNODE_VVIRTIO_H

#include <linux/types.h>

#define VVIRTIO_NAME		"vvirtio.%u.%u"
#define VVIRTIO_MAGIC		0x54524956	/* "VIRT" */
#define VVIRTIO_VERSION		1

#define VVIRTIO_DEVICES		16	/* of one vnode */
#define VVIRTIO_QUEUES		16	/* of one device */
#define VVIRTIO_QUEUE_SIZE	256	/* largest vring */
#define VVIRTIO_CONFIG		256	/* bytes of configuration space */
#define VVIRTIO_SERIAL		20	/* VIRTIO_BLK_ID_BYTES */
#define VVIRTIO_REQUEST_MS	10000	/* the driver's side waits for an answer so long */

/**
 * enum vvirtio_request - what the driver's side asks for
 * @VVIRTIO_SET_STATUS: @status has changed. 0 resets the device: the answer says that the
 *	back end no longer uses any of the bridge. With VIRTIO_CONFIG_S_FEATURES_OK
 *	@driver_features are valid, with VIRTIO_CONFIG_S_DRIVER_OK the queues are
 * @VVIRTIO_SET_CONFIG: @set_len bytes at @set_offset of the configuration space become
 *	what @set_config has there
 */
enum vvirtio_request {
	VVIRTIO_SET_STATUS = 1,
	VVIRTIO_SET_CONFIG = 2,
};

/**
 * enum vvirtio_state - state of the device
 * @VVIRTIO_WORKING: it can be used
 * @VVIRTIO_FAILED: its back end is gone and uses the bridge no longer. The driver's side
 *	ends all requests in its vrings with an error and refuses new ones
 */
enum vvirtio_state {
	VVIRTIO_WORKING = 0,
	VVIRTIO_FAILED = 1,
};

/**
 * struct vvirtio_queue - a virtqueue
 * @size: entries; 0: not used
 * @pad: zero
 * @desc: offset in the bridge of the descriptor area
 * @driver: of the driver area, the available ring
 * @device: of the device area, the used ring
 */
struct vvirtio_queue {
	__le32 size;
	__le32 pad;
	__le64 desc;
	__le64 driver;
	__le64 device;
};

/**
 * struct vvirtio_device - the first page: written by the device's side
 * @magic: VVIRTIO_MAGIC, written last
 * @version: VVIRTIO_VERSION
 * @device_id: virtio's device id: 2 is a disk, 19 a socket, 26 a file system
 * @vendor_id: any
 * @features: that the device offers
 * @queues: number of virtqueues, 1 to VVIRTIO_QUEUES
 * @config_len: bytes of @config
 * @config_generation: odd while @config changes
 * @state: enum vvirtio_state
 * @answer: number of the last request that was carried out
 * @error: of that request: 0, or a positive errno
 * @pad0: zero
 * @queue_size: entries that each virtqueue may have at most, powers of two
 * @serial: of a disk: the driver's side puts it into the answer to VIRTIO_BLK_T_GET_ID. All
 *	zeros: the back end's answer stays
 * @pad1: zero
 * @config: configuration space
 * @pad2: zero
 */
struct vvirtio_device {
	__le32 magic;
	__le32 version;
	__le32 device_id;
	__le32 vendor_id;
	__le64 features;
	__le32 queues;
	__le32 config_len;
	__le32 config_generation;
	__le32 state;
	__le32 answer;
	__le32 error;
	__u8 pad0[16];
	__le16 queue_size[VVIRTIO_QUEUES];
	__u8 serial[VVIRTIO_SERIAL];
	__u8 pad1[0x100 - 96 - VVIRTIO_SERIAL];
	__u8 config[VVIRTIO_CONFIG];
	__u8 pad2[0x1000 - 0x200];
};

/**
 * struct vvirtio_driver - the second page: written by the driver's side
 * @request: number of the last request
 * @type: enum vvirtio_request
 * @status: VIRTIO_CONFIG_S_*
 * @set_offset: of SET_CONFIG
 * @set_len: of SET_CONFIG
 * @pad0: zero
 * @driver_features: that the driver has accepted, a subset of @features
 * @pad1: zero
 * @set_config: configuration space as the driver has set it
 * @queue: where the virtqueues are
 * @pad2: zero
 */
struct vvirtio_driver {
	__le32 request;
	__le32 type;
	__le32 status;
	__le32 set_offset;
	__le32 set_len;
	__le32 pad0;
	__le64 driver_features;
	__u8 pad1[0x100 - 32];
	__u8 set_config[VVIRTIO_CONFIG];
	struct vvirtio_queue queue[VVIRTIO_QUEUES];
	__u8 pad2[0x1000 - 0x200 - VVIRTIO_QUEUES * 32];
};

/**
 * struct vvirtio_bridge - the content of the bridge
 * @device: written by the device's side, read-only for the driver's
 * @driver: written by the driver's side, read-only for the device's
 * @memory: to the end of the bridge: handed out by the driver's side, page by page, for
 *	vrings and for the data of requests
 */
struct vvirtio_bridge {
	struct vvirtio_device device;
	struct vvirtio_driver driver;
	__u8 memory[];
};

static_assert(sizeof(struct vvirtio_device) == 0x1000, "vvirtio device");
static_assert(sizeof(struct vvirtio_driver) == 0x1000, "vvirtio driver");
static_assert(__builtin_offsetof(struct vvirtio_device, serial) == 0x60, "vvirtio serial");
static_assert(__builtin_offsetof(struct vvirtio_device, config) == 0x100, "vvirtio config");
static_assert(__builtin_offsetof(struct vvirtio_driver, queue) == 0x200, "vvirtio queues");
static_assert(sizeof(struct vvirtio_bridge) == 0x2000, "vvirtio bridge");

#endif /* _VNODE_VVIRTIO_H */
