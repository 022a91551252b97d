// SPDX-License-Identifier: GPL-2.0-only
/* Raises other kernels' portals once or often, with or without waiting for an effect. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>

#include "test.h"

#define WAIT_MS		10000	/* for one interrupt, on a busy host */

/**
 * struct raise - arguments and state of a command
 * @door: of the portal to raise
 * @bench: shared page that numbers the raises, or NULL
 * @slot: our line in @bench
 * @seq: number of the last raise
 * @step: raises between waits for the receiver; 0: wait at the end only
 * @gap_us: pause between two raises
 */
struct raise {
	struct adeos_door door;
	struct bench_page *bench;
	u32 slot;
	u64 seq;
	u32 step;
	u32 gap_us;
};

static int raise_wait(const struct raise *raise)
{
	u64 deadline = rdtsc_ordered() + ms_to_tsc(WAIT_MS);

	if (!raise->bench)
		return 0;
	/* Pairs with bench_seen(). */
	while (smp_load_acquire(&raise->bench->seen[raise->slot].seq) != raise->seq)
		if (!go_on(deadline))
			return -ETIMEDOUT;
	return 0;
}

static int raise_once(struct raise *raise)
{
	/* adeos_door_raise() orders this before the interrupt. */
	if (raise->bench)
		WRITE_ONCE(raise->bench->sent[raise->slot].seq, ++raise->seq);
	return adeos_door_raise(&raise->door);
}

static int raise_all(struct raise *raise, u32 count, u32 *done)
{
	int err;

	for (*done = 0; *done < count; ) {
		err = raise_once(raise);
		if (err)
			return err;
		++*done;
		if (raise->step && *done % raise->step == 0) {
			err = raise_wait(raise);
			if (err)
				return err;
		}
		if (raise->gap_us)
			fsleep(raise->gap_us);
		if (!go_on(U64_MAX))
			return -EINTR;
	}
	return raise_wait(raise);
}

static int raise_options(struct raise *raise, int argc, char **argv)
{
	const char *bridge = option(argc, argv, "bridge");
	struct adeos_member self;
	int err;

	err = option_u32(argc, argv, "step", &raise->step);
	if (!err)
		err = option_u32(argc, argv, "gap", &raise->gap_us);
	if (err || !bridge)
		return err;
	err = adeos_self(&self);
	if (err)
		return err;
	raise->slot = self.slot;
	err = bench_find(bridge, &raise->bench);
	if (!err)
		raise->seq = READ_ONCE(raise->bench->sent[self.slot].seq);
	return err;
}

static int door_of(char **argv, struct adeos_door *door)
{
	u32 id;
	int err;

	err = kstrtou32(argv[0], 0, &id);
	return err ?: adeos_door_find(id, argv[1], door);
}

static int raise_parse(struct raise *raise, int argc, char **argv, u32 *count)
{
	int err;

	err = kstrtou32(argv[2], 0, count);
	if (!err)
		err = door_of(argv, &raise->door);
	return err ?: raise_options(raise, argc, argv);
}

static int raise_run(struct answer *out, int argc, char **argv)
{
	struct raise raise = { };
	u32 count, done = 0;
	u64 tsc;
	int err;

	err = raise_parse(&raise, argc, argv, &count);
	if (err)
		return err;
	tsc = rdtsc_ordered();
	err = raise_all(&raise, count, &done);
	say(out, "raised %u cycles %llu tsc %llu\n", done, rdtsc_ordered() - tsc, tsc);
	if (raise.bench) {
		say(out, "seq %llu seen %llu\n", raise.seq,
		    READ_ONCE(raise.bench->seen[raise.slot].seq));
		bridges_put();
	}
	return err;
}

/* Raises in a loop, ignoring errors. */
static int flood_run(struct answer *out, int argc, char **argv)
{
	struct adeos_door door;
	u64 deadline, count = 0;
	int err;

	err = arg_deadline(argv[2], &deadline);
	if (!err)
		err = door_of(argv, &door);
	if (err)
		return err;
	do {
		err = adeos_door_raise(&door);
		count++;
	} while (go_on(deadline));
	say(out, "raised %llu, at last %pe\n", count, ERR_PTR(err));
	return 0;
}

static int pingpong_once(const struct adeos_door *door, struct test_portal *mine, u64 *cycles)
{
	s64 before = atomic64_read(&mine->interrupts);
	u64 begin = rdtsc_ordered();
	int err;

	err = adeos_door_raise(door);
	if (err)
		return err;
	while (atomic64_read(&mine->interrupts) == before)
		if (!go_on(begin + ms_to_tsc(WAIT_MS)))
			return -ETIMEDOUT;
	*cycles = READ_ONCE(mine->tsc) - begin;
	return 0;
}

static int pingpong(const struct adeos_door *door, struct test_portal *mine,
		    struct samples *samples)
{
	u64 cycles;
	int err = 0;

	while (!err && samples->count < samples->size) {
		err = pingpong_once(door, mine, &cycles);
		if (!err)
			samples_add(samples, cycles);
	}
	return err;
}

static int pingpong_run(struct answer *out, int argc, char **argv)
{
	struct test_portal *mine;
	struct samples samples;
	struct adeos_door door;
	u32 count;
	int err;

	err = kstrtou32(argv[3], 0, &count);
	if (!err)
		err = door_of(argv, &door);
	if (!err)
		err = samples_init(&samples, count);
	if (err)
		return err;
	down_read(&portals_lock);
	mine = portals_find(argv[2]);
	err = PTR_ERR_OR_ZERO(mine);
	if (!err)
		err = pingpong(&door, mine, &samples);
	up_read(&portals_lock);
	samples_say(&samples, out, "round-trip");
	samples_free(&samples);
	return err;
}

/* Time from before the raise to the first instruction of the handler. */
static int oneway_once(struct raise *raise, u64 *cycles)
{
	u64 begin = rdtsc_ordered();
	int err;

	err = raise_once(raise);
	if (!err)
		err = raise_wait(raise);
	*cycles = READ_ONCE(raise->bench->seen[raise->slot].tsc) - begin;
	return err;
}

static int oneway_all(struct raise *raise, struct answer *out, u32 count)
{
	struct samples samples;
	u64 cycles;
	u32 i;
	int err;

	err = samples_init(&samples, count);
	for (i = 0; !err && i < count; i++) {
		err = oneway_once(raise, &cycles);
		if (!err)
			samples_add(&samples, cycles);
	}
	samples_say(&samples, out, "one-way");
	samples_free(&samples);
	return err;
}

static int oneway_run(struct answer *out, int argc, char **argv)
{
	struct raise raise = { };
	u32 count;
	int err;

	err = raise_parse(&raise, argc, argv, &count);
	if (err)
		return err;
	if (!raise.bench)
		return -EINVAL;
	err = oneway_all(&raise, out, count);
	bridges_put();
	return err;
}

const struct command raise_commands[] = {
	{ "raise", 3, "ID NAME COUNT [bridge=BRIDGE] [step=N] [gap=US]", raise_run },
	{ "flood", 3, "ID NAME MS", flood_run },
	{ "pingpong", 4, "ID NAME MY-NAME COUNT", pingpong_run },
	{ "oneway", 4, "ID NAME COUNT bridge=BRIDGE", oneway_run },
	{ }
};
