// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl-fuzz SEED CALLS: random and mutated calls on /dev/vnode from several
 * threads and processes at once, on descriptors of their own and on shared ones.
 *
 * Each result is checked: an invalid call is refused with an errno that the header names;
 * a refused call changes nothing; granted memory is zero, and is where the call asked.
 *
 * START makes a CPU run the loaded image in ring 0, so a wrong image would harm the
 * whole machine and not the module. Therefore ids are divided:
 *
 *	1, 2		"calm", shared by all threads, loaded only by the thread that
 *			was granted them, and safe to start: every byte of the code is
 *			part of a loop that halts, and entry and page table are right,
 *			or such that LOAD refuses them
 *	3..9		"wild": loaded with anything, never started
 *	100 + THREAD	calm, used by one thread only: its content is known
 *	110 + THREAD	wild, used by one thread only
 *	200		of a process that is killed in the middle
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/vnode.h>
#include <vnode/layout.h>

#define PROCESSES	2
#define THREADS		2		/* of each process */
#define SHARED_FDS	2
#define CPUS		4		/* 1..CPUS - 1 are lent */
#define VICTIM		200
#define CALM_OWN(t)	(100U + (t)->nr)
#define WILD_OWN(t)	(110U + (t)->nr)
/* Taking CPUs costs a second: leave time for calls on existing vnodes. */
#define CALLS_PER_GRANT	400
#define CALLS_PER_KILL	8000
#define PAGE		4096UL
#define MIB		0x100000UL

/* in a vnode's range */
#define AT_TABLES	0x1000UL
#define AT_PARAMS	0x3000UL
#define AT_CONTROL	0x8000UL
#define AT_SEED		0xc000UL
#define AT_CODE		0x10000UL
#define CODE_SIZE	0x10000UL
#define NR_SEGMENTS	5
#define NR_CALLS	12
#define NR_ERRNOS	12
#define LAST_SIZE	8192		/* at most this much comes out of LAST */

static struct shared {
	atomic_ulong calls, limit, ioctls[NR_CALLS], done[NR_CALLS], refused, reads, kills, closes;
	atomic_long tokens;
	atomic_int failures;
} *shared;

/* A vnode that this thread was granted through its own descriptor. */
struct grant {
	uint64_t base, size;
	uint32_t low_base, low_size, low_page;
};

struct thread {
	int nr;
	uint64_t random;
	int fd;
	int memory_fd;
	uint32_t latest;		/* granted through fd: calls on it get far */
	char *edge;			/* end of a page, the next is not mapped */
	char *read_only;
	uint32_t *cpus;			/* CPUS entries at the end of a page as well */
	uint32_t apicids[CPUS];
	struct vnode_claim claim[VNODE_CLAIMS_MAX];
	struct vnode_segment segment[VNODE_SEGMENTS_MAX + 1];
	uint64_t tables[2 * 512];	/* page table: top level, next level */
	struct grant known[256];
};

static int shared_fd[SHARED_FDS];
static unsigned char code[CODE_SIZE];

static void __attribute__((format(printf, 1, 2))) failure(const char *fmt, ...)
{
	va_list args;
	char text[300];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (atomic_fetch_add(&shared->failures, 1) < 20)
		printf("# FAILURE: %s\n", text);
	fflush(stdout);
}

static void __attribute__((noreturn)) fail(const char *what)
{
	printf("# ioctl-fuzz: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

/* ---- numbers ---- */

static uint64_t next(struct thread *t)
{
	uint64_t z = (t->random += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int below(struct thread *t, unsigned int n)
{
	return (next(t) >> 16) % n;
}

static bool one_in(struct thread *t, unsigned int n)
{
	return !below(t, n);
}

static const uint64_t edges[] = {
	0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 64, 255, 256, 257, 0xfff, PAGE, 0x10000, 0x9f000,
	0xa0000,
	MIB, VNODE_MEM_ALIGN, VNODE_MEM_MIN, 128 * MIB, 1024 * MIB, 0x7fffffff, 0x80000000,
	0xfffff000, 0xffffffff, 1ULL << 32, 1ULL << 40, 1ULL << 52, 0x7ffffffff000, 1ULL << 63,
	0xffff888000000000, 0xffffffff81000000, -2ULL << 20, -1ULL << 20, -PAGE, -8ULL, -2ULL,
	-1ULL,
};

static uint64_t edge(struct thread *t)
{
	uint64_t value = edges[below(t, sizeof(edges) / sizeof(*edges))];

	switch (below(t, 4)) {
	case 0:
		return value + below(t, 5) - 2;
	case 1:
		return one_in(t, 4) ? next(t) : 1ULL << below(t, 64);
	}
	return value;
}

static uint64_t bad_pointer(struct thread *t)
{
	static const uint64_t bad[] = {
		0, 1, 8, PAGE - 8, 0x7ffffffff000, 0x7ffffffffff8, 0x800000000000,
		0x8000000000000000,
		0xffff888000000000, 0xffff888000001000, 0xffffffff81000000, 0xffffffffff600000,
		-PAGE, -8ULL, -1ULL,
	};

	if (one_in(t, 4))
		return (uintptr_t)t->edge - below(t, 4);
	return bad[below(t, sizeof(bad) / sizeof(*bad))];
}

/* ---- calls ---- */

static const struct {
	const char *name;
	unsigned long cmd;
	int errnos[NR_ERRNOS];
} calls[] = {
	{ "INFO", VNODE_IOC_INFO, { EFAULT } },
	{ "GRANT", VNODE_IOC_GRANT, { EFAULT, EINVAL, EEXIST, ENOTUNIQ, EADDRINUSE, ENXIO, EBUSY,
				      EADDRNOTAVAIL, ENOMEM, ENOSPC, EINTR } },
	{ "LOAD", VNODE_IOC_LOAD, { EFAULT, ENOENT, EBADF, EBUSY, EINVAL, EADDRNOTAVAIL, EINTR,
				    ENOMEM } },
	{ "START", VNODE_IOC_START, { EFAULT, ENOENT, EBADF, EBUSY, EINVAL } },
	{ "STOP", VNODE_IOC_STOP, { EFAULT, ENOENT, EINVAL, EOPNOTSUPP } },
	{ "RETURN", VNODE_IOC_RETURN, { EFAULT, ENOENT, EINVAL, EBUSY } },
	{ "STATUS", VNODE_IOC_STATUS, { EFAULT, ENOENT, EINVAL } },
	{ "MEMORY", VNODE_IOC_MEMORY, { EFAULT, ENOENT, EINVAL } },
	{ "LAST", VNODE_IOC_LAST, { EFAULT, ENOENT, EINVAL } },
	{ "FREEZE", VNODE_IOC_FREEZE, { EFAULT, ENOENT, EINVAL, EBUSY, ENOTCONN, EHOSTDOWN,
					EOPNOTSUPP, ETIMEDOUT } },
	{ "THAW", VNODE_IOC_THAW, { EFAULT, EINVAL, EBADF, ETIME } },
	{ "REGS", VNODE_IOC_REGS, { EFAULT, ENOENT, EINVAL } },
};

static_assert(sizeof(calls) / sizeof(*calls) == NR_CALLS, "a call is not tried");

/* Needs a nanokernel, which none of these vnodes has. */
static bool cannot_succeed(unsigned int nr)
{
	return nr == _IOC_NR(VNODE_IOC_FREEZE) || nr == _IOC_NR(VNODE_IOC_THAW);
}

/* Returns what ioctl() does, or a negative errno, which must be a documented one. */
static int call(struct thread *t, int fd, unsigned int nr, void *arg)
{
	int ret = ioctl(fd, calls[nr].cmd, arg);
	int errnum = ret < 0 ? errno : 0;
	unsigned int i = 0;

	if (atomic_fetch_add(&shared->calls, 1) % CALLS_PER_GRANT == 0)
		atomic_fetch_add(&shared->tokens, 1);
	atomic_fetch_add(&shared->ioctls[nr], 1);
	if (!errnum) {
		atomic_fetch_add(&shared->done[nr], 1);
		return ret;
	}
	while (i < NR_ERRNOS && calls[nr].errnos[i] != errnum)
		i++;
	/* another thread may have replaced a shared descriptor */
	if (i == NR_ERRNOS && fd == t->fd)
		failure("%s: %s is not among its errors", calls[nr].name, strerror(errnum));
	return -errnum;
}

#define CALL(t, fd, name, arg)	call(t, fd, _IOC_NR(VNODE_IOC_##name), arg)

static int some_fd(struct thread *t)
{
	return one_in(t, 4) ? shared_fd[below(t, SHARED_FDS)] : t->fd;
}

/* Any id that no other thread owns. */
static uint32_t some_id(struct thread *t)
{
	uint32_t id;

	switch (below(t, 8)) {
	case 0:
		id = edge(t);
		return id >= 100 && id <= VICTIM ? 0 : id;
	case 1:
		return CALM_OWN(t);
	case 2:
		return WILD_OWN(t);
	}
	return 1 + below(t, 9);
}

static bool is_own(struct thread *t, uint32_t id)
{
	return id == CALM_OWN(t) || id == WILD_OWN(t);
}

static bool is_calm(struct thread *t, uint32_t id)
{
	return id == 1 || id == 2 || id == CALM_OWN(t);
}

static uint32_t calm_id(struct thread *t)
{
	if (is_calm(t, t->latest) && !one_in(t, 3))
		return t->latest;
	return one_in(t, 3) ? CALM_OWN(t) : 1 + below(t, 2);
}

static uint32_t wild_id(struct thread *t)
{
	if (t->latest && !is_calm(t, t->latest) && !one_in(t, 3))
		return t->latest;
	return one_in(t, 3) ? WILD_OWN(t) : 3 + below(t, 7);
}

/* ---- GRANT ---- */

/* Few texts, so that claims collide; now and then one without a NUL. */
static void claims_fill(struct thread *t)
{
	struct vnode_claim *c = t->claim;
	unsigned int i;

	memset(c, 0, sizeof(t->claim));
	for (i = below(t, VNODE_CLAIMS_MAX + 1); i--; c[i].holder = edge(t))
		snprintf(c[i].text, sizeof(c[i].text), "claim%u", below(t, 64));
	if (one_in(t, 16))
		c[below(t, VNODE_CLAIMS_MAX)].text[below(t, VNODE_CLAIM_LEN)] = edge(t);
}

static bool claims_are_valid(const struct vnode_claim *c)
{
	unsigned int i, k;

	for (i = 0; i < VNODE_CLAIMS_MAX; i++) {
		for (k = 0; k < VNODE_CLAIM_LEN && c[i].text[k] > ' ' && c[i].text[k] < 0x7f; k++)
			;
		if (k == VNODE_CLAIM_LEN)
			return false;
		for (; k < VNODE_CLAIM_LEN; k++)
			if (c[i].text[k])
				return false;
	}
	return true;
}

/* Another vnode has the claim: the call names it. */
static void claims_check(struct thread *t, const struct vnode_grant *asked)
{
	const struct vnode_claim *c = t->claim;
	unsigned int i;

	for (i = 0; asked->claims && i < VNODE_CLAIMS_MAX; i++)
		if (*c[i].text && c[i].holder && c[i].holder <= VNODE_ID_MAX &&
		    c[i].holder != asked->id)
			return;
	failure("GRANT: refused for a claim that no other vnode has");
}

static void grant_valid(struct thread *t, struct vnode_grant *g, uint32_t id)
{
	unsigned int i;

	claims_fill(t);
	*g = (struct vnode_grant){
		.id = id,
		.nr_cpus = 1,
		.cpus = (uintptr_t)t->cpus,
		.apicids = (uintptr_t)t->apicids,
		.claims = one_in(t, 2) ? 0 : (uintptr_t)t->claim,
		/* now and then a whole block, which is hot-removed */
		.mem_size = one_in(t, 12) ? 130 * MIB : VNODE_MEM_MIN,
	};
	for (i = 0; i < CPUS; i++)
		t->cpus[i] = 1 + (i + below(t, CPUS - 1)) % (CPUS - 1);
	snprintf(g->name, sizeof(g->name), "fuzz%u", id);
}

static void mutate(struct thread *t, void *arg, size_t size)
{
	size_t at;
	uint64_t value = one_in(t, 4) ? bad_pointer(t) : edge(t);

	switch (below(t, 4)) {
	case 0:		/* 32 bits */
		at = below(t, size / 4) * 4;
		memcpy((char *)arg + at, &value, 4);
		break;
	case 1:		/* one bit */
		at = below(t, size);
		((char *)arg)[at] ^= 1 << below(t, 8);
		break;
	default:
		at = below(t, size / 8) * 8;
		memcpy((char *)arg + at, &value, 8);
	}
}

static bool name_is_valid(const char *name)
{
	static const char allowed[] =
		"0123456789-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strnlen(name, VNODE_NAME_LEN);

	return len && len < VNODE_NAME_LEN && strspn(name, allowed) == len &&
	       !strchr("0123456789-.", *name);
}

/* An invalid request: must be refused before a CPU is taken. */
static bool grant_is_wrong(struct thread *t, const struct vnode_grant *g)
{
	unsigned int i, k;

	if (!g->id || g->id > VNODE_ID_MAX || !name_is_valid(g->name) || !g->nr_cpus ||
	    g->nr_cpus > CPUS)
		return true;
	if (g->claims && (g->claims != (uintptr_t)t->claim || !claims_are_valid(t->claim)))
		return true;
	if (g->mem_size % VNODE_MEM_ALIGN || g->mem_size < VNODE_MEM_MIN ||
	    (g->mem_max && g->mem_max < g->mem_min))
		return true;
	if (g->cpus != (uintptr_t)t->cpus)
		return true;
	for (i = 0; i < g->nr_cpus; i++) {
		if (!t->cpus[i] || t->cpus[i] >= CPUS)
			return true;
		for (k = 0; k < i; k++)
			if (t->cpus[k] == t->cpus[i])
				return true;
	}
	return false;
}

static void grant_check(struct thread *t, const struct vnode_grant *asked,
			const struct vnode_grant *g)
{
	uint64_t end = g->mem_base + asked->mem_size - 1;

	if (grant_is_wrong(t, asked) || asked->apicids != (uintptr_t)t->apicids)
		failure("GRANT: accepted, though wrong (id %u, %u CPUs, %#llx bytes, cpus %#llx)",
			asked->id, asked->nr_cpus, (unsigned long long)asked->mem_size,
			(unsigned long long)asked->cpus);
	if (g->mem_base % VNODE_MEM_ALIGN || g->mem_base < asked->mem_min || end < g->mem_base ||
	    (asked->mem_max && end > asked->mem_max))
		failure("GRANT: memory at %#llx, wanted %#llx to %#llx",
			(unsigned long long)g->mem_base, (unsigned long long)asked->mem_min,
			(unsigned long long)asked->mem_max);
	if (g->low_base < 0x10000 || g->low_base + g->low_size > 0xa0000 || !g->low_size ||
	    !g->low_page || g->low_page >= 0xa0000 || g->low_page % PAGE || g->low_base % PAGE ||
	    (g->low_page >= g->low_base && g->low_page < g->low_base + g->low_size))
		failure("GRANT: low memory at %#x, %#x bytes, and %#x", g->low_base, g->low_size,
			g->low_page);
}

/* Only this thread uses this id: its memory must be all zeros, whatever it held before. */
static void grant_check_zero(struct thread *t, uint32_t id, uint64_t size)
{
	static __thread unsigned char page[PAGE];
	struct vnode_id arg = { .id = id };
	unsigned int i, k;
	int fd = CALL(t, t->fd, MEMORY, &arg);

	if (fd < 0) {
		failure("MEMORY of a granted vnode: %s", strerror(-fd));
		return;
	}
	for (i = 0; i < 8; i++) {
		uint64_t at = i ? next(t) % (size - PAGE) : AT_CODE;

		if (pread(fd, page, PAGE, at) != PAGE) {
			failure("MEMORY: no page at %#llx", (unsigned long long)at);
			break;
		}
		for (k = 0; k < PAGE && !page[k]; k++)
			;
		if (k < PAGE) {
			failure("GRANT: memory is not zero at %#llx", (unsigned long long)at + k);
			break;
		}
	}
	close(fd);
}

static bool exists(struct thread *t, uint32_t id)
{
	struct vnode_status status = { .id = id };

	return CALL(t, t->fd, STATUS, &status) != -ENOENT;
}

static void try_grant(struct thread *t)
{
	uint32_t id = one_in(t, 2) ? calm_id(t) : wild_id(t);
	struct vnode_grant asked, *g;
	/* only the thread that was granted a calm one may load it */
	int fd = is_calm(t, id) ? t->fd : some_fd(t);
	bool deliverable = !one_in(t, 8), existed = false;
	unsigned int n;
	int ret;

	grant_valid(t, &asked, id);
	if (!one_in(t, 16))
		for (n = 1 + below(t, 2); n; n--)
			mutate(t, &asked, sizeof(asked));
	if (one_in(t, 4))
		t->cpus[below(t, CPUS)] = edge(t);
	if (one_in(t, 4))
		asked.nr_cpus = below(t, CPUS + 2);
	/* a mutated pointer could still be valid: replace it */
	if (asked.apicids != (uintptr_t)t->apicids)
		asked.apicids = bad_pointer(t);
	if (asked.cpus != (uintptr_t)t->cpus)
		asked.cpus = bad_pointer(t);
	if (asked.claims && asked.claims != (uintptr_t)t->claim)
		asked.claims = bad_pointer(t);
	if (asked.id != id)
		asked.id = (uint8_t)(asked.id) < 10 ? asked.id : 0;
	if (is_calm(t, asked.id))
		fd = t->fd;
	if (!grant_is_wrong(t, &asked)) {
		if (atomic_fetch_sub(&shared->tokens, 1) <= 0) {
			atomic_fetch_add(&shared->tokens, 1);
			return;
		}
		if (is_own(t, asked.id))
			existed = exists(t, asked.id);
	}

	g = (void *)(deliverable ? t->edge - sizeof(asked) : t->read_only);
	if (deliverable) {
		*g = asked;
	} else {
		mprotect(t->read_only, PAGE, PROT_READ | PROT_WRITE);
		*g = asked;
		mprotect(t->read_only, PAGE, PROT_READ);
	}
	ret = CALL(t, fd, GRANT, g);
	if (!grant_is_wrong(t, &asked) &&
	    (ret == -EEXIST || ret == -ENOTUNIQ || ret == -EADDRINUSE || ret == -EBUSY))
		atomic_fetch_add(&shared->tokens, 1);	/* the call took no CPU */
	if (deliverable && ret == -EADDRINUSE)
		claims_check(t, &asked);
	if (!deliverable && !ret)
		failure("GRANT: accepted, though it could not be answered");
	if (ret) {
		if (!grant_is_wrong(t, &asked) && is_own(t, asked.id) && !existed &&
		    exists(t, asked.id))
			failure("GRANT: refused (%s), but vnode %u is there", strerror(-ret),
				asked.id);
		return;
	}
	grant_check(t, &asked, g);
	if (fd == t->fd && asked.id <= VNODE_ID_MAX) {
		t->known[asked.id] = (struct grant){ g->mem_base, asked.mem_size, g->low_base,
						     g->low_size, g->low_page };
		t->latest = asked.id;
		if (is_own(t, asked.id))
			grant_check_zero(t, asked.id, asked.mem_size);
	}
}

/* ---- LOAD ---- */

static void load_valid(struct thread *t, struct vnode_load *l, uint32_t id, const struct grant *g)
{
	bool is_64 = one_in(t, 2);

	*l = (struct vnode_load){
		.id = id,
		.flags = below(t, 4),	/* KEEP, RESTART */
		.nr_segments = NR_SEGMENTS,
		.entry_mode = is_64 ? 64 : 32,
		.segments = (uintptr_t)t->segment,
		.entry = g->base + AT_CODE + below(t, CODE_SIZE - 16),
		.boot_params = g->base + AT_PARAMS,
		.cr3 = is_64 ? g->base + AT_TABLES : 0,
		.control = g->base + AT_CONTROL,
		.seed = one_in(t, 2) ? g->base + AT_SEED : 0,
		.restarts = one_in(t, 2) ? below(t, 4) : edge(t),
		.boot_limit_ms = one_in(t, 2) ? below(t, 500) : edge(t),
	};
	memset(t->segment, 0, sizeof(t->segment));
	t->segment[0] = (struct vnode_segment){ (uintptr_t)code, CODE_SIZE, g->base + AT_CODE,
						CODE_SIZE };
	t->tables[0] = (g->base + AT_TABLES + PAGE) | 3;
	t->segment[1] = (struct vnode_segment){ (uintptr_t)t->tables, sizeof(t->tables),
						g->base + AT_TABLES, sizeof(t->tables) };
	t->segment[2] = (struct vnode_segment){ (uintptr_t)code, 100, g->base + AT_PARAMS, PAGE };
	t->segment[3] = (struct vnode_segment){ (uintptr_t)code, PAGE, g->low_base,
						g->low_size };
	t->segment[4] = (struct vnode_segment){ (uintptr_t)code, 3 * PAGE,
						g->base + g->size - 8 * PAGE, 8 * PAGE };
}

static bool holds(uint64_t base, uint64_t size, uint64_t at, uint64_t len)
{
	return at >= base && at < base + size && len <= size && at + len <= base + size;
}

static bool in_grant(const struct grant *g, uint64_t at, uint64_t len)
{
	return holds(g->base, g->size, at, len) || holds(g->low_base, g->low_size, at, len) ||
	       holds(g->low_page, PAGE, at, len);
}

static bool segments_are_wrong(struct thread *t, const struct vnode_load *l, const struct grant *g)
{
	unsigned int i, k;

	for (i = 0; i < l->nr_segments; i++) {
		const struct vnode_segment *s = &t->segment[i], *o;

		if (!s->memsz || s->bufsz > s->memsz || !in_grant(g, s->mem, s->memsz))
			return true;
		for (k = 0; k < i; k++) {
			o = &t->segment[k];
			if (s->mem < o->mem + o->memsz && o->mem < s->mem + s->memsz)
				return true;
		}
	}
	return false;
}

/* Must be refused, by the header. Pointers to a segment's bytes are not checked here. */
static bool load_is_wrong(struct thread *t, const struct vnode_load *l, const struct grant *g)
{
	const uint32_t known = VNODE_LOAD_KEEP | VNODE_LOAD_RESTART | VNODE_LOAD_REBOOT |
			       VNODE_LOAD_FIXED;

	if (l->dump_dir || l->reserved ||
	    (l->seed && !holds(g->base, g->size, l->seed, VNODE_SEED_SIZE)))
		return true;
	if ((l->flags & ~known) || !l->nr_segments || l->nr_segments > VNODE_SEGMENTS_MAX ||
	    l->segments != (uintptr_t)t->segment ||
	    (l->entry_mode != 32 && l->entry_mode != 64))
		return true;
	if (!holds(g->base, g->size, l->entry, 1) || !in_grant(g, l->boot_params, PAGE) ||
	    l->control % PAGE || !holds(g->base, g->size, l->control, VNODE_CONTROL_SIZE))
		return true;
	if (l->entry_mode == 32 && (l->cr3 || l->entry > UINT32_MAX))
		return true;
	if (l->entry_mode == 64 && (l->cr3 % PAGE || l->cr3 > UINT32_MAX ||
				    !in_grant(g, l->cr3, PAGE)))
		return true;
	return segments_are_wrong(t, l, g);
}

/* Starting it only halts CPUs, as long as the segments are unchanged. */
static bool load_is_harmless(const struct vnode_load *l, const struct grant *g)
{
	return l->nr_segments == NR_SEGMENTS &&
	       holds(g->base + AT_CODE, CODE_SIZE - 16, l->entry, 1) &&
	       (l->entry_mode == 32 || l->cr3 == g->base + AT_TABLES) &&
	       (!l->seed || l->seed == g->base + AT_SEED);
}

static void mutate_segments(struct thread *t, const struct grant *g)
{
	struct vnode_segment *s = &t->segment[below(t, NR_SEGMENTS)];

	switch (below(t, 6)) {
	case 0:
		s->buf = bad_pointer(t);
		break;
	case 1:
		s->mem = g->base + g->size - below(t, 3) * PAGE;
		break;
	case 2:
		s->mem = g->base - 1 + below(t, 3);
		break;
	case 3:
		s->memsz = -s->mem + below(t, 3);
		break;
	case 4:
		s->mem += (below(t, 5) - 2) * PAGE;
		break;
	default:
		mutate(t, s, sizeof(*s));
	}
}

static void try_load(struct thread *t)
{
	bool calm = one_in(t, 2);
	uint32_t id = calm ? calm_id(t) : wild_id(t);
	int fd = calm ? t->fd : some_fd(t);
	/* unknown vnode: any address, the call is refused */
	struct grant g = t->known[id];
	struct vnode_load asked, *l = (void *)(t->edge - sizeof(asked));
	unsigned int n;
	bool wrong;
	int ret;

	if (!g.size)
		g = (struct grant){ 1 << 30, VNODE_MEM_MIN, 0x10000, 0x8000, 0x2000 };
	load_valid(t, &asked, id, &g);
	if (!one_in(t, 4))
		for (n = 1 + below(t, 2); n; n--)
			mutate(t, &asked, sizeof(asked));
	if (asked.segments != (uintptr_t)t->segment)
		asked.segments = bad_pointer(t);
	asked.id = id;
	if (!calm && one_in(t, 2))
		mutate_segments(t, &g);
	wrong = load_is_wrong(t, &asked, &g);
	if (calm && !wrong && !load_is_harmless(&asked, &g))
		return;
	*l = asked;
	ret = CALL(t, fd, LOAD, l);
	if (!ret && wrong && fd == t->fd)
		failure("LOAD: wrong, but accepted: mode %u, entry %#llx, cr3 %#llx, control %#llx",
			asked.entry_mode, (unsigned long long)asked.entry,
			(unsigned long long)asked.cr3, (unsigned long long)asked.control);
}

/* ---- the others ---- */

static void try_start(struct thread *t)
{
	struct vnode_id arg = { .id = calm_id(t) };

	if (one_in(t, 3))
		arg.id = one_in(t, 2) ? 0 : 256 + below(t, 1000);
	if (one_in(t, 4))
		arg.reserved = edge(t);
	if (!CALL(t, t->fd, START, &arg) && (arg.reserved || !is_calm(t, arg.id)))
		failure("START: accepted, though wrong (id %u, reserved %u)", arg.id, arg.reserved);
}

static void try_stop(struct thread *t)
{
	struct vnode_stop arg = {
		.id = some_id(t), .flags = below(t, 2), .timeout_ms = edge(t),
	};

	if (one_in(t, 3))
		mutate(t, (char *)&arg + 4, sizeof(arg) - 4);
	if (!CALL(t, some_fd(t), STOP, &arg) && (arg.flags > 1 || arg.reserved))
		failure("STOP: accepted, though wrong (flags %#x)", arg.flags);
}

static void try_return(struct thread *t)
{
	struct vnode_id arg = { .id = some_id(t) };
	struct vnode_id own = { .id = CALM_OWN(t) };
	char byte;
	int fd, ret;

	/* mostly with a wrong argument: the other calls need vnodes */
	if (!one_in(t, 12))
		arg.reserved = edge(t);
	if (!CALL(t, some_fd(t), RETURN, &arg) && arg.reserved)
		failure("RETURN: accepted, though wrong (reserved %u)", arg.reserved);
	if (!one_in(t, 64))
		return;
	fd = CALL(t, t->fd, MEMORY, &own);
	if (fd < 0)
		return;
	ret = CALL(t, t->fd, RETURN, &own);
	if (!ret && (pread(fd, &byte, 1, 0) != -1 || errno != ENXIO))
		failure("MEMORY: can be read after RETURN");
	if (!ret && exists(t, own.id))
		failure("RETURN: vnode %u is still there", own.id);
	close(fd);
}

static void try_status(struct thread *t)
{
	uint32_t cpus[CPUS];
	struct vnode_status asked = {
		.id = one_in(t, 4) ? edge(t) : some_id(t), .flags = below(t, 2),
		.nr_cpus = below(t, CPUS + 1), .cpus = (uintptr_t)cpus,
	};
	struct vnode_status *s = (void *)(t->edge - sizeof(*s));

	if (one_in(t, 3))
		mutate(t, &asked, sizeof(asked));
	/* a mutated pointer could be into this thread's stack */
	if (asked.cpus != (uintptr_t)cpus)
		asked.cpus = bad_pointer(t);
	if (asked.cpus == (uintptr_t)cpus && asked.nr_cpus > CPUS)
		asked.cpus = 0;
	*s = asked;
	if (CALL(t, some_fd(t), STATUS, s))
		return;
	if (asked.flags > 1 || s->state == VNODE_FREE || s->state >= VNODE_NR_STATES ||
	    s->id > VNODE_ID_MAX || s->id < asked.id || !s->nr_cpus || s->nr_cpus >= CPUS ||
	    !name_is_valid(s->name) || !memchr(s->release, 0, sizeof(s->release)) ||
	    !memchr(s->text, 0, sizeof(s->text)) || s->cause >= VNODE_NR_CAUSES || s->attached)
		failure("STATUS: vnode %u, state %u, %u CPUs", s->id, s->state, s->nr_cpus);
}

static void read_memory(struct thread *t, int fd)
{
	uint64_t at = one_in(t, 2) ? edge(t) : below(t, 32 * MIB);
	char *buf = t->edge - PAGE;
	size_t len = below(t, PAGE);
	ssize_t n;

	if (one_in(t, 4))
		buf = (void *)(uintptr_t)bad_pointer(t);
	else if (one_in(t, 8))
		len = edge(t);
	n = pread(fd, buf, len, at);
	if (n > 0 && (size_t)n > len)
		failure("MEMORY: %zd bytes for %zu", n, len);
	if (n > 0 && (int64_t)at < 0)
		failure("MEMORY: reads at %#llx", (unsigned long long)at);
	lseek(fd, edge(t), below(t, 6));
	n = read(fd, t->edge - PAGE, below(t, 2 * PAGE));
	if (write(fd, code, 16) > 0)
		failure("MEMORY: can be written");
	if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED)
		failure("MEMORY: can be mapped");
	ioctl(fd, edge(t), t->edge - 64);
	atomic_fetch_add(&shared->reads, 1);
}

static void try_memory(struct thread *t)
{
	struct vnode_id arg = { .id = some_id(t), .reserved = one_in(t, 4) ? edge(t) : 0 };
	int fd = CALL(t, some_fd(t), MEMORY, &arg);

	if (fd < 0) {
		read_memory(t, t->memory_fd);
		return;
	}
	read_memory(t, fd);
	/* keep one descriptor: its memory may be returned meanwhile */
	if (t->memory_fd >= 0)
		close(t->memory_fd);
	t->memory_fd = fd;
}

/* None of these vnodes has a nanokernel: there are no last words. */
static void try_last(struct thread *t)
{
	struct vnode_last arg = {
		.id = some_id(t), .reserved = one_in(t, 4) ? edge(t) : 0,
		.text = (uintptr_t)t->edge - PAGE, .size = below(t, PAGE),
	};
	uint64_t asked;

	if (one_in(t, 4))
		arg.text = bad_pointer(t);
	else if (one_in(t, 4))
		arg.size = edge(t);
	asked = arg.size;
	if (CALL(t, some_fd(t), LAST, &arg))
		return;
	if (arg.reserved || arg.size > asked || arg.size > LAST_SIZE)
		failure("LAST: %llu bytes of %llu, reserved %u", (unsigned long long)arg.size,
			(unsigned long long)asked, arg.reserved);
}

static void try_freeze(struct thread *t)
{
	bool there = t->latest && one_in(t, 2);
	struct vnode_id id = { .id = there ? t->latest : some_id(t) };
	struct vnode_regs *regs = (void *)(t->edge - sizeof(*regs));
	uint32_t cpu = one_in(t, 2) ? below(t, CPUS) : edge(t);
	unsigned int i;

	if (!there && one_in(t, 3))
		id.reserved = edge(t);
	CALL(t, some_fd(t), FREEZE, &id);
	CALL(t, some_fd(t), THAW, &id);
	memset(regs, 0xff, sizeof(*regs));
	regs->id = id.id;
	regs->cpu = cpu;
	regs->reserved = id.reserved;
	if (CALL(t, some_fd(t), REGS, regs))
		return;
	for (i = 0; i < VNODE_REGS_NR && !regs->reg[i]; i++)
		;
	if (id.reserved || cpu >= CPUS - 1 || regs->kind || i < VNODE_REGS_NR)
		failure("REGS: CPU %u, kind %u, reserved %u, register %u", cpu, regs->kind,
			id.reserved, i);
}

static void try_any(struct thread *t)
{
	unsigned int nr = below(t, NR_CALLS);
	unsigned long cmd = calls[nr].cmd;
	char *arg = t->edge - 512;
	bool known = false;
	int ret;

	switch (below(t, 3)) {
	case 0:		/* a valid number, an unreadable argument */
		call(t, t->fd, nr, (void *)(uintptr_t)bad_pointer(t));
		return;
	case 1:		/* a valid number, a random argument or one that the page cuts off */
		memset(arg, one_in(t, 2) ? below(t, 256) : 0xff, 512);
		if (nr == _IOC_NR(VNODE_IOC_START) || nr == _IOC_NR(VNODE_IOC_GRANT))
			arg += 512 - below(t, 8);
		else
			arg += below(t, 512);
		call(t, t->fd, nr, arg);
		return;
	}
	if (one_in(t, 2))
		cmd = next(t);
	else
		cmd = _IOC(below(t, 4), VNODE_IOC_MAGIC, below(t, NR_CALLS + 4),
			   edge(t) % (1 << 14));
	for (nr = 0; nr < NR_CALLS; nr++)
		known |= (uint32_t)cmd == (uint32_t)calls[nr].cmd;
	if (known || _IOC_TYPE(cmd) != VNODE_IOC_MAGIC)
		return;
	ret = ioctl(t->fd, cmd, arg);
	atomic_fetch_add(&shared->calls, 1);
	if (ret != -1 || errno != ENOTTY)
		failure("%#lx is no command, but taken for one", cmd);
	atomic_fetch_add(&shared->refused, 1);
}

static int device_open(void)
{
	int fd = open("/dev/vnode", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/vnode");
	return fd;
}

static void try_descriptors(struct thread *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN | POLLPRI };
	struct vnode_info info;
	unsigned int k;
	int fd;
	pid_t pid;

	switch (below(t, 40)) {
	case 0:		/* its grants go back */
		close(t->fd);
		memset(t->known, 0, sizeof(t->known));
		t->fd = device_open();
		atomic_fetch_add(&shared->closes, 1);
		return;
	case 1:		/* while other threads may be in a call on it */
		k = below(t, SHARED_FDS);
		fd = __atomic_exchange_n(&shared_fd[k], -1, __ATOMIC_SEQ_CST);
		if (fd < 0)
			return;
		close(fd);
		__atomic_store_n(&shared_fd[k], device_open(), __ATOMIC_SEQ_CST);
		atomic_fetch_add(&shared->closes, 1);
		return;
	case 2:		/* the same file under another number */
		fd = dup(t->fd);
		close(t->fd);
		t->fd = fd;
		return;
	case 3:		/* and in another process, which exits */
		pid = fork();
		if (!pid) {
			ioctl(t->fd, VNODE_IOC_INFO, &info);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return;
	}
	poll(&pfd, 1, 0);
	if (CALL(t, t->fd, INFO, &info) || info.abi != VNODE_ABI_VERSION)
		failure("INFO fails");
	if (read(t->fd, &info, sizeof(info)) >= 0 || write(t->fd, &info, sizeof(info)) >= 0 ||
	    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, t->fd, 0) != MAP_FAILED)
		failure("/dev/vnode can be read, written or mapped");
}

/* ---- threads and processes ---- */

/* A writable page, followed by one without access. */
static char *edge_alloc(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + 2 * PAGE, PAGE, PROT_NONE))
		fail("mmap");
	return pages + 2 * PAGE;
}

static void thread_init(struct thread *t, int nr, uint64_t seed)
{
	unsigned int i;

	t->nr = nr;
	/* pages of 1 GiB, identity: QEMU's -cpu max has them */
	for (i = 0; i < 512; i++)
		t->tables[512 + i] = (uint64_t)i << 30 | 0x83;
	t->random = seed * 1000 + nr;
	t->fd = device_open();
	t->memory_fd = -1;
	t->edge = edge_alloc();
	t->cpus = (uint32_t *)edge_alloc() - CPUS;
	t->read_only = edge_alloc() - PAGE;
}

static void *thread_run(void *arg)
{
	static const struct {
		unsigned int weight;
		void (*func)(struct thread *t);
	} mix[] = {
		{ 20, try_grant }, { 24, try_load }, { 6, try_start }, { 6, try_stop },
		{ 10, try_return }, { 11, try_status }, { 6, try_memory }, { 10, try_any },
		{ 2, try_descriptors }, { 3, try_last }, { 2, try_freeze },
	};
	struct thread *t = arg;
	unsigned int pick, i;

	while (atomic_load(&shared->calls) < atomic_load(&shared->limit)) {
		pick = below(t, 100);
		for (i = 0; pick >= mix[i].weight; i++)
			pick -= mix[i].weight;
		mix[i].func(t);
	}
	return NULL;
}

static void process_run(int first, uint64_t seed)
{
	static struct thread t[THREADS];
	pthread_t id[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		thread_init(&t[i], first + i, seed);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&id[i], NULL, thread_run, &t[i]))
			fail("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	exit(0);
}

/* A process that is killed at any point: its grants must go back. */
static void kill_one(struct thread *t)
{
	struct vnode_grant g;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		t->fd = device_open();
		grant_valid(t, &g, VICTIM);
		for (;;)
			if (ioctl(t->fd, VNODE_IOC_GRANT, &g))
				usleep(1000);
	}
	usleep(below(t, 900000));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	atomic_fetch_add(&shared->kills, 1);
	if (exists(t, VICTIM))
		failure("a process was killed, its vnode is still there");
}

static void clean_up(struct thread *t)
{
	struct vnode_status status = { .flags = VNODE_STATUS_NEXT };
	struct vnode_stop stop = { .flags = VNODE_STOP_FORCE };
	struct vnode_id arg = {};
	int left = 0;

	while (!CALL(t, t->fd, STATUS, &status)) {
		stop.id = status.id;
		arg.id = status.id;
		if (CALL(t, t->fd, STOP, &stop) || CALL(t, t->fd, RETURN, &arg)) {
			failure("vnode %u (state %u) cannot be taken back", status.id,
				status.state);
			break;
		}
		status = (struct vnode_status){ .flags = VNODE_STATUS_NEXT };
		left++;
	}
	printf("# %d vnodes were left over and are taken back\n", left);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void report(double begin)
{
	unsigned int i;

	printf("# %5.1f s, %lu calls; done of asked:", now() - begin, shared->calls);
	for (i = 1; i < NR_CALLS; i++)
		printf(" %s %lu/%lu", calls[i].name, shared->done[i], shared->ioctls[i]);
	printf("; %lu unknown, %lu reads, %lu closes, %lu kills\n", shared->refused, shared->reads,
	       shared->closes, shared->kills);
	fflush(stdout);
}

static void prepare(void)
{
	unsigned int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	/* hlt; jmp to it: harmless wherever it is entered, in 32 and in 64 bits */
	for (i = 0; i < CODE_SIZE; i++)
		code[i] = "\xf4\xeb\xfd"[i % 3];
	for (i = 0; i < SHARED_FDS; i++)
		shared_fd[i] = device_open();
}

int main(int argc, char **argv)
{
	static struct thread own;
	double begin = now(), told = begin;
	int i, status, running = PROCESSES;
	unsigned long seed;
	pid_t pid;

	if (argc != 3) {
		fprintf(stderr, "usage: ioctl-fuzz SEED CALLS\n");
		return 2;
	}
	prepare();
	seed = strtoul(argv[1], NULL, 0);
	atomic_store(&shared->limit, strtoul(argv[2], NULL, 0));
	atomic_store(&shared->tokens, 8);
	for (i = 0; i < PROCESSES; i++) {
		pid = fork();
		if (pid < 0)
			fail("fork");
		if (!pid)
			process_run(i * THREADS, seed);
	}
	thread_init(&own, PROCESSES * THREADS, seed);
	while (running) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			running--;
			if (status)
				failure("a process ended with %#x", status);
			continue;
		}
		if (atomic_load(&shared->calls) / CALLS_PER_KILL > atomic_load(&shared->kills))
			kill_one(&own);
		else
			usleep(20000);
		if (now() - told > 10) {
			told = now();
			report(begin);
		}
	}
	for (i = 0; i < SHARED_FDS; i++)
		close(shared_fd[i]);
	clean_up(&own);
	report(begin);
	/* else only refusals were tested */
	for (i = 1; i < NR_CALLS; i++)
		if (!atomic_load(&shared->done[i]) != cannot_succeed(i))
			failure("%s: %lu have succeeded", calls[i].name, shared->done[i]);
	return atomic_load(&shared->failures) ? 1 : 0;
}
