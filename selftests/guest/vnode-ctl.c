// SPDX-License-Identifier: GPL-2.0-only
/*
 * vnode-ctl: calls on /dev/vnode for which kexec has no option.
 *
 *	stop ID			STOP by force; prints how long it took, in us
 *	ask ID TIMEOUT-MS	STOP without force; prints "stopped" or the errno's name
 *	last ID SIZE		LAST: prints at most SIZE bytes of the last words
 *	beats ID		how far tiny-kernel counts in 200 ms
 *	count ID		8-byte words of its memory: in all, of tiny-kernel's
 *				pattern, zero
 *	grant ID CPU SIZE MIN MAX [KEEP-SECONDS]
 *				GRANT; then as count, and returns it
 *	claim ID CPU TEXT...	GRANT with these claims, and returns it; "granted", or the
 *				errno's name and each claim's holder
 *	devmem BASE SIZE	as count, of physical memory that is not Linux's
 *	event SECONDS		waits until poll() reports a change of state
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "tiny-kernel.h"

#define CHUNK	0x100000

static int dev;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "vnode-ctl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static void status_get(struct vnode_status *status, unsigned int id)
{
	memset(status, 0, sizeof(*status));
	status->id = id;
	if (ioctl(dev, VNODE_IOC_STATUS, status))
		fail("STATUS");
}

static int memory_open(unsigned int id)
{
	struct vnode_id arg = { .id = id };
	int fd = ioctl(dev, VNODE_IOC_MEMORY, &arg);

	if (fd < 0)
		fail("MEMORY");
	return fd;
}

static int stop(char **argv)
{
	struct vnode_stop arg = { .id = atoi(argv[0]), .flags = VNODE_STOP_FORCE };
	struct vnode_status status;
	struct vnode_info info;
	uint64_t begin, end;

	if (ioctl(dev, VNODE_IOC_INFO, &info))
		fail("INFO");
	begin = now_us();
	if (ioctl(dev, VNODE_IOC_STOP, &arg))
		fail("STOP");
	end = now_us();
	status_get(&status, arg.id);
	printf("took=%llu phase=%llu state=%u\n", (unsigned long long)(end - begin),
	       (unsigned long long)status.phase[VNODE_PHASE_STOP] * 1000 / info.tsc_khz,
	       status.state);
	return 0;
}

static int ask(char **argv)
{
	struct vnode_stop arg = { .id = atoi(argv[0]), .timeout_ms = atoi(argv[1]) };

	puts(ioctl(dev, VNODE_IOC_STOP, &arg) ? strerrorname_np(errno) : "stopped");
	return 0;
}

static int last(char **argv)
{
	static char text[CHUNK];
	struct vnode_last arg = {
		.id = atoi(argv[0]), .text = (uintptr_t)text, .size = strtoul(argv[1], NULL, 0),
	};

	if (arg.size > sizeof(text))
		arg.size = sizeof(text);
	if (ioctl(dev, VNODE_IOC_LAST, &arg))
		fail("LAST");
	return fwrite(text, 1, arg.size, stdout) == arg.size ? 0 : 1;
}

static off_t mark_find(int fd)
{
	static char buf[CHUNK];
	off_t pos = 0;
	ssize_t len, i;

	while ((len = pread(fd, buf, sizeof(buf), pos)) > 0) {
		for (i = 0; i + 32 <= len; i += 16)
			if (!memcmp(buf + i, TINY_MARK, 16))
				return pos + i;
		pos += len;
	}
	return -1;
}

static uint64_t word_read(int fd, off_t pos)
{
	uint64_t word;

	if (pread(fd, &word, sizeof(word), pos) != sizeof(word))
		fail("the counter");
	return word;
}

static int beats(char **argv)
{
	struct timespec pause = { .tv_nsec = 200000000 };
	int fd = memory_open(atoi(argv[0]));
	off_t pos = mark_find(fd);
	uint64_t before;

	errno = ENOENT;
	if (pos < 0)
		fail("no tiny-kernel in its memory");
	before = word_read(fd, pos + 16);
	nanosleep(&pause, NULL);
	printf("%llu\n", (unsigned long long)(word_read(fd, pos + 16) - before));
	return 0;
}

static int count_words(int fd, off_t base, uint64_t size)
{
	static uint64_t buf[CHUNK / 8];
	uint64_t words = 0, pattern = 0, zero = 0, pos = 0;
	ssize_t len, i;

	while (pos < size) {
		len = pread(fd, buf, size - pos < CHUNK ? size - pos : CHUNK, base + pos);
		if (len <= 0 || len % 8)
			fail("read");
		for (i = 0; i < len / 8; i++) {
			pattern += buf[i] == TINY_PATTERN;
			zero += !buf[i];
		}
		words += len / 8;
		pos += len;
	}
	printf("words=%llu pattern=%llu zero=%llu other=%llu\n", (unsigned long long)words,
	       (unsigned long long)pattern, (unsigned long long)zero,
	       (unsigned long long)(words - zero - pattern));
	return 0;
}

static int count(char **argv)
{
	struct vnode_status status;

	status_get(&status, atoi(argv[0]));
	return count_words(memory_open(status.id), 0, status.mem_size);
}

static int grant(char **argv)
{
	uint32_t cpu = atoi(argv[1]), apicid;
	struct vnode_grant arg = {
		.id = atoi(argv[0]), .nr_cpus = 1, .cpus = (uintptr_t)&cpu,
		.apicids = (uintptr_t)&apicid, .mem_size = strtoull(argv[2], NULL, 0),
		.mem_min = strtoull(argv[3], NULL, 0), .mem_max = strtoull(argv[4], NULL, 0),
		.name = "granted",
	};
	int ret;

	if (ioctl(dev, VNODE_IOC_GRANT, &arg))
		fail("GRANT");
	printf("base=%llu ", (unsigned long long)arg.mem_base);
	ret = count_words(memory_open(arg.id), 0, arg.mem_size);
	fflush(stdout);
	if (argv[5])
		sleep(atoi(argv[5]));
	return ret;
}

/* A text that is too long has no NUL. */
static int claim(char **argv)
{
	struct vnode_claim claim[VNODE_CLAIMS_MAX] = {};
	uint32_t cpu = atoi(argv[1]), apicid;
	struct vnode_grant arg = {
		.id = atoi(argv[0]), .nr_cpus = 1, .cpus = (uintptr_t)&cpu,
		.apicids = (uintptr_t)&apicid, .mem_size = VNODE_MEM_MIN,
		.claims = (uintptr_t)claim, .name = "claims",
	};
	int i;

	for (i = 0; argv[2 + i]; i++) {
		claim[i].holder = ~0U;
		memcpy(claim[i].text, argv[2 + i], strnlen(argv[2 + i], VNODE_CLAIM_LEN));
	}
	if (!ioctl(dev, VNODE_IOC_GRANT, &arg)) {
		puts("granted");
		return 0;
	}
	printf("%s", strerrorname_np(errno));
	for (i = 0; argv[2 + i]; i++)
		printf(" %d", (int)claim[i].holder);
	putchar('\n');
	return 0;
}

static int devmem(char **argv)
{
	int fd = open("/dev/mem", O_RDONLY);

	if (fd < 0)
		fail("/dev/mem");
	return count_words(fd, strtoull(argv[0], NULL, 0), strtoull(argv[1], NULL, 0));
}

static int event(char **argv)
{
	struct pollfd pollfd = { .fd = dev, .events = POLLPRI };
	struct vnode_status status = { .id = 1, .flags = VNODE_STATUS_NEXT };

	/* count changes from here on */
	if (ioctl(dev, VNODE_IOC_STATUS, &status) && errno != ENOENT)
		fail("STATUS");
	printf("ready\n");
	fflush(stdout);
	if (poll(&pollfd, 1, atoi(argv[0]) * 1000) != 1 || !(pollfd.revents & POLLPRI))
		return 1;
	printf("changed\n");
	return 0;
}

static const struct {
	const char *name;
	int min_args, max_args;
	int (*func)(char **argv);
} verbs[] = {
	{ "stop", 1, 1, stop },
	{ "ask", 2, 2, ask },
	{ "last", 2, 2, last },
	{ "beats", 1, 1, beats },
	{ "count", 1, 1, count },
	{ "grant", 5, 6, grant },
	{ "claim", 3, 2 + VNODE_CLAIMS_MAX, claim },
	{ "devmem", 2, 2, devmem },
	{ "event", 1, 1, event },
};

int main(int argc, char **argv)
{
	size_t i;

	dev = open("/dev/vnode", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		fail("/dev/vnode");
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (argc >= 2 && !strcmp(argv[1], verbs[i].name) &&
		    argc - 2 >= verbs[i].min_args && argc - 2 <= verbs[i].max_args)
			return verbs[i].func(argv + 2);
	fprintf(stderr, "usage: see the head of its source\n");
	return 2;
}
