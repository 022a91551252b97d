// SPDX-License-Identifier: GPL-2.0-only
/*
 * qstats IFINDEX: the counters of each queue of a device, as the driver reports them, a line each:
 * "rx|tx NUMBER PACKETS BYTES". The family is "netdev" of generic netlink, as in
 * linux/netdev.h of Linux 6.10.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#define QSTATS_GET		12	/* a command, */
#define QSTATS_IFINDEX		1	/* and its attributes */
#define QSTATS_QUEUE_TYPE	2
#define QSTATS_QUEUE_ID		3
#define QSTATS_SCOPE		4
#define QSTATS_RX_PACKETS	8
#define QSTATS_RX_BYTES		9
#define QSTATS_TX_PACKETS	10
#define QSTATS_TX_BYTES		11
#define QSTATS_MAX		11
#define SCOPE_QUEUE		1

struct message {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[256];
};

static union {
	struct nlmsghdr head;
	char bytes[65536];
} answer;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "qstats: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(struct message *message, unsigned short type, const void *value, size_t len)
{
	struct nlattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((char *)attr + NLA_HDRLEN, value, len);
	message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

static void begin(struct message *message, unsigned short family, unsigned short flags,
		  unsigned char command)
{
	*message = (struct message) {
		.head = { .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = family,
			  .nlmsg_flags = NLM_F_REQUEST | flags },
		.genl = { .cmd = command, .version = 1 },
	};
}

/* Attributes of a message, by type. */
static void parse(const struct nlmsghdr *head, const struct nlattr **found, unsigned int max)
{
	const char *at = (const char *)NLMSG_DATA(head) + GENL_HDRLEN;
	const char *end = (const char *)head + head->nlmsg_len;
	const struct nlattr *attr;

	memset(found, 0, (max + 1) * sizeof(*found));
	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attr->nla_len)) {
		attr = (const void *)at;
		if (attr->nla_len < NLA_HDRLEN)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) <= max)
			found[attr->nla_type & NLA_TYPE_MASK] = attr;
	}
}

/* Numbers have 4 or 8 bytes there. */
static uint64_t number(const struct nlattr *attr)
{
	uint32_t small;
	uint64_t value = 0;

	if (!attr)
		return 0;
	if (attr->nla_len >= NLA_HDRLEN + sizeof(value)) {
		memcpy(&value, (const char *)attr + NLA_HDRLEN, sizeof(value));
		return value;
	}
	memcpy(&small, (const char *)attr + NLA_HDRLEN, sizeof(small));
	return small;
}

static int receive(int fd)
{
	ssize_t len = recv(fd, &answer, sizeof(answer), 0);

	if (len < 0)
		fail("recv");
	return len;
}

static int error_of(const struct nlmsghdr *head)
{
	return head->nlmsg_type == NLMSG_ERROR ? -((struct nlmsgerr *)NLMSG_DATA(head))->error : 0;
}

static unsigned short find_family(int fd, const char *name)
{
	const struct nlattr *found[CTRL_ATTR_FAMILY_ID + 1];
	struct message message;
	unsigned short family;

	begin(&message, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	add(&message, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (send(fd, &message, message.head.nlmsg_len, 0) < 0)
		fail("send");
	receive(fd);
	errno = error_of(&answer.head);
	if (errno)
		fail(name);
	parse(&answer.head, found, CTRL_ATTR_FAMILY_ID);
	if (!found[CTRL_ATTR_FAMILY_ID])
		fail(name);
	memcpy(&family, (const char *)found[CTRL_ATTR_FAMILY_ID] + NLA_HDRLEN, sizeof(family));
	return family;
}

static void show(const struct nlmsghdr *head)
{
	const struct nlattr *found[QSTATS_MAX + 1];
	int tx;

	parse(head, found, QSTATS_MAX);
	tx = number(found[QSTATS_QUEUE_TYPE]) == 1;
	printf("%s %llu %llu %llu\n", tx ? "tx" : "rx",
	       (unsigned long long)number(found[QSTATS_QUEUE_ID]),
	       (unsigned long long)number(found[tx ? QSTATS_TX_PACKETS : QSTATS_RX_PACKETS]),
	       (unsigned long long)number(found[tx ? QSTATS_TX_BYTES : QSTATS_RX_BYTES]));
}

/* Return: true if more messages follow. */
static int show_all(int len)
{
	struct nlmsghdr *head = &answer.head;

	for (; NLMSG_OK(head, (unsigned int)len); head = NLMSG_NEXT(head, len)) {
		errno = error_of(head);
		if (errno)
			fail("statistics of queues");
		if (head->nlmsg_type == NLMSG_DONE) {
			errno = -*(int *)NLMSG_DATA(head);
			if (errno)
				fail("statistics of queues");
			return 0;
		}
		show(head);
	}
	return 1;
}

int main(int argc, char **argv)
{
	uint32_t ifindex = argc == 2 ? atoi(argv[1]) : 0, scope = SCOPE_QUEUE;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct message message;

	if (fd < 0)
		fail("socket");
	begin(&message, find_family(fd, "netdev"), NLM_F_DUMP, QSTATS_GET);
	add(&message, QSTATS_IFINDEX, &ifindex, sizeof(ifindex));
	add(&message, QSTATS_SCOPE, &scope, sizeof(scope));
	if (send(fd, &message, message.head.nlmsg_len, 0) < 0)
		fail("send");
	while (show_all(receive(fd)))
		;
	close(fd);
	return 0;
}
