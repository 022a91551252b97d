// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two pages of words of a bridge. The device's page is copied and checked once, its
 * configuration space whenever the generation moves; drivers read the copies.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <uapi/linux/virtio_config.h>

#include "vvirtio.h"

#define REFRESH_TRIES	100	/* for a configuration that changes while it is read */
#define STABLE_MS	1000	/* for the first copy */

/* Bits that say how a transport works, not what a device can do. */
#define TRANSPORT_FEATURES \
	GENMASK_ULL(VIRTIO_TRANSPORT_F_END - 1, VIRTIO_TRANSPORT_F_START)

/* ---- the description ---- */

static bool is_zero(const void *field, size_t size)
{
	return !memchr_inv(field, 0, size);
}

static bool queues_check(const struct vvirtio_device *device)
{
	u32 i, size, queues = le32_to_cpu(device->queues);

	if (!queues || queues > VVIRTIO_QUEUES)
		return false;
	for (i = 0; i < VVIRTIO_QUEUES; i++) {
		size = le16_to_cpu(device->queue_size[i]);
		if (i < queues ? !is_power_of_2(size) || size > VVIRTIO_QUEUE_SIZE : size)
			return false;
	}
	return true;
}

/* Return: what is wrong with the description, or NULL. */
static const char *device_check(const struct vvirtio_device *device)
{
	if (!device->magic)
		return "it is not described";
	if (le32_to_cpu(device->magic) != VVIRTIO_MAGIC)
		return "it has another magic number";
	if (le32_to_cpu(device->version) != VVIRTIO_VERSION)
		return "it has another version";
	if (!device->device_id)
		return "it has no device id";
	if (!queues_check(device))
		return "its virtqueues are wrong";
	if (le32_to_cpu(device->config_len) > VVIRTIO_CONFIG)
		return "its configuration space is too long";
	if (!is_zero(device->pad0, sizeof(device->pad0)) ||
	    !is_zero(device->pad1, sizeof(device->pad1)) ||
	    !is_zero(device->pad2, sizeof(device->pad2)))
		return "its padding is not zero";
	if (le32_to_cpu(device->state) != VVIRTIO_WORKING)
		return "it has failed";
	return NULL;
}

static void shape_fill(struct vvirtio_shape *shape, const struct vvirtio_device *device)
{
	u32 i;

	shape->offered = le64_to_cpu(device->features);
	shape->features = shape->offered & ~TRANSPORT_FEATURES;
	shape->device_id = le32_to_cpu(device->device_id);
	shape->vendor_id = le32_to_cpu(device->vendor_id);
	shape->queues = le32_to_cpu(device->queues);
	shape->config_len = le32_to_cpu(device->config_len);
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		shape->queue_size[i] = le16_to_cpu(device->queue_size[i]);
	memcpy(shape->serial, device->serial, sizeof(shape->serial));
}

static int shape_read(struct vvirtio *vv)
{
	struct vvirtio_device *device;
	const char *wrong;

	/* pairs with the device's side: its magic comes last */
	if (!smp_load_acquire(&vv->words->device.magic))
		return -ENODEV;
	device = kmemdup(&vv->words->device, sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	wrong = device_check(device);
	if (!wrong)
		shape_fill(&vv->shape, device);
	else
		pr_err("device %u: %s\n", vv->nr, wrong);
	kfree(device);
	return wrong ? -EPROTO : 0;
}

/* ---- the configuration space ---- */

static u32 generation_read(const struct vvirtio *vv)
{
	/* pairs with the device's side, which increments it before and after a change */
	return le32_to_cpu(smp_load_acquire(&vv->words->device.config_generation));
}

/* Return: was it stable meanwhile? */
static bool config_copy(const struct vvirtio *vv, u8 *config, u32 *generation)
{
	*generation = generation_read(vv);
	if (*generation & 1)
		return false;
	memcpy(config, vv->words->device.config, vv->shape.config_len);
	/* the content before the second look */
	smp_rmb();
	return generation_read(vv) == *generation;
}

/**
 * vvirtio_config_refresh - copy the configuration space if it has changed
 * @vv: the device
 *
 * A device's side that is in the middle of a change rings when it is done.
 *
 * Context: process, serialized by bell_lock. Return: true if there is a new copy.
 */
bool vvirtio_config_refresh(struct vvirtio *vv)
{
	u8 config[VVIRTIO_CONFIG] = {};
	u32 generation, tries = REFRESH_TRIES;

	if (generation_read(vv) == vv->generation)
		return false;
	while (!config_copy(vv, config, &generation))
		if (!--tries)
			return false;
	spin_lock_irq(&vv->config_lock);
	memcpy(vv->config, config, sizeof(config));
	vv->generation = generation;
	spin_unlock_irq(&vv->config_lock);
	return true;
}

/* The device's side may be in the middle of a change. */
static bool config_begin(struct vvirtio *vv)
{
	unsigned long end = jiffies + msecs_to_jiffies(STABLE_MS);

	/* never a generation, so that the first look is a change */
	vv->generation = 1;
	while (!vvirtio_config_refresh(vv)) {
		if (time_after(jiffies, end))
			return false;
		fsleep(USEC_PER_MSEC);
	}
	return true;
}

/**
 * vvirtio_words_init - read what the device's side has described
 * @vv: a device with an open bridge
 *
 * Context: process.
 * Return: 0, -ENODEV (nothing yet), -EPROTO (it is wrong, the log says how), -EAGAIN (the
 * configuration space does not become stable), -ENOMEM.
 */
int vvirtio_words_init(struct vvirtio *vv)
{
	int err = shape_read(vv);

	if (err)
		return err;
	if (!config_begin(vv)) {
		pr_err("device %u: its configuration space does not become stable\n", vv->nr);
		return -EAGAIN;
	}
	/* an earlier load of this module may have used the bridge */
	vv->request = le32_to_cpu(READ_ONCE(vv->words->driver.request));
	return 0;
}

/* ---- failure ---- */

/**
 * vvirtio_fail - the device works no more
 * @vv: the device
 * @why: for the log
 *
 * Requests in flight and later ones end with an error, see end.c. Nothing brings the
 * device back.
 *
 * Context: any but NMI.
 */
void vvirtio_fail(struct vvirtio *vv, const char *why)
{
	if (xchg(&vv->failed, true))
		return;
	pr_err("device %u has failed: %s\n", vv->nr, why);
	wake_up_all(&vv->answer);
	schedule_work(&vv->fail_work);
}

/* ---- requests ---- */

static bool is_answered(const struct vvirtio *vv)
{
	/* pairs with the device's side, which writes error before answer */
	return le32_to_cpu(smp_load_acquire(&vv->words->device.answer)) == vv->request;
}

/* The words of the request have been written. Return: 0, a negative errno. */
static int request_send(struct vvirtio *vv, u32 type)
{
	struct vvirtio_driver *driver = &vv->words->driver;

	driver->type = cpu_to_le32(type);
	vv->request++;
	/* pairs with the device's side, which reads request first */
	smp_store_release(&driver->request, cpu_to_le32(vv->request));
	if (adeos_bridge_ring(vv->bridge))
		vvirtio_fail(vv, "its bridge is gone");
	if (!wait_event_timeout(vv->answer, is_answered(vv) || READ_ONCE(vv->failed),
				msecs_to_jiffies(VVIRTIO_REQUEST_MS)))
		vvirtio_fail(vv, "it does not answer");
	if (READ_ONCE(vv->failed))
		return -EIO;
	return READ_ONCE(vv->words->device.error) ? -EIO : 0;
}

/**
 * vvirtio_request_status - set the device's status, and with it what the status is about
 * @vv: the device
 * @status: VIRTIO_CONFIG_S_*, 0 resets
 *
 * Context: process; waits for the device's side, at most VVIRTIO_REQUEST_MS.
 * Return: 0, -EIO (it refuses, or the device has failed).
 */
int vvirtio_request_status(struct vvirtio *vv, u8 status)
{
	struct vvirtio_driver *driver = &vv->words->driver;
	int err = -EIO;

	mutex_lock(&vv->request_lock);
	if (!READ_ONCE(vv->failed)) {
		driver->driver_features = cpu_to_le64(vv->vdev.features & vv->shape.offered);
		driver->status = cpu_to_le32(status);
		err = request_send(vv, VVIRTIO_SET_STATUS);
	}
	mutex_unlock(&vv->request_lock);
	return err;
}

/**
 * vvirtio_request_config - write to the configuration space
 * @vv: the device
 * @offset: within the configuration space
 * @buf: what to write
 * @len: bytes
 *
 * Context: process; waits for the device's side, at most VVIRTIO_REQUEST_MS.
 * Return: 0, -EIO (it refuses, or the device has failed).
 */
int vvirtio_request_config(struct vvirtio *vv, u32 offset, const void *buf, u32 len)
{
	struct vvirtio_driver *driver = &vv->words->driver;
	int err = -EIO;

	mutex_lock(&vv->request_lock);
	if (!READ_ONCE(vv->failed)) {
		memcpy(driver->set_config + offset, buf, len);
		driver->set_offset = cpu_to_le32(offset);
		driver->set_len = cpu_to_le32(len);
		err = request_send(vv, VVIRTIO_SET_CONFIG);
	}
	mutex_unlock(&vv->request_lock);
	return err;
}
