/* SPDX-License-Identifier: GPL-2.0-only */
/* The networks of a vnode, which belong to the module vnic. */
#ifndef KEXEC_VNODE_NET_H
#define KEXEC_VNODE_NET_H

#include <stdbool.h>
#include <vnode/vnic-net.h>

#include "vnode.h"

struct vnode_claim;

#define VNODE_NETS_MAX		8

struct vnode_nets {
	unsigned int nr;
	bool none;			/* --net=none, which stands alone */
	struct vnic_net net[VNODE_NETS_MAX];
};

int vnode_parse_net(const char *text, struct vnode_nets *nets, struct vnode_err *err);
/* @root: the directory that holds /sys and /etc, "" but in tests */
int vnode_net_append(struct vnode_nets *nets, unsigned int id, const char *root,
		     const char *append, char words[VNODE_APPEND_MAX + 1], struct vnode_err *err);
/* The claims of its MACs for GRANT, and the error where another vnode has one of them */
void vnode_net_claim(const struct vnode_nets *nets, struct vnode_claim *claim);
int vnode_net_claimed(const struct vnode_nets *nets, const struct vnode_claim *claim,
		      struct vnode_err *err);

#endif /* KEXEC_VNODE_NET_H */
