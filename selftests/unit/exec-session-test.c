// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/exec/session.c: a command's whole life, in a session whose bridge is memory of
 * this process. Calls that need a bridge or root are replaced, and those that tell the
 * moment at which a client takes output.
 */
#define _GNU_SOURCE
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

static const struct agent agent;
static struct exec_session session;
static size_t arrived;
static bool ended;		/* the command */
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

/* The root directory of process 1 */
int openat(int dir, const char *path, int flags, ...)
{
	(void)dir;
	(void)path;
	(void)flags;
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

/* Return: the command's status, -1 if it was refused. */
static int run(const char *const args[])
{
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	char *at = session.client.words;

	memset(&session, 0, sizeof(session));
	session.client.version = EXEC_VERSION;
	session.client.in_end = 1;
	for (; *args; args++, session.client.nr_args++)
		at = stpcpy(at, *args) + 1;
	output.at = 0;
	arrived = 0;
	ended = false;
	agent_session(&agent, bell, 0, &session);
	close(bell);
	take_output();
	return session.server.state == EXEC_DONE ? (int)session.server.status : -1;
}

static void kill_child(const uint8_t *pid)
{
	KTAP_CHECK(atoi((const char *)pid) > 1 && !kill(atoi((const char *)pid), SIGKILL));
}

/* A child keeps the errors open, so that the agent reads there once the command has ended. */
static void output_is_whole(void)
{
	char script[80];
	const char *const args[] = { "sh", "-c", script, NULL };

	snprintf(script, sizeof(script), "sleep 1000 > /dev/null & echo $! >&2; exec head -c %d /dev/zero",
		 LENGTH);
	KTAP_CHECK_EQ(run(args), 0);
	KTAP_CHECK_EQ(arrived, LENGTH);
	kill_child(session.err);
}

/* What a child of the command keeps open does not hold the session. */
static void ends_with_the_command(void)
{
	static const char *const leaves[] = { "sh", "-c", "sleep 1000 & echo $!; exit 4", NULL };

	KTAP_CHECK_EQ(run(leaves), 4);
	kill_child(session.out);
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
