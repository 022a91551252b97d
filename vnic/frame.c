// SPDX-License-Identifier: GPL-2.0-only
/* What frames are made of: where in our memory others find them. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

#include "vnic.h"

/**
 * struct pieces - of a frame that is being described
 * @piece: of the frame; others can write there, so it is not read
 * @nr: how many there are
 * @end: physical address behind the last one
 * @len: of the last one
 */
struct pieces {
	struct vnic_piece *piece;
	u32 nr;
	u64 end;
	u32 len;
};

/* Return: is there a place for it? */
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

/* Its own bytes, without those of others behind it. */
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

/**
 * vnic_frame_skb - describe what an skb is made of
 * @frame: its pieces are written
 * @skb: stays as it is, as long as others may read it
 *
 * Return: how many pieces; 0 if they are too many, or not all of it is where others can
 * read.
 */
u32 vnic_frame_skb(struct vnic_frame *frame, const struct sk_buff *skb)
{
	struct pieces pieces = { .piece = frame->piece };
	const struct sk_buff *iter;

	if (!pieces_add(&pieces, skb))
		return 0;
	skb_walk_frags(skb, iter)
		if (!pieces_add(&pieces, iter))
			return 0;
	return pieces.nr;
}

/* The same for a frame of an XDP program, which is in one piece. */
u32 vnic_frame_xdp(struct vnic_frame *frame, const struct xdp_frame *xdp)
{
	struct pieces pieces = { .piece = frame->piece };

	piece_add(&pieces, virt_to_phys(xdp->data), xdp->len);
	return pieces.nr;
}
