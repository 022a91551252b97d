// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device: its bridge, and the back end behind it.
 *
 *	ready -DRIVER_OK-> in use -reset, or the vnode ends-> ready
 *	  |                  |
 *	  +------------------+--the back end is gone--> failed -reset--> ready
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include "front-end.h"

/* What can be told to a driver of virtio 1.2 and its split rings; the rest is vhost's own. */
#define DEVICE_FEATURES	0xffffffULL
#define RING_FEATURES	(1ULL << VIRTIO_RING_F_INDIRECT_DESC | 1ULL << VIRTIO_RING_F_EVENT_IDX)
#define VERSION_1	(1ULL << VIRTIO_F_VERSION_1)
#define ACCESS_PLATFORM	(1ULL << VIRTIO_F_ACCESS_PLATFORM)

#define FS_QUEUES	2		/* one of high priority, one for requests */
#define BLK_CONFIG	60		/* struct virtio_blk_config up to and without zones */

static int nr_queues(const struct vnode_served *served)
{
	return served->page.nr_queues;
}

/* ---- from nothing to ready ---- */

static int fill_disk(struct vnode_served *served, struct vnode_err *err)
{
	served->page.device_id = VIRTIO_ID_BLOCK;
	served->page.nr_queues = 1;
	served->page.config_len = BLK_CONFIG;
	return vnode_vhost_get_config(&served->vhost, served->page.config, BLK_CONFIG, err);
}

/* virtiofsd does not know the tag: the configuration is made here. */
static void fill_fs(struct vnode_served *served)
{
	struct virtio_fs_config config = { .num_request_queues = htole32(FS_QUEUES - 1) };

	memcpy(config.tag, served->device->name, strlen(served->device->name));
	served->page.device_id = VIRTIO_ID_FS;
	served->page.nr_queues = FS_QUEUES;
	served->page.config_len = sizeof(config);
	memcpy(served->page.config, &config, sizeof(config));
}

static int fill_page(struct vnode_served *served, struct vnode_err *err)
{
	uint64_t features = served->vhost.features;

	if (!(features & VERSION_1))
		return vnode_err(err, EPROTO, "the back end does not know virtio 1");
	memset(&served->page, 0, sizeof(served->page));
	served->page.features = (features & (DEVICE_FEATURES | RING_FEATURES)) | VERSION_1 |
				ACCESS_PLATFORM;
	served->page.queue_size = VVIRTIO_QUEUE_SIZE;
	if (served->device->kind == VNODE_VIRTIO_DISK)
		return fill_disk(served, err);
	fill_fs(served);
	return 0;
}

/* The back end's own words say more than a broken connection does. */
static int say_why(struct vnode_served *served, int ret, struct vnode_err *err)
{
	char text[512];

	vnode_back_end_stop(&served->back_end, ret == -ETIMEDOUT ? 0 : 1);
	if (*vnode_back_end_last_words(&served->back_end, text))
		vnode_err(err, ret, "%s", text);
	return ret;
}

/* Starts the back end if there is none. */
static int connect_back_end(struct vnode_served *served, struct vnode_err *err)
{
	int ret = 0;

	if (!served->back_end.pid)
		ret = vnode_back_end_start(&served->back_end, err);
	ret = ret ?: vnode_vhost_connect(&served->vhost, served->back_end.socket, err);
	if (ret)
		return ret;
	vnode_vhost_set_timeout(&served->vhost, VNODE_BACK_END_START_S);
	ret = vnode_vhost_open(&served->vhost, err) ?: fill_page(served, err);
	vnode_vhost_set_timeout(&served->vhost, VNODE_BACK_END_S);
	return ret ? say_why(served, ret, err) : 0;
}

static void close_kicks(struct vnode_served *served)
{
	unsigned int i;

	for (i = 0; i < VVIRTIO_QUEUES; i++) {
		if (served->kick[i] >= 0)
			close(served->kick[i]);
		served->kick[i] = -1;
	}
}

int vnode_served_open(struct vnode_served *served, const struct vnode_virtio_device *device,
		      unsigned int id, unsigned int number, struct vnode_err *err)
{
	struct vnode_err why;
	int ret;

	memset(served, 0, sizeof(*served));
	memset(served->kick, -1, sizeof(served->kick));
	served->device = device;
	served->number = number;
	served->image = -1;
	served->call = -1;
	served->vhost.socket = -1;
	served->bridge.fd = -1;
	served->bridge.bell = -1;
	served->back_end.device = device;
	served->back_end.words = -1;
	vnode_run_socket(id, device->name, served->back_end.socket);
	if (device->kind == VNODE_VIRTIO_DISK) {
		served->image = vnode_image_lock(device, &why);
		if (served->image < 0)
			return vnode_err(err, served->image, "--disk=%.200s: %s", device->path,
					 why.text);
	}
	served->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (served->call < 0)
		return vnode_err(err, errno, "eventfd: %s", strerror(errno));
	served->back_end.program = vnode_program_find(device->kind, err);
	if (!served->back_end.program)
		return -ENOENT;
	ret = vnode_bridge_create(&served->bridge, id, number, &why) ?:
	      connect_back_end(served, &why);
	if (ret)
		return vnode_err(err, ret, "--%s=%.200s: %s",
				 device->kind == VNODE_VIRTIO_DISK ? "disk" : "fs", device->path,
				 why.text);
	vnode_bridge_publish(&served->bridge, &served->page);
	return 0;
}

void vnode_served_close(struct vnode_served *served)
{
	vnode_vhost_hang_up(&served->vhost);
	vnode_back_end_stop(&served->back_end, VNODE_BACK_END_S);
	vnode_bridge_close(&served->bridge);
	close_kicks(served);
	if (served->call >= 0)
		close(served->call);
	served->call = -1;
	if (served->image >= 0)
		close(served->image);
	served->image = -1;
}

/* ---- the back end is gone ---- */

static void fail(struct vnode_served *served, const char *why)
{
	char text[512];

	vnode_vhost_hang_up(&served->vhost);
	vnode_back_end_stop(&served->back_end, 0);
	close_kicks(served);
	served->state = VNODE_SERVED_FAILED;
	vnode_back_end_last_words(&served->back_end, text);
	vnode_front_end_log("%s has failed: %s: %s", served->device->name,
			    served->back_end.program->name, *text ? text : why);
	vnode_bridge_set_state(&served->bridge, VVIRTIO_FAILED);
	vnode_bridge_ring(&served->bridge);
}

void vnode_served_lost(struct vnode_served *served)
{
	fail(served, "has ended");
}

/* ---- reset ---- */

/* Afterwards nothing uses the bridge any more. */
static void quiesce(struct vnode_served *served)
{
	bool hung_up = vnode_vhost_hang_up(&served->vhost);

	if (!hung_up || !served->back_end.program->outlives ||
	    served->state == VNODE_SERVED_FAILED)
		vnode_back_end_stop(&served->back_end, hung_up ? VNODE_BACK_END_S : 0);
	close_kicks(served);
	memset(served->queue, 0, sizeof(served->queue));
}

/* Once it is quiet */
static void reopen(struct vnode_served *served)
{
	struct vnode_err why;

	if (connect_back_end(served, &why)) {
		fail(served, why.text);
		return;
	}
	served->state = VNODE_SERVED_READY;
	vnode_bridge_publish(&served->bridge, &served->page);
}

void vnode_served_renew(struct vnode_served *served)
{
	if (served->state != VNODE_SERVED_READY) {
		quiesce(served);
		reopen(served);
	} else {
		/* whatever the vnode has written there at its end */
		vnode_bridge_publish(&served->bridge, &served->page);
	}
}

/* ---- requests ---- */

static void answer(struct vnode_served *served, const struct vnode_driver_request *request,
		   int errnum)
{
	vnode_bridge_answer(&served->bridge, request->number, errnum);
	vnode_bridge_ring(&served->bridge);
}

static int read_queues(struct vnode_served *served)
{
	int i, ret = 0;

	for (i = 0; !ret && i < nr_queues(served); i++)
		ret = vnode_queue_read(&served->bridge.shared->driver, i, served->page.queue_size,
				       served->bridge.size, &served->queue[i]);
	return ret;
}

static void kick(struct vnode_served *served, unsigned int index)
{
	eventfd_write(served->kick[index], 1);
}

static int start_queues(struct vnode_served *served, struct vnode_err *err)
{
	int i, ret = 0;

	for (i = 0; !ret && i < nr_queues(served); i++) {
		if (!served->queue[i].size)
			continue;
		served->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (served->kick[i] < 0)
			return vnode_err(err, errno, "eventfd: %s", strerror(errno));
		served->kicked[i] = 0;
		ret = vnode_vhost_start_queue(&served->vhost, &served->bridge, i, &served->queue[i],
					      served->kick[i], served->call, err);
		/* a driver may have filled it before */
		if (!ret)
			kick(served, i);
	}
	return ret;
}

static int start(struct vnode_served *served, uint64_t features)
{
	struct vnode_err why;
	int ret;

	if (served->state == VNODE_SERVED_IN_USE)
		return 0;
	if (served->state == VNODE_SERVED_FAILED)
		return -EIO;
	if (read_queues(served)) {
		memset(served->queue, 0, sizeof(served->queue));
		return -EINVAL;
	}
	ret = vnode_vhost_set_features(&served->vhost, features & ~ACCESS_PLATFORM, &why) ?:
	      vnode_vhost_set_memory(&served->vhost, &served->bridge, &why) ?:
	      start_queues(served, &why);
	if (ret) {
		fail(served, why.text);
		return -EIO;
	}
	served->state = VNODE_SERVED_IN_USE;
	return 0;
}

static void set_status(struct vnode_served *served, const struct vnode_driver_request *request)
{
	int errnum = 0;

	if (!request->status) {
		/* the driver's side may go on before there is a new back end */
		if (served->state != VNODE_SERVED_READY)
			quiesce(served);
		answer(served, request, 0);
		vnode_served_renew(served);
		return;
	}
	if (request->status & (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK) &&
	    (request->features & ~served->page.features || !(request->features & VERSION_1)))
		errnum = EINVAL;
	else if (request->status & VIRTIO_CONFIG_S_DRIVER_OK)
		errnum = -start(served, request->features);
	answer(served, request, errnum);
}

static void set_config(struct vnode_served *served, const struct vnode_driver_request *request)
{
	uint32_t offset = request->set_offset, len = request->set_len;
	uint8_t config[VVIRTIO_CONFIG];
	struct vnode_err why;
	int errnum = 0;

	if (offset > served->page.config_len || len > served->page.config_len - offset || !len) {
		errnum = EINVAL;
	} else if (served->state == VNODE_SERVED_FAILED ||
		   served->device->kind != VNODE_VIRTIO_DISK) {
		errnum = EIO;
	} else {
		memcpy(config, served->bridge.shared->driver.set_config + offset, len);
		errnum = -vnode_vhost_set_config(&served->vhost, config, offset, len, &why);
	}
	if (!errnum) {
		memcpy(served->page.config + offset, config, len);
		vnode_bridge_set_config(&served->bridge, &served->page);
	}
	answer(served, request, errnum);
}

/* True: there was one, and it is answered. */
static bool do_request(struct vnode_served *served)
{
	struct vnode_driver_request request;

	vnode_request_read(&served->bridge.shared->driver, &request);
	if (request.number == served->bridge.answer)
		return false;
	switch (request.type) {
	case VVIRTIO_SET_STATUS:
		set_status(served, &request);
		break;
	case VVIRTIO_SET_CONFIG:
		set_config(served, &request);
		break;
	default:
		answer(served, &request, EINVAL);
	}
	return true;
}

/* Kicks the queues that have new buffers: the bell does not say which. */
static void kick_queues(struct vnode_served *served)
{
	uint16_t index;
	int i;

	for (i = 0; i < nr_queues(served); i++) {
		if (served->kick[i] < 0)
			continue;
		index = vnode_queue_index(served->bridge.shared, &served->queue[i]);
		if (index == served->kicked[i])
			continue;
		served->kicked[i] = index;
		kick(served, i);
	}
}

bool vnode_served_rung(struct vnode_served *served)
{
	enum vnode_served_state before = served->state;
	eventfd_t rings;

	eventfd_read(served->bridge.bell, &rings);
	do_request(served);
	if (served->state == VNODE_SERVED_IN_USE)
		kick_queues(served);
	return served->state != before;
}

void vnode_served_called(struct vnode_served *served)
{
	eventfd_t calls;

	if (!eventfd_read(served->call, &calls))
		vnode_bridge_ring(&served->bridge);
}
