/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside gdb: what its files pass to each other.
 *
 *	gdb-packet	bytes from and to packets
 *	gdb-answer	a packet and its answer
 *	gdb-regs	the registers, and what gdb is told of them
 *	gdb-memory	the memory at virtual addresses, the stacks as they were at a stop
 *	gdb-target	the vnode stopped, and let go
 *	gdb-peer	who has connected
 *	gdb		the socket, and one gdb after the other
 *
 * The first four are a pure core. The protocol is in gdb's manual, "GDB Remote Serial
 * Protocol".
 */
#ifndef KEXEC_VNODE_GDB_H
#define KEXEC_VNODE_GDB_H

#include <netinet/in.h>
#include <linux/vnode.h>

#include "inspect/vmcoreinfo.h"

struct vnode_config;

/* gdb.c: gdb looks into it, until it has been returned */
int vnode_gdb(int fd, const struct vnode_config *config, struct vnode_err *err);

/* Of what is in a packet: gdb learns of it, and asks for no more. */
#define VNODE_GDB_PACKET_MAX	16384

/* gdb-packet.c */

enum vnode_gdb_event {
	VNODE_GDB_NOTHING,		/* more has to come */
	VNODE_GDB_PACKET,		/* @text has a packet */
	VNODE_GDB_BAD,			/* one has come, but not as it was sent */
	VNODE_GDB_ACK,
	VNODE_GDB_NAK,			/* send again */
	VNODE_GDB_INTERRUPT,		/* ^C was typed */
};

/* All zeros: nothing has come yet. */
struct vnode_gdb_parser {
	enum {
		VNODE_GDB_BETWEEN,
		VNODE_GDB_TEXT,
		VNODE_GDB_ESCAPED,
		VNODE_GDB_SUM_HIGH,
		VNODE_GDB_SUM_LOW,
	} state;
	char text[VNODE_GDB_PACKET_MAX + 1];	/* ends with a NUL */
	size_t len;
	bool too_long;
	uint8_t sum;			/* of what has come */
	uint8_t told;			/* what it shall be */
};

enum vnode_gdb_event vnode_gdb_take(struct vnode_gdb_parser *parser, uint8_t byte);

#define VNODE_GDB_FRAME_MAX	(2 * VNODE_GDB_PACKET_MAX + 4)

/* "$text#sum" of up to VNODE_GDB_PACKET_MAX bytes; @frame has room. Returns its size. */
size_t vnode_gdb_frame(const char *text, size_t len, char frame[VNODE_GDB_FRAME_MAX]);

/* Takes the hexadecimal digits at *@at, and moves it behind them. False: no number. */
bool vnode_gdb_take_hex(const char **at, uint64_t *value);

/* What is sent: what does not fit is left out. */
struct vnode_gdb_reply {
	char text[VNODE_GDB_PACKET_MAX + 1];
	size_t len;
};

void vnode_gdb_put(struct vnode_gdb_reply *reply, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void vnode_gdb_put_hex(struct vnode_gdb_reply *reply, const void *bytes, size_t len);

/* gdb-memory.c */

/* Of the kernel's stacks, which begin at a multiple of this (THREAD_SIZE). */
#define VNODE_GDB_STACK		16384UL
#define VNODE_GDB_STACK_PAGES	(VNODE_GDB_STACK / 4096)

/* A page as it was when the vnode was stopped */
struct vnode_gdb_page {
	uint64_t va;
	uint8_t bytes[4096];
};

/* What gdb looks at */
struct vnode_gdb_view {
	struct vnode_memory memory;
	bool has_info;			/* there is a VMCOREINFO: virtual addresses are known */
	struct vnode_vmcoreinfo info;
	struct vnode_regs *regs;	/* of each CPU */
	unsigned int nr_cpus;
	unsigned int cpu;		/* whose registers gdb asks for */
	int signal;			/* why it was stopped, as gdb numbers signals */
	bool no_ack;			/* neither side acknowledges packets any more */
	struct vnode_gdb_page *saved;	/* room for VNODE_GDB_STACK_PAGES for each CPU */
	unsigned int nr_saved;
	char said[256];			/* what "monitor status" says */
};

/* Bytes that can be read from @va on, up to @len; 0: none */
size_t vnode_gdb_read(struct vnode_gdb_view *view, uint64_t va, void *buf, size_t len);
/* Keeps what each CPU has on its stack. */
void vnode_gdb_save_stacks(struct vnode_gdb_view *view);

/* gdb-regs.c */
extern const char vnode_gdb_target_xml[];

/* Which are not known, are told to be so. */
void vnode_gdb_put_regs(struct vnode_gdb_reply *reply, const struct vnode_regs *regs);
/* One of them, by gdb's number. False: there is none. */
bool vnode_gdb_put_reg(struct vnode_gdb_reply *reply, const struct vnode_regs *regs, uint64_t nr);
uint64_t vnode_gdb_sp(const struct vnode_regs *regs);
/* Why they are known, for people */
const char *vnode_gdb_regs_text(const struct vnode_regs *regs);

/* gdb-answer.c */
enum vnode_gdb_action {
	VNODE_GDB_SEND,			/* the reply, and no more */
	VNODE_GDB_STOP,			/* stop it, then send why */
	VNODE_GDB_RESUME,		/* no reply yet: when it is stopped again */
	VNODE_GDB_DETACH,		/* the reply, and gdb has left */
	VNODE_GDB_KILL,			/* the same without a reply */
};

enum vnode_gdb_action vnode_gdb_answer(struct vnode_gdb_view *view, const char *packet, size_t len,
				       struct vnode_gdb_reply *reply);
/* That it was stopped, and why */
void vnode_gdb_put_stop(struct vnode_gdb_reply *reply, const struct vnode_gdb_view *view);

/* gdb-target.c */
struct vnode_gdb_target {
	const struct vnode_config *config;
	int fd;				/* /dev/vnode */
	struct vnode_status status;	/* VNODE_FREE: it has been returned */
	uint32_t life;			/* status.restarts when @view was begun */
	bool frozen;
	double frozen_until;
	struct vnode_gdb_view view;
};

int vnode_gdb_target_open(struct vnode_gdb_target *target, int fd,
			  const struct vnode_config *config, struct vnode_err *err);
void vnode_gdb_target_close(struct vnode_gdb_target *target);
int vnode_gdb_target_look(struct vnode_gdb_target *target, struct vnode_err *err);
/* Its life as it is now is what gdb sees from here on. */
int vnode_gdb_target_begin(struct vnode_gdb_target *target, struct vnode_err *err);
/* @signal: for one that runs */
int vnode_gdb_target_stop(struct vnode_gdb_target *target, int signal, struct vnode_err *err);
void vnode_gdb_target_go(struct vnode_gdb_target *target);
/* When @frozen_until has come: it goes on, for gdb it is stopped still. */
void vnode_gdb_target_expire(struct vnode_gdb_target *target);
/* A line for who has called kexec, and for "monitor status" */
void vnode_gdb_target_say(struct vnode_gdb_target *target, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* gdb-peer.c: the user who has made this connection on loopback. False: nobody knows. */
bool vnode_gdb_peer(const struct sockaddr_in *peer, const struct sockaddr_in *self, uid_t *uid);

#endif /* KEXEC_VNODE_GDB_H */
