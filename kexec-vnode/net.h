/* SPDX-License-Identifier: GPL-2.0-only */
/* The networks of a vnode, which belong to the module vnic. */
#ifndef KEXEC_VNODE_NET_H
#define KEXEC_VNODE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "vnode.h"

struct vnode_claim;

#define VNODE_NETS_MAX		8
#define VNODE_NET_NAME_LEN	16	/* with the NUL */

struct vnode_net {
	char name[VNODE_NET_NAME_LEN];
	uint8_t mac[6];			/* zeros: one is made */
	unsigned int queues, mtu;	/* 0: vnic's own */
};

struct vnode_nets {
	unsigned int nr;
	bool none;			/* alone, and on purpose */
	struct vnode_net net[VNODE_NETS_MAX];
};

/* "NAME[,mac=MAC][,queues=N][,mtu=N]" or "none", behind those of @nets */
int vnode_parse_net(const char *text, struct vnode_nets *nets, struct vnode_err *err);
/*
 * @append with vnic's parameter in it, or "" where there is nothing to add. @root stands in
 * front of the paths of what is read: "". @nets gets all MACs. -EINVAL: see net.c.
 */
int vnode_net_append(struct vnode_nets *nets, unsigned int id, const char *root,
		     const char *append, char words[VNODE_APPEND_MAX + 1], struct vnode_err *err);
/* Those MACs, for GRANT; and the sentence where another vnode has one of them */
void vnode_net_claim(const struct vnode_nets *nets, struct vnode_claim *claim);
int vnode_net_claimed(const struct vnode_nets *nets, const struct vnode_claim *claim,
		      struct vnode_err *err);

#endif /* KEXEC_VNODE_NET_H */
