// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge to root: one request at a time. A killed task gives up its request and the
 * next one overwrites it; an answer to a request that was given up is dropped.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <vnode/adeos.h>

#include "view.h"

#define SERVED_MS	2000	/* root finds our bridge within that */
#define ANSWER_MS	60000	/* root may be busy, or stopped by a debugger */

static DEFINE_MUTEX(call_lock);	/* one call at a time; protects number */
static u32 number;

static DEFINE_MUTEX(page_lock);	/* protects lost: a lost page is not written */
static bool lost = true;
static struct adeos_bridge *bridge;
static struct view_bridge *page;

static DECLARE_WAIT_QUEUE_HEAD(answers);

static void (*changed)(u32 events);

static u32 page_events(void)
{
	return le32_to_cpu(READ_ONCE(page->events));
}

static bool is_served(void)
{
	return READ_ONCE(lost) || page_events();
}

static bool is_answered(u32 request)
{
	/* pairs with answer_write() in remote.c */
	u32 answered = le32_to_cpu(smp_load_acquire(&page->answer.number));

	return answered == request || READ_ONCE(lost) || !page_events();
}

/* Return: the number of the request, 0 if the bridge is lost. */
static u32 request_write(const struct vview_ask *ask)
{
	struct view_request *to = &page->request;

	mutex_lock(&page_lock);
	if (lost) {
		mutex_unlock(&page_lock);
		return 0;
	}
	if (!++number)
		number = 1;
	WRITE_ONCE(to->number, 0);
	/* pairs with request_read() in remote.c, on both sides of the content */
	smp_wmb();
	WRITE_ONCE(to->call, cpu_to_le32(ask->call));
	WRITE_ONCE(to->id, cpu_to_le32(ask->id));
	WRITE_ONCE(to->arg, cpu_to_le32(ask->arg));
	WRITE_ONCE(to->file, cpu_to_le32(ask->file));
	WRITE_ONCE(to->len, cpu_to_le32(ask->len));
	WRITE_ONCE(to->offset, cpu_to_le64(ask->offset));
	/* the content first, see above */
	smp_store_release(&to->number, cpu_to_le32(number));
	adeos_bridge_ring(bridge);
	mutex_unlock(&page_lock);
	return number;
}

static int answer_read(struct vview_ask *ask)
{
	const struct view_answer *from = &page->answer;
	int error = min_t(u32, le32_to_cpu(READ_ONCE(from->error)), MAX_ERRNO);
	u32 len = le32_to_cpu(READ_ONCE(from->len));

	len = min3(len, ask->room, (u32)VIEW_DATA_SIZE);
	ask->boottime = le64_to_cpu(READ_ONCE(from->boottime));
	memcpy(ask->data, page->data, len);
	return error ? -error : (int)len;
}

/* A killed task still thaws. The wait is bounded, as the freeze itself expires. */
static long wait_answer(const struct vview_ask *ask, u32 request)
{
	if (ask->call == VIEW_THAW)
		return wait_event_timeout(answers, is_answered(request),
					  msecs_to_jiffies(VNODE_FREEZE_MS));
	return wait_event_killable_timeout(answers, is_answered(request),
					   msecs_to_jiffies(ANSWER_MS));
}

static int call_locked(struct vview_ask *ask)
{
	u32 request;
	long left;
	int ret;

	left = wait_event_killable_timeout(answers, is_served(), msecs_to_jiffies(SERVED_MS));
	if (!left)
		return -ENOTCONN;
	request = left > 0 || ask->call == VIEW_THAW ? request_write(ask) : 0;
	if (!request)
		return left < 0 ? -EINTR : -ENOTCONN;
	left = wait_answer(ask, request);
	if (left <= 0)
		return left ? -EINTR : -ETIMEDOUT;
	ret = answer_read(ask);
	/* the answer counts only if the bridge was still ours and served when it was read */
	return READ_ONCE(lost) || !page_events() ? -ENOTCONN : ret;
}

/**
 * vview_call - send a request to root and wait for its answer
 * @ask: the request; @ask->data is filled
 *
 * Context: process. Return: bytes of data, or a negative errno: -EINTR (killed), -ENOTCONN
 * (root does not serve our bridge, or not in this version), -ETIMEDOUT, or root's answer.
 */
int vview_call(struct vview_ask *ask)
{
	int ret;

	if (ask->call == VIEW_THAW)
		mutex_lock(&call_lock);
	else if (mutex_lock_killable(&call_lock))
		return -EINTR;
	ret = call_locked(ask);
	mutex_unlock(&call_lock);
	return ret;
}

/* Fails calls that wait, and stops writing to the page. */
static void vview_lose(void)
{
	mutex_lock(&page_lock);
	WRITE_ONCE(lost, true);
	mutex_unlock(&page_lock);
	wake_up_all(&answers);
}

/* Context: adeos-lite's worker. */
static void bridge_event(void *data, struct adeos_bridge *which, enum adeos_bridge_event event)
{
	/* our bridge is never moved: any other event means that root has revoked it */
	if (event != ADEOS_BRIDGE_RUNG)
		return vview_lose();
	if (READ_ONCE(lost))
		return;
	wake_up_all(&answers);
	changed(page_events());
}

void vview_end(void)
{
	vview_lose();
	/* waits for bridge_event() */
	adeos_bridge_close(bridge);
}

/**
 * vview_begin - create the bridge and announce it to root
 * @id: of this vnode
 * @told: called with root's count of changes when it may have changed; from adeos-lite's
 *	worker
 *
 * Return: 0, or what adeos_bridge_create(), adeos_member_get() or adeos_msg_send() returns.
 */
int vview_begin(u32 id, void (*told)(u32 events))
{
	DECLARE_BITMAP(access, VNODE_ID_MAX + 1) = { };
	struct adeos_member root;
	char name[32];
	struct adeos_bridge_config config = {
		.name = name,
		.size = sizeof(*page),
		.flags = VNODE_BRIDGE_GLOBAL,
		.access = access,
	};
	int err;

	snprintf(name, sizeof(name), VIEW_NAME, id);
	__set_bit(0, access);
	changed = told;
	bridge = adeos_bridge_create(&config, bridge_event, NULL);
	if (IS_ERR(bridge)) {
		pr_err("cannot create the bridge to root: %ld\n", PTR_ERR(bridge));
		return PTR_ERR(bridge);
	}
	page = adeos_bridge_va(bridge);
	WRITE_ONCE(lost, false);
	page->version = cpu_to_le32(VIEW_VERSION);
	page->abi = cpu_to_le32(VNODE_ABI_VERSION);
	/* pairs with bridge_is_view() in remote.c */
	smp_store_release(&page->magic, cpu_to_le32(VIEW_MAGIC));
	err = adeos_member_get(0, &root) ?: adeos_msg_send(&root, VIEW_MSG_BEGIN, NULL, 0);
	if (err) {
		pr_err("cannot announce the bridge to root: %d\n", err);
		vview_end();
	}
	return err;
}
