// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vnodes: who there is, by id and by name.
 *
 * Locks. kmb_lock protects the list, ids, names and claims, and is held shortly. A node's
 * own lock protects all the rest of it and is held through one verb, or one look of
 * the watch, which may take seconds. Order: node lock, kmb_lock; and node lock, the
 * locks of wake.c, cpus.c and adeos-lite. No two node locks at once.
 *
 * Work. A node has three works (watch.c, dump.c); each holds a reference while it is
 * queued, and takes the node lock. So nobody who holds a node lock waits for a work: what
 * was planned is called off under the lock (kmb_watch_cancel()), and a work that is
 * under way finds, once it has the lock, that there is nothing left to do for it.
 * What adeos-lite calls (kmb_watch_notify()) takes no lock and only queues:
 * adeos_slot_destroy() may wait for it under the node lock. When a node has gone,
 * the module may go; kmb_watch_exit() waits for works that are still queued.
 */
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <vnode/commons.h>

#include "kmb.h"

static_assert(KMB_LOG_SIZE >= VNODE_LOG_TAIL, "what adeos_slot_log() gives");

/* An oops is worth a line and an event; a thousand of them are not. */
#define OOPS_INTERVAL	(5 * HZ)
#define OOPS_BURST	10

/* protects nodes, ids, names and claims; held shortly */
static DEFINE_MUTEX(kmb_lock);
static LIST_HEAD(nodes);		/* by ascending id */

static struct kmb_node *node_find(u32 id, bool next)
{
	struct kmb_node *node;

	lockdep_assert_held(&kmb_lock);
	list_for_each_entry(node, &nodes, list)
		if (node->id == id || (next && node->id > id))
			return node;
	return NULL;
}

/* With @next: the first one with this id or a higher one. */
struct kmb_node *kmb_node_lookup(u32 id, bool next)
{
	struct kmb_node *node;

	mutex_lock(&kmb_lock);
	node = node_find(id, next);
	if (node)
		kref_get(&node->ref);
	mutex_unlock(&kmb_lock);
	return node;
}

struct kmb_node *kmb_node_get(u32 id)
{
	return kmb_node_lookup(id, false);
}

void kmb_node_hold(struct kmb_node *node)
{
	kref_get(&node->ref);
}

static void node_free(struct kref *ref)
{
	struct kmb_node *node = container_of(ref, struct kmb_node, ref);

	kfree(node->dump_dir);
	kfree(node->log);
	kfree(node->cpu);
	kfree(node);
}

void kmb_node_put(struct kmb_node *node)
{
	kref_put(&node->ref, node_free);
}

/* Root sees all. */
bool kmb_node_shows(const struct kmb_node *node, const struct kmb_looker *who)
{
	return !who->id || test_bit(who->id, node->viewers);
}

static struct kmb_node *node_lock(struct kmb_node *node)
{
	mutex_lock(&node->lock);
	if (node->state != VNODE_FREE)
		return node;
	kmb_node_unlock(node);
	return NULL;
}

/* Found by its id, locked, and lent something; or NULL. */
struct kmb_node *kmb_node_lock(u32 id)
{
	struct kmb_node *node = kmb_node_get(id);

	return node ? node_lock(node) : NULL;
}

/* The same, for who looks: what he may not see is not there. */
struct kmb_node *kmb_node_lock_for(const struct kmb_looker *who, u32 id)
{
	struct kmb_node *node = kmb_node_get(id);

	if (node && !kmb_node_shows(node, who)) {
		kmb_node_put(node);
		return NULL;
	}
	return node ? node_lock(node) : NULL;
}

void kmb_node_unlock(struct kmb_node *node)
{
	mutex_unlock(&node->lock);
	kmb_node_put(node);
}

/* Whether @other has what @node claims; its claims say so, then. */
static bool node_claims_from(struct kmb_node *node, const struct kmb_node *other)
{
	struct vnode_claim *claim = node->claim;
	bool found = false;
	unsigned int i, k;

	for (i = 0; i < VNODE_CLAIMS_MAX; i++)
		for (k = 0; *claim[i].text && k < VNODE_CLAIMS_MAX; k++)
			if (!strcmp(claim[i].text, other->claim[k].text)) {
				claim[i].holder = other->id;
				found = true;
			}
	return found;
}

/* In the list, a node without a state holds its id, its name and its claims. */
int kmb_node_insert(struct kmb_node *node)
{
	struct list_head *at = &nodes;
	struct kmb_node *other;
	int err = 0;

	mutex_lock(&kmb_lock);
	list_for_each_entry(other, &nodes, list) {
		if (other->id == node->id)
			err = -EEXIST;
		else if (!strcmp(other->name, node->name))
			err = err ?: -ENOTUNIQ;
		else if (node_claims_from(node, other))
			err = err ?: -EADDRINUSE;
		if (other->id > node->id && at == &nodes)
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

struct kmb_node *kmb_node_create(const struct vnode_grant *grant, const struct kmb_cpu *cpu,
				 const struct vnode_claim *claim)
{
	static atomic_t grants = ATOMIC_INIT(0);
	struct kmb_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return ERR_PTR(-ENOMEM);
	kref_init(&node->ref);
	node->grant = atomic_inc_return(&grants);
	mutex_init(&node->lock);
	kmb_watch_prepare(node);
	kmb_dump_prepare(node);
	ratelimit_state_init(&node->oops_limit, OOPS_INTERVAL, OOPS_BURST);
	ratelimit_set_flags(&node->oops_limit, RATELIMIT_MSG_ON_RELEASE);
	node->id = grant->id;
	strscpy(node->name, grant->name, sizeof(node->name));
	memcpy(node->claim, claim, sizeof(node->claim));
	node->end.cpu = KMB_NO_CPU;
	node->nr_cpus = grant->nr_cpus;
	node->cpu = kmemdup(cpu, grant->nr_cpus * sizeof(*cpu), GFP_KERNEL);
	node->log = kzalloc(KMB_LOG_SIZE, GFP_KERNEL);
	if (!node->cpu || !node->log) {
		kmb_node_put(node);
		return ERR_PTR(-ENOMEM);
	}
	return node;
}

struct kmb_node *kmb_node_of_owner(struct file *owner)
{
	struct kmb_node *node, *found = NULL;

	mutex_lock(&kmb_lock);
	list_for_each_entry(node, &nodes, list) {
		if (READ_ONCE(node->owner) != owner)
			continue;
		kmb_node_hold(node);
		found = node;
		break;
	}
	mutex_unlock(&kmb_lock);
	return found;
}

bool kmb_node_any(void)
{
	bool any;

	mutex_lock(&kmb_lock);
	any = !list_empty(&nodes);
	mutex_unlock(&kmb_lock);
	return any;
}
