/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Consoles of other kernels. Each console that this kernel may look at has a tty,
 * /dev/ttyVN<ID>, and can be attached to through /dev/vconsole, which also has its history.
 *
 * An open file is attached to at most one console. read() returns the history from the
 * oldest byte kept, then new output; write() is the console's input. Any number of files
 * may read; one may write: an attached file or, while it is open, the tty. Bytes pass
 * unchanged in both directions, but for a line that marks each beginning of a console in
 * its history.
 */
#ifndef _UAPI_LINUX_VCONSOLE_H
#define _UAPI_LINUX_VCONSOLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VCONSOLE_HISTORY	(256U << 10)	/* bytes kept of each console */

/* flags of ATTACH */
#define VCONSOLE_WRITE		(1U << 0)	/* be the writer */
#define VCONSOLE_FORCE		(1U << 1)	/* take that from the present writer */
#define VCONSOLE_LIVE		(1U << 2)	/* begin with new output, not with the history */

/**
 * struct vconsole_attach - ATTACH: choose a console
 * @id: in: a vnode's id, 0 for root's console
 * @flags: in: VCONSOLE_*
 * @writer: out: with EBUSY: process id of the writer, 0 if it is the tty
 * @reserved: zero
 *
 * Errors: EINVAL (flags, reserved, id above 255), EISCONN (attached already), ENOENT
 * (no console of that id was ever there, or it is not offered to this kernel), EBUSY
 * (VCONSOLE_WRITE without VCONSOLE_FORCE, and there is a writer), EFAULT. With
 * VCONSOLE_FORCE the former writer gets EPERM from then on; the tty is hung up.
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
 * @id: of its vnode
 * @state: VCONSOLE_CONNECTED, VCONSOLE_WRITER
 * @begins: how often it has begun: one more with each boot of its kernel
 * @reserved: zero
 * @dropped: bytes that its kernel has dropped since they were not taken in time, in all
 * @missed: bytes that this file was too slow to read
 * @written: bytes of history so far: all output and the marks
 * @position: of this file in the history
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
 * The console's kernel sends SIGWINCH to its session, now and whenever the console begins
 * anew. Errors: ENOTCONN (not attached), EPERM (not the writer), EFAULT.
 */
struct vconsole_size {
	__u16 rows;
	__u16 columns;
};

/*
 * poll(): POLLIN: there is something to read; POLLOUT: there is room for input; POLLPRI:
 * state or begins have changed since the last STATUS.
 *
 * read(): ENOTCONN (not attached), EAGAIN (O_NONBLOCK, nothing there), EINTR.
 * write(): ENOTCONN (not attached), EPERM (not the writer, or no longer), EPIPE (not
 * connected: no kernel takes input), EAGAIN (O_NONBLOCK, no room), EINTR.
 */
#define VCONSOLE_IOC_ATTACH	_IOWR('V', 0x60, struct vconsole_attach)
#define VCONSOLE_IOC_STATUS	_IOR('V', 0x61, struct vconsole_status)
#define VCONSOLE_IOC_SIZE	_IOW('V', 0x62, struct vconsole_size)

#endif /* _UAPI_LINUX_VCONSOLE_H */
