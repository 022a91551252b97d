/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands in a vnode: the client, and what it shares with the agent. */
#ifndef KEXEC_VNODE_EXEC_H
#define KEXEC_VNODE_EXEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- stream.c: one direction of bytes through shared memory ---- */

/**
 * struct exec_stream - one end of a stream
 * @data: EXEC_STREAM bytes
 * @put: word of the side that writes
 * @taken: word of the side that reads
 * @at: this side's own position, which is never read back from the bridge
 */
struct exec_stream {
	uint8_t *data;
	uint32_t *put;
	uint32_t *taken;
	uint32_t at;
};

/*
 * exec_stream_fill() moves what read() returns into the stream, exec_stream_drain() what
 * is there to write(), in one call of either. @ring is set if the bell has to ring.
 *
 * Return: bytes; 0 at the end of the file; a negative errno, -EPROTO if the other side's
 * position is impossible.
 */
ssize_t exec_stream_fill(struct exec_stream *stream, int fd, bool *ring);
ssize_t exec_stream_drain(struct exec_stream *stream, int fd, bool *ring);
/* Bytes that fill() may put, or drain() can take; 0 if a position is impossible. */
uint32_t exec_stream_room(const struct exec_stream *stream);
uint32_t exec_stream_held(const struct exec_stream *stream);

/* ---- bridge.c ---- */

/* @path: of /dev/bridge, seen from the directory @dir. Return: its descriptor, or -errno. */
int exec_bridge(int dir, const char *path, unsigned long request, void *arg);

/* ---- client.c: the verb ---- */

struct vnode_config;
struct vnode_err;

/*
 * @fd: /dev/vnode, or -1 in a vnode. With @config->id 0 it is root that is asked, and
 * -ESRCH: there is no vnode that this one may see.
 *
 * Return: 0 with *@status the exit status for this process, or a negative errno.
 */
int vnode_run(int fd, const struct vnode_config *config, int *status, struct vnode_err *err);

#endif /* KEXEC_VNODE_EXEC_H */
