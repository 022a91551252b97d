/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs, a function each */
#ifndef KEXEC_VNODE_VERBS_H
#define KEXEC_VNODE_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;
struct vnode_info;

/* start.c: the verbs start and load */
int vnode_start(struct vnode_config *config, struct vnode_err *err);

/* verbs.c: verbs on an existing vnode */
int vnode_exec(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       struct vnode_err *err);
int vnode_unload(int fd, const struct vnode_config *config, const struct vnode_info *info,
		 struct vnode_err *err);
int vnode_log(int fd, const struct vnode_config *config, struct vnode_err *err);

/*
 * wait.c: waits up to config->wait seconds until a started vnode runs, and prints a line
 * that begins with @who. Returns 0, or a negative errno if it does not run.
 */
int vnode_wait(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       const char *who, struct vnode_err *err);

/* file.c: a regular file, read as a whole; *data is malloc()ed */
int vnode_file_read(const char *path, const char *what, void **data, size_t *size,
		    struct vnode_err *err);
/* Whether the first line of a small file is @line; false, too, if it cannot be read */
bool vnode_file_says(const char *path, const char *line);

#endif /* KEXEC_VNODE_VERBS_H */
