// SPDX-License-Identifier: GPL-2.0-only
/*
 * young-page CPU: prints the physical address of a page of its own that Linux cannot move
 * yet, and keeps it until it is killed.
 *
 * A page that a program gets waits in a list of its CPU first (folio_batch), and is not in
 * an LRU list before that one is full. Exit status 1: there is no such page.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	(64UL << 20)
#define PAGE	4096UL
#define PFN(e)	((e) & ((1ULL << 55) - 1))	/* of an entry of pagemap */
#define LRU	(1ULL << 5)			/* KPF_LRU */

static uint64_t read_at(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY);
	uint64_t value;

	if (fd < 0 || pread(fd, &value, sizeof(value), index * sizeof(value)) != sizeof(value)) {
		perror(path);
		exit(1);
	}
	close(fd);
	return value;
}

int main(int argc, char **argv)
{
	cpu_set_t cpus;
	uint64_t pfn;
	char *memory;
	size_t i;

	CPU_ZERO(&cpus);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &cpus);
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || memory == MAP_FAILED ||
	    madvise(memory, SIZE, MADV_NOHUGEPAGE)) {
		perror("young-page");
		return 1;
	}
	for (i = 0; i < SIZE; i += PAGE)
		memory[i] = 1;
	pfn = PFN(read_at("/proc/self/pagemap", (uintptr_t)(memory + SIZE - PAGE) / PAGE));
	if (read_at("/proc/kpageflags", pfn) & LRU)
		return 1;
	printf("%llu\n", (unsigned long long)pfn * PAGE);
	fflush(stdout);
	pause();
	return 0;
}
