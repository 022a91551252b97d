// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that uses a bridge while something happens to it:
 *
 *	bridge-act open-as UID GID NAME ro|rw	prints "ok" or the errno's name
 *	bridge-act witness NAME BYTE	maps a bridge full of BYTE until it is revoked
 *	bridge-act eventfd NAME COUNT	waits for COUNT rings on an eventfd
 *	bridge-act wear NAME PAGE	writes and reads PAGE of the bridge until "rest";
 *					prints the longest pause
 *	bridge-act rest NAME		ends all "wear" of the bridge
 *
 * Exit status: 0 if all checks passed; prints those that failed.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/eventfd.h>
#include <time.h>

#include "bridge-test.h"

static int do_open_as(char *argv[])
{
	int fd = device(strcmp(argv[3], "rw") ? O_RDONLY : O_RDWR), err;

	if (setgroups(0, NULL) || setgid(atoi(argv[1])) || setuid(atoi(argv[0]))) {
		perror("setuid");
		return 1;
	}
	err = try_open(fd, argv[2]);
	puts(err ? strerrorname_np(err) : "ok");
	return 0;
}

static bool is_all(const char *memory, uint64_t size, char byte)
{
	for (uint64_t i = 0; i < size; i++)
		if (memory[i] != byte)
			return false;
	return true;
}

/* The second half is first touched after the owner's death. */
static int do_witness(char *argv[])
{
	int fd = open_or_exit(argv[0], O_RDONLY);
	uint64_t size = size_of(fd);
	char *memory = map(fd, size, PROT_READ), byte = atoi(argv[1]);

	EXPECT(is_all(memory, size / 2, byte));
	puts("watching");
	fflush(stdout);
	while (!(poll_for(fd, POLLIN, WAIT_MS) & POLLHUP))
		EXPECT(read(fd, &(uint64_t){ 0 }, 8) == 8);
	EXPECT(is_revoked(fd));
	EXPECT(call(fd, BRIDGE_IOC_RING, NULL) == EOWNERDEAD);
	EXPECT(is_all(memory, size, byte));
	puts("revoked");
	return failures != 0;
}

static int do_eventfd(char *argv[])
{
	int fd = open_or_exit(argv[0], O_RDONLY), efd = eventfd(0, 0);
	struct bridge_eventfd arg = { .fd = efd };
	struct bridge_status status;
	uint64_t events, sum = 0, want = atoi(argv[1]);

	EXPECT(!call(fd, BRIDGE_IOC_EVENTFD, &arg));
	puts("waiting");
	fflush(stdout);
	do {
		EXPECT(poll_for(efd, POLLIN, WAIT_MS) == POLLIN);
		if (failures)
			break;
		EXPECT(read(efd, &events, sizeof(events)) == sizeof(events));
		EXPECT(!call(fd, BRIDGE_IOC_STATUS, &status));
		sum += events;
	} while (status.rings < want);
	EXPECT(sum >= 1 && sum <= want && status.rings == want);
	return failures != 0;
}

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void page_write(uint64_t *page, uint64_t value)
{
	for (int i = 0; i < 512; i++)
		__atomic_store_n(&page[i], value, __ATOMIC_RELAXED);
}

static void page_check(uint64_t *page, uint64_t value)
{
	for (int i = 0; i < 512; i++)
		EXPECT(__atomic_load_n(&page[i], __ATOMIC_RELAXED) == value);
}

/* The page that "rest" writes and "wear" polls. */
static uint64_t *rest_word(char *memory)
{
	return (void *)(memory + 32 * PAGE);
}

static int do_rest(char *argv[])
{
	int fd = open_or_exit(argv[0], O_RDWR);

	__atomic_store_n(rest_word(map(fd, size_of(fd), PROT_READ | PROT_WRITE)), 1,
			 __ATOMIC_RELAXED);
	return 0;
}

static int do_wear(char *argv[])
{
	int fd = open_or_exit(argv[0], O_RDWR);
	char *memory = map(fd, size_of(fd), PROT_READ | PROT_WRITE);
	uint64_t *page = (void *)(memory + atoi(argv[1]) * PAGE), value = 0;
	int64_t last = now_ns(), now, pause = 0;

	do {
		page_write(page, value);
		page_check(page, value++);
		now = now_ns();
		if (now - last > pause)
			pause = now - last;
		last = now;
	} while (!__atomic_load_n(rest_word(memory), __ATOMIC_RELAXED) && failures < 10);
	printf("rounds %llu pause_ns %lld\n", (unsigned long long)value, (long long)pause);
	return failures != 0;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int argc;
		int (*func)(char *argv[]);
	} acts[] = {
		{ "open-as", 4, do_open_as },
		{ "witness", 2, do_witness },
		{ "eventfd", 2, do_eventfd },
		{ "wear", 2, do_wear },
		{ "rest", 1, do_rest },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!strcmp(argv[1], acts[i].name) && argc - 2 == acts[i].argc)
			return acts[i].func(argv + 2);
	fprintf(stderr, "bridge-act: what?\n");
	return 2;
}
