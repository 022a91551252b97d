// SPDX-License-Identifier: GPL-2.0-only
/* What user space does with a vnode, and what follows when its program dies. */
#include <linux/jiffies.h>
#include <asm/tsc.h>

#include "kmb.h"

/* Takes everything a vnode needs, then makes it known. */
static int node_take(struct kmb_node *node, struct vnode_grant *grant)
{
	int err;

	err = adeos_slot_open(&node->slot);
	if (err)
		return err;
	err = kmb_lend(node, grant);
	if (err)
		goto err_slot;
	err = adeos_slot_lend(&node->slot) ?: kmb_life_appear(node);
	if (!err)
		return 0;
	kmb_take_back(node);
err_slot:
	adeos_slot_close(&node->slot);
	return err;
}

int kmb_node_grant(struct vnode_grant *grant, struct adeos_cpu *cpu, struct vnode_claim *claim,
		   struct file *owner)
{
	struct kmb_node *node;
	int err;

	node = kmb_node_create(grant, cpu, claim);
	if (IS_ERR(node))
		return PTR_ERR(node);
	kmb_life_prepare(node);

	mutex_lock(&node->lock);
	err = kmb_node_insert(node);
	memcpy(claim, node->claim, sizeof(node->claim));
	if (err)
		goto out;
	err = node_take(node, grant);
	if (err) {
		kmb_node_remove(node);
		goto out;
	}

	node->owner = owner;
	memcpy(cpu, node->slot.cpu, node->slot.nr_cpus * sizeof(*cpu));
	grant->mem_base = node->slot.region->pa;
	grant->low_base = node->low_pa;
	grant->low_size = KMB_LOW_SIZE;
	grant->low_page = node->page_pa;
out:
	kmb_node_unlock(node);
	return err;
}

int kmb_node_load(struct vnode_load *load, struct file *owner)
{
	struct kmb_node *node = kmb_node_lock(load->id);
	u64 begin = rdtsc_ordered();
	int err;

	if (!node)
		return -ENOENT;
	if (node->state != VNODE_GRANTED)
		err = -EBUSY;
	else if (node->owner != owner)
		err = -EBADF;
	else
		err = kmb_dump_set(node, load) ?: kmb_place(node, load);
	if (err)
		goto out;

	node->phase[VNODE_PHASE_LOAD] = rdtsc_ordered() - begin;
	node->load = *load;
	if (load->flags & VNODE_LOAD_KEEP)
		node->owner = NULL;
	kmb_life_set(node, VNODE_LOADED);
out:
	kmb_node_unlock(node);
	return err;
}

int kmb_node_start(u32 id, struct file *owner)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err;

	if (!node)
		return -ENOENT;
	if (node->state != VNODE_LOADED)
		err = -EBUSY;
	else if (node->owner && node->owner != owner)
		err = -EBADF;
	else
		err = kmb_life_start(node);
	if (!err)
		node->owner = NULL;
	kmb_node_unlock(node);
	return err;
}

static int stop_ask(struct kmb_node *node)
{
	const __le32 how = cpu_to_le32(VNODE_END_POWER_OFF);
	struct adeos_member member;
	int err = -ENOTCONN;

	if (!adeos_member_get(node->slot.id, &member))
		err = adeos_msg_send(&member, VNODE_MSG_SHUTDOWN, &how, sizeof(how));
	/* it is not attached, or does not read its messages */
	if (err == -ENOTCONN || err == -EAGAIN)
		return -EOPNOTSUPP;
	if (!err)
		node->stopping = true;
	return err;
}

static int stop_wait(struct kmb_node *node, u32 timeout_ms)
{
	long left = kmb_life_wait_end(node, msecs_to_jiffies(timeout_ms));
	int err = 0;

	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIME;
	mutex_lock(&node->lock);
	if (kmb_node_runs(node))
		err = -ETIMEDOUT;
	mutex_unlock(&node->lock);
	return err;
}

int kmb_node_stop(const struct vnode_stop *stop)
{
	struct kmb_node *node = kmb_node_lock(stop->id);
	bool orderly;
	int err;

	if (!node)
		return -ENOENT;
	orderly = kmb_node_runs(node) && !(stop->flags & VNODE_STOP_FORCE);
	err = orderly ? stop_ask(node) : kmb_life_stop(node);
	mutex_unlock(&node->lock);
	if (orderly && !err)
		err = stop_wait(node, stop->timeout_ms);
	kmb_node_put(node);
	return err;
}

static void return_locked(struct kmb_node *node)
{
	kmb_life_disappear(node);
	adeos_slot_close(&node->slot);
	kmb_image_destroy(node->image);
	node->image = NULL;
	kmb_take_back(node);
	node->owner = NULL;
	kmb_life_set(node, VNODE_FREE);
	kmb_node_remove(node);
}

/* With an @owner: only if the vnode still belongs to that file. */
int kmb_node_return(u32 id, struct file *owner)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err = 0;

	if (!node)
		return -ENOENT;
	if (owner && node->owner != owner)
		err = -EBADF;
	else if (kmb_node_runs(node))
		err = -EBUSY;
	else
		return_locked(node);
	kmb_node_unlock(node);
	return err;
}

/*
 * The last reference to the file is gone, so none of its ioctls is under way. What a CPU
 * whose START failed may still use stays, without an owner, until a STOP succeeds.
 */
void kmb_node_release_owner(struct file *owner)
{
	struct kmb_node *node = NULL;

	while ((node = kmb_node_next(node))) {
		if (READ_ONCE(node->owner) != owner)
			continue;
		mutex_lock(&node->lock);
		if (node->owner == owner) {
			node->owner = NULL;
			if (!kmb_node_runs(node))
				return_locked(node);
		}
		mutex_unlock(&node->lock);
	}
}

/* Root is going down. Once a node's lock has been taken here, no restart of it follows. */
void kmb_node_stop_all(void)
{
	struct kmb_node *node = NULL;

	kmb_life_close();
	while ((node = kmb_node_next(node))) {
		mutex_lock(&node->lock);
		if (kmb_life_stop(node))
			pr_err("%s: cannot be stopped\n", node->slot.name);
		mutex_unlock(&node->lock);
	}
}
