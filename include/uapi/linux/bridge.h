/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The manual of /dev/bridge: memory that processes of several kernels (vnodes)
 * share. The device is the same in the root vnode and in every other.
 *
 *	int fd = open("/dev/bridge", O_RDWR);
 *	struct bridge_create create = {
 *		.name = "hello", .size = 4096, .flags = BRIDGE_GLOBAL, .mode = 0600,
 *	};
 *	ioctl(fd, BRIDGE_IOC_CREATE, &create);
 *	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
 *
 * and in another vnode OPEN in place of CREATE.
 *
 * Lifetime. A file descriptor stands for one bridge from CREATE or OPEN until it is
 * closed and all its mappings are gone. When that happens to the creator's descriptor,
 * for example because the process was killed, or when the creator's kernel ends, the
 * bridge is revoked: its name is free at once, openers keep reading and writing, and
 * poll() tells them. The memory is freed when the last opener has closed the bridge.
 *
 * Opening only needs what root has published before; creating waits for root, at most
 * BRIDGE_CREATE_MS.
 *
 * Permissions. A bridge has an owner, a group and mode bits, like a file. A descriptor
 * opened with O_RDONLY needs read permission, one with O_RDWR both; one with O_WRONLY
 * can open none. User and group ids are compared as the opener's kernel has them;
 * CAP_DAC_OVERRIDE and CAP_IPC_OWNER in that kernel override the mode bits. In addition
 * the creator may list the vnodes that may open the bridge.
 *
 * mmap() accepts MAP_SHARED only (else EINVAL), within the size (else EINVAL). Writable
 * mappings need O_RDWR (else EACCES). The memory of a new bridge is zero. lseek() with
 * SEEK_END returns the size; the position means nothing, also to read().
 *
 * Direct I/O. In root, mappings of a bridge that is not transient can be pinned: read() and
 * write() of files with O_DIRECT, io_uring with registered buffers, vmsplice(). What is
 * pinned keeps the memory of the bridge from being freed, but not the bridge from being
 * revoked. Elsewhere these calls fail with EFAULT, as they do on memory of a device.
 *
 * Doorbell. RING signals all other openers; several rings may arrive as one event, none
 * is lost. read() waits for a ring and returns the number of rings since the last read()
 * or STATUS as a __u64, or 0 bytes (end of file) once the bridge is revoked. Its errors:
 * EAGAIN with O_NONBLOCK, EINTR, EINVAL (a buffer of less than 8 bytes). poll(): POLLIN
 * after a ring, POLLHUP | POLLERR once revoked.
 *
 * Errors of every call: ENOTTY (no such ioctl), EFAULT, EBADFD (neither CREATE nor OPEN
 * has succeeded before), ENOTCONN (this kernel is not attached to root), EINTR (a fatal
 * signal). All sizes are bytes, all reserved fields must be zero (EINVAL). A call that
 * fails has changed nothing, except that CREATE, OPEN and COMPACT may have been done
 * when their answer fails with EFAULT.
 */
#ifndef _UAPI_LINUX_BRIDGE_H
#define _UAPI_LINUX_BRIDGE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BRIDGE_NAME_LEN		64	/* with the terminating NUL */
#define BRIDGE_ID_WORDS		4	/* a bit for each vnode id, 0..255 */
#define BRIDGE_CREATE_MS	10000
#define BRIDGE_DRIVERS		"driver/" /* prefix of names that only drivers may create */

/* flags */
#define BRIDGE_GLOBAL		(1U << 0) /* for all vnodes; without it, for this one only */
#define BRIDGE_TRANSIENT	(1U << 1) /* COMPACT may move it; accesses wait meanwhile */
#define BRIDGE_ANONYMOUS	(1U << 2) /* no name: opened by index and serial */
#define BRIDGE_ACCESS		(1U << 3) /* only the vnodes in @access may open it */

/**
 * struct bridge_create - CREATE: a new bridge
 * @name: in: up to 63 of letters, digits, '-', '_', '.', '/', NUL-terminated;
 *	empty if BRIDGE_ANONYMOUS
 * @size: in: a multiple of 4096
 * @flags: in: BRIDGE_*
 * @mode: in: permission bits, 0 to 0777; owner and group are the caller's
 * @access: in: with BRIDGE_ACCESS a bit for each vnode id that may open it, zero
 *	without; its own vnode always may
 * @index: out: identifies it, together with @serial
 * @serial: out: another number for each bridge
 * @reserved: zero
 *
 * Names of global bridges are unique in the machine, those of others in their vnode.
 *
 * Errors: EINVAL (name empty or with other characters, size zero or not a multiple of
 * 4096, unknown flags, mode, @access without BRIDGE_ACCESS), ENAMETOOLONG (no NUL),
 * EFBIG (more than 1 TiB), ENOSPC (more than is free in one piece), EMFILE (this vnode
 * has 64 bridges already), EDQUOT (this vnode would have more than half of the memory
 * for bridges; not for root), ENFILE (the machine has 256), EEXIST, EBUSY (the descriptor
 * has a bridge already), EACCES (the descriptor is not O_RDWR, or the name begins with
 * BRIDGE_DRIVERS), ETIMEDOUT (root does not answer; nothing was created), ENOMEM.
 */
struct bridge_create {
	char name[BRIDGE_NAME_LEN];
	__u64 size;
	__u32 flags;
	__u32 mode;
	__u64 access[BRIDGE_ID_WORDS];
	__u32 index;
	__u32 serial;
	__u64 reserved[2];
};

/**
 * struct bridge_open - OPEN: an existing bridge, by name or by index and serial
 * @name: in: its name, or empty; this vnode's own names come before global ones
 * @index: in: without @name: as returned by CREATE or STATUS
 * @serial: in: without @name: as returned by CREATE or STATUS; with @name 0
 * @size: out
 * @reserved: zero
 *
 * Errors: ENOENT (no such bridge, or it was revoked), EINVAL (bad name, or both name
 * and serial, or neither), ENAMETOOLONG, EACCES (this vnode or this user may not open
 * it, it is local to another vnode, or the descriptor is O_WRONLY), EBUSY (the
 * descriptor has a bridge already), ETIMEDOUT (a move of it has not ended within a
 * second), ENOMEM.
 */
struct bridge_open {
	char name[BRIDGE_NAME_LEN];
	__u32 index;
	__u32 serial;
	__u64 size;
	__u64 reserved[2];
};

/**
 * struct bridge_status - STATUS: the descriptor's bridge
 * @name: out: empty if anonymous
 * @size: out
 * @rings: out: rings of other openers since this one opened it
 * @flags: out: as created
 * @mode: out
 * @uid: out: owner
 * @gid: out: group
 * @owner: out: id of the vnode it belongs to, 0 for root
 * @index: out: identifies it, together with @serial
 * @serial: out
 * @revoked: out: 1 if its owner has closed it or is gone
 * @access: out: the vnodes that may open it
 * @reserved: out: zero
 *
 * STATUS acknowledges all rings so far, as read() does.
 */
struct bridge_status {
	char name[BRIDGE_NAME_LEN];
	__u64 size;
	__u64 rings;
	__u32 flags;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 owner;
	__u32 index;
	__u32 serial;
	__u32 revoked;
	__u64 access[BRIDGE_ID_WORDS];
	__u64 reserved[2];
};

/**
 * struct bridge_eventfd - EVENTFD: an eventfd(2) as doorbell
 * @fd: in: the eventfd, or -1 to remove it
 * @reserved: zero
 *
 * The kernel adds 1 for each event: one or more rings, or the revocation of the bridge.
 * Replaces an earlier eventfd. Errors: EBADF, EINVAL (not an eventfd).
 */
struct bridge_eventfd {
	__s32 fd;
	__u32 reserved;
};

/**
 * struct bridge_compact - COMPACT: move transient bridges together, in root
 * @moved: out: bytes moved
 * @frozen_ns: out: the longest time that a bridge was not accessible
 *
 * Needs no bridge in the descriptor. A bridge stays in its place if one of its users
 * does not release it within 100 ms. A process that touches a bridge during its move
 * waits in the page fault.
 *
 * Errors: EPERM (needs CAP_SYS_ADMIN), EOPNOTSUPP (this is not root).
 */
struct bridge_compact {
	__u64 moved;
	__u64 frozen_ns;
};

#define BRIDGE_IOC_MAGIC	0xb9

#define BRIDGE_IOC_CREATE	_IOWR(BRIDGE_IOC_MAGIC, 0, struct bridge_create)
#define BRIDGE_IOC_OPEN		_IOWR(BRIDGE_IOC_MAGIC, 1, struct bridge_open)
#define BRIDGE_IOC_STATUS	_IOR(BRIDGE_IOC_MAGIC, 2, struct bridge_status)
#define BRIDGE_IOC_EVENTFD	_IOW(BRIDGE_IOC_MAGIC, 3, struct bridge_eventfd)
#define BRIDGE_IOC_COMPACT	_IOR(BRIDGE_IOC_MAGIC, 4, struct bridge_compact)

/* RING has no argument. Errors: EOWNERDEAD (revoked; no opener is signalled). */
#define BRIDGE_IOC_RING		_IO(BRIDGE_IOC_MAGIC, 5)

#endif /* _UAPI_LINUX_BRIDGE_H */
