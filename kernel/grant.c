// SPDX-License-Identifier: GPL-2.0-only
/* Lends a vnode CPUs, a region and memory below 640 KiB: all of it or nothing. */
#include <linux/workqueue.h>
#include <asm/tsc.h>

#include "kmb.h"

/*
 * Whatever gives something back to Linux runs in a worker: a task that is being killed
 * cannot bring up CPUs, and must not end a scrub early.
 */
struct grant_work {
	struct work_struct work;
	void (*func)(struct kmb_node *node);
	struct kmb_node *node;
};

static void grant_work_func(struct work_struct *work)
{
	struct grant_work *nw = container_of(work, struct grant_work, work);

	nw->func(nw->node);
}

static void grant_run(struct kmb_node *node, void (*func)(struct kmb_node *node))
{
	struct grant_work nw = { .func = func, .node = node };

	INIT_WORK_ONSTACK(&nw.work, grant_work_func);
	queue_work(system_unbound_wq, &nw.work);
	flush_work(&nw.work);
	destroy_work_on_stack(&nw.work);
}

static void memory_return(struct kmb_node *node)
{
	adeos_region_destroy(node->slot.region);
	node->slot.region = NULL;
	adeos_low_put(node->low_va, KMB_LOW_SIZE);
	node->low_va = NULL;
	adeos_low_put(node->page_va, PAGE_SIZE);
	node->page_va = NULL;
}

static void cpus_return(struct kmb_node *node)
{
	kmb_cpus_return(node->slot.cpu, node->slot.nr_cpus);
}

static int memory_take(struct kmb_node *node, const struct vnode_grant *grant)
{
	u64 begin = rdtsc_ordered();
	int err;

	node->low_va = adeos_low_get(KMB_LOW_SIZE, KMB_LOW_MIN, &node->low_pa);
	node->page_va = adeos_low_get(PAGE_SIZE, KMB_LOW_MIN, &node->page_pa);
	if (!node->low_va || !node->page_va) {
		err = -ENOSPC;
		goto err_memory;
	}
	node->slot.region = adeos_region_create(grant->mem_size, grant->mem_min,
						grant->mem_max ?: U64_MAX, false);
	if (IS_ERR(node->slot.region)) {
		err = PTR_ERR(node->slot.region);
		node->slot.region = NULL;
		goto err_memory;
	}
	node->phase[VNODE_PHASE_MEMORY] = rdtsc_ordered() - begin;

	/* neither the vnode nor --log may read what root had there */
	begin = rdtsc_ordered();
	err = adeos_region_zero(node->slot.region, 0, grant->mem_size);
	if (err)
		goto err_memory;
	node->phase[VNODE_PHASE_SCRUB] = rdtsc_ordered() - begin;
	return 0;

err_memory:
	grant_run(node, memory_return);
	return err;
}

/**
 * kmb_lend - take from Linux what a vnode needs
 * @node: the vnode, locked; its CPUs are known by number
 * @grant: as GRANT got it; @bad_cpu is filled
 *
 * Return: 0, or as GRANT documents; then nothing is taken.
 */
int kmb_lend(struct kmb_node *node, struct vnode_grant *grant)
{
	u64 begin = rdtsc_ordered();
	int err;

	err = kmb_cpus_take(node->slot.cpu, &node->slot.nr_cpus, &grant->bad_cpu);
	node->phase[VNODE_PHASE_CPUS] = rdtsc_ordered() - begin;
	err = err ?: memory_take(node, grant);
	if (err)
		grant_run(node, cpus_return);
	return err;
}

/**
 * kmb_take_back - give everything that a vnode was lent back to Linux
 * @node: the vnode, locked; its CPUs are at rest
 */
void kmb_take_back(struct kmb_node *node)
{
	grant_run(node, memory_return);
	grant_run(node, cpus_return);
}
