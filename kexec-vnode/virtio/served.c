// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device: its bridge, and the back end behind it.
 *
 *	ready -DRIVER_OK-> in use -reset, or the vnode ends-> ready
 *	  |                  |
 *	  +------------------+--the back end is gone--> failed -reset--> ready
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "front-end.h"

/* What can be told to a driver of virtio 1.2 and its split rings; the rest is vhost's own. */
#define DEVICE_FEATURES	0xffffffULL
#define RING_FEATURES	(1ULL << VIRTIO_RING_F_INDIRECT_DESC | 1ULL << VIRTIO_RING_F_EVENT_IDX)
#define VERSION_1	(1ULL << VIRTIO_F_VERSION_1)
#define ACCESS_PLATFORM	(1ULL << VIRTIO_F_ACCESS_PLATFORM)

static int nr_queues(const struct vnode_served *served)
{
	return served->page.nr_queues;
}

/* ---- from nothing to ready ---- */

/* Connects to the back end, which is started if there is none, and describes the device. */
static int connect_back_end(struct vnode_served *served, struct vnode_err *err)
{
	const struct vnode_kind *kind = vnode_kind(served->device);
	struct vnode_device_page *page = &served->page;
	int ret;

	ret = kind->connect(served, err);
	if (ret)
		return ret;
	if (!(served->vhost.features & VERSION_1))
		return vnode_err(err, EPROTO, "the back end does not know virtio 1");
	memset(page, 0, sizeof(*page));
	page->device_id = kind->device_id;
	page->nr_queues = kind->nr_queues;
	page->queue_size = kind->queue_size;
	memcpy(page->serial, served->device->serial, strlen(served->device->serial));
	page->features = (served->vhost.features & (DEVICE_FEATURES | RING_FEATURES)) |
			 VERSION_1 | ACCESS_PLATFORM;
	return kind->describe(served, err);
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

static void begin(struct vnode_served *served, const struct vnode_virtio_device *device,
		  unsigned int id)
{
	memset(served, 0, sizeof(*served));
	memset(served->kick, -1, sizeof(served->kick));
	served->device = device;
	served->image = -1;
	served->call = -1;
	served->vhost.fd = -1;
	served->vhost.type = vnode_kind(device)->vhost;
	served->bridge.fd = -1;
	served->bridge.bell = -1;
	served->back_end.device = device;
	served->back_end.words = -1;
	vnode_run_socket(id, device->name, served->back_end.socket);
}

static int open_all(struct vnode_served *served, unsigned int id, unsigned int number,
		    struct vnode_err *err)
{
	const struct vnode_kind *kind = vnode_kind(served->device);

	if (served->device->kind == VNODE_VIRTIO_DISK) {
		served->image = vnode_image_lock(served->device, err);
		if (served->image < 0)
			return served->image;
	}
	served->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (served->call < 0)
		return vnode_err(err, errno, "eventfd: %s", strerror(errno));
	if (!kind->back_end) {
		served->back_end.program = vnode_program_find(served->device->kind, err);
		if (!served->back_end.program)
			return -ENOENT;
	}
	return vnode_bridge_create(&served->bridge, id, number, kind->bridge_size, err) ?:
	       connect_back_end(served, err);
}

/* On failure, vnode_served_close() takes back what was done. */
int vnode_served_open(struct vnode_served *served, const struct vnode_virtio_device *device,
		      unsigned int id, unsigned int number, struct vnode_err *err)
{
	struct vnode_err why;
	int ret;

	begin(served, device, id);
	ret = open_all(served, id, number, &why);
	if (ret)
		return vnode_err(err, ret, "--%s=%.200s: %s", vnode_kind(device)->option,
				 device->path, why.text);
	vnode_bridge_publish(&served->bridge, &served->page);
	return 0;
}

const char *vnode_served_back_end(const struct vnode_served *served)
{
	return vnode_kind(served->device)->back_end ?: served->back_end.program->name;
}

void vnode_served_close(struct vnode_served *served)
{
	served->vhost.type->hang_up(&served->vhost);
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

	served->vhost.type->hang_up(&served->vhost);
	vnode_back_end_stop(&served->back_end, 0);
	close_kicks(served);
	served->state = VNODE_SERVED_FAILED;
	vnode_back_end_last_words(&served->back_end, text);
	vnode_front_end_log("%s has failed: %s: %s", served->device->name,
			    vnode_served_back_end(served), *text ? text : why);
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
	bool hung_up = served->vhost.type->hang_up(&served->vhost);

	if (!hung_up || !served->back_end.program || !served->back_end.program->outlives ||
	    served->state == VNODE_SERVED_FAILED)
		vnode_back_end_stop(&served->back_end, hung_up ? VNODE_BACK_END_S : 0);
	close_kicks(served);
	memset(served->queue, 0, sizeof(served->queue));
}

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

static void renew(struct vnode_served *served)
{
	if (served->state != VNODE_SERVED_READY) {
		quiesce(served);
		reopen(served);
	} else {
		vnode_bridge_publish(&served->bridge, &served->page);
	}
}

void vnode_served_vnode_ended(struct vnode_served *served, bool lives_again)
{
	if (lives_again && served->state != VNODE_SERVED_FAILED)
		return;
	vnode_bridge_forget_request(&served->bridge);
	renew(served);
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
	struct vnode_vhost *vhost = &served->vhost;
	int i, ret = 0;

	for (i = 0; !ret && i < nr_queues(served); i++) {
		if (!served->queue[i].size)
			continue;
		served->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (served->kick[i] < 0)
			return vnode_err(err, errno, "eventfd: %s", strerror(errno));
		served->kicked[i] = 0;
		ret = vhost->type->start_queue(vhost, &served->bridge, i, &served->queue[i],
					       served->kick[i], served->call, err);
		/* a driver may have filled it before */
		if (!ret)
			kick(served, i);
	}
	return ret;
}

static int start(struct vnode_served *served, uint64_t features)
{
	struct vnode_vhost *vhost = &served->vhost;
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
	ret = vhost->type->set_features(vhost, features & ~ACCESS_PLATFORM, &why) ?:
	      vhost->type->set_memory(vhost, &served->bridge, &why) ?:
	      start_queues(served, &why);
	if (!ret && vhost->type->run)
		ret = vhost->type->run(vhost, &why);
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
		renew(served);
		return;
	}
	if (request->status & (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK) &&
	    (request->features & ~served->page.features || !(request->features & VERSION_1)))
		errnum = EINVAL;
	else if (request->status & VIRTIO_CONFIG_S_DRIVER_OK)
		errnum = -start(served, request->features);
	answer(served, request, errnum);
}

static int write_config(struct vnode_served *served, const struct vnode_driver_request *request)
{
	const struct vnode_kind *kind = vnode_kind(served->device);
	struct vnode_err why;
	int ret;

	if (!kind->write_config)
		return -EINVAL;
	if (served->state == VNODE_SERVED_FAILED)
		return -EIO;
	ret = kind->write_config(served, request->set_offset, request->set_len, &why);
	if (!ret)
		vnode_bridge_set_config(&served->bridge, &served->page);
	else if (ret != -EINVAL)
		fail(served, why.text);
	return ret == -EINVAL || !ret ? ret : -EIO;
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
		answer(served, &request, -write_config(served, &request));
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
