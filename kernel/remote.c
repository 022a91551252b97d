// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vnodes that look at other vnodes: each has made a bridge (vnode/view.h), and asks there
 * for what it wants to know. Who it is, is what the nanokernel says of the bridge's owner;
 * what it may see is asked anew at each request, and said by viewers in sysfs.
 *
 * All that is in the bridge may be nonsense: a request is copied once, and checked by
 * those who do it as one of user space is.
 *
 * Works. Each looker has one, which answers one request and takes as long as that takes;
 * one more, scan, finds those who have come or gone. It alone changes the table.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <vnode/adeos.h>
#include <vnode/view.h>

#include "kmb.h"

static_assert(KMB_LOG_SIZE <= VIEW_DATA_SIZE, "what LAST answers");

/**
 * struct remote - a vnode that looks
 * @who: it is; his file is that of the request
 * @bridge: its bridge
 * @page: in there
 * @answered: number of the last request that was answered
 * @events: as in the bridge
 * @serving: @page is there to be read, and to be answered in
 * @work: answers a request
 */
struct remote {
	struct kmb_looker who;
	struct adeos_bridge *bridge;
	struct view_bridge *page;
	u32 answered;
	u32 events;
	bool serving;
	struct work_struct work;
};

/* protects remotes, their events, and who may see a vnode; taken under node locks */
static DEFINE_MUTEX(remotes_lock);
static struct remote *remotes[KMB_IDS];
static struct workqueue_struct *queue;

static void scan_func(struct work_struct *work);
static DECLARE_WORK(scan, scan_func);

/* ---- requests ---- */

/* What a request says, copied once. */
struct request {
	u32 number;
	u32 call;
	u32 id;
	u32 arg;
	u32 len;
	u64 offset;
};

static int call_status(const struct kmb_looker *who, const struct request *request, void *data)
{
	struct vnode_status status = { .id = request->id, .flags = request->arg };
	u32 *cpus, max = (VIEW_DATA_SIZE - sizeof(status)) / sizeof(*cpus);
	int err;

	if (request->arg & ~VNODE_STATUS_NEXT)
		return -EINVAL;
	err = kmb_node_status(who, &status, &cpus);
	if (err)
		return err;
	status.nr_cpus = min(status.nr_cpus, max);
	memcpy(data, &status, sizeof(status));
	memcpy(data + sizeof(status), cpus, status.nr_cpus * sizeof(*cpus));
	kfree(cpus);
	return sizeof(status) + status.nr_cpus * sizeof(*cpus);
}

static int call_last(const struct kmb_looker *who, const struct request *request, void *data)
{
	return kmb_node_last(who, request->id, data, min_t(u32, request->len, KMB_LOG_SIZE));
}

static int call_freeze(const struct kmb_looker *who, const struct request *request, void *data)
{
	return kmb_node_freeze(who, request->id);
}

static int call_thaw(const struct kmb_looker *who, const struct request *request, void *data)
{
	return kmb_node_thaw(who, request->id);
}

static int call_regs(const struct kmb_looker *who, const struct request *request, void *data)
{
	struct vnode_regs regs = { .id = request->id, .cpu = request->arg };
	int err;

	err = security_locked_down(LOCKDOWN_KEXEC) ?: kmb_node_regs(who, &regs);
	if (err)
		return err;
	memcpy(data, &regs, sizeof(regs));
	return sizeof(regs);
}

static int call_memory(const struct kmb_looker *who, const struct request *request, void *data)
{
	struct view_memory memory = { };
	u32 grant;
	u64 size;
	int err;

	err = security_locked_down(LOCKDOWN_KEXEC) ?:
	      kmb_memory_find(who, request->id, &grant, &size);
	if (err)
		return err;
	memory.size = cpu_to_le64(size);
	memory.grant = cpu_to_le32(grant);
	memcpy(data, &memory, sizeof(memory));
	return sizeof(memory);
}

static int call_read(const struct kmb_looker *who, const struct request *request, void *data)
{
	return security_locked_down(LOCKDOWN_KEXEC) ?:
	       kmb_memory_read(who, request->id, request->arg, request->offset, data,
			       min_t(u32, request->len, VIEW_DATA_SIZE));
}

static int (*const calls[VIEW_NR_CALLS])(const struct kmb_looker *who,
					 const struct request *request, void *data) = {
	[VIEW_STATUS] = call_status,
	[VIEW_LAST] = call_last,
	[VIEW_FREEZE] = call_freeze,
	[VIEW_THAW] = call_thaw,
	[VIEW_REGS] = call_regs,
	[VIEW_MEMORY] = call_memory,
	[VIEW_READ] = call_read,
};

/* Return: is there one that is whole, and was not answered? */
static bool request_read(struct remote *remote, struct request *request)
{
	const struct view_request *from = &remote->page->request;

	/* pairs with request_write() in view/call.c */
	request->number = le32_to_cpu(smp_load_acquire(&from->number));
	request->call = le32_to_cpu(READ_ONCE(from->call));
	request->id = le32_to_cpu(READ_ONCE(from->id));
	request->arg = le32_to_cpu(READ_ONCE(from->arg));
	request->len = le32_to_cpu(READ_ONCE(from->len));
	request->offset = le64_to_cpu(READ_ONCE(from->offset));
	remote->who.file = le32_to_cpu(READ_ONCE(from->file));
	/* the same */
	smp_rmb();
	return request->number && request->number != remote->answered &&
	       le32_to_cpu(READ_ONCE(from->number)) == request->number;
}

static int request_do(struct remote *remote, const struct request *request)
{
	if (request->call >= VIEW_NR_CALLS || !calls[request->call])
		return -EOPNOTSUPP;
	return calls[request->call](&remote->who, request, remote->page->data);
}

static void answer_write(struct remote *remote, u32 number, int ret)
{
	struct view_answer *answer = &remote->page->answer;

	remote->answered = number;
	WRITE_ONCE(answer->error, cpu_to_le32(ret < 0 ? -ret : 0));
	WRITE_ONCE(answer->len, cpu_to_le32(ret < 0 ? 0 : ret));
	WRITE_ONCE(answer->boottime, cpu_to_le64(ktime_get_boottime_ns()));
	/* pairs with is_answered() in view/call.c */
	smp_store_release(&answer->number, cpu_to_le32(number));
	adeos_bridge_ring(remote->bridge);
}

static void remote_work(struct work_struct *work)
{
	struct remote *remote = container_of(work, struct remote, work);
	struct request request;

	/* pairs with remote_begin() */
	if (smp_load_acquire(&remote->serving) && request_read(remote, &request))
		answer_write(remote, request.number, request_do(remote, &request));
}

/* ---- events ---- */

/* 0 says that nobody answers. */
static void remote_tell(struct remote *remote)
{
	lockdep_assert_held(&remotes_lock);
	if (!++remote->events)
		remote->events = 1;
	WRITE_ONCE(remote->page->events, cpu_to_le32(remote->events));
	adeos_bridge_ring(remote->bridge);
}

static void remotes_tell(const unsigned long *ids)
{
	unsigned int id;

	for_each_set_bit(id, ids, KMB_IDS)
		if (remotes[id])
			remote_tell(remotes[id]);
}

/**
 * kmb_remote_event - tell those who may see a vnode that something of it has changed
 * @node: the vnode
 */
void kmb_remote_event(const struct kmb_node *node)
{
	mutex_lock(&remotes_lock);
	remotes_tell(node->viewers);
	mutex_unlock(&remotes_lock);
}

/**
 * kmb_remote_allow - say which vnodes may look at a vnode
 * @node: the vnode
 * @ids: bitmap of KMB_IDS
 *
 * A request that is under way is still answered.
 */
void kmb_remote_allow(struct kmb_node *node, const unsigned long *ids)
{
	DECLARE_BITMAP(told, KMB_IDS);

	mutex_lock(&remotes_lock);
	bitmap_or(told, node->viewers, ids, KMB_IDS);
	bitmap_copy(node->viewers, ids, KMB_IDS);
	remotes_tell(told);
	mutex_unlock(&remotes_lock);
}

/* ---- who comes and goes ---- */

/* adeos-lite's worker, which must not wait for us. */
static void remote_told(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct remote *remote = data;

	queue_work(queue, event == ADEOS_BRIDGE_RUNG ? &remote->work : &scan);
}

static bool bridge_is_view(struct adeos_bridge *bridge, u32 id)
{
	const struct view_bridge *page = adeos_bridge_va(bridge);
	u32 magic;

	/* the page stays where it is */
	if (adeos_bridge_owner(bridge) != id || adeos_bridge_size(bridge) != sizeof(*page) ||
	    adeos_bridge_is_transient(bridge))
		return false;
	/* pairs with vview_begin() in view/call.c */
	magic = le32_to_cpu(smp_load_acquire(&page->magic));
	return magic == VIEW_MAGIC &&
	       le32_to_cpu(READ_ONCE(page->version)) == VIEW_VERSION &&
	       le32_to_cpu(READ_ONCE(page->abi)) == VNODE_ABI_VERSION;
}

static struct remote *remote_create(u32 id)
{
	static u32 sessions;	/* scan alone counts them */
	struct remote *remote;
	char name[32];
	int err;

	remote = kzalloc(sizeof(*remote), GFP_KERNEL);
	if (!remote)
		return NULL;
	remote->who.id = id;
	remote->who.session = ++sessions;
	INIT_WORK(&remote->work, remote_work);
	snprintf(name, sizeof(name), VIEW_NAME, id);
	remote->bridge = adeos_bridge_open(name, remote_told, remote);
	err = PTR_ERR_OR_ZERO(remote->bridge);
	if (!err && bridge_is_view(remote->bridge, id))
		return remote;
	/* most do not look */
	if (err != -ENOENT)
		pr_warn_ratelimited("vnode %u must not look, its bridge is refused: %d\n", id,
				    err ?: -EPROTO);
	adeos_bridge_close(remote->bridge);
	cancel_work_sync(&remote->work);
	kfree(remote);
	return NULL;
}

static void remote_begin(u32 id)
{
	struct remote *remote = remote_create(id);

	if (!remote)
		return;
	remote->page = adeos_bridge_va(remote->bridge);
	remote->answered = le32_to_cpu(READ_ONCE(remote->page->answer.number));
	remote->events = le32_to_cpu(READ_ONCE(remote->page->events));
	/* pairs with remote_work() */
	smp_store_release(&remote->serving, true);
	mutex_lock(&remotes_lock);
	remotes[id] = remote;
	remote_tell(remote);
	mutex_unlock(&remotes_lock);
	/* what was asked before we came */
	queue_work(queue, &remote->work);
	pr_debug("vnode %u looks\n", id);
}

/* What it had frozen goes on. */
static void remote_end(u32 id)
{
	struct remote *remote = remotes[id];

	mutex_lock(&remotes_lock);
	remotes[id] = NULL;
	mutex_unlock(&remotes_lock);
	WRITE_ONCE(remote->serving, false);
	cancel_work_sync(&remote->work);
	WRITE_ONCE(remote->page->events, 0);
	adeos_bridge_ring(remote->bridge);
	/* then nobody queues it any more */
	adeos_bridge_close(remote->bridge);
	cancel_work_sync(&remote->work);
	kmb_node_thaw_all(remote->who.session);
	kfree(remote);
}

static void scan_func(struct work_struct *work)
{
	struct adeos_member member;
	u32 id;

	for (id = 1; id < KMB_IDS; id++) {
		if (remotes[id] && adeos_bridge_revoked(remotes[id]->bridge))
			remote_end(id);
		if (!remotes[id] && !adeos_member_get(id, &member))
			remote_begin(id);
	}
}

/* adeos-lite's worker. */
static int begin_told(void *data, const struct adeos_member *from, const void *body,
		      unsigned int len, void *answer)
{
	queue_work(queue, &scan);
	return 0;
}

int kmb_remote_init(void)
{
	int err;

	queue = alloc_workqueue("vnode-view", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	err = adeos_msg_register(VIEW_MSG_BEGIN, begin_told, NULL);
	if (err)
		destroy_workqueue(queue);
	return err;
}

/* No vnode is left: whoever has looked is gone, or about to be found so. */
void kmb_remote_exit(void)
{
	u32 id;

	adeos_msg_unregister(VIEW_MSG_BEGIN);
	/* bridges tell of their end until they are closed */
	disable_work_sync(&scan);
	for (id = 1; id < KMB_IDS; id++)
		if (remotes[id])
			remote_end(id);
	destroy_workqueue(queue);
}
