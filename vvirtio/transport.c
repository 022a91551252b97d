// SPDX-License-Identifier: GPL-2.0-only
/* The transport: what virtio's core and drivers call. */
#include <linux/errno.h>
#include <linux/string.h>

#include "vvirtio.h"

/* ---- the configuration space ---- */

static bool in_config(const struct vvirtio *vv, u32 offset, u32 len)
{
	return offset <= vv->shape.config_len && len <= vv->shape.config_len - offset;
}

static void config_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		       unsigned int len)
{
	struct vvirtio *vv = to_vvirtio(vdev);
	unsigned long flags;

	memset(buf, 0, len);
	if (!in_config(vv, offset, len))
		return;
	spin_lock_irqsave(&vv->config_lock, flags);
	memcpy(buf, vv->config + offset, len);
	spin_unlock_irqrestore(&vv->config_lock, flags);
}

static void config_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		       unsigned int len)
{
	struct vvirtio *vv = to_vvirtio(vdev);

	if (!in_config(vv, offset, len) || vvirtio_request_config(vv, offset, buf, len))
		return;
	mutex_lock(&vv->bell_lock);
	vvirtio_config_refresh(vv);
	mutex_unlock(&vv->bell_lock);
}

static u32 config_generation(struct virtio_device *vdev)
{
	return READ_ONCE(to_vvirtio(vdev)->generation);
}

/* ---- status and features ---- */

static u8 get_status(struct virtio_device *vdev)
{
	return to_vvirtio(vdev)->status;
}

/*
 * The core looks only whether FEATURES_OK has stayed clear. A driver whose DRIVER_OK is
 * refused would wait without end, so the device fails.
 */
static void set_status(struct virtio_device *vdev, u8 status)
{
	struct vvirtio *vv = to_vvirtio(vdev);
	u8 more = status & ~vv->status;

	if (vvirtio_request_status(vv, status)) {
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK | vv->status;
		if (more & VIRTIO_CONFIG_S_DRIVER_OK)
			vvirtio_fail(vv, "it refuses to work");
	}
	vv->status = status;
}

/* The answer says that the back end is quiet; so are bells from then on. */
static void reset_device(struct virtio_device *vdev)
{
	struct vvirtio *vv = to_vvirtio(vdev);
	u32 i;

	if (vvirtio_request_status(vv, 0))
		vvirtio_fail(vv, "it refuses to be reset");
	vv->status = 0;
	mutex_lock(&vv->bell_lock);
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		if (vv->ring[i])
			vv->ring[i]->dead = true;
	mutex_unlock(&vv->bell_lock);
}

static u64 get_features(struct virtio_device *vdev)
{
	return to_vvirtio(vdev)->shape.features | BIT_ULL(VIRTIO_F_VERSION_1) |
	       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
}

/* FEATURES_OK shows them to the device. */
static int finalize_features(struct virtio_device *vdev)
{
	struct vvirtio *vv = to_vvirtio(vdev);

	vring_transport_features(vdev);
	return READ_ONCE(vv->failed) ? -EIO : 0;
}

/* ---- virtqueues ---- */

static void del_vqs(struct virtio_device *vdev)
{
	struct vvirtio *vv = to_vvirtio(vdev);
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vvirtio_ring_destroy(vq->priv);
	vvirtio_memory_clear(vv);
}

static struct virtqueue *find_vq(struct vvirtio *vv, u32 index, const struct virtqueue_info *info)
{
	if (index >= vv->shape.queues)
		return ERR_PTR(-ENOENT);
	return vvirtio_ring_create(vv, index, vv->shape.queue_size[index], info);
}

int vvirtio_find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[],
		     struct virtqueue_info infos[], struct irq_affinity *affinity)
{
	struct vvirtio *vv = to_vvirtio(vdev);
	u32 i, index = 0;

	if (READ_ONCE(vv->failed))
		return -EIO;
	for (i = 0; i < nr; i++) {
		vqs[i] = NULL;
		if (!infos[i].name)
			continue;
		vqs[i] = find_vq(vv, index++, &infos[i]);
		if (IS_ERR(vqs[i])) {
			del_vqs(vdev);
			return PTR_ERR(vqs[i]);
		}
	}
	return 0;
}

/* No callback runs that had begun before. */
static void synchronize_cbs(struct virtio_device *vdev)
{
	struct vvirtio *vv = to_vvirtio(vdev);

	mutex_lock(&vv->bell_lock);
	mutex_unlock(&vv->bell_lock);
}

static const char *bus_name(struct virtio_device *vdev)
{
	return dev_name(vdev->dev.parent);
}

const struct virtio_config_ops vvirtio_transport_ops = {
	.get = config_get,
	.set = config_set,
	.generation = config_generation,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset_device,
	.find_vqs = vvirtio_find_vqs_op,
	.del_vqs = del_vqs,
	.synchronize_cbs = synchronize_cbs,
	.get_features = get_features,
	.finalize_features = finalize_features,
	.bus_name = bus_name,
};
