/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vvirtio: the transport of virtio devices over bridges, between its files.
 *
 *	memory.c	the bridge's memory: slots, and the device's DMA operations
 *	words.c		the two pages of words: description, configuration, requests
 *	serial.c	the serial of a disk
 *	ring.c		vrings: the driver's private one, and its image in the bridge
 *	end.c		requests in flight of a device that has failed
 *	transport.c	what virtio's core calls
 *	device.c	a device: its bridge, bells, failure
 *
 * Nothing that the device's side can write is ever used in place. Drivers of virtio work
 * on private vrings and on their own buffers. ring.c copies available descriptors into
 * the bridge, and used elements out of it once it has checked them; memory.c copies data.
 * So a driver only ever sees what a correct device could have done.
 *
 * Locks: life_lock, request_lock; bell_lock, then a ring's lock. A driver's own locks come before a
 * ring's lock, since notify() is called under them, and are never taken under it.
 */
#ifndef _VVIRTIO_H
#define _VVIRTIO_H

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <vnode/adeos.h>
#include <vnode/vvirtio.h>

#include "compat.h"

struct vvirtio;

/* ---- memory.c ---- */

/**
 * struct vvirtio_slot - a mapping, in the place of its first unit
 * @pa: the buffer, in this kernel's memory
 * @len: of the buffer
 * @dir: enum dma_data_direction
 * @used: it is a mapping
 * @ended: the buffer has its final content, nothing is copied into it
 */
struct vvirtio_slot {
	phys_addr_t pa;
	u32 len;
	u8 dir;
	bool used;
	bool ended;
};

/**
 * struct vvirtio_memory - the memory of a bridge
 * @va: of the whole bridge: an offset in it is a DMA address
 * @first: offset of the first unit
 * @units: of VVIRTIO_UNIT bytes
 * @max_mapping: longest mapping of which a vring's worth fits, bytes
 * @lock: protects what follows; @slot of a mapping belongs to its owner
 * @taken: a bit for each unit
 * @hint: where the next search for a large run begins
 * @slot: one for each unit
 */
struct vvirtio_memory {
	void *va;
	u32 first;
	u32 units;
	u32 max_mapping;
	spinlock_t lock;		/* protects what follows */
	unsigned long *taken;
	u32 hint;
	struct vvirtio_slot *slot;
};

#define VVIRTIO_UNIT	512	/* O_DIRECT asks for this alignment */

int vvirtio_memory_init(struct vvirtio *vv, u32 queue_size);
void vvirtio_memory_exit(struct vvirtio *vv);
void vvirtio_memory_clear(struct vvirtio *vv);
u32 vvirtio_memory_get(struct vvirtio_memory *memory, u32 len);
void vvirtio_memory_put(struct vvirtio_memory *memory, u32 offset, u32 len);
struct vvirtio_slot *vvirtio_memory_slot(struct vvirtio_memory *memory, u64 offset);
void vvirtio_memory_setup(struct device *dev);

/* ---- words.c ---- */

/**
 * struct vvirtio_shape - a device as its side has described it, checked
 * @features: without those of transports
 * @offered: as described
 * @device_id: virtio's
 * @vendor_id: any
 * @queues: number of virtqueues
 * @config_len: bytes of configuration space
 * @queue_size: most entries of each
 * @serial: of a disk; all zeros: its back end knows it
 */
struct vvirtio_shape {
	u64 features;
	u64 offered;
	u32 device_id;
	u32 vendor_id;
	u32 queues;
	u32 config_len;
	u16 queue_size[VVIRTIO_QUEUES];
	u8 serial[VVIRTIO_SERIAL];
};

int vvirtio_words_init(struct vvirtio *vv);
bool vvirtio_config_refresh(struct vvirtio *vv);
void vvirtio_fail(struct vvirtio *vv, const char *why);
int vvirtio_request_status(struct vvirtio *vv, u8 status);
int vvirtio_request_config(struct vvirtio *vv, u32 offset, const void *buf, u32 len);

/* ---- ring.c ---- */

/* Words of vrings: with VIRTIO_F_VERSION_1 they are little-endian. */
#define from_ring16(word)	__virtio16_to_cpu(true, word)
#define from_ring32(word)	__virtio32_to_cpu(true, word)
#define from_ring64(word)	__virtio64_to_cpu(true, word)
#define to_ring16(value)	__cpu_to_virtio16(true, value)
#define to_ring32(value)	__cpu_to_virtio32(true, value)

/**
 * struct vvirtio_ring - a virtqueue
 * @vv: the device
 * @vq: virtio's
 * @num: entries
 * @own: the driver's vring, in private memory
 * @image: the device's, in the bridge
 * @pages: memory of @own
 * @offset: of @image in the bridge
 * @lock: protects what follows, the part of @image that is ours, and @own's used ring
 * @dead: reset: the driver is not called any more
 * @avail: next entry of the available ring to be copied to @image
 * @used: next entry of the used ring to be copied from @image
 * @inflight: a bit for each head that the device has
 * @nr_inflight: bits in @inflight
 * @writable: bytes that the device may write, for each head in flight
 */
struct vvirtio_ring {
	struct vvirtio *vv;
	struct virtqueue *vq;
	u32 num;
	struct vring own;
	struct vring image;
	void *pages;
	u32 offset;
	spinlock_t lock;		/* protects what follows */
	bool dead;
	u16 avail;
	u16 used;
	DECLARE_BITMAP(inflight, VVIRTIO_QUEUE_SIZE);
	u32 nr_inflight;
	u32 writable[VVIRTIO_QUEUE_SIZE];
};

/* serial.c */
void vvirtio_serial_answer(const struct vvirtio_ring *ring, u32 head);

struct virtqueue *vvirtio_ring_create(struct vvirtio *vv, u32 index, u32 num,
				      const struct virtqueue_info *info);
void vvirtio_ring_destroy(struct vvirtio_ring *ring);
void vvirtio_ring_take_available(struct vvirtio_ring *ring);
void vvirtio_ring_give_used(struct vvirtio_ring *ring, u32 head, u32 len);
void vvirtio_ring_bell(struct vvirtio_ring *ring);
void vvirtio_ring_interrupt(struct vvirtio_ring *ring);

/* ---- end.c ---- */

bool vvirtio_end_requests(struct vvirtio *vv);

/* ---- transport.c ---- */

extern const struct virtio_config_ops vvirtio_transport_ops;

int vvirtio_find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[],
		     struct virtqueue_info infos[], struct irq_affinity *affinity);

/* ---- device.c ---- */

/**
 * struct vvirtio - a device
 * @vdev: virtio's
 * @parent: whose DMA operations are ours
 * @nr: of this vnode
 * @bridge: the bridge
 * @words: its first two pages
 * @shape: as described
 * @memory: of the bridge
 * @ready: callbacks of the bridge may look at the device
 * @failed: for ever; read by anybody
 * @fail_work: ends the requests of a failed device
 * @remove_work: removes a failed device whose requests cannot end
 * @leave_work: fails a device whose requests do not end while it is removed
 * @life_lock: serializes registration with virtio's core and removal
 * @config_lock: protects @config and @generation
 * @config: configuration space, a copy
 * @generation: of @config
 * @request_lock: serializes requests, protects @request and @status
 * @request: number of the last one
 * @status: VIRTIO_CONFIG_S_*, as the device has accepted it
 * @answer: waiters for an answer
 * @bell_lock: protects what follows; held while callbacks of drivers run
 * @ring: those that exist
 * @ended: buffers that came back from the device, or that end.c has ended
 * @ended_before: @ended at the last look of @leave_work
 * @registered: with virtio's core
 * @changed: the configuration has changed before that
 * @released: virtio's core has dropped its last reference
 */
struct vvirtio {
	struct virtio_device vdev;
	struct platform_device *parent;
	u32 nr;
	struct adeos_bridge *bridge;
	struct vvirtio_bridge *words;
	struct vvirtio_shape shape;
	struct vvirtio_memory memory;
	bool ready;
	bool failed;
	struct work_struct fail_work;
	struct work_struct remove_work;
	struct delayed_work leave_work;
	struct mutex life_lock;		/* serializes virtio's registration and removal */
	spinlock_t config_lock;		/* protects config, generation */
	u8 config[VVIRTIO_CONFIG];
	u32 generation;
	struct mutex request_lock;	/* protects request, status */
	u32 request;
	u8 status;
	wait_queue_head_t answer;
	struct mutex bell_lock;		/* protects what follows */
	struct vvirtio_ring *ring[VVIRTIO_QUEUES];
	u64 ended;
	u64 ended_before;
	bool registered;
	bool changed;
	struct completion released;
};

static inline struct vvirtio *to_vvirtio(struct virtio_device *vdev)
{
	return container_of(vdev, struct vvirtio, vdev);
}

struct vvirtio *vvirtio_device_create(u32 id, u32 nr);
void vvirtio_device_destroy(struct vvirtio *vv);

#endif /* _VVIRTIO_H */
