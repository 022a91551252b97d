// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/bridge; include/uapi/linux/bridge.h is its manual. A file is one bridge, from
 * CREATE or OPEN until its last mapping and descriptor are gone.
 */
#include <linux/cred.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/bridge.h>

#include "bridge-dev.h"
#include "compat.h"

static_assert(BRIDGE_GLOBAL == VNODE_BRIDGE_GLOBAL);
static_assert(BRIDGE_TRANSIENT == VNODE_BRIDGE_TRANSIENT);
static_assert(sizeof_field(struct vnode_bridge, name) == BRIDGE_NAME_LEN);
static_assert(BRIDGE_ID_WORDS * 2 == VNODE_ID_WORDS);

/* ---- events of the bridge ---- */

static void file_signal(struct bridge_file *bf)
{
	mutex_lock(&bf->lock);
	if (bf->eventfd)
		adeos_eventfd_signal(bf->eventfd);
	mutex_unlock(&bf->lock);
}

static void file_told(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct bridge_file *bf = data;

	switch (event) {
	case ADEOS_BRIDGE_FREEZE:
		bridge_map_freeze(bf, bridge, true);
		return;
	case ADEOS_BRIDGE_MOVED:
		bridge_map_freeze(bf, bridge, false);
		break;
	case ADEOS_BRIDGE_REVOKED:
		WRITE_ONCE(bf->lost, bf->frozen);
		fallthrough;
	case ADEOS_BRIDGE_RUNG:
		file_signal(bf);
		break;
	}
	wake_up_all(&bf->wait);
}

/* ---- CREATE, OPEN ---- */

static bool is_zero(const void *field, size_t size)
{
	return !memchr_inv(field, 0, size);
}

/* As a file's, by the ids of this kernel. */
static int user_permits(const struct bridge_info *info, fmode_t want)
{
	kgid_t gid = make_kgid(&init_user_ns, info->gid);
	u32 bits = info->mode, need = 0;

	if (want & FMODE_READ)
		need |= 4;
	if (want & FMODE_WRITE)
		need |= 2;
	if (uid_eq(current_fsuid(), make_kuid(&init_user_ns, info->uid)))
		bits >>= 6;
	else if (gid_valid(gid) && in_group_p(gid))
		bits >>= 3;
	if ((bits & need) == need)
		return 0;
	return capable(CAP_DAC_OVERRIDE) || capable(CAP_IPC_OWNER) ? 0 : -EACCES;
}

/* Makes @bridge the file's. */
static int file_bind(struct bridge_file *bf, struct adeos_bridge *bridge)
{
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	/* pairs with bridge_of() */
	smp_store_release(&bf->bridge, bridge);
	return 0;
}

static int file_create(struct bridge_file *bf, struct bridge_create *create)
{
	struct adeos_bridge_config config = {
		.name = create->flags & BRIDGE_ANONYMOUS ? NULL : create->name,
		.size = create->size,
		.flags = create->flags & (BRIDGE_GLOBAL | BRIDGE_TRANSIENT),
		.mode = create->mode,
		.uid = from_kuid(&init_user_ns, current_fsuid()),
		.gid = from_kgid(&init_user_ns, current_fsgid()),
		/* its words are as the kernel's bitmaps are on x86-64 */
		.access = create->flags & BRIDGE_ACCESS ? (unsigned long *)create->access : NULL,
	};
	struct vnode_bridge_handle handle;
	int err;

	if (bridge_of(bf))
		return -EBUSY;
	/* drivers of other kernels take a bridge of such a name for one of theirs */
	if (strstarts(create->name, BRIDGE_DRIVERS))
		return -EACCES;
	err = file_bind(bf, adeos_bridge_create(&config, file_told, bf));
	if (err)
		return err;
	bridge_handle(bf->bridge, &handle);
	create->index = le32_to_cpu(handle.index);
	create->serial = le32_to_cpu(handle.serial);
	return 0;
}

static int ioctl_create(struct file *file, void *arg)
{
	const u32 known = BRIDGE_GLOBAL | BRIDGE_TRANSIENT | BRIDGE_ANONYMOUS | BRIDGE_ACCESS;
	struct bridge_file *bf = file->private_data;
	struct bridge_create *create = arg;
	int err;

	if ((create->flags & ~known) || !is_zero(create->reserved, sizeof(create->reserved)) ||
	    ((create->flags & BRIDGE_ANONYMOUS) && create->name[0]) ||
	    (!(create->flags & BRIDGE_ACCESS) && !is_zero(create->access, sizeof(create->access))))
		return -EINVAL;
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	err = mutex_lock_killable(&bf->binding);
	if (err)
		return err;
	err = file_create(bf, create);
	mutex_unlock(&bf->binding);
	return err;
}

static int open_find(const struct bridge_open *open, struct bridge_info *info)
{
	int err;

	if (!is_zero(open->reserved, sizeof(open->reserved)) || !open->name[0] == !open->serial)
		return -EINVAL;
	if (!adeos_own_life())
		return -ENOTCONN;
	if (open->name[0])
		return bridge_name_check(open->name) ?: bridge_info_find(open->name, info);
	err = bridge_info_get(open->index, info);
	return err || info->serial != open->serial || info->state == VNODE_BRIDGE_DEAD ?
	       -ENOENT : 0;
}

static int file_open(struct bridge_file *bf, fmode_t want, struct bridge_open *open)
{
	struct bridge_info info;
	int err;

	if (bridge_of(bf))
		return -EBUSY;
	err = open_find(open, &info) ?: user_permits(&info, want);
	if (err)
		return err;
	open->size = info.size;
	return file_bind(bf, bridge_open_info(&info, file_told, bf));
}

static int ioctl_open(struct file *file, void *arg)
{
	struct bridge_file *bf = file->private_data;
	int err;

	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	err = mutex_lock_killable(&bf->binding);
	if (err)
		return err;
	err = file_open(bf, file->f_mode, arg);
	mutex_unlock(&bf->binding);
	return err;
}

/* ---- calls on a bridge ---- */

/* Rings since the last time. */
static u64 file_take_rings(struct bridge_file *bf, struct adeos_bridge *bridge, u64 *all)
{
	u64 more;

	mutex_lock(&bf->lock);
	*all = READ_ONCE(bridge->rings);
	more = *all - bf->seen;
	bf->seen = *all;
	mutex_unlock(&bf->lock);
	return more;
}

static int ioctl_status(struct file *file, void *arg)
{
	struct bridge_file *bf = file->private_data;
	struct adeos_bridge *bridge = bridge_of(bf);
	const struct bridge_info *info = &bridge->entry->info;
	struct bridge_status *status = arg;
	u32 i;

	memset(status, 0, sizeof(*status));
	memcpy(status->name, info->name, sizeof(status->name));
	status->size = info->size;
	status->flags = info->flags;
	status->mode = info->mode;
	status->uid = info->uid;
	status->gid = info->gid;
	status->owner = info->owner_id;
	status->index = info->index;
	status->serial = info->serial;
	status->revoked = adeos_bridge_revoked(bridge);
	for (i = 0; i < VNODE_ID_WORDS; i++)
		status->access[i / 2] |= (u64)info->access[i] << (i % 2 * 32);
	file_take_rings(bf, bridge, &status->rings);
	return 0;
}

static int ioctl_eventfd(struct file *file, void *arg)
{
	struct bridge_file *bf = file->private_data;
	const struct bridge_eventfd *want = arg;
	struct eventfd_ctx *ctx = NULL, *old;

	if (want->reserved)
		return -EINVAL;
	if (want->fd != -1)
		ctx = eventfd_ctx_fdget(want->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	mutex_lock(&bf->lock);
	old = bf->eventfd;
	bf->eventfd = ctx;
	mutex_unlock(&bf->lock);
	if (old)
		eventfd_ctx_put(old);
	return 0;
}

int (*bridge_compact)(u64 *moved, u64 *frozen_ns);

static int ioctl_compact(struct file *file, void *arg)
{
	struct bridge_compact *compact = arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!bridge_compact)
		return -EOPNOTSUPP;
	return bridge_compact(&compact->moved, &compact->frozen_ns);
}

static int ioctl_ring(struct file *file, void *arg)
{
	return adeos_bridge_ring(bridge_of(file->private_data));
}

/**
 * struct bridge_ioctl - a row of the table
 * @cmd: BRIDGE_IOC_*
 * @bound: needs a bridge
 * @func: gets a copy of the argument
 */
struct bridge_ioctl {
	unsigned int cmd;
	bool bound;
	int (*func)(struct file *file, void *arg);
};

static const struct bridge_ioctl ioctls[] = {
	{ BRIDGE_IOC_CREATE, false, ioctl_create },
	{ BRIDGE_IOC_OPEN, false, ioctl_open },
	{ BRIDGE_IOC_STATUS, true, ioctl_status },
	{ BRIDGE_IOC_EVENTFD, true, ioctl_eventfd },
	{ BRIDGE_IOC_COMPACT, false, ioctl_compact },
	{ BRIDGE_IOC_RING, true, ioctl_ring },
};

static long ioctl_run(const struct bridge_ioctl *row, struct file *file, void __user *user)
{
	union {
		struct bridge_create create;
		struct bridge_open open;
		struct bridge_status status;
		struct bridge_eventfd eventfd;
		struct bridge_compact compact;
	} arg = {};
	size_t size = _IOC_SIZE(row->cmd);
	int err;

	if ((_IOC_DIR(row->cmd) & _IOC_WRITE) && copy_from_user(&arg, user, size))
		return -EFAULT;
	if (row->bound && !bridge_of(file->private_data))
		return -EBADFD;
	err = row->func(file, &arg);
	if (!err && (_IOC_DIR(row->cmd) & _IOC_READ) && copy_to_user(user, &arg, size))
		return -EFAULT;
	return err;
}

static long bridge_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return ioctl_run(&ioctls[i], file, (void __user *)arg);
	return -ENOTTY;
}

static bool file_is_ready(struct bridge_file *bf, struct adeos_bridge *bridge)
{
	return READ_ONCE(bridge->rings) != READ_ONCE(bf->seen) || adeos_bridge_revoked(bridge);
}

static ssize_t bridge_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct bridge_file *bf = file->private_data;
	struct adeos_bridge *bridge = bridge_of(bf);
	u64 rings, all;
	int err;

	if (!bridge)
		return -EBADFD;
	if (len < sizeof(rings))
		return -EINVAL;
	for (;;) {
		rings = file_take_rings(bf, bridge, &all);
		if (rings)
			return copy_to_user(buf, &rings, sizeof(rings)) ? -EFAULT : sizeof(rings);
		if (adeos_bridge_revoked(bridge))
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(bf->wait, file_is_ready(bf, bridge));
		if (err)
			return err;
	}
}

static __poll_t bridge_poll(struct file *file, poll_table *table)
{
	struct bridge_file *bf = file->private_data;
	struct adeos_bridge *bridge = bridge_of(bf);
	__poll_t events = 0;

	if (!bridge)
		return EPOLLERR;
	poll_wait(file, &bf->wait, table);
	if (READ_ONCE(bridge->rings) != READ_ONCE(bf->seen))
		events |= EPOLLIN | EPOLLRDNORM;
	if (adeos_bridge_revoked(bridge))
		events |= EPOLLHUP | EPOLLERR;
	return events;
}

/* For its size. The position has no meaning. */
static loff_t bridge_llseek(struct file *file, loff_t offset, int whence)
{
	struct adeos_bridge *bridge = bridge_of(file->private_data);

	if (!bridge)
		return -EBADFD;
	return fixed_size_llseek(file, offset, whence, adeos_bridge_size(bridge));
}

static int bridge_file_open(struct inode *inode, struct file *file)
{
	struct bridge_file *bf = kzalloc(sizeof(*bf), GFP_KERNEL_ACCOUNT);

	if (!bf)
		return -ENOMEM;
	mutex_init(&bf->binding);
	mutex_init(&bf->lock);
	init_waitqueue_head(&bf->wait);
	bf->mapping = file->f_mapping;
	file->private_data = bf;
	return 0;
}

static int bridge_file_release(struct inode *inode, struct file *file)
{
	struct bridge_file *bf = file->private_data;

	/* no callback runs after this */
	adeos_bridge_close(bf->bridge);
	if (bf->eventfd)
		eventfd_ctx_put(bf->eventfd);
	kfree(bf);
	return 0;
}

static const struct file_operations bridge_fops = {
	.owner = THIS_MODULE,
	.open = bridge_file_open,
	.release = bridge_file_release,
	.read = bridge_read,
	.poll = bridge_poll,
	.mmap = bridge_mmap,
	.llseek = bridge_llseek,
	.unlocked_ioctl = bridge_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice bridge_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bridge",
	.fops = &bridge_fops,
	.mode = 0666,
};

static int bridge_dev_init(void)
{
	return misc_register(&bridge_dev);
}

static void bridge_dev_exit(void)
{
	misc_deregister(&bridge_dev);
}

const struct adeos_part adeos_bridge_dev_part = {
	.init = bridge_dev_init,
	.exit = bridge_dev_exit,
};
