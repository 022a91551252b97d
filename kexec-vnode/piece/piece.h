/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The piece: a small initramfs of our own in front of the initrd that the vnode gets. The
 * vnode's kernel unpacks both into one tree.
 *
 *	/vnode/init		its first program (init/), which hands over to /init
 *	/vnode/order		the modules that it loads, a file name a line
 *	/vnode/modules/		these modules, not compressed
 *
 *	cpio		the archive
 *	modules		what a kernel's modules need, from its modules.dep
 *	find		the module tree, our program, the initrd beside an image
 *	look		whether an initrd has a module already
 *	piece		all of it together
 */
#ifndef KEXEC_VNODE_PIECE_H
#define KEXEC_VNODE_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_config;

#define VNODE_PIECE_INIT	"/vnode/init"
/* Modules with all that they need */
#define VNODE_PIECE_MODULES_MAX	64
/* A module is rarely more than a few hundred KiB. */
#define VNODE_PIECE_MODULE_SIZE_MAX	(64UL << 20)

struct vnode_piece {
	void *data;			/* NULL: there is none */
	size_t size;			/* a multiple of the page size */
	bool console;			/* it has the driver of hvc0 */
	char modules[512];		/* for people: "adeos-lite vconsole" */
	char missing[256];		/* wanted, but there is none: "vnic" */
};

/**
 * vnode_piece_make() - make the piece of a start
 * @piece: filled in; without data if there is no adeos-lite for this release
 * @config: says which modules the vnode needs
 * @release: of the vnode's kernel
 * @alone: no initrd follows, so it mounts the root file system itself
 * @root: the directory that holds /lib/modules, "" but in tests
 * @err: the sentence of an error
 *
 * Return: 0; -ENOPKG: there is no adeos-lite for this release, and @err says what to do.
 * Other errors: what is there cannot be used.
 */
int vnode_piece_make(struct vnode_piece *piece, const struct vnode_config *config,
		     const char *release, bool alone, const char *root,
		     struct vnode_err *err);
void vnode_piece_free(struct vnode_piece *piece);

/*
 * find.c: the initrd of this release that is beside @kernel or in /boot, under one of the
 * names that distributions use. False: there is none.
 */
bool vnode_piece_find_initrd(const char *kernel, const char *release, char *path, size_t size);

/*
 * look.c: 1, the initrd has a file of this name in some directory; 0, it has none; a negative
 * errno: its format or its compression is not known, or it is damaged.
 */
int vnode_piece_look(const void *initrd, size_t size, const char *file);

/* ---- inside piece/ ---- */

/* cpio.c: an archive in memory, in the format "newc" of the kernel's initramfs */
struct cpio {
	uint8_t *data;
	size_t size, room;
	unsigned int entries;
	bool failed;			/* out of memory */
};

#define CPIO_DIR	0040755
#define CPIO_PROGRAM	0100755
#define CPIO_FILE	0100644

/* Names have no leading slash. A directory must come before what is in it. */
void cpio_add(struct cpio *cpio, const char *name, unsigned int mode, const void *data,
	      size_t size);
/* The trailer, and zeros up to a multiple of @align. 0, or -ENOMEM for any entry so far. */
int cpio_end(struct cpio *cpio, size_t align);

/* modules.c: texts of depmod, and the files that they name */
struct module_list {
	struct {
		const char *path;	/* in modules.dep: not terminated */
		size_t len;
	} file[VNODE_PIECE_MODULES_MAX];
	unsigned int nr;
};

/*
 * Adds module @name and all that it needs, in the order of loading. @dep: modules.dep. What
 * is listed already is not added again. -ENOENT: there is no such module; -E2BIG.
 */
int module_list_add(struct module_list *list, const char *dep, const char *name);
/* @builtin: modules.builtin, or NULL */
bool module_is_builtin(const char *builtin, const char *name);

/* find.c */

/* The directory of this release's modules, with a modules.dep. False: there is none. */
bool find_modules(const char *root, const char *release, char *dir, size_t size);
/* Our program for vnodes, which is installed beside kexec. */
int find_init(char *path, size_t size, struct vnode_err *err);

#endif /* KEXEC_VNODE_PIECE_H */
