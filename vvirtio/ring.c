// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vrings. Virtio's core works on a vring in private memory, since it follows the flags of
 * descriptors and believes used ids. Its image is in the bridge: notify() copies what has
 * become available into the image, a bell copies what has been used out of it.
 *
 * The driver does not tell the device to be quiet: the image's VRING_AVAIL_F_NO_INTERRUPT
 * stays clear, because a flag that is copied late would cost an interrupt.
 */
#include <linux/bottom_half.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vvirtio.h"

/* ---- from the driver to the device ---- */

static void head_take(struct vvirtio_ring *ring, u32 head, bool copy)
{
	u32 left = ring->num, i = head;
	struct vring_desc *desc;
	u64 writable = 0;

	do {
		desc = &ring->own.desc[i];
		if (copy)
			ring->image.desc[i] = *desc;
		if (from_ring16(desc->flags) & VRING_DESC_F_WRITE)
			writable += from_ring32(desc->len);
		i = from_ring16(desc->next);
	} while ((from_ring16(desc->flags) & VRING_DESC_F_NEXT) && --left);
	ring->writable[head] = min_t(u64, writable, U32_MAX);
	__set_bit(head, ring->inflight);
	ring->nr_inflight++;
}

static void available_take(struct vvirtio_ring *ring, bool copy)
{
	/* pairs with virtio_wmb() in virtqueue_add_split() */
	u16 until = from_ring16(smp_load_acquire(&ring->own.avail->idx));
	u32 head, at;

	for (; ring->avail != until; ring->avail++) {
		at = ring->avail & (ring->num - 1);
		head = from_ring16(ring->own.avail->ring[at]);
		head_take(ring, head, copy);
		if (copy)
			ring->image.avail->ring[at] = to_ring16(head);
	}
	if (copy)
		/* pairs with the device's reading of the index */
		smp_store_release(&ring->image.avail->idx, to_ring16(ring->avail));
}

/* Of a failed device: what the driver has made available is in flight, with us. */
void vvirtio_ring_take_available(struct vvirtio_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	available_take(ring, false);
}

static bool device_wants_bell(const struct vvirtio_ring *ring)
{
	/* pairs with the device's barrier between its flag and its look at the index */
	smp_mb();
	return !(from_ring16(READ_ONCE(ring->image.used->flags)) & VRING_USED_F_NO_NOTIFY);
}

/* Several CPUs may notify at a time: drivers do so without their locks. */
static bool ring_notify(struct virtqueue *vq)
{
	struct vvirtio_ring *ring = vq->priv;
	struct vvirtio *vv = ring->vv;
	unsigned long flags;
	bool bell = false;

	spin_lock_irqsave(&ring->lock, flags);
	if (!READ_ONCE(vv->failed)) {
		available_take(ring, true);
		bell = device_wants_bell(ring);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	if (READ_ONCE(vv->failed))
		schedule_work(&vv->fail_work);
	else if (bell)
		/* if the bridge was revoked, its event fails the device */
		adeos_bridge_ring(vv->bridge);
	return true;
}

/* ---- from the device to the driver ---- */

/**
 * vvirtio_ring_give_used - give a buffer back to the driver
 * @ring: the virtqueue; under bell_lock
 * @head: in flight
 * @len: bytes that were written
 *
 * The driver sees it once the index of the used ring has been written.
 */
void vvirtio_ring_give_used(struct vvirtio_ring *ring, u32 head, u32 len)
{
	struct vring_used_elem *elem = &ring->own.used->ring[ring->used & (ring->num - 1)];

	lockdep_assert_held(&ring->lock);
	__clear_bit(head, ring->inflight);
	ring->nr_inflight--;
	ring->vv->ended++;
	elem->id = to_ring32(head);
	elem->len = to_ring32(min(len, ring->writable[head]));
	ring->used++;
	/* pairs with virtio_rmb() in virtqueue_get_buf_ctx_split() */
	smp_store_release(&ring->own.used->idx, to_ring16(ring->used));
}

/* Return: what is wrong with the device's used ring, or NULL. */
static const char *used_take(struct vvirtio_ring *ring)
{
	/* pairs with the device's writing of the index */
	u16 until = from_ring16(smp_load_acquire(&ring->image.used->idx));
	const struct vring_used_elem *elem;
	u32 head;

	if ((u16)(until - ring->used) > ring->nr_inflight)
		return "it has used more buffers than it had";
	while (ring->used != until) {
		elem = &ring->image.used->ring[ring->used & (ring->num - 1)];
		head = from_ring32(READ_ONCE(elem->id));
		if (head >= ring->num || !test_bit(head, ring->inflight))
			return "it has used a buffer that it did not have";
		vvirtio_serial_answer(ring, head);
		vvirtio_ring_give_used(ring, head, from_ring32(READ_ONCE(elem->len)));
	}
	return NULL;
}

/* Under bell_lock: lets the driver look at its used ring. */
void vvirtio_ring_interrupt(struct vvirtio_ring *ring)
{
	if (ring->dead)
		return;
	local_bh_disable();
	vring_interrupt(0, ring->vq);
	local_bh_enable();
}

/* Under bell_lock: takes what the device has used. */
void vvirtio_ring_bell(struct vvirtio_ring *ring)
{
	const char *wrong = NULL;

	spin_lock_irq(&ring->lock);
	if (!READ_ONCE(ring->vv->failed))
		wrong = used_take(ring);
	spin_unlock_irq(&ring->lock);
	if (wrong)
		vvirtio_fail(ring->vv, wrong);
	vvirtio_ring_interrupt(ring);
}

/* ---- begin and end ---- */

static size_t ring_bytes(u32 num)
{
	return vring_size(num, SMP_CACHE_BYTES);
}

static int ring_memory(struct vvirtio_ring *ring)
{
	struct vvirtio_memory *memory = &ring->vv->memory;
	size_t bytes = ring_bytes(ring->num);

	ring->pages = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_ZERO);
	if (!ring->pages)
		return -ENOMEM;
	ring->offset = vvirtio_memory_get(memory, bytes);
	if (!ring->offset) {
		free_pages_exact(ring->pages, bytes);
		return -ENOSPC;
	}
	memset(memory->va + ring->offset, 0, bytes);
	vring_init(&ring->own, ring->num, ring->pages, SMP_CACHE_BYTES);
	vring_init(&ring->image, ring->num, memory->va + ring->offset, SMP_CACHE_BYTES);
	return 0;
}

static void ring_memory_free(struct vvirtio_ring *ring)
{
	vvirtio_memory_put(&ring->vv->memory, ring->offset, ring_bytes(ring->num));
	free_pages_exact(ring->pages, ring_bytes(ring->num));
}

/* Tells the device's side where the image is. */
static void ring_describe(struct vvirtio_ring *ring, u32 index)
{
	struct vvirtio_queue *queue = &ring->vv->words->driver.queue[index];
	void *va = ring->vv->memory.va;

	queue->desc = cpu_to_le64((void *)ring->image.desc - va);
	queue->driver = cpu_to_le64((void *)ring->image.avail - va);
	queue->device = cpu_to_le64((void *)ring->image.used - va);
	queue->size = cpu_to_le32(ring->num);
}

/**
 * vvirtio_ring_create - make a virtqueue
 * @vv: the device, before DRIVER_OK
 * @index: of the virtqueue
 * @num: entries, a power of two
 * @info: what the driver wants it for
 *
 * Return: the virtqueue, whose priv is the ring, or an ERR_PTR: -ENOSPC, -ENOMEM.
 */
struct virtqueue *vvirtio_ring_create(struct vvirtio *vv, u32 index, u32 num,
				      const struct virtqueue_info *info)
{
	struct vvirtio_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	int err;

	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->vv = vv;
	ring->num = num;
	spin_lock_init(&ring->lock);
	err = ring_memory(ring);
	if (err)
		goto err_ring;
	ring->vq = vring_new_virtqueue(index, num, SMP_CACHE_BYTES, &vv->vdev, true, info->ctx,
				       ring->pages, ring_notify, info->callback, info->name);
	if (!ring->vq) {
		err = -ENOMEM;
		goto err_memory;
	}
	ring->vq->num_max = num;
	ring->vq->priv = ring;
	ring_describe(ring, index);
	mutex_lock(&vv->bell_lock);
	vv->ring[index] = ring;
	mutex_unlock(&vv->bell_lock);
	return ring->vq;

err_memory:
	ring_memory_free(ring);
err_ring:
	kfree(ring);
	return ERR_PTR(err);
}

/* After a reset. */
void vvirtio_ring_destroy(struct vvirtio_ring *ring)
{
	struct vvirtio *vv = ring->vv;
	u32 index = ring->vq->index;

	mutex_lock(&vv->bell_lock);
	vv->ring[index] = NULL;
	mutex_unlock(&vv->bell_lock);
	memset(&vv->words->driver.queue[index], 0, sizeof(vv->words->driver.queue[index]));
	vring_del_virtqueue(ring->vq);
	ring_memory_free(ring);
	kfree(ring);
}
