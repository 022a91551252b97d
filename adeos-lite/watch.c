// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root watches the beats of every CPU of every vnode. One that is silent for some
 * ticks is asked by NMI where it is, if others of that vnode still beat; if it stays
 * silent, the vnode is hung.
 *
 * Where all are silent nothing is asked: the kernel may be gone, and its IDT with it,
 * and a CPU that cannot take an NMI may reset the machine (one that waits for a SIPI
 * does in QEMU).
 *
 * Ticks are counted, not time: where the whole machine was held up, root's tick was
 * late as well, and counts once.
 */
#include <linux/slab.h>
#include <asm/apic.h>

#include "portal.h"
#include "slot.h"

/* The question comes so many ticks before the verdict. */
#define WATCH_ASK_BEFORE	2

int adeos_watch_alloc(struct adeos_slot *slot, unsigned int nr_cpus)
{
	unsigned int nr = min_t(unsigned int, nr_cpus, VNODE_BEATS);

	slot->beat = kcalloc(nr, sizeof(*slot->beat), GFP_KERNEL);
	slot->silent = kcalloc(nr, sizeof(*slot->silent), GFP_KERNEL);
	return slot->beat && slot->silent ? 0 : -ENOMEM;
}

void adeos_watch_free(struct adeos_slot *slot)
{
	kfree(slot->silent);
	kfree(slot->beat);
}

void adeos_watch_begin(struct adeos_slot *slot)
{
	unsigned int nr = min_t(unsigned int, slot->nr_cpus, VNODE_BEATS);

	memset(slot->beat, 0, nr * sizeof(*slot->beat));
	memset(slot->silent, 0, nr * sizeof(*slot->silent));
	slot->asked = 0;
}

static void watch_ask(struct adeos_slot *slot, u32 apicid)
{
	struct vnode_member *member = &adeos_directory()->member[slot->nr];

	if (apicid == ~0U)
		return;
	slot->asked = le32_to_cpu(member->probe) + 1;
	WRITE_ONCE(member->probe_apicid, cpu_to_le32(apicid));
	/* pairs with probe_answer() in nmi.c */
	smp_store_release(&member->probe, cpu_to_le32(slot->asked));
	adeos_ipi(apicid, APIC_DM_NMI);
}

static void watch_verdict(struct adeos_slot *slot, u32 cpu, u32 apicid, u32 ticks, bool others)
{
	const struct vnode_probe *probe = &adeos_station(slot->nr)->probe;
	char text[VNODE_END_TEXT], where[sizeof(probe->text)];

	strscpy(where, others ? "no answer to an NMI" : "as are all others", sizeof(where));

	/* pairs with probe_answer() in nmi.c */
	if (slot->asked && le32_to_cpu(smp_load_acquire(&probe->asked)) == slot->asked)
		memcpy(where, probe->text, sizeof(where) - 1);
	scnprintf(text, sizeof(text), "its CPU %u has been silent for %u ms, %s", cpu,
		  ticks * VNODE_BEAT_MS, where);
	adeos_slot_hung(slot, apicid, text);
}

/* Return: for how many ticks there was no beat. */
static u32 watch_cpu(struct adeos_slot *slot, u32 cpu)
{
	u32 beat = le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat[cpu]));

	if (beat && beat == slot->beat[cpu])
		return ++slot->silent[cpu];
	slot->beat[cpu] = beat;
	slot->silent[cpu] = 0;
	return 0;
}

/* The CPU that has been silent for longest is asked, and speaks for the others. */
static void watch_slot(struct adeos_slot *slot, u32 limit)
{
	u32 nr = min_t(u32, slot->nr_cpus, VNODE_BEATS);
	u32 cpu, ticks, worst = 0, most = 0;
	bool others = false;

	/* it stands still because root wants it to */
	if (adeos_freeze_holds(slot)) {
		memset(slot->silent, 0, nr * sizeof(*slot->silent));
		slot->asked = 0;
		return;
	}
	for (cpu = 0; cpu < nr; cpu++) {
		ticks = watch_cpu(slot, cpu);
		others |= !ticks && slot->beat[cpu];
		if (ticks > most) {
			most = ticks;
			worst = cpu;
		}
	}
	/* what was answered was not about the next time */
	if (!most)
		slot->asked = 0;
	if (most >= limit)
		watch_verdict(slot, worst, adeos_slot_apicid(slot, worst), most, others);
	else if (others && most && most + WATCH_ASK_BEFORE >= limit)
		watch_ask(slot, adeos_slot_apicid(slot, worst));
}

/* Also one that is no member any more, as long as its beats are there. */
static bool slot_is_watched(const struct adeos_slot *slot)
{
	return slot->started && slot->report.was_attached && !slot->report.end &&
	       !slot->report.hung;
}

/* Every VNODE_BEAT_MS, under the core's lock. */
void adeos_watch_tick(void)
{
	u32 limit = DIV_ROUND_UP(adeos_hang_ms(), VNODE_BEAT_MS);
	struct adeos_slot *slot;
	u32 nr;

	for (nr = 1; limit && nr < VNODE_SLOTS; nr++) {
		slot = adeos_slot_nr(nr);
		if (slot && slot_is_watched(slot))
			watch_slot(slot, limit);
	}
}
