/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.c: /dev/vnode. Beside plain errnos: -ESRCH no such vnode, -EADDRINUSE in
 * use by another vnode.
 */
#ifndef KEXEC_VNODE_DEVICE_H
#define KEXEC_VNODE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;
struct vnode_info;
struct vnode_lent;
struct vnode_memory;
struct vnode_plan;
struct vnode_regs;
struct vnode_status;

/* From now on only the vnodes exist that root lets the vnode @id see. */
void vnode_device_view_for(unsigned int id);

int vnode_device_open(struct vnode_info *info, struct vnode_err *err);
int vnode_device_grant(int fd, const struct vnode_config *config, struct vnode_lent *lent,
		       struct vnode_err *err);
int vnode_device_load(int fd, const struct vnode_config *config, const struct vnode_plan *plan,
		      struct vnode_err *err);
int vnode_device_start(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_stop(int fd, unsigned int id, double timeout, bool force,
		      struct vnode_err *err);
int vnode_device_return(int fd, unsigned int id, struct vnode_err *err);
/*
 * @cpus has room for VNODE_CPUS_MAX. @next: of the vnode with the lowest id from @id on.
 * The strings are printable ASCII, whatever the vnode's kernel has sent.
 */
int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *err);
/* ID or NAME of an existing vnode */
int vnode_device_find(int fd, const char *vnode, unsigned int *id, struct vnode_err *err);
int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *memory,
			struct vnode_err *err);
/*
 * A frozen vnode's CPUs stand still until it is thawed or @fd is closed. Thaw returns
 * -ETIME if the vnode ran on before, because its time was over.
 */
int vnode_device_freeze(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_thaw(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_regs(int fd, unsigned int id, unsigned int cpu, struct vnode_regs *regs,
		      struct vnode_err *err);
/* Waits until the state of a vnode has changed since the last status, up to @seconds. */
int vnode_device_poll(int fd, double seconds, struct vnode_err *err);
/* The last lines that its nanokernel sent: up to *@size bytes, of any value */
int vnode_device_last(int fd, unsigned int id, char *text, size_t *size, struct vnode_err *err);

#endif /* KEXEC_VNODE_DEVICE_H */
