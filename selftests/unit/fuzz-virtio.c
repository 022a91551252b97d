// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/virtio/queue.c against any driver's page: a queue that is accepted lies in the
 * bridge, behind the two pages of words, aligned, and its index can be read. The input is
 * the size of the bridge in KiB, the largest queue, both in two bytes, and words of the
 * page from the queues on. From the top directory:
 *
 *	make build/check/bin/fuzz-virtio
 *	build/check/bin/fuzz-virtio -max_len=516 -max_total_time=300
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_ring.h>

#include "virtio/front-end.h"

#define HEAD	4

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "violated: %s\n", what);
	abort();
}

#define MUST(cond)	must(cond, #cond)

static void area(uint64_t at, uint64_t len, unsigned int align, size_t size)
{
	MUST(at >= sizeof(struct vvirtio_bridge));
	MUST(at <= size && len <= size - at);
	MUST(at % align == 0);
}

/* The bridge is as large as it says: the sanitizer sees what is read behind it. */
static void one_queue(const struct vvirtio_bridge *bridge, unsigned int index, unsigned int max,
		      size_t size)
{
	struct vnode_queue queue;
	int ret = vnode_queue_read(&bridge->driver, index, max, size, &queue);

	MUST(!ret || ret == -EINVAL);
	if (ret || !queue.size)
		return;
	MUST(queue.size <= max && !(queue.size & (queue.size - 1)));
	area(queue.desc, queue.size * sizeof(struct vring_desc), 16, size);
	area(queue.driver, 6 + 2 * queue.size, 2, size);
	area(queue.device, 6 + 8 * queue.size, 4, size);
	MUST(vnode_queue_index(bridge, &queue) == 0);
}

static size_t two_bytes(const uint8_t *data)
{
	return data[0] | data[1] << 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vnode_driver_request request;
	struct vvirtio_bridge *bridge;
	size_t size, room = sizeof(bridge->driver.queue);
	unsigned int i, max;

	if (len < HEAD)
		return -1;
	size = sizeof(*bridge) + two_bytes(data) % 64 * 1024;
	max = 1U << two_bytes(data + 2) % 9;
	bridge = calloc(1, size);
	if (!bridge)
		abort();
	data += HEAD;
	len -= HEAD;
	memcpy(bridge->driver.queue, data, len < room ? len : room);
	if (len >= 32)
		memcpy(&bridge->driver, data, 32);
	vnode_request_read(&bridge->driver, &request);
	MUST(request.number == le32toh(bridge->driver.request));
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		one_queue(bridge, i, max, size);
	free(bridge);
	return 0;
}
