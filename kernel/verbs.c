// SPDX-License-Identifier: GPL-2.0-only
/* What user space can do with a vnode, and what is done when its program dies. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "kmb.h"

/* root is on its way down: nothing is started any more */
static bool closing;

bool kmb_closing(void)
{
	return READ_ONCE(closing);
}

/* The nanokernel sends interrupts for a vnode to these CPUs alone. */
static int node_tell_cpus(struct kmb_node *node)
{
	u32 *apicid = kmalloc_array(node->nr_cpus, sizeof(*apicid), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!apicid)
		return -ENOMEM;
	for (i = 0; i < node->nr_cpus; i++)
		apicid[i] = node->cpu[i].apicid;
	err = adeos_slot_cpus(node->slot, apicid, node->nr_cpus);
	kfree(apicid);
	return err;
}

/* Takes everything a vnode needs, and shows it. */
static int node_take(struct kmb_node *node, struct vnode_grant *grant)
{
	int err;

	node->slot = adeos_slot_create(node->id, node->name, kmb_watch_notify, node);
	if (IS_ERR(node->slot))
		return PTR_ERR(node->slot);
	err = kmb_lend(node, grant);
	if (err)
		goto err_slot;
	err = node_tell_cpus(node);
	if (err)
		goto err_lent;
	/* before the device is there, so that its uevent tells the state */
	kmb_state_set(node, VNODE_GRANTED);
	node->dev = kmb_sysfs_add(node);
	if (IS_ERR(node->dev)) {
		err = PTR_ERR(node->dev);
		goto err_state;
	}
	return 0;

err_state:
	node->dev = NULL;
	kmb_state_set(node, VNODE_FREE);
err_lent:
	kmb_take_back(node);
err_slot:
	adeos_slot_destroy(node->slot);
	node->slot = NULL;
	return err;
}

int kmb_node_grant(struct vnode_grant *grant, struct kmb_cpu *cpu, struct vnode_claim *claim,
		   struct file *owner)
{
	struct kmb_node *node;
	int err;

	node = kmb_node_create(grant, cpu, claim);
	if (IS_ERR(node))
		return PTR_ERR(node);

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
	memcpy(cpu, node->cpu, node->nr_cpus * sizeof(*cpu));
	grant->mem_base = adeos_region_pa(node->region);
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
	kmb_state_set(node, VNODE_LOADED);
out:
	kmb_node_unlock(node);
	return err;
}

/* What an earlier START or STOP has left. */
static void start_reset(struct kmb_node *node)
{
	node->stopping = false;
	node->end = (struct kmb_end){ .cpu = KMB_NO_CPU };
	node->restarts = 0;
	node->in_row = 0;
	node->restart_tsc = 0;
	node->log_len = 0;
}

int kmb_node_start(u32 id, struct file *owner)
{
	struct kmb_node *node = kmb_node_lock(id);
	int err;

	if (!node)
		return -ENOENT;
	if (node->state != VNODE_LOADED) {
		err = -EBUSY;
	} else if (node->owner && node->owner != owner) {
		err = -EBADF;
	} else if (kmb_closing()) {
		err = -ESHUTDOWN;
	} else {
		start_reset(node);
		err = kmb_life_begin(node);
	}
	if (!err)
		node->owner = NULL;
	kmb_node_unlock(node);
	return err;
}

/* No restart follows: who waits for one is told. */
static void stop_restart(struct kmb_node *node)
{
	bool armed = node->armed;

	kmb_watch_cancel(node);
	if (armed)
		kmb_state_event(node);
}

/* Its own end, if it has come before ours, is the one to be remembered. */
static int stop_locked(struct kmb_node *node)
{
	struct kmb_end end = {
		.cause = VNODE_CAUSE_STOP,
		.cpu = KMB_NO_CPU,
		.tsc = rdtsc_ordered(),
	};

	node->stopping = true;
	kmb_watch_look(node);
	if (node->stuck)
		end = node->end;
	if (kmb_node_runs(node))
		return kmb_life_end(node, VNODE_STOPPED, &end);
	stop_restart(node);
	return 0;
}

static int stop_ask(struct kmb_node *node)
{
	int err;

	err = adeos_slot_shutdown(node->slot, VNODE_END_POWER_OFF);
	/* not attached, or it does not read what it is told */
	if (err == -ENOTCONN || err == -EAGAIN)
		return -EOPNOTSUPP;
	if (!err)
		node->stopping = true;
	return err;
}

static int stop_wait(struct kmb_node *node, u32 timeout_ms)
{
	long left = kmb_state_wait_end(node, msecs_to_jiffies(timeout_ms));
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
	err = orderly ? stop_ask(node) : stop_locked(node);
	mutex_unlock(&node->lock);
	if (orderly && !err)
		err = stop_wait(node, stop->timeout_ms);
	kmb_node_put(node);
	return err;
}

static void return_locked(struct kmb_node *node)
{
	kmb_watch_cancel(node);
	kmb_sysfs_remove(node->dev);
	node->dev = NULL;
	adeos_slot_destroy(node->slot);
	node->slot = NULL;
	kmb_image_destroy(node->image);
	node->image = NULL;
	kmb_take_back(node);
	node->owner = NULL;
	kmb_state_set(node, VNODE_FREE);
	kmb_node_remove(node);
}

/* With an @owner: only if it is still his. */
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

/* The last reference to the file is gone: no verb of its own is under way. */
void kmb_node_release_owner(struct file *owner)
{
	struct kmb_node *node;

	while ((node = kmb_node_of_owner(owner))) {
		mutex_lock(&node->lock);
		if (node->owner == owner)
			return_locked(node);
		kmb_node_unlock(node);
	}
}

/* Once this has had a node's lock, no restart of it is under way or will be. */
void kmb_node_stop_all(void)
{
	struct kmb_node *node;
	u32 id = 1;

	WRITE_ONCE(closing, true);
	while ((node = kmb_node_lookup(id, true))) {
		mutex_lock(&node->lock);
		if (stop_locked(node))
			pr_err("%s: cannot be stopped\n", node->name);
		id = node->id + 1;
		kmb_node_unlock(node);
	}
}
