// SPDX-License-Identifier: GPL-2.0-only
/*
 * The side of the protocol vhost-user that QEMU has elsewhere ("Vhost-user Protocol" in
 * its documentation). The bridge is the only memory that a back end gets; guest addresses
 * are offsets in it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "front-end.h"

/* VHOST_USER_* */
enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
	SET_CONFIG = 25,
};

#define VERSION			1U
#define VERSION_MASK		3U
#define REPLY			(1U << 2)
#define NEED_REPLY		(1U << 3)

#define F_PROTOCOL_FEATURES	(1ULL << 30)
#define PROTOCOL_F_MQ		(1ULL << 0)
#define PROTOCOL_F_REPLY_ACK	(1ULL << 3)
#define PROTOCOL_F_CONFIG	(1ULL << 9)

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct {
			uint32_t index, value;
		} vring;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} address;
		struct {
			uint32_t nr, pad;
			uint64_t guest_address, size, user_address, offset;
		} memory;
		struct {
			uint32_t offset, size, flags;
			uint8_t data[VVIRTIO_CONFIG];
		} config;
	} payload;
} __attribute__((packed));

#define HEADER	offsetof(struct message, payload)

static int say_gone(enum request request, struct vnode_err *err)
{
	return vnode_err(err, EPIPE, "the back end has hung up at request %u", request);
}

static int send_message(const struct vnode_vhost *vhost, struct message *message, int fd,
			struct vnode_err *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { message, HEADER + message->size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	if (sendmsg(vhost->fd, &msg, MSG_NOSIGNAL) == (ssize_t)iov.iov_len)
		return 0;
	return say_gone(message->request, err);
}

static int receive(const struct vnode_vhost *vhost, void *data, size_t len, enum request request,
		   struct vnode_err *err)
{
	ssize_t n = recv(vhost->fd, data, len, MSG_WAITALL);

	if (n == (ssize_t)len)
		return 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return vnode_err(err, ETIMEDOUT, "the back end does not answer request %u",
				 request);
	return say_gone(request, err);
}

/* @message becomes the reply, which has @size bytes. */
static int receive_reply(const struct vnode_vhost *vhost, struct message *message, uint32_t size,
			 struct vnode_err *err)
{
	enum request request = message->request;
	int ret;

	ret = receive(vhost, message, HEADER, request, err);
	if (ret)
		return ret;
	if (message->request != request || (message->flags & VERSION_MASK) != VERSION ||
	    !(message->flags & REPLY) || message->size != size)
		return vnode_err(err, EPROTO, "the back end refuses request %u", request);
	return receive(vhost, &message->payload, size, request, err);
}

static int get_u64(const struct vnode_vhost *vhost, enum request request, uint64_t *value,
		   struct vnode_err *err)
{
	struct message message = { .request = request, .flags = VERSION };
	int ret;

	ret = send_message(vhost, &message, -1, err) ?:
	      receive_reply(vhost, &message, sizeof(message.payload.u64), err);
	*value = message.payload.u64;
	return ret;
}

/* @fd: goes with it, or -1 */
static int set(const struct vnode_vhost *vhost, struct message *message, int fd,
	       struct vnode_err *err)
{
	bool acks = vhost->protocol & PROTOCOL_F_REPLY_ACK;
	enum request request = message->request;
	int ret;

	message->flags = VERSION | (acks ? NEED_REPLY : 0);
	ret = send_message(vhost, message, fd, err);
	if (ret || !acks)
		return ret;
	ret = receive_reply(vhost, message, sizeof(message->payload.u64), err);
	if (!ret && message->payload.u64)
		ret = vnode_err(err, EPROTO, "the back end refuses request %u", request);
	return ret;
}

static int set_u64(const struct vnode_vhost *vhost, enum request request, uint64_t value, int fd,
		   struct vnode_err *err)
{
	struct message message = { .request = request, .size = sizeof(value) };

	message.payload.u64 = value;
	return set(vhost, &message, fd, err);
}

static int set_vring(const struct vnode_vhost *vhost, enum request request, unsigned int index,
		     uint32_t value, struct vnode_err *err)
{
	struct message message = { .request = request, .size = sizeof(message.payload.vring) };

	message.payload.vring.index = index;
	message.payload.vring.value = value;
	return set(vhost, &message, -1, err);
}

void vnode_vhost_user_set_timeout(const struct vnode_vhost *vhost, unsigned int seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	setsockopt(vhost->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(vhost->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int vnode_vhost_user_connect(struct vnode_vhost *vhost, const char *path, struct vnode_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	vhost->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vhost->fd < 0)
		return vnode_err(err, errno, "socket: %s", strerror(errno));
	vnode_vhost_user_set_timeout(vhost, VNODE_BACK_END_S);
	if (!connect(vhost->fd, (const struct sockaddr *)&address, sizeof(address)))
		return 0;
	return vnode_err(err, errno, "%s: %s", path, strerror(errno));
}

/* The first requests: identity and features of the back end. */
static int user_open(struct vnode_vhost *vhost, struct vnode_err *err)
{
	struct message owner = { .request = SET_OWNER, .flags = VERSION };
	uint64_t protocol = 0;
	int ret;

	vhost->protocol = 0;
	ret = send_message(vhost, &owner, -1, err) ?:
	      get_u64(vhost, GET_FEATURES, &vhost->features, err);
	if (ret || !(vhost->features & F_PROTOCOL_FEATURES))
		return ret;
	ret = get_u64(vhost, GET_PROTOCOL_FEATURES, &protocol, err);
	protocol &= PROTOCOL_F_MQ | PROTOCOL_F_REPLY_ACK | PROTOCOL_F_CONFIG;
	ret = ret ?: set_u64(vhost, SET_PROTOCOL_FEATURES, protocol, -1, err);
	if (!ret)
		vhost->protocol = protocol;
	return ret;
}

int vnode_vhost_user_get_config(struct vnode_vhost *vhost, void *config, size_t len,
				struct vnode_err *err)
{
	struct message message = { .request = GET_CONFIG, .flags = VERSION };
	int ret;

	if (!(vhost->protocol & PROTOCOL_F_CONFIG))
		return vnode_err(err, EPROTO, "the back end has no configuration");
	message.size = offsetof(struct message, payload.config.data) - HEADER + len;
	message.payload.config.size = len;
	ret = send_message(vhost, &message, -1, err) ?:
	      receive_reply(vhost, &message, message.size, err);
	if (!ret)
		memcpy(config, message.payload.config.data, len);
	return ret;
}

int vnode_vhost_user_set_config(struct vnode_vhost *vhost, const void *config, size_t offset,
				size_t len, struct vnode_err *err)
{
	struct message message = { .request = SET_CONFIG };

	if (!(vhost->protocol & PROTOCOL_F_CONFIG))
		return vnode_err(err, EPROTO, "the back end has no configuration");
	message.size = offsetof(struct message, payload.config.data) - HEADER + len;
	message.payload.config.offset = offset;
	message.payload.config.size = len;
	memcpy(message.payload.config.data, config, len);
	return set(vhost, &message, -1, err);
}

static int user_set_features(struct vnode_vhost *vhost, uint64_t features, struct vnode_err *err)
{
	features &= vhost->features;
	features |= vhost->features & F_PROTOCOL_FEATURES;
	return set_u64(vhost, SET_FEATURES, features, -1, err);
}

static int user_set_memory(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			   struct vnode_err *err)
{
	struct message message = {
		.request = SET_MEM_TABLE, .size = sizeof(message.payload.memory),
	};

	message.payload.memory.nr = 1;
	message.payload.memory.size = bridge->size;
	message.payload.memory.user_address = (uintptr_t)bridge->shared;
	return set(vhost, &message, bridge->fd, err);
}

static int user_start_queue(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			    unsigned int index, const struct vnode_queue *queue, int kick,
			    int call, struct vnode_err *err)
{
	struct message address = {
		.request = SET_VRING_ADDR, .size = sizeof(address.payload.address),
	};
	uintptr_t base = (uintptr_t)bridge->shared;

	address.payload.address.index = index;
	address.payload.address.desc = base + queue->desc;
	address.payload.address.avail = base + queue->driver;
	address.payload.address.used = base + queue->device;
	return set_vring(vhost, SET_VRING_NUM, index, queue->size, err) ?:
	       set_vring(vhost, SET_VRING_BASE, index, 0, err) ?:
	       set(vhost, &address, -1, err) ?:
	       set_u64(vhost, SET_VRING_CALL, index, call, err) ?:
	       set_u64(vhost, SET_VRING_KICK, index, kick, err) ?:
	       set_vring(vhost, SET_VRING_ENABLE, index, 1, err);
}

static bool user_hang_up(struct vnode_vhost *vhost)
{
	double end = vnode_now() + VNODE_BACK_END_S;
	char rest[256];
	ssize_t n = -1;

	if (vhost->fd < 0)
		return true;
	shutdown(vhost->fd, SHUT_WR);
	/* each recv() waits as long at most */
	do
		n = recv(vhost->fd, rest, sizeof(rest), 0);
	while (n > 0 && vnode_now() < end);
	close(vhost->fd);
	vhost->fd = -1;
	return !n || (n < 0 && errno == ECONNRESET);
}

const struct vnode_vhost_type vnode_vhost_user = {
	.hangs_up = true,
	.open = user_open,
	.set_features = user_set_features,
	.set_memory = user_set_memory,
	.start_queue = user_start_queue,
	.hang_up = user_hang_up,
};
