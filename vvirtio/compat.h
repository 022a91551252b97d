/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels that vvirtio is built for: 6.1 and 6.12. */
#ifndef _VVIRTIO_COMPAT_H
#define _VVIRTIO_COMPAT_H

#include <linux/version.h>
#include <linux/virtio_config.h>

/* Until 6.10 find_vqs() gets an array for each field of struct virtqueue_info. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
struct virtqueue_info {
	const char *name;
	vq_callback_t *callback;
	bool ctx;
};

int vvirtio_find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[],
		     struct virtqueue_info infos[], struct irq_affinity *affinity);

static inline int vvirtio_find_vqs_op(struct virtio_device *vdev, unsigned int nr,
				      struct virtqueue *vqs[], vq_callback_t *callbacks[],
				      const char * const names[], const bool *ctx,
				      struct irq_affinity *affinity)
{
	struct virtqueue_info infos[VVIRTIO_QUEUES] = {};
	unsigned int i;

	if (nr > VVIRTIO_QUEUES)
		return -ENOENT;
	for (i = 0; i < nr; i++) {
		infos[i].name = names[i];
		infos[i].callback = callbacks[i];
		infos[i].ctx = ctx && ctx[i];
	}
	return vvirtio_find_vqs(vdev, nr, vqs, infos, affinity);
}
#else
#define vvirtio_find_vqs_op	vvirtio_find_vqs
#endif

#endif /* _VVIRTIO_COMPAT_H */
