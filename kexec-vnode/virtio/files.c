// SPDX-License-Identifier: GPL-2.0-only
/* Images and directories of --disk and --fs, checked before anything is taken. */
#define _GNU_SOURCE		/* realpath() */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front-end.h"

static const char *option(const struct vnode_virtio_device *device)
{
	return device->kind == VNODE_VIRTIO_DISK ? "disk" : "fs";
}

static int say_file(const struct vnode_virtio_device *device, int errnum, struct vnode_err *err)
{
	return vnode_err(err, errnum, "--%s=%.300s: %s", option(device), device->path,
			 strerror(errnum));
}

/*
 * The name of the file decides, not its content: that is the vnode's, which could write a
 * header that names any file of root's as its backing file.
 */
static int settle_format(struct vnode_virtio_device *device, int fd, struct vnode_err *err)
{
	static const char magic[4] = "QFI\xfb";
	const char *dot = strrchr(device->path, '.');
	bool by_name = device->format == VNODE_DISK_BY_NAME, is_qcow2;
	char head[sizeof(magic)];

	if (by_name)
		device->format = dot && !strcmp(dot, ".qcow2") ? VNODE_DISK_QCOW2 : VNODE_DISK_RAW;
	is_qcow2 = pread(fd, head, sizeof(head), 0) == sizeof(head) &&
		   !memcmp(head, magic, sizeof(head));
	if (by_name && device->format == VNODE_DISK_RAW && is_qcow2)
		return vnode_err(err, EINVAL,
				 "--disk=%.300s: begins as a qcow2 image does: say format=qcow2, or format=raw",
				 device->path);
	if (device->format == VNODE_DISK_QCOW2 && !is_qcow2)
		return vnode_err(err, EINVAL, "--disk=%.300s: not a qcow2 image: say format=raw",
				 device->path);
	return 0;
}

/* "web" of /srv/web.qcow2 */
static void settle_serial(struct vnode_virtio_device *device)
{
	const char *from = strrchr(device->path, '/') + 1, *dot = strrchr(from, '.');
	size_t i;

	if (*device->serial)
		return;
	for (i = 0; i < sizeof(device->serial) - 1 && from[i] && (from + i != dot || !i); i++)
		device->serial[i] = isalnum((unsigned char)from[i]) || strchr("-.", from[i]) ?
				    from[i] : '_';
	device->serial[i] = '\0';
}

static int open_image(const struct vnode_virtio_device *device)
{
	/* O_NONBLOCK: open() of a FIFO would wait for a writer */
	return open(device->path,
		    (device->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
}

static int check_disk(struct vnode_virtio_device *device, struct vnode_err *err)
{
	int fd = open_image(device);
	struct stat st;
	int ret;

	if (fd < 0)
		return say_file(device, errno, err);
	if (fstat(fd, &st))
		ret = say_file(device, errno, err);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		ret = vnode_err(err, EINVAL, "--disk=%.300s: neither a file nor a block device",
				device->path);
	else
		ret = settle_format(device, fd, err);
	if (!ret) {
		device->is_block = S_ISBLK(st.st_mode);
		settle_serial(device);
	}
	close(fd);
	return ret;
}

static int check_fs(const struct vnode_virtio_device *device, struct vnode_err *err)
{
	struct stat st;

	if (stat(device->path, &st))
		return say_file(device, errno, err);
	if (!S_ISDIR(st.st_mode))
		return say_file(device, ENOTDIR, err);
	return access(device->path, R_OK | X_OK) ? say_file(device, errno, err) : 0;
}

static int check_device(struct vnode_virtio_device *device, struct vnode_err *err)
{
	char path[PATH_MAX];

	if (!realpath(device->path, path))
		return say_file(device, errno, err);
	strcpy(device->path, path);
	if (!vnode_program_find(device->kind, err))
		return -ENOENT;
	return device->kind == VNODE_VIRTIO_DISK ? check_disk(device, err) : check_fs(device, err);
}

/*
 * qemu-storage-daemon shares a raw image with other processes of its kind: its locks are
 * against other programs of QEMU only. They are at the bytes 100 to 264.
 */
#define LOCK_BYTE	1000

int vnode_image_lock(const struct vnode_virtio_device *device, struct vnode_err *err)
{
	struct flock lock = {
		.l_type = device->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET,
		.l_start = LOCK_BYTE, .l_len = 1,
	};
	int fd, ret;

	fd = open_image(device);
	if (fd < 0)
		return vnode_err(err, errno, "%s", strerror(errno));
	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return fd;
	if (errno == EAGAIN || errno == EACCES)
		ret = vnode_err(err, EADDRINUSE,
				"it is a disk of another vnode: return that one, or give it to both with ,ro");
	else
		ret = vnode_err(err, errno, "cannot be locked: %s", strerror(errno));
	close(fd);
	return ret;
}

/* /dev/disk/by-id has room for one of a name. */
static int check_serial(const struct vnode_virtio *virtio, unsigned int i, struct vnode_err *err)
{
	const struct vnode_virtio_device *device = &virtio->device[i], *other = virtio->device;

	if (device->kind != VNODE_VIRTIO_DISK)
		return 0;
	for (; other < device; other++)
		if (other->kind == device->kind && !strcmp(other->serial, device->serial))
			return vnode_err(err, EINVAL,
					 "--disk=%.300s: its serial %s is that of %s: give it another id=",
					 device->path, device->serial, other->name);
	return 0;
}

int vnode_virtio_check(struct vnode_virtio *virtio, struct vnode_err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < virtio->nr; i++)
		ret = check_device(&virtio->device[i], err) ?: check_serial(virtio, i, err);
	return ret;
}
