/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside gdb: what its files pass to each other.
 *
 *	packet		bytes from and to packets
 *	answer		a packet and its answer
 *	regs		registers in gdb's layout
 *	memory		the memory at virtual addresses, the stacks as they were at a stop
 *	target		the vnode: stopped, continued, ended
 *	gdb		the session on stdin and stdout
 *
 * The first four are a pure core. The protocol is in gdb's manual, "GDB Remote Serial
 * Protocol".
 */
#ifndef KEXEC_VNODE_GDB_H
#define KEXEC_VNODE_GDB_H

#include <linux/vnode.h>

#include "inspect/vmcoreinfo.h"

struct vnode_config;

/* gdb.c: a session of gdb, until gdb leaves or the vnode has been returned or restarted */
int vnode_gdb(int fd, const struct vnode_config *config, struct vnode_err *err);

/* The size of a packet without its frame. gdb is told, and asks for no more. */
#define VNODE_GDB_PACKET_MAX	16384

/* packet.c */

enum vnode_gdb_event {
	VNODE_GDB_NOTHING,		/* no event yet */
	VNODE_GDB_PACKET,		/* @text holds a packet */
	VNODE_GDB_BAD,			/* a packet with a wrong sum, or too long */
	VNODE_GDB_ACK,
	VNODE_GDB_NAK,			/* send again */
	VNODE_GDB_INTERRUPT,		/* ^C was typed */
};

/* Initialised with zeros */
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
	uint8_t sum;			/* of the bytes that were received */
	uint8_t told;			/* the sum that the packet claims */
};

enum vnode_gdb_event vnode_gdb_take(struct vnode_gdb_parser *parser, uint8_t byte);

#define VNODE_GDB_FRAME_MAX	(2 * VNODE_GDB_PACKET_MAX + 4)

/* "$text#sum" of up to VNODE_GDB_PACKET_MAX bytes; @frame has room. Returns its size. */
size_t vnode_gdb_frame(const char *text, size_t len, char frame[VNODE_GDB_FRAME_MAX]);

/* Parses the hexadecimal number at *@at and moves *@at behind it. False: no number. */
bool vnode_gdb_take_hex(const char **at, uint64_t *value);

/* Bytes that do not fit are dropped. */
struct vnode_gdb_reply {
	char text[VNODE_GDB_PACKET_MAX + 1];
	size_t len;
};

void vnode_gdb_put(struct vnode_gdb_reply *reply, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void vnode_gdb_put_hex(struct vnode_gdb_reply *reply, const void *bytes, size_t len);

/* memory.c */

/* THREAD_SIZE: kernel stacks have this size and alignment. */
#define VNODE_GDB_STACK		16384UL
#define VNODE_GDB_STACK_PAGES	(VNODE_GDB_STACK / 4096)

/* A page of a stack, saved at a stop */
struct vnode_gdb_page {
	uint64_t va;
	uint8_t bytes[4096];
};

/* What gdb looks at */
struct vnode_gdb_view {
	struct vnode_memory memory;
	bool has_info;			/* there is a VMCOREINFO: virtual addresses can be read */
	struct vnode_vmcoreinfo info;
	struct vnode_regs *regs;	/* of each CPU */
	unsigned int nr_cpus;
	unsigned int cpu;		/* the one that gdb has selected */
	int signal;			/* the reason of the stop, in gdb's numbers */
	bool no_ack;			/* packets are not acknowledged */
	struct vnode_gdb_page *saved;	/* room for VNODE_GDB_STACK_PAGES for each CPU */
	unsigned int nr_saved;
	char said[256];			/* the answer to "monitor status" */
};

/* Returns how many bytes from @va on could be read, up to @len. */
size_t vnode_gdb_read(struct vnode_gdb_view *view, uint64_t va, void *buf, size_t len);
/* Saves the stack of each CPU. */
void vnode_gdb_save_stacks(struct vnode_gdb_view *view);

/* regs.c */
extern const char vnode_gdb_target_xml[];

/* Registers that are not known are "x"s: gdb shows <unavailable>. */
void vnode_gdb_put_regs(struct vnode_gdb_reply *reply, const struct vnode_regs *regs);
/* One register by gdb's number. False: there is no such register. */
bool vnode_gdb_put_reg(struct vnode_gdb_reply *reply, const struct vnode_regs *regs, uint64_t nr);
uint64_t vnode_gdb_sp(const struct vnode_regs *regs);
/* For people: how the registers were obtained */
const char *vnode_gdb_regs_text(const struct vnode_regs *regs);

/* answer.c */
enum vnode_gdb_action {
	VNODE_GDB_SEND,			/* send the reply */
	VNODE_GDB_STOP,			/* stop the vnode, then send the reason */
	VNODE_GDB_RESUME,		/* let it run; the reply is the next stop */
	VNODE_GDB_DETACH,		/* send the reply and end the session */
	VNODE_GDB_KILL,			/* end the session without a reply */
};

enum vnode_gdb_action vnode_gdb_answer(struct vnode_gdb_view *view, const char *packet, size_t len,
				       struct vnode_gdb_reply *reply);
/* The stop, with its reason */
void vnode_gdb_put_stop(struct vnode_gdb_reply *reply, const struct vnode_gdb_view *view);

/* target.c */
struct vnode_gdb_target {
	const struct vnode_config *config;
	int fd;				/* /dev/vnode */
	struct vnode_status status;	/* VNODE_FREE: it has been returned */
	uint32_t life;			/* status.restarts at vnode_gdb_target_open() */
	bool frozen;
	double frozen_until;
	struct vnode_gdb_view view;
};

int vnode_gdb_target_open(struct vnode_gdb_target *target, int fd,
			  const struct vnode_config *config, struct vnode_err *err);
void vnode_gdb_target_close(struct vnode_gdb_target *target);
/* Reads the status anew. */
int vnode_gdb_target_look(struct vnode_gdb_target *target, struct vnode_err *err);
/* @signal: the reason of the stop, unless the vnode has ended */
int vnode_gdb_target_stop(struct vnode_gdb_target *target, int signal, struct vnode_err *err);
void vnode_gdb_target_go(struct vnode_gdb_target *target);
/* Thaws the vnode after @frozen_until. For gdb it remains stopped. */
void vnode_gdb_target_expire(struct vnode_gdb_target *target);
/* A line on stderr, which is also the answer to "monitor status" */
void vnode_gdb_target_say(struct vnode_gdb_target *target, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* KEXEC_VNODE_GDB_H */
