// SPDX-License-Identifier: GPL-2.0-only
/* What can be asked of a vnode: root is asked, who says what we may know. */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "view.h"

static u32 events;		/* root's count of changes, as last seen */
static DECLARE_WAIT_QUEUE_HEAD(event_wait);

/* Root's moments become ours; what was before we booted is negative. */
static u64 own_time(u64 ns, u64 boottime)
{
	return ns ? ns - boottime + ktime_get_boottime_ns() : 0;
}

/* The list of CPUs is behind the status, and is as long as both say. */
static int status_take(const struct vview_ask *ask, int len, struct vnode_status *status,
		       u32 **cpus)
{
	u32 nr;

	if (len < (int)sizeof(*status))
		return -EPROTO;
	memcpy(status, ask->data, sizeof(*status));
	nr = min_t(u32, status->nr_cpus, (len - sizeof(*status)) / sizeof(**cpus));
	*cpus = kmemdup(ask->data + sizeof(*status), nr * sizeof(**cpus), GFP_KERNEL);
	if (!*cpus)
		return -ENOMEM;
	status->nr_cpus = nr;
	status->start_ns = own_time(status->start_ns, ask->boottime);
	status->end_ns = own_time(status->end_ns, ask->boottime);
	return 0;
}

int kmb_node_status(const struct kmb_looker *who, struct vnode_status *status, u32 **cpus)
{
	struct vview_ask ask = {
		.call = VIEW_STATUS, .id = status->id, .arg = status->flags,
		.room = VIEW_DATA_SIZE,
	};
	u64 user_cpus = status->cpus;
	int ret;

	ask.data = kvmalloc(ask.room, GFP_KERNEL);
	if (!ask.data)
		return -ENOMEM;
	ret = vview_call(&ask);
	if (ret >= 0)
		ret = status_take(&ask, ret, status, cpus);
	kvfree(ask.data);
	status->cpus = user_cpus;
	return ret;
}

int kmb_node_last(const struct kmb_looker *who, u32 id, char *buf, unsigned int size)
{
	struct vview_ask ask = {
		.call = VIEW_LAST, .id = id, .len = size, .data = buf, .room = size,
	};

	return vview_call(&ask);
}

/* Who gave up waiting does not know what became of it. */
int kmb_node_freeze(const struct kmb_looker *who, u32 id)
{
	struct vview_ask ask = { .call = VIEW_FREEZE, .id = id, .file = who->file };
	int ret = vview_call(&ask);

	if (ret == -EINTR || ret == -ETIMEDOUT)
		kmb_node_thaw(who, id);
	return ret;
}

int kmb_node_thaw(const struct kmb_looker *who, u32 id)
{
	struct vview_ask ask = { .call = VIEW_THAW, .id = id, .file = who->file };

	return vview_call(&ask);
}

int kmb_node_regs(const struct kmb_looker *who, struct vnode_regs *regs)
{
	struct vview_ask ask = {
		.call = VIEW_REGS, .id = regs->id, .arg = regs->cpu,
		.data = regs, .room = sizeof(*regs),
	};
	int ret = vview_call(&ask);

	if (ret < 0)
		return ret;
	return ret == sizeof(*regs) ? 0 : -EPROTO;
}

/* ---- events ---- */

/* adeos-lite's worker: root has rung, perhaps for this. */
void vview_event(u32 now)
{
	if (now == events)
		return;
	WRITE_ONCE(events, now);
	wake_up_interruptible(&event_wait);
	vview_sysfs_follow();
}

u32 kmb_state_events(void)
{
	return READ_ONCE(events);
}

void kmb_state_poll_wait(struct file *file, poll_table *wait)
{
	poll_wait(file, &event_wait, wait);
}
