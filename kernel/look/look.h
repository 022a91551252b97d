/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How user space looks at vnodes, the same in root and in a vnode that root allows to
 * look: /dev/vnode with its reading calls (device.c) and /sys/class/vnode (class.c).
 * Both files are built into both modules and call neither: each module registers the
 * functions that answer. In root they read the vnode (../inspect.c), in a vnode they
 * ask root (../view/ask.c).
 */
#ifndef _LOOK_H
#define _LOOK_H

#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/vnode.h>

struct attribute;
struct device;
struct file;

#define LOOK_LOG_SIZE		SZ_8K	/* what is kept of a vnode's last log lines */
#define LOOK_MEMORY_CHUNK	SZ_64K	/* the most that one read of its memory returns */

/**
 * struct look_viewer - identity of a viewer
 * @id: of the viewer's own vnode; 0 for root, which may see every vnode
 * @session: of a viewing vnode, never reused; 0 for root
 * @file: number of the viewer's open descriptor
 */
struct look_viewer {
	u32 id;
	u32 session;
	u32 file;
};

/* ---- device.c: /dev/vnode ---- */

#define LOOK_ANYONE	0
#define LOOK_BOOT	BIT(0)		/* needs CAP_SYS_BOOT */
#define LOOK_UNLOCKED	BIT(1)		/* refused while locked down for kexec */

/**
 * struct look_ioctl - a call of /dev/vnode
 * @cmd: VNODE_IOC_*
 * @needs: LOOK_*
 * @func: does it; the argument is copied in and out by the caller
 * @undo: takes back what @func did, as its answer cannot be delivered; may be NULL
 */
struct look_ioctl {
	unsigned int cmd;
	unsigned int needs;
	int (*func)(struct file *file, void *arg);
	void (*undo)(struct file *file, void *arg);
};

/**
 * struct look_device - what a module answers on /dev/vnode; errnos as linux/vnode.h says
 * @status: fills @status, and *@cpus with a kmalloc()ed list
 * @last: the last log lines; returns bytes
 * @freeze: stops all CPUs of a vnode
 * @thaw: lets them go on
 * @regs: registers of a CPU
 * @memory_find: number of the grant and size, for @memory_read
 * @memory_read: returns bytes, less than @len at the end; -ENXIO once that grant is
 *	returned or hidden from the viewer
 * @release: a descriptor is closed; may be NULL
 * @ioctl: further calls
 * @nr_ioctls: number of them
 */
struct look_device {
	int (*status)(const struct look_viewer *viewer, struct vnode_status *status, u32 **cpus);
	int (*last)(const struct look_viewer *viewer, u32 id, char *buf, unsigned int size);
	int (*freeze)(const struct look_viewer *viewer, u32 id);
	int (*thaw)(const struct look_viewer *viewer, u32 id);
	int (*regs)(const struct look_viewer *viewer, struct vnode_regs *regs);
	int (*memory_find)(const struct look_viewer *viewer, u32 id, u32 *grant, u64 *size);
	int (*memory_read)(const struct look_viewer *viewer, u32 id, u32 grant, u64 offset,
			   void *buf, u32 len);
	void (*release)(struct file *file);
	const struct look_ioctl *ioctl;
	unsigned int nr_ioctls;
};

int look_device_init(const struct look_device *device);
void look_device_exit(void);
void look_device_changed(void);

/* ---- class.c: /sys/class/vnode ---- */

/**
 * struct look_class - what a module answers in /sys/class/vnode
 * @status: of the vnode that @dev stands for; *@cpus as in struct look_device
 * @ident: the same, but id and state alone; must not sleep for long
 * @more: one more attribute; may be NULL
 */
struct look_class {
	int (*status)(struct device *dev, struct vnode_status *status, u32 **cpus);
	void (*ident)(const struct device *dev, u32 *id, u32 *state);
	struct attribute *more;
};

int look_class_init(const struct look_class *class);
void look_class_exit(void);
struct device *look_class_add(const char *name, void *data);
void look_class_event(struct device *dev, const struct vnode_status *status);

#endif /* _LOOK_H */
