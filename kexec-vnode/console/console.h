/* SPDX-License-Identifier: GPL-2.0-only */
/* A session at a vnode's console. */
#ifndef KEXEC_VNODE_CONSOLE_H
#define KEXEC_VNODE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;

/* console.c: until somebody leaves it, or the vnode has ended for good */
int vnode_console(int fd, const struct vnode_config *config, struct vnode_err *err);

/* vconsole.c: /dev/vconsole, attached to config->id's. -ENOENT: it has none, as yet. */
int vnode_vconsole_open(struct vnode_err *err);
int vnode_vconsole_attach(int fd, const struct vnode_config *config, const char *name,
			  struct vnode_err *err);

/*
 * terminal.c: stdin, which is a terminal, raw until it is restored or the process ends.
 * Returns a file descriptor that is readable when the window's size has changed.
 */
int vnode_terminal_raw(struct vnode_err *err);
void vnode_terminal_restore(void);
/* False: nobody knows. @fd as above, not readable any more then. */
bool vnode_terminal_size(int fd, uint16_t *rows, uint16_t *columns);

#endif /* KEXEC_VNODE_CONSOLE_H */
