/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault points: in a test build, a vnode whose parameter fault_at names a point
 * sends INIT to all its CPUs there. In every other build they are nothing.
 */
#ifndef _ADEOS_FAULT_H
#define _ADEOS_FAULT_H

enum adeos_fault {
	FAULT_NONE,
	FAULT_HELLO_BEGUN,	/* attach: the hello is written but for its magic */
	FAULT_HELLO_WRITTEN,	/* root has not been told */
	FAULT_HELLO_SAID,	/* root has been told, no answer is read */
	FAULT_ADMITTED,		/* the life is read, peers do not know */
	FAULT_PORTAL_WRITTEN,	/* portal: all but its serial is written */
	FAULT_PORTAL_OPEN,
	FAULT_PORTAL_CLOSED,	/* serial is zero, the interrupt is not freed */
	FAULT_RAISE_COUNTED,	/* raise: counted, not interrupted */
	FAULT_RAISED,
	FAULT_MSG_WRITTEN,	/* message: all but its seq is written */
	FAULT_MSG_SENT,		/* the receiver has not been told */
	FAULT_MSG_KNOCKED,	/* the sender does not wait yet */
	FAULT_MSG_READ,		/* copied, not consumed */
	FAULT_MSG_CONSUMED,	/* the handler has not run */
	FAULT_MSG_HANDLED,	/* the answer has not been sent */
	FAULT_BRIDGE_ASKED,	/* create: the request is written, not sent */
	FAULT_BRIDGE_CREATED,	/* root has answered, it is not used yet */
	FAULT_BRIDGE_USED,	/* open: use is declared, life not yet checked */
	FAULT_BRIDGE_OPEN,
	FAULT_BRIDGE_RUNG,	/* the bell is counted, no kernel told */
	FAULT_BRIDGE_FROZEN,	/* move: let go, not yet said */
	FAULT_BRIDGE_LET_GO,	/* said, not mapped again */
	FAULT_BRIDGE_UNUSED,	/* close: use is withdrawn, the owner has not told root */
	FAULT_BRIDGE_CLOSED,
	FAULT_GOODBYE_BEGUN,	/* detach: the magic is zero, root not told */
	FAULT_GOODBYE_SAID,
	FAULT_END_BEGUN,	/* end: the text is written, the reason not */
	FAULT_END_WRITTEN,	/* root not told */
	FAULT_POINTS
};

#ifdef CONFIG_ADEOS_FAULT
void adeos_fault(enum adeos_fault at);
#else
static inline void adeos_fault(enum adeos_fault at) { }
#endif

#endif /* _ADEOS_FAULT_H */
