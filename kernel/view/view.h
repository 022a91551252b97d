/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vnode-view: a vnode looks at others, as far as root allows. What its files share,
 * beside ../look.h:
 *
 *	call.c    the bridge to root: requests and answers (vnode/view.h)
 *	node.c    what can be asked of a vnode
 *	memory.c  the file descriptor that reads a vnode's memory
 *	sysfs.c   /sys/class/vnode follows what root shows
 *	look.c    /dev/vnode as in root
 *	attrs.c   attributes as in root
 *	main.c    the module
 */
#ifndef _VIEW_H
#define _VIEW_H

#include <linux/types.h>
#include <vnode/view.h>

#include "../look.h"

/**
 * struct vview_ask - a request, and what came back
 * @call: enum view_call
 * @id: of the vnode
 * @arg: as the call says
 * @file: a number of the descriptor that asks
 * @len: bytes
 * @offset: bytes
 * @data: where the data of the answer go
 * @room: bytes there
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
int vview_begin(u32 id);
void vview_end(void);
int vview_call(struct vview_ask *ask);

/* node.c */
void vview_event(u32 now);

/* sysfs.c */
int vview_sysfs_init(void);
void vview_sysfs_exit(void);
void vview_sysfs_follow(void);

#endif /* _VIEW_H */
