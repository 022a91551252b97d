/* SPDX-License-Identifier: GPL-2.0-only */
/* Words that options of kexec's add to the command line of a vnode's kernel. */
#ifndef KEXEC_VNODE_APPEND_H
#define KEXEC_VNODE_APPEND_H

#include <stdbool.h>

#include "vnode.h"

const char *vnode_append_next(const char *append, const char **at, size_t *len);
bool vnode_append_has(const char *append, const char *prefix);
/* The value of the last word that begins with @prefix: not terminated. NULL: none */
const char *vnode_append_value(const char *append, const char *prefix, size_t *len);
int vnode_append_insert(const char *append, const char *insert, const char *what,
			char words[VNODE_APPEND_MAX + 1], struct vnode_err *err);

#endif /* KEXEC_VNODE_APPEND_H */
