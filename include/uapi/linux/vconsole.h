/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Consoles of other kernels. Each that this kernel may look at has a tty,
 * /dev/ttyVN<ID>, and can be attached to through /dev/vconsole, which also gives what
 * was printed before.
 *
 * An open file is attached to one console at most. read() gives its history from the
 * oldest byte kept, then what comes; write() is its input. Any number may read; one
 * may write: an attached file or, while it is open, the tty. The bytes are passed as
 * they are, both ways, but for a line that marks each beginning of a console in its
 * history.
 */
#ifndef _UAPI_LINUX_VCONSOLE_H
#define _UAPI_LINUX_VCONSOLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VCONSOLE_HISTORY	(256U << 10)	/* bytes kept of each console */

/* flags of ATTACH */
#define VCONSOLE_WRITE		(1U << 0)	/* be the writer */
#define VCONSOLE_FORCE		(1U << 1)	/* take that from whoever is */
#define VCONSOLE_LIVE		(1U << 2)	/* begin with what comes, not with what is kept */

/**
 * struct vconsole_attach - ATTACH: choose a console
 * @id: in: whose: a vnode's id, 0 for root's
 * @flags: in: VCONSOLE_*
 * @writer: out: with EBUSY: process id of the writer, 0 if it is the tty
 * @reserved: zero
 *
 * Errors: EINVAL (flags, reserved, id above 255), EISCONN (attached already), ENOENT
 * (no console of that id was ever there, or it is not offered to this kernel), EBUSY
 * (VCONSOLE_WRITE without VCONSOLE_FORCE, and there is a writer), EFAULT. A writer it is
 * taken from gets EPERM from then on; if that was the tty, it is hung up.
 */
struct vconsole_attach {
	__u32 id;
	__u32 flags;
	__u32 writer;
	__u32 reserved[5];
};

/* state of a console */
#define VCONSOLE_CONNECTED	(1U << 0)	/* its kernel lives and has it open */
#define VCONSOLE_WRITER		(1U << 1)	/* this file is the writer */

/**
 * struct vconsole_status - STATUS: the console that this file is attached to
 * @id: whose
 * @state: VCONSOLE_CONNECTED, VCONSOLE_WRITER
 * @begins: how often it has begun: one more with each boot of its kernel
 * @reserved: zero
 * @dropped: bytes that its kernel could not wait to be taken, since the history began
 * @missed: bytes that this file was too slow to read
 * @written: bytes of history so far, all that was ever printed and the marks
 * @position: of this file in there
 *
 * Errors: ENOTCONN (not attached), EFAULT.
 */
struct vconsole_status {
	__u32 id;
	__u32 state;
	__u32 begins;
	__u32 reserved;
	__u64 dropped;
	__u64 missed;
	__u64 written;
	__u64 position;
};

/**
 * struct vconsole_size - SIZE: the writer's window
 * @rows: of characters
 * @columns: of characters
 *
 * The console's kernel signals SIGWINCH to its session, now and, if it begins anew,
 * again. Errors: ENOTCONN (not attached), EPERM (not the writer), EFAULT.
 */
struct vconsole_size {
	__u16 rows;
	__u16 columns;
};

/*
 * poll(): POLLIN: there is something to read, POLLOUT: room for input, POLLPRI: STATUS
 * would say something new about state or begins since it was last asked.
 *
 * read(): ENOTCONN (not attached), EAGAIN (O_NONBLOCK, nothing there), EINTR.
 * write(): ENOTCONN (not attached), EPERM (not the writer, or no longer), EPIPE (not
 * connected: nobody takes input), EAGAIN (O_NONBLOCK, no room), EINTR.
 */
#define VCONSOLE_IOC_ATTACH	_IOWR('V', 0x60, struct vconsole_attach)
#define VCONSOLE_IOC_STATUS	_IOR('V', 0x61, struct vconsole_status)
#define VCONSOLE_IOC_SIZE	_IOW('V', 0x62, struct vconsole_size)

#endif /* _UAPI_LINUX_VCONSOLE_H */
