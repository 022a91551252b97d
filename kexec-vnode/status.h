/* SPDX-License-Identifier: GPL-2.0-only */
/* -S, --vnode-list, and the last lines of a log */
#ifndef KEXEC_VNODE_STATUS_H
#define KEXEC_VNODE_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vnode.h"

struct vnode_info;
struct vnode_memory;
struct vnode_status;
struct vnode_vmcoreinfo;

/* last.c: the last lines of its log in printable ASCII; "" if there are none */
#define VNODE_LAST_MAX	8192

void vnode_last(int fd, const struct vnode_status *status, char text[VNODE_LAST_MAX + 1]);
/* Those in its memory alone; @found: see vnode_log_print_again() */
void vnode_last_of(const struct vnode_memory *memory, struct vnode_vmcoreinfo *found,
		   char text[VNODE_LAST_MAX + 1]);
/* The last @lines lines of @text */
const char *vnode_last_lines(const char *text, unsigned int lines);

/* status.c */
int vnode_status_print(int fd, const struct vnode_info *info, unsigned int id, bool json,
		       FILE *out, bool *runs, struct vnode_err *err);
/* One line: the time of each phase that is over; @plan_cycles is that of planning. */
int vnode_phases_print(int fd, const struct vnode_info *info, unsigned int id, const char *name,
		       uint64_t plan_cycles, FILE *out, struct vnode_err *err);
/* @fd: -1: there are no vnodes. @root: with a row for root */
int vnode_list_print(int fd, bool root, bool json, FILE *out, struct vnode_err *err);

#endif /* KEXEC_VNODE_STATUS_H */
