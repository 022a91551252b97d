// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge of a device, and its first page, which the front end writes. Back ends reach
 * all of the bridge, and so does the vnode: nothing is ever read back from that page.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bridge.h>

#include "front-end.h"

#define DEVICE		"/dev/bridge"
#define VENDOR		0x4e564b	/* "KVN" */

#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
/* pairs with the acquire loads of the driver's side */
#define RELEASE(x, v)		__atomic_store_n(&(x), v, __ATOMIC_RELEASE)

static int say_create(const char *name, size_t size, int errnum, struct vnode_err *err)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return vnode_err(err, errnum,
				 "no memory is left for its bridge of %zu KiB: load adeos-lite with a bigger commons=, 64M for example",
				 size >> 10);
	case EMFILE:
	case ENFILE:
		return vnode_err(err, errnum, "there are as many bridges as there can be: return a vnode");
	case EEXIST:
		return vnode_err(err, errnum,
				 "the bridge %s exists already: another process has made it", name);
	}
	return vnode_err(err, errnum, "the bridge %s cannot be made: %s", name, strerror(errnum));
}

static int create(struct vnode_bridge *bridge, unsigned int id, unsigned int number,
		  struct vnode_err *err)
{
	struct bridge_create create = {
		.size = bridge->size, .flags = BRIDGE_GLOBAL | BRIDGE_ACCESS, .mode = 0600,
	};

	snprintf(create.name, sizeof(create.name), VVIRTIO_NAME, id, number);
	create.access[id / 64] = 1ULL << id % 64;
	bridge->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (bridge->fd < 0)
		return vnode_err(err, errno, DEVICE ": %s", strerror(errno));
	if (ioctl(bridge->fd, BRIDGE_IOC_CREATE, &create))
		return say_create(create.name, bridge->size, errno, err);
	return 0;
}

/* On failure, vnode_bridge_close() takes back what was done. */
int vnode_bridge_create(struct vnode_bridge *bridge, unsigned int id, unsigned int number,
			size_t size, struct vnode_err *err)
{
	struct bridge_eventfd eventfd_arg = {};
	int ret;

	*bridge = (struct vnode_bridge){ .fd = -1, .bell = -1, .size = size };
	ret = create(bridge, id, number, err);
	if (ret)
		return ret;
	bridge->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bridge->bell < 0)
		return vnode_err(err, errno, "eventfd: %s", strerror(errno));
	eventfd_arg.fd = bridge->bell;
	if (ioctl(bridge->fd, BRIDGE_IOC_EVENTFD, &eventfd_arg))
		return vnode_err(err, errno, DEVICE ": its doorbell: %s", strerror(errno));
	bridge->shared = mmap(NULL, bridge->size, PROT_READ | PROT_WRITE, MAP_SHARED, bridge->fd,
			      0);
	if (bridge->shared == MAP_FAILED) {
		bridge->shared = NULL;
		return vnode_err(err, errno, DEVICE ": cannot be mapped: %s", strerror(errno));
	}
	return 0;
}

/* The driver's side reads it again if the generation was odd, or has changed. */
void vnode_bridge_set_config(struct vnode_bridge *bridge, const struct vnode_device_page *page)
{
	struct vvirtio_device *device = &bridge->shared->device;

	WRITE_ONCE(device->config_generation, htole32(++bridge->generation));
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(device->config_len, htole32(page->config_len));
	memcpy(device->config, page->config, sizeof(device->config));
	RELEASE(device->config_generation, htole32(++bridge->generation));
}

void vnode_bridge_set_state(struct vnode_bridge *bridge, enum vvirtio_state state)
{
	RELEASE(bridge->shared->device.state, htole32(state));
}

void vnode_bridge_answer(struct vnode_bridge *bridge, uint32_t number, int errnum)
{
	struct vvirtio_device *device = &bridge->shared->device;

	bridge->answer = number;
	WRITE_ONCE(device->error, htole32(errnum));
	RELEASE(device->answer, htole32(number));
}

void vnode_bridge_forget_request(struct vnode_bridge *bridge)
{
	struct vnode_driver_request request;

	vnode_request_read(&bridge->shared->driver, &request);
	bridge->answer = request.number;
}

/* All of the page: a vnode may have written there. */
void vnode_bridge_publish(struct vnode_bridge *bridge, const struct vnode_device_page *page)
{
	struct vvirtio_device *device = &bridge->shared->device;
	unsigned int i;

	device->version = htole32(VVIRTIO_VERSION);
	device->device_id = htole32(page->device_id);
	device->vendor_id = htole32(VENDOR);
	device->features = htole64(page->features);
	device->queues = htole32(page->nr_queues);
	memset(device->pad0, 0, sizeof(device->pad0));
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		device->queue_size[i] = i < page->nr_queues ? htole16(page->queue_size) : 0;
	memcpy(device->serial, page->serial, sizeof(device->serial));
	memset(device->pad1, 0, sizeof(device->pad1));
	memset(device->pad2, 0, sizeof(device->pad2));
	vnode_bridge_set_config(bridge, page);
	vnode_bridge_set_state(bridge, VVIRTIO_WORKING);
	vnode_bridge_answer(bridge, bridge->answer, 0);
	RELEASE(device->magic, htole32(VVIRTIO_MAGIC));
}

void vnode_bridge_ring(const struct vnode_bridge *bridge)
{
	/* EOWNERDEAD alone is possible, and this process is the owner */
	ioctl(bridge->fd, BRIDGE_IOC_RING);
}

void vnode_bridge_close(struct vnode_bridge *bridge)
{
	if (bridge->shared)
		munmap(bridge->shared, bridge->size);
	if (bridge->bell >= 0)
		close(bridge->bell);
	if (bridge->fd >= 0)
		close(bridge->fd);
	*bridge = (struct vnode_bridge){ .fd = -1, .bell = -1 };
}
