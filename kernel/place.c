// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image into a vnode's memory. Every number comes from user space: it is
 * compared with what the vnode was lent before a byte is written.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <vnode/adeos.h>
#include <vnode/layout.h>

#include "kmb.h"

static bool range_holds(u64 base, u64 base_size, u64 start, u64 size)
{
	return start >= base && size <= base_size && start - base <= base_size - size;
}

static bool in_region(const struct kmb_node *node, u64 start, u64 size)
{
	return range_holds(adeos_region_pa(node->region), adeos_region_size(node->region),
			   start, size);
}

static bool in_low(const struct kmb_node *node, u64 start, u64 size)
{
	return range_holds(node->low_pa, KMB_LOW_SIZE, start, size);
}

static bool in_page(const struct kmb_node *node, u64 start, u64 size)
{
	return range_holds(node->page_pa, PAGE_SIZE, start, size);
}

static bool in_node(const struct kmb_node *node, u64 start, u64 size)
{
	return in_region(node, start, size) || in_low(node, start, size) ||
	       in_page(node, start, size);
}

static int check_entry(const struct kmb_node *node, const struct vnode_load *load)
{
	bool is_64 = load->entry_mode == 64;

	if (!is_64 && (load->entry_mode != 32 || load->cr3))
		return -EINVAL;
	if (!IS_ALIGNED(load->cr3, PAGE_SIZE) || !IS_ALIGNED(load->control, VNODE_PAGE))
		return -EINVAL;
	if (!is_64 && (load->entry > U32_MAX || load->boot_params > U32_MAX))
		return -EADDRNOTAVAIL;
	if (is_64 && (load->cr3 > U32_MAX || !in_node(node, load->cr3, PAGE_SIZE)))
		return -EADDRNOTAVAIL;
	if (!in_region(node, load->entry, 1) || !in_node(node, load->boot_params, PAGE_SIZE) ||
	    !in_region(node, load->control, VNODE_CONTROL_SIZE))
		return -EADDRNOTAVAIL;
	return 0;
}

static int check_segment(const struct kmb_node *node, const struct vnode_segment *segment)
{
	if (segment->bufsz > segment->memsz || !segment->memsz)
		return -EINVAL;
	if (!in_node(node, segment->mem, segment->memsz))
		return -EADDRNOTAVAIL;
	return 0;
}

static bool segments_overlap(const struct vnode_segment *a, const struct vnode_segment *b)
{
	return a->mem < b->mem + b->memsz && b->mem < a->mem + a->memsz;
}

static int check_segments(const struct kmb_node *node, const struct vnode_segment *segment,
			  unsigned int nr)
{
	unsigned int i, k;
	int err;

	for (i = 0; i < nr; i++) {
		err = check_segment(node, &segment[i]);
		if (err)
			return err;
		for (k = 0; k < i; k++)
			if (segments_overlap(&segment[i], &segment[k]))
				return -EINVAL;
	}
	return 0;
}

static int place_low(void *va, const struct vnode_segment *segment)
{
	memset(va, 0, segment->memsz);
	return copy_from_user(va, u64_to_user_ptr(segment->buf), segment->bufsz) ? -EFAULT : 0;
}

static int place_segment(const struct kmb_node *node, const struct vnode_segment *segment)
{
	u64 offset = segment->mem - adeos_region_pa(node->region);
	int err;

	if (in_low(node, segment->mem, segment->memsz))
		return place_low(node->low_va + (segment->mem - node->low_pa), segment);
	if (in_page(node, segment->mem, segment->memsz))
		return place_low(node->page_va + (segment->mem - node->page_pa), segment);
	err = adeos_region_write(node->region, offset, u64_to_user_ptr(segment->buf),
				 segment->bufsz);
	if (err)
		return err;
	return adeos_region_zero(node->region, offset + segment->bufsz,
				 segment->memsz - segment->bufsz);
}

/**
 * kmb_place - copy an image's segments to where they belong
 * @node: a granted vnode, locked
 * @load: as LOAD got it; its reserved fields are checked
 *
 * Return: 0 or as LOAD documents. After -EFAULT and -EINTR some of the segments
 * may have been written; the vnode is as good as before for another LOAD.
 */
int kmb_place(struct kmb_node *node, const struct vnode_load *load)
{
	struct vnode_segment *segment;
	unsigned int i;
	int err;

	lockdep_assert_held(&node->lock);
	if (!load->nr_segments || load->nr_segments > VNODE_SEGMENTS_MAX)
		return -EINVAL;
	err = check_entry(node, load);
	if (err)
		return err;

	segment = memdup_array_user(u64_to_user_ptr(load->segments), load->nr_segments,
				    sizeof(*segment));
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	err = check_segments(node, segment, load->nr_segments);
	for (i = 0; i < load->nr_segments && !err; i++)
		err = place_segment(node, &segment[i]);
	kfree(segment);
	return err;
}
