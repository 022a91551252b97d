/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all of kexec-vnode shares. A start passes through it in one direction:
 *
 *	cli -> struct vnode_config -> image -> plan -> device
 *
 * image/, parse.c, net.c, plan/ (without plan.c), and the readers of memory in inspect/ and
 * gdb/ are a pure core: they take structs, write bytes, touch no global and no
 * device, and are what unit tests and fuzzers build.
 *
 * Errors: a negative errno, and one sentence in struct vnode_err that says what
 * is wrong with which object and what to try. Only main() exits.
 */
#ifndef KEXEC_VNODE_H
#define KEXEC_VNODE_H

#include <stddef.h>
#include <stdint.h>

#define VNODE_CPUS_MAX		1024
#define VNODE_CMDLINE_MAX	2047	/* COMMAND_LINE_SIZE of x86, less the NUL */
/* Of --append: the rest is kept for the words that every vnode needs. */
#define VNODE_APPEND_MAX	(VNODE_CMDLINE_MAX - 256UL)

static inline uint64_t vnode_align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) / align * align;
}

/* @errnum may have either sign; the negative errno is returned. */
struct vnode_err {
	char text[512];
};

int vnode_err(struct vnode_err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* KEXEC_VNODE_H */
