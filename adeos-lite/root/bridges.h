/* SPDX-License-Identifier: GPL-2.0-only */
/* Root's table of bridges, between bridges.c and compact.c. */
#ifndef _ADEOS_ROOT_BRIDGES_H
#define _ADEOS_ROOT_BRIDGES_H

#include <linux/mutex.h>

#include "../bridge.h"
#include "bridge-pool.h"
#include "root.h"

/**
 * struct bridge_record - a bridge, as root made it; the directory shows a copy
 * @serial: 0: free
 * @state: enum vnode_bridge_state
 * @flags: VNODE_BRIDGE_*
 * @move: counts its moves
 * @offset: in the pool
 * @size: bytes
 * @owner: slot
 * @owner_id: vnode
 * @owner_life: of the vnode
 * @number: of the request it was made for
 * @name: "" if anonymous
 */
struct bridge_record {
	u32 serial;
	u32 state;
	u32 flags;
	u32 move;
	u64 offset;
	u64 size;
	u32 owner;
	u32 owner_id;
	u32 owner_life;
	u32 number;
	char name[64];
};

extern struct mutex bridge_root_lock;
extern struct bridge_record bridge_record[VNODE_BRIDGES];
extern struct bridge_pool bridge_pool;

void bridge_root_sweep(void);
void bridge_state(u32 index, enum vnode_bridge_state state);

#endif /* _ADEOS_ROOT_BRIDGES_H */
