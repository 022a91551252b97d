// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/exec/session.c: a command's whole life, in a session whose bridge is memory of
 * this process. Calls that need a bridge or root are replaced, and two that tell the moment
 * at which a client takes output.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/agent.h"
#include "exec/exec.h"
#include "ktap.h"

/* More than a stream holds, by what fits into the smallest pipe. */
#define MORE	2048
#define LENGTH	(EXEC_STREAM + MORE)

static struct exec_session session;
static size_t arrived;
static bool ended;		/* the command */
static int bell;		/* of the session's bridge */
static struct exec_stream output = {
	session.out, &session.server.out_put, &session.client.out_taken, 0,
};

int ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	(void)request;
	return 0;
}

int chroot(const char *path)
{
	(void)path;
	return 0;
}

int chdir(const char *path)
{
	(void)path;
	return 0;
}

int fchdir(int fd)
{
	(void)fd;
	return 0;
}

int agent_root(void)
{
	return dup(STDIN_FILENO);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	ended = true;
	return wait4(pid, status, options, NULL);
}

static void take_output(void)
{
	uint32_t held = exec_stream_held(&output);

	arrived += held;
	output.at += held;
	*output.taken = output.at;
}

/* The agent reads errors after output: the client finds it between the two. */
ssize_t read(int fd, void *to, size_t len)
{
	if (ended)
		take_output();
	return syscall(SYS_read, fd, to, len);
}

/* If errors had their end before the command: when the agent waits for the client */
int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
	if (ended) {
		take_output();
		eventfd_write(bell, 1);
	}
	return syscall(SYS_poll, fds, nr, timeout);
}

/* Return: the command's status, -1 if it was refused. */
static int run(const char *const args[])
{
	char *at = session.client.words;

	memset(&session, 0, sizeof(session));
	session.client.version = EXEC_VERSION;
	session.client.in_end = 1;
	for (; *args; args++, session.client.nr_args++)
		at = stpcpy(at, *args) + 1;
	bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	output.at = 0;
	arrived = 0;
	ended = false;
	agent_session(bell, &session);
	close(bell);
	take_output();
	return session.server.state == EXEC_DONE ? (int)session.server.status : -1;
}

static void output_is_whole(void)
{
	char length[16];
	const char *const zeros[] = { "head", "-c", length, "/dev/zero", NULL };

	snprintf(length, sizeof(length), "%d", LENGTH);
	KTAP_CHECK_EQ(run(zeros), 0);
	KTAP_CHECK_EQ(arrived, LENGTH);
}

/* What a child of the command keeps open does not hold the session. */
static void ends_with_the_command(void)
{
	static const char *const leaves[] = { "sh", "-c", "sleep 1000 & echo $!; exit 4", NULL };

	KTAP_CHECK_EQ(run(leaves), 4);
	KTAP_CHECK(atoi((char *)session.out) > 1 && !kill(atoi((char *)session.out), SIGKILL));
}

static void no_command(void)
{
	static const char *const none[] = { "no-such-command", NULL };

	KTAP_CHECK_EQ(run(none), 127);
}

static const struct ktap_test tests[] = {
	{ "what a command wrote before it ended arrives", output_is_whole },
	{ "a child that keeps the output open", ends_with_the_command },
	{ "no such command", no_command },
};

int main(void)
{
	alarm(60);
	return ktap_run(tests, KTAP_NR(tests));
}
