/* SPDX-License-Identifier: GPL-2.0-only */
/* cli.c: all that the command line says, parsed once. */
#ifndef KEXEC_VNODE_CLI_H
#define KEXEC_VNODE_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "net.h"
#include "parse.h"

enum vnode_verb {
	VNODE_VERB_START,		/* grant, load, start */
	VNODE_VERB_LOAD,
	VNODE_VERB_EXEC,
	VNODE_VERB_UNLOAD,
	VNODE_VERB_STATUS,
	VNODE_VERB_LIST,
	VNODE_VERB_LOG,
	VNODE_VERB_DUMP,
	VNODE_VERB_CONSOLE,
	VNODE_VERB_GDB,
};

struct vnode_config {
	enum vnode_verb verb;
	const char *vnode;		/* ID or NAME as given, or NULL */
	unsigned int id;
	char name[32];			/* VNODE_NAME_LEN */
	struct vnode_cpus cpus;		/* the boot CPU first */
	long boot_cpu;			/* -1: the first of the list */
	uint64_t mem_size, mem_min, mem_max;
	const char *kernel, *initrd, *append;
	struct vnode_nets nets;
	char net_append[VNODE_APPEND_MAX + 1];	/* @append points here if it has nets */
	const char *dump;		/* the file to be written */
	char dump_dir[256];		/* VNODE_DUMP_DIR_MAX: when it fails, "": nowhere */
	enum vnode_unpack unpack;
	double timeout;			/* seconds, as the following */
	double boot_limit;		/* 0: none */
	double wait;			/* until it runs */
	enum vnode_restart restart;
	uint32_t restarts;		/* in a row, 0: no limit */
	bool force, json, dry_run, read_only;
};

#endif /* KEXEC_VNODE_CLI_H */
