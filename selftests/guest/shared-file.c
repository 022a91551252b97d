// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that several kernels lock. KIND is flock, posix, or none, for no lock:
 *
 *	shared-file count KIND FILE TURNS	adds one to the number in FILE, TURNS times,
 *						each time under a lock
 *	shared-file try KIND FILE		exits with 0 if nobody else has a lock
 *	shared-file hold KIND FILE		takes a lock, prints "held", and keeps it
 *	shared-file wait KIND FILE		waits for a lock in one call
 *
 * But for "wait", a lock is tried until it is had: virtiofsd does not wait for one. Linux
 * takes LOCK_UN without LOCK_NB for a call that may wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *kind;

static int fail(const char *what)
{
	fprintf(stderr, "shared-file: %s: %s\n", what, strerror(errno));
	return 1;
}

static int posix_lock(int fd, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, command, &lock);
}

static int try_lock(int fd)
{
	if (!strcmp(kind, "flock"))
		return flock(fd, LOCK_EX | LOCK_NB);
	return strcmp(kind, "posix") ? 0 : posix_lock(fd, F_SETLK, F_WRLCK);
}

static int wait_lock(int fd)
{
	if (!strcmp(kind, "flock"))
		return flock(fd, LOCK_EX);
	return strcmp(kind, "posix") ? 0 : posix_lock(fd, F_SETLKW, F_WRLCK);
}

static int take_lock(int fd)
{
	while (try_lock(fd)) {
		if (errno != EAGAIN && errno != EACCES)
			return -1;
		usleep(1000);
	}
	return 0;
}

static int drop_lock(int fd)
{
	if (!strcmp(kind, "flock"))
		return flock(fd, LOCK_UN | LOCK_NB);
	return strcmp(kind, "posix") ? 0 : posix_lock(fd, F_SETLK, F_UNLCK);
}

/* The number has as many digits each time, so that it can be overwritten. */
static int add_one(int fd)
{
	char text[24] = "";

	if (pread(fd, text, 10, 0) != 10)
		return fail("read");
	snprintf(text, sizeof(text), "%010lu", strtoul(text, NULL, 10) + 1);
	return pwrite(fd, text, 10, 0) == 10 ? 0 : fail("write");
}

static int count(int fd, long turns)
{
	while (turns--) {
		if (take_lock(fd))
			return fail(kind);
		if (add_one(fd))
			return 1;
		if (drop_lock(fd))
			return fail(kind);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 4)
		return 2;
	kind = argv[2];
	fd = open(argv[3], O_RDWR | O_CREAT, 0644);
	if (fd < 0)
		return fail(argv[3]);
	if (!strcmp(argv[1], "count") && argc == 5)
		return count(fd, atol(argv[4]));
	if (!strcmp(argv[1], "try"))
		return try_lock(fd) ? fail(kind) : 0;
	if (!strcmp(argv[1], "wait"))
		return wait_lock(fd) ? fail(kind) : 0;
	if (strcmp(argv[1], "hold"))
		return 2;
	if (take_lock(fd))
		return fail(kind);
	puts("held");
	fflush(stdout);
	pause();
	return 0;
}
