// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets between a vnode and root: the back end is root's kernel, the module vhost_vsock.
 * It gets the mapping of the bridge in this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vhost.h>

#include "front-end.h"

#define DEVICE	"/dev/vhost-vsock"

/* The third queue, for events, is used by a device that moves to another host only. */
#define QUEUES	2

static int say(const char *what, int errnum, struct vnode_err *err)
{
	return vnode_err(err, errnum, DEVICE ": %s: %s", what, strerror(errnum));
}

bool vnode_vsock_exists(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Takes @cid: root's programs reach the vnode by it from now on. */
int vnode_vsock_connect(struct vnode_vhost *vhost, uint64_t cid, struct vnode_err *err)
{
	vhost->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (vhost->fd < 0)
		return say("cannot be opened", errno, err);
	if (ioctl(vhost->fd, VHOST_SET_OWNER))
		return say("SET_OWNER", errno, err);
	if (ioctl(vhost->fd, VHOST_VSOCK_SET_GUEST_CID, &cid))
		return errno == EADDRINUSE ?
		       vnode_err(err, errno, DEVICE ": the address %llu is in use by another guest",
				 (unsigned long long)cid) :
		       say("SET_GUEST_CID", errno, err);
	return 0;
}

static int vsock_open(struct vnode_vhost *vhost, struct vnode_err *err)
{
	return ioctl(vhost->fd, VHOST_GET_FEATURES, &vhost->features) ?
	       say("GET_FEATURES", errno, err) : 0;
}

static int vsock_set_features(struct vnode_vhost *vhost, uint64_t features, struct vnode_err *err)
{
	features &= vhost->features;
	return ioctl(vhost->fd, VHOST_SET_FEATURES, &features) ?
	       say("SET_FEATURES", errno, err) : 0;
}

static int vsock_set_memory(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			    struct vnode_err *err)
{
	union {
		struct vhost_memory memory;
		char space[sizeof(struct vhost_memory) + sizeof(struct vhost_memory_region)];
	} arg = { .memory.nregions = 1 };

	arg.memory.regions[0] = (struct vhost_memory_region){
		.memory_size = bridge->size, .userspace_addr = (uintptr_t)bridge->shared,
	};
	return ioctl(vhost->fd, VHOST_SET_MEM_TABLE, &arg) ? say("SET_MEM_TABLE", errno, err) : 0;
}

static int vsock_start_queue(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			     unsigned int index, const struct vnode_queue *queue, int kick,
			     int call, struct vnode_err *err)
{
	struct vhost_vring_state num = { index, queue->size }, base = { index, 0 };
	struct vhost_vring_file kick_file = { index, kick }, call_file = { index, call };
	uintptr_t start = (uintptr_t)bridge->shared;
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = start + queue->desc,
		.avail_user_addr = start + queue->driver,
		.used_user_addr = start + queue->device,
	};

	if (index >= QUEUES)
		return 0;
	if (ioctl(vhost->fd, VHOST_SET_VRING_NUM, &num) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &addr) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call_file) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick_file))
		return say("a queue is refused", errno, err);
	return 0;
}

static int vsock_run(struct vnode_vhost *vhost, struct vnode_err *err)
{
	int running = 1;

	return ioctl(vhost->fd, VHOST_VSOCK_SET_RUNNING, &running) ?
	       say("SET_RUNNING", errno, err) : 0;
}

/* Connections of root's programs to the vnode are reset. */
static bool vsock_hang_up(struct vnode_vhost *vhost)
{
	/* returns when vhost's worker has ended */
	if (vhost->fd >= 0)
		close(vhost->fd);
	vhost->fd = -1;
	return true;
}

const struct vnode_vhost_type vnode_vhost_vsock = {
	.open = vsock_open,
	.set_features = vsock_set_features,
	.set_memory = vsock_set_memory,
	.start_queue = vsock_start_queue,
	.run = vsock_run,
	.hang_up = vsock_hang_up,
};
