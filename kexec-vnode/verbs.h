/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done with a vnode, one function a verb. */
#ifndef KEXEC_VNODE_VERBS_H
#define KEXEC_VNODE_VERBS_H

#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;
struct vnode_info;

/* start.c: the verbs start and load */
int vnode_start(const struct vnode_config *config, struct vnode_err *err);

/* verbs.c: those of a vnode that exists */
int vnode_exec(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       struct vnode_err *err);
int vnode_unload(int fd, const struct vnode_config *config, const struct vnode_info *info,
		 struct vnode_err *err);
int vnode_log(int fd, const struct vnode_config *config, struct vnode_err *err);

/*
 * wait.c: up to config->wait seconds until a vnode that was started runs; a line on
 * stdout says so, after @who. Other than 0: it does not run, and why.
 */
int vnode_wait(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       const char *who, struct vnode_err *err);

/* file.c: a regular file, read as a whole; *data is malloc()ed */
int vnode_file_read(const char *path, const char *what, void **data, size_t *size,
		    struct vnode_err *err);

#endif /* KEXEC_VNODE_VERBS_H */
