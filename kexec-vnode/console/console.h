/* SPDX-License-Identifier: GPL-2.0-only */
/* A session on a vnode's console. */
#ifndef KEXEC_VNODE_CONSOLE_H
#define KEXEC_VNODE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;

/* console.c: a session, until the user leaves it or the vnode has ended for good */
int vnode_console(int fd, const struct vnode_config *config, struct vnode_err *err);

/* vconsole.c: attaches /dev/vconsole to the console of config->id. -ENOENT: it has none yet. */
int vnode_vconsole_open(struct vnode_err *err);
int vnode_vconsole_attach(int fd, const struct vnode_config *config, const char *name,
			  struct vnode_err *err);

/*
 * terminal.c: switches the terminal on stdin to raw mode until it is restored or the
 * process ends. Returns a descriptor that becomes readable when the window's size changes.
 */
int vnode_terminal_raw(struct vnode_err *err);
void vnode_terminal_restore(void);
/* Makes @fd unreadable until the next change. False: the size is not known. */
bool vnode_terminal_size(int fd, uint16_t *rows, uint16_t *columns);

#endif /* KEXEC_VNODE_CONSOLE_H */
