/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, parsed once */
#ifndef KEXEC_VNODE_CLI_H
#define KEXEC_VNODE_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "net.h"
#include "parse.h"
#include "virtio/virtio.h"

enum vnode_verb {
	VNODE_VERB_START,		/* grant, load, start */
	VNODE_VERB_LOAD,
	VNODE_VERB_EXEC,		/* start what is loaded */
	VNODE_VERB_RUN,			/* a command in it */
	VNODE_VERB_UNLOAD,
	VNODE_VERB_STATUS,
	VNODE_VERB_LIST,
	VNODE_VERB_LOG,
	VNODE_VERB_DUMP,
	VNODE_VERB_CONSOLE,
	VNODE_VERB_GDB,
	VNODE_VERB_SERVE,		/* in root, what viewers ask */
	VNODE_NR_VERBS,
	/* about kexec itself: the rest of the command line is not read */
	VNODE_VERB_HELP = VNODE_NR_VERBS,
	VNODE_VERB_OPTIONS,
};

/* In seconds */
#define VNODE_BOOT_LIMIT	120
/* Root's kernel watches the boot limit: give it time to report. */
#define VNODE_BOOT_LIMIT_GRACE	5

/* Of a number that is not given */
#define VNODE_UNSET		(-1)

struct vnode_config {
	enum vnode_verb verb;
	const char *vnode;		/* ID or NAME as given, or NULL */
	unsigned int id;
	char name[32];			/* VNODE_NAME_LEN */
	struct vnode_cpus cpus;		/* the boot CPU first */
	int boot_cpu;			/* VNODE_UNSET: the first of the list */
	uint64_t mem_size, mem_min, mem_max;
	const char *kernel, *initrd, *append;
	struct vnode_nets nets;
	char net_append[VNODE_APPEND_MAX + 1];	/* @append points here if it has nets */
	struct vnode_virtio virtio;	/* disks and file systems */
	char virtio_append[VNODE_APPEND_MAX + 1];	/* the same with theirs */
	struct vnode_ids viewers;	/* vnodes that may look at this one */
	unsigned int viewer;		/* the vnode that looks; 0: root */
	const char *dump;		/* the file that --dump writes; "-": standard output */
	char dump_dir[256];		/* VNODE_DUMP_DIR_MAX; "": no dump on failure */
	enum vnode_unpack unpack;
	double timeout;			/* seconds, as are the following */
	double boot_limit;		/* 0: none. A start decides if it is VNODE_UNSET */
	double wait;			/* until it runs; 0: do not wait. As @boot_limit */
	struct vnode_restart restart;
	bool no_reboot;			/* a reboot is an end, no restart follows */
	char **command;			/* that runs in the vnode, ended by NULL */
	bool tty;			/* the command gets a terminal */
	bool force, json, dry_run, read_only;
	bool attach;			/* refuse a start without adeos-lite */
};

#endif /* KEXEC_VNODE_CLI_H */
