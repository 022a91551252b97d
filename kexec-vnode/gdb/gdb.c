// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec --vnode=ID --gdb: a port for gdb, which looks into a vnode and changes nothing.
 * One gdb at a time, one after the other, until the vnode has been returned. However
 * this process ends, the vnode goes on: what it has frozen belongs to a descriptor.
 */
#define _GNU_SOURCE		/* accept4() */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "gdb.h"

#define LEAVE		1	/* what a step returns when all is over, and well */
#define SEND_S		5	/* for a gdb that takes nothing */

/* gdb's numbers (include/gdb/signals.def) */
#define SIGNAL_NONE	0
#define SIGNAL_INT	2
#define SIGNAL_KILL	9

struct server {
	int listen_fd;
	int fd;				/* of gdb, -1: it is not attached */
	enum {
		UNASKED,		/* gdb has yet to ask why the vnode is stopped */
		STOPPED,
		RUNNING,		/* gdb waits for it to be stopped */
	} state;
	struct vnode_gdb_target target;
	struct vnode_gdb_parser parser;
	struct vnode_gdb_reply reply;
	char frame[VNODE_GDB_FRAME_MAX];	/* the last one that was sent */
	size_t frame_len;
};

enum { POLL_LISTEN, POLL_GDB, POLL_VNODE, POLL_NR };

/* ---- to gdb ---- */

static void end_session(struct server *server)
{
	if (server->fd < 0)
		return;
	close(server->fd);
	server->fd = -1;
	vnode_gdb_target_go(&server->target);
	vnode_gdb_target_say(&server->target, "gdb has left");
}

static void send_bytes(struct server *server, const char *bytes, size_t len)
{
	while (len && server->fd >= 0) {
		ssize_t n = send(server->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			end_session(server);
			return;
		}
		bytes += n;
		len -= n;
	}
}

static void send_reply(struct server *server)
{
	server->frame_len = vnode_gdb_frame(server->reply.text, server->reply.len, server->frame);
	send_bytes(server, server->frame, server->frame_len);
}

/* What gdb has attached to is no more. */
static void send_gone(struct server *server)
{
	if (server->state == RUNNING) {
		server->reply.len = 0;
		vnode_gdb_put(&server->reply, "X%02x", SIGNAL_KILL);
		send_reply(server);
	}
	end_session(server);
}

static int stop(struct server *server, int signal, struct vnode_err *err)
{
	int ret = 0;

	if (server->state != STOPPED)
		ret = vnode_gdb_target_stop(&server->target, signal, err);
	server->state = STOPPED;
	server->reply.len = 0;
	vnode_gdb_put_stop(&server->reply, &server->target.view);
	send_reply(server);
	return ret;
}

/* ---- from gdb ---- */

/* One that has ended does not go on. */
static void resume(struct server *server)
{
	if (vnode_state_ended(server->target.status.state)) {
		vnode_gdb_put(&server->reply, "E01");
		send_reply(server);
		return;
	}
	server->state = RUNNING;
	vnode_gdb_target_go(&server->target);
	vnode_gdb_target_say(&server->target, "runs");
}

static int take_packet(struct server *server, struct vnode_err *err)
{
	const struct vnode_gdb_parser *parser = &server->parser;
	struct vnode_gdb_view *view = &server->target.view;

	if (!view->no_ack)
		send_bytes(server, "+", 1);
	if (server->fd < 0)
		return 0;
	switch (vnode_gdb_answer(view, parser->text, parser->len, &server->reply)) {
	case VNODE_GDB_STOP:
		return stop(server, SIGNAL_NONE, err);
	case VNODE_GDB_RESUME:
		resume(server);
		return 0;
	case VNODE_GDB_DETACH:
		send_reply(server);
		end_session(server);
		return 0;
	case VNODE_GDB_KILL:
		end_session(server);
		return 0;
	default:
		send_reply(server);
		return 0;
	}
}

static int take_byte(struct server *server, uint8_t byte, struct vnode_err *err)
{
	switch (vnode_gdb_take(&server->parser, byte)) {
	case VNODE_GDB_PACKET:
		return take_packet(server, err);
	case VNODE_GDB_BAD:
		if (!server->target.view.no_ack)
			send_bytes(server, "-", 1);
		return 0;
	case VNODE_GDB_NAK:
		send_bytes(server, server->frame, server->frame_len);
		return 0;
	case VNODE_GDB_INTERRUPT:
		return server->state == RUNNING ? stop(server, SIGNAL_INT, err) : 0;
	default:
		return 0;
	}
}

static int take_bytes(struct server *server, struct vnode_err *err)
{
	uint8_t bytes[4096];
	ssize_t n = recv(server->fd, bytes, sizeof(bytes), MSG_DONTWAIT), i;
	int ret = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		end_session(server);
	for (i = 0; i < n && server->fd >= 0 && !ret; i++)
		ret = take_byte(server, bytes[i], err);
	return ret;
}

/* ---- who comes ---- */

static bool is_permitted(struct server *server, int fd)
{
	struct sockaddr_in self, peer;
	socklen_t size = sizeof(self);
	uid_t uid;

	if (getsockname(fd, (struct sockaddr *)&self, &size) ||
	    getpeername(fd, (struct sockaddr *)&peer, &size) ||
	    !vnode_gdb_peer(&peer, &self, &uid)) {
		vnode_gdb_target_say(&server->target, "somebody unknown has been turned away");
		return false;
	}
	if (!uid || uid == geteuid())
		return true;
	vnode_gdb_target_say(&server->target, "user %u has been turned away", uid);
	return false;
}

static int begin_session(struct server *server, int fd, struct vnode_err *err)
{
	const struct timeval limit = { .tv_sec = SEND_S };
	int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	server->fd = fd;
	server->state = UNASKED;
	server->frame_len = 0;
	server->parser = (struct vnode_gdb_parser){};
	vnode_gdb_target_say(&server->target, "gdb has attached");
	return vnode_gdb_target_begin(&server->target, err);
}

static int welcome(struct server *server, struct vnode_err *err)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return 0;
	if (fd < 0)
		return vnode_err(err, errno, "cannot accept gdb: %s", strerror(errno));
	if (server->fd < 0 && is_permitted(server, fd))
		return begin_session(server, fd, err);
	close(fd);
	return 0;
}

static int listen_at(uint16_t port, struct vnode_err *err)
{
	const struct sockaddr_in self = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret, yes = 1;

	if (fd < 0)
		return vnode_err(err, errno, "port %u: %s", port, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (!bind(fd, (const struct sockaddr *)&self, sizeof(self)) && !listen(fd, 1))
		return fd;
	/* in use here is not what it is elsewhere: by another vnode */
	if (errno == EADDRINUSE)
		ret = vnode_err(err, EBUSY, "port %u is in use: choose another one, --gdb=PORT",
				port);
	else
		ret = vnode_err(err, errno, "port %u of 127.0.0.1: %s", port, strerror(errno));
	close(fd);
	return ret;
}

/* ---- the loop ---- */

/* What has become of the vnode, whoever has learned of it */
static int follow(struct server *server, struct vnode_err *err)
{
	struct vnode_gdb_target *target = &server->target;
	const struct vnode_status *status = &target->status;

	if (status->state == VNODE_FREE) {
		send_gone(server);
		vnode_gdb_target_say(target, "returned, there is no such vnode any more");
		return LEAVE;
	}
	if (server->fd >= 0 && status->restarts != target->life) {
		send_gone(server);
		vnode_gdb_target_say(target, "restarted; gdb can attach again");
	}
	/* nothing stays of one that is about to be restarted */
	if (server->fd >= 0 && server->state == RUNNING && vnode_state_ended(status->state) &&
	    !status->restarting)
		return stop(server, SIGNAL_NONE, err);
	return 0;
}

static int wait_ms(const struct vnode_gdb_target *target)
{
	double now = vnode_now();

	if (!target->frozen)
		return -1;
	return target->frozen_until > now ? (target->frozen_until - now) * 1000 + 1 : 0;
}

static int step(struct server *server, struct vnode_err *err)
{
	struct vnode_gdb_target *target = &server->target;
	struct pollfd polls[POLL_NR] = {
		[POLL_LISTEN] = { .fd = server->listen_fd, .events = POLLIN },
		[POLL_GDB] = { .fd = server->fd, .events = POLLIN },
		[POLL_VNODE] = { .fd = target->fd, .events = POLLPRI },
	};
	int ret = 0;

	if (poll(polls, POLL_NR, wait_ms(target)) < 0)
		return errno == EINTR ? 0 : vnode_err(err, errno, "poll: %s", strerror(errno));
	vnode_gdb_target_expire(target);
	/* what poll() tells unasked, and would go on telling */
	if (polls[POLL_VNODE].revents & ~POLLPRI)
		return vnode_err(err, EIO, "/dev/vnode: the device is gone");
	if (polls[POLL_VNODE].revents)
		ret = vnode_gdb_target_look(target, err);
	if (!ret && polls[POLL_GDB].revents)
		ret = take_bytes(server, err);
	if (!ret && polls[POLL_LISTEN].revents)
		ret = welcome(server, err);
	return ret ?: follow(server, err);
}

int vnode_gdb(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	static struct server server = { .fd = -1 };
	int ret;

	ret = vnode_gdb_target_open(&server.target, fd, config, err);
	if (ret)
		return ret;
	server.listen_fd = listen_at(config->port, err);
	ret = server.listen_fd < 0 ? server.listen_fd : 0;
	/* already here: it may take longer than gdb would wait */
	ret = ret ?: vnode_gdb_target_begin(&server.target, err);
	/* gone already: no event would come to tell */
	ret = ret ?: follow(&server, err);
	if (!ret) {
		printf("vnode %u: gdb vmlinux -ex 'target remote :%u' looks into it, ^C ends this\n",
		       config->id, config->port);
		fflush(stdout);
	}
	while (!ret)
		ret = step(&server, err);
	end_session(&server);
	vnode_gdb_target_close(&server.target);
	return ret == LEAVE ? 0 : ret;
}
