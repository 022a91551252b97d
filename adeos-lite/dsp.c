// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between nanokernels (the protocol, DSP): a ring for each direction of
 * each pair, in the sender's station; what has been read, in the reader's.
 *
 * A message is there if its position, the sender's life and the receiver's life are
 * what the reader expects. When a life changes on one side, the pair begins anew: the
 * sender clears its ring, the reader begins at 0.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "adeos.h"
#include "fault.h"

/* At most so many messages of one sender are read before those of the next. */
#define DSP_BATCH	(2 * VNODE_MSGS)

/**
 * struct pair - messages between this kernel and another
 * @lock: protects @head and the ring that we write; @peer changes under it
 * @peer: the other kernel, as of when both rings began
 * @head: how many messages were written
 * @read: how many were read; under the core's lock
 */
struct pair {
	raw_spinlock_t lock;
	struct adeos_member peer;
	u32 head;
	u32 read;
};

/* A message as what moves between two kernels: a cache line. */
union line {
	struct vnode_msg msg;
	u64 word[sizeof(struct vnode_msg) / sizeof(u64)];
};

static struct pair pairs[VNODE_SLOTS];

/* Protects calls and cookies. */
static DEFINE_RAW_SPINLOCK(calls_lock);
static LIST_HEAD(calls);
static u32 cookies;

struct call {
	struct list_head list;
	u32 slot;
	u32 life;
	u32 cookie;
	int result;
	struct completion done;
	void *answer;
};

/* Under the core's lock; they are also called under it. */
static struct {
	adeos_msg_handler func;
	void *data;
} handlers[VNODE_MSG_TYPES];

/* ---- sending ---- */

static union line *line_of(u32 from, u32 to, u32 position)
{
	return (union line *)&adeos_station(from)->ring[to].msg[position % VNODE_MSGS];
}

/* Return: free messages in our ring, by what its reader has consumed of this life. */
static u32 pair_room(u32 slot, const struct pair *pair)
{
	/* pairs with tail_write() */
	u64 tail = le64_to_cpu(smp_load_acquire(&adeos_station(slot)->tail[commons.slot].tail));
	u32 used = pair->head;

	if (tail >> 32 == adeos_own_life())
		used -= (u32)tail;
	return used <= VNODE_MSGS ? VNODE_MSGS - used : 0;
}

static void line_write(union line *to, const union line *from)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(to->word); i++)
		WRITE_ONCE(to->word[i], from->word[i]);
	adeos_fault(FAULT_MSG_WRITTEN);
	/* with its seq; pairs with line_read() */
	smp_store_release(&to->word[0], from->word[0]);
}

static int line_put(u32 slot, union line *line)
{
	struct pair *pair = &pairs[slot];
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&pair->lock, flags);
	if (le32_to_cpu(line->msg.to_life) != pair->peer.life) {
		err = -ECONNRESET;
	} else if (!pair_room(slot, pair)) {
		err = -EAGAIN;
	} else {
		line->msg.seq = cpu_to_le32(pair->head + 1);
		line_write(line_of(commons.slot, slot, pair->head), line);
		pair->head++;
	}
	raw_spin_unlock_irqrestore(&pair->lock, flags);
	if (err)
		return err;
	adeos_fault(FAULT_MSG_SENT);
	adeos_count(ADEOS_SENT);
	adeos_knock(BIT(slot));
	return 0;
}

static int msg_send(const struct adeos_member *to, u16 type, u32 cookie, int error,
		    const void *body, unsigned int len)
{
	union line line = { .msg = {
		.type = cpu_to_le16(type),
		.len = cpu_to_le16(len),
		.from_life = cpu_to_le32(adeos_own_life()),
		.to_life = cpu_to_le32(to->life),
		.cookie = cpu_to_le32(cookie),
		.error = cpu_to_le32(-error),
	} };

	if (to->slot >= VNODE_SLOTS || len > sizeof(line.msg.body))
		return -EINVAL;
	if (!adeos_own_life())
		return -ENOTCONN;
	if (!adeos_member_alive(to))
		return -ECONNRESET;
	memcpy(line.msg.body, body, len);
	return line_put(to->slot, &line);
}

/**
 * adeos_msg_send - send a message that needs no answer
 * @to: as looked up
 * @type: below VNODE_MSG_TYPES
 * @body: its content
 * @len: bytes, at most VNODE_MSG_BODY
 *
 * Context: any but NMI. Return: 0, -EINVAL, -ENOTCONN (this kernel is not attached),
 * -ECONNRESET (the receiver is gone), -EAGAIN (it has not read the last 64).
 */
int adeos_msg_send(const struct adeos_member *to, u16 type, const void *body, unsigned int len)
{
	return type < VNODE_MSG_TYPES ? msg_send(to, type, 0, 0, body, len) : -EINVAL;
}
EXPORT_SYMBOL_GPL(adeos_msg_send);

static void call_add(struct call *call, const struct adeos_member *to)
{
	unsigned long flags;

	init_completion(&call->done);
	call->slot = to->slot;
	call->life = to->life;
	raw_spin_lock_irqsave(&calls_lock, flags);
	if (!++cookies)
		cookies++;
	call->cookie = cookies;
	list_add_tail(&call->list, &calls);
	raw_spin_unlock_irqrestore(&calls_lock, flags);
}

/* No answer is written to @call from here on. */
static void call_del(struct call *call)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&calls_lock, flags);
	list_del(&call->list);
	raw_spin_unlock_irqrestore(&calls_lock, flags);
}

/**
 * adeos_msg_call - send a request and wait for its answer
 * @to: as looked up
 * @type: below VNODE_MSG_TYPES
 * @body: its content
 * @len: bytes, at most VNODE_MSG_BODY
 * @answer: room for VNODE_MSG_BODY bytes
 * @timeout_ms: how long to wait
 *
 * Context: process; not from a message handler or another callback of adeos-lite,
 * since the worker that runs them also takes the answer.
 * Return: length of the answer; what adeos_msg_send() returns; -ETIMEDOUT (the
 * receiver is slow; it may still do what was asked); -ECONNRESET (it died); or the
 * errno that it answered, -EOPNOTSUPP if it does not know such a request.
 */
int adeos_msg_call(const struct adeos_member *to, u16 type, const void *body, unsigned int len,
		   void *answer, unsigned int timeout_ms)
{
	struct call call = { .result = -ETIMEDOUT, .answer = answer };
	int err;

	if (type >= VNODE_MSG_TYPES)
		return -EINVAL;
	call_add(&call, to);
	err = msg_send(to, type, call.cookie, 0, body, len);
	if (!err) {
		adeos_fault(FAULT_MSG_KNOCKED);
		wait_for_completion_timeout(&call.done, msecs_to_jiffies(timeout_ms));
	}
	call_del(&call);
	return err ?: call.result;
}
EXPORT_SYMBOL_GPL(adeos_msg_call);

/* ---- receiving ---- */

static void answer_take(u32 slot, const struct vnode_msg *msg, unsigned int len)
{
	struct call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&calls_lock, flags);
	list_for_each_entry(call, &calls, list) {
		u32 error = le32_to_cpu(msg->error);

		if (call->slot != slot || call->cookie != le32_to_cpu(msg->cookie) ||
		    call->life != le32_to_cpu(msg->from_life) || completion_done(&call->done))
			continue;
		call->result = error ? -(int)min_t(u32, error, MAX_ERRNO) : len;
		memcpy(call->answer, msg->body, len);
		complete(&call->done);
		break;
	}
	raw_spin_unlock_irqrestore(&calls_lock, flags);
}

static void request_take(const struct adeos_member *from, const struct vnode_msg *msg,
			 unsigned int len)
{
	u8 answer[VNODE_MSG_BODY] = {};
	u16 type = le16_to_cpu(msg->type);
	int ret = -EOPNOTSUPP;

	if (type >= VNODE_MSG_TYPES) {
		adeos_count(ADEOS_BAD);
		return;
	}
	if (handlers[type].func)
		ret = handlers[type].func(handlers[type].data, from, msg->body, len, answer);
	adeos_fault(FAULT_MSG_HANDLED);
	/* a sender that does not read the answers gets none */
	if (msg->cookie)
		msg_send(from, type | VNODE_MSG_ANSWER, le32_to_cpu(msg->cookie), min(ret, 0),
			 answer, clamp(ret, 0, VNODE_MSG_BODY));
}

static void msg_take(const struct adeos_member *from, const struct vnode_msg *msg)
{
	unsigned int len = le16_to_cpu(msg->len);

	adeos_count(ADEOS_RECEIVED);
	if (len > sizeof(msg->body))
		adeos_count(ADEOS_BAD);
	else if (le16_to_cpu(msg->type) & VNODE_MSG_ANSWER)
		answer_take(from->slot, msg, len);
	else
		request_take(from, msg, len);
}

/* Copies the next message. Return: false if there is none yet. */
static bool line_read(u32 slot, const struct pair *pair, union line *line)
{
	const union line *from = line_of(slot, commons.slot, pair->read);
	size_t i;

	/* pairs with line_write() */
	line->word[0] = smp_load_acquire(&from->word[0]);
	if (le32_to_cpu(line->msg.seq) != pair->read + 1)
		return false;
	for (i = 1; i < ARRAY_SIZE(line->word); i++)
		line->word[i] = READ_ONCE(from->word[i]);
	return le32_to_cpu(line->msg.from_life) == pair->peer.life &&
	       le32_to_cpu(line->msg.to_life) == adeos_own_life();
}

static void tail_write(u32 slot, const struct pair *pair)
{
	u64 tail = (u64)pair->peer.life << 32 | pair->read;

	/* what was read before may be overwritten from here on: pairs with pair_room() */
	smp_store_release(&adeos_own()->tail[slot].tail, cpu_to_le64(tail));
}

static void pair_read(u32 slot)
{
	struct pair *pair = &pairs[slot];
	union line line;
	int n;

	for (n = 0; n < DSP_BATCH && line_read(slot, pair, &line); n++) {
		adeos_fault(FAULT_MSG_READ);
		pair->read++;
		tail_write(slot, pair);
		adeos_fault(FAULT_MSG_CONSUMED);
		msg_take(&pair->peer, &line.msg);
	}
	if (n == DSP_BATCH)
		adeos_kick();
}

static void dsp_update(void)
{
	unsigned long slots = adeos_live();
	u32 slot;

	if (!adeos_own_life())
		return;
	for_each_set_bit(slot, &slots, VNODE_SLOTS)
		pair_read(slot);
}

/* Calls to a former life of the slot end. */
static void calls_reset(u32 slot, u32 life)
{
	struct call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&calls_lock, flags);
	list_for_each_entry(call, &calls, list) {
		if (call->slot != slot || call->life == life || completion_done(&call->done))
			continue;
		call->result = -ECONNRESET;
		complete(&call->done);
	}
	raw_spin_unlock_irqrestore(&calls_lock, flags);
}

/* The slot has another life, or none: the pair begins anew. */
static void pair_reset(const struct adeos_member *peer, u32 life)
{
	struct pair *pair = &pairs[peer->slot];
	struct vnode_ring *ring = &adeos_own()->ring[peer->slot];
	unsigned long flags;

	raw_spin_lock_irqsave(&pair->lock, flags);
	pair->peer = *peer;
	pair->peer.life = life;
	pair->head = 0;
	pair->read = 0;
	memset(ring, 0, sizeof(*ring));
	tail_write(peer->slot, pair);
	raw_spin_unlock_irqrestore(&pair->lock, flags);
	calls_reset(peer->slot, life);
}

static void dsp_joined(const struct adeos_member *member)
{
	pair_reset(member, member->life);
}

static void dsp_left(const struct adeos_member *member)
{
	pair_reset(member, 0);
}

/* ---- handlers ---- */

/**
 * adeos_msg_register - handle messages of a type
 * @type: below VNODE_MSG_TYPES; drivers take theirs from VNODE_MSG_DRIVERS on
 * @handler: called for each of them
 * @data: for @handler
 *
 * Context: process. Return: 0, -EINVAL (no such type), -EBUSY (it has a handler).
 */
int adeos_msg_register(u16 type, adeos_msg_handler handler, void *data)
{
	int err = 0;

	if (!type || type >= VNODE_MSG_TYPES || !handler)
		return -EINVAL;
	adeos_core_enter();
	if (handlers[type].func) {
		err = -EBUSY;
	} else {
		handlers[type].func = handler;
		handlers[type].data = data;
	}
	adeos_core_leave();
	return err;
}
EXPORT_SYMBOL_GPL(adeos_msg_register);

/**
 * adeos_msg_unregister - handle a type no more
 * @type: as registered; its handler is not running any more on return
 */
void adeos_msg_unregister(u16 type)
{
	adeos_core_enter();
	if (type < VNODE_MSG_TYPES)
		handlers[type].func = NULL;
	adeos_core_leave();
}
EXPORT_SYMBOL_GPL(adeos_msg_unregister);

static int ping_handle(void *data, const struct adeos_member *from, const void *body,
		       unsigned int len, void *answer)
{
	memcpy(answer, body, len);
	return len;
}

static int dsp_init(void)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		raw_spin_lock_init(&pairs[slot].lock);
	return adeos_msg_register(VNODE_MSG_PING, ping_handle, NULL);
}

static void dsp_exit(void)
{
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++)
		calls_reset(slot, 0);
	adeos_msg_unregister(VNODE_MSG_PING);
}

const struct adeos_part adeos_dsp_part = {
	.init = dsp_init,
	.exit = dsp_exit,
	.update = dsp_update,
	.joined = dsp_joined,
	.left = dsp_left,
};
