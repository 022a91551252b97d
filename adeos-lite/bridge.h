/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bridges, between the files bridge*.c.
 *
 *	bridge-table.c	what the directory says of bridges, as every kernel reads it
 *	bridge.c	bridges that are open in this kernel: the API
 *	bridge-create.c	how a kernel asks root for one
 *	bridge-watch.c	the worker: bells, moves, revocations
 *	bridge-root.c	root: makes, revokes, frees
 *	bridge-move.c	root: compaction
 *	bridge-pool.c	root: where in the pool each one lies
 *	bridge-dev.c	/dev/bridge
 *	bridge-map.c	mappings of /dev/bridge
 *
 * No kernel waits for another but for root's answer to CREATE. An owner that has
 * closed its bridge writes that down (bridge_done), and so does who uses one
 * (bridge_use): root finds it there, even if it was stopped meanwhile.
 *
 * Locks: bridge_root_lock (root's table) before bridge_lock (what is open here).
 * The worker never takes the one that serializes CREATE.
 */
#ifndef _ADEOS_BRIDGE_H
#define _ADEOS_BRIDGE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "adeos.h"

#define BRIDGE_EFBIG		BIT_ULL(40)	/* no machine has so much */

/* ---- bridge-table.c ---- */

/**
 * struct bridge_info - an entry of the directory, copied and checked
 * @index: of the entry
 * @serial: of the bridge, never 0
 * @state: enum vnode_bridge_state, never FREE
 * @flags: VNODE_BRIDGE_*
 * @move: counts its moves
 * @offset: where it is in the commons: within the pool, page-aligned
 * @size: bytes, page-aligned
 * @owner_id: vnode
 * @owner_life: of the vnode
 * @mode: permission bits for user space
 * @uid: owner
 * @gid: owner
 * @name: NUL-terminated
 * @access: a bit for each vnode id
 */
struct bridge_info {
	u32 index;
	u32 serial;
	u32 state;
	u32 flags;
	u32 move;
	u64 offset;
	u64 size;
	u32 owner_id;
	u32 owner_life;
	u32 mode;
	u32 uid;
	u32 gid;
	char name[64];
	u32 access[VNODE_ID_WORDS];
};

int bridge_info_get(u32 index, struct bridge_info *info);
int bridge_info_find(const char *name, struct bridge_info *info);
int bridge_info_permits(const struct bridge_info *info, u32 id);
int bridge_name_check(const char *name);
u32 bridge_users(u32 index, u32 serial);

/* ---- bridge.c ---- */

/**
 * struct bridge_entry - a bridge that is open in this kernel
 * @info: as last read; offset and move change with a move
 * @bridges: struct adeos_bridge, all that are open on it
 * @frozen: it is being moved, nobody uses it
 * @revoked: its owner is gone
 * @openers: length of @bridges, for who does not hold the lock
 * @local: how often it was rung in this kernel
 * @remote: how often in others, as far as noticed
 * @bell_life: whose bell was last read, of each slot
 * @bell: the bell that was last read, of each slot
 */
struct bridge_entry {
	struct bridge_info info;
	struct list_head bridges;
	bool frozen;
	bool revoked;
	u32 openers;
	atomic64_t local;
	u64 remote;
	u32 bell_life[VNODE_SLOTS];
	u32 bell[VNODE_SLOTS];
};

/**
 * struct adeos_bridge - a bridge as one opener has it
 * @entry: shared by all openers in this kernel
 * @list: in entry->bridges
 * @owner: closing it revokes the bridge
 * @callback: of the opener
 * @data: for @callback
 * @rung: how often this opener has rung it
 * @before: rings before it was opened
 * @rings: rings of others since then, as far as told
 */
struct adeos_bridge {
	struct bridge_entry *entry;
	struct list_head list;
	bool owner;
	adeos_bridge_callback callback;
	void *data;
	atomic64_t rung;
	u64 before;
	u64 rings;
};

extern struct mutex bridge_lock;
extern struct bridge_entry *bridge_open[VNODE_BRIDGES];

struct adeos_bridge *bridge_join(u32 index, u32 serial, bool owner,
				 adeos_bridge_callback callback, void *data);
u64 bridge_heard(const struct adeos_bridge *bridge);
void bridge_tell(u32 slots);

/* ---- bridge-watch.c ---- */

void bridge_bells_begin(struct bridge_entry *entry);
void bridge_watch(void);

/* ---- bridge-root.c, bridge-move.c: root ---- */

/**
 * struct bridge_record - what root knows of a bridge; the directory shows it
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

int bridge_root_init(void);
void bridge_root_exit(void);
int bridge_root_create(u32 number, struct vnode_bridge_handle *handle);
void bridge_root_sweep(void);
void bridge_root_state(u32 index, enum vnode_bridge_state state);

/* ---- bridge-dev.c ---- */

int bridge_dev_init(void);
void bridge_dev_exit(void);

#endif /* _ADEOS_BRIDGE_H */
