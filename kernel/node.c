// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vnodes: who there is, what each has been lent, and the one place where
 * states change.
 *
 * Locks: kmb_lock protects the list, ids and names, and is held shortly. A
 * node's own lock is held through one verb, which may take seconds. Order: node
 * lock, then kmb_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>
#include <vnode/layout.h>

#include "kmb.h"

/* protects nodes, ids and names; held shortly */
static DEFINE_MUTEX(kmb_lock);
static LIST_HEAD(nodes);		/* by ascending id */

/* counts changes of state; whoever polls remembers what it has seen */
static atomic_t events = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(event_wait);

/* root is on its way down: nothing is started any more */
static bool closing;

static const char * const state_names[VNODE_NR_STATES] = {
	[VNODE_FREE] = "free",
	[VNODE_GRANTED] = "granted",
	[VNODE_LOADED] = "loaded",
	[VNODE_BOOTING] = "booting",
	[VNODE_RUNNING] = "running",
	[VNODE_HALTED] = "halted",
	[VNODE_REBOOTED] = "rebooted",
	[VNODE_PANICKED] = "panicked",
	[VNODE_HUNG] = "hung",
	[VNODE_STOPPED] = "stopped",
};

const char *kmb_node_state_name(enum vnode_state state)
{
	return state_names[state];
}

u32 kmb_node_events(void)
{
	return atomic_read(&events);
}

void kmb_node_poll_wait(struct file *file, poll_table *wait)
{
	poll_wait(file, &event_wait, wait);
}

static void kmb_node_set_state(struct kmb_node *node, enum vnode_state state)
{
	lockdep_assert_held(&node->lock);
	if (node->state == state)
		return;
	node->state = state;
	pr_info("%s: %s\n", node->name, kmb_node_state_name(state));
	atomic_inc(&events);
	wake_up_interruptible(&event_wait);
	kmb_sysfs_event(node);
}

bool kmb_node_has_memory(const struct kmb_node *node)
{
	return node->state != VNODE_FREE;
}

/* Its CPUs execute its own code. */
bool kmb_node_runs(const struct kmb_node *node)
{
	return node->state >= VNODE_BOOTING && node->state != VNODE_STOPPED;
}

static struct kmb_node *kmb_node_find(u32 id, bool next)
{
	struct kmb_node *node;

	lockdep_assert_held(&kmb_lock);
	list_for_each_entry(node, &nodes, list)
		if (node->id == id || (next && node->id > id))
			return node;
	return NULL;
}

static struct kmb_node *kmb_node_lookup(u32 id, bool next)
{
	struct kmb_node *node;

	mutex_lock(&kmb_lock);
	node = kmb_node_find(id, next);
	if (node)
		kref_get(&node->ref);
	mutex_unlock(&kmb_lock);
	return node;
}

struct kmb_node *kmb_node_get(u32 id)
{
	return kmb_node_lookup(id, false);
}

static void kmb_node_free(struct kref *ref)
{
	struct kmb_node *node = container_of(ref, struct kmb_node, ref);

	kfree(node->cpu);
	kfree(node);
}

void kmb_node_put(struct kmb_node *node)
{
	kref_put(&node->ref, kmb_node_free);
}

/* In the list, a node without a state holds its id and its name. */
static int kmb_node_insert(struct kmb_node *node)
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
		if (other->id > node->id && at == &nodes)
			at = &other->list;
	}
	if (!err) {
		list_add_tail(&node->list, at);
		__module_get(THIS_MODULE);
	}
	mutex_unlock(&kmb_lock);
	return err;
}

static void kmb_node_remove(struct kmb_node *node)
{
	mutex_lock(&kmb_lock);
	list_del(&node->list);
	mutex_unlock(&kmb_lock);
	module_put(THIS_MODULE);
	kmb_node_put(node);
}

static struct kmb_node *kmb_node_create(const struct vnode_grant *grant, struct kmb_cpu *cpu)
{
	struct kmb_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return ERR_PTR(-ENOMEM);
	kref_init(&node->ref);
	mutex_init(&node->lock);
	node->id = grant->id;
	strscpy(node->name, grant->name, sizeof(node->name));
	node->cpu = kmemdup(cpu, grant->nr_cpus * sizeof(*cpu), GFP_KERNEL);
	node->nr_cpus = grant->nr_cpus;
	if (!node->cpu) {
		kfree(node);
		return ERR_PTR(-ENOMEM);
	}
	return node;
}

/* Takes everything a vnode needs, and shows it. */
static int kmb_node_take(struct kmb_node *node, struct vnode_grant *grant)
{
	int err;

	err = kmb_lend(node, grant);
	if (err)
		return err;
	/* before the device is there, so that its uevent tells the state */
	kmb_node_set_state(node, VNODE_GRANTED);
	node->dev = kmb_sysfs_add(node);
	if (IS_ERR(node->dev)) {
		err = PTR_ERR(node->dev);
		node->dev = NULL;
		kmb_node_set_state(node, VNODE_FREE);
		kmb_take_back(node);
	}
	return err;
}

int kmb_node_grant(struct vnode_grant *grant, struct kmb_cpu *cpu, struct file *owner)
{
	struct kmb_node *node;
	int err;

	node = kmb_node_create(grant, cpu);
	if (IS_ERR(node))
		return PTR_ERR(node);

	mutex_lock(&node->lock);
	kref_get(&node->ref);		/* the list's */
	err = kmb_node_insert(node);
	if (err) {
		kmb_node_put(node);
		goto out;
	}
	err = kmb_node_take(node, grant);
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
	mutex_unlock(&node->lock);
	kmb_node_put(node);
	return err;
}

static struct kmb_node *kmb_node_lock(u32 id)
{
	struct kmb_node *node = kmb_node_get(id);

	if (!node)
		return NULL;
	mutex_lock(&node->lock);
	if (node->state != VNODE_FREE)
		return node;
	mutex_unlock(&node->lock);
	kmb_node_put(node);
	return NULL;
}

static void kmb_node_unlock(struct kmb_node *node)
{
	mutex_unlock(&node->lock);
	kmb_node_put(node);
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
		err = kmb_place(node, load);
	if (err)
		goto out;

	node->phase[VNODE_PHASE_LOAD] = rdtsc_ordered() - begin;
	node->load = *load;
	if (load->flags & VNODE_LOAD_KEEP)
		node->owner = NULL;
	kmb_node_set_state(node, VNODE_LOADED);
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
	else if (READ_ONCE(closing))
		err = -ESHUTDOWN;
	else
		err = kmb_wake(node->cpu[0].apicid, &node->load,
			       &node->phase[VNODE_PHASE_WAKE], &node->entry_tsc);
	if (!err) {
		node->owner = NULL;
		node->start_ns = ktime_get_boottime_ns();
		kmb_node_set_state(node, VNODE_BOOTING);
	}
	kmb_node_unlock(node);
	return err;
}

static int kmb_node_stop_locked(struct kmb_node *node)
{
	u64 begin = rdtsc_ordered();
	int err;

	if (!kmb_node_runs(node))
		return 0;
	err = kmb_park(node->cpu, node->nr_cpus);
	if (err)
		return err;
	node->phase[VNODE_PHASE_STOP] = rdtsc_ordered() - begin;
	kmb_node_set_state(node, VNODE_STOPPED);
	return 0;
}

int kmb_node_stop(const struct vnode_stop *stop)
{
	struct kmb_node *node = kmb_node_lock(stop->id);
	int err;

	if (!node)
		return -ENOENT;
	if (kmb_node_runs(node) && !(stop->flags & VNODE_STOP_FORCE))
		err = -EOPNOTSUPP;
	else
		err = kmb_node_stop_locked(node);
	kmb_node_unlock(node);
	return err;
}

static void kmb_node_return_locked(struct kmb_node *node)
{
	kmb_sysfs_remove(node->dev);
	node->dev = NULL;
	kmb_take_back(node);
	node->owner = NULL;
	kmb_node_set_state(node, VNODE_FREE);
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
		kmb_node_return_locked(node);
	kmb_node_unlock(node);
	return err;
}

/* The vnode's nanokernel has written its page: booting becomes running. */
static void kmb_node_hello(struct kmb_node *node)
{
	u64 offset = node->load.control + VNODE_PAGE - adeos_region_pa(node->region);
	struct vnode_hello hello;

	if (node->state != VNODE_BOOTING ||
	    adeos_region_read(node->region, offset, &hello, sizeof(hello)))
		return;
	/* pairs with attach_hello() in adeos-lite/attach.c */
	smp_rmb();
	if (le32_to_cpu(hello.magic) != VNODE_HELLO_MAGIC ||
	    le16_to_cpu(hello.major) != VNODE_PROTOCOL_MAJOR)
		return;
	if (adeos_region_read(node->region, offset, &hello, sizeof(hello)))
		return;
	strscpy(node->release, hello.release, sizeof(node->release));
	kmb_node_set_state(node, VNODE_RUNNING);
}

static void kmb_node_fill_status(const struct kmb_node *node, struct vnode_status *status)
{
	status->id = node->id;
	status->state = node->state;
	status->mem_base = adeos_region_pa(node->region);
	status->mem_size = adeos_region_size(node->region);
	status->mem_offlined = adeos_region_offlined(node->region);
	status->low_base = node->low_pa;
	status->low_size = KMB_LOW_SIZE;
	status->entry_mode = node->load.entry_mode;
	status->boot_apicid = node->cpu[0].apicid;
	status->start_ns = node->start_ns;
	status->entry_tsc = node->entry_tsc;
	memcpy(status->phase, node->phase, sizeof(status->phase));
	memcpy(status->name, node->name, sizeof(status->name));
	memcpy(status->release, node->release, sizeof(status->release));
}

/*
 * Fills @status, and *cpus with a kmalloc()ed list of the CPUs. A node that is
 * on its way in or out is not there.
 */
int kmb_node_status(struct vnode_status *status, u32 **cpus)
{
	bool next = status->flags & VNODE_STATUS_NEXT;
	u32 id = status->id;
	struct kmb_node *node;
	unsigned int i;

	for (;;) {
		node = kmb_node_lookup(id, next);
		if (!node)
			return -ENOENT;
		/* one that is being granted keeps its lock for seconds */
		if (READ_ONCE(node->state) != VNODE_FREE) {
			mutex_lock(&node->lock);
			if (node->state != VNODE_FREE)
				break;
			mutex_unlock(&node->lock);
		}
		id = node->id + 1;
		kmb_node_put(node);
		if (!next)
			return -ENOENT;
	}

	kmb_node_hello(node);
	kmb_node_fill_status(node, status);
	*cpus = kmalloc_array(node->nr_cpus, sizeof(**cpus), GFP_KERNEL);
	if (*cpus) {
		for (i = 0; i < node->nr_cpus; i++)
			(*cpus)[i] = node->cpu[i].cpu;
		status->nr_cpus = node->nr_cpus;
	}
	kmb_node_unlock(node);
	return *cpus ? 0 : -ENOMEM;
}

static struct kmb_node *kmb_node_of_owner(struct file *owner)
{
	struct kmb_node *node, *found = NULL;

	mutex_lock(&kmb_lock);
	list_for_each_entry(node, &nodes, list) {
		if (READ_ONCE(node->owner) != owner)
			continue;
		kref_get(&node->ref);
		found = node;
		break;
	}
	mutex_unlock(&kmb_lock);
	return found;
}

/* The last reference to the file is gone: no verb of its own is under way. */
void kmb_node_release_owner(struct file *owner)
{
	struct kmb_node *node;

	while ((node = kmb_node_of_owner(owner))) {
		mutex_lock(&node->lock);
		if (node->owner == owner)
			kmb_node_return_locked(node);
		kmb_node_unlock(node);
	}
}

void kmb_node_stop_all(void)
{
	struct kmb_node *node;
	u32 id = 1;

	WRITE_ONCE(closing, true);
	while ((node = kmb_node_lookup(id, true))) {
		mutex_lock(&node->lock);
		if (kmb_node_stop_locked(node))
			pr_err("%s: cannot be stopped\n", node->name);
		id = node->id + 1;
		kmb_node_unlock(node);
	}
}

bool kmb_node_any(void)
{
	bool any;

	mutex_lock(&kmb_lock);
	any = !list_empty(&nodes);
	mutex_unlock(&kmb_lock);
	return any;
}
