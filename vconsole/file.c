// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vconsole: see linux/vconsole.h. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vconsole.h"

#define CHUNK	512	/* bytes between user space and a ring, at a time */

/**
 * struct attached - an open file
 * @lock: protects @view until it is set, once
 * @view: the console that it is attached to, or NULL
 * @reader: reads the history
 * @pid: of the process that opened it
 * @events: of the view, as of the last STATUS
 */
struct attached {
	struct mutex lock;	/* view */
	struct view *view;
	struct reader reader;
	pid_t pid;
	u32 events;
};

static struct view *view_of(struct file *file)
{
	struct attached *attached = file->private_data;

	/* pairs with attach_done() */
	return smp_load_acquire(&attached->view);
}

static int file_open(struct inode *inode, struct file *file)
{
	struct attached *attached = kzalloc(sizeof(*attached), GFP_KERNEL);

	if (!attached)
		return -ENOMEM;
	mutex_init(&attached->lock);
	attached->pid = task_tgid_vnr(current);
	file->private_data = attached;
	return stream_open(inode, file);
}

static int file_release(struct inode *inode, struct file *file)
{
	struct attached *attached = file->private_data;
	struct view *view = attached->view;

	if (view) {
		mutex_lock(&view->lock);
		view_reader_del(view, &attached->reader);
		if (view->writer == attached) {
			view->writer = NULL;
			view_event(view);
		}
		mutex_unlock(&view->lock);
	}
	kfree(attached);
	return 0;
}

/* ---- attaching ---- */

/* Return: 0, -EBUSY; -EAGAIN: hang up the tty and try again. */
static int writer_take(struct view *view, struct attached *attached,
		       struct vconsole_attach *attach)
{
	if (!(attach->flags & VCONSOLE_WRITE))
		return 0;
	if ((view->writer || view->tty_open) && !(attach->flags & VCONSOLE_FORCE)) {
		attach->writer = view->writer ? view->writer->pid : 0;
		return -EBUSY;
	}
	if (view->tty_open)
		return -EAGAIN;
	view->writer = attached;
	view_event(view);
	return 0;
}

static void attach_done(struct attached *attached, struct view *view, bool live)
{
	attached->events = view->events;
	view_reader_add(view, &attached->reader, live ? view->written : view_oldest(view));
	/* pairs with view_of() */
	smp_store_release(&attached->view, view);
}

static int attach(struct attached *attached, struct vconsole_attach *attach)
{
	struct view *view = view_find(attach->id);
	int err;

	if (attached->view)
		return -EISCONN;
	if (!view)
		return -ENOENT;
	do {
		mutex_lock(&view->lock);
		err = writer_take(view, attached, attach);
		if (!err)
			attach_done(attached, view, attach->flags & VCONSOLE_LIVE);
		mutex_unlock(&view->lock);
		if (err == -EAGAIN)
			tty_hang_up(view);
	} while (err == -EAGAIN && !signal_pending(current));
	return err == -EAGAIN ? -EINTR : err;
}

static bool attach_is_valid(const struct vconsole_attach *attach)
{
	u32 all = VCONSOLE_WRITE | VCONSOLE_FORCE | VCONSOLE_LIVE;

	return attach->id < VIEWS && !(attach->flags & ~all) &&
	       !memchr_inv(attach->reserved, 0, sizeof(attach->reserved));
}

static int ioctl_attach(struct attached *attached, void __user *arg)
{
	struct vconsole_attach request;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (!attach_is_valid(&request))
		return -EINVAL;
	mutex_lock(&attached->lock);
	err = attach(attached, &request);
	mutex_unlock(&attached->lock);
	if (err == -EBUSY && copy_to_user(arg, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

/* ---- status and size ---- */

static int ioctl_status(struct view *view, struct attached *attached, void __user *arg)
{
	struct vconsole_status status = { .id = view->id };

	mutex_lock(&view->lock);
	status.state = (view->bridge ? VCONSOLE_CONNECTED : 0) |
		       (view->writer == attached ? VCONSOLE_WRITER : 0);
	status.begins = view->begins;
	status.dropped = view->dropped;
	view_reader_catch_up(view, &attached->reader);
	status.missed = attached->reader.missed;
	status.written = view->written;
	status.position = attached->reader.position;
	attached->events = view->events;
	mutex_unlock(&view->lock);
	return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
}

static int ioctl_size(struct view *view, struct attached *attached, void __user *arg)
{
	struct vconsole_size size;
	int err = 0;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	mutex_lock(&view->lock);
	if (view->writer == attached)
		view_resize(view, size.rows << 16 | size.columns);
	else
		err = -EPERM;
	mutex_unlock(&view->lock);
	return err;
}

static long file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct attached *attached = file->private_data;
	struct view *view = view_of(file);
	void __user *user = (void __user *)arg;

	if (cmd == VCONSOLE_IOC_ATTACH)
		return ioctl_attach(attached, user);
	if (cmd != VCONSOLE_IOC_STATUS && cmd != VCONSOLE_IOC_SIZE)
		return -ENOTTY;
	if (!view)
		return -ENOTCONN;
	return cmd == VCONSOLE_IOC_STATUS ? ioctl_status(view, attached, user) :
					    ioctl_size(view, attached, user);
}

/* ---- reading and writing ---- */

static bool is_readable(struct view *view, struct attached *attached)
{
	return READ_ONCE(attached->reader.position) != READ_ONCE(view->written);
}

static ssize_t file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct attached *attached = file->private_data;
	struct view *view = view_of(file);
	u8 bytes[CHUNK];
	size_t done = 0;
	u32 n;

	if (!view)
		return -ENOTCONN;
again:
	if (!is_readable(view, attached) && (file->f_flags & O_NONBLOCK))
		return -EAGAIN;
	if (wait_event_interruptible(view->wait, is_readable(view, attached)))
		return -ERESTARTSYS;
	while (done < len) {
		mutex_lock(&view->lock);
		n = view_read(view, &attached->reader, bytes, min_t(size_t, len - done, CHUNK));
		mutex_unlock(&view->lock);
		if (!n)
			break;
		if (copy_to_user(buf + done, bytes, n))
			return done ?: -EFAULT;
		done += n;
	}
	/* another reader of this file has taken the bytes: 0 would mean end of file */
	if (len && !done)
		goto again;
	return done;
}

static bool is_writable(struct view *view, struct attached *attached)
{
	return READ_ONCE(view->writer) != attached || !READ_ONCE(view->bridge) || view_room(view);
}

static int wait_writable(struct view *view, struct attached *attached, bool nonblock)
{
	if (nonblock && !is_writable(view, attached))
		return -EAGAIN;
	if (wait_event_interruptible(view->wait, is_writable(view, attached)))
		return -ERESTARTSYS;
	if (READ_ONCE(view->writer) != attached)
		return -EPERM;
	return READ_ONCE(view->bridge) ? 0 : -EPIPE;
}

static ssize_t file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct attached *attached = file->private_data;
	struct view *view = view_of(file);
	u8 bytes[CHUNK];
	size_t done = 0;
	u32 n;
	int err;

	if (!view)
		return -ENOTCONN;
	while (done < len) {
		err = wait_writable(view, attached, file->f_flags & O_NONBLOCK);
		if (err)
			return done ?: err;
		n = min_t(size_t, len - done, CHUNK);
		if (copy_from_user(bytes, buf + done, n))
			return done ?: -EFAULT;
		done += view_type(view, bytes, n);
	}
	return done;
}

static __poll_t file_poll(struct file *file, poll_table *wait)
{
	struct attached *attached = file->private_data;
	struct view *view = view_of(file);
	__poll_t mask = 0;

	if (!view)
		return EPOLLERR;
	poll_wait(file, &view->wait, wait);
	if (is_readable(view, attached))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (is_writable(view, attached))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (READ_ONCE(view->events) != READ_ONCE(attached->events))
		mask |= EPOLLPRI;
	return mask;
}

static const struct file_operations file_fops = {
	.owner = THIS_MODULE,
	.open = file_open,
	.release = file_release,
	.read = file_read,
	.write = file_write,
	.poll = file_poll,
	.unlocked_ioctl = file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice file_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vconsole",
	.fops = &file_fops,
	.mode = 0600,
};

int vconsole_file_init(void)
{
	return misc_register(&file_device);
}

void vconsole_file_exit(void)
{
	misc_deregister(&file_device);
}
