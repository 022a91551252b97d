// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/net.c and the grammar of include/vnode/vnic-net.h: --net, its comparison with
 * root's networks, and the command line. Root is a directory with the files of sysfs.
 */
#define _GNU_SOURCE		/* nftw() */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "ktap.h"
#include "net.h"

#define ID	9
#define MACHINE	"0123456789abcdef0123456789abcdef\n"
/* FNV-1a, computed by another program: MACs stay the same from release to release */
#define MADE	"5e:fd:d7:21:ee:f5"		/* of MACHINE, vnet0, ID */
#define MADE_0	"ce:97:3e:2f:a6:25"		/* of zeros, vnet0, ID */
#define UUID	"12345678-1234-1234-1234-123456789abc"
#define MADE_U	"56:7d:54:95:81:fe"		/* of UUID, lab, 255 */

static char root[32];
static struct vnode_err err;
static struct vnode_nets nets;
static struct vnode_nets made;		/* @nets after vnode_net_append() */
static char words[VNODE_APPEND_MAX + 1];

/* ---- root, as a directory ---- */

static void write_file(const char *path, const char *text)
{
	char full[PATH_MAX], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	if (!KTAP_CHECK(file))
		return;
	fputs(text, file);
	fclose(file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

/* No --net, no device of vnic */
static void begin(void)
{
	KTAP_CHECK(!nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS));
	memset(&nets, 0, sizeof(nets));
	memset(&err, 0, sizeof(err));
	write_file("/etc/machine-id", MACHINE);
	/* every machine has these */
	write_file("/sys/class/net/lo/mtu", "65536\n");
	write_file("/sys/class/net/bonding_masters", "\n");
}

static void add_device(const char *device, const char *network, const char *members)
{
	char path[PATH_MAX], line[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/vnic/network", device);
	snprintf(line, sizeof(line), "%s\n", network);
	write_file(path, line);
	snprintf(path, sizeof(path), "/sys/class/net/%s/vnic/members", device);
	write_file(path, members);
}

/* ---- calls ---- */

/* Add a --net. Return: the error, or "" */
static const char *ask(const char *text)
{
	memset(&err, 0, sizeof(err));
	if (!KTAP_CHECK_EQ(!vnode_parse_net(text, &nets, &err), !*err.text))
		ktap_note("  %s", text);
	return err.text;
}

/* Return: the words for --append, or the error */
static const char *append_of(unsigned int id, const char *append)
{
	int ret;

	memset(&err, 0, sizeof(err));
	memset(words, '#', sizeof(words));
	made = nets;
	ret = vnode_net_append(&made, id, root, append, words, &err);
	if (ret)
		KTAP_CHECK_EQ(ret, -EINVAL);
	return ret ? err.text : words;
}

/* The same for a single --net */
static const char *words_of(const char *text)
{
	memset(&nets, 0, sizeof(nets));
	return *ask(text) ? err.text : append_of(ID, NULL);
}

static void contains(const char *text, const char *part, int line)
{
	if (!ktap_check(strstr(text, part), __FILE__, line, part))
		ktap_note("  in \"%s\"", text);
}

#define CONTAINS(text, part)	contains(text, part, __LINE__)

/* ---- tests ---- */

static void takes_items(void)
{
	begin();
	add_device("vnet0", "vnet0", "");
	add_device("lan", "a.b-c_D0123456x", "");
	KTAP_CHECK_STR(words_of("vnet0,mac=02:00:5e:aB:cD:eF"),
		       "vnic.net=vnet0,mac=02:00:5e:ab:cd:ef");
	KTAP_CHECK_STR(words_of("vnet0,mtu=68,queues=1,mac=00:00:00:00:00:01"),
		       "vnic.net=vnet0,mac=00:00:00:00:00:01,queues=1,mtu=68");
	KTAP_CHECK_STR(words_of("a.b-c_D0123456x,queues=8,mac=fe:ff:ff:ff:ff:ff,mtu=65521"),
		       "vnic.net=a.b-c_D0123456x,mac=fe:ff:ff:ff:ff:ff,queues=8,mtu=65521");
	KTAP_CHECK_STR(words_of("vnet0,queues=007,mac=02:00:00:00:00:01"),
		       "vnic.net=vnet0,mac=02:00:00:00:00:01,queues=7");
	KTAP_CHECK_STR(words_of("none"), "vnic.net=none");
}

static void refuses_items(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "name is empty" },
		{ ",mac=02:00:00:00:00:01", "name is empty" },
		{ "a b", "bad character at \" b\"" },
		{ "a/b,mtu=1500", "bad character at \"/b\"" },
		{ "a;b", "bad character at \";b\"" },
		{ "a:b", "bad character at \":b\"" },
		{ "\"a\"", "bad character" },
		{ "a\xc3\xa4", "bad character" },
		{ "abcdefghijklmnop", "has 16 characters: expected at most 15" },
		{ ".", "not a name" },
		{ "..,mtu=1500", "not a name" },
		{ "none,mtu=1500", "none is no network" },
		{ "none,", "none is no network" },
		{ "lab,", "\"\" is not understood" },
		{ "lab,,mtu=1500", "\"\" is not understood" },
		{ "lab,mtu", "\"mtu\" is not understood" },
		{ "lab,mac", "\"mac\" is not understood" },
		{ "lab,MTU=1500", "\"MTU=1500\" is not understood" },
		{ "lab, mtu=1500", "\" mtu=1500\" is not understood" },
		{ "lab,vlan=2", "\"vlan=2\" is not understood" },
		{ "lab,=2", "\"=2\" is not understood" },
		{ "lab,mtu=1500,queues=2,mtu=1500", "mtu= is there twice" },
		{ "lab,queues=1,queues=2", "queues= is there twice" },
		{ "lab,mac=02:00:00:00:00:01,mac=02:00:00:00:00:02", "mac= is there twice" },
		{ "lab,mac=", "mac \"\" is not understood" },
		{ "lab,mac=02:00:00:00:00", "is not understood" },
		{ "lab,mac=02:00:00:00:00:0", "is not understood" },
		{ "lab,mac=02:00:00:00:00:001", "is not understood" },
		{ "lab,mac=02:00:00:00:00:01:", "is not understood" },
		{ "lab,mac=02-00-00-00-00-01", "is not understood" },
		{ "lab,mac=02:00:00:00:00:0g", "is not understood" },
		{ "lab,mac=g2:00:00:00:00:01", "is not understood" },
		{ "lab,mac=02:00:00:00:00; 1", "is not understood" },
		{ "lab,mac=0200.0000.0001:::", "is not understood" },
		{ "lab,mac=+2:00:00:00:00:01", "is not understood" },
		{ "lab,mac=01:00:00:00:00:01", "is of a group" },
		{ "lab,mac=ff:ff:ff:ff:ff:ff", "is of a group" },
		{ "lab,mac=00:00:00:00:00:00", "mac is zero" },
		{ "lab,queues=", "from 1 to 8" },
		{ "lab,queues=0", "from 1 to 8" },
		{ "lab,queues=9", "from 1 to 8" },
		{ "lab,queues=-1", "from 1 to 8" },
		{ "lab,queues=+1", "from 1 to 8" },
		{ "lab,queues=1x", "from 1 to 8" },
		{ "lab,queues=0x1", "from 1 to 8" },
		{ "lab,queues=:", "from 1 to 8" },
		{ "lab,queues=4294967297", "from 1 to 8" },
		{ "lab,queues=18446744073709551617", "from 1 to 8" },
		{ "lab,mtu=", "from 68 to 65521" },
		{ "lab,mtu=67", "from 68 to 65521" },
		{ "lab,mtu=65522", "from 68 to 65521" },
		{ "lab,mtu=1500.0", "from 68 to 65521" },
		{ "lab,mtu=99/", "from 68 to 65521" },
		{ "lab,mtu= 1500", "from 68 to 65521" },
		{ "lab,mtu=4294968796", "from 68 to 65521" },
	};
	char prefix[64];
	size_t i;

	for (i = 0; i < KTAP_NR(bad); i++) {
		begin();
		CONTAINS(ask(bad[i].text), bad[i].says);
		snprintf(prefix, sizeof(prefix), "--net=%.40s: ", bad[i].text);
		KTAP_CHECK(!strncmp(err.text, prefix, strlen(prefix)));
		if (!KTAP_CHECK_EQ(vnode_parse_net(bad[i].text, &nets, NULL), -EINVAL) ||
		    !KTAP_CHECK_EQ(nets.nr + nets.none, 0))
			ktap_note("  \"%s\"", bad[i].text);
	}
}

static void counts_networks(void)
{
	char name[16];
	int i;

	begin();
	for (i = 0; i < VNODE_NETS_MAX; i++) {
		snprintf(name, sizeof(name), "net%d", i);
		KTAP_CHECK_STR(ask(name), "");
	}
	CONTAINS(ask("net3,mtu=1500"), "--net=net3 is there twice");
	CONTAINS(ask("net8"), "--net=net8 is one too many: a vnode is on at most 8");
	CONTAINS(ask("none"), "leave out --net=net0, or none");
	KTAP_CHECK_EQ(nets.nr, VNODE_NETS_MAX);
	KTAP_CHECK(!nets.none);

	begin();
	KTAP_CHECK_STR(ask("none"), "");
	CONTAINS(ask("lab"), "leave out --net=lab, or none");
	CONTAINS(ask("none"), "--net=none is there twice");
	KTAP_CHECK_EQ(nets.nr, 0);
}

static void wants_what_root_has(void)
{
	begin();
	CONTAINS(words_of("lab"), "--net=lab: root has no network, the module vnic is not loaded");
	add_device("vnet0", "vnet0", "");
	KTAP_CHECK_STR(words_of("lab"),
		       "--net=lab: root has no network lab; ip link add lab type vnic makes it");
	/* a device may have another name than its network */
	add_device("uplink", "lab", "");
	CONTAINS(words_of("lab"), "vnic.net=lab,mac=");
	CONTAINS(words_of("uplink"), "root has no network uplink;");
	/* neither the beginning of a name nor more than it */
	CONTAINS(words_of("la"), "root has no network la;");
	CONTAINS(words_of("labs"), "root has no network labs;");
	write_file("/sys/class/net/odd/vnic/network", "odd\n");
	CONTAINS(words_of("odd"), "--net=odd: ");
	CONTAINS(err.text, "/sys/class/net/odd/vnic/members: No such file");

	/* no /sys there */
	KTAP_CHECK(!nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS));
	CONTAINS(words_of("lab"), "the module vnic is not loaded");
	KTAP_CHECK_STR(words_of("none"), "vnic.net=none");
}

static void checks_each_network(void)
{
	begin();
	add_device("vnet0", "vnet0", "");
	add_device("lab", "lab", "0 root 02:00:00:00:00:07\n");
	ask("vnet0,mac=02:00:00:00:00:01,mtu=9000");
	ask("lab,mac=02:00:00:00:00:02,queues=4");
	KTAP_CHECK_STR(append_of(ID, NULL),
		       "vnic.net=vnet0,mac=02:00:00:00:00:01,mtu=9000;lab,mac=02:00:00:00:00:02,queues=4");
	ask("third");
	CONTAINS(append_of(ID, NULL), "--net=third: root has no network third");
	memset(&nets, 0, sizeof(nets));
	ask("vnet0");
	ask("lab,mac=02:00:00:00:00:07");
	CONTAINS(append_of(ID, NULL), "--net=lab: mac 02:00:00:00:00:07 is that of root");
}

static void vnet0_if_nothing_is_asked(void)
{
	begin();
	KTAP_CHECK_STR(append_of(ID, "quiet"), "");
	add_device("lab", "lab", "");
	KTAP_CHECK_STR(append_of(ID, "quiet"), "");
	add_device("eth7", "vnet0", "0 root 02:00:00:00:00:07\n");
	KTAP_CHECK_STR(append_of(ID, NULL), "vnic.net=vnet0,mac=" MADE);
	KTAP_CHECK_STR(words_of("vnet0"), "vnic.net=vnet0,mac=" MADE);
	KTAP_CHECK_STR(words_of("none"), "vnic.net=none");
	/* its MAC is compared with those of members, too */
	memset(&nets, 0, sizeof(nets));
	add_device("eth7", "vnet0", "0 root 02:00:00:00:00:07\n5 db " MADE "\n");
	CONTAINS(append_of(ID, NULL), "mac " MADE " is that of db (id 5) there");
	CONTAINS(err.text, "give another with --net=vnet0,mac=");
}

static void mac_of(unsigned int id, const char *name, char mac[18])
{
	const char *at;

	memset(&nets, 0, sizeof(nets));
	ask(name);
	at = strstr(append_of(id, NULL), ",mac=");
	if (KTAP_CHECK(at && strlen(at) == strlen(",mac=") + 17))
		snprintf(mac, 18, "%s", at + strlen(",mac="));
	else
		*mac = '\0';
}

static void makes_macs(void)
{
	static char macs[255][18];
	char mac[18];
	unsigned int i, j, first;

	begin();
	add_device("vnet0", "vnet0", "");
	add_device("lab", "lab", "");
	for (i = 0; i < 255; i++) {
		mac_of(i + 1, "vnet0", macs[i]);
		KTAP_REQUIRE(sscanf(macs[i], "%2x:", &first) == 1);
		KTAP_CHECK_EQ(first & 3, 2);
		for (j = 0; j < i; j++)
			KTAP_CHECK(strcmp(macs[i], macs[j]));
	}
	KTAP_CHECK_STR(macs[ID - 1], MADE);
	mac_of(ID, "vnet0", mac);
	KTAP_CHECK_STR(mac, macs[ID - 1]);
	mac_of(ID, "lab", mac);
	KTAP_CHECK(strcmp(mac, macs[ID - 1]));
	write_file("/etc/machine-id", "fedcba9876543210fedcba9876543210\n");
	mac_of(ID, "vnet0", mac);
	KTAP_CHECK(strcmp(mac, macs[ID - 1]));
}

static void machine_without_an_id(void)
{
	static const char * const ids[] = { "", "\n", "uninitialized\n" };
	char path[64], mac[18];
	size_t i;

	for (i = 0; i < KTAP_NR(ids); i++) {
		begin();
		add_device("vnet0", "vnet0", "");
		add_device("lab", "lab", "");
		write_file("/etc/machine-id", ids[i]);
		mac_of(ID, "vnet0", mac);
		KTAP_CHECK_STR(mac, MADE_0);
	}
	snprintf(path, sizeof(path), "%s/etc/machine-id", root);
	KTAP_CHECK(!unlink(path));
	mac_of(ID, "vnet0", mac);
	KTAP_CHECK_STR(mac, MADE_0);
	write_file("/sys/class/dmi/id/product_uuid", UUID "\n");
	mac_of(255, "lab", mac);
	KTAP_CHECK_STR(mac, MADE_U);
	/* /etc/machine-id has precedence */
	write_file("/etc/machine-id", MACHINE);
	mac_of(ID, "vnet0", mac);
	KTAP_CHECK_STR(mac, MADE);
}

static void a_mac_is_of_one(void)
{
	begin();
	add_device("vnet0", "vnet0",
		   "0 root 02:00:00:00:00:07\n"
		   "\n"
		   "what is this\n"
		   "3 three\n"
		   "4 four 02:00:00:00:00\n"
		   "9 mine 02:00:00:00:00:09\n"
		   "10 ten 06:00:00:00:00:08\n"
		   "11 eleven 02:00:00:00:00:xx\n"
		   "12 a-name-of-thirty-one-characters 02:00:00:00:AB:CD\n");
	add_device("lab", "lab", "");
	KTAP_CHECK_STR(words_of("vnet0,mac=02:00:00:00:00:07"),
		       "--net=vnet0: mac 02:00:00:00:00:07 is that of root (id 0) there: give another with --net=vnet0,mac=");
	CONTAINS(words_of("vnet0,mac=02:00:00:00:ab:cd"),
		 "is that of a-name-of-thirty-one-characters (id 12) there");
	/* the vnode itself, not returned yet */
	KTAP_CHECK_STR(words_of("vnet0,mac=02:00:00:00:00:09"),
		       "vnic.net=vnet0,mac=02:00:00:00:00:09");
	KTAP_CHECK_STR(words_of("vnet0,mac=02:00:00:00:00:08"),
		       "vnic.net=vnet0,mac=02:00:00:00:00:08");
	/* on another network the MAC is free */
	KTAP_CHECK_STR(words_of("lab,mac=02:00:00:00:00:07"),
		       "vnic.net=lab,mac=02:00:00:00:00:07");

	memset(&nets, 0, sizeof(nets));
	ask("vnet0,mac=02:00:00:00:00:0a");
	ask("lab,mac=02:00:00:00:00:0A");
	KTAP_CHECK_STR(append_of(ID, NULL),
		       "--net=lab: mac 02:00:00:00:00:0a is that of --net=vnet0: give each its own");
	/* nor a MAC that is made */
	memset(&nets, 0, sizeof(nets));
	ask("vnet0");
	ask("lab,mac=" MADE);
	CONTAINS(append_of(ID, NULL), "--net=lab: mac " MADE " is that of --net=vnet0");
}

/* Claims keep a vnode's MACs from others before its devices exist */
static void claims_each_mac(void)
{
	struct vnode_claim claim[VNODE_CLAIMS_MAX];
	unsigned int i;

	begin();
	add_device("vnet0", "vnet0", "");
	add_device("uplink", "a.b-c_D0123456x", "");
	memset(claim, '#', sizeof(claim));
	ask("a.b-c_D0123456x,mac=02:00:00:00:AB:cd,queues=2");
	ask("vnet0");
	append_of(ID, NULL);
	vnode_net_claim(&made, claim);
	KTAP_CHECK_STR(claim[0].text, "a.b-c_D0123456x,02:00:00:00:ab:cd");
	KTAP_CHECK_STR(claim[1].text, "vnet0," MADE);
	for (i = 2; i < VNODE_CLAIMS_MAX; i++)
		KTAP_CHECK(!*claim[i].text && !claim[i].holder);

	memset(&err, 0, sizeof(err));
	claim[1].holder = 7;
	KTAP_CHECK_EQ(vnode_net_claimed(&made, claim, &err), -EADDRINUSE);
	KTAP_CHECK_STR(err.text, "--net=vnet0: mac " MADE
		       " is given to vnode 7 already: give another with --net=vnet0,mac=");
	claim[0].holder = 255;
	KTAP_CHECK_EQ(vnode_net_claimed(&made, claim, &err), -EADDRINUSE);
	CONTAINS(err.text, "--net=a.b-c_D0123456x: mac 02:00:00:00:ab:cd is given to vnode 255");

	/* the network that is there without --net */
	memset(&nets, 0, sizeof(nets));
	append_of(ID, NULL);
	vnode_net_claim(&made, claim);
	KTAP_CHECK_STR(claim[0].text, "vnet0," MADE);
	KTAP_CHECK_STR(claim[1].text, "");

	/* no network, or the user's own words */
	append_of(ID, "vnic.net=vnet0,mac=02:00:00:00:00:01");
	vnode_net_claim(&made, claim);
	KTAP_CHECK_STR(claim[0].text, "");
	ask("none");
	append_of(ID, NULL);
	vnode_net_claim(&made, claim);
	KTAP_CHECK_STR(claim[0].text, "");
}

static void goes_behind_append(void)
{
	begin();
	ask("none");
	KTAP_CHECK_STR(append_of(ID, NULL), "vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, ""), "vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, "  "), "vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, "quiet"), "quiet vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, "quiet "), "quiet vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, "a=\"b  c\" d"), "a=\"b  c\" d vnic.net=none");
	/* words behind "--" are for init */
	KTAP_CHECK_STR(append_of(ID, "quiet -- single"), "quiet vnic.net=none -- single");
	KTAP_CHECK_STR(append_of(ID, "-- single"), "vnic.net=none -- single");
	KTAP_CHECK_STR(append_of(ID, "quiet --"), "quiet vnic.net=none --");
	KTAP_CHECK_STR(append_of(ID, "--x a--"), "--x a-- vnic.net=none");
	KTAP_CHECK_STR(append_of(ID, "a=\"b -- c\" d"), "a=\"b -- c\" d vnic.net=none");
	/* an open quote extends to the end */
	KTAP_CHECK_STR(append_of(ID, "quiet a=\"b c"), "quiet vnic.net=none a=\"b c");
}

static void the_users_own_wins(void)
{
	static const char * const own[] = {
		"vnic.net=lab", "quiet vnic.net=lab", "vnic.net=none quiet", "\"vnic.net=lab\"",
		"quiet \"vnic.net=lab\" x", "a=\"b c\"\tvnic.net=", "quiet -- vnic.net=lab",
	};
	static const char * const other[] = {
		"xvnic.net=lab", "vnic.network=x", "vnic.ne", "a=vnic.net=lab",
		"a=\"b vnic.net=lab\"", "vnic.net",
	};
	size_t i;

	begin();
	add_device("vnet0", "vnet0", "");
	for (i = 0; i < KTAP_NR(own); i++) {
		memset(&nets, 0, sizeof(nets));
		KTAP_CHECK_STR(append_of(ID, own[i]), "");
		ask("vnet0");
		CONTAINS(append_of(ID, own[i]), "--net and vnic.net= in --append: give one");
		memset(&nets, 0, sizeof(nets));
		ask("none");
		CONTAINS(append_of(ID, own[i]), "--net and vnic.net= in --append: give one");
	}
	for (i = 0; i < KTAP_NR(other); i++)
		CONTAINS(append_of(ID, other[i]), " vnic.net=none");
}

static void has_room(void)
{
	static const char vnic[] = " vnic.net=none";
	const size_t room = VNODE_APPEND_MAX - (sizeof(vnic) - 1);
	static char append[100001];

	begin();
	ask("none");
	memset(append, 'x', room);
	KTAP_CHECK_EQ(strlen(append_of(ID, append)), VNODE_APPEND_MAX);
	KTAP_CHECK(!memcmp(words, append, room) && !strcmp(words + room, vnic));
	append[room] = 'x';
	KTAP_CHECK_STR(append_of(ID, append),
		       "--append: 1778 characters are too many, at most 1777 beside the 14 of vnic.net=");
	memset(append, 'x', sizeof(append) - 1);
	CONTAINS(append_of(ID, append), "--append: 100000 characters are too many, at most 1777");
}

/* The longest of all items, eight times */
static void has_room_for_all(void)
{
	const char *tail = ",mac=02:00:00:00:00:07,queues=8,mtu=65521";
	char name[VNIC_NETWORK_MAX], item[64], expected[1024] = "vnic.net=";
	int i;

	begin();
	for (i = 0; i < VNODE_NETS_MAX; i++) {
		snprintf(name, sizeof(name), "network_number%d", i);
		add_device(name, name, "");
		snprintf(item, sizeof(item), "%s%s", name, tail);
		item[strlen(name) + strlen(",mac=02:00:00:00:00:07") - 1] = '0' + i;
		KTAP_CHECK_STR(ask(item), "");
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s%s",
			 i ? ";" : "", item);
	}
	KTAP_CHECK_STR(append_of(ID, NULL), expected);
}

static const struct ktap_test tests[] = {
	{ "valid networks are accepted", takes_items },
	{ "malformed networks are refused", refuses_items },
	{ "each name once, eight at most, none alone", counts_networks },
	{ "root must have the network", wants_what_root_has },
	{ "each of several networks is checked", checks_each_network },
	{ "vnet0 without --net, if root has it", vnet0_if_nothing_is_asked },
	{ "a MAC is made, always the same", makes_macs },
	{ "a MAC is made on a machine without an id", machine_without_an_id },
	{ "a MAC of another member is refused", a_mac_is_of_one },
	{ "each MAC is claimed", claims_each_mac },
	{ "the parameter follows --append, in front of words for init", goes_behind_append },
	{ "vnic.net= in --append has precedence", the_users_own_wins },
	{ "a command line that is too long is refused", has_room },
	{ "the longest networks fit", has_room_for_all },
};

int main(void)
{
	int ret;

	snprintf(root, sizeof(root), "/tmp/net-test.XXXXXX");
	if (!mkdtemp(root))
		return 1;
	ret = ktap_run(tests, KTAP_NR(tests));
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(root);
	return ret;
}
