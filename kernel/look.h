/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel that looks at vnodes has, be it root or a vnode that root allows:
 * /dev/vnode and its reading calls (look.c), the attributes in /sys/class/vnode
 * (attrs.c). Both files are built into both modules. What they ask for, root knows
 * (status.c, freeze.c, memory.c, state.c); another kernel asks root (view/node.c,
 * view/memory.c).
 */
#ifndef _KMB_LOOK_H
#define _KMB_LOOK_H

#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/vnode.h>

struct attribute_group;
struct device;
struct file;
struct kmb_memory;
struct kobj_uevent_env;
struct poll_table_struct;

#define KMB_LOG_SIZE	SZ_8K		/* of what a vnode has logged last */
#define KMB_MEMORY_CHUNK	SZ_64K	/* of its memory, so much is read at once */

/**
 * struct kmb_looker - who looks at a vnode
 * @id: his vnode's; root, who may see all, is 0
 * @session: never the same twice; 0 for root
 * @file: a number of his descriptor
 */
struct kmb_looker {
	u32 id;
	u32 session;
	u32 file;
};

/* ---- what is asked for; errnos as linux/vnode.h documents ---- */

int kmb_node_status(const struct kmb_looker *who, struct vnode_status *status, u32 **cpus);
int kmb_node_last(const struct kmb_looker *who, u32 id, char *buf, unsigned int size);
int kmb_node_freeze(const struct kmb_looker *who, u32 id);
int kmb_node_thaw(const struct kmb_looker *who, u32 id);
int kmb_node_regs(const struct kmb_looker *who, struct vnode_regs *regs);

/* the memory of a vnode, as it was granted when it was opened; -ENXIO once it is returned */
struct kmb_memory *kmb_memory_open(const struct kmb_looker *who, u32 id);
void kmb_memory_close(struct kmb_memory *memory);
u64 kmb_memory_size(struct kmb_memory *memory);
/* bytes, less than @len (up to KMB_MEMORY_CHUNK) at the end */
int kmb_memory_get(struct kmb_memory *memory, u64 offset, void *buf, u32 len);

u32 kmb_state_events(void);
void kmb_state_poll_wait(struct file *file, struct poll_table_struct *wait);
/* of what an attribute belongs to; *cpus as kmb_node_status() */
int kmb_attr_status(struct device *dev, struct vnode_status *status, u32 **cpus);

/* ---- look.c ---- */

#define LOOK_ANYONE	0
#define LOOK_BOOT	BIT(0)		/* CAP_SYS_BOOT */
#define LOOK_UNLOCKED	BIT(1)		/* and no lockdown for kexec */

/**
 * struct look_ioctl - a call of /dev/vnode
 * @cmd: VNODE_IOC_*
 * @needs: LOOK_*
 * @func: does it; the argument is copied in and out
 * @undo: what @func has done is not to be, since its answer cannot be delivered; or NULL
 */
struct look_ioctl {
	unsigned int cmd;
	unsigned int needs;
	int (*func)(struct file *file, void *arg);
	void (*undo)(struct file *file, void *arg);
};

/**
 * struct look_device - what /dev/vnode can do here beside looking
 * @ioctl: its other calls
 * @nr_ioctls: how many
 * @release: a descriptor is closed; or NULL
 */
struct look_device {
	const struct look_ioctl *ioctl;
	unsigned int nr_ioctls;
	void (*release)(struct file *file);
};

int look_init(const struct look_device *device);
void look_exit(void);

/* ---- attrs.c ---- */

extern const struct attribute_group look_attrs;

int look_uevent(struct kobj_uevent_env *env, u32 id, u32 state);
void look_event(struct device *dev, const struct vnode_status *status);

#endif /* _KMB_LOOK_H */
