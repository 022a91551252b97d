// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of requests once a device has failed. A driver of virtio waits for its
 * requests without bound, so each is ended here as the device would report an error: the
 * error is written into the driver's own buffer, and the device can overwrite it no more.
 *
 * Requests that a driver makes later end in the same way. A device whose requests have no
 * error to report is removed, see device.c.
 */
#include <linux/io.h>
#include <linux/string.h>
#include <uapi/linux/fuse.h>
#include <uapi/linux/virtio_blk.h>
#include <uapi/linux/virtio_ids.h>

#include "vvirtio.h"

/* ---- a request's buffers ---- */

static struct vvirtio_slot *desc_slot(const struct vvirtio_ring *ring,
				      const struct vring_desc *desc)
{
	return vvirtio_memory_slot(&ring->vv->memory, from_ring64(desc->addr));
}

/* Walks a chain of the driver's vring. @i: of the descriptor before. */
static struct vring_desc *desc_next(const struct vvirtio_ring *ring, const struct vring_desc *desc)
{
	u32 next = from_ring16(desc->next);

	if (!(from_ring16(desc->flags) & VRING_DESC_F_NEXT) || next >= ring->num)
		return NULL;
	return &ring->own.desc[next];
}

/* ---- errors ---- */

/* A disk's status is the last byte that the device writes. */
static u32 end_disk(const struct vvirtio_ring *ring, struct vring_desc *desc)
{
	struct vvirtio_slot *slot, *last = NULL;
	u32 left = ring->num;

	for (; desc && left--; desc = desc_next(ring, desc)) {
		slot = desc_slot(ring, desc);
		if (slot && slot->len && (from_ring16(desc->flags) & VRING_DESC_F_WRITE))
			last = slot;
	}
	if (!last)
		return 0;
	*(u8 *)phys_to_virt(last->pa + last->len - 1) = VIRTIO_BLK_S_IOERR;
	return 1;
}

/* A file system answers with a header alone; FORGET has no answer. */
static u32 end_fs(const struct vvirtio_ring *ring, struct vring_desc *desc)
{
	const struct vvirtio_slot *in = desc_slot(ring, desc);
	struct fuse_out_header out = { .len = sizeof(out), .error = -EIO };
	struct vvirtio_slot *slot = NULL;
	u32 left = ring->num;

	if (!in || in->len < sizeof(struct fuse_in_header))
		return 0;
	out.unique = ((struct fuse_in_header *)phys_to_virt(in->pa))->unique;
	while (desc && left-- && !(from_ring16(desc->flags) & VRING_DESC_F_WRITE))
		desc = desc_next(ring, desc);
	if (desc)
		slot = desc_slot(ring, desc);
	if (!slot || slot->len < sizeof(out))
		return 0;
	memcpy(phys_to_virt(slot->pa), &out, sizeof(out));
	return sizeof(out);
}

/**
 * struct end_row - a kind of device
 * @device_id: virtio's
 * @end: writes an error into the buffers of a request, and returns the bytes written
 */
struct end_row {
	u32 device_id;
	u32 (*end)(const struct vvirtio_ring *ring, struct vring_desc *desc);
};

static const struct end_row rows[] = {
	{ VIRTIO_ID_BLOCK, end_disk },
	{ VIRTIO_ID_FS, end_fs },
};

static const struct end_row *row_find(u32 device_id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].device_id == device_id)
			return &rows[i];
	return NULL;
}

/* ---- all requests ---- */

/* What the device writes from now on does not reach the driver. */
static void buffers_end(const struct vvirtio_ring *ring, struct vring_desc *desc)
{
	struct vvirtio_slot *slot;
	u32 left = ring->num;

	for (; desc && left--; desc = desc_next(ring, desc)) {
		slot = desc_slot(ring, desc);
		if (slot)
			slot->ended = true;
	}
}

static void ring_end(struct vvirtio_ring *ring, const struct end_row *row)
{
	u32 head, len;

	spin_lock_irq(&ring->lock);
	vvirtio_ring_take_available(ring);
	for_each_set_bit(head, ring->inflight, ring->num) {
		buffers_end(ring, &ring->own.desc[head]);
		len = row->end(ring, &ring->own.desc[head]);
		vvirtio_ring_give_used(ring, head, len);
	}
	spin_unlock_irq(&ring->lock);
}

/**
 * vvirtio_end_requests - end what is in flight with an error
 * @vv: a device that has failed; under bell_lock
 *
 * Return: false if the device has no error to report: nothing was done.
 */
bool vvirtio_end_requests(struct vvirtio *vv)
{
	const struct end_row *row = row_find(vv->shape.device_id);
	u32 i;

	lockdep_assert_held(&vv->bell_lock);
	if (!row)
		return false;
	for (i = 0; i < VVIRTIO_QUEUES; i++) {
		if (!vv->ring[i] || vv->ring[i]->dead)
			continue;
		ring_end(vv->ring[i], row);
		vvirtio_ring_interrupt(vv->ring[i]);
	}
	return true;
}
