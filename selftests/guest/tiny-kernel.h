/* SPDX-License-Identifier: GPL-2.0-only */
/* What tiny-kernel leaves in its memory, and vnode-ctl looks for. */
#ifndef TINY_KERNEL_H
#define TINY_KERNEL_H

#define TINY_STRING_(x)	#x
#define TINY_STRING(x)	TINY_STRING_(x)

/* 16 bytes, 16-byte aligned; the counter follows */
#define TINY_MARK	"tiny-kernel-beat"
#define TINY_PATTERN	0x5aa5c33c5aa5c33c

/* its code, in tiny-kernel.c */
extern const char tiny_begin[], tiny_mode[], tiny_end[];

#endif
