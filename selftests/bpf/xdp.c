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
#define FROM_VNIC	77	/* the interface to which "out" sends, */
#define TO_VNIC		78	/* and "in" */
#define FAR		{ 2, 0, 0, 0, 0, 77 }	/* address behind FROM_VNIC */

#define SECTION(name)	__attribute__((section(name), used))
#define htons(value)	__builtin_bswap16(value)

static long (*redirect)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;
static long (*adjust_head)(struct xdp_md *xdp, int delta) = (void *)BPF_FUNC_xdp_adjust_head;

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

SECTION("aborted") int xdp_aborted(struct xdp_md *xdp)
{
	return find(xdp) ? XDP_ABORTED : XDP_PASS;
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

SECTION("out") int xdp_out(struct xdp_md *xdp)
{
	const unsigned char far[ETH_ALEN] = FAR;
	struct frame *frame = find(xdp);

	if (!frame)
		return XDP_PASS;
	__builtin_memcpy(frame->eth.h_dest, far, ETH_ALEN);
	return redirect(FROM_VNIC, 0);
}

SECTION("in") int xdp_in(struct xdp_md *xdp)
{
	return find(xdp) ? redirect(TO_VNIC, 0) : XDP_PASS;
}

/* Moves the head of the frame: Linux must get the changed frame. */
SECTION("untag") int xdp_untag(struct xdp_md *xdp)
{
	unsigned char *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	unsigned char macs[2 * ETH_ALEN];

	if (data + ETH_HLEN + 4 > end || data[12] != 0x81 || data[13])
		return XDP_PASS;
	__builtin_memcpy(macs, data, sizeof(macs));
	if (adjust_head(xdp, 4))
		return XDP_ABORTED;
	data = (void *)(long)xdp->data;
	end = (void *)(long)xdp->data_end;
	if (data + sizeof(macs) > end)
		return XDP_ABORTED;
	__builtin_memcpy(data, macs, sizeof(macs));
	return XDP_PASS;
}

char gpl[] SECTION("license") = "GPL";
