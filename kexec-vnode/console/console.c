// SPDX-License-Identifier: GPL-2.0-only
/*
 * --console: stdin and stdout, a terminal or not, attached to a vnode's console. One loop
 * moves bytes both ways and reports what happens to the vnode.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/vconsole.h>
#include <linux/vnode.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "console.h"
#include "device.h"

#define ESCAPE		0x1d	/* ^] */
#define ESCAPE_S	0.5	/* two of them within this time send one */
#define BEGIN_S		3	/* a kernel that has just booted still loads its drivers */
#define DRAIN_S		2	/* for the last output of a vnode that has ended */
#define PIECE		4096	/* PIPE_BUF: write() does not block after POLLOUT */
#define LEAVE		1	/* returned by a step to end the session without an error */

struct pending {
	size_t begin, end;
	char data[64 << 10];
};

struct console {
	const struct vnode_config *config;
	int fd;				/* /dev/vconsole */
	int vnode_fd;			/* /dev/vnode */
	int resize_fd;			/* -1: stdin is no terminal */
	bool input;			/* stdin has not ended */
	bool escaped;			/* ^] was typed last */
	bool mid_line;			/* the output has not ended with a newline */
	double leave_at;		/* if @escaped */
	bool news;			/* the vnode has changed, not reported yet */
	double news_by;			/* report it by then, even if output may still come */
	uint64_t told_end;		/* end_ns of the vnode's last end that was reported */
	struct pending in, out;
	struct vconsole_status status;
	struct vnode_status vnode;
};

enum { POLL_CONSOLE, POLL_VNODE, POLL_STDIN, POLL_STDOUT, POLL_RESIZE, POLL_NR };

static bool has(const struct pending *pending)
{
	return pending->begin < pending->end;
}

/* A line of this program, beside the vnode's output */
static void __attribute__((format(printf, 2, 3))) tell(struct console *console, const char *fmt,
						       ...)
{
	bool raw = console->resize_fd >= 0 && isatty(STDERR_FILENO);
	const char *end = raw ? "\r\n" : "\n";
	va_list args;

	fprintf(stderr, "%s%s: ", raw && console->mid_line ? end : "", console->vnode.name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs(end, stderr);
	console->mid_line = false;
}

/* ---- the vnode ---- */

static bool alive(const struct vnode_status *vnode)
{
	return vnode_state_lives(vnode->state);
}

static bool has_ended(const struct vnode_status *vnode)
{
	return vnode_state_ended(vnode->state);
}

/* True if there is something to report, compared with @before */
static bool is_news(const struct console *console, const struct vnode_status *before)
{
	const struct vnode_status *vnode = &console->vnode;

	if (vnode->state == VNODE_FREE || vnode->restarts != before->restarts)
		return true;
	/* a restart may be cancelled long after the end */
	return has_ended(vnode) && (vnode->end_ns != console->told_end ||
				    vnode->restarting != before->restarting);
}

static int look_at_vnode(struct console *console, struct vnode_err *err)
{
	struct vnode_status before = console->vnode;
	uint32_t cpus[VNODE_CPUS_MAX];
	int ret;

	ret = vnode_device_status(console->vnode_fd, console->config->id, false, &console->vnode,
				  cpus, err);
	if (ret && ret != -ESRCH)
		return ret;
	if (ret) {
		memcpy(console->vnode.name, before.name, sizeof(before.name));
		console->vnode.state = VNODE_FREE;
	}
	if (!console->news && is_news(console, &before)) {
		console->news = true;
		console->news_by = vnode_now() + DRAIN_S;
	}
	return 0;
}

/* Reports the change, after the last output has been written. */
static int tell_news(struct console *console)
{
	const struct vnode_status *vnode = &console->vnode;
	bool told = vnode->end_ns == console->told_end;
	const char *colon = *vnode->text ? ": " : "";

	console->news = false;
	console->told_end = vnode->end_ns;
	if (vnode->state == VNODE_FREE) {
		tell(console, "returned, there is no such vnode any more");
		return LEAVE;
	}
	if (!has_ended(vnode)) {
		if (told)
			tell(console, "restarted");
		else
			tell(console, "restarted after %s%s%s", vnode_cause_name(vnode->cause),
			     colon, vnode->text);
		return 0;
	}
	if (!vnode->restarting) {
		if (told)
			tell(console, "is not going to be restarted");
		else
			tell(console, "%s%s%s", vnode_state_name(vnode->state), colon, vnode->text);
		return LEAVE;
	}
	tell(console, "%s%s%s; waiting for its restart%s", vnode_state_name(vnode->state), colon,
	     vnode->text, console->resize_fd >= 0 ? ", ^] leaves" : "");
	return 0;
}

/* ---- the console ---- */

static int look_at_console(struct console *console, struct vnode_err *err)
{
	struct vconsole_status before = console->status, *status = &console->status;

	if (ioctl(console->fd, VCONSOLE_IOC_STATUS, status))
		return vnode_err(err, errno, "%s: cannot look at its console: %s",
				 console->vnode.name, strerror(errno));
	if (status->dropped > before.dropped)
		tell(console, "%llu bytes of its output are lost, root was too slow for it",
		     (unsigned long long)(status->dropped - before.dropped));
	if (status->missed > before.missed)
		tell(console, "%llu bytes of its output are lost, this reader is too slow for it",
		     (unsigned long long)(status->missed - before.missed));
	if (!console->config->read_only && !(status->state & VCONSOLE_WRITER))
		return vnode_err(err, EPERM,
				 "%s: another session has taken over its console; --read-only looks on",
				 console->vnode.name);
	return 0;
}

static void pass_size(struct console *console)
{
	struct vconsole_size size;

	/* errors do not matter: no size is known, or a read-only session may not set it */
	if (vnode_terminal_size(console->resize_fd, &size.rows, &size.columns))
		ioctl(console->fd, VCONSOLE_IOC_SIZE, &size);
}

static int read_console(struct console *console, struct vnode_err *err)
{
	struct pending *out = &console->out;
	ssize_t n = read(console->fd, out->data, sizeof(out->data));

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return vnode_err(err, errno, "%s: cannot read its console: %s",
				 console->vnode.name, strerror(errno));
	out->begin = 0;
	out->end = n > 0 ? n : 0;
	return n > 0 ? look_at_console(console, err) : 0;
}

static int write_console(struct console *console, struct vnode_err *err)
{
	struct pending *in = &console->in;
	ssize_t n = write(console->fd, in->data + in->begin, in->end - in->begin);

	if (n > 0) {
		in->begin += n;
		return 0;
	}
	/* poll() reports when that has changed */
	if (errno == EPIPE)
		console->status.state &= ~VCONSOLE_CONNECTED;
	else if (errno == EPERM)
		return look_at_console(console, err);
	else if (errno != EAGAIN && errno != EINTR)
		return vnode_err(err, errno, "%s: cannot write to its console: %s",
				 console->vnode.name, strerror(errno));
	return 0;
}

/* Retries: a running vnode may have a console soon. */
static int attach(struct console *console, struct vnode_err *err)
{
	double end = vnode_now() + BEGIN_S;
	int ret, res;

	for (;;) {
		ret = look_at_vnode(console, err);
		if (ret)
			return ret;
		ret = vnode_vconsole_attach(console->fd, console->config, console->vnode.name, err);
		if (ret != -ENOENT || !alive(&console->vnode) || vnode_now() >= end)
			break;
		res = vnode_device_poll(console->vnode_fd, 0.1, err);
		if (res)
			return res;
	}
	/* earlier ends of a vnode that is alive are not reported */
	if (alive(&console->vnode)) {
		console->told_end = console->vnode.end_ns;
		console->news = false;
	}
	return ret;
}

/* ---- stdin and stdout ---- */

/* Copies the input. LEAVE: one ^], not followed by a second one. */
static int take_typed(struct console *console, const char *typed, size_t len)
{
	struct pending *in = &console->in;
	size_t i;

	for (i = 0; i < len; i++) {
		if (typed[i] != ESCAPE && console->escaped)
			return LEAVE;
		console->escaped = typed[i] == ESCAPE && !console->escaped;
		if (!console->escaped)
			in->data[in->end++] = typed[i];
	}
	console->leave_at = vnode_now() + ESCAPE_S;
	return 0;
}

static int read_stdin(struct console *console)
{
	struct pending *in = &console->in;
	bool terminal = console->resize_fd >= 0;
	ssize_t n = read(STDIN_FILENO, in->data, sizeof(in->data));
	int ret = 0;

	in->begin = 0;
	in->end = 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		console->input = false;
		return terminal ? LEAVE : 0;	/* the terminal is gone */
	}
	if (!terminal)
		in->end = n;
	else
		ret = take_typed(console, in->data, n);
	return ret;
}

/* What is typed before the vnode's kernel listens is not meant for it. A file can wait. */
static void drop_input(struct console *console)
{
	bool listens = console->status.state & VCONSOLE_CONNECTED || console->resize_fd < 0;

	if (console->config->read_only || !listens)
		console->in.begin = console->in.end;
}

static int write_stdout(struct console *console, struct vnode_err *err)
{
	struct pending *out = &console->out;
	size_t len = out->end - out->begin;
	ssize_t n = write(STDOUT_FILENO, out->data + out->begin, len < PIECE ? len : PIECE);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return vnode_err(err, errno, "cannot write the output: %s", strerror(errno));
	if (n <= 0)
		return 0;
	out->begin += n;
	console->mid_line = out->data[out->begin - 1] != '\n';
	return 0;
}

/* ---- the loop ---- */

static void prepare(const struct console *console, struct pollfd polls[POLL_NR])
{
	bool writes = has(&console->in) && console->status.state & VCONSOLE_CONNECTED;

	polls[POLL_CONSOLE] = (struct pollfd){
		.fd = console->fd,
		.events = POLLPRI | (has(&console->out) ? 0 : POLLIN) | (writes ? POLLOUT : 0),
	};
	/* a vnode that has been returned causes no more events */
	polls[POLL_VNODE] = (struct pollfd){
		.fd = console->vnode.state == VNODE_FREE ? -1 : console->vnode_fd,
		.events = POLLPRI,
	};
	polls[POLL_STDIN] = (struct pollfd){
		.fd = console->input && !has(&console->in) ? STDIN_FILENO : -1,
		.events = POLLIN,
	};
	/* always polled: POLLERR reports that the reader of a pipe is gone */
	polls[POLL_STDOUT] = (struct pollfd){
		.fd = STDOUT_FILENO,
		.events = has(&console->out) ? POLLOUT : 0,
	};
	polls[POLL_RESIZE] = (struct pollfd){ .fd = console->resize_fd, .events = POLLIN };
}

/* No more output comes from the vnode's last life than can be read now. */
static bool is_complete(const struct console *console)
{
	return !has(&console->out) &&
	       (alive(&console->vnode) || !(console->status.state & VCONSOLE_CONNECTED) ||
		vnode_now() >= console->news_by);
}

static int wait_ms(const struct console *console)
{
	double end = INFINITY;

	if (console->news && is_complete(console))
		return 0;
	if (console->news && (!has(&console->out) || alive(&console->vnode)))
		end = console->news_by;
	if (console->escaped && console->leave_at < end)
		end = console->leave_at;
	if (end == INFINITY)
		return -1;
	return end > vnode_now() ? (end - vnode_now()) * 1000 + 1 : 0;
}

static int look_around(struct console *console, const struct pollfd polls[POLL_NR],
		       struct vnode_err *err)
{
	int ret = 0;

	/* POLLERR and POLLNVAL are reported unasked, and again and again */
	if (polls[POLL_CONSOLE].revents & (POLLERR | POLLNVAL))
		return vnode_err(err, EIO, "/dev/vconsole: the device is gone");
	if (polls[POLL_CONSOLE].revents & POLLPRI)
		ret = look_at_console(console, err);
	if (!ret && polls[POLL_VNODE].revents)
		ret = look_at_vnode(console, err);
	if (polls[POLL_RESIZE].revents)
		pass_size(console);
	return ret;
}

static int move_bytes(struct console *console, const struct pollfd polls[POLL_NR],
		      struct vnode_err *err)
{
	int ret = 0;

	if (polls[POLL_STDOUT].revents & POLLOUT)
		ret = write_stdout(console, err);
	else if (polls[POLL_STDOUT].revents)
		return LEAVE;
	if (!ret && polls[POLL_CONSOLE].revents & POLLIN)
		ret = read_console(console, err);
	if (!ret && polls[POLL_CONSOLE].revents & POLLOUT)
		ret = write_console(console, err);
	if (!ret && polls[POLL_STDIN].revents)
		ret = read_stdin(console);
	return ret;
}

/* Report after the output that came before, but do not wait for a vnode that keeps printing. */
static bool is_time_to_tell(const struct console *console, const struct pollfd polls[POLL_NR])
{
	bool asked = polls[POLL_CONSOLE].events & POLLIN;

	if (!console->news)
		return false;
	if (alive(&console->vnode) && vnode_now() >= console->news_by)
		return true;
	return is_complete(console) && asked && !(polls[POLL_CONSOLE].revents & POLLIN);
}

static int step(struct console *console, struct vnode_err *err)
{
	struct pollfd polls[POLL_NR];
	int ret;

	drop_input(console);
	prepare(console, polls);
	if (poll(polls, POLL_NR, wait_ms(console)) < 0)
		return errno == EINTR ? 0 : vnode_err(err, errno, "poll: %s", strerror(errno));
	ret = move_bytes(console, polls, err);
	if (!ret)
		ret = look_around(console, polls, err);
	if (!ret && is_time_to_tell(console, polls))
		ret = tell_news(console);
	if (!ret && console->escaped && vnode_now() >= console->leave_at)
		ret = LEAVE;
	return ret;
}

static void say_hello(struct console *console)
{
	const char *mode = console->config->read_only ? ", read-only" : "";

	if (console->resize_fd >= 0)
		tell(console, "console%s, ^] leaves", mode);
	else
		tell(console, "console%s, until the vnode ends", mode);
}

static int session(struct console *console, struct vnode_err *err)
{
	int ret;

	if (isatty(STDIN_FILENO)) {
		ret = vnode_terminal_raw(err);
		if (ret < 0)
			return ret;
		console->resize_fd = ret;
		pass_size(console);
	}
	say_hello(console);
	ret = look_at_console(console, err);
	if (!ret && !has_ended(&console->vnode) && !(console->status.state & VCONSOLE_CONNECTED))
		tell(console, "its kernel has not loaded the module vconsole yet");
	while (!ret)
		ret = step(console, err);
	if (console->resize_fd >= 0) {
		vnode_terminal_restore();
		if (console->mid_line && isatty(STDERR_FILENO))
			fputc('\n', stderr);
	}
	return ret == LEAVE ? 0 : ret;
}

int vnode_console(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	static struct console console;
	int ret;

	console.config = config;
	console.vnode_fd = fd;
	console.resize_fd = -1;
	console.input = !config->read_only || isatty(STDIN_FILENO);
	console.fd = vnode_vconsole_open(err);
	if (console.fd < 0)
		return console.fd;
	ret = attach(&console, err);
	return ret ?: session(&console, err);
}
