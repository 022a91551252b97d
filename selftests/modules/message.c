// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: pings that nanokernels answer, and a numbered stream from each kernel to each
 * other one, whose receiver notices lost and repeated messages.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "test.h"

#define MSG_STREAM	(VNODE_MSG_DRIVERS + 0x71)
#define MSG_ECHO	(VNODE_MSG_DRIVERS + 0x72)
#define MSG_FAIL	(VNODE_MSG_DRIVERS + 0x73)
#define CALL_MS		5000

/**
 * struct stream - messages received from a slot
 * @life: of the sender
 * @seq: number of the last message
 * @received: messages of this life
 * @lost: missing numbers
 * @repeated: numbers that were not larger than the one before
 */
static struct stream {
	u32 life;
	u64 seq;
	u64 received;
	u64 lost;
	u64 repeated;
} streams[VNODE_SLOTS];

/* No lock: messages are handled one after the other. */
static int stream_handler(void *data, const struct adeos_member *from, const void *body,
			  unsigned int len, void *answer)
{
	struct stream *stream;
	u64 seq;

	if (from->slot >= VNODE_SLOTS || len != sizeof(seq))
		return -EINVAL;
	memcpy(&seq, body, sizeof(seq));
	stream = &streams[from->slot];
	if (stream->life != from->life) {
		memset(stream, 0, sizeof(*stream));
		stream->life = from->life;
	} else if (seq <= stream->seq) {
		stream->repeated++;
	} else if (seq > stream->seq + 1) {
		stream->lost += seq - stream->seq - 1;
	}
	stream->seq = seq;
	stream->received++;
	return 0;
}

static int echo_handler(void *data, const struct adeos_member *from, const void *body,
			unsigned int len, void *answer)
{
	memcpy(answer, body, len);
	return len;
}

static int fail_handler(void *data, const struct adeos_member *from, const void *body,
			unsigned int len, void *answer)
{
	return -ENOTTY;
}

static int member_of(const char *text, struct adeos_member *member)
{
	u32 id;
	int err;

	err = kstrtou32(text, 0, &id);
	return err ?: adeos_member_get(id, member);
}

static int call_once(const struct adeos_member *to, u16 type, u32 seq)
{
	u8 body[VNODE_MSG_BODY], answer[VNODE_MSG_BODY];
	int len;

	memset(body, seq, sizeof(body));
	memcpy(body, &seq, sizeof(seq));
	len = adeos_msg_call(to, type, body, sizeof(body), answer, CALL_MS);
	if (len < 0)
		return len;
	return len == sizeof(body) && !memcmp(body, answer, len) ? 0 : -EBADMSG;
}

static int call_often(struct answer *out, const struct adeos_member *to, u16 type, u32 count)
{
	struct samples samples;
	u64 begin;
	u32 i;
	int err;

	err = samples_init(&samples, count);
	for (i = 0; !err && i < count; i++) {
		begin = rdtsc_ordered();
		err = call_once(to, type, i);
		if (!err)
			samples_add(&samples, rdtsc_ordered() - begin);
		if (!go_on(U64_MAX))
			err = -EINTR;
	}
	samples_say(&samples, out, "call");
	samples_free(&samples);
	return err;
}

static int call_peer(struct answer *out, char **argv, u16 type)
{
	struct adeos_member to;
	u32 count;
	int err;

	err = kstrtou32(argv[1], 0, &count);
	if (!err)
		err = member_of(argv[0], &to);
	return err ?: call_often(out, &to, type, count);
}

static int ping_run(struct answer *out, int argc, char **argv)
{
	return call_peer(out, argv, VNODE_MSG_PING);
}

static int call_run(struct answer *out, int argc, char **argv)
{
	return call_peer(out, argv, MSG_ECHO);
}

/* One call of any type, for its errno. */
static int ask_run(struct answer *out, int argc, char **argv)
{
	u32 type = MSG_FAIL, len = 8, ms = CALL_MS;
	u8 body[2 * VNODE_MSG_BODY] = { }, answer[VNODE_MSG_BODY];
	struct adeos_member to;
	int err;

	err = option_u32(argc, argv, "type", &type);
	if (!err)
		err = option_u32(argc, argv, "len", &len);
	if (!err)
		err = option_u32(argc, argv, "ms", &ms);
	if (!err)
		err = member_of(argv[0], &to);
	if (err)
		return err;
	if (len > sizeof(body))
		return -EINVAL;
	err = adeos_msg_call(&to, type, body, len, answer, ms);
	return err < 0 ? err : 0;
}

static int send_all(const struct adeos_member *to, u32 count, u64 *seq)
{
	u64 deadline = rdtsc_ordered() + ms_to_tsc(CALL_MS), next;
	u32 sent = 0;
	int err;

	while (sent < count) {
		next = *seq + 1;
		err = adeos_msg_send(to, MSG_STREAM, &next, sizeof(next));
		if (!err) {
			*seq = next;
			sent++;
			deadline = rdtsc_ordered() + ms_to_tsc(CALL_MS);
		} else if (err != -EAGAIN && err != -ENOBUFS) {
			return err;
		}
		/* The receiver empties a full ring soon. */
		if (!go_on(deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

static int send_run(struct answer *out, int argc, char **argv)
{
	static u64 seqs[VNODE_SLOTS];
	static u32 lives[VNODE_SLOTS];
	struct adeos_member to;
	u32 count;
	int err;

	err = kstrtou32(argv[1], 0, &count);
	if (!err)
		err = member_of(argv[0], &to);
	if (err)
		return err;
	if (lives[to.slot] != to.life)
		seqs[to.slot] = 0;
	lives[to.slot] = to.life;
	err = send_all(&to, count, &seqs[to.slot]);
	say(out, "seq %llu\n", seqs[to.slot]);
	return err;
}

static int streams_run(struct answer *out, int argc, char **argv)
{
	const struct stream *stream;
	unsigned int slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		stream = &streams[slot];
		if (stream->life)
			say(out, "slot%u life %u seq %llu received %llu lost %llu repeated %llu\n",
			    slot, stream->life, stream->seq, stream->received, stream->lost,
			    stream->repeated);
	}
	return 0;
}

static const struct {
	u16 type;
	adeos_msg_handler handler;
} handlers[] = {
	{ MSG_STREAM, stream_handler },
	{ MSG_ECHO, echo_handler },
	{ MSG_FAIL, fail_handler },
};

int messages_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		err = adeos_msg_register(handlers[i].type, handlers[i].handler, NULL);
		if (err)
			goto err_unregister;
	}
	return 0;

err_unregister:
	while (i--)
		adeos_msg_unregister(handlers[i].type);
	return err;
}

void messages_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		adeos_msg_unregister(handlers[i].type);
}

const struct command message_commands[] = {
	{ "ping", 2, "ID COUNT", ping_run },
	{ "call", 2, "ID COUNT", call_run },
	{ "ask", 1, "ID [type=N] [len=N] [ms=N]", ask_run },
	{ "send", 2, "ID COUNT", send_run },
	{ "streams", 0, "", streams_run },
	{ }
};
