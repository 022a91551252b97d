// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checksums and segments that a frame leaves to its receiver, between an skb and the
 * bridge. The format is virtio's, and Linux's own functions check it. UDP GSO is done here
 * for all kernels: 6.1 has no code for it in virtio, and kernels that have one differ in
 * how many segments they accept.
 */
#include <linux/udp.h>

#include "vnic.h"

#define UDP_SEGMENTS	128	/* of a frame: the most that any kernel sends */

static bool is_udp(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
}

static int get_udp(const struct sk_buff *skb, struct virtio_net_hdr *offload)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL || skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST)
		return -EINVAL;
	*offload = (struct virtio_net_hdr) {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VNIC_GSO_UDP,
		.hdr_len = __cpu_to_virtio16(true, skb_headlen(skb)),
		.gso_size = __cpu_to_virtio16(true, skb_shinfo(skb)->gso_size),
		.csum_start = __cpu_to_virtio16(true, skb_checksum_start_offset(skb)),
		.csum_offset = __cpu_to_virtio16(true, skb->csum_offset),
	};
	return 0;
}

/* Return: 0; an error if virtio has no code for it. */
int vnic_offload_get(const struct sk_buff *skb, struct virtio_net_hdr *offload)
{
	return is_udp(skb) ? get_udp(skb, offload) :
			     virtio_net_hdr_from_skb(skb, offload, true, true, 0);
}

static int set_udp(struct sk_buff *skb, const struct virtio_net_hdr *offload)
{
	u32 size = __virtio16_to_cpu(true, offload->gso_size), head;
	struct virtio_net_hdr checksum = *offload;
	int err;

	/* each segment has a checksum, so the frame must leave its own open */
	if (!(offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !size || size == GSO_BY_FRAGS)
		return -EINVAL;
	checksum.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	err = virtio_net_hdr_to_skb(skb, &checksum, true);
	if (err)
		return err;
	head = skb_transport_offset(skb) + sizeof(struct udphdr);
	if (skb_transport_offset(skb) < ETH_HLEN + (int)sizeof(struct iphdr) ||
	    skb->csum_offset != offsetof(struct udphdr, check) || !pskb_may_pull(skb, head) ||
	    skb->len - head > size * UDP_SEGMENTS)
		return -EINVAL;
	/* one segment: no GSO */
	if (skb->len - head <= size)
		return 0;
	skb_shinfo(skb)->gso_size = size;
	/* SKB_GSO_DODGY: Linux checks the headers, and counts the segments */
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_DODGY;
	skb_shinfo(skb)->gso_segs = 0;
	return 0;
}

/* @skb begins with its Ethernet header. Return: 0; an error if @offload makes no sense. */
int vnic_offload_set(struct sk_buff *skb, const struct virtio_net_hdr *offload)
{
	if (offload->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return offload->gso_type == VNIC_GSO_UDP ? set_udp(skb, offload) :
						   virtio_net_hdr_to_skb(skb, offload, true);
}
