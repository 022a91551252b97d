/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vnode looks at others. Its kexec has no /dev/vnode: it asks that of root, which runs the
 * same verb in its name and sends what that prints. The transport is that of --exec
 * (vnode/exec.h); root's agent runs nothing but kexec --vnode-viewer=ID, and only for vnodes
 * that are viewers of some vnode.
 *
 *	ask.c	in the vnode
 *	serve.c	in root, the agent
 *	allow.c	in root, what a viewer may see
 */
#ifndef KEXEC_VNODE_VIEW_H
#define KEXEC_VNODE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct vnode_config;
struct vnode_err;

/* The id of the vnode that this process runs in; 0: root, or there is no adeos-lite */
unsigned int vnode_own_id(void);

/* Carries out a verb that looks. Return: 0 with the exit status in *@status, or -errno. */
int vnode_view_ask(const struct vnode_config *config, int *status, struct vnode_err *err);

/* --vnode-serve: answers viewers, until there is no vnode. Ends at once if another does. */
int vnode_view_serve(struct vnode_err *err);

/* Whether root lets @viewer look at the vnode @name */
bool vnode_view_allows(const char *name, unsigned int viewer);
/* A bit for each vnode that may look at some vnode */
void vnode_view_all(uint64_t viewers[4]);

#endif /* KEXEC_VNODE_VIEW_H */
