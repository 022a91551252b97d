/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of /dev/bridge, between bridge-dev.c and bridge-map.c. */
#ifndef _ADEOS_BRIDGE_DEV_H
#define _ADEOS_BRIDGE_DEV_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "bridge.h"

/**
 * struct bridge_file - an open file
 * @binding: serializes CREATE and OPEN
 * @bridge: once bound, until release
 * @mapping: the inode's, with all mappings of this file
 * @lock: protects what follows; the callback takes it, so it must not be held while
 *	user memory is touched or a bridge is opened or closed
 * @eventfd: doorbell, or NULL
 * @frozen: the bridge is being moved, its memory is not to be mapped
 * @lost: the bridge was revoked during a move: never map it again
 * @seen: rings that were read
 * @wait: for rings, revocation, the end of a move
 */
struct bridge_file {
	struct mutex binding;		/* CREATE, OPEN */
	struct adeos_bridge *bridge;
	struct address_space *mapping;
	struct mutex lock;		/* protects what follows */
	struct eventfd_ctx *eventfd;
	bool frozen;
	bool lost;
	u64 seen;
	wait_queue_head_t wait;
};

static inline struct adeos_bridge *bridge_of(struct bridge_file *bf)
{
	/* pairs with file_bind() */
	return smp_load_acquire(&bf->bridge);
}

void bridge_map_freeze(struct bridge_file *bf, const struct adeos_bridge *bridge, bool frozen);
int bridge_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* _ADEOS_BRIDGE_DEV_H */
