/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a command line: lists, sizes, ids, names. The grammars are in parse.c. */
#ifndef KEXEC_VNODE_PARSE_H
#define KEXEC_VNODE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_cpus {
	unsigned int nr;
	uint32_t cpu[VNODE_CPUS_MAX];
};

#define VNODE_IDS_MAX	255		/* VNODE_ID_MAX */

struct vnode_ids {
	unsigned int nr;
	uint32_t id[VNODE_IDS_MAX];
};

struct vnode_restart {
	bool on_failure;
	uint32_t times;			/* in a row, 0: no limit */
};

int vnode_take_number(const char **text, unsigned int base, uint64_t max, uint64_t *value);

int vnode_parse_cpus(const char *text, struct vnode_cpus *cpus, struct vnode_err *err);
int vnode_parse_ids(const char *text, struct vnode_ids *ids, struct vnode_err *err);
int vnode_parse_cpu(const char *text, int *cpu, struct vnode_err *err);
int vnode_parse_size(const char *text, uint64_t *size, struct vnode_err *err);
int vnode_parse_address(const char *text, uint64_t *address, struct vnode_err *err);
int vnode_parse_seconds(const char *text, double *seconds, struct vnode_err *err);
int vnode_parse_id(const char *text, unsigned int *id, struct vnode_err *err);
int vnode_parse_restart(const char *text, struct vnode_restart *restart, struct vnode_err *err);
int vnode_check_name(const char *name, struct vnode_err *err);

/* "0-2,5": writes at most @size bytes, the NUL included; returns @text */
char *vnode_format_cpus(const uint32_t *cpu, unsigned int nr, char *text, size_t size);

#endif /* KEXEC_VNODE_PARSE_H */
