/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /vnode/init, the first program of a vnode (rdinit=/vnode/init):
 *
 *	cmdline		the words of the kernel's command line
 *	modules		loads what /vnode/order lists
 *	fs		vnode.fs=: file systems beside the root file system
 *	keeper		the process that mounts them once the initrd is done
 *	root		without an initrd: mounts the root file system and changes to it
 *	main		these steps in their order
 *
 * It must not need anything of the initrd, and leaves nothing there but /vnode.
 */
#ifndef VNODE_INIT_H
#define VNODE_INIT_H

#include <stdbool.h>
#include <stddef.h>

#define DIR		"/vnode"
#define DEV		DIR "/dev"
#define PROC		DIR "/proc"

/* main.c: one line in the kernel's log, of the level that "<N>" in front says */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* cmdline.c */
void cmdline_read(void);
/* The word behind *@at, with its quotes, and its length. NULL: there is none. */
const char *cmdline_next(const char **at, size_t *len);
/* The value of the last "@key=", without quotes: valid until the next call. NULL: none. */
const char *cmdline_value(const char *key);
bool cmdline_has(const char *word);
/* The words "MODULE.PARAMETER=VALUE" of @module, as finit_module() takes them */
void cmdline_params(const char *module, char *params, size_t size);

/* modules.c: says which could not be loaded */
void modules_load(void);

/* fs.c */
bool fs_wanted(void);
/* For a systemd that has not started yet, in /run */
void fs_write_units(void);
/*
 * Mounts those that are not in the mask @done yet, and adds them to it. 0, or the negative
 * errno of one that cannot be mounted.
 */
int fs_mount_all(unsigned int *done);

/* keeper.c: starts it, if it has something to do. It needs PROC until it ends. */
bool keeper_start(char *argv0);

/* root.c: does not return */
void root_enter(char **argv) __attribute__((noreturn));

#endif /* VNODE_INIT_H */
