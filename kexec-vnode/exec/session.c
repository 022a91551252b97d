// SPDX-License-Identifier: GPL-2.0-only
/*
 * One command of a client: started in the root directory of process 1, its streams moved
 * between pipes or a terminal and the session's bridge, its end told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>
#include <linux/bridge.h>

#include "agent.h"
#include "exec.h"

#define NO_COMMAND	127	/* exit statuses as of a shell */
#define NOT_EXECUTABLE	126

static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* What a login would set; the client's variables replace them. */
static const char *const usual[] = { path, "HOME=/root", "USER=root", "LOGNAME=root" };

/**
 * struct job - a command that runs
 * @agent: whose session it is
 * @owner: the kernel that the command comes from
 * @fd: the client's bridge
 * @shared: the content of that bridge
 * @pid: of the command, which leads a process group
 * @pidfd: -1 once it has ended
 * @in: takes its input; -1 at the end of it
 * @out: gives its output; -1 at the end of it
 * @err: the same; -1 with a terminal
 * @tty: @in and @out are one terminal
 * @signals: how many of the client's signals were delivered
 * @size: of the terminal, as last set
 * @status: exit status
 */
struct job {
	const struct agent *agent;
	unsigned int owner;
	int fd;
	struct exec_session *shared;
	pid_t pid;
	int pidfd;
	int in, out, err;
	bool tty;
	uint32_t signals, size;
	uint32_t status;
	struct exec_stream from_client, output, errors;
};

static uint32_t word(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* ---- the start ---- */

/* Variables and arguments, each list ended by NULL; points into @words. */
struct command {
	char words[EXEC_WORDS + 1];
	char viewer[32];
	char *env[64];
	char *args[1025];
};

static char *take_words(char *at, char *end, char **list, uint32_t nr)
{
	while (at && nr--) {
		*list++ = at;
		at = memchr(at, '\0', end - at);
		at = at && ++at <= end ? at : NULL;
	}
	*list = NULL;
	return at;
}

static int take_command(struct command *command, const struct exec_client *client)
{
	const unsigned int nr_usual = sizeof(usual) / sizeof(*usual);
	uint32_t nr_env = word(&client->nr_env), nr_args = word(&client->nr_args);
	char *at = command->words, *end = at + EXEC_WORDS;
	unsigned int i;

	if (word(&client->version) != EXEC_VERSION)
		return -EPROTONOSUPPORT;
	if (nr_env + nr_usual >= 64 || !nr_args || nr_args >= 1024)
		return -E2BIG;
	/* a copy: the client may go on writing */
	memcpy(command->words, client->words, EXEC_WORDS);
	for (i = 0; i < nr_usual; i++)
		command->env[i] = (char *)usual[i];
	at = take_words(at, end, command->env + nr_usual, nr_env);
	at = take_words(at, end, command->args, nr_args);
	return at ? 0 : -EINVAL;
}

/* In the child. Where process 1 is may change with each command: it leaves the initramfs. */
static int enter_root(const struct job *job)
{
	int root = openat(job->agent->proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || fchdir(root) || chroot("."))
		return -errno;
	close(root);
	return chdir("/root") && chdir("/") ? -errno : 0;
}

static void set_environment(char *const env[])
{
	clearenv();
	for (; *env; env++)
		if (strchr(*env, '='))
			putenv(*env);
}

static void __attribute__((noreturn)) run(const struct job *job, const struct command *command)
{
	const char *program = job->agent->program ?: command->args[0];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	set_environment(command->env);
	execvp(program, command->args);
	dprintf(STDERR_FILENO, "%s: %s\n", program,
		errno == ENOENT ? "command not found" : strerror(errno));
	_exit(errno == ENOENT ? NO_COMMAND : NOT_EXECUTABLE);
}

static int size_of(uint32_t size, struct winsize *window)
{
	*window = (struct winsize){ .ws_row = size >> 16, .ws_col = size & 0xffff };
	return window->ws_row && window->ws_col;
}

/* The terminal is one of process 1's /dev/pts. Return: the command's pid. */
static pid_t start_in_terminal(struct job *job, const struct command *command)
{
	struct winsize window;
	int fds[2];
	pid_t pid;

	if (enter_root(job))
		return -1;
	job->size = word(&job->shared->client.size);
	if (openpty(&fds[0], &fds[1], NULL, NULL, size_of(job->size, &window) ? &window : NULL))
		return -1;
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (!pid) {
		login_tty(fds[1]);
		run(job, command);
	}
	close(fds[1]);
	job->out = fds[0];
	job->in = dup(fds[0]);
	return pid;
}

static pid_t start_with_pipes(struct job *job, const struct command *command)
{
	int in[2], out[2], err[2];
	pid_t pid;

	if (enter_root(job) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(err, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		setsid();
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		run(job, command);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	job->in = in[1];
	job->out = out[0];
	job->err = err[0];
	return pid;
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* The agent's program in the client's name: its option comes before those of the client. */
static void force_program(const struct job *job, struct command *command)
{
	unsigned int nr = 1;

	while (command->args[nr])
		nr++;
	memmove(&command->args[2], &command->args[1], nr * sizeof(*command->args));
	snprintf(command->viewer, sizeof(command->viewer), "--vnode-viewer=%u", job->owner);
	command->args[1] = command->viewer;
	command->env[sizeof(usual) / sizeof(*usual)] = NULL;
}

static int job_start(struct job *job)
{
	static struct command command;
	int ret = take_command(&command, &job->shared->client);

	if (ret)
		return ret;
	if (job->agent->program)
		force_program(job, &command);
	else
		job->tty = word(&job->shared->client.flags) & EXEC_TTY;
	job->pid = job->tty ? start_in_terminal(job, &command) : start_with_pipes(job, &command);
	if (job->pid < 0)
		return -errno;
	job->pidfd = syscall(SYS_pidfd_open, job->pid, 0);
	set_nonblocking(job->in);
	set_nonblocking(job->out);
	set_nonblocking(job->err);
	return job->pidfd < 0 ? -errno : 0;
}

/* ---- while it runs ---- */

static void ring(const struct job *job)
{
	ioctl(job->fd, BRIDGE_IOC_RING);
}

static void tell(struct job *job, enum exec_state state, uint32_t status)
{
	job->shared->server.status = status;
	__atomic_store_n(&job->shared->server.state, state, __ATOMIC_RELEASE);
	ring(job);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * A pipe ends when the command has ended and what it had written is read; what its children
 * write there later is lost. A terminal passes output on with a delay, and ends once its
 * session leader has (EIO).
 */
static bool is_end(const struct job *job, ssize_t len)
{
	return len == 0 || len == -EIO || (len == -EAGAIN && job->pidfd < 0 && !job->tty);
}

/* Return: false if there was nothing to read, or no room for it. */
static bool move_output(const struct job *job, struct exec_stream *stream, int *fd, bool *bell)
{
	ssize_t len;

	if (*fd < 0 || !exec_stream_room(stream))
		return false;
	len = exec_stream_fill(stream, *fd, bell);
	if (is_end(job, len))
		shut(fd);
	return len > 0;
}

/* The end of input is a key to a terminal. */
static void end_input(struct job *job)
{
	static const char end = 4;	/* ^D */

	if (job->tty && write(job->in, &end, 1) < 0)
		return;
	shut(&job->in);
}

static bool move_input(struct job *job, bool *bell)
{
	bool ended = word(&job->shared->client.in_end);
	ssize_t len;

	if (job->in < 0)
		return false;
	if (!exec_stream_held(&job->from_client)) {
		if (ended)
			end_input(job);
		return false;
	}
	len = exec_stream_drain(&job->from_client, job->in, bell);
	if (len < 0 && len != -EAGAIN)
		shut(&job->in);
	return len > 0;
}

static void take_signals(struct job *job)
{
	const struct exec_client *client = &job->shared->client;
	uint32_t sent = word(&client->signals), size = word(&client->size);
	struct winsize window;
	uint8_t sig;

	if (sent - job->signals > EXEC_SIGNALS)
		job->signals = sent - EXEC_SIGNALS;
	for (; job->signals != sent; job->signals++) {
		sig = __atomic_load_n(&client->signal[job->signals % EXEC_SIGNALS],
				      __ATOMIC_RELAXED);
		if (sig && sig <= SIGRTMAX)
			kill(-job->pid, sig);
	}
	if (job->tty && job->out >= 0 && size != job->size && size_of(size, &window))
		ioctl(job->out, TIOCSWINSZ, &window);
	job->size = size;
}

static void job_ended(struct job *job)
{
	int status;

	if (waitpid(job->pid, &status, 0) != job->pid)
		status = NO_COMMAND << 8;
	job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	shut(&job->pidfd);
	shut(&job->in);
}

/* Return: false if the client is gone. */
static bool job_wait(struct job *job)
{
	bool has_input = exec_stream_held(&job->from_client);
	struct pollfd fds[] = {
		{ .fd = job->fd, .events = POLLIN },
		{ .fd = job->pidfd, .events = POLLIN },
		{ .fd = exec_stream_room(&job->output) ? job->out : -1, .events = POLLIN },
		{ .fd = exec_stream_room(&job->errors) ? job->err : -1, .events = POLLIN },
		{ .fd = has_input ? job->in : -1, .events = POLLOUT },
	};
	uint64_t rings;

	if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0)
		return true;
	if (fds[0].revents & POLLHUP)
		return false;
	if (fds[0].revents & POLLIN && read(job->fd, &rings, sizeof(rings)) < 0)
		return errno == EAGAIN;
	if (fds[1].revents)
		job_ended(job);
	return true;
}

static bool job_step(struct job *job)
{
	bool bell = false, moved;

	take_signals(job);
	moved = move_output(job, &job->output, &job->out, &bell);
	moved |= move_output(job, &job->errors, &job->err, &bell);
	moved |= move_input(job, &bell);
	if (bell)
		ring(job);
	return moved;
}

static bool job_is_done(const struct job *job)
{
	return job->pidfd < 0 && job->out < 0 && job->err < 0;
}

static void streams_init(struct job *job)
{
	struct exec_session *shared = job->shared;

	job->from_client = (struct exec_stream){ shared->in, &shared->client.in_put,
						 &shared->server.in_taken, 0 };
	job->output = (struct exec_stream){ shared->out, &shared->server.out_put,
					    &shared->client.out_taken, 0 };
	job->errors = (struct exec_stream){ shared->err, &shared->server.err_put,
					    &shared->client.err_taken, 0 };
}

int agent_session(const struct agent *agent, int fd, unsigned int owner,
		  struct exec_session *session)
{
	struct job job = {
		.agent = agent, .owner = owner, .fd = fd, .shared = session,
		.pidfd = -1, .in = -1, .out = -1, .err = -1,
	};
	int ret;

	streams_init(&job);
	signal(SIGPIPE, SIG_IGN);
	ret = job_start(&job);
	if (ret) {
		tell(&job, EXEC_REFUSED, -ret);
		return 1;
	}
	tell(&job, EXEC_RUNS, 0);
	for (;;) {
		if (job_step(&job))
			continue;
		if (job_is_done(&job))
			break;
		if (!job_wait(&job)) {
			/* as when a terminal is closed */
			if (job.pidfd >= 0)
				kill(-job.pid, SIGHUP);
			return 1;
		}
	}
	tell(&job, EXEC_DONE, job.status);
	return 0;
}
