/* SPDX-License-Identifier: GPL-2.0-only */
/* What bridge-test.c and bridge-act.c share: /dev/bridge, and what is expected of it. */
#ifndef SELFTESTS_BRIDGE_TEST_H
#define SELFTESTS_BRIDGE_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bridge.h>

#define PAGE	4096ULL
#define WAIT_MS	20000

static int failures __attribute__((unused));

static inline void expect(bool ok, const char *what)
{
	if (ok)
		return;
	failures++;
	printf("not so: %s (errno %s)\n", what, strerrorname_np(errno) ?: "0");
}

#define EXPECT(cond)	expect(cond, #cond)

/* ---- calls ---- */

static inline int device(int flags)
{
	int fd = open("/dev/bridge", flags | O_CLOEXEC);

	if (fd < 0) {
		perror("/dev/bridge");
		exit(1);
	}
	return fd;
}

/* What is too long is left without a NUL. */
static inline void set_name(char to[BRIDGE_NAME_LEN], const char *name)
{
	size_t len = strlen(name);

	memcpy(to, name, len < BRIDGE_NAME_LEN ? len : BRIDGE_NAME_LEN);
}

/* Return: 0 or a positive errno. */
static inline int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? errno : 0;
}

static inline int create_on(int fd, const char *name, uint64_t size, unsigned int flags)
{
	struct bridge_create create = { .size = size, .flags = flags, .mode = 0600 };

	set_name(create.name, name);
	return call(fd, BRIDGE_IOC_CREATE, &create);
}

/* Return: the errno; the bridge is gone again. */
static inline int try_create(const char *name, uint64_t size, unsigned int flags)
{
	int fd = device(O_RDWR);
	int err = create_on(fd, name, size, flags);

	close(fd);
	return err;
}

/* Return: a descriptor, or a negative errno. */
static inline int create(const char *name, uint64_t size)
{
	int fd = device(O_RDWR);
	int err = create_on(fd, name, size, BRIDGE_GLOBAL);

	if (!err)
		return fd;
	close(fd);
	return -err;
}

static inline int try_open(int fd, const char *name)
{
	struct bridge_open arg = { .name = "" };

	set_name(arg.name, name);
	return call(fd, BRIDGE_IOC_OPEN, &arg);
}

static inline int open_or_exit(const char *name, int flags)
{
	int fd = device(flags);
	int err = try_open(fd, name);

	if (!err)
		return fd;
	printf("%s: %s\n", name, strerrorname_np(err));
	exit(1);
}

static inline uint64_t size_of(int fd)
{
	struct bridge_status status = { .size = 0 };

	EXPECT(!call(fd, BRIDGE_IOC_STATUS, &status));
	return status.size;
}

static inline bool is_revoked(int fd)
{
	struct bridge_status status;

	return !call(fd, BRIDGE_IOC_STATUS, &status) && status.revoked;
}

static inline char *map(int fd, uint64_t size, int prot)
{
	char *memory = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	perror("mmap");
	exit(1);
}

static inline int poll_for(int fd, int events, int ms)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, ms) > 0 ? wait.revents : 0;
}

#endif /* SELFTESTS_BRIDGE_TEST_H */
