// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a bridge, behind its words: vrings, and slots through which data is
 * bounced. A DMA address of the device is an offset in its bridge, so the device's side
 * never sees anything else of this kernel. What is mapped where is kept in private memory.
 */
#include <linux/dma-map-ops.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "vvirtio.h"

static u32 units_of(u32 len)
{
	return max(DIV_ROUND_UP(len, VVIRTIO_UNIT), 1U);
}

/* Back ends read and write whole pages best where they begin at a page. */
static u32 align_mask(u32 len)
{
	return len >= PAGE_SIZE ? PAGE_SIZE / VVIRTIO_UNIT - 1 : 0;
}

static u32 run_find(const struct vvirtio_memory *memory, u32 from, u32 len)
{
	return bitmap_find_next_zero_area(memory->taken, memory->units, from, units_of(len),
					  align_mask(len));
}

/*
 * Small runs fill holes from the beginning on. Large ones go round, so that the search
 * does not begin with all that is in flight.
 */
static u32 run_search(struct vvirtio_memory *memory, u32 len)
{
	u32 at, from = len < PAGE_SIZE ? 0 : memory->hint;

	at = run_find(memory, from, len);
	if (at >= memory->units && from)
		at = run_find(memory, 0, len);
	return at;
}

/**
 * vvirtio_memory_get - take a run of memory
 * @memory: of a device
 * @len: bytes
 *
 * Context: any but hard interrupts on RT.
 * Return: its offset in the bridge; 0: no run of that length is free.
 */
u32 vvirtio_memory_get(struct vvirtio_memory *memory, u32 len)
{
	unsigned long flags;
	u32 at;

	spin_lock_irqsave(&memory->lock, flags);
	at = run_search(memory, len);
	if (at < memory->units) {
		bitmap_set(memory->taken, at, units_of(len));
		if (len >= PAGE_SIZE)
			memory->hint = at + units_of(len);
	}
	spin_unlock_irqrestore(&memory->lock, flags);
	return at < memory->units ? memory->first + at * VVIRTIO_UNIT : 0;
}

void vvirtio_memory_put(struct vvirtio_memory *memory, u32 offset, u32 len)
{
	unsigned long flags;

	spin_lock_irqsave(&memory->lock, flags);
	bitmap_clear(memory->taken, (offset - memory->first) / VVIRTIO_UNIT, units_of(len));
	spin_unlock_irqrestore(&memory->lock, flags);
}

/* Return: the mapping that begins at @offset, or NULL. */
struct vvirtio_slot *vvirtio_memory_slot(struct vvirtio_memory *memory, u64 offset)
{
	u64 at = offset - memory->first;
	struct vvirtio_slot *slot;

	if (at % VVIRTIO_UNIT || at / VVIRTIO_UNIT >= memory->units)
		return NULL;
	slot = &memory->slot[at / VVIRTIO_UNIT];
	return slot->used ? slot : NULL;
}

/* ---- DMA operations ---- */

static struct vvirtio_memory *memory_of(struct device *dev)
{
	struct vvirtio *vv = dev_get_drvdata(dev);

	return &vv->memory;
}

/* A buffer is one piece of the direct map. */
static void slot_to_bridge(struct vvirtio_memory *memory, u32 offset, phys_addr_t pa, u32 len)
{
	memcpy(memory->va + offset, phys_to_virt(pa), len);
}

static void slot_from_bridge(struct vvirtio_memory *memory, u32 offset, phys_addr_t pa, u32 len)
{
	memcpy(phys_to_virt(pa), memory->va + offset, len);
}

static dma_addr_t map_page(struct device *dev, struct page *page, unsigned long offset,
			   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	struct vvirtio_memory *memory = memory_of(dev);
	struct vvirtio_slot *slot;
	u32 at;

	if (size > SZ_1G)
		return DMA_MAPPING_ERROR;
	at = vvirtio_memory_get(memory, size);
	if (!at)
		return DMA_MAPPING_ERROR;
	slot = &memory->slot[(at - memory->first) / VVIRTIO_UNIT];
	slot->pa = page_to_phys(page) + offset;
	slot->len = size;
	slot->dir = dir;
	slot->ended = false;
	slot->used = true;
	if (dir != DMA_FROM_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		slot_to_bridge(memory, at, slot->pa, slot->len);
	return at;
}

static void unmap_page(struct device *dev, dma_addr_t addr, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	struct vvirtio_memory *memory = memory_of(dev);
	struct vvirtio_slot *slot = vvirtio_memory_slot(memory, addr);

	/* vvirtio_memory_clear() may have been faster */
	if (!slot)
		return;
	if (slot->dir != DMA_TO_DEVICE && !slot->ended && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		slot_from_bridge(memory, addr, slot->pa, slot->len);
	slot->used = false;
	vvirtio_memory_put(memory, addr, slot->len);
}

/*
 * Drivers sync parts of a mapping, from any address within it: the slot is the one that
 * begins last before it. Return: the part in the buffer, or 0.
 */
static phys_addr_t sync_part(struct vvirtio_memory *memory, dma_addr_t addr, size_t size)
{
	u64 at = round_down(addr - memory->first, VVIRTIO_UNIT) + memory->first;
	struct vvirtio_slot *slot = NULL;
	u64 within;

	while (at >= memory->first && !slot) {
		slot = vvirtio_memory_slot(memory, at);
		at -= VVIRTIO_UNIT;
	}
	if (!slot || slot->ended)
		return 0;
	within = addr - (at + VVIRTIO_UNIT);
	return within <= slot->len && size <= slot->len - within ? slot->pa + within : 0;
}

static void sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
				enum dma_data_direction dir)
{
	struct vvirtio_memory *memory = memory_of(dev);
	phys_addr_t pa = sync_part(memory, addr, size);

	if (pa && dir != DMA_TO_DEVICE)
		slot_from_bridge(memory, addr, pa, size);
}

static void sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size,
				   enum dma_data_direction dir)
{
	struct vvirtio_memory *memory = memory_of(dev);
	phys_addr_t pa = sync_part(memory, addr, size);

	if (pa && dir != DMA_FROM_DEVICE)
		slot_to_bridge(memory, addr, pa, size);
}

static size_t max_mapping_size(struct device *dev)
{
	return memory_of(dev)->max_mapping;
}

/* No coherent memory: vrings are ring.c's. */
static const struct dma_map_ops memory_dma_ops = {
	.map_page = map_page,
	.unmap_page = unmap_page,
	.sync_single_for_cpu = sync_single_for_cpu,
	.sync_single_for_device = sync_single_for_device,
	.max_mapping_size = max_mapping_size,
};

/* @dev: the parent of a virtio device, with the struct vvirtio as its data */
void vvirtio_memory_setup(struct device *dev)
{
	dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	set_dma_ops(dev, &memory_dma_ops);
}

/* ---- begin and end ---- */

/* Drivers do not unmap what was in flight when they reset a device for good. */
void vvirtio_memory_clear(struct vvirtio *vv)
{
	struct vvirtio_memory *memory = &vv->memory;
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&memory->lock, flags);
	for (i = 0; i < memory->units; i++)
		memory->slot[i].used = false;
	bitmap_zero(memory->taken, memory->units);
	memory->hint = 0;
	spin_unlock_irqrestore(&memory->lock, flags);
}

/*
 * A request has at most as many buffers as a vring has entries. All of them fit into three
 * quarters of the memory, vrings into the rest: so any request fits once others are done.
 * Return: bytes; 0: too small.
 */
static u32 mapping_size(u64 bytes, u32 queue_size)
{
	return round_down(div_u64(bytes / 4 * 3, queue_size), PAGE_SIZE);
}

/**
 * vvirtio_memory_init - begin with the memory of a bridge
 * @vv: a device with an open bridge
 * @queue_size: entries of its largest vring
 *
 * Return: 0, -ENOSPC (too small for such a vring), -EFBIG, -ENOMEM.
 */
int vvirtio_memory_init(struct vvirtio *vv, u32 queue_size)
{
	struct vvirtio_memory *memory = &vv->memory;
	u64 bytes = adeos_bridge_size(vv->bridge) - offsetof(struct vvirtio_bridge, memory);

	if (bytes >= SZ_2G)
		return -EFBIG;
	spin_lock_init(&memory->lock);
	memory->va = vv->words;
	memory->first = offsetof(struct vvirtio_bridge, memory);
	memory->units = bytes / VVIRTIO_UNIT;
	memory->max_mapping = mapping_size(bytes, queue_size);
	if (!memory->max_mapping)
		return -ENOSPC;
	memory->taken = bitmap_zalloc(memory->units, GFP_KERNEL);
	memory->slot = kvcalloc(memory->units, sizeof(*memory->slot), GFP_KERNEL);
	if (memory->taken && memory->slot)
		return 0;
	vvirtio_memory_exit(vv);
	return -ENOMEM;
}

void vvirtio_memory_exit(struct vvirtio *vv)
{
	bitmap_free(vv->memory.taken);
	kvfree(vv->memory.slot);
	vv->memory.taken = NULL;
	vv->memory.slot = NULL;
}
