// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of bridges in user space. Pages are put in as they are touched, and taken
 * out for as long as a bridge is being moved.
 *
 * Where the commons are this kernel's memory, what is put in are pages, which can be
 * pinned: direct I/O works. Not those of a transient bridge: it cannot be moved while a
 * device writes to it.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "bridge-dev.h"
#include "compat.h"

#define FROZEN_MS	10000	/* a fault waits for so long for a move to end */

/*
 * All bridges' mappings hang on one inode: each bridge has offsets of its own there,
 * BRIDGE_EFBIG apart.
 */
static loff_t mapping_begin(const struct adeos_bridge *bridge)
{
	return (loff_t)bridge->entry->info.index * BRIDGE_EFBIG;
}

void bridge_map_freeze(struct bridge_file *bf, const struct adeos_bridge *bridge, bool frozen)
{
	mutex_lock(&bf->lock);
	WRITE_ONCE(bf->frozen, frozen);
	mutex_unlock(&bf->lock);
	/* a fault from here on sees it */
	if (frozen)
		unmap_mapping_range(bf->mapping, mapping_begin(bridge), bridge->entry->info.size,
				    1);
}

static bool is_paged(const struct adeos_bridge *bridge)
{
	return commons.paged && !adeos_bridge_is_transient(bridge);
}

static vm_fault_t page_put_in(struct vm_fault *vmf, struct adeos_bridge *bridge, u64 offset)
{
	unsigned long pfn = PHYS_PFN(commons.pa + bridge->entry->info.offset + offset);

	if (!is_paged(bridge))
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
	WRITE_ONCE(bridge->entry->paged, true);
	return vmf_insert_page(vmf->vma, vmf->address & PAGE_MASK, pfn_to_page(pfn));
}

/* Return: 0 with the lock held, else what the fault ends with. */
static vm_fault_t fault_lock(struct bridge_file *bf)
{
	long left;

	mutex_lock(&bf->lock);
	if (!bf->frozen)
		return 0;
	mutex_unlock(&bf->lock);
	left = wait_event_killable_timeout(bf->wait, !READ_ONCE(bf->frozen) || READ_ONCE(bf->lost),
					   msecs_to_jiffies(FROZEN_MS));
	if (!left || READ_ONCE(bf->lost))
		return VM_FAULT_SIGBUS;
	/* comes again, or dies of the signal */
	return VM_FAULT_NOPAGE;
}

static vm_fault_t bridge_vm_fault(struct vm_fault *vmf)
{
	struct bridge_file *bf = vmf->vma->vm_file->private_data;
	struct adeos_bridge *bridge = bridge_of(bf);
	u64 offset = ((u64)vmf->pgoff << PAGE_SHIFT) - mapping_begin(bridge);
	vm_fault_t ret;

	if (offset >= adeos_bridge_size(bridge))
		return VM_FAULT_SIGBUS;
	ret = fault_lock(bf);
	if (ret)
		return ret;
	ret = page_put_in(vmf, bridge, offset);
	mutex_unlock(&bf->lock);
	return ret;
}

static const struct vm_operations_struct bridge_vm_ops = {
	.fault = bridge_vm_fault,
};

int bridge_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bridge_file *bf = file->private_data;
	struct adeos_bridge *bridge = bridge_of(bf);
	u64 pages;

	if (!bridge)
		return -EBADFD;
	pages = adeos_bridge_size(bridge) >> PAGE_SHIFT;
	/* without write permission the kernel drops VM_SHARED, but not this */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff >= pages ||
	    vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	vma->vm_pgoff += mapping_begin(bridge) >> PAGE_SHIFT;
	vm_flags_mod(vma, (is_paged(bridge) ? VM_MIXEDMAP : VM_PFNMAP) | VM_DONTEXPAND |
		     VM_DONTDUMP, 0);
	vma->vm_ops = &bridge_vm_ops;
	return 0;
}
