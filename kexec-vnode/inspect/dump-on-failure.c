// SPDX-License-Identifier: GPL-2.0-only
/* --dump-on-failure=DIR: the settings with which root's kernel runs kexec for a dump. */
#define _GNU_SOURCE		/* realpath() */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "inspect.h"

#define HELPER	"/sys/module/vnode/parameters/dump_helper"

int vnode_dump_parse_dir(const char *text, char dir[256], struct vnode_err *err)
{
	struct stat st;
	char *path;
	int ret = 0;

	path = realpath(text, NULL);
	if (!path || stat(path, &st))
		ret = vnode_err(err, errno, "--dump-on-failure=%s: %s", text, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		ret = vnode_err(err, ENOTDIR, "--dump-on-failure=%s: not a directory", text);
	else if (access(path, W_OK))
		ret = vnode_err(err, errno, "--dump-on-failure=%s: %s", text, strerror(errno));
	else if (strlen(path) >= VNODE_DUMP_DIR_MAX)
		ret = vnode_err(err, ENAMETOOLONG,
				"--dump-on-failure=%s: its path has more than %u characters", text,
				VNODE_DUMP_DIR_MAX - 1);
	else
		strcpy(dir, path);
	free(path);
	return ret;
}

/* The present value without the newline, "" if it is not set */
static int helper_read(char *program, size_t size, struct vnode_err *err)
{
	FILE *file = fopen(HELPER, "re");

	if (!file)
		return vnode_err(err, errno, "%s: %s", HELPER, strerror(errno));
	if (!fgets(program, size, file))
		*program = 0;
	fclose(file);
	program[strcspn(program, "\n")] = 0;
	return 0;
}

static int helper_write(const char *program, struct vnode_err *err)
{
	int fd = open(HELPER, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(program);
	int ret = 0;

	if (fd < 0 || write(fd, program, len) != len)
		ret = vnode_err(err, errno, "%s cannot be set to %s: %s", HELPER, program,
				strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Sets this program as the helper, unless the administrator has set one. */
int vnode_dump_offer_helper(struct vnode_err *err)
{
	char program[PATH_MAX];
	ssize_t len;
	int ret;

	ret = helper_read(program, sizeof(program), err);
	if (ret)
		return ret;
	if (*program && !access(program, X_OK))
		return 0;
	if (*program)
		return vnode_err(err, errno, "%s, which %s names, cannot be run: %s", program,
				 HELPER, strerror(errno));
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len < 0)
		return vnode_err(err, errno, "/proc/self/exe: %s", strerror(errno));
	program[len] = 0;
	return helper_write(program, err);
}
