// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP programs for tests, a section each. They act on UDP over IPv4 without options to
 * PORT, and pass all other frames.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#define PORT		7777

#define SECTION(name)	__attribute__((section(name), used))
#define htons(value)	__builtin_bswap16(value)

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

/* Return: 0 if the frame is not for these programs */
static __always_inline struct frame *find(struct xdp_md *xdp)
{
	struct frame *frame = (void *)(long)xdp->data;

	if ((void *)(frame + 1) > (void *)(long)xdp->data_end ||
	    frame->eth.h_proto != htons(ETH_P_IP) || frame->ip.version != 4 || frame->ip.ihl != 5 ||
	    frame->ip.protocol != IPPROTO_UDP || frame->udp.dest != htons(PORT))
		return 0;
	return frame;
}

SECTION("pass") int xdp_pass(struct xdp_md *xdp)
{
	return XDP_PASS;
}

SECTION("drop") int xdp_drop(struct xdp_md *xdp)
{
	return find(xdp) ? XDP_DROP : XDP_PASS;
}

/* Back to the sender; checksums do not change. */
SECTION("tx") int xdp_tx(struct xdp_md *xdp)
{
	struct frame *frame = find(xdp);
	unsigned char mac[ETH_ALEN];
	__be32 address;
	__be16 port;

	if (!frame)
		return XDP_PASS;
	__builtin_memcpy(mac, frame->eth.h_dest, ETH_ALEN);
	__builtin_memcpy(frame->eth.h_dest, frame->eth.h_source, ETH_ALEN);
	__builtin_memcpy(frame->eth.h_source, mac, ETH_ALEN);
	address = frame->ip.saddr;
	frame->ip.saddr = frame->ip.daddr;
	frame->ip.daddr = address;
	port = frame->udp.source;
	frame->udp.source = frame->udp.dest;
	frame->udp.dest = port;
	return XDP_TX;
}

char gpl[] SECTION("license") = "GPL";
