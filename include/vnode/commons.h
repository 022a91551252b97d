/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commons: the one piece of memory that all kernels of a machine share. Root
 * provides it; a vnode finds it through its control page (vnode/layout.h). Builds in
 * user space too.
 *
 *	0			station of slot 0, root
 *	n * STATION_SIZE	station of slot n
 *	VNODE_DIRECTORY		root's directory: clock, members, bridges, CPUs, memory
 *	VNODE_POOL		the memory of bridges, to the end
 *
 * Only its own kernel writes to a station; root zeroes it while that kernel does not
 * run. Only root writes to the directory. Every kernel may read all of it. A reader
 * copies once, checks the copy, and must survive any content.
 *
 * Lives. Root gives each attachment of a nanokernel a number that is never used again,
 * its life. What one kernel writes for another names the lives of both: what was meant
 * for, or comes from, an earlier life is ignored.
 */
#ifndef _VNODE_COMMONS_H
#define _VNODE_COMMONS_H

#include <vnode/layout.h>

#define VNODE_SLOTS		16	/* root's is 0 */
#define VNODE_STATION_SIZE	0x20000
#define VNODE_DIRECTORY		(VNODE_SLOTS * VNODE_STATION_SIZE)
#define VNODE_DIRECTORY_SIZE	0x10000
#define VNODE_POOL		(VNODE_DIRECTORY + VNODE_DIRECTORY_SIZE)

#define VNODE_BEATS		1024	/* watched CPUs of a vnode */
#define VNODE_PORTALS		64	/* in each kernel */
#define VNODE_BRIDGES		256	/* in the machine */
#define VNODE_RAMS		256	/* pieces of memory in the machine */
#define VNODE_MSGS		64	/* in a ring */
#define VNODE_MSG_BODY		40
#define VNODE_REGS		96	/* CPUs of a vnode with room for registers */
#define VNODE_LOG_TAIL		8192
#define VNODE_END_TEXT		128
#define VNODE_ID_WORDS		8	/* a bit for each id, 0..255 */

#define VNODE_STATION_MAGIC	0x4f4c4548	/* "HELO" */
#define VNODE_DIRECTORY_MAGIC	0x52494456	/* "VDIR" */

/* ---- a station ---- */

/**
 * struct vnode_hello - a nanokernel asks for admission
 * @magic: VNODE_STATION_MAGIC, written last; zero once it is unloaded
 * @major: protocol version
 * @minor: protocol version
 * @size: sizeof(struct vnode_hello)
 * @nr_cpus: CPUs online
 * @boot: struct vnode_control's @boot
 * @attach: number of this attachment within the boot, from 1
 * @tsc: TSC when it was written
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
 * struct vnode_end - the end report of a kernel
 * @reason: enum vnode_end_reason, written last
 * @cpu: the reporting CPU, an index of @beat
 * @begin_tsc: TSC when the nanokernel learned of the end
 * @tsc: TSC when this report was complete
 * @oopses: number of oopses
 * @log_len: bytes in the station's @log
 * @text: one line, NUL-terminated: panic()'s message, or how the kernel ended
 * @silent: not 0 once a kernel that panicked has printed everything
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
 * struct vnode_probe - a CPU's answer to root's probe by NMI
 * @asked: struct vnode_member's @probe that is answered, written last
 * @cpu: the CPU, an index of @beat
 * @text: where it was executing, NUL-terminated
 */
struct vnode_probe {
	__le32 asked;
	__le32 cpu;
	char text[120];
};

/**
 * struct vnode_cpu_regs - the registers of a CPU
 * @kind: enum vnode_regs_kind (linux/vnode.h), written last; zero while @reg changes
 * @frozen: struct vnode_member's @freeze while that freeze stops the CPU, else zero
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
 * struct vnode_portal - receives interrupts of other kernels
 * @serial: nonzero while open; another number each time it is opened
 * @unused: zero; protocol 2.2 had a flag here that no kernel sets any more
 * @target: APIC id << 32 | flags << 16 | vector; one word, as all change together
 * @reserved: zero
 * @name: NUL-terminated, "" if it has none
 * @access: a bit for each vnode id that may raise it
 */
struct vnode_portal {
	__le32 serial;
	__le32 unused;
	__le64 target;
	__le32 reserved[12];
	char name[32];
	__le32 access[VNODE_ID_WORDS];
};

#define VNODE_TARGET_URGENT	(1U << 16)	/* deliver as NMI */

/**
 * struct vnode_msg - a message, one cache line
 * @seq: position in the stream + 1; written last, in one word with @type and @len
 * @type: enum vnode_msg_type; VNODE_MSG_ANSWER is set in answers
 * @len: bytes used of @body
 * @from_life: the sender's life
 * @to_life: the receiver's life
 * @cookie: of the request, repeated in its answer; 0: no answer wanted
 * @error: in an answer: 0 or a positive errno
 * @body: depends on @type
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

/* Types of the nanokernels' own messages; drivers use 0x100 to 0x1ff. */
enum vnode_msg_type {
	VNODE_MSG_PING = 1,		/* the answer repeats the body */
	VNODE_MSG_SHUTDOWN = 2,		/* root to vnode: enum vnode_end_reason */
	VNODE_MSG_BRIDGE_CREATE = 3,	/* to root: __le32, the @number of the request */
	VNODE_MSG_DRIVERS = 0x100,
	VNODE_MSG_TYPES = 0x200,
};

/* One direction between two kernels, in the sender's station. */
struct vnode_ring {
	struct vnode_msg msg[VNODE_MSGS];
};

/* How far the reader has read: the writer's life << 32 | position. */
struct vnode_tail {
	__le64 tail;
	__le32 reserved[14];
};

/**
 * struct vnode_bridge_request - what BRIDGE_CREATE asks for; the answer is a struct
 * vnode_bridge_handle
 * @size: bytes, a multiple of the page size
 * @flags: VNODE_BRIDGE_*
 * @mode: permission bits for user space
 * @uid: owner
 * @gid: owner
 * @number: unique to each request, written last; zero while the request changes, and
 *	once the owner has abandoned it
 * @reserved: zero
 * @name: NUL-terminated, "" for an anonymous one
 * @access: a bit for each vnode id that may open it
 *
 * Root revokes a bridge once its request has been abandoned, unless the owner has it
 * open: an answer that comes too late leaves nothing behind.
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
 * struct vnode_station - everything that one kernel writes for the others
 * @hello: asks for admission
 * @tail: how far it has read the ring of each slot
 * @end: its end report
 * @probe: its answer to root's probe
 * @request: for BRIDGE_CREATE, one at a time
 * @log: the last lines of its log, at most once a second and when it oopses or ends
 * @beat: incremented every VNODE_BEAT_MS by each CPU; 0: not watched
 * @beat_apicid: the APIC id of the CPU of each @beat
 * @portal: its portals
 * @raised: how often it has raised each portal of each slot
 * @bell: how often it has rung each bridge
 * @bridge_use: serial of each bridge that is open here, else 0
 * @bridge_moved: the directory's @move for which it has released each bridge
 * @bridge_done: serial of each bridge that it created and has closed
 * @regs: registers of each CPU, indexed as @beat
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
 * @tsc: TSC at the reading
 * @real_ns: CLOCK_REALTIME of root at that TSC
 */
struct vnode_clock {
	__le32 seq;
	__le32 reserved;
	__le64 tsc;
	__le64 real_ns;
};

/**
 * struct vnode_member - the kernel in a slot
 * @life: of its nanokernel, 0 while it is not attached; written last
 * @id: of the vnode
 * @boot: of the hello that this answers
 * @attach: of the hello that this answers
 * @refused: why the attachment is refused: a positive errno
 * @probe: number of probes by NMI so far
 * @probe_apicid: the CPU that is probed; written before @probe
 * @freeze: number of freezes and thaws so far. While it is odd, each CPU that receives an
 *	NMI stops until it changes, for VNODE_FREEZE_MS (linux/vnode.h) at most
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
	VNODE_BRIDGE_MOVING = 2,	/* users must release it, confirm, and wait */
	VNODE_BRIDGE_DEAD = 3,		/* revoked, but still in use */
};

/* flags of a bridge */
#define VNODE_BRIDGE_GLOBAL	(1U << 0)	/* for all vnodes; else for its own only */
#define VNODE_BRIDGE_TRANSIENT	(1U << 1)	/* may be moved */

/**
 * struct vnode_bridge - a bridge
 * @serial: unique to each bridge; 0: the entry is free
 * @state: enum vnode_bridge_state
 * @flags: VNODE_BRIDGE_*
 * @move: number of moves of bridges in this entry
 * @offset: in the commons; changes only while MOVING
 * @size: bytes
 * @owner_id: id of the vnode that created it
 * @owner_life: life of that vnode
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
 * struct vnode_lent_cpu - a CPU that root has lent
 * @apicid: its APIC id
 * @slot: the slot it is lent to; 0: the entry is free
 *
 * A station may claim any target for a portal. So a raiser compares the target with this
 * list: an interrupt for a slot only goes to a CPU that is lent to that slot.
 */
struct vnode_lent_cpu {
	__le32 apicid;
	__le32 slot;
};

/**
 * struct vnode_ram - a piece of a kernel's memory, for windows
 * @pa: physical address, a multiple of the page size
 * @size: bytes, a multiple of the page size; 0: the entry is free; written last
 * @slot: the slot that it belongs to
 * @reserved: zero
 *
 * Root's entries list what it had when its nanokernel was loaded, including what it has
 * lent since.
 */
struct vnode_ram {
	__le64 pa;
	__le64 size;
	__le32 slot;
	__le32 reserved;
};

/**
 * struct vnode_directory - what root writes for all kernels
 * @magic: VNODE_DIRECTORY_MAGIC
 * @events: number of changes of members
 * @reserved: zero
 * @clock: root's wall clock
 * @member: the kernel in each slot
 * @bridge: all bridges
 * @lent: all lent CPUs
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

/* Interval of a CPU's beats, in milliseconds. */
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
