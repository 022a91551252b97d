// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vnode, and the calls that look at vnodes; chardev.c has those that lend. Each ioctl
 * is a row: the privilege it needs and the function that does it. Its argument is copied
 * from user space once. MEMORY makes a descriptor that reads a vnode's memory, alive or
 * dead; --log, --dump and --gdb use it.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "kmb.h"

#define MEMORY_CHUNK	SZ_64K	/* the most that one read of a vnode's memory returns */

/**
 * struct kmb_file - an open descriptor of /dev/vnode
 * @seen: value of events at the last STATUS
 * @lock: one FREEZE or THAW at a time; protects @frozen
 * @frozen: id of the vnode that this descriptor has frozen, else 0
 */
struct kmb_file {
	u32 seen;
	struct mutex lock;	/* see above */
	u32 frozen;
};

/**
 * struct kmb_memory - an open descriptor of a vnode's memory
 * @id: the vnode
 * @grant: the grant that was opened; a later one of the same id is other memory
 * @size: bytes
 */
struct kmb_memory {
	u32 id;
	u32 grant;
	u64 size;
};

static atomic_t events = ATOMIC_INIT(0);	/* counts changes, for poll() */
static DECLARE_WAIT_QUEUE_HEAD(event_wait);

static int ioctl_status(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_status *status = arg;
	u32 room = status->nr_cpus;
	u32 *cpus;
	int err;

	if ((status->flags & ~VNODE_STATUS_NEXT) ||
	    memchr_inv(status->reserved, 0, sizeof(status->reserved)))
		return -EINVAL;
	WRITE_ONCE(kf->seen, atomic_read(&events));
	err = kmb_status(status, &cpus);
	if (err)
		return err;
	if (status->cpus && copy_to_user(u64_to_user_ptr(status->cpus), cpus,
					 min(room, status->nr_cpus) * sizeof(*cpus)))
		err = -EFAULT;
	kfree(cpus);
	return err;
}

/* copy_to_user() may fault: the data is staged, so that memory_read() can hold locks. */
static ssize_t memory_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct kmb_memory *memory = file->private_data;
	void *buf;
	int ret;

	if (*pos < 0)
		return -EINVAL;
	len = min_t(size_t, len, MEMORY_CHUNK);
	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = kmb_memory_read(memory->id, memory->grant, *pos, buf, len);
	if (ret > 0 && copy_to_user(to, buf, ret))
		ret = -EFAULT;
	kvfree(buf);
	if (ret > 0)
		*pos += ret;
	return ret;
}

static loff_t memory_llseek(struct file *file, loff_t offset, int whence)
{
	struct kmb_memory *memory = file->private_data;

	return fixed_size_llseek(file, offset, whence, memory->size);
}

static int memory_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.read = memory_read,
	.llseek = memory_llseek,
	.release = memory_release,
};

/* Consumes @memory if it succeeds. */
static int memory_fd(struct kmb_memory *memory)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile("[vnode]", &memory_fops, memory, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_PREAD;
	fd_install(fd, file);
	return fd;
}

static int ioctl_memory(struct file *file, void *arg)
{
	struct kmb_memory *memory;
	struct vnode_id *id = arg;
	int ret;

	if (id->reserved)
		return -EINVAL;
	memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	memory->id = id->id;
	ret = kmb_memory_find(id->id, &memory->grant, &memory->size);
	if (!ret)
		ret = memory_fd(memory);
	if (ret < 0)
		kfree(memory);
	return ret;
}

static int ioctl_last(struct file *file, void *arg)
{
	struct vnode_last *last = arg;
	int len, err = 0;
	char *buf;

	if (last->reserved)
		return -EINVAL;
	buf = kmalloc(KMB_LOG_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = kmb_last(last->id, buf, min_t(u64, last->size, KMB_LOG_SIZE));
	if (len < 0)
		err = len;
	else if (copy_to_user(u64_to_user_ptr(last->text), buf, len))
		err = -EFAULT;
	else
		last->size = len;
	kfree(buf);
	return err;
}

static int ioctl_freeze(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_id *id = arg;
	int err;

	if (id->reserved)
		return -EINVAL;
	if (mutex_lock_killable(&kf->lock))
		return -EINTR;
	err = kf->frozen ? -EBUSY : kmb_freeze(kf, id->id);
	if (!err)
		kf->frozen = id->id;
	mutex_unlock(&kf->lock);
	return err;
}

/* Whatever thaw() returns, this descriptor has nothing frozen any more. */
static int thaw_locked(struct kmb_file *kf)
{
	int err = kmb_thaw(kf, kf->frozen);

	kf->frozen = 0;
	/* the freeze had expired, and another descriptor has frozen the vnode since */
	return err == -EBADF ? -ETIME : err;
}

static int ioctl_thaw(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_id *id = arg;
	int err = -EBADF;

	if (id->reserved)
		return -EINVAL;
	if (mutex_lock_killable(&kf->lock))
		return -EINTR;
	if (id->id && kf->frozen == id->id)
		err = thaw_locked(kf);
	mutex_unlock(&kf->lock);
	return err;
}

static int ioctl_regs(struct file *file, void *arg)
{
	struct vnode_regs *regs = arg;

	return regs->reserved ? -EINVAL : kmb_regs(regs);
}

static const struct kmb_ioctl looking[] = {
	{ VNODE_IOC_STATUS, KMB_ANYONE, ioctl_status },
	{ VNODE_IOC_MEMORY, KMB_BOOT | KMB_UNLOCKED, ioctl_memory },
	{ VNODE_IOC_LAST, KMB_BOOT, ioctl_last },
	{ VNODE_IOC_FREEZE, KMB_BOOT, ioctl_freeze },
	{ VNODE_IOC_THAW, KMB_BOOT, ioctl_thaw },
	{ VNODE_IOC_REGS, KMB_BOOT | KMB_UNLOCKED, ioctl_regs },
};

static const struct kmb_ioctl *row_find(const struct kmb_ioctl *row, unsigned int nr,
					unsigned int cmd)
{
	for (; nr; nr--, row++)
		if (row->cmd == cmd)
			return row;
	return NULL;
}

static int row_permitted(const struct kmb_ioctl *row)
{
	if ((row->needs & KMB_BOOT) && !capable(CAP_SYS_BOOT))
		return -EPERM;
	if (row->needs & KMB_UNLOCKED)
		return security_locked_down(LOCKDOWN_KEXEC);
	return 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct vnode_info info;
		struct vnode_grant grant;
		struct vnode_load load;
		struct vnode_status status;
		struct vnode_last last;
		struct vnode_regs regs;
	} arg = {};
	const struct kmb_ioctl *row = row_find(looking, ARRAY_SIZE(looking), cmd) ?:
				       row_find(kmb_lending, KMB_NR_LENDING, cmd);
	size_t size = _IOC_SIZE(cmd);
	long ret;

	if (!row)
		return -ENOTTY;
	ret = row_permitted(row);
	if (ret)
		return ret;
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, (void __user *)user, size))
		return -EFAULT;
	ret = row->func(file, &arg);
	/* also after an error: GRANT names the CPU that could not be taken */
	if ((_IOC_DIR(cmd) & _IOC_READ) && copy_to_user((void __user *)user, &arg, size)) {
		if (row->undo && !ret)
			row->undo(file, &arg);
		return -EFAULT;
	}
	return ret;
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct kmb_file *kf = file->private_data;

	poll_wait(file, &event_wait, wait);
	return READ_ONCE(kf->seen) != atomic_read(&events) ? EPOLLPRI : 0;
}

/* Something that STATUS returns has changed: wake poll() on every descriptor. */
void kmb_device_changed(struct kmb_node *node, enum kmb_change change)
{
	atomic_inc(&events);
	wake_up_interruptible(&event_wait);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct kmb_file *kf = kzalloc(sizeof(*kf), GFP_KERNEL);

	if (!kf)
		return -ENOMEM;
	mutex_init(&kf->lock);
	kf->seen = atomic_read(&events);
	file->private_data = kf;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct kmb_file *kf = file->private_data;

	if (kf->frozen)
		thaw_locked(kf);
	kmb_node_release_owner(file);
	kfree(kf);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = device_poll,
};

static struct miscdevice device_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vnode",
	.fops = &device_fops,
	.mode = 0644,
};

int kmb_device_init(void)
{
	return misc_register(&device_misc);
}

void kmb_device_exit(void)
{
	misc_deregister(&device_misc);
}
