// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vnode's station says becomes what root knows of the vnode (struct adeos_slot).
 * Everything in a station may be nonsense.
 */
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/tsc.h>

#include "watch.h"

/*
 * Return: which of the vnode's own CPUs has its number @nr, as an index in slot->cpu;
 * else ADEOS_NO_CPU.
 */
u32 adeos_slot_cpu(const struct adeos_slot *slot, u32 nr)
{
	u32 apicid, i;

	if (nr >= VNODE_BEATS)
		return ADEOS_NO_CPU;
	apicid = le32_to_cpu(READ_ONCE(adeos_station(slot->nr)->beat_apicid[nr]));
	for (i = 0; i < slot->nr_cpus; i++)
		if (slot->cpu[i].apicid == apicid)
			return i;
	return ADEOS_NO_CPU;
}

/* The first end counts, until the next start. */
void adeos_slot_ended(struct adeos_slot *slot, u32 end, u64 begin_tsc, u32 nr, const char *text)
{
	slot->begin_tsc = begin_tsc;
	slot->end_tsc = rdtsc_ordered();
	slot->end_cpu = adeos_slot_cpu(slot, nr);
	adeos_text_line(slot->end_text, text, sizeof(slot->end_text));
	/* pairs with regs_are_silent(), and with life_look() of the KMB */
	smp_store_release(&slot->end, end);
	slot->told(slot);
}

/* The last words of a vnode's kernel. */
void adeos_station_read_end(struct adeos_slot *slot)
{
	const struct vnode_end *end = &adeos_station(slot->nr)->end;
	/* pairs with end_write() in vnode/end.c */
	u32 reason = le32_to_cpu(smp_load_acquire(&end->reason));
	u32 oopses = le32_to_cpu(READ_ONCE(end->oopses));

	if (oopses != slot->oopses) {
		WRITE_ONCE(slot->oopses, oopses);
		slot->told(slot);
	}
	if (!slot->end && reason && reason < VNODE_NR_ENDS)
		adeos_slot_ended(slot, reason, le64_to_cpu(READ_ONCE(end->begin_tsc)),
				 le32_to_cpu(READ_ONCE(end->cpu)), end->text);
}

/**
 * adeos_slot_log - the last log lines of a vnode
 * @slot: the slot
 * @buf: filled
 * @size: of it
 *
 * Its nanokernel has left them when it ended, when it oopsed last, or when it was asked
 * where it hangs; printable, whatever it wrote.
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
