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
 * and in another vnode OPEN in place of CREATE. A file descriptor stands for one
 * bridge from CREATE or OPEN until it is closed; mappings keep it open. When the
 * descriptor that created a bridge is closed (its process may have been killed),
 * or the creator's kernel ends, the bridge is revoked: its name is free at once;
 * who has it mapped goes on reading and writing, and is told by poll(). The memory
 * is freed when the last one has closed it.
 *
 * Opening needs nothing of the root vnode but what it has published before;
 * creating waits for root, at most BRIDGE_CREATE_MS.
 *
 * Permissions. A bridge has an owner, a group and mode bits, like a file. A
 * descriptor opened with O_RDONLY needs read permission, one with O_RDWR both;
 * O_WRONLY will not do. The ids that count are those of the kernel the opener
 * runs in; CAP_DAC_OVERRIDE or CAP_IPC_OWNER there pass. Besides, the creator may
 * say which vnodes may open it.
 *
 * mmap() is MAP_SHARED only (EINVAL otherwise), and within the size (EINVAL).
 * Writable mappings need O_RDWR (EACCES). Memory of a new bridge is zero.
 *
 * Doorbell. RING tells everybody else who has the bridge open; several rings may
 * arrive as one event, none is lost. read() waits for a ring and returns their
 * number since the last read() or STATUS as a __u64, 0 bytes (end of file) once
 * the bridge is revoked; EAGAIN with O_NONBLOCK, EINTR, EINVAL (a buffer of less
 * than 8 bytes). poll(): POLLIN after a ring, POLLHUP | POLLERR once revoked.
 *
 * Errors of every call: ENOTTY (no such ioctl), EFAULT, EBADFD (neither CREATE nor
 * OPEN has been done), ENOTCONN (this kernel is not attached to root). All sizes
 * are bytes, all reserved fields must be zero (EINVAL). A call that fails has
 * changed nothing.
 */
#ifndef _UAPI_LINUX_BRIDGE_H
#define _UAPI_LINUX_BRIDGE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BRIDGE_NAME_LEN		64	/* with the terminating NUL */
#define BRIDGE_ID_WORDS		4	/* a bit for each vnode id, 0..255 */
#define BRIDGE_CREATE_MS	10000
#define BRIDGE_DRIVERS		"driver/" /* names that begin so are for drivers */

/* flags */
#define BRIDGE_GLOBAL		(1U << 0) /* for all vnodes; else for processes of this one */
#define BRIDGE_TRANSIENT	(1U << 1) /* may be moved by COMPACT; users hardly notice */
#define BRIDGE_ANONYMOUS	(1U << 2) /* has no name: opened by index and serial */
#define BRIDGE_ACCESS		(1U << 3) /* only the vnodes in @access may open it */

/**
 * struct bridge_create - CREATE: a new bridge
 * @name: in: up to 63 of letters, digits, '-', '_', '.', '/', NUL-terminated;
 *	empty if BRIDGE_ANONYMOUS
 * @size: in: a multiple of 4096
 * @flags: in: BRIDGE_*
 * @mode: in: permission bits, 0 to 0777; owner and group are the caller's
 * @access: in: with BRIDGE_ACCESS a bit for each vnode id that may open it; its
 *	own vnode may in any case
 * @index: out: names it, together with @serial
 * @serial: out: never the same twice
 * @reserved: zero
 *
 * Names of global bridges are unique in the machine, others in their vnode.
 *
 * Errors: EINVAL (name empty or with other characters, size zero or not a multiple
 * of 4096, unknown flags, mode), ENAMETOOLONG (no NUL), EFBIG (more than 1 TiB),
 * ENOSPC (more than is free in one piece), EMFILE (this vnode has 64 bridges
 * already), EDQUOT (it would have more than half of all memory of bridges), ENFILE
 * (the machine has 256), EEXIST, EBUSY (the descriptor has a bridge already),
 * EACCES (it is not O_RDWR, or the name is a driver's), ETIMEDOUT (root does not
 * answer; nothing was created), ENOMEM.
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
 * struct bridge_open - OPEN: a bridge that is there
 * @name: in: its name, or empty; this vnode's own names come before global ones
 * @index: in: of an anonymous one, as CREATE or STATUS told; else 0
 * @serial: in: of an anonymous one; else 0
 * @size: out
 * @reserved: zero
 *
 * Errors: ENOENT (no such bridge, or it was revoked), EINVAL (bad name, or name
 * and serial, or neither), ENAMETOOLONG, EACCES (not permitted to this vnode, or
 * to this user, or it is another vnode's and not global), EBUSY (the descriptor
 * has a bridge already), ETIMEDOUT (it is being moved, and that does not end),
 * ENOMEM.
 */
struct bridge_open {
	char name[BRIDGE_NAME_LEN];
	__u32 index;
	__u32 serial;
	__u64 size;
	__u64 reserved[2];
};

/**
 * struct bridge_status - STATUS: what is known of the descriptor's bridge
 * @name: out: empty if anonymous
 * @size: out
 * @rings: out: rings of others since it was opened
 * @flags: out: as created
 * @mode: out
 * @uid: out: owner
 * @gid: out: group
 * @owner: out: id of the vnode it belongs to, 0 for root
 * @index: out: names it, together with @serial
 * @serial: out
 * @revoked: out: 1 if its owner is gone
 * @access: out: the vnodes that may open it
 * @reserved: out: zero
 *
 * As read() does, it takes note of all rings so far.
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
 * @fd: in: the eventfd, or -1 for none any more
 * @reserved: zero
 *
 * 1 is added to it for each event: one or more rings, or that the bridge was
 * revoked. Replaces the one before. Errors: EBADF, EINVAL (not an eventfd).
 */
struct bridge_eventfd {
	__s32 fd;
	__u32 reserved;
};

/**
 * struct bridge_compact - COMPACT: move transient bridges together, in root
 * @moved: out: bytes that were moved
 * @frozen_ns: out: the longest time that a bridge could not be used meanwhile
 *
 * Needs no bridge in the descriptor. A bridge of which somebody does not let go
 * within 100 ms stays where it is. Whoever touches one meanwhile waits.
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

/*
 * RING has no argument. Errors: EOWNERDEAD (it was revoked; nobody is told).
 */
#define BRIDGE_IOC_RING		_IO(BRIDGE_IOC_MAGIC, 5)

#endif /* _UAPI_LINUX_BRIDGE_H */
