// SPDX-License-Identifier: GPL-2.0-only
/* A device: its bridge and bells, its place in Linux's device model, its failure. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vvirtio.h"

#define RELEASE_MS	10000	/* then the log says what is waited for */

/* ---- bells ---- */

static void config_changed(struct vvirtio *vv)
{
	if (vv->registered)
		virtio_config_changed(&vv->vdev);
	else
		vv->changed = true;
}

/* A bell says nothing of what has changed. */
static void device_look(struct vvirtio *vv)
{
	u32 i;

	if (le32_to_cpu(READ_ONCE(vv->words->device.state)) != VVIRTIO_WORKING)
		vvirtio_fail(vv, "its back end is gone");
	wake_up_all(&vv->answer);
	mutex_lock(&vv->bell_lock);
	if (vvirtio_config_refresh(vv))
		config_changed(vv);
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		if (vv->ring[i])
			vvirtio_ring_bell(vv->ring[i]);
	mutex_unlock(&vv->bell_lock);
}

static void device_told(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct vvirtio *vv = data;

	/* pairs with device_begin() */
	if (!smp_load_acquire(&vv->ready))
		return;
	if (event == ADEOS_BRIDGE_RUNG)
		device_look(vv);
	else
		vvirtio_fail(vv, "its front end is gone");
}

/* Virtio's core knows the device by then. */
static bool has_rings(const struct vvirtio *vv)
{
	return memchr_inv(vv->ring, 0, sizeof(vv->ring));
}

/*
 * notify() schedules it, too, for requests that a driver makes after the failure. A device
 * without an error to report is removed, as after a surprise removal from a bus: its driver
 * ends what it has begun, vsock its connections for example.
 */
static void fail_func(struct work_struct *work)
{
	struct vvirtio *vv = container_of(work, struct vvirtio, fail_work);

	mutex_lock(&vv->bell_lock);
	if (has_rings(vv) && !vvirtio_end_requests(vv)) {
		virtio_break_device(&vv->vdev);
		queue_work(system_long_wq, &vv->remove_work);
	}
	mutex_unlock(&vv->bell_lock);
}

/* ---- leaving ---- */

static bool is_in_flight(struct vvirtio *vv)
{
	u32 i;

	lockdep_assert_held(&vv->bell_lock);
	for (i = 0; i < VVIRTIO_QUEUES; i++)
		if (vv->ring[i] && READ_ONCE(vv->ring[i]->nr_inflight))
			return true;
	return false;
}

static void leave_watch(struct vvirtio *vv)
{
	schedule_delayed_work(&vv->leave_work, msecs_to_jiffies(VVIRTIO_REQUEST_MS));
}

/*
 * A driver that is being removed waits for its requests before it resets the device. So
 * they must end: the device fails once none has ended for VVIRTIO_REQUEST_MS.
 */
static void leave_func(struct work_struct *work)
{
	struct vvirtio *vv = container_of(to_delayed_work(work), struct vvirtio, leave_work);
	u64 ended;

	mutex_lock(&vv->bell_lock);
	ended = vv->ended;
	if (is_in_flight(vv) && ended == vv->ended_before)
		vvirtio_fail(vv, "its requests do not end");
	vv->ended_before = ended;
	mutex_unlock(&vv->bell_lock);
	leave_watch(vv);
}

/* ---- in Linux ---- */

static void device_release(struct device *dev)
{
	complete(&to_vvirtio(dev_to_virtio(dev))->released);
}

static void wait_released(struct vvirtio *vv)
{
	while (!wait_for_completion_timeout(&vv->released, msecs_to_jiffies(RELEASE_MS)))
		pr_warn("device %u is still in use\n", vv->nr);
}

static int parent_create(struct vvirtio *vv)
{
	int err;

	vv->parent = platform_device_alloc(KBUILD_MODNAME, vv->nr);
	if (!vv->parent)
		return -ENOMEM;
	platform_set_drvdata(vv->parent, vv);
	vvirtio_memory_setup(&vv->parent->dev);
	err = platform_device_add(vv->parent);
	if (err)
		platform_device_put(vv->parent);
	return err;
}

/* With a driver this probes: the device's side must answer. */
static int virtio_add(struct vvirtio *vv)
{
	int err;

	lockdep_assert_held(&vv->life_lock);
	vv->vdev.dev.parent = &vv->parent->dev;
	vv->vdev.dev.release = device_release;
	vv->vdev.config = &vvirtio_transport_ops;
	vv->vdev.id.device = vv->shape.device_id;
	vv->vdev.id.vendor = vv->shape.vendor_id;
	err = register_virtio_device(&vv->vdev);
	if (err) {
		put_device(&vv->vdev.dev);
		wait_released(vv);
		return err;
	}
	mutex_lock(&vv->bell_lock);
	vv->registered = true;
	if (vv->changed)
		virtio_config_changed(&vv->vdev);
	mutex_unlock(&vv->bell_lock);
	return 0;
}

static int virtio_create(struct vvirtio *vv)
{
	int err;

	mutex_lock(&vv->life_lock);
	err = virtio_add(vv);
	mutex_unlock(&vv->life_lock);
	return err;
}

/* Once: by remove_work, or when the module is unloaded. */
static void virtio_remove(struct vvirtio *vv)
{
	bool registered;

	mutex_lock(&vv->life_lock);
	mutex_lock(&vv->bell_lock);
	registered = vv->registered;
	vv->registered = false;
	mutex_unlock(&vv->bell_lock);
	if (registered)
		unregister_virtio_device(&vv->vdev);
	mutex_unlock(&vv->life_lock);
}

static void remove_func(struct work_struct *work)
{
	virtio_remove(container_of(work, struct vvirtio, remove_work));
}

static int device_begin(struct vvirtio *vv)
{
	int err = parent_create(vv);

	if (err)
		return err;
	/* pairs with device_told() */
	smp_store_release(&vv->ready, true);
	if (adeos_bridge_revoked(vv->bridge))
		vvirtio_fail(vv, "its front end is gone");
	err = virtio_create(vv);
	if (err)
		platform_device_unregister(vv->parent);
	return err;
}

/* ---- the bridge ---- */

static u32 largest_queue(const struct vvirtio_shape *shape)
{
	u32 i, size = 0;

	for (i = 0; i < shape->queues; i++)
		size = max_t(u32, size, shape->queue_size[i]);
	return size;
}

/* Return: what is wrong with the bridge itself, or NULL. */
static const char *bridge_check(struct adeos_bridge *bridge)
{
	if (adeos_bridge_owner(bridge))
		return "its bridge is not root's";
	if (adeos_bridge_is_transient(bridge))
		return "its bridge is transient";
	if (adeos_bridge_size(bridge) <= sizeof(struct vvirtio_bridge))
		return "its bridge is too small";
	return NULL;
}

static int bridge_read(struct vvirtio *vv)
{
	const char *wrong = bridge_check(vv->bridge);
	int err;

	if (wrong) {
		pr_err("device %u: %s\n", vv->nr, wrong);
		return -EPROTO;
	}
	vv->words = adeos_bridge_va(vv->bridge);
	err = vvirtio_words_init(vv);
	if (err == -ENODEV)
		pr_err("device %u: nothing describes it\n", vv->nr);
	if (err)
		return err;
	err = vvirtio_memory_init(vv, largest_queue(&vv->shape));
	if (err)
		pr_err("device %u: cannot use its bridge of %llu bytes: %d\n", vv->nr,
		       adeos_bridge_size(vv->bridge), err);
	return err;
}

/* ---- create and destroy ---- */

static void device_init(struct vvirtio *vv, u32 nr)
{
	vv->nr = nr;
	INIT_WORK(&vv->fail_work, fail_func);
	INIT_WORK(&vv->remove_work, remove_func);
	INIT_DELAYED_WORK(&vv->leave_work, leave_func);
	spin_lock_init(&vv->config_lock);
	mutex_init(&vv->life_lock);
	mutex_init(&vv->request_lock);
	init_waitqueue_head(&vv->answer);
	mutex_init(&vv->bell_lock);
	init_completion(&vv->released);
}

/* Virtio's core has let go of the device. */
static void device_end(struct vvirtio *vv)
{
	/* no callback after this, so nothing fails the device */
	adeos_bridge_close(vv->bridge);
	cancel_work_sync(&vv->fail_work);
	cancel_work_sync(&vv->remove_work);
	vvirtio_memory_exit(vv);
}

/**
 * vvirtio_device_create - register a virtio device for a bridge
 * @id: of this vnode
 * @nr: of the device
 *
 * Context: process; waits for the device's side, each time at most VVIRTIO_REQUEST_MS.
 * Return: the device, or an ERR_PTR: -ENOENT (there is no such bridge), any other errno
 * (it cannot be used, the log says why).
 */
struct vvirtio *vvirtio_device_create(u32 id, u32 nr)
{
	struct vvirtio *vv = kzalloc(sizeof(*vv), GFP_KERNEL);
	char name[64];
	int err;

	if (!vv)
		return ERR_PTR(-ENOMEM);
	device_init(vv, nr);
	snprintf(name, sizeof(name), VVIRTIO_NAME, id, nr);
	vv->bridge = adeos_bridge_open(name, device_told, vv);
	err = PTR_ERR_OR_ZERO(vv->bridge);
	if (err)
		goto err_device;
	err = bridge_read(vv);
	if (err)
		goto err_bridge;
	err = device_begin(vv);
	if (err)
		goto err_bridge;
	return vv;

err_bridge:
	device_end(vv);
err_device:
	kfree(vv);
	return ERR_PTR(err);
}

/* Context: process; the driver resets the device. */
void vvirtio_device_destroy(struct vvirtio *vv)
{
	if (IS_ERR_OR_NULL(vv))
		return;
	leave_watch(vv);
	virtio_remove(vv);
	wait_released(vv);
	cancel_delayed_work_sync(&vv->leave_work);
	platform_device_unregister(vv->parent);
	device_end(vv);
	kfree(vv);
}
