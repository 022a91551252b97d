/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a command line: lists, sizes, ids, names. See parse.c for the grammars. */
#ifndef KEXEC_VNODE_PARSE_H
#define KEXEC_VNODE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_cpus {
	unsigned int nr;
	uint32_t cpu[VNODE_CPUS_MAX];
};

int vnode_parse_cpus(const char *text, struct vnode_cpus *cpus, struct vnode_err *err);
int vnode_parse_size(const char *text, uint64_t *size, struct vnode_err *err);
int vnode_parse_id(const char *text, unsigned int *id, struct vnode_err *err);
int vnode_check_name(const char *name, struct vnode_err *err);

enum vnode_restart {
	VNODE_RESTART_UNSET,		/* as NO */
	VNODE_RESTART_NO,
	VNODE_RESTART_ON_FAILURE,
};

int vnode_take_number(const char **text, unsigned int base, uint64_t max, uint64_t *value);
/* "no", "on-failure", "on-failure:N"; @times is N, or 0 for no limit */
int vnode_parse_restart(const char *text, enum vnode_restart *restart, uint32_t *times,
			struct vnode_err *err);
/* "0-2,5": writes at most size bytes with the NUL, returns text */
char *vnode_format_cpus(const uint32_t *cpu, unsigned int nr, char *text, size_t size);

#endif /* KEXEC_VNODE_PARSE_H */
