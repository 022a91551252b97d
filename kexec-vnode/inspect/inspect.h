/* SPDX-License-Identifier: GPL-2.0-only */
/* A vnode inspected from outside: its memory, its registers, its log, a dump. */
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
struct vnode_vmcoreinfo;

struct vnode_memory {
	/* 0 or negative errno; offset counts from @base */
	int (*read)(void *context, uint64_t offset, void *buf, size_t len);
	void *context;
	uint64_t base;			/* physical address of offset 0 */
	uint64_t size;
};

/*
 * log.c: prints the kernel log of a vnode, dead or alive, as "[    0.123456] text" lines.
 * -ENODATA: there is no log yet. It ends for any contents of the memory.
 */
int vnode_log_print(const struct vnode_memory *memory, FILE *out, struct vnode_err *err);
/* The same at less cost for a second look; @found is of the first one, or zeros. */
int vnode_log_print_again(const struct vnode_memory *memory, FILE *out,
			  struct vnode_vmcoreinfo *found, struct vnode_err *err);

/*
 * log-end.c: "panicked", "halted", "powered off" if the end of a log says so, or NULL. A
 * kernel that reboots resets the machine, if its nanokernel is not there.
 */
const char *vnode_log_end(const char *text);

/* dump.c: the verb dump */
int vnode_dump(int fd, const struct vnode_config *config, struct vnode_err *err);

/*
 * dump-flat.c: makes the file @path of what --dump=- has printed. -EPIPE, without a text: it
 * has ended too early, and there is no file.
 */
int vnode_dump_receive(int in, const char *path, struct vnode_err *err);

/* dump-on-failure.c: @dir becomes the absolute path of the directory @text. */
int vnode_dump_parse_dir(const char *text, char dir[256], struct vnode_err *err);
/* Registers this program with root's kernel, which runs it for each dump. */
int vnode_dump_offer_helper(struct vnode_err *err);

/*
 * regs.c: the registers of each CPU, zeros where they are not known. Returns how many are
 * known. @frozen: the vnode has been frozen through @fd.
 */
int vnode_regs_read(int fd, const struct vnode_status *status, bool frozen,
		    struct vnode_regs *regs, struct vnode_err *err);

#endif /* KEXEC_VNODE_INSPECT_H */
