// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcpy KIB...: the time to copy as many bytes by memcpy(), memory touched
 * before, in milliseconds; the best of five.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 0) << 10 : 0;
	char *from = malloc(size), *to = malloc(size);
	double best = 1e9;
	int i;

	if (!size || !from || !to)
		return 1;
	memset(from, 1, size);
	memset(to, 2, size);
	for (i = 0; i < 5; i++) {
		double begin = now_ms(), ms;

		memcpy(to, from, size);
		/* the copy is wanted */
		__asm__ volatile("" : : "r"(to) : "memory");
		ms = now_ms() - begin;
		if (ms < best)
			best = ms;
	}
	printf("%.3f\n", best);
	return 0;
}
