/* SPDX-License-Identifier: GPL-2.0-only */
/* options.c: the table of options, and everything that follows from it. */
#ifndef KEXEC_VNODE_OPTIONS_H
#define KEXEC_VNODE_OPTIONS_H

#include <stdio.h>

#include "vnode.h"

struct vnode_config;

/*
 * Fills @config from the command line: each option is known, well-formed, given
 * once unless it may be repeated, and goes with the verb. Options and KERNEL may
 * come in any order.
 */
int vnode_options_parse(struct vnode_config *config, int argc, char **argv,
			struct vnode_err *err);
/* The overview that --help prints */
void vnode_options_print_help(FILE *out);
/* A line for each option, "--cpus=LIST": the completion for bash is made of them. */
void vnode_options_print_list(FILE *out);

#endif /* KEXEC_VNODE_OPTIONS_H */
