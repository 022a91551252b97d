// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcon [-w] [-f] [-l] ID COMMAND: raw calls on /dev/vconsole (linux/vconsole.h). -w: attach
 * as the writer, -f: take over from another writer, -l: without the history.
 *
 *	history		prints the history
 *	read BYTES	prints BYTES bytes, without a time limit
 *	type		copies stdin to the console; prints "types" once it is the writer
 *	size ROWS COLS	sets the window size
 *	status		prints "NAME VALUE" lines
 *	stall SECONDS	does not read for SECONDS; then status
 *	event		waits for an event, then status
 *
 * On failure prints the errno's number, "error 16", and exits with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vconsole.h>

static int fd;

static void fail(void)
{
	printf("error %d\n", errno);
	exit(1);
}

static void put(int to, const char *buf, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(to, buf, len);

		if (n < 0)
			fail();
		buf += n;
		len -= n;
	}
}

static void history(void)
{
	char buf[65536];
	ssize_t n;

	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail();
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		put(1, buf, n);
	if (n < 0 && errno != EAGAIN)
		fail();
}

static void read_bytes(unsigned long left)
{
	char buf[65536];

	while (left) {
		ssize_t n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n < 0)
			fail();
		put(1, buf, n);
		left -= n;
	}
}

static void type(void)
{
	char buf[65536];
	ssize_t n;

	puts("types");
	fflush(stdout);
	while ((n = read(0, buf, sizeof(buf))) > 0)
		put(fd, buf, n);
}

static void size(const char *rows, const char *columns)
{
	struct vconsole_size size = { .rows = atoi(rows), .columns = atoi(columns) };

	if (ioctl(fd, VCONSOLE_IOC_SIZE, &size))
		fail();
}

static void status(void)
{
	struct vconsole_status status;

	if (ioctl(fd, VCONSOLE_IOC_STATUS, &status))
		fail();
	printf("id %u\nconnected %d\nwriter %d\nbegins %u\ndropped %llu\nmissed %llu\n", status.id,
	       !!(status.state & VCONSOLE_CONNECTED), !!(status.state & VCONSOLE_WRITER),
	       status.begins, (unsigned long long)status.dropped,
	       (unsigned long long)status.missed);
	printf("written %llu\nposition %llu\n", (unsigned long long)status.written,
	       (unsigned long long)status.position);
}

static void event(void)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	if (poll(&poll_fd, 1, 60000) != 1)
		fail();
	status();
}

static void run(char **argv)
{
	if (!strcmp(argv[0], "history"))
		history();
	else if (!strcmp(argv[0], "read") && argv[1])
		read_bytes(strtoul(argv[1], NULL, 0));
	else if (!strcmp(argv[0], "type"))
		type();
	else if (!strcmp(argv[0], "size") && argv[1] && argv[2])
		size(argv[1], argv[2]);
	else if (!strcmp(argv[0], "status"))
		status();
	else if (!strcmp(argv[0], "stall") && argv[1])
		sleep(atoi(argv[1])), status();
	else if (!strcmp(argv[0], "event"))
		event();
	else
		exit(2);
}

int main(int argc, char **argv)
{
	struct vconsole_attach attach = { };
	int option;

	while ((option = getopt(argc, argv, "+wfl")) != -1) {
		if (option == '?')
			return 2;
		attach.flags |= option == 'w' ? VCONSOLE_WRITE :
				option == 'f' ? VCONSOLE_FORCE : VCONSOLE_LIVE;
	}
	if (argc - optind < 2)
		return 2;
	attach.id = atoi(argv[optind]);
	fd = open("/dev/vconsole", O_RDWR);
	if (fd < 0 || ioctl(fd, VCONSOLE_IOC_ATTACH, &attach))
		fail();
	run(argv + optind + 1);
	return 0;
}
