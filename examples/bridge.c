// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory between vnodes from the command line: an example of how to use
 * /dev/bridge. <linux/bridge.h> is the manual of the device.
 *
 *	cc -O2 bridge.c -o bridge
 *
 * In one vnode, and in another:
 *
 *	bridge create hello 4K &
 *	bridge wait hello		echo Hi | bridge write hello
 *	bridge cat hello
 *
 * A bridge is plain memory and has no record of how much of it is in use. So write
 * fills the rest with zeros, and cat prints a text without them. Other content may end
 * with zeros of its own: cat prints all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bridge.h>

static const char usage[] =
	"usage: bridge create NAME SIZE [--mode=OCTAL] [--local] [--transient] [--access=ID,...]\n"
	"       bridge cat NAME                 print a text, or all of any other content\n"
	"       bridge write NAME               replace the content by stdin, then ring\n"
	"       bridge ring NAME\n"
	"       bridge wait NAME [--timeout=S]  wait for a ring, print how many came\n"
	"       bridge stat NAME\n"
	"       bridge compact                  in root: move transient bridges together\n"
	"\n"
	"SIZE takes K, M, G. \":\" as NAME creates an anonymous bridge and prints INDEX:SERIAL,\n"
	"which all other commands take as NAME, of any bridge. create holds the bridge until it\n"
	"is killed, or until its input ends if that is a pipe or a terminal. Exit status: 0; 1\n"
	"the operation failed; 2 usage; 3 no ring within S seconds; 4 the bridge was revoked.\n";

enum { DONE, FAILED, USAGE, NO_RING, REVOKED };

/**
 * struct options - what follows the name
 * @mode: permission bits
 * @flags: BRIDGE_*
 * @access: with BRIDGE_ACCESS
 * @timeout_ms: -1: for ever
 */
struct options {
	unsigned int mode;
	unsigned int flags;
	uint64_t access[BRIDGE_ID_WORDS];
	int timeout_ms;
};

static int failed(const char *what)
{
	fprintf(stderr, "bridge: %s: %s\n", what, strerror(errno));
	return FAILED;
}

/* ---- the command line ---- */

static int parse_access(const char *text, struct options *options)
{
	char *end;

	for (;; text = end + 1) {
		unsigned long id = strtoul(text, &end, 10);

		if (end == text || id >= 64 * BRIDGE_ID_WORDS || (*end && *end != ','))
			return -1;
		options->access[id / 64] |= 1ULL << id % 64;
		if (!*end)
			break;
	}
	options->flags |= BRIDGE_ACCESS;
	return 0;
}

static int parse_options(int argc, char *argv[], struct options *options)
{
	static const struct option known[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "local", no_argument, NULL, 'l' },
		{ "transient", no_argument, NULL, 't' },
		{ "access", required_argument, NULL, 'a' },
		{ "timeout", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == 'm')
			options->mode = strtoul(optarg, NULL, 8);
		else if (option == 'l')
			options->flags &= ~BRIDGE_GLOBAL;
		else if (option == 't')
			options->flags |= BRIDGE_TRANSIENT;
		else if (option == 's')
			options->timeout_ms = atoi(optarg) * 1000;
		else if (option != 'a' || parse_access(optarg, options))
			return -1;
	}
	return 0;
}

static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	uint64_t size;
	char *end, *unit;

	size = strtoull(text, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit)
		size <<= 10 * (unit - units + 1);
	return *end && (!unit || end[1]) ? 0 : size;
}

/* A name that is too long is passed without a NUL: the kernel rejects it. */
static void set_name(char to[BRIDGE_NAME_LEN], const char *name)
{
	size_t len = strlen(name);

	memcpy(to, name, len < BRIDGE_NAME_LEN ? len : BRIDGE_NAME_LEN);
}

/* ---- bridges ---- */

static int bridge_open(const char *name, int flags)
{
	struct bridge_open open_arg = { .name = "" };
	int fd = open("/dev/bridge", flags | O_CLOEXEC);

	if (sscanf(name, "%u:%u", &open_arg.index, &open_arg.serial) != 2)
		set_name(open_arg.name, name);
	if (fd >= 0 && !ioctl(fd, BRIDGE_IOC_OPEN, &open_arg))
		return fd;
	return -1;
}

/* The bridge lives as long as this process: the kernel closes it on any exit. */
static void hold(void)
{
	struct stat input;
	char buf[64];

	if (!fstat(STDIN_FILENO, &input) && (S_ISFIFO(input.st_mode) || isatty(STDIN_FILENO)))
		while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
			;
	else
		for (;;)
			pause();
}

static int do_create(const char *name, const char *size, const struct options *options)
{
	struct bridge_create create = { .mode = options->mode, .flags = options->flags };
	int fd = open("/dev/bridge", O_RDWR | O_CLOEXEC);

	create.size = parse_size(size);
	memcpy(create.access, options->access, sizeof(create.access));
	if (strcmp(name, ":"))
		set_name(create.name, name);
	else
		create.flags |= BRIDGE_ANONYMOUS;
	if (fd < 0 || ioctl(fd, BRIDGE_IOC_CREATE, &create))
		return failed(name);
	if (create.flags & BRIDGE_ANONYMOUS) {
		printf("%u:%u\n", create.index, create.serial);
		fflush(stdout);
	}
	hold();
	return DONE;
}

static int do_stat(const char *name, int fd)
{
	struct bridge_status status;

	if (ioctl(fd, BRIDGE_IOC_STATUS, &status))
		return failed(name);
	printf("name %s\nhandle %u:%u\nsize %llu\nowner %u\nuid %u\ngid %u\nmode %04o\n"
	       "scope %s\ntransient %s\nrevoked %s\n",
	       status.name[0] ? status.name : "-", status.index, status.serial,
	       (unsigned long long)status.size, status.owner, status.uid, status.gid, status.mode,
	       status.flags & BRIDGE_GLOBAL ? "global" : "local",
	       status.flags & BRIDGE_TRANSIENT ? "yes" : "no", status.revoked ? "yes" : "no");
	return DONE;
}

/* A text ends at the first NUL, if there is nothing but NULs behind it. */
static size_t content_size(const char *memory, size_t size)
{
	size_t len = strnlen(memory, size), i = len;

	while (i < size && !memory[i])
		i++;
	return i < size ? size : len;
}

static int write_all(const char *from, size_t size)
{
	ssize_t len;

	for (; size; from += len, size -= len) {
		len = write(STDOUT_FILENO, from, size);
		if (len < 0)
			return failed("stdout");
	}
	return DONE;
}

/* Zeroes what the input does not fill, or an earlier, longer content would show. */
static int read_all(char *to, size_t size)
{
	ssize_t len;

	for (; size; to += len, size -= len) {
		len = read(STDIN_FILENO, to, size);
		if (len < 0)
			return failed("stdin");
		if (!len)
			break;
	}
	memset(to, 0, size);
	return DONE;
}

static int do_cat(const char *name, int fd)
{
	struct bridge_status status;
	char *memory;

	if (ioctl(fd, BRIDGE_IOC_STATUS, &status))
		return failed(name);
	memory = mmap(NULL, status.size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return failed(name);
	return write_all(memory, content_size(memory, status.size));
}

static int do_ring(const char *name, int fd)
{
	return ioctl(fd, BRIDGE_IOC_RING) ? failed(name) : DONE;
}

static int do_write(const char *name, int fd)
{
	struct bridge_status status;
	char *memory;
	int err;

	if (ioctl(fd, BRIDGE_IOC_STATUS, &status))
		return failed(name);
	memory = mmap(NULL, status.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return failed(name);
	err = read_all(memory, status.size);
	return err ? err : do_ring(name, fd);
}

static int do_wait(const char *name, int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t rings;

	switch (poll(&wait, 1, timeout_ms)) {
	case -1:
		return failed(name);
	case 0:
		return NO_RING;
	}
	if (read(fd, &rings, sizeof(rings)) != sizeof(rings))
		return REVOKED;
	printf("%llu\n", (unsigned long long)rings);
	return DONE;
}

static int do_compact(void)
{
	struct bridge_compact compact;
	int fd = open("/dev/bridge", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, BRIDGE_IOC_COMPACT, &compact))
		return failed("compact");
	printf("moved %llu frozen_ns %llu\n", (unsigned long long)compact.moved,
	       (unsigned long long)compact.frozen_ns);
	return DONE;
}

/* ---- commands ---- */

static int misuse(void)
{
	fputs(usage, stderr);
	return USAGE;
}

static int with_bridge(const char *command, const char *name, const struct options *options)
{
	/* write alone needs more than read permission */
	int fd = bridge_open(name, strcmp(command, "write") ? O_RDONLY : O_RDWR);

	if (fd < 0)
		return failed(name);
	if (!strcmp(command, "cat"))
		return do_cat(name, fd);
	if (!strcmp(command, "write"))
		return do_write(name, fd);
	if (!strcmp(command, "ring"))
		return do_ring(name, fd);
	if (!strcmp(command, "wait"))
		return do_wait(name, fd, options->timeout_ms);
	if (!strcmp(command, "stat"))
		return do_stat(name, fd);
	return misuse();
}

int main(int argc, char *argv[])
{
	struct options options = { .mode = 0600, .flags = BRIDGE_GLOBAL, .timeout_ms = -1 };

	if (parse_options(argc, argv, &options) || optind == argc)
		return misuse();
	argc -= optind;
	argv += optind;
	if (!strcmp(argv[0], "compact") && argc == 1)
		return do_compact();
	if (!strcmp(argv[0], "create") && argc == 3)
		return do_create(argv[1], argv[2], &options);
	if (argc == 2)
		return with_bridge(argv[0], argv[1], &options);
	return misuse();
}
