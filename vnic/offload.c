// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a frame is left open, its checksum and its segments, between an skb and what
 * lies in a bridge. It is as virtio has it, and Linux's own checks of that decide; but
 * UDP GSO is done here for all kernels: 6.1 has no word for it in virtio, and those that
 * have one differ in how many segments they take.
 */
#include <linux/udp.h>

#include "vnic.h"

#define UDP_SEGMENTS	128	/* of one frame: as many as any kernel sends */

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

/* Return: 0; an error if it cannot be said */
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

	/* its segments have checksums of their own: it must have been left open */
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
	/* what fits into one segment is none */
	if (skb->len - head <= size)
		return 0;
	skb_shinfo(skb)->gso_size = size;
	/* Linux looks at its headers, and counts */
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_DODGY;
	skb_shinfo(skb)->gso_segs = 0;
	return 0;
}

/* @skb begins with its Ethernet header. Return: 0; an error if it makes no sense */
int vnic_offload_set(struct sk_buff *skb, const struct virtio_net_hdr *offload)
{
	if (offload->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return offload->gso_type == VNIC_GSO_UDP ? set_udp(skb, offload) :
						   virtio_net_hdr_to_skb(skb, offload, true);
}
