// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vnodes that look at other vnodes. A viewing vnode creates a bridge (vnode/view.h) and
 * sends its requests there. Its identity is the bridge's owner, as the nanokernel knows it;
 * what it may see is checked at each request, against the attribute viewers in sysfs.
 *
 * The content of the bridge is hostile: a request is copied once, and then checked as one
 * from user space is (inspect.c).
 *
 * Works. Each remote has one, which answers one request. One more work, scan, finds
 * viewers that have come or gone, and is the only one to change the table of remotes.
 */
#include <linux/minmax.h>
#include <linux/security.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <vnode/view.h>

#include "kmb.h"

static_assert(LOOK_LOG_SIZE <= VIEW_DATA_SIZE, "what LAST answers");

/**
 * struct remote - a viewing vnode
 * @viewer: its identity; @file is that of the latest request
 * @bridge: the bridge that it has made
 * @page: content of @bridge
 * @answered: number of the last request that was answered
 * @events: count of changes, as in @page
 * @serving: @page may be read and written
 * @work: answers a request
 */
struct remote {
	struct look_viewer viewer;
	struct adeos_bridge *bridge;
	struct view_bridge *page;
	u32 answered;
	u32 events;
	bool serving;
	struct work_struct work;
};

/* protects remotes, their events, and the viewers of each node; taken under node locks */
static DEFINE_MUTEX(remotes_lock);
static struct remote *remotes[KMB_IDS];
static struct workqueue_struct *queue;

static void scan_func(struct work_struct *work);
static DECLARE_WORK(scan, scan_func);

/* ---- requests ---- */

/* Root's copy of a request. */
struct request {
	u32 number;
	u32 call;
	u32 id;
	u32 arg;
	u32 len;
	u64 offset;
};

static int call_status(const struct look_viewer *viewer, const struct request *request, void *data)
{
	struct vnode_status status = { .id = request->id, .flags = request->arg };
	u32 *cpus, max = (VIEW_DATA_SIZE - sizeof(status)) / sizeof(*cpus);
	int err;

	if (request->arg & ~VNODE_STATUS_NEXT)
		return -EINVAL;
	err = kmb_status(viewer, &status, &cpus);
	if (err)
		return err;
	status.nr_cpus = min(status.nr_cpus, max);
	memcpy(data, &status, sizeof(status));
	memcpy(data + sizeof(status), cpus, status.nr_cpus * sizeof(*cpus));
	kfree(cpus);
	return sizeof(status) + status.nr_cpus * sizeof(*cpus);
}

static int call_regs(const struct look_viewer *viewer, const struct request *request, void *data)
{
	struct vnode_regs regs = { .id = request->id, .cpu = request->arg };
	int err = kmb_regs(viewer, &regs);

	if (err)
		return err;
	memcpy(data, &regs, sizeof(regs));
	return sizeof(regs);
}

static int call_memory(const struct look_viewer *viewer, const struct request *request,
		       void *data)
{
	struct view_memory memory = { };
	u32 grant;
	u64 size;
	int err = kmb_memory_find(viewer, request->id, &grant, &size);

	if (err)
		return err;
	memory.size = cpu_to_le64(size);
	memory.grant = cpu_to_le32(grant);
	memcpy(data, &memory, sizeof(memory));
	return sizeof(memory);
}

/* Return: bytes of data, or a negative errno. */
static int request_do(const struct look_viewer *viewer, const struct request *request, void *data)
{
	switch (request->call) {
	case VIEW_STATUS:
		return call_status(viewer, request, data);
	case VIEW_LAST:
		return kmb_last(viewer, request->id, data, min_t(u32, request->len, LOOK_LOG_SIZE));
	case VIEW_FREEZE:
		return kmb_freeze(viewer, request->id);
	case VIEW_THAW:
		return kmb_thaw(viewer, request->id);
	case VIEW_REGS:
		return security_locked_down(LOCKDOWN_KEXEC) ?: call_regs(viewer, request, data);
	case VIEW_MEMORY:
		return security_locked_down(LOCKDOWN_KEXEC) ?: call_memory(viewer, request, data);
	case VIEW_READ:
		return security_locked_down(LOCKDOWN_KEXEC) ?:
		       kmb_memory_read(viewer, request->id, request->arg, request->offset, data,
				       min_t(u32, request->len, VIEW_DATA_SIZE));
	default:
		return -EOPNOTSUPP;
	}
}

/* Return: whether there is a complete request that has not been answered. */
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
	remote->viewer.file = le32_to_cpu(READ_ONCE(from->file));
	/* the same */
	smp_rmb();
	return request->number && request->number != remote->answered &&
	       le32_to_cpu(READ_ONCE(from->number)) == request->number;
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
	int ret;

	/* pairs with remote_begin() */
	if (!smp_load_acquire(&remote->serving) || !request_read(remote, &request))
		return;
	ret = request_do(&remote->viewer, &request, remote->page->data);
	answer_write(remote, request.number, ret);
}

/* ---- events ---- */

/* Never 0, which means that root does not serve the bridge. */
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

void kmb_remote_changed(struct kmb_node *node, enum kmb_change change)
{
	mutex_lock(&remotes_lock);
	remotes_tell(node->viewers);
	mutex_unlock(&remotes_lock);
}

/**
 * kmb_remote_allow - set the viewers of a vnode
 * @node: the vnode
 * @ids: bitmap of KMB_IDS
 *
 * A request that is under way is still answered. Old and new viewers are told.
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

/* ---- viewers come and go ---- */

/* Context: adeos-lite's worker, which must not wait for a request. */
static void bridge_event(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct remote *remote = data;

	queue_work(queue, event == ADEOS_BRIDGE_RUNG ? &remote->work : &scan);
}

static bool bridge_is_view(struct adeos_bridge *bridge, u32 id)
{
	const struct view_bridge *page = adeos_bridge_va(bridge);
	u32 magic;

	/* a transient bridge could be moved under us */
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
	static u32 sessions;	/* written by scan alone */
	struct remote *remote;
	char name[32];
	int err;

	remote = kzalloc(sizeof(*remote), GFP_KERNEL);
	if (!remote)
		return NULL;
	remote->viewer.id = id;
	remote->viewer.session = ++sessions;
	INIT_WORK(&remote->work, remote_work);
	snprintf(name, sizeof(name), VIEW_NAME, id);
	remote->bridge = adeos_bridge_open(name, bridge_event, remote);
	err = PTR_ERR_OR_ZERO(remote->bridge);
	if (!err && bridge_is_view(remote->bridge, id))
		return remote;
	/* most vnodes have no such bridge */
	if (err != -ENOENT)
		pr_warn_ratelimited("vnode %u: view bridge rejected: %d\n", id, err ?: -EPROTO);
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
	/* there may be a request already */
	queue_work(queue, &remote->work);
}

/* Thaws what the viewer had frozen. */
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
	/* from here on bridge_event() does not queue the work again */
	adeos_bridge_close(remote->bridge);
	cancel_work_sync(&remote->work);
	kmb_thaw_all(remote->viewer.session);
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

/* Context: adeos-lite's worker. */
static int begin_received(void *data, const struct adeos_member *from, const void *body,
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
	err = adeos_msg_register(VIEW_MSG_BEGIN, begin_received, NULL);
	if (err)
		destroy_workqueue(queue);
	return err;
}

/* No vnode is left; scan may not have found yet that the last viewers are gone. */
void kmb_remote_exit(void)
{
	u32 id;

	adeos_msg_unregister(VIEW_MSG_BEGIN);
	/* bridge_event() may queue scan until the bridges are closed */
	disable_work_sync(&scan);
	for (id = 1; id < KMB_IDS; id++)
		if (remotes[id])
			remote_end(id);
	destroy_workqueue(queue);
}
