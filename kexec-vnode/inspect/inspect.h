/* SPDX-License-Identifier: GPL-2.0-only */
/* What a vnode's memory and registers tell: its log, a dump. */
#ifndef KEXEC_VNODE_INSPECT_H
#define KEXEC_VNODE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vnode.h"

struct vnode_config;
struct vnode_regs;
struct vnode_status;

/*
 * log.c: the kernel log of a vnode, dead or alive, from its memory alone.
 */
struct vnode_memory {
	/* 0 or negative errno; offset counts from @base */
	int (*read)(void *context, uint64_t offset, void *buf, size_t len);
	void *context;
	uint64_t base;			/* physical address of offset 0 */
	uint64_t size;
};

/*
 * Prints "[    0.123456] text" lines. -ENODATA: no log there yet. Any content of
 * the memory is survived, without an endless loop.
 */
int vnode_log_print(const struct vnode_memory *memory, FILE *out, struct vnode_err *err);

/* dump.c: the verb dump, and what it is made of beside it */
int vnode_dump(int fd, const struct vnode_config *config, struct vnode_err *err);

/*
 * dump-on-failure.c: root's kernel runs this program for it. @dir becomes the absolute
 * path of the directory @text.
 */
int vnode_dump_parse_dir(const char *text, char dir[256], struct vnode_err *err);
int vnode_dump_offer_helper(struct vnode_err *err);

/* regs.c: of each CPU; how many are known, the others are zeros. @frozen: it is, by @fd */
int vnode_regs_read(int fd, const struct vnode_status *status, bool frozen,
		    struct vnode_regs *regs, struct vnode_err *err);

#endif /* KEXEC_VNODE_INSPECT_H */
