// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serial of a disk. Back ends that speak vhost-user cannot be told one: QEMU's answers
 * "vhost_user_blk" for every disk. udev names disks in /dev/disk/by-id by it, so the
 * answer is put in place before virtio_blk sees it.
 */
#include <linux/string.h>
#include <uapi/linux/virtio_blk.h>
#include <uapi/linux/virtio_ids.h>

#include "vvirtio.h"

static_assert(VVIRTIO_SERIAL == VIRTIO_BLK_ID_BYTES, "a serial is an answer");

static const struct vring_desc *desc_next(const struct vvirtio_ring *ring,
					  const struct vring_desc *desc)
{
	return from_ring16(desc->flags) & VRING_DESC_F_NEXT ?
	       &ring->own.desc[from_ring16(desc->next)] : NULL;
}

/* The request's data in the bridge. The descriptors are the driver's own. */
static void *desc_data(const struct vvirtio_ring *ring, const struct vring_desc *desc)
{
	return ring->vv->memory.va + from_ring64(desc->addr);
}

/* The device's side could have changed the type: then its own answer is what suffers. */
static bool asks_for_serial(const struct vvirtio_ring *ring, const struct vring_desc *desc)
{
	const struct virtio_blk_outhdr *head = desc_data(ring, desc);

	return from_ring32(desc->len) >= sizeof(*head) &&
	       from_ring32(READ_ONCE(head->type)) == VIRTIO_BLK_T_GET_ID;
}

/**
 * vvirtio_serial_answer - replace the back end's answer to VIRTIO_BLK_T_GET_ID
 * @ring: a virtqueue, locked
 * @head: in flight, and used by the device
 */
void vvirtio_serial_answer(const struct vvirtio_ring *ring, u32 head)
{
	const struct vvirtio_shape *shape = &ring->vv->shape;
	const struct vring_desc *desc = &ring->own.desc[head];

	if (shape->device_id != VIRTIO_ID_BLOCK || !shape->serial[0] ||
	    !asks_for_serial(ring, desc))
		return;
	desc = desc_next(ring, desc);
	if (desc && from_ring16(desc->flags) & VRING_DESC_F_WRITE &&
	    from_ring32(desc->len) >= sizeof(shape->serial))
		memcpy(desc_data(ring, desc), shape->serial, sizeof(shape->serial));
}
