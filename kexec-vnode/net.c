// SPDX-License-Identifier: GPL-2.0-only
/*
 * --net: the networks of a vnode. They are compared with root's networks, get MAC
 * addresses, and go into the vnode's command line as the parameter of its module vnic.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/vnode.h>

#include "append.h"
#include "net.h"

#define DEFAULT_NET	"vnet0"
#define PARAMETER	"vnic.net="
#define CLASS_NET	"/sys/class/net"

/* a name, and each key with its longest value; a "," or ";" precedes each */
#define ITEM_MAX	(VNIC_NETWORK_MAX + sizeof(",mac=,queues=8,mtu=65521") + VNIC_MAC_TEXT)
#define ITEMS_MAX	(VNODE_NETS_MAX * ITEM_MAX)

static_assert(VNODE_APPEND_MAX > 2 * ITEMS_MAX, "half of --append is left for other words");

/* ---- parsing --net ---- */

#define bad_net(err, text, fmt, ...) \
	vnode_err(err, EINVAL, "--net=%.40s: " fmt, text, ##__VA_ARGS__)

/* The sentence for @fault at @at in @text; an error quotes at most 40 characters. */
static int say_fault(enum vnic_net_fault fault, const char *text, const char *at,
		     struct vnode_err *err)
{
	size_t len = strcspn(at, ",");
	int part = len < 40 ? (int)len : 40;

	switch (fault) {
	case VNIC_NET_NAME_EMPTY:
		return bad_net(err, text, "the network's name is empty: expected 1 to %d characters",
			       VNIC_NETWORK_MAX - 1);
	case VNIC_NET_NAME_CHARACTER:
		return bad_net(err, text,
			       "the network's name has a bad character at \"%.*s\": expected letters, digits, '-', '_' and '.'",
			       part, at);
	case VNIC_NET_NAME_LONG:
		return bad_net(err, text,
			       "the network's name has %zu characters: expected at most %d", len,
			       VNIC_NETWORK_MAX - 1);
	case VNIC_NET_NAME_DOTS:
		return bad_net(err, text, "that is not a name for a network");
	case VNIC_NET_NAME_NONE:
		return bad_net(err, text, "none is no network, and takes nothing behind it");
	case VNIC_NET_TWICE:
		return bad_net(err, text, "%.*s is there twice", (int)strcspn(at, "=") + 1, at);
	case VNIC_NET_MAC:
		return bad_net(err, text,
			       "mac \"%.*s\" is not understood: expected six bytes, as in 02:00:00:12:34:56",
			       part, at);
	case VNIC_NET_MAC_GROUP:
		return bad_net(err, text, "mac %.*s is of a group: expected an even first byte",
			       part, at);
	case VNIC_NET_MAC_ZERO:
		return bad_net(err, text, "mac is zero: leave it out to have one made");
	case VNIC_NET_QUEUES:
		return bad_net(err, text,
			       "\"%.*s\" is out of range: expected a number from 1 to %d",
			       part, at, VNIC_QUEUES);
	case VNIC_NET_MTU:
		return bad_net(err, text,
			       "\"%.*s\" is out of range: expected a number from %d to %d",
			       part, at, VNIC_MTU_MIN, VNIC_MTU_MAX);
	default:
		return bad_net(err, text,
			       "\"%.*s\" is not understood: expected mac=, queues= or mtu=",
			       part, at);
	}
}

static int add_none(struct vnode_nets *nets, struct vnode_err *err)
{
	if (nets->none)
		return vnode_err(err, EINVAL, "--net=none is there twice");
	if (nets->nr)
		return vnode_err(err, EINVAL,
				 "--net=none is no network at all: leave out --net=%s, or none",
				 nets->net[0].name);
	nets->none = true;
	return 0;
}

/* Check that a network of that name can be added. */
static int check_room(const struct vnode_nets *nets, const char *name, struct vnode_err *err)
{
	unsigned int i;

	if (nets->none)
		return vnode_err(err, EINVAL,
				 "--net=none is no network at all: leave out --net=%s, or none",
				 name);
	for (i = 0; i < nets->nr; i++)
		if (!strcmp(nets->net[i].name, name))
			return vnode_err(err, EINVAL,
					 "--net=%s is there twice: name every network once", name);
	if (nets->nr == VNODE_NETS_MAX)
		return vnode_err(err, EINVAL,
				 "--net=%s is one too many: a vnode is on at most %d networks",
				 name, VNODE_NETS_MAX);
	return 0;
}

/**
 * vnode_parse_net() - add a network
 * @text: what vnic_net_parse() takes, or "none" alone
 * @nets: the networks before it
 * @err: filled on failure
 *
 * Return: 0; -EINVAL, and @nets is unchanged.
 */
int vnode_parse_net(const char *text, struct vnode_nets *nets, struct vnode_err *err)
{
	enum vnic_net_fault fault;
	struct vnic_net net;
	const char *at;
	int ret;

	if (!strcmp(text, "none"))
		return add_none(nets, err);
	fault = vnic_net_parse(text, &net, &at);
	if (fault)
		return say_fault(fault, text, at, err);
	ret = check_room(nets, net.name, err);
	if (!ret)
		nets->net[nets->nr++] = net;
	return ret;
}

/* ---- the MAC address, if none is given ---- */

/* FNV-1a, 64 bits */
#define FNV_BASIS	0xcbf29ce484222325ULL
#define FNV_PRIME	0x100000001b3ULL

static uint64_t fnv(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *byte = data;

	while (len--)
		hash = (hash ^ *byte++) * FNV_PRIME;
	return hash;
}

/* The first line of a file, without its newline. False: no file, or an empty line. */
static bool read_line(const char *root, const char *path, char *line, size_t size)
{
	char full[PATH_MAX];
	FILE *file;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return false;
	file = fopen(full, "re");
	if (!file)
		return false;
	if (!fgets(line, size, file))
		*line = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return *line;
}

/* A name of this machine. systemd writes "uninitialized" until there is an id. */
static void read_machine(const char *root, char *line, size_t size)
{
	if (read_line(root, "/etc/machine-id", line, size) && strcmp(line, "uninitialized"))
		return;
	if (read_line(root, "/sys/class/dmi/id/product_uuid", line, size))
		return;
	snprintf(line, size, "%032d", 0);
}

/*
 * The same at each start, and different on other machines, networks and vnodes. An address
 * is no secret and any vnode may choose its own, so the hash need not be cryptographic.
 * The id is hashed last and the prime is odd, so any two vnodes of a network differ in the
 * last byte.
 */
static void make_mac(const char *machine, const char *name, unsigned int id, uint8_t mac[6])
{
	uint8_t last = id;
	uint64_t hash;
	int i;

	static_assert(VNODE_ID_MAX <= UINT8_MAX, "an id is hashed as one byte");
	hash = fnv(FNV_BASIS, machine, strlen(machine) + 1);
	hash = fnv(hash, name, strlen(name) + 1);
	hash = fnv(hash, &last, 1);
	for (i = 5; i >= 0; i--, hash >>= 8)
		mac[i] = hash;
	mac[0] = (mac[0] | 2) & ~1;
}

static char *mac_text(const uint8_t mac[6], char text[VNIC_MAC_TEXT + 1])
{
	snprintf(text, VNIC_MAC_TEXT + 1, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

/* ---- root's networks ---- */

/* Is the device @device on the network @name? @is_vnic becomes true if it is on any. */
static bool is_on(const char *root, const char *device, const char *name, bool *is_vnic)
{
	char path[sizeof(CLASS_NET) + 256 + sizeof("/vnic/network")], line[256];

	snprintf(path, sizeof(path), CLASS_NET "/%.256s/vnic/network", device);
	if (!read_line(root, path, line, sizeof(line)))
		return false;
	*is_vnic = true;
	return !strcmp(line, name);
}

/* Root's device on the network @name. -ENOENT: there is none; -ENODEV: nor on any network. */
static int find_device(const char *root, const char *name, char device[256])
{
	bool found = false, is_vnic = false;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s" CLASS_NET, root) >= (int)sizeof(path))
		return -ENODEV;
	dir = opendir(path);
	if (!dir)
		return -ENODEV;
	while (!found && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		found = is_on(root, entry->d_name, name, &is_vnic);
		if (found)
			snprintf(device, 256, "%s", entry->d_name);
	}
	closedir(dir);
	return found ? 0 : is_vnic ? -ENOENT : -ENODEV;
}

/* No other member of the network may have that MAC. */
static int check_members(const struct vnic_net *net, unsigned int id, FILE *members,
			 struct vnode_err *err)
{
	char line[256], name[VNODE_NAME_LEN], text[VNIC_MAC_TEXT + 1];
	unsigned int member;
	uint8_t mac[6];

	static_assert(VNODE_NAME_LEN == 32 && VNIC_MAC_TEXT == 17, "sizes in the format");
	while (fgets(line, sizeof(line), members)) {
		if (sscanf(line, "%u %31s %17s", &member, name, text) != 3 || member == id ||
		    !vnic_net_mac(text, strlen(text), mac) || memcmp(mac, net->mac, sizeof(mac)))
			continue;
		return vnode_err(err, EINVAL,
				 "--net=%s: mac %s is that of %s (id %u) there: give another with --net=%s,mac=",
				 net->name, text, name, member, net->name);
	}
	return 0;
}

static int check_network(const struct vnic_net *net, unsigned int id, const char *root,
			 struct vnode_err *err)
{
	char path[PATH_MAX], device[256];
	FILE *members;
	int ret;

	ret = find_device(root, net->name, device);
	if (ret == -ENODEV)
		return vnode_err(err, EINVAL,
				 "--net=%s: root has no network, the module vnic is not loaded: modprobe vnic",
				 net->name);
	if (ret)
		return vnode_err(err, EINVAL,
				 "--net=%s: root has no network %s; ip link add %s type vnic makes it",
				 net->name, net->name, net->name);
	if (snprintf(path, sizeof(path), "%s" CLASS_NET "/%s/vnic/members", root, device) >=
	    (int)sizeof(path))
		return vnode_err(err, EINVAL, "--net=%s: %s is too long", net->name, root);
	members = fopen(path, "re");
	if (!members)
		return vnode_err(err, EINVAL, "--net=%s: %s: %s", net->name, path,
				 strerror(errno));
	ret = check_members(net, id, members, err);
	fclose(members);
	return ret;
}

/* No two networks may have the same MAC. All MACs are set. */
static int check_twins(const struct vnode_nets *nets, struct vnode_err *err)
{
	const struct vnic_net *net = nets->net;
	char text[VNIC_MAC_TEXT + 1];
	unsigned int i, j;

	for (i = 0; i < nets->nr; i++)
		for (j = 0; j < i; j++)
			if (!memcmp(net[i].mac, net[j].mac, sizeof(net[i].mac)))
				return vnode_err(err, EINVAL,
						 "--net=%s: mac %s is that of --net=%s: give each its own",
						 net[i].name, mac_text(net[i].mac, text),
						 net[j].name);
	return 0;
}

static int check_nets(struct vnode_nets *nets, unsigned int id, const char *root,
		      struct vnode_err *err)
{
	char machine[64];
	unsigned int i;
	int ret;

	read_machine(root, machine, sizeof(machine));
	for (i = 0; i < nets->nr; i++)
		if (vnic_net_mac_is_zero(nets->net[i].mac))
			make_mac(machine, nets->net[i].name, id, nets->net[i].mac);
	ret = check_twins(nets, err);
	for (i = 0; !ret && i < nets->nr; i++)
		ret = check_network(&nets->net[i], id, root, err);
	return ret;
}

/* ---- the command line ---- */

/* The parameter of vnic, in at most ITEMS_MAX bytes. */
static void print_nets(const struct vnode_nets *nets, char *text)
{
	char mac[VNIC_MAC_TEXT + 1];
	unsigned int i;

	if (nets->none) {
		strcpy(text, "none");
		return;
	}
	for (i = 0; i < nets->nr; i++) {
		const struct vnic_net *net = &nets->net[i];

		text += sprintf(text, "%s%s,mac=%s", i ? ";" : "", net->name,
				mac_text(net->mac, mac));
		if (net->queues)
			text += sprintf(text, ",queues=%u", net->queues);
		if (net->mtu)
			text += sprintf(text, ",mtu=%u", net->mtu);
	}
}

/**
 * vnode_net_append() - add the parameter of vnic to --append
 * @nets: the networks of --net; if there are none, DEFAULT_NET is added if root has it.
 *	All MACs are set
 * @id: of the vnode
 * @root: the directory that holds /sys and /etc, "" but in tests
 * @append: of --append, or NULL
 * @words: @append with the parameter; "": use @append as it is
 * @err: filled on failure
 *
 * Return: 0; -EINVAL: root has no such network, a MAC is in use, or @words is too long.
 */
int vnode_net_append(struct vnode_nets *nets, unsigned int id, const char *root,
		     const char *append, char words[VNODE_APPEND_MAX + 1], struct vnode_err *err)
{
	bool asked = nets->nr || nets->none;
	char items[sizeof(PARAMETER) + ITEMS_MAX] = PARAMETER, device[256];
	int ret;

	*words = '\0';
	append = append ?: "";
	if (vnode_append_has(append, PARAMETER))
		return asked ? vnode_err(err, EINVAL,
					 "--net and vnic.net= in --append: give one of them") : 0;
	if (!asked) {
		if (find_device(root, DEFAULT_NET, device))
			return 0;
		strcpy(nets->net[nets->nr++].name, DEFAULT_NET);
	}
	ret = check_nets(nets, id, root, err);
	if (ret)
		return ret;
	print_nets(nets, items + strlen(PARAMETER));
	return vnode_append_insert(append, items, PARAMETER, words, err);
}

/* ---- claims of MACs, from GRANT to RETURN ---- */

static_assert(VNODE_NETS_MAX <= VNODE_CLAIMS_MAX, "each MAC needs a claim");
static_assert(VNIC_NETWORK_MAX + sizeof(",") - 1 + VNIC_MAC_TEXT <= VNODE_CLAIM_LEN,
	      "a claim has room for a name and a MAC");

/**
 * vnode_net_claim() - claim the MACs of a vnode, so that no other vnode gets them
 * @nets: its networks, from vnode_net_append()
 * @claim: for GRANT, VNODE_CLAIMS_MAX
 */
void vnode_net_claim(const struct vnode_nets *nets, struct vnode_claim *claim)
{
	const struct vnic_net *net = nets->net;
	char mac[VNIC_MAC_TEXT + 1];
	unsigned int i;

	memset(claim, 0, VNODE_CLAIMS_MAX * sizeof(*claim));
	for (i = 0; i < nets->nr; i++)
		snprintf(claim[i].text, sizeof(claim[i].text), "%.*s,%s", VNIC_NETWORK_MAX - 1,
			 net[i].name, mac_text(net[i].mac, mac));
}

/**
 * vnode_net_claimed() - say which vnode has a MAC
 * @nets: the networks
 * @claim: their claims, which GRANT has refused
 * @err: filled
 *
 * Return: -EADDRINUSE.
 */
int vnode_net_claimed(const struct vnode_nets *nets, const struct vnode_claim *claim,
		      struct vnode_err *err)
{
	const struct vnic_net *net = nets->net;
	char mac[VNIC_MAC_TEXT + 1];
	unsigned int i;

	for (i = 0; i < nets->nr; i++)
		if (claim[i].holder)
			return vnode_err(err, EADDRINUSE,
					 "--net=%s: mac %s is given to vnode %u already: give another with --net=%s,mac=",
					 net[i].name, mac_text(net[i].mac, mac), claim[i].holder,
					 net[i].name);
	return vnode_err(err, EADDRINUSE, "--net: a mac is given to another vnode already");
}
