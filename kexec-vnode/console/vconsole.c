// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vconsole: opens it, attaches it to a console, explains its errnos. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/vconsole.h>

#include "cli.h"
#include "console.h"

#define DEVICE	"/dev/vconsole"

int vnode_vconsole_open(struct vnode_err *err)
{
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return vnode_err(err, ENODEV, DEVICE
				 ": the module is not loaded (try: modprobe vconsole)");
	return fd < 0 ? vnode_err(err, errno, DEVICE ": %s", strerror(errno)) : fd;
}

static const char *process_name(unsigned int pid, char *name, int size)
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, size, file))
		snprintf(name, size, "?");
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = 0;
	return name;
}

static int say_busy(const char *name, const struct vconsole_attach *arg, struct vnode_err *err)
{
	static const char ways[] = "--force takes it over, --read-only looks on";
	char process[64];

	if (!arg->writer)
		return vnode_err(err, EBUSY, "%s: its console is open as /dev/ttyVN%u; %s", name,
				 arg->id, ways);
	return vnode_err(err, EBUSY, "%s: process %u (%s) has its console; %s", name, arg->writer,
			 process_name(arg->writer, process, sizeof(process)), ways);
}

int vnode_vconsole_attach(int fd, const struct vnode_config *config, const char *name,
			  struct vnode_err *err)
{
	struct vconsole_attach arg = { .id = config->id };

	if (!config->read_only)
		arg.flags = VCONSOLE_WRITE | (config->force ? VCONSOLE_FORCE : 0);
	if (!ioctl(fd, VCONSOLE_IOC_ATTACH, &arg))
		return 0;
	switch (errno) {
	case ENOENT:
		return vnode_err(err, ENOENT,
				 "%s: has no console, its kernel has not loaded the module vconsole",
				 name);
	case EBUSY:
		return say_busy(name, &arg, err);
	case ENOTTY:
		return vnode_err(err, ENOTTY, DEVICE ": not the device of the module vconsole");
	}
	return vnode_err(err, errno, "%s: its console cannot be attached to: %s", name,
			 strerror(errno));
}
