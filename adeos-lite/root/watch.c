// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root watches the beats of every CPU of every vnode. A CPU that is silent for some
 * ticks is asked by NMI where it is, if another CPU of that vnode still beats; if it
 * stays silent, the vnode is hung.
 *
 * Where all CPUs are silent none is asked: the kernel may be gone, and its IDT with it,
 * and a CPU that cannot take an NMI may reset the machine (one that waits for a SIPI
 * does in QEMU).
 *
 * Ticks are counted, not time: where the whole machine was held up, root's tick was
 * late as well, and counts once.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/apic.h>

#include "watch.h"

/* The question comes so many ticks before the verdict. */
#define WATCH_ASK_BEFORE	2

/**
 * struct adeos_watch - a CPU of a vnode, as the vnode numbers it
 * @beat: its last beat that was seen
 * @silent: how many ticks ago that was
 */
struct adeos_watch {
	u32 beat;
	u32 silent;
};

static u32 watch_nr(const struct adeos_slot *slot)
{
	return min_t(u32, slot->nr_cpus, VNODE_BEATS);
}

int adeos_watch_alloc(struct adeos_slot *slot)
{
	slot->watch = kcalloc(watch_nr(slot), sizeof(*slot->watch), GFP_KERNEL);
	return slot->watch ? 0 : -ENOMEM;
}

void adeos_watch_begin(struct adeos_slot *slot)
{
	memset(slot->watch, 0, watch_nr(slot) * sizeof(*slot->watch));
	slot->asked = 0;
}

static void watch_ask(struct adeos_slot *slot, u32 nr)
{
	struct vnode_member *member = &root_directory.member[slot->nr];
	u32 cpu = adeos_slot_cpu(slot, nr);

	if (cpu == ADEOS_NO_CPU)
		return;
	slot->asked = le32_to_cpu(member->probe) + 1;
	adeos_show(&member->probe_apicid, cpu_to_le32(slot->cpu[cpu].apicid));
	/* pairs with probe_answer() in vnode/probe.c */
	smp_wmb();
	adeos_show(&member->probe, cpu_to_le32(slot->asked));
	adeos_ipi(slot->cpu[cpu].apicid, APIC_DM_NMI);
}

static void watch_verdict(struct adeos_slot *slot, u32 nr, u32 ticks, bool others)
{
	const struct vnode_probe *probe = &adeos_station(slot->nr)->probe;
	char text[VNODE_END_TEXT], where[sizeof(probe->text)];

	strscpy(where, others ? "no answer to an NMI" : "as are all others", sizeof(where));

	/* pairs with probe_answer() in vnode/probe.c */
	if (slot->asked && le32_to_cpu(smp_load_acquire(&probe->asked)) == slot->asked)
		adeos_text_line(where, probe->text, sizeof(where));
	scnprintf(text, sizeof(text), "its CPU %u has been silent for %u ms, %s", nr,
		  ticks * VNODE_BEAT_MS, where);
	adeos_slot_ended(slot, ADEOS_END_HUNG, 0, nr, text);
}

/* Return: for how many ticks there was no beat. */
static u32 watch_cpu(struct adeos_slot *slot, u32 nr)
{
	u32 beat = le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat[nr]));
	struct adeos_watch *watch = &slot->watch[nr];

	if (beat && beat == watch->beat)
		return ++watch->silent;
	watch->beat = beat;
	watch->silent = 0;
	return 0;
}

/* The CPU that has been silent for longest is asked, and stands for the others. */
static void slot_watch(struct adeos_slot *slot, u32 limit)
{
	u32 nr, ticks, worst = 0, most = 0;
	bool others = false;

	/* frozen CPUs need not beat */
	if (adeos_freeze_holds(slot)) {
		for (nr = 0; nr < watch_nr(slot); nr++)
			slot->watch[nr].silent = 0;
		slot->asked = 0;
		return;
	}
	for (nr = 0; nr < watch_nr(slot); nr++) {
		ticks = watch_cpu(slot, nr);
		others |= !ticks && slot->watch[nr].beat;
		if (ticks > most) {
			most = ticks;
			worst = nr;
		}
	}
	/* an answer until now was not about the next silence */
	if (!most)
		slot->asked = 0;
	if (most >= limit)
		watch_verdict(slot, worst, most, others);
	else if (others && most && most + WATCH_ASK_BEFORE >= limit)
		watch_ask(slot, worst);
}

/*
 * Every VNODE_BEAT_MS. A vnode that was a member once is watched as long as it beats.
 * @hang_ms: 0: a vnode never counts as hung
 */
void adeos_watch_slot(struct adeos_slot *slot, unsigned int hang_ms)
{
	if (hang_ms && slot->started && slot->attach_tsc && !slot->end)
		slot_watch(slot, DIV_ROUND_UP(hang_ms, VNODE_BEAT_MS));
}
