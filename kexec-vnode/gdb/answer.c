// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdb's packets and the answers to them. CPUs are threads: CPU 0 is thread 1, as in a
 * dump. Packets that would write are refused. The answer to an unknown packet is empty,
 * as the protocol demands.
 */
#include <string.h>

#include "gdb.h"

#define NR(array)	(sizeof(array) / sizeof(*(array)))

/* Bytes that fit into a packet, with two digits each */
#define READ_MAX	(VNODE_GDB_PACKET_MAX / 2)

/* @args: the part of the packet behind its name; ends with a NUL */
typedef enum vnode_gdb_action (*answer_t)(struct vnode_gdb_view *view, const char *args,
					  struct vnode_gdb_reply *reply);

static enum vnode_gdb_action ok(struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "OK");
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action error(struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "E01");
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action refuse(struct vnode_gdb_view *view, const char *args,
				    struct vnode_gdb_reply *reply)
{
	return error(reply);
}

static enum vnode_gdb_action take_as_it_is(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	return ok(reply);
}

/* ---- threads ---- */

/* @args must be the number of a thread, and nothing else */
static bool take_cpu(const struct vnode_gdb_view *view, const char *args, unsigned int *cpu)
{
	uint64_t thread;

	if (!vnode_gdb_take_hex(&args, &thread) || *args || !thread || thread > view->nr_cpus)
		return false;
	*cpu = thread - 1;
	return true;
}

static enum vnode_gdb_action answer_select(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	/* all threads, any thread */
	if (!strcmp(args, "-1") || !strcmp(args, "0"))
		return ok(reply);
	return take_cpu(view, args, &view->cpu) ? ok(reply) : error(reply);
}

static enum vnode_gdb_action answer_is_alive(struct vnode_gdb_view *view, const char *args,
					     struct vnode_gdb_reply *reply)
{
	unsigned int cpu;

	return take_cpu(view, args, &cpu) ? ok(reply) : error(reply);
}

static enum vnode_gdb_action answer_current(struct vnode_gdb_view *view, const char *args,
					    struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "QC%x", view->cpu + 1);
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_threads(struct vnode_gdb_view *view, const char *args,
					    struct vnode_gdb_reply *reply)
{
	unsigned int cpu;

	for (cpu = 0; cpu < view->nr_cpus; cpu++)
		vnode_gdb_put(reply, "%c%x", cpu ? ',' : 'm', cpu + 1);
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_no_more_threads(struct vnode_gdb_view *view, const char *args,
						    struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "l");
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_thread(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	unsigned int cpu;
	char text[64];

	if (!take_cpu(view, args, &cpu))
		return error(reply);
	snprintf(text, sizeof(text), "CPU %u, %s", cpu, vnode_gdb_regs_text(&view->regs[cpu]));
	vnode_gdb_put_hex(reply, text, strlen(text));
	return VNODE_GDB_SEND;
}

/* ---- registers and memory ---- */

static enum vnode_gdb_action answer_regs(struct vnode_gdb_view *view, const char *args,
					 struct vnode_gdb_reply *reply)
{
	vnode_gdb_put_regs(reply, &view->regs[view->cpu]);
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_reg(struct vnode_gdb_view *view, const char *args,
					struct vnode_gdb_reply *reply)
{
	uint64_t nr;

	if (!vnode_gdb_take_hex(&args, &nr) || *args ||
	    !vnode_gdb_put_reg(reply, &view->regs[view->cpu], nr))
		return error(reply);
	return VNODE_GDB_SEND;
}

/* @args must be "OFFSET,LENGTH", and nothing else */
static bool take_range(const char *args, uint64_t *offset, uint64_t *len)
{
	return vnode_gdb_take_hex(&args, offset) && *args++ == ',' &&
	       vnode_gdb_take_hex(&args, len) && !*args;
}

/* A short read is an answer; reading nothing is an error. */
static enum vnode_gdb_action answer_memory(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	uint8_t bytes[READ_MAX];
	uint64_t va, len;

	if (!take_range(args, &va, &len))
		return error(reply);
	len = vnode_gdb_read(view, va, bytes, len < READ_MAX ? len : READ_MAX);
	if (!len)
		return error(reply);
	vnode_gdb_put_hex(reply, bytes, len);
	return VNODE_GDB_SEND;
}

/* ---- stop and continue ---- */

void vnode_gdb_put_stop(struct vnode_gdb_reply *reply, const struct vnode_gdb_view *view)
{
	vnode_gdb_put(reply, "T%02xthread:%x;", view->signal, view->cpu + 1);
}

static enum vnode_gdb_action answer_why(struct vnode_gdb_view *view, const char *args,
					struct vnode_gdb_reply *reply)
{
	return VNODE_GDB_STOP;
}

/* @args would be the address to continue at: refused. */
static enum vnode_gdb_action answer_continue(struct vnode_gdb_view *view, const char *args,
					     struct vnode_gdb_reply *reply)
{
	return *args ? error(reply) : VNODE_GDB_RESUME;
}

static enum vnode_gdb_action answer_continue_signal(struct vnode_gdb_view *view, const char *args,
						    struct vnode_gdb_reply *reply)
{
	uint64_t sig;

	if (!vnode_gdb_take_hex(&args, &sig))
		return error(reply);
	return answer_continue(view, args, reply);
}

/* ";c", ";C06:1;c": all CPUs continue, or none. Signals are ignored: a kernel has none. */
static enum vnode_gdb_action answer_continue_threads(struct vnode_gdb_view *view,
						     const char *args,
						     struct vnode_gdb_reply *reply)
{
	bool all = false;
	size_t len;

	for (; *args == ';'; args += len) {
		args++;
		len = strcspn(args, ";");
		if (*args != 'c' && *args != 'C')
			return error(reply);
		if (!memchr(args, ':', len))
			all = true;
	}
	return all && !*args ? VNODE_GDB_RESUME : error(reply);
}

/* gdb works without steps, but insists on "C". */
static enum vnode_gdb_action answer_can_continue(struct vnode_gdb_view *view, const char *args,
						 struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "vCont;c;C");
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_detach(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	ok(reply);
	return VNODE_GDB_DETACH;
}

/* The vnode goes on: gdb has not started it. */
static enum vnode_gdb_action answer_kill(struct vnode_gdb_view *view, const char *args,
					 struct vnode_gdb_reply *reply)
{
	return VNODE_GDB_KILL;
}

static enum vnode_gdb_action answer_attached(struct vnode_gdb_view *view, const char *args,
					     struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "1");
	return VNODE_GDB_SEND;
}

/* ---- at the start of a session ---- */

static enum vnode_gdb_action answer_supported(struct vnode_gdb_view *view, const char *args,
					      struct vnode_gdb_reply *reply)
{
	vnode_gdb_put(reply, "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+",
		      VNODE_GDB_PACKET_MAX);
	return VNODE_GDB_SEND;
}

static enum vnode_gdb_action answer_no_ack(struct vnode_gdb_view *view, const char *args,
					   struct vnode_gdb_reply *reply)
{
	view->no_ack = true;
	return ok(reply);
}

/* A part of the description of the registers */
static enum vnode_gdb_action answer_features(struct vnode_gdb_view *view, const char *args,
					     struct vnode_gdb_reply *reply)
{
	uint64_t size = strlen(vnode_gdb_target_xml), offset, len;

	if (!take_range(args, &offset, &len) || offset > size)
		return error(reply);
	if (len > READ_MAX)
		len = READ_MAX;
	vnode_gdb_put(reply, "%c%.*s", size - offset > len ? 'm' : 'l', (int)len,
		      vnode_gdb_target_xml + offset);
	return VNODE_GDB_SEND;
}

/*
 * KASLR moves the whole image by the same distance, and _stext is the start of its first
 * segment: gdb moves its symbols accordingly.
 */
static enum vnode_gdb_action answer_offsets(struct vnode_gdb_view *view, const char *args,
					    struct vnode_gdb_reply *reply)
{
	if (view->has_info && view->info.text_start)
		vnode_gdb_put(reply, "TextSeg=%llx", (unsigned long long)view->info.text_start);
	return VNODE_GDB_SEND;
}

/* "monitor": the command and its output are in hexadecimal */
static enum vnode_gdb_action answer_monitor(struct vnode_gdb_view *view, const char *args,
					    struct vnode_gdb_reply *reply)
{
	static const char status[] = "737461747573";
	static const char usage[] = "monitor status: the state of the vnode and of what gdb shows";
	const char *text = strcmp(args, status) ? usage : view->said;

	vnode_gdb_put_hex(reply, text, strlen(text));
	vnode_gdb_put_hex(reply, "\n", 1);
	return VNODE_GDB_SEND;
}

/* The first match counts: longer names come before shorter ones. */
static const struct row {
	const char *name;
	bool has_args;
	answer_t answer;
} rows[] = {
	{ "?", false, answer_why },
	{ "Hc", true, take_as_it_is },
	{ "Hg", true, answer_select },
	{ "T", true, answer_is_alive },
	{ "g", false, answer_regs },
	{ "p", true, answer_reg },
	{ "m", true, answer_memory },
	{ "c", true, answer_continue },
	{ "C", true, answer_continue_signal },
	{ "vCont?", false, answer_can_continue },
	{ "vCont", true, answer_continue_threads },
	{ "D", false, answer_detach },
	{ "k", false, answer_kill },
	{ "qSupported", true, answer_supported },
	{ "QStartNoAckMode", false, answer_no_ack },
	{ "qXfer:features:read:target.xml:", true, answer_features },
	{ "qXfer:features:read:", true, refuse },
	{ "qOffsets", false, answer_offsets },
	{ "qAttached", true, answer_attached },
	{ "qC", false, answer_current },
	{ "qfThreadInfo", false, answer_threads },
	{ "qsThreadInfo", false, answer_no_more_threads },
	{ "qThreadExtraInfo,", true, answer_thread },
	{ "qRcmd,", true, answer_monitor },
	/* steps and writes */
	{ "s", true, refuse }, { "S", true, refuse }, { "i", true, refuse },
	{ "G", true, refuse }, { "P", true, refuse }, { "M", true, refuse },
	{ "X", true, refuse }, { "Z", true, refuse }, { "z", true, refuse },
};

static bool fits(const struct row *row, const char *packet, size_t len)
{
	size_t name = strlen(row->name);

	return row->has_args ? !strncmp(packet, row->name, name) :
	       len == name && !memcmp(packet, row->name, name);
}

/**
 * vnode_gdb_answer() - answer a packet
 * @view: what gdb looks at
 * @packet: any bytes, with a NUL behind them
 * @len: without the NUL
 * @reply: the answer, may be empty
 *
 * Return: what the caller has to do.
 */
enum vnode_gdb_action vnode_gdb_answer(struct vnode_gdb_view *view, const char *packet, size_t len,
				       struct vnode_gdb_reply *reply)
{
	size_t i;

	reply->len = 0;
	for (i = 0; i < NR(rows); i++)
		if (fits(&rows[i], packet, len))
			return rows[i].answer(view, packet + strlen(rows[i].name), reply);
	return VNODE_GDB_SEND;
}
