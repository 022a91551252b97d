// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/gdb/target.c and gdb.c: a vnode that ends or is returned, and the ends of a
 * session. The functions of device.c are replaced.
 */
#define _GNU_SOURCE		/* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "device.h"
#include "gdb/gdb.h"
#include "ktap.h"

#define SIZE		(1UL << 20)
#define TEST_CPUS	2

static struct vnode_status vnode;
static unsigned int left;		/* reads of the status until it is returned, 0: never */
static unsigned int nr_thaws;
static struct vnode_gdb_target target;
static struct vnode_err err;
static const struct vnode_config config = { .id = 1 };

static int read_mem(void *context, uint64_t offset, void *buf, size_t len)
{
	(void)context;
	(void)offset;
	memset(buf, 0, len);
	return 0;
}

int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *why)
{
	(void)fd;
	(void)next;
	(void)cpus;
	if (left && !--left)
		return vnode_err(why, ESRCH, "no vnode %u", id);
	*status = vnode;
	return 0;
}

int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *memory,
			struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)why;
	*memory = (struct vnode_memory){ .read = read_mem, .size = SIZE };
	return 0;
}

int vnode_device_freeze(int fd, unsigned int id, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)why;
	return 0;
}

int vnode_device_thaw(int fd, unsigned int id, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)why;
	nr_thaws++;
	return 0;
}

int vnode_device_regs(int fd, unsigned int id, unsigned int cpu, struct vnode_regs *regs,
		      struct vnode_err *why)
{
	(void)fd;
	(void)why;
	*regs = (struct vnode_regs){ .id = id, .cpu = cpu, .kind = VNODE_REGS_FROZEN };
	return 0;
}

static void make_vnode(void)
{
	vnode = (struct vnode_status){
		.id = 1, .state = VNODE_RUNNING, .nr_cpus = TEST_CPUS, .mem_size = SIZE,
	};
	left = 0;
	nr_thaws = 0;
}

static void ended_vnode_is_not_thawed(void)
{
	make_vnode();
	target = (struct vnode_gdb_target){};
	KTAP_REQUIRE(!vnode_gdb_target_open(&target, -1, &config, &err));
	KTAP_CHECK_EQ(vnode_gdb_target_stop(&target, 2, &err), 0);
	KTAP_CHECK(target.frozen && !nr_thaws);
	KTAP_CHECK_EQ(target.view.regs[0].kind, VNODE_REGS_FROZEN);
	vnode.state = VNODE_STOPPED;
	KTAP_CHECK_EQ(vnode_gdb_target_look(&target, &err), 0);
	KTAP_CHECK(!target.frozen);
	KTAP_CHECK_EQ(nr_thaws, 1);
	/* gdb still sees the registers of the stop */
	KTAP_CHECK_EQ(target.view.regs[0].kind, VNODE_REGS_FROZEN);
	target.frozen_until = 0;
	vnode_gdb_target_expire(&target);
	KTAP_CHECK(!strstr(target.view.said, "thawed"));
	vnode_gdb_target_close(&target);
}

/* ---- sessions ---- */

#define STOP_PACKET	"$?#3f"
#define STOP_REPLY	"+$T00thread:1;#d2"

static char output[4096];		/* what gdb has got */

static void move_fd(int from, int to)
{
	dup2(from, to);
	close(from);
}

/*
 * Runs a session on pipes. @out is the end that kexec writes to. @stays: gdb keeps its end
 * open after @input.
 */
static int run_session(const char *input, bool stays, int out)
{
	int saved[2] = { dup(STDIN_FILENO), dup(STDOUT_FILENO) };
	int in[2], ret;

	fflush(stdout);
	if (pipe(in) || write(in[1], input, strlen(input)) != (ssize_t)strlen(input))
		return -EIO;
	if (!stays)
		close(in[1]);
	move_fd(in[0], STDIN_FILENO);
	move_fd(out, STDOUT_FILENO);
	/* a session that waits for more than it should */
	alarm(20);
	ret = vnode_gdb(-1, &config, &err);
	alarm(0);
	move_fd(saved[0], STDIN_FILENO);
	move_fd(saved[1], STDOUT_FILENO);
	if (stays)
		close(in[1]);
	return ret;
}

static int session(const char *input)
{
	int out[2], ret;
	ssize_t len;

	if (pipe(out))
		return -EIO;
	ret = run_session(input, false, out[1]);
	len = read(out[0], output, sizeof(output) - 1);
	output[len > 0 ? len : 0] = 0;
	close(out[0]);
	return ret;
}

/* No event will come: it must not wait for one. */
static void vnode_gone_before_the_session(void)
{
	int out[2];

	make_vnode();
	left = 1;
	KTAP_REQUIRE(!pipe(out));
	KTAP_CHECK_EQ(run_session("", true, out[1]), 0);
	close(out[0]);
}

static void end_of_input_thaws(void)
{
	make_vnode();
	KTAP_CHECK_EQ(session(STOP_PACKET), 0);
	KTAP_CHECK_STR(output, STOP_REPLY);
	KTAP_CHECK_EQ(nr_thaws, 1);
}

static void kill_and_detach_thaw(void)
{
	make_vnode();
	KTAP_CHECK_EQ(session(STOP_PACKET "+$k#6b$g#67"), 0);
	KTAP_CHECK_STR(output, STOP_REPLY "+");
	KTAP_CHECK_EQ(nr_thaws, 1);
	KTAP_CHECK_EQ(session(STOP_PACKET "+$D#44$g#67"), 0);
	KTAP_CHECK_STR(output, STOP_REPLY "+$OK#9a");
	KTAP_CHECK_EQ(nr_thaws, 2);
}

static void repeated_packet_is_answered_once(void)
{
	make_vnode();
	KTAP_CHECK_EQ(session("+$qAttached#8f$qAttached#8f$qAttached#8f"), 0);
	KTAP_CHECK_STR(output, "+$1#31");
	/* other packets are not copies */
	KTAP_CHECK_EQ(session("$qC#b4$qAttached#8f$qAttached#8f"), 0);
	KTAP_CHECK_STR(output, "+$QC1#c5+$1#31+$1#31");
}

/* gdb gets a ^C at the terminal and sends it as a byte. */
static void interrupt_is_ignored(void)
{
	make_vnode();
	signal(SIGINT, SIG_DFL);
	KTAP_CHECK_EQ(session(""), 0);
	KTAP_CHECK(signal(SIGINT, SIG_DFL) == SIG_IGN);
}

static void closed_output_ends_it(void)
{
	int out[2];

	make_vnode();
	KTAP_REQUIRE(!pipe(out));
	close(out[0]);
	KTAP_CHECK_EQ(run_session(STOP_PACKET, true, out[1]), 0);
}

/* gdb hangs: the answer does not fit into the pipe, and nothing reads it. */
static void full_output_ends_it(void)
{
	int out[2];

	make_vnode();
	KTAP_REQUIRE(!pipe2(out, O_NONBLOCK));
	while (write(out[1], output, sizeof(output)) > 0)
		;
	KTAP_CHECK_EQ(run_session(STOP_PACKET, true, out[1]), 0);
	close(out[0]);
}

static const struct ktap_test tests[] = {
	{ "a vnode that has ended is not reported as thawed", ended_vnode_is_not_thawed },
	{ "a vnode that has gone before gdb came ends it", vnode_gone_before_the_session },
	{ "the end of the input ends the session and thaws", end_of_input_thaws },
	{ "kill and detach end the session and thaw", kill_and_detach_thaw },
	{ "a repeated first packet is answered once", repeated_packet_is_answered_once },
	{ "SIGINT does not end the session", interrupt_is_ignored },
	{ "a gdb that has closed its end ends the session", closed_output_ends_it },
	{ "a gdb that reads nothing ends the session", full_output_ends_it },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
