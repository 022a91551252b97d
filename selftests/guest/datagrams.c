// SPDX-License-Identifier: GPL-2.0-only
/*
 * datagrams: sends UDP datagrams of known content, and checks those that it receives.
 *
 *	send ADDRESS PORT SIZE NUMBER [TOGETHER]
 *			sends NUMBER datagrams; TOGETHER at a time in one buffer, which
 *			Linux or the device splits (UDP_SEGMENT)
 *	echo ADDRESS PORT SIZE NUMBER
 *			sends them one by one, and expects each back
 *	flood ADDRESS PORT SIZE PER_SECOND
 *			sends at most PER_SECOND a second until it is killed
 *	receive PORT SIZE NUMBER [whole]
 *			expects all of them, in any order, duplicates allowed; whole:
 *			merged ones stay merged (UDP_GRO)
 *
 * Prints "NUMBER datagrams, LARGEST bytes at once". Exit status 1 if the content of one is
 * wrong, or none arrives for 10 s.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX		65535
#define NUMBER_MAX	100000
#define PATIENCE_S	10
#define ROOM		(32 << 20)	/* receive buffer */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#define UDP_GRO		104
#endif

static unsigned char buf[MAX], expected[MAX];
static bool seen[NUMBER_MAX];

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("datagrams: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

static size_t number(const char *text, size_t min, size_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (*end || value < min || value > max)
		fail("%s: want %zu to %zu", text, min, max);
	return value;
}

/* ---- a datagram ---- */

static void fill(unsigned char *to, size_t size, uint32_t nr)
{
	uint32_t state = nr * 2654435761U + 1;
	size_t i;

	memcpy(to, &nr, sizeof(nr));
	for (i = sizeof(nr); i < size; i++) {
		state = state * 1664525 + 1013904223;
		to[i] = state >> 24;
	}
}

/* Return: its number */
static uint32_t check(const unsigned char *at, size_t len, size_t size, size_t all)
{
	uint32_t nr;

	if (len != size)
		fail("%zu bytes have come, %zu were sent", len, size);
	memcpy(&nr, at, sizeof(nr));
	if (nr >= all)
		fail("number %u, there are %zu", nr, all);
	fill(expected, size, nr);
	if (memcmp(at, expected, size))
		fail("number %u has another content", nr);
	return nr;
}

/* ---- sockets ---- */

static void set(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail("%s: %s", what, strerror(errno));
}

static int open_socket(void)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		fail("socket: %s", strerror(errno));
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, ROOM, "SO_RCVBUFFORCE");
	return fd;
}

static void connect_to(int fd, const char *address, const char *port)
{
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(number(port, 1, 65535)),
	};
	char text[INET6_ADDRSTRLEN];

	snprintf(text, sizeof(text), "%s%s", strchr(address, ':') ? "" : "::ffff:", address);
	if (inet_pton(AF_INET6, text, &to.sin6_addr) != 1)
		fail("%s is no address", address);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("%s: %s", address, strerror(errno));
}

/* ---- commands ---- */

static int do_send(char **argv, size_t together)
{
	size_t size = number(argv[4], sizeof(uint32_t), MAX), all = number(argv[5], 1, NUMBER_MAX);
	size_t nr, n;
	int fd = open_socket();

	connect_to(fd, argv[2], argv[3]);
	if (together * size > MAX)
		fail("%zu at a time are too many", together);
	if (together > 1)
		set(fd, SOL_UDP, UDP_SEGMENT, size, "UDP_SEGMENT");
	for (nr = 0; nr < all; nr += n) {
		for (n = 0; n < together && nr + n < all; n++)
			fill(buf + n * size, size, nr + n);
		if (send(fd, buf, n * size, 0) != (ssize_t)(n * size))
			fail("send: %s", strerror(errno));
	}
	return 0;
}

/* Sleep in between: other tasks need the CPU. */
static void __attribute__((noreturn)) do_flood(char **argv)
{
	size_t size = number(argv[4], sizeof(uint32_t), MAX), rate = number(argv[5], 1, 10000);
	int fd = open_socket();
	uint32_t nr;

	connect_to(fd, argv[2], argv[3]);
	for (nr = 0;; nr++) {
		memcpy(buf, &nr, sizeof(nr));
		/* no receiver or no route is no error */
		if (send(fd, buf, size, 0) < 0 && errno == EMSGSIZE)
			fail("send: %s", strerror(errno));
		usleep(1000000 / rate);
	}
}

static int do_echo(char **argv)
{
	size_t size = number(argv[4], sizeof(uint32_t), MAX), all = number(argv[5], 1, NUMBER_MAX);
	int fd = open_socket();
	ssize_t len;
	size_t nr;

	connect_to(fd, argv[2], argv[3]);
	for (nr = 0; nr < all; nr++) {
		fill(buf, size, nr);
		if (send(fd, buf, size, 0) != (ssize_t)size)
			fail("send: %s", strerror(errno));
		len = recv(fd, buf, sizeof(buf), 0);
		if (len < 0)
			fail("number %zu does not come back: %s", nr, strerror(errno));
		if (check(buf, len, size, all) != nr)
			fail("not number %zu has come back", nr);
	}
	printf("%zu datagrams, %zu bytes at once\n", all, size);
	return 0;
}

static int do_receive(char **argv, bool whole)
{
	size_t size = number(argv[3], sizeof(uint32_t), MAX), all = number(argv[4], 1, NUMBER_MAX);
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(number(argv[2], 1, 65535)),
	};
	size_t have = 0, largest = 0, at, part;
	int fd = open_socket();
	uint32_t nr;
	ssize_t len;

	if (whole)
		set(fd, SOL_UDP, UDP_GRO, 1, "UDP_GRO");
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("bind: %s", strerror(errno));
	while (have < all) {
		len = recv(fd, buf, sizeof(buf), 0);
		if (len < 0)
			fail("%zu of %zu have come: %s", have, all, strerror(errno));
		largest = (size_t)len > largest ? (size_t)len : largest;
		for (at = 0; at < (size_t)len; at += part) {
			part = whole && (size_t)len - at > size ? size : (size_t)len - at;
			nr = check(buf + at, part, size, all);
			have += !seen[nr];
			seen[nr] = true;
		}
	}
	printf("%zu datagrams, %zu bytes at once\n", have, largest);
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "send") && (argc == 6 || argc == 7))
		return do_send(argv, argc == 7 ? number(argv[6], 1, 128) : 1);
	if (!strcmp(command, "flood") && argc == 6)
		do_flood(argv);
	if (!strcmp(command, "echo") && argc == 6)
		return do_echo(argv);
	if (!strcmp(command, "receive") && (argc == 5 || argc == 6))
		return do_receive(argv, argc == 6 && !strcmp(argv[5], "whole"));
	fail("send|flood|echo|receive ...: see its source");
}
