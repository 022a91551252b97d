// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of /dev/bridge; a command is one part of them:
 *
 *	bridge-test errors	bad calls and their errno
 *	bridge-test calls	good calls: mappings, doorbells, states
 *	bridge-test limits	limits of number, size and rate
 *	bridge-test pins	pages that are pinned, in root
 *	bridge-test no-pins	that they cannot be pinned, elsewhere
 *
 * Exit status: 0 if all checks passed; prints those that failed.
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "bridge-test.h"

#define EACH	64	/* bridges of a vnode */

/* ---- errors ---- */

static void bad_names(void)
{
	char name[65] = "";

	EXPECT(try_create("", PAGE, 0) == EINVAL);
	EXPECT(try_create("a b", PAGE, 0) == EINVAL);
	EXPECT(try_create("a\n", PAGE, 0) == EINVAL);
	EXPECT(try_create("\xc3\xa4", PAGE, 0) == EINVAL);
	EXPECT(try_create("a:b", PAGE, BRIDGE_GLOBAL) == EINVAL);
	EXPECT(try_create("x", PAGE, BRIDGE_ANONYMOUS) == EINVAL);
	memset(name, 'n', 64);
	EXPECT(try_create(name, PAGE, 0) == ENAMETOOLONG);
	name[63] = '\0';
	EXPECT(!try_create(name, PAGE, 0));
	EXPECT(!try_create("-_./09azAZ", PAGE, BRIDGE_GLOBAL));
}

static void bad_sizes(void)
{
	EXPECT(try_create("s", 0, 0) == EINVAL);
	EXPECT(try_create("s", 1, 0) == EINVAL);
	EXPECT(try_create("s", PAGE + 1, 0) == EINVAL);
	EXPECT(try_create("s", ~0ULL, 0) == EINVAL);
	EXPECT(try_create("s", -PAGE, 0) == EFBIG);
	EXPECT(try_create("s", 1ULL << 41, 0) == EFBIG);
	EXPECT(try_create("s", 1ULL << 40, 0) == ENOSPC);
	EXPECT(try_create("s", 1ULL << 30, 0) == ENOSPC);
}

static void bad_arguments(void)
{
	struct bridge_create create = { .name = "a", .size = PAGE, .mode = 01000 };
	int fd = device(O_RDWR);

	EXPECT(call(fd, BRIDGE_IOC_CREATE, &create) == EINVAL);
	create.mode = 0600;
	create.flags = 1U << 31;
	EXPECT(call(fd, BRIDGE_IOC_CREATE, &create) == EINVAL);
	create.flags = 0;
	create.reserved[1] = 1;
	EXPECT(call(fd, BRIDGE_IOC_CREATE, &create) == EINVAL);
	create.reserved[1] = 0;
	create.access[0] = 1;
	EXPECT(call(fd, BRIDGE_IOC_CREATE, &create) == EINVAL);
	EXPECT(call(fd, BRIDGE_IOC_CREATE, NULL) == EFAULT);
	EXPECT(call(fd, BRIDGE_IOC_OPEN, (void *)8) == EFAULT);
	EXPECT(call(fd, _IO(BRIDGE_IOC_MAGIC, 99), NULL) == ENOTTY);
	close(fd);
}

static void bad_opens(void)
{
	struct bridge_open arg = { .name = "" };
	int fd = device(O_RDWR);

	EXPECT(try_open(fd, "there.is.none") == ENOENT);
	EXPECT(try_open(fd, "bad name") == EINVAL);
	EXPECT(call(fd, BRIDGE_IOC_OPEN, &arg) == EINVAL);
	arg.serial = 12345678;
	EXPECT(call(fd, BRIDGE_IOC_OPEN, &arg) == ENOENT);
	arg.index = ~0U;
	EXPECT(call(fd, BRIDGE_IOC_OPEN, &arg) == ENOENT);
	strcpy(arg.name, "both");
	EXPECT(call(fd, BRIDGE_IOC_OPEN, &arg) == EINVAL);
	close(fd);
}

static void unbound(void)
{
	struct bridge_eventfd eventfd = { .fd = -1 };
	struct bridge_status status;
	uint64_t rings;
	int fd = device(O_RDWR);

	EXPECT(call(fd, BRIDGE_IOC_STATUS, &status) == EBADFD);
	EXPECT(call(fd, BRIDGE_IOC_RING, NULL) == EBADFD);
	EXPECT(call(fd, BRIDGE_IOC_EVENTFD, &eventfd) == EBADFD);
	EXPECT(read(fd, &rings, sizeof(rings)) < 0 && errno == EBADFD);
	EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EBADFD);
	EXPECT(poll_for(fd, POLLIN, 0) == POLLERR);
	EXPECT(lseek(fd, 0, SEEK_END) < 0 && errno == EBADFD);
	close(fd);
	EXPECT(call(fd, BRIDGE_IOC_STATUS, &status) == EBADF);
}

static void bad_uses(void)
{
	struct bridge_eventfd eventfd = { .fd = 0x7fffffff };
	int fd = create("uses", PAGE), reader = device(O_RDONLY), writer = device(O_WRONLY);
	uint32_t small;

	EXPECT(fd >= 0);
	EXPECT(create_on(fd, "again", PAGE, 0) == EBUSY);
	EXPECT(try_open(fd, "uses") == EBUSY);
	EXPECT(try_create("uses", PAGE, BRIDGE_GLOBAL) == EEXIST);
	EXPECT(create_on(reader, "other", PAGE, 0) == EACCES);
	EXPECT(try_open(writer, "uses") == EACCES);
	EXPECT(!try_open(reader, "uses"));
	EXPECT(read(fd, &small, sizeof(small)) < 0 && errno == EINVAL);
	EXPECT(call(fd, BRIDGE_IOC_EVENTFD, &eventfd) == EBADF);
	eventfd.fd = reader;
	EXPECT(call(fd, BRIDGE_IOC_EVENTFD, &eventfd) == EINVAL);
	EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
	EXPECT(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	       errno == EINVAL);
	EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE) == MAP_FAILED && errno == EINVAL);
	EXPECT(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED &&
	       errno == EACCES);
	close(writer);
	close(reader);
	close(fd);
}

static int do_errors(void)
{
	bad_names();
	bad_sizes();
	bad_arguments();
	bad_opens();
	unbound();
	bad_uses();
	return failures != 0;
}

/* ---- calls ---- */

static void mappings(void)
{
	int fd = create("maps", 3 * PAGE), other = device(O_RDWR), reader = device(O_RDONLY);
	char *here = map(fd, 3 * PAGE, PROT_READ | PROT_WRITE), *there, *last;

	EXPECT(!try_open(other, "maps") && !try_open(reader, "maps"));
	EXPECT(size_of(other) == 3 * PAGE && lseek(other, 0, SEEK_END) == 3 * PAGE);
	for (size_t i = 0; i < 3 * PAGE; i++)
		EXPECT(!here[i]);
	there = map(reader, 3 * PAGE, PROT_READ);
	last = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 2 * PAGE);
	EXPECT(mprotect(there, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	here[0] = 'a';
	last[1] = 'b';
	EXPECT(there[0] == 'a' && there[2 * PAGE + 1] == 'b' && here[2 * PAGE + 1] == 'b');
	EXPECT(!munmap(here, PAGE) && here[2 * PAGE + 1] == 'b');
	close(other);
	EXPECT(last[1] == 'b');
	munmap(last, PAGE);
	munmap(here + PAGE, 2 * PAGE);
	munmap(there, 3 * PAGE);
	close(reader);
	close(fd);
}

/* Return: the number of rings, @want if no more came. */
static uint64_t take_rings(int fd, uint64_t want)
{
	uint64_t sum = 0, rings;

	while (sum < want && poll_for(fd, POLLIN, WAIT_MS) == POLLIN) {
		if (read(fd, &rings, sizeof(rings)) != sizeof(rings))
			break;
		sum += rings;
	}
	return sum;
}

static void doorbells(void)
{
	int fd = create("bell", PAGE), other = device(O_RDWR | O_NONBLOCK), efd = eventfd(0, 0);
	struct bridge_eventfd arg = { .fd = efd };
	uint64_t rings = 0;

	EXPECT(!try_open(other, "bell") && !call(other, BRIDGE_IOC_EVENTFD, &arg));
	EXPECT(read(other, &rings, sizeof(rings)) < 0 && errno == EAGAIN);
	EXPECT(!poll_for(other, POLLIN, 0));
	for (int i = 0; i < 3; i++)
		EXPECT(!call(fd, BRIDGE_IOC_RING, NULL));
	EXPECT(poll_for(other, POLLIN, WAIT_MS) == POLLIN);
	EXPECT(take_rings(other, 3) == 3);
	EXPECT(!poll_for(other, POLLIN, 0));
	EXPECT(!poll_for(fd, POLLIN, 100));	/* the ringing side gets no event */
	EXPECT(read(efd, &rings, sizeof(rings)) == sizeof(rings) && rings >= 1 && rings <= 3);
	arg.fd = -1;
	EXPECT(!call(other, BRIDGE_IOC_EVENTFD, &arg));
	close(efd);
	close(other);
	close(fd);
}

static void revocation(void)
{
	int fd = create("dies", PAGE), other = device(O_RDWR), late = device(O_RDWR);
	char *memory, *again;
	uint64_t rings;

	EXPECT(!try_open(other, "dies"));
	memory = map(other, PAGE, PROT_READ | PROT_WRITE);
	memory[0] = 'x';
	close(fd);
	EXPECT(poll_for(other, POLLIN, WAIT_MS) == (POLLHUP | POLLERR));
	EXPECT(is_revoked(other));
	EXPECT(read(other, &rings, sizeof(rings)) == 0);
	EXPECT(call(other, BRIDGE_IOC_RING, NULL) == EOWNERDEAD);
	EXPECT(memory[0] == 'x' && !memory[1]);
	EXPECT(try_open(late, "dies") == ENOENT);
	/* the name is free: this is a new bridge */
	fd = create("dies", PAGE);
	again = map(fd, PAGE, PROT_READ);
	EXPECT(!again[0] && memory[0] == 'x');
	munmap(again, PAGE);
	munmap(memory, PAGE);
	close(late);
	close(fd);
	close(other);
}

static void anonymous(void)
{
	struct bridge_create create = { .size = PAGE, .flags = BRIDGE_ANONYMOUS, .mode = 0600 };
	struct bridge_open arg = { .name = "" };
	int fd = device(O_RDWR), other = device(O_RDWR);

	EXPECT(!call(fd, BRIDGE_IOC_CREATE, &create) && create.serial);
	arg.index = create.index;
	arg.serial = create.serial;
	EXPECT(!call(other, BRIDGE_IOC_OPEN, &arg) && arg.size == PAGE);
	close(other);
	close(fd);
}

static void scopes(void)
{
	struct bridge_status status;
	int local = device(O_RDWR), global = create("same", 2 * PAGE), fd = device(O_RDWR);

	EXPECT(global >= 0 && !create_on(local, "same", PAGE, 0));
	EXPECT(!try_open(fd, "same") && !call(fd, BRIDGE_IOC_STATUS, &status));
	EXPECT(status.size == PAGE && !(status.flags & BRIDGE_GLOBAL));
	close(fd);
	close(local);
	fd = device(O_RDWR);
	EXPECT(!try_open(fd, "same") && size_of(fd) == 2 * PAGE);
	close(fd);
	close(global);
}

static int do_calls(void)
{
	mappings();
	doorbells();
	revocation();
	anonymous();
	scopes();
	return failures != 0;
}

/* ---- limits ---- */

static void close_all(int fd[], int nr)
{
	while (nr--)
		close(fd[nr]);
}

static void how_many(void)
{
	int fd[EACH + 1], nr = 0;
	char name[32];

	do {
		snprintf(name, sizeof(name), "many.%d", nr);
		fd[nr] = create(name, PAGE);
	} while (fd[nr] >= 0 && ++nr <= EACH);
	/* vsh has bridges too */
	EXPECT(nr <= EACH && nr > EACH - 4 && fd[nr] == -EMFILE);
	close_all(fd, nr);
}

/* A revoked bridge counts until it is closed. */
static void how_many_revoked(void)
{
	int fd[EACH + 1], nr = 0, err = 0, owner;

	for (; nr <= EACH && !err; nr++) {
		owner = create("revoked", PAGE);
		fd[nr] = device(O_RDWR);
		err = owner < 0 ? -owner : try_open(fd[nr], "revoked");
		close(owner);
	}
	EXPECT(err == EMFILE);
	close_all(fd, nr);
}

static bool in_root(void)
{
	FILE *file = fopen("/sys/kernel/adeos/name", "r");
	char name[32] = "";

	if (!file || !fgets(name, sizeof(name), file))
		printf("/sys/kernel/adeos/name cannot be read\n");
	if (file)
		fclose(file);
	return !strcmp(name, "root\n");
}

static void how_much(void)
{
	int fd[EACH + 1], nr = 0;
	uint64_t sum = 0;
	char name[32];

	do {
		snprintf(name, sizeof(name), "much.%d", nr);
		fd[nr] = create(name, 64 * PAGE);
		sum += 64 * PAGE;
	} while (fd[nr] >= 0 && ++nr < EACH);
	/* root gets all that is free */
	EXPECT(nr < EACH && fd[nr] == (in_root() ? -ENOSPC : -EDQUOT));
	printf("%llu bytes\n", (unsigned long long)(sum - 64 * PAGE));
	close_all(fd, nr);
}

static void create_use_close(uint64_t size, bool owner_first)
{
	int fd = create("often", size), other = device(O_RDWR);
	char *memory;

	if (fd < 0)
		errno = -fd;
	EXPECT(fd >= 0);
	EXPECT(!try_open(other, "often"));
	memory = map(fd, size, PROT_READ | PROT_WRITE);
	EXPECT(!memory[0] && !memory[size - 1]);
	memset(memory, 'x', size);
	munmap(memory, size);
	close(owner_first ? fd : other);
	close(owner_first ? other : fd);
}

static void how_often(void)
{
	for (int i = 0; i < 1000 && !failures; i++)
		create_use_close(PAGE * (1 + i % 7), i % 2);
}

/* ---- pins ---- */

/* Puts a page of @memory into a pipe. Return: 0 or an errno. */
static int pin(int pipe, char *memory)
{
	struct iovec iov = { .iov_base = memory, .iov_len = PAGE };

	return vmsplice(pipe, &iov, 1, 0) == PAGE ? 0 : errno;
}

/* In any state */
static bool is_listed(const char *name)
{
	FILE *file = fopen("/sys/kernel/adeos/bridges", "r");
	char line[256], found[65];
	bool is = false;

	while (file && fgets(line, sizeof(line), file))
		is |= sscanf(line, "%*u %*u %64s", found) == 1 && !strcmp(found, name);
	if (file)
		fclose(file);
	return is;
}

static bool is_gone(const char *name)
{
	for (int ms = 0; ms < WAIT_MS && is_listed(name); ms += 10)
		usleep(10000);
	return !is_listed(name);
}

/* The memory of a bridge is not freed before its pages are unpinned. */
static void pins(void)
{
	int fd = create("pinned", 2 * PAGE), fds[2];
	char *memory = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE), page[PAGE];

	EXPECT(!pipe(fds));
	memset(memory + PAGE, 'p', PAGE);
	EXPECT(!pin(fds[1], memory + PAGE));
	munmap(memory, 2 * PAGE);
	close(fd);
	/* its name is free, its memory is not */
	fd = create("pinned", PAGE);
	EXPECT(fd >= 0);
	close(fd);
	usleep(500000);
	EXPECT(is_listed("pinned"));
	EXPECT(read(fds[0], page, PAGE) == PAGE && page[0] == 'p' && page[PAGE - 1] == 'p');
	EXPECT(is_gone("pinned"));
	close(fds[0]);
	close(fds[1]);
}

static void transient_pins(void)
{
	int fd = device(O_RDWR), fds[2];

	EXPECT(!pipe(fds) && !create_on(fd, "moves", PAGE, BRIDGE_TRANSIENT));
	EXPECT(pin(fds[1], map(fd, PAGE, PROT_READ | PROT_WRITE)) == EFAULT);
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

static int do_pins(void)
{
	pins();
	transient_pins();
	return failures != 0;
}

static int do_no_pins(void)
{
	int fd = create("here", PAGE), fds[2];

	EXPECT(!pipe(fds) && pin(fds[1], map(fd, PAGE, PROT_READ | PROT_WRITE)) == EFAULT);
	return failures != 0;
}

static int do_limits(void)
{
	how_many();
	how_many_revoked();
	how_much();
	how_often();
	return failures != 0;
}

int main(int argc, char *argv[])
{
	if (argc == 2 && !strcmp(argv[1], "errors"))
		return do_errors();
	if (argc == 2 && !strcmp(argv[1], "calls"))
		return do_calls();
	if (argc == 2 && !strcmp(argv[1], "limits"))
		return do_limits();
	if (argc == 2 && !strcmp(argv[1], "pins"))
		return do_pins();
	if (argc == 2 && !strcmp(argv[1], "no-pins"))
		return do_no_pins();
	fprintf(stderr, "bridge-test: errors, calls, limits, pins or no-pins?\n");
	return 2;
}
