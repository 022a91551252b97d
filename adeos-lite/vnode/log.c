// SPDX-License-Identifier: GPL-2.0-only
/* The end of a vnode's log, in its station, where root reads it after the end. */
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>

#include "vnode.h"

/* The newest lines that fit. Context: any, also NMI: the log is read without a lock. */
void adeos_log_keep(void)
{
	struct vnode_station *own = adeos_own();
	struct kmsg_dump_iter iter;
	size_t len = 0;

	kmsg_dump_rewind(&iter);
	kmsg_dump_get_buffer(&iter, false, own->log, sizeof(own->log), &len);
	WRITE_ONCE(own->end.log_len, cpu_to_le32(len));
}

/*
 * A kernel may end without a last word: keep its log at most once a second, if there is
 * something new.
 */
static void log_tick(void)
{
	static unsigned long next;
	static u64 kept;
	struct kmsg_dump_iter iter;

	if (time_before(jiffies, next))
		return;
	next = jiffies + HZ;
	kmsg_dump_rewind(&iter);
	if (iter.next_seq == kept)
		return;
	kept = iter.next_seq;
	adeos_log_keep();
}

const struct adeos_part adeos_log_part = {
	.tick = log_tick,
};
