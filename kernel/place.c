// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies an image into a vnode's memory. Every number comes from user space and is
 * compared with what the vnode was lent before a byte is written.
 *
 * For restarts, root's memory keeps a copy of the image, taken from user space once; each
 * start then copies from there.
 */
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/tsc.h>
#include <vnode/layout.h>

#include "kmb.h"

/**
 * struct kmb_image - the segments of an image
 * @nr: number of segments
 * @segment: their places, checked
 * @kept: root's copy of each; NULL if its bytes are in user space, or it has none
 */
struct kmb_image {
	unsigned int nr;
	struct vnode_segment *segment;
	void *kept[VNODE_SEGMENTS_MAX];
};

static bool range_holds(u64 base, u64 base_size, u64 start, u64 size)
{
	return start >= base && size <= base_size && start - base <= base_size - size;
}

static bool in_region(const struct kmb_node *node, u64 start, u64 size)
{
	return range_holds(node->slot.region->pa, node->slot.region->size,
			   start, size);
}

/* Where a range below 640 KiB is mapped; NULL if the vnode was not lent it. */
static void *low_range(const struct kmb_node *node, u64 start, u64 size)
{
	if (range_holds(node->low_pa, KMB_LOW_SIZE, start, size))
		return node->low_va + (start - node->low_pa);
	if (range_holds(node->page_pa, PAGE_SIZE, start, size))
		return node->page_va + (start - node->page_pa);
	return NULL;
}

static bool in_node(const struct kmb_node *node, u64 start, u64 size)
{
	return in_region(node, start, size) || low_range(node, start, size);
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
	    !in_region(node, load->control, VNODE_CONTROL_SIZE) ||
	    (load->seed && !in_region(node, load->seed, VNODE_SEED_SIZE)))
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

static int place_low(void *va, const struct vnode_segment *segment, const void *kept)
{
	memset(va, 0, segment->memsz);
	if (kept)
		memcpy(va, kept, segment->bufsz);
	else if (copy_from_user(va, u64_to_user_ptr(segment->buf), segment->bufsz))
		return -EFAULT;
	return 0;
}

/* From @kept; if that is NULL, from user space. */
static int place_segment(const struct kmb_node *node, const struct vnode_segment *segment,
			 const void *kept)
{
	u64 offset = segment->mem - node->slot.region->pa;
	void *low = low_range(node, segment->mem, segment->memsz);
	int err;

	if (low)
		return place_low(low, segment, kept);
	if (kept)
		err = adeos_region_put(node->slot.region, offset, kept, segment->bufsz);
	else if (segment->bufsz)
		err = adeos_region_write(node->slot.region, offset, u64_to_user_ptr(segment->buf),
					 segment->bufsz);
	else
		err = 0;
	if (err)
		return err;
	return adeos_region_zero(node->slot.region, offset + segment->bufsz,
				 segment->memsz - segment->bufsz);
}

static int place_image(const struct kmb_node *node, const struct kmb_image *image)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < image->nr && !err; i++)
		err = place_segment(node, &image->segment[i], image->kept[i]);
	return err;
}

/* LOAD fails rather than leave root short of memory. */
static void *keep_segment(const struct vnode_segment *segment)
{
	void *kept;
	int err;

	if (segment->bufsz > adeos_memory_available())
		return ERR_PTR(-ENOMEM);
	kept = __vmalloc(segment->bufsz, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!kept)
		return ERR_PTR(fatal_signal_pending(current) ? -EINTR : -ENOMEM);
	err = adeos_copy_user(kept, u64_to_user_ptr(segment->buf), segment->bufsz);
	if (err) {
		vfree(kept);
		return ERR_PTR(err);
	}
	return kept;
}

static int image_keep(struct kmb_image *image)
{
	unsigned int i;
	void *kept;

	for (i = 0; i < image->nr; i++) {
		if (!image->segment[i].bufsz)
			continue;
		kept = keep_segment(&image->segment[i]);
		if (IS_ERR(kept))
			return PTR_ERR(kept);
		image->kept[i] = kept;
	}
	return 0;
}

void kmb_image_destroy(struct kmb_image *image)
{
	unsigned int i;

	if (!image)
		return;
	for (i = 0; i < image->nr; i++)
		vfree(image->kept[i]);
	kfree(image->segment);
	kfree(image);
}

/* The places of the segments, checked; their bytes are not copied yet. */
static struct kmb_image *image_create(const struct kmb_node *node, const struct vnode_load *load)
{
	struct kmb_image *image;
	int err;

	image = kzalloc(sizeof(*image), GFP_KERNEL);
	if (!image)
		return ERR_PTR(-ENOMEM);
	image->segment = memdup_array_user(u64_to_user_ptr(load->segments), load->nr_segments,
					   sizeof(*image->segment));
	if (IS_ERR(image->segment)) {
		err = PTR_ERR(image->segment);
		kfree(image);
		return ERR_PTR(err);
	}
	image->nr = load->nr_segments;
	err = check_segments(node, image->segment, image->nr);
	if (err) {
		kmb_image_destroy(image);
		return ERR_PTR(err);
	}
	return image;
}

/**
 * kmb_place - copy the segments of an image to their places
 * @node: a granted vnode, locked; @image is set if it is to be restarted
 * @load: as LOAD got it; flags and reserved fields are checked
 *
 * Return: 0 or as LOAD documents. After -EFAULT, -EINTR and -ENOMEM some of the
 * segments may have been written; another LOAD may follow.
 */
int kmb_place(struct kmb_node *node, const struct vnode_load *load)
{
	bool keep = load->flags & (VNODE_LOAD_RESTART | VNODE_LOAD_REBOOT);
	struct kmb_image *image;
	int err;

	lockdep_assert_held(&node->lock);
	if (!load->nr_segments || load->nr_segments > VNODE_SEGMENTS_MAX)
		return -EINVAL;
	err = check_entry(node, load);
	if (err)
		return err;
	image = image_create(node, load);
	if (IS_ERR(image))
		return PTR_ERR(image);
	if (keep)
		err = image_keep(image);
	if (!err)
		err = place_image(node, image);
	if (err || !keep)
		kmb_image_destroy(image);
	else
		node->image = image;
	return err;
}

/**
 * kmb_place_again - place the image again for a restart
 * @node: a vnode with an image, locked; its CPUs are at rest
 *
 * With VNODE_LOAD_FIXED all other memory keeps what the former kernel left there. A
 * VMCOREINFO note among it describes the new kernel as well, which has the same symbols at
 * the same addresses; the log ring it leads to is in the image, so it is empty again.
 *
 * Return: 0, or a negative errno of adeos-lite; then nothing may be started in it.
 */
int kmb_place_again(struct kmb_node *node)
{
	u64 begin = rdtsc_ordered();
	int err;

	lockdep_assert_held(&node->lock);
	memset(node->low_va, 0, KMB_LOW_SIZE);
	memset(node->page_va, 0, PAGE_SIZE);
	err = node->load.flags & VNODE_LOAD_FIXED ? 0 :
	      adeos_region_zero(node->slot.region, 0, node->slot.region->size);
	if (err)
		return err;
	node->phase[VNODE_PHASE_SCRUB] = rdtsc_ordered() - begin;

	begin = rdtsc_ordered();
	err = place_image(node, node->image);
	node->phase[VNODE_PHASE_LOAD] = rdtsc_ordered() - begin;
	return err;
}

/**
 * kmb_place_seed - give the kernel that is about to start random bytes of its own
 * @node: a vnode with an image in place, locked; its CPUs are at rest
 *
 * Return: 0, or a negative errno of adeos-lite; then nothing may be started in it.
 */
int kmb_place_seed(struct kmb_node *node)
{
	u8 seed[VNODE_SEED_SIZE];
	int err;

	if (!node->load.seed)
		return 0;
	get_random_bytes(seed, sizeof(seed));
	err = adeos_region_put(node->slot.region, node->load.seed - node->slot.region->pa, seed,
			       sizeof(seed));
	memzero_explicit(seed, sizeof(seed));
	return err;
}
