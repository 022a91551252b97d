// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipi-load SECONDS: makes the kernel send as many inter-processor interrupts as
 * it can: one thread a CPU, all in one address space that changes all the time
 * (TLB shootdowns), and membarrier(2). Prints the number of rounds of all threads.
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX	64
#define PAGES		16

static atomic_bool over;
static atomic_ulong rounds;

static void *work(void *arg)
{
	size_t size = PAGES * sysconf(_SC_PAGESIZE);
	unsigned long n = 0;
	char *page;

	(void)arg;
	while (!atomic_load(&over)) {
		page = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (page == MAP_FAILED)
			continue;
		mprotect(page, size, PROT_READ);
		madvise(page, size, MADV_DONTNEED);
		munmap(page, size);
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		if (!(n++ % 64))
			syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
	}
	atomic_fetch_add(&rounds, n);
	return NULL;
}

int main(int argc, char **argv)
{
	long i, nr = sysconf(_SC_NPROCESSORS_ONLN);
	struct timespec time = { .tv_sec = argc == 2 ? atoi(argv[1]) : 0 };
	pthread_t thread[THREADS_MAX];

	if (!time.tv_sec) {
		fprintf(stderr, "usage: ipi-load SECONDS\n");
		return 2;
	}
	/* a single CPU has no other to interrupt, but must run the same code */
	nr = nr < 2 ? 2 : nr > THREADS_MAX ? THREADS_MAX : nr;
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	for (i = 0; i < nr; i++)
		if (pthread_create(&thread[i], NULL, work, NULL))
			return 1;
	nanosleep(&time, NULL);
	atomic_store(&over, true);
	for (i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	printf("ipi-load: %lu rounds\n", atomic_load(&rounds));
	return 0;
}
