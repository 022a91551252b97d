// SPDX-License-Identifier: GPL-2.0-only
/* Kinds of devices: a row for each, with all that differs between them. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>

#include "front-end.h"

/* ---- back ends that are processes ---- */

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
static int connect_process(struct vnode_served *served, struct vnode_err *err)
{
	int ret = 0;

	if (!served->back_end.pid)
		ret = vnode_back_end_start(&served->back_end, err);
	ret = ret ?: vnode_vhost_user_connect(&served->vhost, served->back_end.socket, err);
	if (ret)
		return ret;
	vnode_vhost_user_set_timeout(&served->vhost, VNODE_BACK_END_START_S);
	ret = vnode_vhost_user.open(&served->vhost, err);
	vnode_vhost_user_set_timeout(&served->vhost, VNODE_BACK_END_S);
	return ret ? say_why(served, ret, err) : 0;
}

/* ---- disks ---- */

#define BLK_CONFIG	60		/* struct virtio_blk_config up to and without zones */
#define BLK_CONFIG_WCE	offsetof(struct virtio_blk_config, wce)

static bool has_cache_mode(const struct vnode_served *served)
{
	return served->page.features & 1ULL << VIRTIO_BLK_F_CONFIG_WCE;
}

static int disk_set_cache_mode(struct vnode_served *served, uint8_t mode, struct vnode_err *err)
{
	int ret = vnode_vhost_user_set_config(&served->vhost, &mode, BLK_CONFIG_WCE, 1, err);

	if (!ret)
		served->page.config[BLK_CONFIG_WCE] = mode;
	return ret;
}

/*
 * qemu-storage-daemon has a write cache, root's memory, but says that it has none until
 * told otherwise: a driver would not flush it.
 */
static int disk_describe(struct vnode_served *served, struct vnode_err *err)
{
	int ret;

	served->page.config_len = BLK_CONFIG;
	ret = vnode_vhost_user_get_config(&served->vhost, served->page.config, BLK_CONFIG, err);
	if (!ret && has_cache_mode(served))
		ret = disk_set_cache_mode(served, 1, err);
	return ret;
}

/* A driver may write the mode of the cache only; the back end ends at anything else. */
static int disk_write_config(struct vnode_served *served, uint32_t offset, uint32_t len,
			     struct vnode_err *err)
{
	const uint8_t *from = &served->bridge.shared->driver.set_config[BLK_CONFIG_WCE];

	if (!has_cache_mode(served) || offset != BLK_CONFIG_WCE || len != 1)
		return -EINVAL;
	return disk_set_cache_mode(served, __atomic_load_n(from, __ATOMIC_RELAXED) ? 1 : 0, err);
}

/* ---- file systems ---- */

#define FS_QUEUES	2		/* one of high priority, one for requests */

/* virtiofsd does not know the tag: the configuration is made here. */
static int fs_describe(struct vnode_served *served, struct vnode_err *err)
{
	struct virtio_fs_config config = { .num_request_queues = htole32(FS_QUEUES - 1) };

	memcpy(config.tag, served->device->name, strlen(served->device->name));
	served->page.config_len = sizeof(config);
	memcpy(served->page.config, &config, sizeof(config));
	return 0;
}

/* ---- sockets ---- */

static int vsock_connect(struct vnode_served *served, struct vnode_err *err)
{
	return vnode_vsock_connect(&served->vhost, served->device->cid, err) ?:
	       vnode_vhost_vsock.open(&served->vhost, err);
}

static int vsock_describe(struct vnode_served *served, struct vnode_err *err)
{
	struct virtio_vsock_config config = { .guest_cid = htole64(served->device->cid) };

	served->page.config_len = sizeof(config);
	memcpy(served->page.config, &config, sizeof(config));
	return 0;
}

/* ---- the table ---- */

static const struct vnode_kind kinds[] = {
	[VNODE_VIRTIO_DISK] = {
		.option = "disk", .device_id = VIRTIO_ID_BLOCK, .nr_queues = 1, .queue_size = 256,
		.bridge_size = 2UL << 20, .vhost = &vnode_vhost_user, .connect = connect_process,
		.describe = disk_describe, .write_config = disk_write_config,
	},
	[VNODE_VIRTIO_FS] = {
		.option = "fs", .device_id = VIRTIO_ID_FS, .nr_queues = FS_QUEUES,
		.queue_size = 256, .bridge_size = 2UL << 20, .vhost = &vnode_vhost_user,
		.connect = connect_process, .describe = fs_describe,
	},
	/* rings for both directions and for events */
	[VNODE_VIRTIO_VSOCK] = {
		.option = "vsock", .device_id = VIRTIO_ID_VSOCK, .nr_queues = 3, .queue_size = 64,
		.bridge_size = 512UL << 10, .vhost = &vnode_vhost_vsock,
		.connect = vsock_connect, .describe = vsock_describe,
		.back_end = "vhost_vsock",
	},
};

const struct vnode_kind *vnode_kind(const struct vnode_virtio_device *device)
{
	return &kinds[device->kind];
}
