/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bridges, between the files bridge*.c.
 *
 *	bridge-table.c	the directory's table of bridges, as every kernel reads it
 *	bridge.c	bridges that are open in this kernel: the API
 *	bridge-create.c	a kernel asks root for one
 *	bridge-watch.c	the worker: bells, moves, revocations
 *	bridge-map.c	mappings of /dev/bridge
 *	bridge-dev.c	/dev/bridge
 *	root/bridges.c	root makes, revokes and frees bridges
 *	root/compact.c	root moves them together
 *
 * A kernel waits for no other one but for root's answer to CREATE. An owner that has
 * closed its bridge writes that into its station (bridge_done), and so does a user
 * (bridge_use): root finds it there, even if it was stopped meanwhile.
 *
 * Locks: root's bridge_root_lock (its table) before bridge_lock (bridges open here).
 * The worker never takes the lock that serializes CREATE.
 */
#ifndef _ADEOS_BRIDGE_H
#define _ADEOS_BRIDGE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "adeos.h"

#define BRIDGE_EFBIG		BIT_ULL(40)	/* larger ones are refused */

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
 * @frozen: it is being moved, no opener uses it
 * @revoked: its owner is gone
 * @paged: pages of it were mapped in user space, and may be pinned
 * @openers: length of @bridges, readable without the lock
 * @local: rings in this kernel
 * @remote: rings in others, as far as noticed
 * @bell_life: the life whose bell was last read, of each slot
 * @bell: the bell that was last read, of each slot
 */
struct bridge_entry {
	struct bridge_info info;
	struct list_head bridges;
	bool frozen;
	bool revoked;
	bool paged;
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
 * @rung: rings by this opener
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

struct adeos_bridge *bridge_open_info(const struct bridge_info *info,
				      adeos_bridge_callback callback, void *data);
void bridge_handle(const struct adeos_bridge *bridge, struct vnode_bridge_handle *handle);
struct adeos_bridge *bridge_join(u32 index, u32 serial, bool owner,
				 adeos_bridge_callback callback, void *data);
u64 bridge_heard(const struct adeos_bridge *bridge);
bool bridge_retire(struct bridge_entry *entry);

/* ---- bridge-watch.c ---- */

void bridge_bells_begin(struct bridge_entry *entry);
void bridge_watch(void);

/* ---- bridge-dev.c ---- */

/* Root's compaction, set while it is there; NULL in a vnode. */
extern int (*bridge_compact)(u64 *moved, u64 *frozen_ns);

#endif /* _ADEOS_BRIDGE_H */
