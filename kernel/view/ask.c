// SPDX-License-Identifier: GPL-2.0-only
/*
 * The answers behind this vnode's /dev/vnode: each call is passed on to root, which
 * knows what this vnode may see.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "view.h"

static_assert(LOOK_MEMORY_CHUNK <= VIEW_DATA_SIZE, "one read is one request");

/* Translates root's CLOCK_BOOTTIME into ours; a time before our boot becomes negative. */
static u64 own_time(u64 ns, u64 boottime)
{
	return ns ? ns - boottime + ktime_get_boottime_ns() : 0;
}

/* The list of CPUs follows the status; root's length of it is checked. */
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

int vview_status(const struct look_viewer *viewer, struct vnode_status *status, u32 **cpus)
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

int vview_last(const struct look_viewer *viewer, u32 id, char *buf, unsigned int size)
{
	struct vview_ask ask = {
		.call = VIEW_LAST, .id = id, .len = size, .data = buf, .room = size,
	};

	return vview_call(&ask);
}

int vview_thaw(const struct look_viewer *viewer, u32 id)
{
	struct vview_ask ask = { .call = VIEW_THAW, .id = id, .file = viewer->file };

	return vview_call(&ask);
}

/* After a call that was given up the vnode may be frozen all the same. */
int vview_freeze(const struct look_viewer *viewer, u32 id)
{
	struct vview_ask ask = { .call = VIEW_FREEZE, .id = id, .file = viewer->file };
	int ret = vview_call(&ask);

	if (ret == -EINTR || ret == -ETIMEDOUT)
		vview_thaw(viewer, id);
	return ret;
}

int vview_regs(const struct look_viewer *viewer, struct vnode_regs *regs)
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

int vview_memory_find(const struct look_viewer *viewer, u32 id, u32 *grant, u64 *size)
{
	struct view_memory found;
	struct vview_ask ask = {
		.call = VIEW_MEMORY, .id = id, .data = &found, .room = sizeof(found),
	};
	int ret = vview_call(&ask);

	if (ret < 0)
		return ret;
	if (ret != sizeof(found))
		return -EPROTO;
	*grant = le32_to_cpu(found.grant);
	*size = le64_to_cpu(found.size);
	return 0;
}

int vview_memory_read(const struct look_viewer *viewer, u32 id, u32 grant, u64 offset,
		      void *buf, u32 len)
{
	struct vview_ask ask = {
		.call = VIEW_READ, .id = id, .arg = grant, .offset = offset,
		.len = len, .data = buf, .room = len,
	};

	return vview_call(&ask);
}
