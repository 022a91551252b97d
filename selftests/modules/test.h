/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * adeos-test: the functions that adeos-lite offers to drivers, and damage that a broken
 * kernel could do, as commands of /dev/adeos-test.
 */
#ifndef _ADEOS_TEST_H
#define _ADEOS_TEST_H

#include <linux/atomic.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

/* ---- main.c: commands ---- */

#define TEST_ARGS	16

struct answer;

/**
 * struct command - a command of /dev/adeos-test
 * @name: first word of its line
 * @args: number of further words that it needs
 * @usage: of these words
 * @run: returns 0 or a negative errno, which becomes the answer's first line
 */
struct command {
	const char *name;
	int args;
	const char *usage;
	int (*run)(struct answer *out, int argc, char **argv);
};

extern const struct command portal_commands[], raise_commands[], domain_commands[],
	message_commands[], bridge_commands[], polling_commands[], exercise_commands[],
	harm_commands[], hostile_commands[], frames_commands[], window_commands[];

void __printf(2, 3) say(struct answer *out, const char *fmt, ...);
const char *option(int argc, char **argv, const char *key);
int option_u32(int argc, char **argv, const char *key, u32 *value);
bool flag(int argc, char **argv, const char *word);

/* ---- time ---- */

static inline u64 ms_to_tsc(u32 ms)
{
	return (u64)ms * tsc_khz;
}

/* A wait with a time limit, which a signal ends. */
bool go_on(u64 deadline);
int arg_deadline(const char *ms, u64 *deadline);

/* ---- samples.c ---- */

struct samples {
	u64 *value;
	u32 count;
	u32 size;
};

int samples_init(struct samples *samples, u32 size);
void samples_free(struct samples *samples);
void samples_say(struct samples *samples, struct answer *out, const char *what);

static inline void samples_add(struct samples *samples, u64 value)
{
	if (samples->count < samples->size)
		samples->value[samples->count++] = value;
}

/* ---- bridge.c ---- */

#define LINE	64

/**
 * struct bench_page - how tests use the first page of a bridge
 * @sent: number of raises, written by each slot before it raises
 * @seen: last number of each slot, written by the portal's handler
 * @ball: one line for each direction
 *
 * Each line has one writer.
 */
struct bench_page {
	struct bench_sent {
		u64 seq;
		u8 pad[LINE - 8];
	} sent[VNODE_SLOTS];
	struct bench_seen {
		u64 seq;
		u64 tsc;
		u8 pad[LINE - 16];
	} seen[VNODE_SLOTS];
	struct bench_ball {
		u64 seq;
		u8 pad[LINE - 8];
	} ball[2];
};

int bridges_ring(const char *name);
int bridges_find(const char *name, void **va, u64 *size);
void bridges_put(void);		/* after bridges_find() that succeeded */
int bench_find(const char *name, struct bench_page **page);
void bridges_exit(void);

/* ---- portal.c ---- */

/**
 * struct test_portal - a portal of ours
 * @portal: NULL: this entry is free
 * @name: as created
 * @interrupts: calls of its handler
 * @from: number of times that each slot was named
 * @tsc: time of the last call
 * @echoing: raise @echo on each call
 * @echo: door to raise
 * @bench: page for the numbers seen, or NULL
 */
struct test_portal {
	struct adeos_portal *portal;
	char name[32];
	atomic64_t interrupts;
	atomic64_t from[VNODE_SLOTS];
	u64 tsc;
	bool echoing;
	struct adeos_door echo;
	struct bench_page *bench;
};

extern struct rw_semaphore portals_lock;	/* which portals there are */

struct test_portal *portals_find(const char *name);	/* ERR_PTR; under portals_lock */
void portals_exit(void);

/* ---- domain.c, hostile.c, message.c, window.c ---- */

void domains_forget(struct test_portal *portal);
void domains_exit(void);
void hostile_exit(void);
int messages_init(void);
void messages_exit(void);
void windows_exit(void);

#endif /* _ADEOS_TEST_H */
