// SPDX-License-Identifier: GPL-2.0-only
/*
 * The back end of a disk reads what a vnode has written. It is confined, in case the vnode
 * finds a hole in it: it has no network, no capability but to open files, writes to the
 * image and to no other file, and signals no process. virtiofsd confines itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/landlock.h>

#include "front-end.h"

/* Newer than Debian's headers */
#define ACCESS_FS_TRUNCATE	(1ULL << 14)	/* version 3 */
#define SCOPE_ABSTRACT_SOCKET	(1ULL << 0)	/* version 6 */
#define SCOPE_SIGNAL		(1ULL << 1)

struct ruleset {
	uint64_t fs, net, scoped;
};

static int drop_capabilities(void)
{
	int cap;

	/* exec() gives root what is left of the bounding set */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (cap != CAP_DAC_OVERRIDE && prctl(PR_CAPBSET_DROP, cap))
			return -errno;
	return 0;
}

/* All ways to change a file system that this version of Landlock knows */
static uint64_t writes(int version)
{
	return LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
	       LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	       LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	       LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |
	       (version >= 3 ? ACCESS_FS_TRUNCATE : 0);
}

static int allow_writes(int ruleset, const char *path, int version)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE |
				  (version >= 3 ? ACCESS_FS_TRUNCATE : 0),
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int ret;

	if (rule.parent_fd < 0)
		return -errno;
	ret = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ?
	      -errno : 0;
	close(rule.parent_fd);
	return ret;
}

/* A kernel without Landlock confines by the rest only. */
static int restrict_writes(const struct vnode_virtio_device *device)
{
	int version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			      LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules = {
		.fs = writes(version), .scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL,
	};
	size_t size = version >= 6 ? sizeof(rules) : sizeof(rules.fs);
	int ruleset, ret;

	if (version < 1)
		return 0;
	ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (ruleset < 0)
		return -errno;
	/* with /dev/null QEMU finds out which locks there are */
	ret = allow_writes(ruleset, "/dev/null", version);
	if (!ret && !device->read_only)
		ret = allow_writes(ruleset, device->path, version);
	if (!ret && syscall(SYS_landlock_restrict_self, ruleset, 0))
		ret = -errno;
	close(ruleset);
	return ret;
}

/**
 * vnode_confine() - confine this process before it becomes the back end of a disk
 * @device: the disk
 *
 * Return: 0, or a negative errno.
 */
int vnode_confine(const struct vnode_virtio_device *device)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC))
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return restrict_writes(device) ?: drop_capabilities();
}
