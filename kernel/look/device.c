// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vnode, and the calls that look at vnodes. Each ioctl is a row: the privilege it
 * needs and the function that does it. Its argument is copied from user space once.
 * MEMORY makes a descriptor that reads a vnode's memory, alive or dead; --log, --dump
 * and --gdb use it.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "look.h"

/**
 * struct look_file - an open descriptor of /dev/vnode
 * @viewer: the descriptor's identity
 * @seen: value of events at the last STATUS
 * @lock: one FREEZE or THAW at a time; protects @frozen
 * @frozen: id of the vnode that this descriptor has frozen, else 0
 */
struct look_file {
	struct look_viewer viewer;
	u32 seen;
	struct mutex lock;	/* see above */
	u32 frozen;
};

/**
 * struct look_memory - an open descriptor of a vnode's memory
 * @viewer: of the descriptor that opened it
 * @id: the vnode
 * @grant: the grant that was opened; a later one of the same id is other memory
 * @size: bytes
 */
struct look_memory {
	struct look_viewer viewer;
	u32 id;
	u32 grant;
	u64 size;
};

static const struct look_device *device;

static atomic_t events = ATOMIC_INIT(0);	/* counts changes, for poll() */
static DECLARE_WAIT_QUEUE_HEAD(event_wait);

static int ioctl_status(struct file *file, void *arg)
{
	struct look_file *lf = file->private_data;
	struct vnode_status *status = arg;
	u32 room = status->nr_cpus;
	u32 *cpus;
	int err;

	if ((status->flags & ~VNODE_STATUS_NEXT) ||
	    memchr_inv(status->reserved, 0, sizeof(status->reserved)))
		return -EINVAL;
	WRITE_ONCE(lf->seen, atomic_read(&events));
	err = device->status(&lf->viewer, status, &cpus);
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
	struct look_memory *memory = file->private_data;
	void *buf;
	int ret;

	if (*pos < 0)
		return -EINVAL;
	len = min_t(size_t, len, LOOK_MEMORY_CHUNK);
	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = device->memory_read(&memory->viewer, memory->id, memory->grant, *pos, buf, len);
	if (ret > 0 && copy_to_user(to, buf, ret))
		ret = -EFAULT;
	kvfree(buf);
	if (ret > 0)
		*pos += ret;
	return ret;
}

static loff_t memory_llseek(struct file *file, loff_t offset, int whence)
{
	struct look_memory *memory = file->private_data;

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
static int memory_fd(struct look_memory *memory)
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
	struct look_file *lf = file->private_data;
	struct look_memory *memory;
	struct vnode_id *id = arg;
	int ret;

	if (id->reserved)
		return -EINVAL;
	memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	memory->viewer = lf->viewer;
	memory->id = id->id;
	ret = device->memory_find(&lf->viewer, id->id, &memory->grant, &memory->size);
	if (!ret)
		ret = memory_fd(memory);
	if (ret < 0)
		kfree(memory);
	return ret;
}

static int ioctl_last(struct file *file, void *arg)
{
	struct look_file *lf = file->private_data;
	struct vnode_last *last = arg;
	int len, err = 0;
	char *buf;

	if (last->reserved)
		return -EINVAL;
	buf = kmalloc(LOOK_LOG_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = device->last(&lf->viewer, last->id, buf, min_t(u64, last->size, LOOK_LOG_SIZE));
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
	struct look_file *lf = file->private_data;
	struct vnode_id *id = arg;
	int err;

	if (id->reserved)
		return -EINVAL;
	if (mutex_lock_killable(&lf->lock))
		return -EINTR;
	err = lf->frozen ? -EBUSY : device->freeze(&lf->viewer, id->id);
	if (!err)
		lf->frozen = id->id;
	mutex_unlock(&lf->lock);
	return err;
}

/* Whatever thaw() returns, this descriptor has nothing frozen any more. */
static int thaw_locked(struct look_file *lf)
{
	int err = device->thaw(&lf->viewer, lf->frozen);

	lf->frozen = 0;
	/* the freeze had expired, and another descriptor has frozen the vnode since */
	return err == -EBADF ? -ETIME : err;
}

static int ioctl_thaw(struct file *file, void *arg)
{
	struct look_file *lf = file->private_data;
	struct vnode_id *id = arg;
	int err = -EBADF;

	if (id->reserved)
		return -EINVAL;
	if (mutex_lock_killable(&lf->lock))
		return -EINTR;
	if (id->id && lf->frozen == id->id)
		err = thaw_locked(lf);
	mutex_unlock(&lf->lock);
	return err;
}

static int ioctl_regs(struct file *file, void *arg)
{
	struct look_file *lf = file->private_data;
	struct vnode_regs *regs = arg;

	return regs->reserved ? -EINVAL : device->regs(&lf->viewer, regs);
}

static const struct look_ioctl looking[] = {
	{ VNODE_IOC_STATUS, LOOK_ANYONE, ioctl_status },
	{ VNODE_IOC_MEMORY, LOOK_BOOT | LOOK_UNLOCKED, ioctl_memory },
	{ VNODE_IOC_LAST, LOOK_BOOT, ioctl_last },
	{ VNODE_IOC_FREEZE, LOOK_BOOT, ioctl_freeze },
	{ VNODE_IOC_THAW, LOOK_BOOT, ioctl_thaw },
	{ VNODE_IOC_REGS, LOOK_BOOT | LOOK_UNLOCKED, ioctl_regs },
};

static const struct look_ioctl *row_find(const struct look_ioctl *row, unsigned int nr,
					 unsigned int cmd)
{
	for (; nr; nr--, row++)
		if (row->cmd == cmd)
			return row;
	return NULL;
}

static int row_permitted(const struct look_ioctl *row)
{
	if ((row->needs & LOOK_BOOT) && !capable(CAP_SYS_BOOT))
		return -EPERM;
	if (row->needs & LOOK_UNLOCKED)
		return security_locked_down(LOCKDOWN_KEXEC);
	return 0;
}

static long look_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct vnode_info info;
		struct vnode_grant grant;
		struct vnode_load load;
		struct vnode_status status;
		struct vnode_last last;
		struct vnode_regs regs;
	} arg = {};
	const struct look_ioctl *row = row_find(looking, ARRAY_SIZE(looking), cmd) ?:
				       row_find(device->ioctl, device->nr_ioctls, cmd);
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

static __poll_t look_poll(struct file *file, poll_table *wait)
{
	struct look_file *lf = file->private_data;

	poll_wait(file, &event_wait, wait);
	return READ_ONCE(lf->seen) != atomic_read(&events) ? EPOLLPRI : 0;
}

/* Something that STATUS returns has changed: wake poll() on every descriptor. */
void look_device_changed(void)
{
	atomic_inc(&events);
	wake_up_interruptible(&event_wait);
}

static int look_open(struct inode *inode, struct file *file)
{
	static atomic_t files = ATOMIC_INIT(0);
	struct look_file *lf = kzalloc(sizeof(*lf), GFP_KERNEL);

	if (!lf)
		return -ENOMEM;
	mutex_init(&lf->lock);
	lf->viewer.file = atomic_inc_return(&files);
	lf->seen = atomic_read(&events);
	file->private_data = lf;
	return nonseekable_open(inode, file);
}

static int look_release(struct inode *inode, struct file *file)
{
	struct look_file *lf = file->private_data;

	if (lf->frozen)
		thaw_locked(lf);
	if (device->release)
		device->release(file);
	kfree(lf);
	return 0;
}

static const struct file_operations look_fops = {
	.owner = THIS_MODULE,
	.open = look_open,
	.release = look_release,
	.unlocked_ioctl = look_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = look_poll,
};

static struct miscdevice look_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vnode",
	.fops = &look_fops,
	.mode = 0644,
};

/**
 * look_device_init - make /dev/vnode
 * @answers: the functions behind its calls
 *
 * Return: 0, or what misc_register() returns.
 */
int look_device_init(const struct look_device *answers)
{
	device = answers;
	return misc_register(&look_misc);
}

void look_device_exit(void)
{
	misc_deregister(&look_misc);
}
