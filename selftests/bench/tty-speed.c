// SPDX-License-Identifier: GPL-2.0-only
/*
 * tty-speed COMMAND: bytes through a terminal, timed.
 *
 *	tty-speed in DEVICE BYTES	writes BYTES; another kernel reads them
 *	tty-speed out DEVICE BYTES	reads BYTES; another kernel writes them
 *	tty-speed echo DEVICE TIMES	one byte, and its echo
 *	tty-speed pty BYTES TIMES	all of that with a pty pair, both ends here
 *
 * Prints lines "in NS BYTES", "out NS BYTES" (from the first byte's arrival on),
 * "echo count N median NS p99 NS".
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char buf[65536];

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int open_tty(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void set_raw(int fd, int echo)
{
	struct termios termios;

	if (tcgetattr(fd, &termios))
		err(1, "tcgetattr");
	cfmakeraw(&termios);
	if (echo)
		termios.c_lflag |= ECHO;
	if (tcsetattr(fd, TCSANOW, &termios))
		err(1, "tcsetattr");
}

static void put(int fd, size_t left)
{
	memset(buf, 'x', sizeof(buf));
	while (left) {
		ssize_t n = write(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n < 0)
			err(1, "write");
		left -= n;
	}
}

static void get(int fd, size_t left)
{
	while (left) {
		ssize_t n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n <= 0)
			err(1, "read");
		left -= n;
	}
}

static void in(int fd, size_t bytes)
{
	int64_t begin = now_ns();

	put(fd, bytes);
	printf("in %lld %zu\n", (long long)(now_ns() - begin), bytes);
}

static void out(int fd, size_t bytes)
{
	int64_t begin;

	get(fd, 1);
	begin = now_ns();
	get(fd, bytes - 1);
	printf("out %lld %zu\n", (long long)(now_ns() - begin), bytes);
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void echo(int fd, size_t times)
{
	int64_t *ns = calloc(times, sizeof(*ns)), begin;

	if (!ns || !times)
		errx(1, "echo: %zu times", times);
	for (size_t i = 0; i < times; i++) {
		begin = now_ns();
		put(fd, 1);
		get(fd, 1);
		ns[i] = now_ns() - begin;
	}
	qsort(ns, times, sizeof(*ns), compare);
	printf("echo count %zu median %lld p99 %lld\n", times, (long long)ns[times / 2],
	       (long long)ns[times * 99 / 100]);
}

/* @theirs is done by another process. */
static void beside(void (*theirs)(int fd, size_t n), int their_fd,
		   void (*ours)(int fd, size_t n), int our_fd, size_t n)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		theirs(their_fd, n);
		_exit(0);
	}
	ours(our_fd, n);
	waitpid(pid, NULL, 0);
}

static void pty(size_t bytes, size_t times)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		err(1, "posix_openpt");
	slave = open_tty(ptsname(master));
	set_raw(slave, 0);
	beside(get, slave, in, master, bytes);
	beside(put, slave, out, master, bytes);
	set_raw(slave, 1);
	echo(master, times);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*func)(int fd, size_t n);
	} commands[] = { { "in", in }, { "out", out }, { "echo", echo } };
	size_t i;
	int fd;

	if (argc == 4 && !strcmp(argv[1], "pty")) {
		pty(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
		return 0;
	}
	for (i = 0; argc == 4 && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		fd = open_tty(argv[2]);
		set_raw(fd, 0);
		commands[i].func(fd, strtoul(argv[3], NULL, 0));
		return 0;
	}
	fprintf(stderr, "usage: tty-speed in|out|echo DEVICE N | tty-speed pty BYTES TIMES\n");
	return 2;
}
