// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's page. The vnode may write anything there at any time: each word is read
 * once, and checked before it is used.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>

#include "front-end.h"

#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)

void vnode_request_read(const struct vvirtio_driver *driver, struct vnode_driver_request *request)
{
	/* pairs with the driver's side, which writes @request behind all other words */
	request->number = le32toh(__atomic_load_n(&driver->request, __ATOMIC_ACQUIRE));
	request->type = le32toh(READ_ONCE(driver->type));
	request->status = le32toh(READ_ONCE(driver->status));
	request->set_offset = le32toh(READ_ONCE(driver->set_offset));
	request->set_len = le32toh(READ_ONCE(driver->set_len));
	request->features = le64toh(READ_ONCE(driver->driver_features));
}

/* Is [@at, @at + @len) in the memory of a bridge of @size bytes, and aligned? */
static bool is_within(uint64_t at, uint64_t len, unsigned int align, size_t size)
{
	return at >= sizeof(struct vvirtio_bridge) && at <= size && len <= size - at &&
	       !(at % align);
}

int vnode_queue_read(const struct vvirtio_driver *driver, unsigned int index, unsigned int max,
		     size_t size, struct vnode_queue *queue)
{
	const struct vvirtio_queue *from = &driver->queue[index];
	uint32_t n = le32toh(READ_ONCE(from->size));

	queue->size = n;
	queue->desc = le64toh(READ_ONCE(from->desc));
	queue->driver = le64toh(READ_ONCE(from->driver));
	queue->device = le64toh(READ_ONCE(from->device));
	if (!n)
		return 0;
	if (n > max || (n & (n - 1)))
		return -EINVAL;
	/* both rings end with a word for VIRTIO_RING_F_EVENT_IDX */
	if (!is_within(queue->desc, n * sizeof(struct vring_desc), VRING_DESC_ALIGN_SIZE, size) ||
	    !is_within(queue->driver, 6 + 2 * n, VRING_AVAIL_ALIGN_SIZE, size) ||
	    !is_within(queue->device, 6 + n * sizeof(struct vring_used_elem), VRING_USED_ALIGN_SIZE,
		       size))
		return -EINVAL;
	return 0;
}

/* Its available index. @queue has been checked. */
uint16_t vnode_queue_index(const struct vvirtio_bridge *bridge, const struct vnode_queue *queue)
{
	const struct vring_avail *avail = (const void *)((const char *)bridge + queue->driver);

	return le16toh(READ_ONCE(avail->idx));
}
