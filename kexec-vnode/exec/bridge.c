// SPDX-License-Identifier: GPL-2.0-only
/* A bridge of one end of a session: opened or created by one ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exec.h"

int exec_bridge(int dir, const char *path, unsigned long request, void *arg)
{
	int fd = openat(dir, path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int ret;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, request, arg))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}
