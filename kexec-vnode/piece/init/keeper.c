// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that outlives the initrd, for what can only be done around its end: it stays in
 * the initramfs when the first program changes to the root file system.
 *
 *	/run is mounted		by the initrd, which moves it to the root file system
 *	the root changes	of process 1, which then becomes the init of that system
 *
 * It waits for events of /proc/self/mountinfo. Nothing tells of a chroot() and of an
 * execve(): it looks every TICK_MS as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define TICK_MS		50
#define SWITCH_S	600	/* for the root file system: a server may have to start */
#define MOUNT_S		60	/* for what is mounted there, which may be read-only at first */

static int mountinfo = -1;

static dev_t device_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_dev;
}

static bool run_is_there(void)
{
	dev_t run = device_of("/run");

	return run && run != device_of("/");
}

/* And it is its new program: that of the initrd is on the initramfs. */
static bool has_switched(void)
{
	dev_t old = device_of("/"), root = device_of(PROC "/1/root/.");
	dev_t exe = device_of(PROC "/1/exe");

	return root && root != old && exe && exe != old;
}

static bool is_systemd(void)
{
	char exe[256], *name;
	ssize_t len = readlink(PROC "/1/exe", exe, sizeof(exe) - 1);

	exe[len > 0 ? len : 0] = '\0';
	name = strrchr(exe, '/');
	return name && !strcmp(name, "/systemd");
}

static void wait_for_event(void)
{
	struct pollfd pollfd = { .fd = mountinfo, .events = POLLPRI };

	poll(&pollfd, 1, TICK_MS);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static bool await(bool (*is_so)(void), double seconds)
{
	double end = now() + seconds;

	while (!is_so()) {
		if (now() >= end)
			return false;
		wait_for_event();
	}
	return true;
}

static bool run_or_switched(void)
{
	return run_is_there() || has_switched();
}

static int enter_root(void)
{
	if (chdir(PROC "/1/root") || umount2(PROC, MNT_DETACH) || chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

static void mount_there(void)
{
	double end = now() + MOUNT_S;
	unsigned int done = 0;
	int err = enter_root();

	while (!err) {
		err = fs_mount_all(&done);
		if (!err)
			return;
		if (now() >= end)
			break;
		wait_for_event();
		err = 0;
	}
	say("<3>vnode.fs: %s", strerror(-err));
}

static void __attribute__((noreturn)) keep(void)
{
	bool units = false;

	mountinfo = open(PROC "/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (await(run_or_switched, SWITCH_S) && run_is_there()) {
		fs_write_units();
		units = true;
	}
	if (!await(has_switched, SWITCH_S))
		say("<3>vnode.fs: no root file system within %d s", SWITCH_S);
	else if (!units || !is_systemd())
		mount_there();
	umount2(PROC, MNT_DETACH);
	_exit(0);
}

bool keeper_start(char *argv0)
{
	pid_t pid;

	if (!fs_wanted())
		return false;
	pid = fork();
	if (pid < 0)
		say("<3>vnode.fs: %s", strerror(errno));
	if (pid)
		return pid > 0;
	setsid();
	/* systemd leaves processes of this name alone when it ends those of the initrd */
	*argv0 = '@';
	keep();
}
