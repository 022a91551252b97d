/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the front end, lowest floor first. A part calls its own and lower ones:
 *
 *	log.c		root's kernel log
 *	files.c		images and directories
 *	queue.c		the driver's page, read and checked: a pure core
 *	bridge.c	a bridge, and the device's page
 *	vhost-user.c	the protocol with back ends that are processes
 *	vhost-vsock.c	the protocol with root's kernel
 *	confine.c	what that of a disk may do
 *	back-end.c	a process: command line, start, stop, last words
 *	run.c		/run/kexec-vnode
 *	kinds.c		what differs between disks, file systems and sockets
 *	served.c	a device: its bridge and its back end
 *	front-end.c	the process: all devices of a vnode
 */
#ifndef KEXEC_VNODE_FRONT_END_H
#define KEXEC_VNODE_FRONT_END_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <vnode/vvirtio.h>

#include "virtio.h"

/* Seconds: a back end has this long to answer for the first time, and each later time. */
#define VNODE_BACK_END_START_S	30
#define VNODE_BACK_END_S	4

/* ---- log.c ---- */

void vnode_front_end_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Lines begin with @name, the vnode's, from now on. */
void vnode_front_end_log_open(const char *name);

/* ---- files.c ---- */

/*
 * Locks the image of a disk against other vnodes, as long as the descriptor that is
 * returned is open. -EADDRINUSE: another vnode has it.
 */
int vnode_image_lock(const struct vnode_virtio_device *device, struct vnode_err *err);

/* ---- queue.c ---- */

struct vnode_queue {
	uint32_t size;			/* 0: not used */
	uint64_t desc, driver, device;	/* offsets in the bridge */
};

/**
 * struct vnode_driver_request - what the driver's page says of a request
 * @number: its number; equal to the last answer: there is none
 */
struct vnode_driver_request {
	uint32_t number;
	uint32_t type;
	uint32_t status;
	uint32_t set_offset, set_len;
	uint64_t features;
};

void vnode_request_read(const struct vvirtio_driver *driver, struct vnode_driver_request *request);
/*
 * Reads queue @index, once. @max: entries it may have; @size: of the bridge. -EINVAL: it is
 * not within the bridge's memory.
 */
int vnode_queue_read(const struct vvirtio_driver *driver, unsigned int index, unsigned int max,
		     size_t size, struct vnode_queue *queue);
uint16_t vnode_queue_index(const struct vvirtio_bridge *bridge, const struct vnode_queue *queue);

/* ---- bridge.c ---- */

struct vnode_bridge {
	int fd;
	int bell;			/* eventfd: the vnode has rung */
	size_t size;
	struct vvirtio_bridge *shared;
	uint32_t generation;
	uint32_t answer;		/* number of the last request that was answered */
};

/* What the first page says of a device that is ready */
struct vnode_device_page {
	uint32_t device_id;
	uint64_t features;
	unsigned int nr_queues;
	uint16_t queue_size;
	char serial[VVIRTIO_SERIAL];	/* padded with zeros */
	uint32_t config_len;
	uint8_t config[VVIRTIO_CONFIG];
};

int vnode_bridge_create(struct vnode_bridge *bridge, unsigned int id, unsigned int number,
			size_t size, struct vnode_err *err);
void vnode_bridge_publish(struct vnode_bridge *bridge, const struct vnode_device_page *page);
/* The device has come back with another configuration, perhaps. */
void vnode_bridge_set_config(struct vnode_bridge *bridge, const struct vnode_device_page *page);
void vnode_bridge_set_state(struct vnode_bridge *bridge, enum vvirtio_state state);
/* The vnode has ended: whatever it has asked for last is not wanted any more. */
void vnode_bridge_forget_request(struct vnode_bridge *bridge);
void vnode_bridge_answer(struct vnode_bridge *bridge, uint32_t number, int errnum);
void vnode_bridge_ring(const struct vnode_bridge *bridge);
void vnode_bridge_close(struct vnode_bridge *bridge);

/* ---- vhost: the protocol with back ends ---- */

struct vnode_vhost;

/**
 * struct vnode_vhost_type - how a back end is spoken to
 * @hangs_up: poll() tells that it has
 * @open: the first requests: identity and features of the back end
 * @set_features: those that the driver has accepted
 * @set_memory: the bridge
 * @start_queue: of the checked queue @index; @kick and @call are eventfds
 * @run: all queues are started; NULL: it runs already
 * @hang_up: afterwards the back end uses no memory of the bridge; false: it may, unless its
 *	process is killed
 */
struct vnode_vhost_type {
	bool hangs_up;
	int (*open)(struct vnode_vhost *vhost, struct vnode_err *err);
	int (*set_features)(struct vnode_vhost *vhost, uint64_t features, struct vnode_err *err);
	int (*set_memory)(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			  struct vnode_err *err);
	int (*start_queue)(struct vnode_vhost *vhost, const struct vnode_bridge *bridge,
			   unsigned int index, const struct vnode_queue *queue, int kick,
			   int call, struct vnode_err *err);
	int (*run)(struct vnode_vhost *vhost, struct vnode_err *err);
	bool (*hang_up)(struct vnode_vhost *vhost);
};

struct vnode_vhost {
	const struct vnode_vhost_type *type;
	int fd;				/* the connection; -1: none */
	uint64_t features;		/* of the back end */
	uint64_t protocol;		/* features of vhost-user that both know */
};

/* ---- vhost-user.c: a process ---- */

extern const struct vnode_vhost_type vnode_vhost_user;

int vnode_vhost_user_connect(struct vnode_vhost *vhost, const char *path, struct vnode_err *err);
void vnode_vhost_user_set_timeout(const struct vnode_vhost *vhost, unsigned int seconds);
int vnode_vhost_user_get_config(struct vnode_vhost *vhost, void *config, size_t len,
				struct vnode_err *err);
int vnode_vhost_user_set_config(struct vnode_vhost *vhost, const void *config, size_t offset,
				size_t len, struct vnode_err *err);

/* ---- vhost-vsock.c: root's kernel ---- */

extern const struct vnode_vhost_type vnode_vhost_vsock;

/* Root has it; its module may be loaded for that. */
bool vnode_vsock_exists(void);
int vnode_vsock_connect(struct vnode_vhost *vhost, uint64_t cid, struct vnode_err *err);

/* ---- confine.c ---- */

int vnode_confine(const struct vnode_virtio_device *device);

/* ---- back-end.c ---- */

#define VNODE_ARGS_MAX	24

/**
 * struct vnode_program - a program that can be a back end
 * @name: for people
 * @path: where Debian has it
 * @package: that has it
 * @arguments: fills @argv behind the name of the program; @fd: the socket to listen at
 * @outlives: accepts another front end when one has hung up
 */
struct vnode_program {
	const char *name;
	enum vnode_virtio_kind kind;
	const char *path;
	const char *package;
	int (*arguments)(const struct vnode_virtio_device *device, int fd,
			 char *argv[VNODE_ARGS_MAX]);
	bool outlives;
};

struct vnode_back_end {
	const struct vnode_virtio_device *device;
	const struct vnode_program *program;
	char socket[108];		/* its address */
	pid_t pid;			/* and process group; 0: none */
	int words;			/* its standard error */
	char said[1024];		/* the end of what it has written there */
	size_t said_len;
};

const struct vnode_program *vnode_program_find(enum vnode_virtio_kind kind, struct vnode_err *err);
int vnode_back_end_start(struct vnode_back_end *back_end, struct vnode_err *err);
/* Reads what it has written. False: it has closed its standard error. */
bool vnode_back_end_listen(struct vnode_back_end *back_end);
/* Ends it within @seconds, by force after that; reads its last words. */
void vnode_back_end_stop(struct vnode_back_end *back_end, double seconds);
/* What it complained about last, on one line, without what it says of itself; or "" */
const char *vnode_back_end_last_words(struct vnode_back_end *back_end, char text[512]);

/* ---- served.c ---- */

enum vnode_served_state {
	VNODE_SERVED_READY,
	VNODE_SERVED_IN_USE,
	VNODE_SERVED_FAILED,
};

struct vnode_served {
	const struct vnode_virtio_device *device;
	enum vnode_served_state state;
	struct vnode_bridge bridge;
	struct vnode_back_end back_end;
	struct vnode_vhost vhost;
	struct vnode_device_page page;
	int image;			/* of a disk, locked */
	int call;			/* eventfd: the back end has used buffers */
	int kick[VVIRTIO_QUEUES];	/* eventfds, -1: not used */
	struct vnode_queue queue[VVIRTIO_QUEUES];
	uint16_t kicked[VVIRTIO_QUEUES];	/* its available index when it was kicked last */
};

/**
 * struct vnode_kind - a kind of devices
 * @option: that asks for one
 * @device_id: virtio's
 * @nr_queues: number of virtqueues
 * @queue_size: entries of each at most
 * @bridge_size: bytes
 * @vhost: how its back end is spoken to
 * @connect: to the back end, which may have to be started
 * @describe: fills the configuration in served->page, whose features are set
 * @write_config: the driver has written to its copy of the configuration. -EINVAL: not
 *	where it may; other errors: the back end is lost. NULL: there is no such place
 * @back_end: name of one that is not a program; else NULL
 */
struct vnode_kind {
	const char *option;
	uint32_t device_id;
	unsigned int nr_queues;
	uint16_t queue_size;
	size_t bridge_size;
	const struct vnode_vhost_type *vhost;
	int (*connect)(struct vnode_served *served, struct vnode_err *err);
	int (*describe)(struct vnode_served *served, struct vnode_err *err);
	int (*write_config)(struct vnode_served *served, uint32_t offset, uint32_t len,
			    struct vnode_err *err);
	const char *back_end;
};

const struct vnode_kind *vnode_kind(const struct vnode_virtio_device *device);

/* For people */
const char *vnode_served_back_end(const struct vnode_served *served);
int vnode_served_open(struct vnode_served *served, const struct vnode_virtio_device *device,
		      unsigned int id, unsigned int number, struct vnode_err *err);
/* The vnode has rung: a request, or buffers for the back end. True: the state changed. */
bool vnode_served_rung(struct vnode_served *served);
/* The back end has used buffers. */
void vnode_served_called(struct vnode_served *served);
/* The back end has hung up. */
void vnode_served_lost(struct vnode_served *served);
/*
 * The vnode has ended: the device becomes as new, for one that starts again. If that is so
 * already, it has reset all devices itself but those that had failed: it leaves these alone.
 */
void vnode_served_vnode_ended(struct vnode_served *served, bool lives_again);
void vnode_served_close(struct vnode_served *served);

/* ---- run.c ---- */

#define VNODE_RUN_DIR	"/run/kexec-vnode"

/*
 * One front end at a time serves a vnode: takes the lock of @id, from a front end that is
 * left of an earlier vnode if need be, and makes an empty directory for sockets.
 */
int vnode_run_begin(unsigned int id, struct vnode_err *err);
int vnode_run_write(unsigned int id, const struct vnode_served *served, unsigned int nr);
void vnode_run_socket(unsigned int id, const char *name, char path[108]);
void vnode_run_end(unsigned int id);

#endif /* KEXEC_VNODE_FRONT_END_H */
