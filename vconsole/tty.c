// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ttyVN<ID>: another kernel's console as a tty, for screen, picocom and the like. It
 * shows output from its opening on, and no history.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_flip.h>
#include <linux/version.h>

#include "vconsole.h"

#define FEED_CHUNK	512

static struct tty_driver *driver;

static struct view *view_of(struct tty_struct *tty)
{
	return container_of(tty->port, struct view, port);
}

/* ---- output of the console ---- */

static u32 feed_once(struct view *view)
{
	u8 bytes[FEED_CHUNK];
	int room;

	/* before the read: bytes that are read cannot be put back */
	room = tty_buffer_request_room(&view->port, sizeof(bytes));
	if (room <= 0)
		return 0;
	room = view_read(view, &view->tty_reader, bytes, min_t(u32, room, sizeof(bytes)));
	tty_insert_flip_string(&view->port, bytes, room);
	return room;
}

/*
 * A throttled tty calls vtty_unthrottle(). A tty whose buffer is full has room again when
 * Linux has passed on its bytes, and calls nothing: then try again.
 */
static bool tty_feed(struct view *view)
{
	struct tty_struct *tty;
	bool fed = false, again;

	if (!view->tty_open)
		return false;
	tty = tty_port_tty_get(&view->port);
	if (!tty)
		return false;
	while (!tty_throttled(tty) && feed_once(view))
		fed = true;
	if (fed)
		tty_flip_buffer_push(&view->port);
	again = !tty_throttled(tty) && view->tty_reader.position != view->written;
	if (view_room(view))
		tty_wakeup(tty);
	tty_kref_put(tty);
	return again;
}

static void vtty_unthrottle(struct tty_struct *tty)
{
	view_kick(view_of(tty));
}

/* ---- input of the console ---- */

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
typedef int vtty_count_t;
typedef int vtty_ret_t;
#else
typedef size_t vtty_count_t;
typedef ssize_t vtty_ret_t;
#endif

static vtty_ret_t vtty_write(struct tty_struct *tty, const u8 *buf, vtty_count_t count)
{
	return view_type(view_of(tty), buf, min_t(size_t, count, VCONSOLE_IN_SIZE));
}

static unsigned int vtty_write_room(struct tty_struct *tty)
{
	return view_room(view_of(tty));
}

static int vtty_resize(struct tty_struct *tty, struct winsize *ws)
{
	view_resize(view_of(tty), ws->ws_row << 16 | ws->ws_col);
	return tty_do_resize(tty, ws);
}

/* ---- opening and closing ---- */

static int vtty_open(struct tty_struct *tty, struct file *file)
{
	return tty_port_open(tty->port, tty, file);
}

static void vtty_close(struct tty_struct *tty, struct file *file)
{
	tty_port_close(tty->port, tty, file);
}

static void vtty_hangup(struct tty_struct *tty)
{
	tty_port_hangup(tty->port);
}

static const struct tty_operations vtty_ops = {
	.open = vtty_open,
	.close = vtty_close,
	.hangup = vtty_hangup,
	.write = vtty_write,
	.write_room = vtty_write_room,
	.unthrottle = vtty_unthrottle,
	.resize = vtty_resize,
};

/* The first open: it makes the tty the writer, of which there is one. */
static int port_activate(struct tty_port *port, struct tty_struct *tty)
{
	struct view *view = container_of(port, struct view, port);
	int err = 0;

	mutex_lock(&view->lock);
	if (view->writer) {
		err = -EBUSY;
	} else {
		view->tty_open = true;
		view_reader_add(view, &view->tty_reader, view->written);
		view_event(view);
	}
	mutex_unlock(&view->lock);
	return err;
}

static void port_shutdown(struct tty_port *port)
{
	struct view *view = container_of(port, struct view, port);

	mutex_lock(&view->lock);
	view->tty_open = false;
	view_reader_del(view, &view->tty_reader);
	view_event(view);
	mutex_unlock(&view->lock);
}

static const struct tty_port_operations port_ops = {
	.activate = port_activate,
	.shutdown = port_shutdown,
};

/* A process that has it open gets SIGHUP, and an end of file. */
void tty_hang_up(struct view *view)
{
	struct tty_struct *tty = tty_port_tty_get(&view->port);

	if (!tty)
		return;
	tty_vhangup(tty);
	tty_kref_put(tty);
}

/* For udev rules that make names. */
static ssize_t vnode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct view *view = dev_get_drvdata(dev);
	int len;

	mutex_lock(&view->lock);
	len = sysfs_emit(buf, "%s\n", view->name);
	mutex_unlock(&view->lock);
	return len;
}
static DEVICE_ATTR_RO(vnode);

static struct attribute *vtty_attrs[] = {
	&dev_attr_vnode.attr,
	NULL
};
ATTRIBUTE_GROUPS(vtty);

/* ---- for view.c ---- */

static int tty_add(struct view *view)
{
	struct device *dev;

	tty_port_init(&view->port);
	view->port.ops = &port_ops;
	dev = tty_port_register_device_attr(&view->port, driver, view->id, NULL, view, vtty_groups);
	if (!IS_ERR(dev)) {
		view->dev = dev;
		return 0;
	}
	tty_port_destroy(&view->port);
	return PTR_ERR(dev);
}

static void tty_renamed(struct view *view)
{
	kobject_uevent(&view->dev->kobj, KOBJ_CHANGE);
}

static void tty_del(struct view *view)
{
	tty_unregister_device(driver, view->id);
	tty_port_destroy(&view->port);
}

const struct view_ops vconsole_tty_ops = {
	.add = tty_add,
	.del = tty_del,
	.feed = tty_feed,
	.renamed = tty_renamed,
};

/* ---- the driver ---- */

/* Raw: with ECHO, output of the console would come back to it as input. */
static void termios_begin(struct ktermios *termios)
{
	*termios = tty_std_termios;
	termios->c_iflag = 0;
	termios->c_oflag = 0;
	termios->c_lflag = 0;
	termios->c_cflag = B38400 | CS8 | CREAD | CLOCAL;
}

int vconsole_tty_init(void)
{
	int err;

	driver = tty_alloc_driver(VIEWS, TTY_DRIVER_REAL_RAW | TTY_DRIVER_DYNAMIC_DEV);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = "vconsole";
	driver->name = "ttyVN";
	driver->type = TTY_DRIVER_TYPE_SERIAL;
	driver->subtype = SERIAL_TYPE_NORMAL;
	termios_begin(&driver->init_termios);
	tty_set_operations(driver, &vtty_ops);
	err = tty_register_driver(driver);
	if (err)
		tty_driver_kref_put(driver);
	return err;
}

void vconsole_tty_exit(void)
{
	tty_unregister_driver(driver);
	tty_driver_kref_put(driver);
}
