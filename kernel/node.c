// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vnodes of this machine, by id and by name. Everything else stands on this file; it
 * calls no other one of this room.
 *
 * Locks. kmb_lock protects the list, ids, names and claims, and is held shortly. The lock
 * of a node protects the rest of it and is held through one verb or one report, which may
 * take seconds. Order: node lock, kmb_lock; node lock, the locks of wake.c, cpus.c
 * and adeos-lite. Two node locks are never held at once.
 *
 * Works. A node has three works (life.c). Each holds a reference while it is queued and
 * takes the node lock, so a holder of that lock must not wait for a work: it cancels the
 * plan, and a work that is under way finds, once it has the lock, nothing left to do.
 * life_told(), which adeos-lite calls, takes no lock and only queues, because
 * adeos_slot_close() waits for it under the node lock. A node keeps the module loaded
 * until it is removed; kmb_life_exit() waits for works that are still queued then.
 */
#include <linux/module.h>
#include <vnode/commons.h>
#include <vnode/names.h>

#include "kmb.h"

static_assert(KMB_LOG_SIZE >= VNODE_LOG_TAIL, "what adeos_slot_log() returns");

/* protects nodes, ids, names and claims; held shortly */
static DEFINE_MUTEX(kmb_lock);
static LIST_HEAD(nodes);		/* by ascending id */

void kmb_node_hold(struct kmb_node *node)
{
	kref_get(&node->ref);
}

/**
 * kmb_node_find - find a vnode by its id
 * @id: the id
 * @next: if there is none, take the first one with a higher id
 *
 * Return: the node with a reference, not locked; or NULL.
 */
struct kmb_node *kmb_node_find(u32 id, bool next)
{
	struct kmb_node *node, *found = NULL;

	mutex_lock(&kmb_lock);
	list_for_each_entry(node, &nodes, list) {
		if (node->slot.id != id && !(next && node->slot.id > id))
			continue;
		kmb_node_hold(node);
		found = node;
		break;
	}
	mutex_unlock(&kmb_lock);
	return found;
}

static void node_free(struct kref *ref)
{
	struct kmb_node *node = container_of(ref, struct kmb_node, ref);

	kfree(node->dump_dir);
	kfree(node->log);
	kfree(node->slot.cpu);
	kfree(node);
}

void kmb_node_put(struct kmb_node *node)
{
	kref_put(&node->ref, node_free);
}

/* To walk all nodes: returns a reference to the next one, drops that to @node; NULL begins. */
struct kmb_node *kmb_node_next(struct kmb_node *node)
{
	struct kmb_node *next = kmb_node_find(node ? node->slot.id + 1 : 1, true);

	if (node)
		kmb_node_put(node);
	return next;
}

void kmb_node_unlock(struct kmb_node *node)
{
	mutex_unlock(&node->lock);
	kmb_node_put(node);
}

/* Locks what kmb_node_find() returned. NULL, without the reference: it has been returned. */
struct kmb_node *kmb_node_lock_found(struct kmb_node *node)
{
	if (!node)
		return NULL;
	mutex_lock(&node->lock);
	if (node->state != VNODE_FREE)
		return node;
	kmb_node_unlock(node);
	return NULL;
}

/* The vnode with that id, locked; NULL if there is none. */
struct kmb_node *kmb_node_lock(u32 id)
{
	return kmb_node_lock_found(kmb_node_find(id, false));
}

/* Started, and it has not ended. */
bool kmb_node_alive(const struct kmb_node *node)
{
	return vnode_state_lives(READ_ONCE(node->state));
}

/* Its CPUs execute its own code, or one of them may. */
bool kmb_node_runs(const struct kmb_node *node)
{
	return kmb_node_alive(node) || node->stuck;
}

/* Return: a kmalloc()ed list of its CPUs, root's numbers; NULL without memory. */
u32 *kmb_node_cpus(const struct kmb_node *node)
{
	u32 *cpus = kmalloc_array(node->slot.nr_cpus, sizeof(*cpus), GFP_KERNEL);
	unsigned int i;

	for (i = 0; cpus && i < node->slot.nr_cpus; i++)
		cpus[i] = node->slot.cpu[i].cpu;
	return cpus;
}

/* Whether @other has what @node claims; then @node's claims name it as the holder. */
static bool node_claims_from(struct kmb_node *node, const struct kmb_node *other)
{
	struct vnode_claim *claim = node->claim;
	bool found = false;
	unsigned int i, k;

	for (i = 0; i < VNODE_CLAIMS_MAX; i++)
		for (k = 0; *claim[i].text && k < VNODE_CLAIMS_MAX; k++)
			if (!strcmp(claim[i].text, other->claim[k].text)) {
				claim[i].holder = other->slot.id;
				found = true;
			}
	return found;
}

/* From now on the id, the name and the claims are taken, though the state is still free. */
int kmb_node_insert(struct kmb_node *node)
{
	struct list_head *at = &nodes;
	struct kmb_node *other;
	int err = 0;

	mutex_lock(&kmb_lock);
	list_for_each_entry(other, &nodes, list) {
		if (other->slot.id == node->slot.id)
			err = -EEXIST;
		else if (!strcmp(other->slot.name, node->slot.name))
			err = err ?: -ENOTUNIQ;
		else if (node_claims_from(node, other))
			err = err ?: -EADDRINUSE;
		if (other->slot.id > node->slot.id && at == &nodes)
			at = &other->list;
	}
	if (!err) {
		kmb_node_hold(node);
		list_add_tail(&node->list, at);
		__module_get(THIS_MODULE);
	}
	mutex_unlock(&kmb_lock);
	return err;
}

void kmb_node_remove(struct kmb_node *node)
{
	mutex_lock(&kmb_lock);
	list_del(&node->list);
	mutex_unlock(&kmb_lock);
	module_put(THIS_MODULE);
	kmb_node_put(node);
}

struct kmb_node *kmb_node_create(const struct vnode_grant *grant, const struct adeos_cpu *cpu,
				 const struct vnode_claim *claim)
{
	static atomic_t grants = ATOMIC_INIT(0);
	struct kmb_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return ERR_PTR(-ENOMEM);
	kref_init(&node->ref);
	node->grant = atomic_inc_return(&grants);
	mutex_init(&node->lock);
	node->slot.id = grant->id;
	strscpy(node->slot.name, grant->name, sizeof(node->slot.name));
	memcpy(node->claim, claim, sizeof(node->claim));
	node->end.cpu = KMB_NO_CPU;
	node->slot.nr_cpus = grant->nr_cpus;
	node->slot.cpu = kmemdup(cpu, grant->nr_cpus * sizeof(*cpu), GFP_KERNEL);
	node->log = kzalloc(KMB_LOG_SIZE, GFP_KERNEL);
	if (!node->slot.cpu || !node->log) {
		kmb_node_put(node);
		return ERR_PTR(-ENOMEM);
	}
	return node;
}
