// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records whose writer is told that they are on disk, and may then lose its power:
 *
 *	records write FILE FIRST	writes records from number FIRST on to a file or disk, some
 *					at a time, calls fsync(), and prints the number of the
 *					last one, without end
 *	records early FILE FIRST	the same, but prints before fsync(): a mistake, which
 *					"check" must find
 *	records check FILE LAST		looks whether FILE has all records up to number LAST
 *
 * Record N is in place N modulo PLACES, so it takes the place of an older one. A place may
 * have a record that is newer than LAST: it was written, but the writer was not told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACES	1024
#define SIZE	4096
#define MOST	8		/* records for an fsync() */

static uint64_t words[SIZE / 8];

static int fail(const char *what)
{
	fprintf(stderr, "records: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t word_of(uint64_t number, size_t i)
{
	return (number + 1) * 0x9e3779b97f4a7c15ULL + i;
}

static void fill(uint64_t number)
{
	size_t i;

	words[0] = number;
	for (i = 1; i < SIZE / 8; i++)
		words[i] = word_of(number, i);
}

static int is_whole(void)
{
	size_t i;

	for (i = 1; i < SIZE / 8; i++)
		if (words[i] != word_of(words[0], i))
			return 0;
	return 1;
}

static int put_one(int fd, uint64_t number)
{
	fill(number);
	return pwrite(fd, words, SIZE, number % PLACES * SIZE) == SIZE ? 0 : -1;
}

static int do_write(const char *path, uint64_t number, int early)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600), nr;

	if (fd < 0)
		return fail(path);
	for (;;) {
		for (nr = 1 + number % MOST; nr; nr--)
			if (put_one(fd, number++))
				return fail("write");
		if (!early && fsync(fd))
			return fail("fsync");
		printf("%llu\n", (unsigned long long)number - 1);
		fflush(stdout);
	}
}

/* The newest record up to @last that belongs there; all of them exist. */
static uint64_t newest(uint64_t place, uint64_t last)
{
	return last - (last + PLACES - place) % PLACES;
}

static int do_check(const char *path, uint64_t last)
{
	int fd = open(path, O_RDONLY), bad = 0;
	uint64_t place;

	if (fd < 0)
		return fail(path);
	for (place = 0; place < PLACES && place <= last; place++) {
		uint64_t want = newest(place, last);

		if (pread(fd, words, SIZE, place * SIZE) != SIZE)
			return fail("read");
		if (is_whole() && words[0] % PLACES == place && words[0] >= want)
			continue;
		printf("place %llu: %s record %llu, not %llu\n", (unsigned long long)place,
		       is_whole() ? "whole" : "broken", (unsigned long long)words[0],
		       (unsigned long long)want);
		bad = 1;
	}
	return bad;
}

int main(int argc, char **argv)
{
	uint64_t number = argc == 4 ? strtoull(argv[3], NULL, 0) : 0;

	if (argc == 4 && !strcmp(argv[1], "write"))
		return do_write(argv[2], number, 0);
	if (argc == 4 && !strcmp(argv[1], "early"))
		return do_write(argv[2], number, 1);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return do_check(argv[2], number);
	fprintf(stderr, "usage: records write|early|check FILE NUMBER\n");
	return 2;
}
