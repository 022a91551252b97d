/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --disk and --fs: virtio devices of a vnode, and the process in root, the front end, that
 * serves them. The contract with the vnode's module vvirtio is vnode/vvirtio.h.
 */
#ifndef KEXEC_VNODE_VIRTIO_H
#define KEXEC_VNODE_VIRTIO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vnode.h"

struct vnode_config;

#define VNODE_VIRTIO_MAX	16	/* VVIRTIO_DEVICES */

enum vnode_virtio_kind {
	VNODE_VIRTIO_DISK,
	VNODE_VIRTIO_FS,
	VNODE_VIRTIO_VSOCK,		/* for sockets between it and root; no option makes it */
};

enum vnode_disk_format {
	VNODE_DISK_BY_NAME,		/* qcow2 if the file is called so, else raw */
	VNODE_DISK_RAW,
	VNODE_DISK_QCOW2,
};

/**
 * struct vnode_virtio_device - one --disk or --fs
 * @kind: which of them
 * @name: what the vnode calls it: vda, vdb, ...; the tag of a file system
 * @path: the image, or the directory
 * @target: of a file system: where the vnode mounts it
 * @serial: of a disk: at most 20 characters, as virtio has it
 * @cid: of sockets: the vnode's address
 * @format: of a disk
 * @is_block: of a disk: @path is a block device; set by vnode_virtio_check()
 * @read_only: the vnode cannot write to it
 * @shared: of a file system: what others change is seen at once, nothing is kept in memory
 * @private: of a file system: nobody else changes it, all that was seen is kept in memory
 */
struct vnode_virtio_device {
	enum vnode_virtio_kind kind;
	char name[8];
	char path[PATH_MAX];
	char target[256];
	char serial[21];
	uint64_t cid;
	enum vnode_disk_format format;
	bool is_block;
	bool read_only;
	bool shared;
	bool private;
};

struct vnode_virtio {
	unsigned int nr;
	struct vnode_virtio_device device[VNODE_VIRTIO_MAX];
};

/* The address of vnode ID's sockets is this and ID; virtual machines begin at 3. */
#define VNODE_CID_BASE		1000

/* ---- devices.c: the command line ---- */

bool vnode_virtio_has(const struct vnode_virtio *virtio, enum vnode_virtio_kind kind);
int vnode_parse_disk(const char *text, struct vnode_virtio *virtio, struct vnode_err *err);
int vnode_parse_fs(const char *text, struct vnode_virtio *virtio, struct vnode_err *err);
/* The words that the vnode's kernel and first program get, put into @append */
int vnode_virtio_append(const struct vnode_virtio *virtio, const char *append,
			char words[VNODE_APPEND_MAX + 1], struct vnode_err *err);
void vnode_virtio_print(const struct vnode_virtio *virtio, FILE *out);

/* ---- files.c: what can be seen of them before anything is taken ---- */

/* Makes paths absolute, settles formats and serials. */
int vnode_virtio_check(struct vnode_virtio *virtio, struct vnode_err *err);

/* ---- front-end.c ---- */

/*
 * Starts the front end of a vnode that was granted, if it has devices: 0 once every device
 * is ready. It ends by itself when the vnode is returned. It is a fork of this process:
 * @release frees, there, what only this one needs.
 */
int vnode_virtio_start(const struct vnode_config *config, void (*release)(void *context),
		       void *context, struct vnode_err *err);

/* ---- run.c: /run/kexec-vnode ---- */

/* Waits until the front end of a vnode that was returned has closed images and bridges. */
int vnode_virtio_wait_end(unsigned int id, struct vnode_err *err);
/* For -S: a line for each device; or ", \"devices\": [...]" */
void vnode_virtio_status_print(unsigned int id, FILE *out);
void vnode_virtio_status_json(unsigned int id, void (*print_string)(const char *text, FILE *out),
			      FILE *out);

#endif /* KEXEC_VNODE_VIRTIO_H */
