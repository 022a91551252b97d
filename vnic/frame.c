// SPDX-License-Identifier: GPL-2.0-only
/* The description of a frame: where in our memory receivers find its bytes. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

#include "vnic.h"

/**
 * struct pieces - a description that is being written
 * @piece: in the bridge, which is only written: its memory is shared
 * @nr: pieces so far
 * @end: physical address behind the last piece
 * @len: of the last piece
 */
struct pieces {
	struct vnic_piece *piece;
	u32 nr;
	u64 end;
	u32 len;
};

/* Return: false: too many pieces. */
static bool piece_add(struct pieces *pieces, u64 pa, u32 len)
{
	if (!len)
		return true;
	if (!pieces->nr || pa != pieces->end) {
		if (pieces->nr == VNIC_PIECES)
			return false;
		pieces->piece[pieces->nr++].pa = cpu_to_le64(pa);
		pieces->len = 0;
	}
	pieces->len += len;
	pieces->end = pa + len;
	pieces->piece[pieces->nr - 1].len = cpu_to_le32(pieces->len);
	return true;
}

/* The bytes of the skb itself, without those of its frag_list. */
static bool pieces_add(struct pieces *pieces, const struct sk_buff *skb)
{
	const skb_frag_t *frag;
	int i;

	if (is_vmalloc_addr(skb->data) ||
	    !piece_add(pieces, virt_to_phys(skb->data), skb_headlen(skb)))
		return false;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag = &skb_shinfo(skb)->frags[i];
		if (!piece_add(pieces, page_to_phys(skb_frag_page(frag)) + skb_frag_off(frag),
			       skb_frag_size(frag)))
			return false;
	}
	return true;
}

/* Return: false: too many pieces, or bytes that have no fixed physical address. */
static bool pieces_add_all(struct pieces *pieces, const struct sk_buff *skb)
{
	const struct sk_buff *iter;

	pieces->nr = 0;
	if (!pieces_add(pieces, skb))
		return false;
	skb_walk_frags(skb, iter)
		if (!pieces_add(pieces, iter))
			return false;
	return true;
}

/**
 * vnic_frame_write - describe a frame
 * @frame: in the bridge
 * @skb: stays in place until all receivers have copied it; may be linearized
 *
 * Return: false: its offload cannot be described; or it has too many pieces, and there is
 * no memory to linearize it.
 */
bool vnic_frame_write(struct vnic_frame *frame, struct sk_buff *skb)
{
	struct pieces pieces = { .piece = frame->piece };
	struct virtio_net_hdr offload;

	if (vnic_offload_get(skb, &offload))
		return false;
	if (!pieces_add_all(&pieces, skb) && (skb_linearize(skb) || !pieces_add_all(&pieces, skb)))
		return false;
	frame->len = cpu_to_le32(skb->len);
	frame->pieces = cpu_to_le32(pieces.nr);
	frame->offload = offload;
	return true;
}
