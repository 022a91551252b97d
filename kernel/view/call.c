// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge to root: one request at a time. Who waits for the answer can be killed; the
 * next request is written over his. An answer that comes later than that is nobody's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

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

#define SERVED_MS	2000	/* until root has found our bridge */
#define ANSWER_MS	60000	/* root may be busy, or stopped by a debugger */

static DEFINE_MUTEX(call_lock);	/* one call at a time; protects number */
static u32 number;

static DEFINE_MUTEX(page_lock);	/* nothing is written to the page once it is lost */
static bool lost = true;
static struct adeos_bridge *bridge;
static struct view_bridge *page;

static DECLARE_WAIT_QUEUE_HEAD(answers);

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

/* Return: its number, or 0 if there is no bridge any more. */
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
	/* the content first */
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

/* A thaw is not given up because who froze is killed; but it comes by itself, too. */
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
	/* what was read is root's word only if it is still our bridge, and root is there */
	return READ_ONCE(lost) || !page_events() ? -ENOTCONN : ret;
}

/**
 * vview_call - ask root
 * @ask: what
 *
 * Context: process. Return: bytes of data, or a negative errno: -EINTR (killed), -ENOTCONN
 * (root does not know of us, or of this version), -ETIMEDOUT, or what root says.
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

/* No call gets an answer from now on, and nothing is written any more. */
static void vview_lose(void)
{
	mutex_lock(&page_lock);
	WRITE_ONCE(lost, true);
	mutex_unlock(&page_lock);
	wake_up_all(&answers);
}

/* adeos-lite's worker. */
static void vview_told(void *data, struct adeos_bridge *which, enum adeos_bridge_event event)
{
	/* it is not transient: else, root takes us for dead */
	if (event != ADEOS_BRIDGE_RUNG)
		return vview_lose();
	if (READ_ONCE(lost))
		return;
	wake_up_all(&answers);
	vview_event(page_events());
}

void vview_end(void)
{
	vview_lose();
	/* then nobody calls us any more */
	adeos_bridge_close(bridge);
}

/**
 * vview_begin - make the bridge, and tell root
 * @id: this vnode's
 *
 * Return: 0, or what adeos_bridge_create(), adeos_member_get() or adeos_msg_send() returns.
 */
int vview_begin(u32 id)
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
	bridge = adeos_bridge_create(&config, vview_told, NULL);
	if (IS_ERR(bridge)) {
		pr_err("no bridge to root: %ld\n", PTR_ERR(bridge));
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
		pr_err("root cannot be told: %d\n", err);
		vview_end();
	}
	return err;
}
