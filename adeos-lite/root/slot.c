// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slots of the commons. Each belongs to a vnode from GRANT to RETURN. The vnode's
 * nanokernel becomes a member when it has said hello, and is one until it says goodbye
 * or its CPUs are stopped. All of it under the core's lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/tsc.h>

#include "bridges.h"
#include "watch.h"

static unsigned int hang_ms = 800;
module_param(hang_ms, uint, 0644);
MODULE_PARM_DESC(hang_ms, "a vnode's CPU that is silent for so long is hung; 0: never");

static struct adeos_slot *slots[VNODE_SLOTS];
static u32 boots;		/* never the same twice */
static u32 lives = 1;		/* root's own is 1 */

/* ---- the directory ---- */

/* The life is cleared first and written last: in between, readers find no member. */
static void member_write(const struct adeos_slot *slot, u32 life, u32 refused)
{
	struct vnode_member *member = &root_directory.member[slot->nr];

	adeos_show(&member->life, 0);
	/* pairs with member_read() in member.c */
	smp_wmb();
	adeos_show(&member->id, cpu_to_le32(slot->id));
	adeos_show(&member->boot, cpu_to_le32(slot->boot));
	adeos_show(&member->attach, cpu_to_le32(slot->attach));
	adeos_show(&member->refused, cpu_to_le32(refused));
	strscpy_pad(member->name, slot->name, sizeof(member->name));
	memcpy(adeos_shown(member)->name, member->name, sizeof(member->name));
	/* the same */
	smp_wmb();
	adeos_show(&member->life, cpu_to_le32(life));
	adeos_show(&root_directory.events, cpu_to_le32(le32_to_cpu(root_directory.events) + 1));
}

/* Frees bridges that have no users any more, and mends what a vnode that ran wild wrote to. */
static void directory_settle(void)
{
	struct vnode_directory *shown = adeos_shown(&root_directory);

	mutex_lock(&bridge_root_lock);
	bridge_root_sweep();
	if (memcmp(shown, &root_directory, sizeof(root_directory))) {
		pr_warn("a vnode has written to the directory, where only root may: mended\n");
		memcpy(shown, &root_directory, sizeof(root_directory));
	}
	mutex_unlock(&bridge_root_lock);
}

static void knock_members(void)
{
	u32 nr, mask = 0;

	for (nr = 1; nr < VNODE_SLOTS; nr++)
		if (slots[nr] && slots[nr]->life)
			mask |= BIT(nr);
	adeos_knock(mask);
}

static void lent_write(const struct adeos_slot *slot)
{
	struct vnode_lent_cpu *lent = root_directory.lent;
	unsigned int i, k = 0;

	for (i = 0; i < VNODE_BEATS && k < slot->nr_cpus; i++) {
		if (lent[i].slot)
			continue;
		adeos_show(&lent[i].apicid, cpu_to_le32(slot->cpu[k++].apicid));
		/* pairs with adeos_cpu_of_slot() in ipi.c */
		smp_wmb();
		adeos_show(&lent[i].slot, cpu_to_le32(slot->nr));
	}
}

static void lent_clear(u32 nr)
{
	struct vnode_lent_cpu *lent = root_directory.lent;
	unsigned int i;

	for (i = 0; i < VNODE_BEATS; i++)
		if (le32_to_cpu(lent[i].slot) == nr)
			adeos_show(&lent[i].slot, 0);
}

/* ---- admission ---- */

static void slot_admit(struct adeos_slot *slot, const struct vnode_hello *hello)
{
	slot->life = ++lives;
	adeos_watch_begin(slot);
	adeos_text_line(slot->release, hello->release, sizeof(slot->release));
	if (!slot->attach_tsc)
		/* pairs with life_look() of the KMB */
		smp_store_release(&slot->attach_tsc, rdtsc_ordered());
	member_write(slot, slot->life, 0);
	knock_members();
	slot->told(slot);
}

static void slot_refuse(struct adeos_slot *slot, u16 major)
{
	pr_err("%s: its nanokernel speaks protocol %u, root %u: refused\n", slot->name, major,
	       VNODE_PROTOCOL_MAJOR);
	WRITE_ONCE(slot->refused, major);
	member_write(slot, 0, EPROTO);
	slot->told(slot);
}

/* It is no member any more: no kernel waits for it, and its bridges are revoked. */
static void slot_gone(struct adeos_slot *slot)
{
	u32 life = slot->life;

	slot->life = 0;
	if (!life)
		return;
	member_write(slot, 0, 0);
	adeos_bridges_left(slot->nr, life);
	knock_members();
	slot->told(slot);
}

static void hello_read(struct adeos_slot *slot)
{
	const struct vnode_hello *hello = &adeos_station(slot->nr)->hello;
	/* pairs with hello_write() in vnode/attach.c */
	u32 magic = le32_to_cpu(smp_load_acquire(&hello->magic));
	u32 attach = le32_to_cpu(READ_ONCE(hello->attach));
	u16 major = le16_to_cpu(READ_ONCE(hello->major));

	if (magic != VNODE_STATION_MAGIC || le32_to_cpu(READ_ONCE(hello->boot)) != slot->boot) {
		slot_gone(slot);
		return;
	}
	if (attach == slot->attach)
		return;
	slot_gone(slot);
	slot->attach = attach;
	if (major == VNODE_PROTOCOL_MAJOR)
		slot_admit(slot, hello);
	else
		slot_refuse(slot, major);
}

static void slots_update(void)
{
	u32 nr;

	for (nr = 1; nr < VNODE_SLOTS; nr++) {
		if (!slots[nr] || !slots[nr]->started)
			continue;
		/* its last words first: they are worth more than a new hello */
		adeos_station_read_end(slots[nr]);
		hello_read(slots[nr]);
		/* a freeze that is over is over for CPUs that come online later, too */
		if (!adeos_freeze_holds(slots[nr]))
			adeos_freeze_end(slots[nr]);
	}
}

/* Every VNODE_BEAT_MS. */
static void slots_tick(void)
{
	u32 nr;

	for (nr = 1; nr < VNODE_SLOTS; nr++)
		if (slots[nr])
			adeos_watch_slot(slots[nr], READ_ONCE(hang_ms));
}

const struct adeos_part adeos_slots_part = {
	.update = slots_update,
	.tick = slots_tick,
};

/* ---- for the KMB ---- */

/**
 * adeos_slot_open - take a place in the commons for a vnode
 * @slot: its first group is filled, the rest is zero
 *
 * Context: process, in root. Return: 0, -ENOSPC (all 15 are taken).
 */
int adeos_slot_open(struct adeos_slot *slot)
{
	u32 nr;

	adeos_core_enter();
	for (nr = 1; nr < VNODE_SLOTS && slots[nr]; nr++)
		;
	if (nr < VNODE_SLOTS) {
		slot->nr = nr;
		slots[nr] = slot;
		member_write(slot, 0, 0);
	}
	adeos_core_leave();
	return nr < VNODE_SLOTS ? 0 : -ENOSPC;
}
EXPORT_SYMBOL_GPL(adeos_slot_open);

/**
 * adeos_slot_lend - show that a vnode's CPUs are its own
 * @slot: open; its CPUs are filled. Interrupts for the vnode are sent to these alone
 *
 * Context: process, before the first adeos_slot_start(). Return: 0, -ENOMEM.
 */
int adeos_slot_lend(struct adeos_slot *slot)
{
	int err;

	err = adeos_watch_alloc(slot);
	if (err)
		return err;
	adeos_core_enter();
	lent_write(slot);
	adeos_core_leave();
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_slot_lend);

/* What a dead kernel's station offers and asks for ends with it. */
static void station_close(u32 nr)
{
	struct vnode_station *station = adeos_station(nr);

	WRITE_ONCE(station->hello.magic, 0);
	memset(station->portal, 0, sizeof(station->portal));
	memset(station->bridge_use, 0, sizeof(station->bridge_use));
}

/**
 * adeos_slot_withdraw - a vnode's CPUs are about to be stopped
 * @slot: open
 *
 * It is no member any more: the others hear of it, its bridges are revoked, and no
 * interrupt is sent to its CPUs from now on.
 * Context: process.
 */
void adeos_slot_withdraw(struct adeos_slot *slot)
{
	struct vnode_station *station = adeos_station(slot->nr);

	adeos_core_enter();
	slot->started = false;
	adeos_freeze_end(slot);
	memset(station->portal, 0, sizeof(station->portal));
	slot_gone(slot);
	adeos_members_update();
	adeos_core_leave();
}
EXPORT_SYMBOL_GPL(adeos_slot_withdraw);

/**
 * adeos_slot_stop - a vnode's CPUs are stopped
 * @slot: open
 *
 * It is withdrawn, if it was not before, and uses no bridge any more.
 * Context: process.
 */
void adeos_slot_stop(struct adeos_slot *slot)
{
	adeos_slot_withdraw(slot);
	adeos_core_enter();
	station_close(slot->nr);
	directory_settle();
	adeos_core_leave();
}
EXPORT_SYMBOL_GPL(adeos_slot_stop);

/**
 * adeos_slot_close - give a vnode's place back
 * @slot: open; its CPUs do not run any more. On return @told is not running, and no
 *	window of root's shows its memory.
 *
 * Context: process.
 */
void adeos_slot_close(struct adeos_slot *slot)
{
	adeos_slot_stop(slot);
	adeos_core_enter();
	slots[slot->nr] = NULL;
	lent_clear(slot->nr);
	adeos_ram_return(slot->nr);
	adeos_core_leave();
	adeos_windows_end(slot->nr);
	kfree(slot->watch);
	slot->watch = NULL;
}
EXPORT_SYMBOL_GPL(adeos_slot_close);

static void control_fill(const struct adeos_slot *slot, struct vnode_control *control)
{
	*control = (struct vnode_control) {
		.magic = cpu_to_le32(VNODE_CONTROL_MAGIC),
		.major = cpu_to_le16(VNODE_PROTOCOL_MAJOR),
		.minor = cpu_to_le16(VNODE_PROTOCOL_MINOR),
		.size = cpu_to_le32(sizeof(*control)),
		.id = cpu_to_le32(slot->id),
		.slot = cpu_to_le32(slot->nr),
		.boot = cpu_to_le32(slot->boot),
		.commons = cpu_to_le64(commons.pa),
		.commons_size = cpu_to_le64(commons.size),
		.station_size = cpu_to_le32(VNODE_STATION_SIZE),
	};
	strscpy(control->name, slot->name, sizeof(control->name));
}

static void station_begin(struct vnode_station *station)
{
	memset(&station->hello, 0, sizeof(station->hello));
	memset(&station->end, 0, sizeof(station->end));
	memset(station->log, 0, sizeof(station->log));
	adeos_station_clear(station);
}

static void slot_begin(struct adeos_slot *slot)
{
	slot->boot = ++boots;
	slot->attach = 0;
	slot->release[0] = '\0';
	slot->attach_tsc = 0;
	slot->refused = 0;
	slot->oopses = 0;
	slot->end = 0;
	station_begin(adeos_station(slot->nr));
	member_write(slot, 0, 0);
	adeos_ram_lend(slot->nr, slot->region);
}

/**
 * adeos_slot_start - a vnode is about to be started, or started again
 * @slot: open and lent; its CPUs do not run
 * @control_offset: of its control page in its region, which is written
 *
 * Context: process. Return: 0, or what adeos_region_put() returns.
 */
int adeos_slot_start(struct adeos_slot *slot, u64 control_offset)
{
	struct vnode_control control;
	int err;

	adeos_core_enter();
	slot_begin(slot);
	control_fill(slot, &control);
	err = adeos_region_put(slot->region, control_offset, &control, sizeof(control));
	slot->started = !err;
	adeos_core_leave();
	return err;
}
EXPORT_SYMBOL_GPL(adeos_slot_start);

/**
 * adeos_slot_wait_silent - let a vnode that panics print to the end
 * @slot: started
 * @ms: for so long at most
 *
 * Context: process.
 */
void adeos_slot_wait_silent(struct adeos_slot *slot, unsigned int ms)
{
	const struct vnode_end *end = &adeos_station(slot->nr)->end;
	unsigned long until = jiffies + msecs_to_jiffies(ms);

	while (!READ_ONCE(end->silent) && time_before(jiffies, until))
		usleep_range(200, 1000);
}
EXPORT_SYMBOL_GPL(adeos_slot_wait_silent);
