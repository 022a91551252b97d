// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root: the slots of the commons. Each belongs to a vnode from GRANT to RETURN; its
 * nanokernel becomes a member when it has said hello, and is one until it says
 * goodbye or its CPUs are stopped. All of it under the core's lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/tsc.h>

#include "portal.h"
#include "slot.h"

static unsigned int hang_ms = 800;
module_param(hang_ms, uint, 0644);
MODULE_PARM_DESC(hang_ms, "a vnode's CPU that is silent for so long is hung; 0: never");

static struct adeos_slot *slots[VNODE_SLOTS];
static u32 boots;		/* never the same twice */
static u32 lives = 1;		/* root's own is 1 */

struct adeos_slot *adeos_slot_nr(u32 nr)
{
	return slots[nr];
}

unsigned int adeos_hang_ms(void)
{
	return READ_ONCE(hang_ms);
}

/* ---- the directory ---- */

/*
 * Readers take a member for gone while it changes: its life is taken away first and
 * comes last.
 */
static void member_write(const struct adeos_slot *slot, u32 life, u32 refused)
{
	struct vnode_directory *dir = adeos_directory();
	struct vnode_member *member = &dir->member[slot->nr];

	WRITE_ONCE(member->life, 0);
	/* pairs with member_read() in member.c */
	smp_wmb();
	member->id = cpu_to_le32(slot->id);
	member->boot = cpu_to_le32(slot->boot);
	member->attach = cpu_to_le32(slot->attach);
	member->refused = cpu_to_le32(refused);
	strscpy(member->name, slot->name, sizeof(member->name));
	/* the same */
	smp_store_release(&member->life, cpu_to_le32(life));
	WRITE_ONCE(dir->events, cpu_to_le32(le32_to_cpu(dir->events) + 1));
}

static void knock_members(void)
{
	u32 nr, mask = 0;

	for (nr = 1; nr < VNODE_SLOTS; nr++)
		if (slots[nr] && slots[nr]->life)
			mask |= BIT(nr);
	adeos_knock(mask);
}

static void lent_write(u32 nr, const u32 *apicid, unsigned int nr_cpus)
{
	struct vnode_lent_cpu *lent = adeos_directory()->lent;
	unsigned int i, k = 0;

	for (i = 0; i < VNODE_BEATS && k < nr_cpus; i++) {
		if (lent[i].slot)
			continue;
		WRITE_ONCE(lent[i].apicid, cpu_to_le32(apicid[k++]));
		/* pairs with adeos_cpu_of_slot() in ipi.c */
		smp_store_release(&lent[i].slot, cpu_to_le32(nr));
	}
}

static void lent_clear(u32 nr)
{
	struct vnode_lent_cpu *lent = adeos_directory()->lent;
	unsigned int i;

	for (i = 0; i < VNODE_BEATS; i++)
		if (le32_to_cpu(lent[i].slot) == nr)
			WRITE_ONCE(lent[i].slot, 0);
}

/* ---- what a station says ---- */

static void slot_notify(struct adeos_slot *slot)
{
	slot->notify(slot->data);
}

static void slot_admit(struct adeos_slot *slot, const struct vnode_hello *hello)
{
	unsigned long flags;

	slot->life = ++lives;
	adeos_watch_begin(slot);
	raw_spin_lock_irqsave(&slot->lock, flags);
	adeos_text_line(slot->report.release, hello->release, sizeof(slot->report.release));
	slot->report.attached = true;
	if (!slot->report.was_attached)
		slot->report.attach_tsc = rdtsc_ordered();
	slot->report.was_attached = true;
	raw_spin_unlock_irqrestore(&slot->lock, flags);

	member_write(slot, slot->life, 0);
	knock_members();
	slot_notify(slot);
}

static void slot_refuse(struct adeos_slot *slot, u16 major)
{
	unsigned long flags;

	pr_err("%s: its nanokernel speaks protocol %u, root %u: refused\n", slot->name, major,
	       VNODE_PROTOCOL_MAJOR);
	raw_spin_lock_irqsave(&slot->lock, flags);
	slot->report.refused = EPROTO;
	snprintf(slot->report.text, sizeof(slot->report.text),
		 "its nanokernel speaks protocol %u, root %u", major, VNODE_PROTOCOL_MAJOR);
	raw_spin_unlock_irqrestore(&slot->lock, flags);
	member_write(slot, 0, EPROTO);
	slot_notify(slot);
}

/* No member any more: nobody waits for it, and what it held is freed. */
static void slot_gone(struct adeos_slot *slot)
{
	u32 life = slot->life;
	unsigned long flags;

	slot->life = 0;
	raw_spin_lock_irqsave(&slot->lock, flags);
	slot->report.attached = false;
	raw_spin_unlock_irqrestore(&slot->lock, flags);
	if (!life)
		return;
	member_write(slot, 0, 0);
	adeos_bridge_left(slot->nr, life);
	knock_members();
	slot_notify(slot);
}

static void hello_read(struct adeos_slot *slot)
{
	const struct vnode_hello *hello = &adeos_station(slot->nr)->hello;
	/* pairs with hello_write() in commons.c */
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

static void end_read(struct adeos_slot *slot)
{
	const struct vnode_end *end = &adeos_station(slot->nr)->end;
	/* pairs with end_write() in end.c */
	u32 reason = le32_to_cpu(smp_load_acquire(&end->reason));
	u32 oopses = le32_to_cpu(READ_ONCE(end->oopses));
	u32 cpu = le32_to_cpu(READ_ONCE(end->cpu));
	struct adeos_report *report = &slot->report;
	bool ended = !report->end && reason && reason < VNODE_NR_ENDS;
	unsigned long flags;

	if (!ended && oopses == report->oopses)
		return;
	raw_spin_lock_irqsave(&slot->lock, flags);
	report->oopses = oopses;
	if (ended) {
		report->end = reason;
		report->begin_tsc = le64_to_cpu(READ_ONCE(end->begin_tsc));
		report->end_tsc = rdtsc_ordered();
		report->apicid = adeos_slot_apicid(slot, cpu);
		adeos_text_line(report->text, end->text, sizeof(report->text));
	}
	raw_spin_unlock_irqrestore(&slot->lock, flags);
	slot_notify(slot);
}

void adeos_slots_update(void)
{
	u32 nr;

	for (nr = 1; nr < VNODE_SLOTS; nr++) {
		if (!slots[nr] || !slots[nr]->started)
			continue;
		/* its last words first: they are worth more than a new hello */
		end_read(slots[nr]);
		hello_read(slots[nr]);
		adeos_freeze_expire(slots[nr]);
	}
}

/* The CPU that a vnode calls @cpu, if that is one of its own; else ~0. */
u32 adeos_slot_apicid(const struct adeos_slot *slot, u32 cpu)
{
	u32 apicid, i;

	if (cpu >= VNODE_BEATS)
		return ~0;
	apicid = le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat_apicid[cpu]));
	for (i = 0; i < slot->nr_cpus; i++)
		if (slot->apicid[i] == apicid)
			return apicid;
	return ~0;
}

void adeos_slot_hung(struct adeos_slot *slot, u32 apicid, const char *text)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&slot->lock, flags);
	slot->report.hung = true;
	slot->report.end_tsc = rdtsc_ordered();
	slot->report.apicid = apicid;
	adeos_text_line(slot->report.text, text, sizeof(slot->report.text));
	raw_spin_unlock_irqrestore(&slot->lock, flags);
	slot_notify(slot);
}

/* ---- for the KMB ---- */

static void slot_free(struct adeos_slot *slot)
{
	adeos_watch_free(slot);
	kfree(slot->apicid);
	kfree(slot);
}

static int slot_insert(struct adeos_slot *slot)
{
	u32 nr;

	for (nr = 1; nr < VNODE_SLOTS; nr++) {
		if (slots[nr])
			continue;
		slot->nr = nr;
		slots[nr] = slot;
		member_write(slot, 0, 0);
		return 0;
	}
	return -ENOSPC;
}

/**
 * adeos_slot_create - root: a place in the commons for a vnode
 * @id: of the vnode
 * @name: of the vnode
 * @notify: called when the report has changed; must not sleep
 * @data: for @notify
 *
 * Context: process. Return: the slot, or ERR_PTR: -EPERM (this is not root), -ENOSPC
 * (all 15 are taken), -ENOMEM.
 */
struct adeos_slot *adeos_slot_create(u32 id, const char *name, adeos_slot_notify notify,
				     void *data)
{
	struct adeos_slot *slot;
	int err;

	if (!adeos_is_root())
		return ERR_PTR(-EPERM);
	slot = kzalloc(sizeof(*slot), GFP_KERNEL);
	if (!slot)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&slot->lock);
	slot->id = id;
	slot->notify = notify;
	slot->data = data;
	strscpy(slot->name, name, sizeof(slot->name));
	adeos_core_enter();
	err = slot_insert(slot);
	adeos_core_leave();
	if (err) {
		slot_free(slot);
		return ERR_PTR(err);
	}
	return slot;
}
EXPORT_SYMBOL_GPL(adeos_slot_create);

/**
 * adeos_slot_cpus - root: the CPUs of a vnode
 * @slot: the slot; it has none yet
 * @apicid: their APIC ids; interrupts for the vnode are sent to these alone
 * @nr_cpus: how many
 *
 * Context: process, before the first adeos_slot_start(). Return: 0, -ENOMEM.
 */
int adeos_slot_cpus(struct adeos_slot *slot, const u32 *apicid, unsigned int nr_cpus)
{
	int err;

	slot->apicid = kmemdup(apicid, array_size(nr_cpus, sizeof(*apicid)), GFP_KERNEL);
	if (!slot->apicid)
		return -ENOMEM;
	err = adeos_watch_alloc(slot, nr_cpus);
	if (err)
		return err;
	adeos_core_enter();
	slot->nr_cpus = nr_cpus;
	lent_write(slot->nr, apicid, nr_cpus);
	adeos_core_leave();
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_slot_cpus);

/* What a dead kernel's station offers and asks for ends with it. */
static void station_close(u32 nr)
{
	struct vnode_station *station = adeos_station(nr);

	WRITE_ONCE(station->hello.magic, 0);
	memset(station->portal, 0, sizeof(station->portal));
	memset(station->bridge_use, 0, sizeof(station->bridge_use));
}

static void station_begin(struct vnode_station *station)
{
	memset(&station->hello, 0, sizeof(station->hello));
	memset(&station->end, 0, sizeof(station->end));
	memset(station->log, 0, sizeof(station->log));
	adeos_station_clear(station);
}

/**
 * adeos_slot_stop - root: a vnode's CPUs are stopped
 * @slot: the slot
 *
 * It is no member any more: the others are told, and what it held is freed.
 * Context: process.
 */
void adeos_slot_stop(struct adeos_slot *slot)
{
	adeos_core_enter();
	slot->started = false;
	adeos_freeze_end(slot);
	station_close(slot->nr);
	slot_gone(slot);
	adeos_members_update();
	adeos_core_leave();
}
EXPORT_SYMBOL_GPL(adeos_slot_stop);

/**
 * adeos_slot_destroy - root: give a slot back
 * @slot: the slot, or NULL or an ERR_PTR; its CPUs do not run any more. No notify is
 *	running on return, and nobody here reads its memory.
 *
 * Context: process.
 */
void adeos_slot_destroy(struct adeos_slot *slot)
{
	if (IS_ERR_OR_NULL(slot))
		return;
	adeos_slot_stop(slot);
	adeos_core_enter();
	slots[slot->nr] = NULL;
	lent_clear(slot->nr);
	adeos_ram_return(slot->nr);
	adeos_core_leave();
	adeos_windows_end(slot->nr);
	slot_free(slot);
}
EXPORT_SYMBOL_GPL(adeos_slot_destroy);

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

/**
 * adeos_slot_start - root: a vnode is about to be started, or started again
 * @slot: the slot; its CPUs do not run
 * @region: its memory
 * @control_offset: of its control page in there, which is written
 *
 * Context: process. Return: 0, or what adeos_region_put() returns.
 */
int adeos_slot_start(struct adeos_slot *slot, struct adeos_region *region, u64 control_offset)
{
	struct vnode_control control;
	int err;

	adeos_core_enter();
	slot->boot = ++boots;
	slot->attach = 0;
	memset(&slot->report, 0, sizeof(slot->report));
	slot->report.apicid = ~0;
	station_begin(adeos_station(slot->nr));
	member_write(slot, 0, 0);
	adeos_ram_lend(slot->nr, region);
	control_fill(slot, &control);
	err = adeos_region_put(region, control_offset, &control, sizeof(control));
	slot->started = !err;
	adeos_core_leave();
	return err;
}
EXPORT_SYMBOL_GPL(adeos_slot_start);

/**
 * adeos_slot_shutdown - root: ask a vnode to end
 * @slot: the slot
 * @how: VNODE_END_POWER_OFF or VNODE_END_RESTART
 *
 * Context: process. Return: 0 (it has been asked), -ENOTCONN (its nanokernel is not
 * attached), -EAGAIN (it does not read its messages).
 */
int adeos_slot_shutdown(struct adeos_slot *slot, enum vnode_end_reason how)
{
	struct adeos_member member;
	__le32 body = cpu_to_le32(how);

	if (adeos_member_slot(slot->nr, &member))
		return -ENOTCONN;
	return adeos_msg_send(&member, VNODE_MSG_SHUTDOWN, &body, sizeof(body));
}
EXPORT_SYMBOL_GPL(adeos_slot_shutdown);

/**
 * adeos_slot_wait_silent - root: let a vnode that panics print to the end
 * @slot: the slot
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

/**
 * adeos_slot_report - root: what is known of a vnode from its nanokernel
 * @slot: the slot
 * @report: filled
 *
 * Context: any.
 */
void adeos_slot_report(struct adeos_slot *slot, struct adeos_report *report)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&slot->lock, flags);
	*report = slot->report;
	raw_spin_unlock_irqrestore(&slot->lock, flags);
}
EXPORT_SYMBOL_GPL(adeos_slot_report);

/**
 * adeos_slot_log - root: the last log lines of a vnode
 * @slot: the slot
 * @buf: where they go
 * @size: of it
 *
 * What its nanokernel left when it ended, oopsed last, or was asked where it hangs;
 * printable, whatever it wrote.
 *
 * Return: bytes written, no NUL; the newest lines, if not all fit.
 */
unsigned int adeos_slot_log(struct adeos_slot *slot, char *buf, unsigned int size)
{
	const struct vnode_station *station = adeos_station(slot->nr);
	unsigned int len = min_t(u32, le32_to_cpu(READ_ONCE(station->end.log_len)),
				 VNODE_LOG_TAIL);
	unsigned int skip = len > size ? len - size : 0;

	memcpy(buf, station->log + skip, len - skip);
	adeos_text_lines(buf, len - skip);
	return len - skip;
}
EXPORT_SYMBOL_GPL(adeos_slot_log);
