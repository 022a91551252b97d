// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent runs commands in its vnode for other kernels; vnode/exec.h is the contract.
 *
 * It is started in the initramfs, before the distribution's init, and survives that: its
 * name begins with '@', so systemd spares it when it leaves the initramfs and until the
 * very end; what it needs of /dev and /proc it has mounted for itself, detached, so it
 * depends on no directory; and each command runs where process 1 has its root directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent.h"

#define ATTACH_S	120	/* for its kernel to attach to root, and after a reload */
#define RETRY_MS	100

static struct agent agent = { .dev = -1, .proc = -1 };

static void complain(const char *what, int errnum)
{
	int fd = openat(agent.dev, "kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "<4>vnode-agent: %s: %s\n", what, strerror(errnum));
	close(fd);
}

/* A file system of its own, in no directory. */
static int mount_detached(const char *type)
{
	int fd = fsopen(type, FSOPEN_CLOEXEC), at = -1;

	if (fd >= 0 && !fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		at = fsmount(fd, FSMOUNT_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	return at;
}

/* Return: bytes without the newline, or -1. */
static ssize_t read_text(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return -1;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return len;
}

/* Ids of the vnodes that are trusted, from "vnode.exec=0,2" */
static void read_trusted(void)
{
	char text[4096], *word, *end;
	unsigned long id;

	agent.trusted[0] = 1;
	if (read_text(agent.proc, "cmdline", text, sizeof(text)) < 0)
		return;
	for (word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		if (strncmp(word, "vnode.exec=", 11))
			continue;
		for (word += 11; *word; word = end + (*end == ',')) {
			id = strtoul(word, &end, 10);
			if (end == word || (*end && *end != ',') || id > 255) {
				complain("vnode.exec: want ids of vnodes, 0 to 255", EINVAL);
				return;
			}
			agent.trusted[id / 64] |= 1ULL << id % 64;
		}
	}
}

static int read_id(void)
{
	char text[16];
	int sysfs = mount_detached("sysfs");
	ssize_t len = read_text(sysfs, "kernel/adeos/id", text, sizeof(text));

	if (sysfs >= 0)
		close(sysfs);
	if (len < 1)
		return -ENOENT;
	agent.id = atoi(text);
	return 0;
}

/* Its kernel may not be attached yet, and a former agent's bridge may still be there. */
static int announce(void)
{
	int tries, ret = -ENOTCONN;

	for (tries = ATTACH_S * 1000 / RETRY_MS; ret && tries; tries--) {
		if (ret != -ENOTCONN || tries < ATTACH_S * 1000 / RETRY_MS)
			usleep(RETRY_MS * 1000);
		ret = read_id() ?: agent_announce(&agent, agent.trusted);
	}
	return ret;
}

static void serve(void)
{
	uint64_t rings;
	int flags = fcntl(agent.fd, F_GETFL);

	fcntl(agent.fd, F_SETFL, flags & ~O_NONBLOCK);
	/* 0 bytes: the bridge is revoked, since the nanokernel was unloaded */
	while (read(agent.fd, &rings, sizeof(rings)) != 0)
		agent_serve(&agent);
}

static void let_go_of_console(void)
{
	int fd = openat(agent.dev, "null", O_RDWR | O_CLOEXEC);

	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

int agent_main(void)
{
	agent.proc = mount_detached("proc");
	agent.dev = mount_detached("devtmpfs");
	if (agent.proc < 0 || agent.dev < 0) {
		complain("cannot mount proc and devtmpfs", errno);
		return 1;
	}
	let_go_of_console();
	setsid();
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	read_trusted();
	for (;;) {
		int ret = announce();

		if (ret) {
			complain("no bridge", -ret);
			return 1;
		}
		serve();
		close(agent.fd);
	}
}
