/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grammar of a network, as kexec's option --net and the parameter "net" of the
 * module vnic take it:
 *
 *	NAME[,mac=AA:BB:CC:DD:EE:FF][,queues=N][,mtu=N]
 *
 * Each key is given at most once. Pure code: the module and kexec-vnode/net.c build it.
 */
#ifndef _VNODE_VNIC_NET_H
#define _VNODE_VNIC_NET_H

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <string.h>
#include <linux/types.h>
#endif

#define VNIC_NETWORK_MAX	16	/* with its NUL; as an interface's */
#define VNIC_QUEUES		8
#define VNIC_MTU_MIN		68
#define VNIC_MTU_MAX		65521
#define VNIC_MAC_TEXT		17	/* characters of aa:bb:cc:dd:ee:ff */

/**
 * struct vnic_net - a network, and how a kernel's device on it is to be
 * @name: of the network and of the device
 * @mac: zeros if not given
 * @queues: 0 if not given
 * @mtu: 0 if not given
 */
struct vnic_net {
	char name[VNIC_NETWORK_MAX];
	__u8 mac[6];
	__u32 queues;
	__u32 mtu;
};

/* What vnic_net_parse() finds wrong, and what it leaves in @at then. */
enum vnic_net_fault {
	VNIC_NET_OK,
	VNIC_NET_NAME_EMPTY,		/* the name */
	VNIC_NET_NAME_CHARACTER,	/* the first bad character of the name */
	VNIC_NET_NAME_LONG,		/* the name */
	VNIC_NET_NAME_DOTS,		/* "." or ".." */
	VNIC_NET_NAME_NONE,		/* "none", which is the absence of networks */
	VNIC_NET_KEY,			/* an item with an unknown key */
	VNIC_NET_TWICE,			/* the second item with this key */
	VNIC_NET_MAC,			/* a value that is no MAC */
	VNIC_NET_MAC_GROUP,		/* a MAC of a group */
	VNIC_NET_MAC_ZERO,		/* a MAC of zeros */
	VNIC_NET_QUEUES,		/* "queues=" and no number from 1 to VNIC_QUEUES */
	VNIC_NET_MTU,			/* "mtu=" and no number from VNIC_MTU_MIN to VNIC_MTU_MAX */
};

static inline __u32 vnic_net_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Digits and nothing else. @max is far below the largest __u32. */
static inline bool vnic_net_number(const char *text, size_t len, __u32 base, __u32 max,
				   __u32 *value)
{
	__u32 digit;
	size_t i;

	*value = 0;
	for (i = 0; i < len; i++) {
		digit = vnic_net_digit(text[i]);
		*value = *value * base + digit;
		if (digit >= base || *value > max)
			return false;
	}
	return len;
}

/* Exactly "aa:bb:cc:dd:ee:ff", in either case. */
static inline bool vnic_net_mac(const char *text, size_t len, __u8 mac[6])
{
	__u32 i, byte;

	if (len != VNIC_MAC_TEXT)
		return false;
	for (i = 0; i < 6; i++, text += 3) {
		if (!vnic_net_number(text, 2, 16, 255, &byte) || (i < 5 && text[2] != ':'))
			return false;
		mac[i] = byte;
	}
	return true;
}

static inline bool vnic_net_mac_is_zero(const __u8 mac[6])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

static inline enum vnic_net_fault vnic_net_check_name(const char *name, size_t len,
						      const char **at)
{
	static const char allowed[] =
		"0123456789-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t good = strspn(name, allowed);

	*at = name;
	if (!len)
		return VNIC_NET_NAME_EMPTY;
	if (good < len) {
		*at += good;
		return VNIC_NET_NAME_CHARACTER;
	}
	if (len >= VNIC_NETWORK_MAX)
		return VNIC_NET_NAME_LONG;
	if (len <= 2 && !strncmp(name, "..", len))
		return VNIC_NET_NAME_DOTS;
	return len == 4 && !strncmp(name, "none", len) ? VNIC_NET_NAME_NONE : VNIC_NET_OK;
}

static inline enum vnic_net_fault vnic_net_set_mac(struct vnic_net *net, const char *value,
						   size_t len)
{
	if (!vnic_net_mac(value, len, net->mac))
		return VNIC_NET_MAC;
	if (net->mac[0] & 1)
		return VNIC_NET_MAC_GROUP;
	return vnic_net_mac_is_zero(net->mac) ? VNIC_NET_MAC_ZERO : VNIC_NET_OK;
}

/* One "key=value"; @seen: a bit for each key. */
static inline enum vnic_net_fault vnic_net_set(struct vnic_net *net, const char *item, size_t len,
					       __u32 *seen, const char **at)
{
	static const char * const keys[] = { "mac=", "queues=", "mtu=" };
	const char *value;
	size_t key = 0;

	*at = item;
	while (key < 3 && strncmp(item, keys[key], strlen(keys[key])))
		key++;
	if (key == 3)
		return VNIC_NET_KEY;
	if (*seen & 1U << key)
		return VNIC_NET_TWICE;
	*seen |= 1U << key;
	value = item + strlen(keys[key]);
	len -= strlen(keys[key]);
	switch (key) {
	case 0:
		*at = value;
		return vnic_net_set_mac(net, value, len);
	case 1:
		return vnic_net_number(value, len, 10, VNIC_QUEUES, &net->queues) && net->queues ?
		       VNIC_NET_OK : VNIC_NET_QUEUES;
	default:
		return vnic_net_number(value, len, 10, VNIC_MTU_MAX, &net->mtu) &&
		       net->mtu >= VNIC_MTU_MIN ? VNIC_NET_OK : VNIC_NET_MTU;
	}
}

/**
 * vnic_net_parse() - parse one network
 * @text: as above
 * @net: what it says
 * @at: on failure: where in @text; what is meant ends at a comma or the end of @text
 *
 * Return: VNIC_NET_OK, or what is wrong.
 */
static inline enum vnic_net_fault vnic_net_parse(const char *text, struct vnic_net *net,
						 const char **at)
{
	size_t len = strcspn(text, ",");
	enum vnic_net_fault fault;
	__u32 seen = 0;

	memset(net, 0, sizeof(*net));
	fault = vnic_net_check_name(text, len, at);
	if (!fault)
		memcpy(net->name, text, len);
	while (!fault && text[len]) {
		text += len + 1;
		len = strcspn(text, ",");
		fault = vnic_net_set(net, text, len, &seen, at);
	}
	return fault;
}

#endif /* _VNODE_VNIC_NET_H */
