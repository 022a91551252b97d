// SPDX-License-Identifier: GPL-2.0-only
/* --exec -- COMMAND: the client; vnode/exec.h is the contract. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <linux/bridge.h>
#include <linux/vnode.h>
#include <vnode/exec.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "console/console.h"
#include "device.h"
#include "exec.h"

#define AGENT_S		10	/* for the agent of a vnode that has just come up */
#define LOOK_S		0.1

/**
 * struct client - a command in another kernel
 * @config: the command line
 * @agent: the agent's bridge, revoked when it or its kernel ends
 * @fd: the session's bridge
 * @shared: its content
 * @signals_fd: signals to pass on; with a terminal, changes of its size
 * @in: position in the input; @out, @err: in what the command writes
 * @stdin_open: input may follow
 */
struct client {
	const struct vnode_config *config;
	int agent;
	int fd;
	struct exec_session *shared;
	int signals_fd;
	struct exec_stream in, out, err;
	bool stdin_open;
};

static uint32_t word(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void put_word(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

static int bridge(unsigned long request, void *arg)
{
	return exec_bridge(AT_FDCWD, "/dev/bridge", request, arg);
}

/* ---- the beginning ---- */

/* A vnode does not know the state of others. */
static int lives(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	int ret;

	if (fd < 0)
		return 0;
	ret = vnode_device_status(fd, config->id, false, &status, cpus, err);
	if (ret)
		return ret;
	if (!vnode_state_lives(status.state) && !status.restarting)
		return vnode_err(err, ECANCELED, "vnode %u does not run (see kexec --vnode=%u -S)",
				 config->id, config->id);
	return 0;
}

static int find_agent(struct client *client, int fd, struct vnode_err *err)
{
	unsigned int id = client->config->id;
	double end = vnode_now() + AGENT_S;
	struct bridge_open open;
	int ret;

	for (;;) {
		open = (struct bridge_open){};
		snprintf(open.name, sizeof(open.name), EXEC_NAME, id);
		client->agent = bridge(BRIDGE_IOC_OPEN, &open);
		if (client->agent >= 0)
			return 0;
		ret = lives(fd, client->config, err);
		if (ret)
			return ret;
		if (client->agent == -EACCES)
			return vnode_err(err, EACCES,
					 "vnode %u: its agent does not serve this user or this vnode: add vnode.exec=IDS to its command line",
					 id);
		if (client->agent != -ENOENT)
			return vnode_err(err, client->agent, "/dev/bridge: %s",
					 strerror(-client->agent));
		if (!id)
			return vnode_err(err, ESRCH, "root serves no viewers");
		if (vnode_now() >= end)
			return vnode_err(err, ENOENT, "vnode %u: no agent runs there, so it cannot run commands (see its --log)",
					 id);
		if (fd < 0)
			usleep(LOOK_S * 1e6);
		else
			ret = vnode_device_poll(fd, LOOK_S, err);
		if (ret)
			return ret;
	}
}

static int create_session(struct client *client, struct vnode_err *err)
{
	unsigned int id = client->config->id, number;
	struct bridge_create create;

	client->fd = -EEXIST;
	for (number = 0; client->fd == -EEXIST && number < EXEC_SESSIONS; number++) {
		create = (struct bridge_create){
			.size = sizeof(struct exec_session),
			.flags = BRIDGE_GLOBAL | BRIDGE_ACCESS, .mode = 0600,
		};
		create.access[id / 64] = 1ULL << id % 64;
		snprintf(create.name, sizeof(create.name), EXEC_SESSION_NAME, id, number);
		client->fd = bridge(BRIDGE_IOC_CREATE, &create);
	}
	if (client->fd == -EEXIST)
		return vnode_err(err, EBUSY, "vnode %u runs %d commands already: end one of them",
				 id, EXEC_SESSIONS);
	if (client->fd < 0)
		return vnode_err(err, client->fd, "vnode %u: no bridge for the command: %s", id,
				 strerror(-client->fd));
	client->shared = mmap(NULL, sizeof(*client->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			      client->fd, 0);
	if (client->shared == MAP_FAILED)
		return vnode_err(err, errno, "/dev/bridge: mmap: %s", strerror(errno));
	return 0;
}

static int add_word(struct exec_client *words, size_t *len, const char *text, uint32_t *nr,
		    struct vnode_err *err)
{
	size_t size = strlen(text) + 1;

	if (size > EXEC_WORDS - *len)
		return vnode_err(err, E2BIG, "the command is too long: at most %d bytes",
				 EXEC_WORDS);
	memcpy(words->words + *len, text, size);
	*len += size;
	++*nr;
	return 0;
}

/* As ssh does */
static bool passes(const char *variable, bool tty)
{
	return !strncmp(variable, "LANG=", 5) || !strncmp(variable, "LC_", 3) ||
	       (tty && !strncmp(variable, "TERM=", 5));
}

static uint32_t window(void)
{
	struct winsize size;

	return ioctl(STDIN_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_row << 16 | size.ws_col;
}

static int ask(struct client *client, struct vnode_err *err)
{
	const struct vnode_config *config = client->config;
	struct exec_client *words = &client->shared->client;
	uint32_t nr_env = 0, nr_args = 0;
	char **at;
	size_t len = 0;
	int ret = 0;

	for (at = environ; *at && !ret && nr_env < 32; at++)
		if (passes(*at, config->tty))
			ret = add_word(words, &len, *at, &nr_env, err);
	for (at = config->command; *at && !ret; at++)
		ret = add_word(words, &len, *at, &nr_args, err);
	if (ret)
		return ret;
	words->version = EXEC_VERSION;
	words->flags = config->tty ? EXEC_TTY : 0;
	words->size = config->tty ? window() : 0;
	words->nr_env = nr_env;
	words->nr_args = nr_args;
	put_word(&words->magic, EXEC_MAGIC);
	if (ioctl(client->agent, BRIDGE_IOC_RING))
		return vnode_err(err, errno, "vnode %u: its agent has ended", config->id);
	return 0;
}

/* ---- signals ---- */

static int catch_signals(const struct vnode_config *config, struct vnode_err *err)
{
	static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM };
	sigset_t set;
	size_t i;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (config->tty)
		return vnode_terminal_raw(err);
	sigemptyset(&set);
	for (i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		sigaddset(&set, passed[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? vnode_err(err, errno, "signalfd: %s", strerror(errno)) : fd;
}

static void pass_signals(struct client *client)
{
	struct exec_client *mine = &client->shared->client;
	struct signalfd_siginfo info;

	while (read(client->signals_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			put_word(&mine->size, window());
			continue;
		}
		mine->signal[mine->signals % EXEC_SIGNALS] = info.ssi_signo;
		put_word(&mine->signals, mine->signals + 1);
	}
	ioctl(client->fd, BRIDGE_IOC_RING);
}

/* ---- the session ---- */

/* Return: bytes moved, 0 or a negative errno. */
static ssize_t move_output(struct exec_stream *stream, int fd, bool *bell)
{
	ssize_t len = exec_stream_held(stream) ? exec_stream_drain(stream, fd, bell) : 0;

	return len == -EAGAIN || len == -EINTR ? 0 : len;
}

static void move_input(struct client *client, bool *bell)
{
	ssize_t len = exec_stream_fill(&client->in, STDIN_FILENO, bell);

	if (len > 0 || len == -EAGAIN || len == -EINTR)
		return;
	client->stdin_open = false;
	put_word(&client->shared->client.in_end, 1);
	*bell = true;
}

enum { POLL_SESSION, POLL_AGENT, POLL_SIGNALS, POLL_STDIN, POLL_STDOUT, POLL_STDERR, POLL_NR };

static void wait_for_news(struct client *client, struct pollfd fds[POLL_NR])
{
	bool room = client->stdin_open && exec_stream_room(&client->in);
	bool out = exec_stream_held(&client->out), errors = exec_stream_held(&client->err);
	uint64_t rings;

	fds[POLL_SESSION] = (struct pollfd){ .fd = client->fd, .events = POLLIN };
	fds[POLL_AGENT] = (struct pollfd){ .fd = client->agent };
	fds[POLL_SIGNALS] = (struct pollfd){ .fd = client->signals_fd, .events = POLLIN };
	fds[POLL_STDIN] = (struct pollfd){ .fd = room ? STDIN_FILENO : -1, .events = POLLIN };
	fds[POLL_STDOUT] = (struct pollfd){ .fd = out ? STDOUT_FILENO : -1, .events = POLLOUT };
	fds[POLL_STDERR] = (struct pollfd){ .fd = errors ? STDERR_FILENO : -1, .events = POLLOUT };
	if (poll(fds, POLL_NR, -1) < 0)
		memset(fds, 0, POLL_NR * sizeof(*fds));
	if (fds[POLL_SESSION].revents & POLLIN && read(client->fd, &rings, sizeof(rings)) < 0)
		fds[POLL_SESSION].revents = 0;
}

/* Return: 1 until the command's end is known and all its output is written; then 0. */
static int step(struct client *client, int *status, struct vnode_err *err)
{
	const struct exec_server *server = &client->shared->server;
	uint32_t state = word(&server->state);
	struct pollfd fds[POLL_NR];
	ssize_t out = 0, errors = 0;
	bool bell = false;

	if (state == EXEC_REFUSED)
		return vnode_err(err, server->status, "vnode %u: its agent cannot run it: %s",
				 client->config->id, strerror(server->status));
	if (state == EXEC_DONE && !exec_stream_held(&client->out) &&
	    !exec_stream_held(&client->err)) {
		*status = server->status & 0xff;
		return 0;
	}
	wait_for_news(client, fds);
	if (fds[POLL_STDOUT].revents)
		out = move_output(&client->out, STDOUT_FILENO, &bell);
	if (fds[POLL_STDERR].revents)
		errors = move_output(&client->err, STDERR_FILENO, &bell);
	if (fds[POLL_STDIN].revents)
		move_input(client, &bell);
	if (fds[POLL_SIGNALS].revents)
		pass_signals(client);
	if (bell)
		ioctl(client->fd, BRIDGE_IOC_RING);
	/* as a program that runs here and writes to a closed pipe */
	if (out == -EPIPE || errors == -EPIPE) {
		*status = 128 + SIGPIPE;
		return 0;
	}
	if (out < 0 || errors < 0)
		return vnode_err(err, out ?: errors, "cannot write the output: %s",
				 strerror(-(out ?: errors)));
	if (fds[POLL_AGENT].revents & POLLHUP && word(&server->state) != EXEC_DONE &&
	    !exec_stream_held(&client->out))
		return vnode_err(err, ECONNRESET, "vnode %u ended, or its agent, before the command did (see kexec --vnode=%u -S)",
				 client->config->id, client->config->id);
	return 1;
}

static void streams_init(struct client *client)
{
	struct exec_session *shared = client->shared;

	client->in = (struct exec_stream){ shared->in, &shared->client.in_put,
					   &shared->server.in_taken, 0 };
	client->out = (struct exec_stream){ shared->out, &shared->server.out_put,
					    &shared->client.out_taken, 0 };
	client->err = (struct exec_stream){ shared->err, &shared->server.err_put,
					    &shared->client.err_taken, 0 };
	client->stdin_open = true;
}

int vnode_run(int fd, const struct vnode_config *config, int *status, struct vnode_err *err)
{
	struct client client = { .config = config };
	int ret;

	if (config->tty && !isatty(STDIN_FILENO))
		return vnode_err(err, EINVAL, "-t: standard input is not a terminal");
	ret = find_agent(&client, fd, err) ?: create_session(&client, err) ?: ask(&client, err);
	if (ret)
		return ret;
	streams_init(&client);
	client.signals_fd = catch_signals(config, err);
	if (client.signals_fd < 0)
		return client.signals_fd;
	do {
		ret = step(&client, status, err);
	} while (ret == 1);
	if (config->tty)
		vnode_terminal_restore();
	return ret;
}
