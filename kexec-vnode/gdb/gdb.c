// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec --vnode=ID --gdb: gdb's remote protocol on stdin and stdout. gdb runs it
 * ("target remote | kexec --vnode=1 --gdb"), looks into the vnode and changes nothing.
 * Messages for people go to stderr, and gdb prints them.
 *
 * The freeze of a vnode belongs to the descriptor of /dev/vnode: however this process
 * ends, the vnode is thawed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "gdb.h"

#define LEAVE		1	/* returned by a step to end the session without an error */
#define SEND_MS		5000	/* gdb must take some output in this time */
#define PIECE		4096	/* PIPE_BUF: write() does not block after POLLOUT */

/* gdb's numbers (include/gdb/signals.def) */
#define SIGNAL_NONE	0
#define SIGNAL_INT	2
#define SIGNAL_KILL	9

struct session {
	enum {
		UNASKED,		/* gdb has not asked for the reason of the stop yet */
		STOPPED,
		RUNNING,		/* gdb waits for a stop */
	} state;
	bool asked;			/* the first packet has come */
	struct vnode_gdb_target target;
	struct vnode_gdb_parser parser;
	struct vnode_gdb_reply reply;
	char frame[VNODE_GDB_FRAME_MAX];	/* the last one that was sent */
	size_t frame_len;
};

enum { POLL_GDB, POLL_VNODE, POLL_NR };

/* ---- to gdb ---- */

/* LEAVE: gdb has closed its end, or reads nothing */
static int send_bytes(const char *bytes, size_t len)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len) {
		ssize_t n = poll(&out, 1, SEND_MS);

		if (!n)
			return LEAVE;
		if (n > 0)
			n = write(STDOUT_FILENO, bytes, len < PIECE ? len : PIECE);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return LEAVE;
		if (n > 0) {
			bytes += n;
			len -= n;
		}
	}
	return 0;
}

static int send_reply(struct session *session)
{
	session->frame_len = vnode_gdb_frame(session->reply.text, session->reply.len,
					     session->frame);
	return send_bytes(session->frame, session->frame_len);
}

/* The vnode that gdb has attached to exists no more. */
static int send_gone(struct session *session)
{
	if (session->state == RUNNING) {
		session->reply.len = 0;
		vnode_gdb_put(&session->reply, "X%02x", SIGNAL_KILL);
		send_reply(session);
	}
	return LEAVE;
}

static int stop(struct session *session, int signal, struct vnode_err *err)
{
	int ret = 0;

	if (session->state != STOPPED)
		ret = vnode_gdb_target_stop(&session->target, signal, err);
	if (ret)
		return ret;
	session->state = STOPPED;
	session->reply.len = 0;
	vnode_gdb_put_stop(&session->reply, &session->target.view);
	return send_reply(session);
}

/* ---- from gdb ---- */

static int resume(struct session *session)
{
	/* a vnode that has ended cannot run */
	if (vnode_state_ended(session->target.status.state)) {
		vnode_gdb_put(&session->reply, "E01");
		return send_reply(session);
	}
	session->state = RUNNING;
	vnode_gdb_target_go(&session->target);
	vnode_gdb_target_say(&session->target, "running");
	return 0;
}

static int take_packet(struct session *session, struct vnode_err *err)
{
	const struct vnode_gdb_parser *parser = &session->parser;
	struct vnode_gdb_view *view = &session->target.view;

	session->asked = true;
	if (!view->no_ack && send_bytes("+", 1))
		return LEAVE;
	switch (vnode_gdb_answer(view, parser->text, parser->len, &session->reply)) {
	case VNODE_GDB_STOP:
		return stop(session, SIGNAL_NONE, err);
	case VNODE_GDB_RESUME:
		return resume(session);
	case VNODE_GDB_DETACH:
		send_reply(session);
		return LEAVE;
	case VNODE_GDB_KILL:
		return LEAVE;
	default:
		return send_reply(session);
	}
}

static int take_byte(struct session *session, uint8_t byte, struct vnode_err *err)
{
	switch (vnode_gdb_take(&session->parser, byte)) {
	case VNODE_GDB_PACKET:
		return take_packet(session, err);
	case VNODE_GDB_BAD:
		return session->target.view.no_ack ? 0 : send_bytes("-", 1);
	case VNODE_GDB_NAK:
		return send_bytes(session->frame, session->frame_len);
	case VNODE_GDB_INTERRUPT:
		return session->state == RUNNING ? stop(session, SIGNAL_INT, err) : 0;
	default:
		return 0;
	}
}

/*
 * gdb repeats its first packet every two seconds while VMCOREINFO is searched for, and
 * expects one answer. Returns the offset of the last copy.
 */
static size_t skip_copies(const uint8_t *bytes, size_t len)
{
	const uint8_t *at = memchr(bytes, '$', len), *end = bytes + len, *next;

	while (at && (next = memchr(at + 1, '$', end - at - 1)) && end - next >= next - at &&
	       !memcmp(at, next, next - at))
		at = next;
	return at ? at - bytes : 0;
}

static int take_bytes(struct session *session, struct vnode_err *err)
{
	uint8_t bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes)), i = 0;
	int ret = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return LEAVE;
	if (!session->asked)
		i = skip_copies(bytes, n);
	for (; i < n && !ret; i++)
		ret = take_byte(session, bytes[i], err);
	return ret;
}

/* ---- the loop ---- */

/* Acts on the status of the vnode, which any step may have read anew. */
static int follow(struct session *session, struct vnode_err *err)
{
	struct vnode_gdb_target *target = &session->target;
	const struct vnode_status *status = &target->status;

	if (status->state == VNODE_FREE) {
		vnode_gdb_target_say(target, "returned, there is no such vnode any more");
		return send_gone(session);
	}
	if (status->restarts != target->life) {
		vnode_gdb_target_say(target, "restarted; gdb can attach again");
		return send_gone(session);
	}
	/* if a restart is about to come, there is nothing left to look at */
	if (session->state == RUNNING && vnode_state_ended(status->state) && !status->restarting)
		return stop(session, SIGNAL_NONE, err);
	return 0;
}

static int wait_ms(const struct vnode_gdb_target *target)
{
	double now = vnode_now();

	if (!target->frozen)
		return -1;
	return target->frozen_until > now ? (target->frozen_until - now) * 1000 + 1 : 0;
}

static int step(struct session *session, struct vnode_err *err)
{
	struct vnode_gdb_target *target = &session->target;
	struct pollfd polls[POLL_NR] = {
		[POLL_GDB] = { .fd = STDIN_FILENO, .events = POLLIN },
		[POLL_VNODE] = { .fd = target->fd, .events = POLLPRI },
	};
	int ret = 0;

	if (poll(polls, POLL_NR, wait_ms(target)) < 0)
		return errno == EINTR ? 0 : vnode_err(err, errno, "poll: %s", strerror(errno));
	vnode_gdb_target_expire(target);
	/* POLLERR and POLLHUP are reported unasked, and again and again */
	if (polls[POLL_VNODE].revents & ~POLLPRI)
		return vnode_err(err, EIO, "/dev/vnode: the device is gone");
	if (polls[POLL_VNODE].revents)
		ret = vnode_gdb_target_look(target, err);
	if (!ret && polls[POLL_GDB].revents)
		ret = take_bytes(session, err);
	return ret ?: follow(session, err);
}

/* gdb sends ^C as a byte, and its end of the pipe may be closed at any time. */
static void ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int vnode_gdb(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	static struct session session;
	int ret;

	if (isatty(STDIN_FILENO))
		return vnode_err(err, EINVAL,
				 "--gdb speaks gdb's protocol on stdin: write \"target remote | kexec --vnode=%s --gdb\" in gdb",
				 config->vnode);
	ignore_signals();
	session = (struct session){};
	ret = vnode_gdb_target_open(&session.target, fd, config, err);
	if (ret)
		return ret;
	/* a vnode that has gone already causes no event */
	ret = follow(&session, err);
	while (!ret)
		ret = step(&session, err);
	vnode_gdb_target_close(&session.target);
	return ret == LEAVE ? 0 : ret;
}
