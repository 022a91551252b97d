/* SPDX-License-Identifier: GPL-2.0-only */
/* vnode-view, a vnode looks at others as far as root allows: what its files share. */
#ifndef _VIEW_H
#define _VIEW_H

#include <linux/types.h>
#include <vnode/view.h>

#include "../look/look.h"

/**
 * struct vview_ask - a request to root, and its answer
 * @call: enum view_call
 * @id: of the vnode
 * @arg: as enum view_call says
 * @file: number of the descriptor that asks
 * @len: bytes
 * @offset: bytes
 * @data: buffer for the data of the answer
 * @room: size of @data
 * @boottime: set: root's CLOCK_BOOTTIME
 */
struct vview_ask {
	u32 call;
	u32 id;
	u32 arg;
	u32 file;
	u32 len;
	u64 offset;
	void *data;
	u32 room;
	u64 boottime;
};

/* call.c */
int vview_begin(u32 id, void (*told)(u32 events));
void vview_end(void);
int vview_call(struct vview_ask *ask);

/* ask.c: for struct look_device */
int vview_status(const struct look_viewer *viewer, struct vnode_status *status, u32 **cpus);
int vview_last(const struct look_viewer *viewer, u32 id, char *buf, unsigned int size);
int vview_freeze(const struct look_viewer *viewer, u32 id);
int vview_thaw(const struct look_viewer *viewer, u32 id);
int vview_regs(const struct look_viewer *viewer, struct vnode_regs *regs);
int vview_memory_find(const struct look_viewer *viewer, u32 id, u32 *grant, u64 *size);
int vview_memory_read(const struct look_viewer *viewer, u32 id, u32 grant, u64 offset,
		      void *buf, u32 len);

/* follow.c */
int vview_follow_init(void);
void vview_follow_exit(void);
void vview_follow(u32 events);

#endif /* _VIEW_H */
