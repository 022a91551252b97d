/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commons: the one piece of memory that all kernels of a machine share. Root
 * lends it; a vnode finds it through its control page (vnode/layout.h). Builds in
 * user space too.
 *
 *	0			station of slot 0, root
 *	n * STATION_SIZE	station of slot n
 *	VNODE_DIRECTORY		root's directory: clock, members, bridges
 *	VNODE_POOL		the bridges' memory, to the end
 *
 * A station is written by its own kernel alone (and zeroed by root while that
 * kernel does not run), the directory by root alone. Everybody may read
 * everything. A reader copies once, checks, and survives any content.
 *
 * Lives. Root gives each attachment of a nanokernel a number that is never used
 * again, its life. What one kernel writes for another carries lives: what was
 * meant for, or comes from, an earlier life is dropped.
 */
#ifndef _VNODE_COMMONS_H
#define _VNODE_COMMONS_H

#include <vnode/layout.h>

#define VNODE_SLOTS		16	/* root's is 0 */
#define VNODE_STATION_SIZE	0x20000
#define VNODE_DIRECTORY		(VNODE_SLOTS * VNODE_STATION_SIZE)
#define VNODE_DIRECTORY_SIZE	0x10000
#define VNODE_POOL		(VNODE_DIRECTORY + VNODE_DIRECTORY_SIZE)

#define VNODE_BEATS		1024	/* CPUs of a vnode that are watched */
#define VNODE_PORTALS		64	/* of each vnode */
#define VNODE_BRIDGES		256	/* of the machine */
#define VNODE_RAMS		256	/* pieces of memory of the machine */
#define VNODE_MSGS		64	/* in a ring */
#define VNODE_MSG_BODY		40
#define VNODE_REGS		96	/* CPUs of a vnode whose registers can be left */
#define VNODE_LOG_TAIL		8192
#define VNODE_END_TEXT		128
#define VNODE_ID_WORDS		8	/* a bit for each id, 0..255 */

#define VNODE_STATION_MAGIC	0x4f4c4548	/* "HELO" */
#define VNODE_DIRECTORY_MAGIC	0x52494456	/* "VDIR" */

/* ---- a station ---- */

/**
 * struct vnode_hello - who the nanokernel of this station is
 * @magic: VNODE_STATION_MAGIC, written last; zero after goodbye
 * @major: protocol version
 * @minor: protocol version
 * @size: sizeof(struct vnode_hello)
 * @nr_cpus: CPUs online
 * @boot: struct vnode_control's @boot
 * @attach: counts the attachments of this boot, from 1
 * @tsc: when it was written
 * @release: kernel release, NUL-terminated
 */
struct vnode_hello {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 size;
	__le32 nr_cpus;
	__le32 boot;
	__le32 attach;
	__le64 tsc;
	char release[64];
};

/* How a kernel ended. */
enum vnode_end_reason {
	VNODE_END_NONE = 0,
	VNODE_END_PANIC = 1,
	VNODE_END_RESTART = 2,		/* reboot */
	VNODE_END_HALT = 3,
	VNODE_END_POWER_OFF = 4,
	VNODE_END_EMERGENCY = 5,	/* sysrq-b, panic=N */
	VNODE_NR_ENDS
};

/**
 * struct vnode_end - the last words of a kernel
 * @reason: enum vnode_end_reason, written last
 * @cpu: that reports it, an index of @beat
 * @begin_tsc: when the nanokernel was first told
 * @tsc: when this was complete
 * @oopses: so far
 * @log_len: bytes in the station's @log
 * @text: one line, NUL-terminated: what panic() was called with
 * @silent: not 0 once a kernel that panicked has printed all that it will ever print
 * @reserved: zero
 */
struct vnode_end {
	__le32 reason;
	__le32 cpu;
	__le64 begin_tsc;
	__le64 tsc;
	__le32 oopses;
	__le32 log_len;
	char text[VNODE_END_TEXT];
	__le32 silent;
	__le32 reserved;
};

/**
 * struct vnode_probe - what a CPU says when root asks by NMI
 * @asked: struct vnode_member's @probe when it was answered, written last
 * @cpu: an index of @beat
 * @text: where it was, NUL-terminated
 */
struct vnode_probe {
	__le32 asked;
	__le32 cpu;
	char text[120];
};

/**
 * struct vnode_cpu_regs - where a CPU is, or was
 * @kind: enum vnode_regs_kind (linux/vnode.h), written last; zero while it changes
 * @frozen: struct vnode_member's @freeze while it stands still for that, else zero
 * @reg: in the order of struct user_regs_struct
 * @reserved: zero
 */
struct vnode_cpu_regs {
	__le32 kind;
	__le32 frozen;
	__le64 reg[27];
	__le64 reserved[4];
};

/**
 * struct vnode_portal - an entrance for interrupts
 * @serial: nonzero while open; another number each time it is opened
 * @quiet: the owner polls: do not interrupt it
 * @target: APIC id << 32 | flags << 16 | vector, in one word since both move
 * @reserved: zero
 * @name: NUL-terminated, "" if it has none
 * @access: a bit for each vnode id that may raise it
 */
struct vnode_portal {
	__le32 serial;
	__le32 quiet;
	__le64 target;
	__le32 reserved[12];
	char name[32];
	__le32 access[VNODE_ID_WORDS];
};

#define VNODE_TARGET_URGENT	(1U << 16)	/* deliver as NMI */

/**
 * struct vnode_msg - a message, one cache line
 * @seq: position in the ring + 1, written last
 * @type: what it is; VNODE_MSG_ANSWER set in answers
 * @len: bytes used of @body
 * @from_life: the sender's life
 * @to_life: the receiver's life
 * @cookie: of the request, repeated in its answer
 * @error: in an answer: 0 or a positive errno
 * @body: as @type says
 */
struct vnode_msg {
	__le32 seq;
	__le16 type;
	__le16 len;
	__le32 from_life;
	__le32 to_life;
	__le32 cookie;
	__le32 error;
	__u8 body[VNODE_MSG_BODY];
};

#define VNODE_MSG_ANSWER	0x8000

/* Messages of the nanokernels themselves; drivers take types from 0x100 on. */
enum vnode_msg_type {
	VNODE_MSG_PING = 1,		/* the answer repeats the body */
	VNODE_MSG_SHUTDOWN = 2,		/* root to vnode: enum vnode_end_reason */
	VNODE_MSG_BRIDGE_CREATE = 3,	/* to root: __le32 number of the station's request */
	VNODE_MSG_DRIVERS = 0x100,
	VNODE_MSG_TYPES = 0x200,
};

/* One direction between two kernels: the sender's station holds it. */
struct vnode_ring {
	struct vnode_msg msg[VNODE_MSGS];
};

/* What the reader has consumed: the writer's life << 32 | position. */
struct vnode_tail {
	__le64 tail;
	__le32 reserved[14];
};

/**
 * struct vnode_bridge_request - what BRIDGE_CREATE asks for; its answer is a struct
 * vnode_bridge_handle
 * @size: bytes, a multiple of the page
 * @flags: VNODE_BRIDGE_*
 * @mode: permission bits for user space
 * @uid: owner
 * @gid: owner
 * @number: another one for each request, written last; zero while it is not to be
 *	read, and once it is given up
 * @reserved: zero
 * @name: NUL-terminated, "" for an anonymous one
 * @access: a bit for each vnode id that may open it
 *
 * Root revokes a bridge whose request is here no more, unless its owner uses it:
 * an answer that came too late leaves nothing behind.
 */
struct vnode_bridge_request {
	__le64 size;
	__le32 flags;
	__le32 mode;
	__le32 uid;
	__le32 gid;
	__le32 number;
	__le32 reserved[9];
	char name[64];
	__le32 access[VNODE_ID_WORDS];
};

struct vnode_bridge_handle {
	__le32 index;
	__le32 serial;
};

/**
 * struct vnode_station - all that one kernel writes for the others
 * @hello: who it is
 * @tail: what it has read of each slot's ring
 * @end: its last words
 * @probe: its answer to an NMI
 * @request: one at a time, for BRIDGE_CREATE
 * @log: the end of its log, when it ended or last oopsed
 * @beat: counts up for each CPU, every VNODE_BEAT_MS; 0: not watched
 * @beat_apicid: whose @beat it is
 * @portal: what others may raise
 * @raised: how often it has raised the portals of each slot
 * @bell: how often it has rung each bridge
 * @bridge_use: serial of each bridge that is open here, else 0
 * @bridge_moved: the directory's @move of each bridge that it has let go of
 * @bridge_done: serial of each bridge that it owned and has closed
 * @regs: registers of each CPU, as for @beat
 * @ring: messages to each slot
 */
struct vnode_station {
	struct vnode_hello hello;
	__u8 pad0[0x400 - sizeof(struct vnode_hello)];
	struct vnode_tail tail[VNODE_SLOTS];			/* 0x0400 */
	struct vnode_end end;					/* 0x0800 */
	__u8 pad1[0x200 - sizeof(struct vnode_end)];
	struct vnode_probe probe;				/* 0x0a00 */
	__u8 pad2[0x200 - sizeof(struct vnode_probe)];
	struct vnode_bridge_request request;			/* 0x0c00 */
	__u8 pad3[0x1400 - sizeof(struct vnode_bridge_request)];
	char log[VNODE_LOG_TAIL];				/* 0x2000 */
	__le32 beat[VNODE_BEATS];				/* 0x4000 */
	__le32 beat_apicid[VNODE_BEATS];			/* 0x5000 */
	struct vnode_portal portal[VNODE_PORTALS];		/* 0x6000 */
	__le32 raised[VNODE_SLOTS][VNODE_PORTALS];		/* 0x8000 */
	__le32 bell[VNODE_BRIDGES];				/* 0x9000 */
	__le32 bridge_use[VNODE_BRIDGES];			/* 0x9400 */
	__le32 bridge_moved[VNODE_BRIDGES];			/* 0x9800 */
	__le32 bridge_done[VNODE_BRIDGES];			/* 0x9c00 */
	struct vnode_cpu_regs regs[VNODE_REGS];			/* 0xa000 */
	struct vnode_ring ring[VNODE_SLOTS];			/* 0x10000 */
};

/* ---- root's directory ---- */

/**
 * struct vnode_clock - root's wall clock
 * @seq: odd while root writes
 * @reserved: zero
 * @tsc: a moment
 * @real_ns: CLOCK_REALTIME of root at that moment
 */
struct vnode_clock {
	__le32 seq;
	__le32 reserved;
	__le64 tsc;
	__le64 real_ns;
};

/**
 * struct vnode_member - who is in a slot
 * @life: of its nanokernel, 0 while it is not attached; written last
 * @id: of the vnode
 * @boot: repeats the hello it answers
 * @attach: repeats the hello it answers
 * @refused: why an attachment is refused: a positive errno
 * @probe: counts the questions asked by NMI
 * @probe_apicid: which CPU is asked; changes before @probe
 * @freeze: counts freezes and thaws; odd: every CPU that gets an NMI stands still until
 *	it changes, or VNODE_FREEZE_MS (linux/vnode.h) are over
 * @name: of the vnode, NUL-terminated
 */
struct vnode_member {
	__le32 life;
	__le32 id;
	__le32 boot;
	__le32 attach;
	__le32 refused;
	__le32 probe;
	__le32 probe_apicid;
	__le32 freeze;
	char name[32];
};

enum vnode_bridge_state {
	VNODE_BRIDGE_FREE = 0,
	VNODE_BRIDGE_LIVE = 1,
	VNODE_BRIDGE_MOVING = 2,	/* let go of it, say so, wait */
	VNODE_BRIDGE_DEAD = 3,		/* its owner is gone; still mapped by someone */
};

/* flags of a bridge */
#define VNODE_BRIDGE_GLOBAL	(1U << 0)	/* else its name is local to its vnode */
#define VNODE_BRIDGE_TRANSIENT	(1U << 1)	/* may be moved */

/**
 * struct vnode_bridge - a bridge
 * @serial: another number each time the entry is used; 0: free
 * @state: enum vnode_bridge_state
 * @flags: VNODE_BRIDGE_*
 * @move: counts its moves
 * @offset: where it is in the commons; changes while MOVING only
 * @size: bytes
 * @owner_id: vnode
 * @owner_life: of the vnode
 * @mode: permission bits for user space
 * @uid: owner in user space
 * @gid: owner in user space
 * @reserved: zero
 * @name: NUL-terminated, "" if anonymous
 * @access: a bit for each vnode id that may open it
 */
struct vnode_bridge {
	__le32 serial;
	__le32 state;
	__le32 flags;
	__le32 move;
	__le64 offset;
	__le64 size;
	__le32 owner_id;
	__le32 owner_life;
	__le32 mode;
	__le32 uid;
	__le32 gid;
	__le32 reserved[3];
	char name[64];
	__le32 access[VNODE_ID_WORDS];
};

/**
 * struct vnode_lent_cpu - a CPU that is lent
 * @apicid: which
 * @slot: to whom; 0: the entry is free
 *
 * Nobody sends an interrupt for a slot to a CPU that is not lent to it: what a
 * station gives as a portal's target may be anything.
 */
struct vnode_lent_cpu {
	__le32 apicid;
	__le32 slot;
};

/**
 * struct vnode_ram - memory of a kernel, which others may read
 * @pa: where it begins, a multiple of the page
 * @size: bytes, a multiple of the page; 0: the entry is free; written last
 * @slot: whose it is
 * @reserved: zero
 *
 * Root's is what it had when its nanokernel was loaded, though it lends parts of it.
 */
struct vnode_ram {
	__le64 pa;
	__le64 size;
	__le32 slot;
	__le32 reserved;
};

/**
 * struct vnode_directory - all that root writes for everybody
 * @magic: VNODE_DIRECTORY_MAGIC
 * @events: counts changes of members and bridges
 * @reserved: zero
 * @clock: root's
 * @member: who is in each slot
 * @bridge: all of them
 * @lent: the CPUs that are not root's
 * @ram: the memory of all kernels
 */
struct vnode_directory {
	__le32 magic;
	__le32 events;
	__le32 reserved[6];
	struct vnode_clock clock;
	__u8 pad0[0x100 - 32 - sizeof(struct vnode_clock)];
	struct vnode_member member[VNODE_SLOTS];		/* 0x0100 */
	__u8 pad1[0x1000 - 0x100 - VNODE_SLOTS * sizeof(struct vnode_member)];
	struct vnode_bridge bridge[VNODE_BRIDGES];		/* 0x1000 */
	__u8 pad2[0x1000];
	struct vnode_lent_cpu lent[VNODE_BEATS];		/* 0xc000 */
	struct vnode_ram ram[VNODE_RAMS];			/* 0xe000 */
};

/* Between two beats of a CPU, in milliseconds. */
#define VNODE_BEAT_MS		100

static_assert(sizeof(struct vnode_hello) == 96, "hello");
static_assert(sizeof(struct vnode_portal) == 128, "portal");
static_assert(sizeof(struct vnode_msg) == 64, "message");
static_assert(sizeof(struct vnode_bridge_request) == 160, "request");
static_assert(sizeof(struct vnode_cpu_regs) == 256, "registers");
static_assert(sizeof(struct vnode_member) == 64, "member");
static_assert(sizeof(struct vnode_bridge) == 160, "bridge");
static_assert(sizeof(struct vnode_station) == VNODE_STATION_SIZE, "station");
static_assert(__builtin_offsetof(struct vnode_station, log) == 0x2000, "log");
static_assert(__builtin_offsetof(struct vnode_station, portal) == 0x6000, "portals");
static_assert(__builtin_offsetof(struct vnode_station, raised) == 0x8000, "raised");
static_assert(__builtin_offsetof(struct vnode_station, regs) == 0xa000, "registers");
static_assert(__builtin_offsetof(struct vnode_station, ring) == 0x10000, "rings");
static_assert(__builtin_offsetof(struct vnode_directory, bridge) == 0x1000, "bridges");
static_assert(__builtin_offsetof(struct vnode_directory, lent) == 0xc000, "lent CPUs");
static_assert(__builtin_offsetof(struct vnode_directory, ram) == 0xe000, "memory");
static_assert(sizeof(struct vnode_directory) <= VNODE_DIRECTORY_SIZE, "directory");

#endif /* _VNODE_COMMONS_H */
