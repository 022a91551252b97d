// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode whose kernel has gone mad: it writes random bytes wherever only it may write,
 * and interrupts the others at any rate. In the commons it writes also what is root's or
 * another vnode's; not to their own memory: nothing could prevent that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/apic.h>

#include "test.h"

#define KNOCK_EACH	128	/* rounds between two interrupts that make others look */

/**
 * struct target - memory that is overwritten
 * @va: address
 * @size: bytes, a multiple of 8
 * @original: copy of the first contents, or NULL
 * @bridge: name, if it is a bridge, or NULL
 */
struct target {
	void *va;
	u64 size;
	void *original;
	const char *bridge;
};

static u64 next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---- contents ---- */

static void write_random(struct target *target, u64 *state)
{
	u64 *word = target->va;
	u64 i;

	for (i = 0; i < target->size / sizeof(u64); i++)
		WRITE_ONCE(word[i], next(state));
}

/* Numbers that could be indices, lengths, serials. */
static void write_small(struct target *target, u64 *state)
{
	u32 *word = target->va;
	u64 i;

	for (i = 0; i < target->size / sizeof(u32); i++)
		WRITE_ONCE(word[i], next(state) & 0xff);
}

/* The first contents with some words changed: this passes the first checks. */
static void write_nearly(struct target *target, u64 *state)
{
	u64 words = target->size / sizeof(u32);
	u64 n = 1ULL << next(state) % 7;
	u32 *word = target->va;

	memcpy(target->va, target->original, target->size);
	/* of any magnitude */
	while (n--)
		WRITE_ONCE(word[next(state) % words], next(state) >> next(state) % 64);
}

/* A piece of random length and place. */
static void write_piece(struct target *target, u64 *state)
{
	u64 words = target->size / sizeof(u64);
	u64 at = next(state) % words, len = next(state) % 512;
	u64 *word = target->va;

	for (; len && at < words; len--, at++)
		WRITE_ONCE(word[at], next(state));
}

static void scribble_round(struct target *target, u64 *state)
{
	switch (next(state) % 64) {
	case 0:
		return write_random(target, state);
	case 1:
		return write_small(target, state);
	case 2 ... 23:
		return write_nearly(target, state);
	default:
		return write_piece(target, state);
	}
}

/* ---- make the others look ---- */

/* As root wrote it, before anything was overwritten. */
static struct vnode_control control;
static void *commons;

static struct vnode_station *station(u32 slot)
{
	return commons + slot * VNODE_STATION_SIZE;
}

/*
 * Interrupts without adeos-lite, which would fail on this kernel's damaged station, or
 * refuse.
 */
static void interrupt(u32 slot, u32 number)
{
	u64 target = le64_to_cpu(READ_ONCE(station(slot)->portal[number].target));
	unsigned long flags;

	if (!target)
		return;
	local_irq_save(flags);
	apic->icr_write(target & VNODE_TARGET_URGENT ? APIC_DM_NMI : target & 0xff, target >> 32);
	local_irq_restore(flags);
}

static void knock_all(void)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		if (slot != le32_to_cpu(control.slot))
			interrupt(slot, 0);
	/* the others look at the current contents */
	usleep_range(100, 200);
}

static int scribble(struct target *target, u64 seed, u32 rounds)
{
	u64 state = seed | 1;
	u32 i;

	target->original = kvmalloc(target->size, GFP_KERNEL);
	if (!target->original)
		return -ENOMEM;
	memcpy(target->original, target->va, target->size);
	for (i = 0; i < rounds && go_on(U64_MAX); i++) {
		scribble_round(target, &state);
		if (i % KNOCK_EACH)
			continue;
		if (target->bridge)
			bridges_ring(target->bridge);
		knock_all();
	}
	kvfree(target->original);
	return 0;
}

/* ---- targets ---- */

#define STATION_PART(part_name, first, last) {				\
	.name = (part_name),						\
	.offset = offsetof(struct vnode_station, first),		\
	.end = offsetofend(struct vnode_station, last),			\
}

/*
 * A vnode ends soon after its hello, beats or last words are overwritten. While they are
 * spared it survives any number of rounds.
 */
static const struct {
	const char *name;
	size_t offset;
	size_t end;
} parts[] = {
	STATION_PART("station", hello, ring),
	STATION_PART("hello", hello, hello),
	STATION_PART("tails", tail, tail),
	STATION_PART("end", end, end),
	STATION_PART("requests", probe, request),
	STATION_PART("beats", beat, beat_apicid),
	STATION_PART("portals", portal, raised),
	STATION_PART("bridges", bell, bridge_done),
	STATION_PART("rings", ring, ring),
	STATION_PART("body", portal, ring),
};

static void *control_map(void)
{
	struct acpi_table_header *header;
	phys_addr_t pa;

	if (ACPI_FAILURE(acpi_get_table("VNOD", 1, &header)))
		return ERR_PTR(-ENODEV);
	pa = le64_to_cpu(((struct vnode_acpi_vnod *)header)->control);
	acpi_put_table(header);
	return memremap(pa, VNODE_PAGE, MEMREMAP_WB) ?: ERR_PTR(-ENOMEM);
}

/* Read once, before anything is overwritten: later contents are not trusted. */
static int commons_map(void)
{
	void *page;

	if (commons)
		return 0;
	page = control_map();
	if (IS_ERR(page))
		return PTR_ERR(page);
	memcpy(&control, page, sizeof(control));
	memunmap(page);
	commons = memremap(le64_to_cpu(control.commons), le64_to_cpu(control.commons_size),
			   MEMREMAP_WB);
	return commons ? 0 : -ENOMEM;
}

void hostile_exit(void)
{
	if (commons)
		memunmap(commons);
}

static int scribble_station(size_t part, u64 seed, u32 rounds)
{
	struct target target = {
		.va = (void *)station(le32_to_cpu(control.slot)) + parts[part].offset,
		.size = parts[part].end - parts[part].offset,
	};

	return scribble(&target, seed, rounds);
}

/* One part of the commons, or all of it */
static int scribble_commons(u64 offset, u64 size, u64 seed, u32 rounds)
{
	struct target target = { .va = commons + offset, .size = size };

	return scribble(&target, seed, rounds);
}

static int scribble_control(u64 seed, u32 rounds)
{
	struct target target = { .va = control_map(), .size = VNODE_PAGE };
	int err;

	if (IS_ERR(target.va))
		return PTR_ERR(target.va);
	err = scribble(&target, seed, rounds);
	memunmap(target.va);
	return err;
}

/* @max: bytes, from its beginning on */
static int scribble_bridge(const char *name, u64 seed, u32 rounds, u64 max)
{
	struct target target = { .bridge = name };
	int err;

	err = bridges_find(name, &target.va, &target.size);
	if (err)
		return err;
	target.size = min(target.size, max);
	err = scribble(&target, seed, rounds);
	bridges_put();
	return err;
}

static int scribble_what(const char *what, u64 seed, u32 rounds, u64 max)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(what, parts[i].name))
			return scribble_station(i, seed, rounds);
	if (!strcmp(what, "control"))
		return scribble_control(seed, rounds);
	if (!strcmp(what, "directory"))
		return scribble_commons(VNODE_DIRECTORY, sizeof(struct vnode_directory), seed,
					rounds);
	if (!strcmp(what, "protocol"))
		return scribble_commons(0, VNODE_POOL, seed, rounds);
	return scribble_bridge(what, seed, rounds, max);
}

/* The answer may not reach the caller any more: log it, too. */
static int scribble_run(struct answer *out, int argc, char **argv)
{
	const char *text = option(argc, argv, "size");
	u64 seed, max = U64_MAX;
	u32 rounds;
	int err;

	err = kstrtou64(argv[0], 0, &seed);
	if (!err)
		err = kstrtou32(argv[1], 0, &rounds);
	if (!err && text)
		err = kstrtou64(text, 0, &max);
	if (err)
		return err;
	err = commons_map() ?: scribble_what(argv[2], seed, rounds, round_down(max, sizeof(u64)));
	pr_info("scribbled over %s, %u rounds, seed %llu: %d\n", argv[2], rounds, seed, err);
	return err;
}

/* Raises portals without the right to. */
static int force_run(struct answer *out, int argc, char **argv)
{
	struct adeos_door door;
	__le32 *raised;
	u32 id, count;
	int err;

	err = kstrtou32(argv[0], 0, &id);
	if (!err)
		err = kstrtou32(argv[2], 0, &count);
	if (!err)
		err = adeos_door_find(id, argv[1], &door);
	if (!err)
		err = commons_map();
	if (err)
		return err;
	raised = &station(le32_to_cpu(control.slot))->raised[door.peer.slot][door.number];
	for (; count && go_on(U64_MAX); count--) {
		WRITE_ONCE(*raised, cpu_to_le32(le32_to_cpu(*raised) + 1));
		/* the count first, as in the protocol */
		mb();
		interrupt(door.peer.slot, door.number);
	}
	return 0;
}

/* Says of a portal of this kernel that another CPU, of any kernel, has it. */
static int misdirect_run(struct answer *out, int argc, char **argv)
{
	struct vnode_portal *portal;
	u32 apicid, vector, i;
	int err;

	err = kstrtou32(argv[1], 0, &apicid) ?: kstrtou32(argv[2], 0, &vector) ?: commons_map();
	if (err)
		return err;
	portal = station(le32_to_cpu(control.slot))->portal;
	for (i = 0; i < VNODE_PORTALS; i++)
		if (!strncmp(portal[i].name, argv[0], sizeof(portal[i].name)))
			break;
	if (i == VNODE_PORTALS)
		return -ENOENT;
	WRITE_ONCE(portal[i].target, cpu_to_le64((u64)apicid << 32 | vector));
	return 0;
}

const struct command hostile_commands[] = {
	{ "force", 3, "ID NAME COUNT", force_run },
	{ "misdirect", 3, "NAME APICID VECTOR", misdirect_run },
	{ "scribble", 3,
	  "SEED ROUNDS control|station|hello|tails|end|requests|beats|portals|bridges|rings|body|BRIDGE [size=BYTES]",
	  scribble_run },
	{ }
};
