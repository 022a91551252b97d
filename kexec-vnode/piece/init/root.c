// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without an initrd, and so without its /init: mounts the root file system that root=
 * names, changes to it, and starts its init. The words are the kernel's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define NEW_ROOT	DIR "/root"
#define ROOT_S		30	/* for the root file system to appear */
#define TICK_NS		20000000

/* The kernel panics when its first program ends, and root is told. */
static void __attribute__((noreturn)) give_up(const char *what, int err)
{
	say("<2>%s: %s", what, strerror(err));
	exit(1);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int try_types(const char *source, char *types, unsigned long flags, const char *data)
{
	char *type, *rest;
	int err = ENODEV;

	for (type = strtok_r(types, ",", &rest); type; type = strtok_r(NULL, ",", &rest)) {
		if (!mount(source, NEW_ROOT, type, flags, data))
			return 0;
		/* EINVAL: not a file system of this type, or not of these options */
		if (errno != ENODEV)
			err = errno;
	}
	return err;
}

/* All file systems that are on devices, as the kernel tries them */
static void known_types(char *types, size_t size)
{
	FILE *file = fopen(PROC "/filesystems", "re");
	char line[80];
	size_t used = 0;

	*types = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '\t' && used < size)
			used += snprintf(types + used, size - used, "%s%s", used ? "," : "",
					 line + 1);
	}
	if (file)
		fclose(file);
}

/* "/dev/vda" is on our devtmpfs; anything else is what the file system calls it. */
static void source_of(const char *root, char *source, size_t size)
{
	snprintf(source, size, "%s%s", strncmp(root, "/dev/", 5) ? "" : DIR, root);
}

static void mount_root(const char *root)
{
	unsigned long flags = cmdline_has("rw") ? 0 : MS_RDONLY;
	char source[300], types[512], again[512], data[512];
	const struct timespec tick = { .tv_nsec = TICK_NS };
	time_t end = seconds() + ROOT_S;
	const char *value;
	int err;

	source_of(root, source, sizeof(source));
	value = cmdline_value("rootflags");
	snprintf(data, sizeof(data), "%s", value ?: "");
	value = cmdline_value("rootfstype");
	snprintf(types, sizeof(types), "%s", value ?: "");
	if (!value)
		known_types(types, sizeof(types));
	for (;;) {
		strcpy(again, types);
		err = try_types(source, again, flags, data);
		if (!err)
			return;
		if (seconds() >= end)
			give_up(root, err);
		nanosleep(&tick, NULL);
	}
}

/* The memory of the piece is free again; nothing else is in this file system. */
static void remove_piece(void)
{
	FILE *order = fopen(DIR "/order", "re");
	char line[96], path[160];

	while (order && fgets(line, sizeof(line), order)) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), DIR "/modules/%s", line);
		unlink(path);
	}
	if (order)
		fclose(order);
	unlink(DIR "/order");
	unlink(DIR "/init");
}

/* Behind it are the arguments that the kernel gave us. */
static void start_init(char **argv)
{
	static const char *const inits[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	const char *init = cmdline_value("init");
	size_t i;

	if (init) {
		argv[0] = strdup(init);
		execv(argv[0], argv);
		give_up(argv[0], errno);
	}
	for (i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
		argv[0] = (char *)inits[i];
		execv(inits[i], argv);
	}
	give_up("no init in the root file system", ENOENT);
}

void root_enter(char **argv)
{
	const char *value = cmdline_value("root");
	unsigned int done = 0;
	char root[256];
	int err;

	if (!value)
		give_up("no initrd, and no root= on the command line", ENOENT);
	snprintf(root, sizeof(root), "%s", value);
	mkdir(NEW_ROOT, 0755);
	mount_root(root);
	remove_piece();
	umount2(PROC, MNT_DETACH);
	/* as the kernel mounts it: where there is a directory for it */
	if (mount(DEV, NEW_ROOT "/dev", NULL, MS_MOVE, NULL))
		umount2(DEV, MNT_DETACH);
	if (chdir(NEW_ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		give_up(root, errno);
	err = fs_mount_all(&done);
	if (err)
		say("<3>vnode.fs: %s", strerror(-err));
	start_init(argv);
	__builtin_unreachable();
}
