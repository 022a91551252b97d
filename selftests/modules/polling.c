// SPDX-License-Identifier: GPL-2.0-only
/*
 * Communication without interrupts: two kernels poll memory. And what Linux itself takes,
 * for comparison.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/string.h>

#include "test.h"

#define WAIT_MS		2000
#define SERVE_SPINS	4096	/* between two looks at the clock */

/* ---- the side that answers ---- */

static void serve_ball(struct bench_page *page)
{
	u64 seq = READ_ONCE(page->ball[0].seq);

	if (seq != page->ball[1].seq)
		WRITE_ONCE(page->ball[1].seq, seq);
}

static int serve_run(struct answer *out, int argc, char **argv)
{
	struct bench_page *page;
	u64 deadline;
	u32 i;
	int err;

	err = arg_deadline(argv[1], &deadline);
	if (!err)
		err = bench_find(argv[0], &page);
	if (err)
		return err;
	do {
		for (i = 0; i < SERVE_SPINS; i++) {
			serve_ball(page);
			cpu_relax();
		}
	} while (go_on(deadline));
	bridges_put();
	return 0;
}

/* ---- the side that asks ---- */

static int ball_once(struct bench_page *page)
{
	u64 seq = page->ball[0].seq + 1, deadline = rdtsc_ordered() + ms_to_tsc(WAIT_MS);
	u32 spins = 0;

	WRITE_ONCE(page->ball[0].seq, seq);
	while (READ_ONCE(page->ball[1].seq) != seq) {
		cpu_relax();
		if (++spins % SERVE_SPINS == 0 && !go_on(deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

static int ball_run(struct answer *out, int argc, char **argv)
{
	struct bench_page *page;
	struct samples samples;
	u32 count, i;
	u64 begin;
	int err;

	err = kstrtou32(argv[1], 0, &count);
	if (!err)
		err = bench_find(argv[0], &page);
	if (err)
		return err;
	err = samples_init(&samples, count);
	for (i = 0; !err && i < count; i++) {
		begin = rdtsc_ordered();
		err = ball_once(page);
		samples_add(&samples, rdtsc_ordered() - begin);
	}
	samples_say(&samples, out, "ball");
	samples_free(&samples);
	bridges_put();
	return err;
}

/* ---- Linux's own call of another CPU ---- */

struct stamp {
	u64 tsc;
};

static void take_stamp(void *data)
{
	struct stamp *stamp = data;

	WRITE_ONCE(stamp->tsc, rdtsc_ordered());
}

static int smpcall_all(u32 cpu, u32 count, struct samples *one_way, struct samples *round)
{
	struct stamp stamp;
	u64 begin;
	u32 i;
	int err;

	for (i = 0; i < count; i++) {
		begin = rdtsc_ordered();
		err = smp_call_function_single(cpu, take_stamp, &stamp, 1);
		if (err)
			return err;
		samples_add(round, rdtsc_ordered() - begin);
		samples_add(one_way, READ_ONCE(stamp.tsc) - begin);
		if (!go_on(U64_MAX))
			return -EINTR;
	}
	return 0;
}

static int smpcall_run(struct answer *out, int argc, char **argv)
{
	struct samples one_way, round;
	u32 cpu, count;
	int err;

	err = kstrtou32(argv[0], 0, &cpu);
	if (!err)
		err = kstrtou32(argv[1], 0, &count);
	if (err)
		return err;
	err = samples_init(&one_way, count);
	if (err)
		return err;
	err = samples_init(&round, count);
	if (err)
		goto err_one_way;
	err = smpcall_all(cpu, count, &one_way, &round);
	samples_say(&one_way, out, "one-way");
	samples_say(&round, out, "round-trip");
	samples_free(&round);
err_one_way:
	samples_free(&one_way);
	return err;
}

/* ---- a beat ---- */

#define BEAT_US		50
#define BEAT_ROUND_MS	50

static u32 beats;

static enum hrtimer_restart beat(struct hrtimer *timer)
{
	WRITE_ONCE(beats, beats + 1);
	hrtimer_forward_now(timer, ns_to_ktime(BEAT_US * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* The number of times that this CPU can read the clock in @ms. */
static u64 work(u32 ms)
{
	u64 deadline = rdtsc_ordered() + ms_to_tsc(ms), n = 0;

	while (rdtsc_ordered() < deadline)
		n++;
	return n;
}

static u64 beaten_work(u32 ms)
{
	struct hrtimer timer;
	u64 n;

	hrtimer_init_on_stack(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = beat;
	hrtimer_start(&timer, ns_to_ktime(BEAT_US * NSEC_PER_USEC), HRTIMER_MODE_REL_PINNED_HARD);
	n = work(ms);
	hrtimer_cancel(&timer);
	destroy_hrtimer_on_stack(&timer);
	return n;
}

/*
 * The time that one beat of a timer costs, in ns. The timer is like a nanokernel's, but
 * beats more often. Other work of the CPU increases the result.
 */
static u64 beat_once(void)
{
	u64 without, with;

	preempt_disable();
	beats = 0;
	without = work(BEAT_ROUND_MS);
	with = min(beaten_work(BEAT_ROUND_MS), without);
	preempt_enable();
	return div64_u64((without - with) * BEAT_ROUND_MS * NSEC_PER_MSEC,
			 without * max(beats, 1U));
}

static int beat_run(struct answer *out, int argc, char **argv)
{
	struct samples samples;
	u32 rounds, i;
	int err;

	err = kstrtou32(argv[0], 0, &rounds);
	if (!err)
		err = samples_init(&samples, rounds);
	if (err)
		return err;
	for (i = 0; i < rounds && go_on(U64_MAX); i++)
		samples_add(&samples, beat_once() * tsc_khz / 1000000);
	samples_say(&samples, out, "beat");
	samples_free(&samples);
	return 0;
}

/* ---- the clock ---- */

/* The reading is as exact as the time between both readings of the TSC. */
static int clock_run(struct answer *out, int argc, char **argv)
{
	u64 begin, end, real, best = U64_MAX, tsc = 0, best_real = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		begin = rdtsc_ordered();
		real = ktime_get_real_ns();
		end = rdtsc_ordered();
		if (end - begin >= best)
			continue;
		best = end - begin;
		tsc = begin + best / 2;
		best_real = real;
	}
	say(out, "tsc %llu real %llu khz %u within %llu\n", tsc, best_real, tsc_khz, best);
	return 0;
}

/* ---- copies ---- */

/**
 * struct copy - one kind of copy
 * @what: name, for the output
 * @to: destination
 * @from: source
 * @best: the fewest cycles so far
 */
struct copy {
	const char *what;
	void *to;
	const void *from;
	u64 best;
};

static void copy_once(struct copy *copy, u64 size)
{
	u64 begin = rdtsc_ordered();

	memcpy(copy->to, copy->from, size);
	copy->best = min(copy->best, rdtsc_ordered() - begin);
	cond_resched();
}

/* In turns: a disturbance then affects all kinds. */
static void copy_often(struct answer *out, struct copy *copies, size_t n, u64 size, u32 rounds)
{
	size_t i;

	while (rounds--)
		for (i = 0; i < n; i++)
			copy_once(&copies[i], size);
	/* cycles per ms are kHz: bytes per cycle and kHz make kB/s */
	for (i = 0; i < n; i++)
		say(out, "%s %llu MB/s\n", copies[i].what,
		    size * tsc_khz / max(copies[i].best, 1ULL) / 1000);
}

static void copy_all(struct answer *out, void *here, void *there, void *bridge, u64 size,
		     u32 rounds)
{
	struct copy copies[] = {
		{ "ordinary", there, here, U64_MAX },
		{ "to-bridge", bridge, here, U64_MAX },
		{ "from-bridge", there, bridge, U64_MAX },
	};

	copy_often(out, copies, ARRAY_SIZE(copies), size, rounds);
}

static int memcpy_run(struct answer *out, int argc, char **argv)
{
	void *here, *there, *bridge;
	u64 size;
	u32 rounds;
	int err;

	err = kstrtou32(argv[1], 0, &rounds);
	if (!err)
		err = bridges_find(argv[0], &bridge, &size);
	if (err)
		return err;
	err = -ENOMEM;
	here = kvzalloc(size, GFP_KERNEL);
	if (!here)
		goto err_put;
	there = kvzalloc(size, GFP_KERNEL);
	if (!there)
		goto err_here;
	copy_all(out, here, there, bridge, size, rounds);
	err = 0;
	kvfree(there);
err_here:
	kvfree(here);
err_put:
	bridges_put();
	return err;
}

const struct command polling_commands[] = {
	{ "serve", 2, "BRIDGE MS", serve_run },
	{ "ball", 2, "BRIDGE COUNT", ball_run },
	{ "smpcall", 2, "CPU COUNT", smpcall_run },
	{ "beat", 1, "ROUNDS", beat_run },
	{ "clock", 0, "", clock_run },
	{ "memcpy", 2, "BRIDGE ROUNDS", memcpy_run },
	{ }
};
