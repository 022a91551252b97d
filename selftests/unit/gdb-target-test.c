// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/gdb/target.c and gdb.c on a vnode that ends, or is returned, when nobody
 * waits for that: device.c's part is played here.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "device.h"
#include "gdb/gdb.h"
#include "ktap.h"

#define SIZE		(1UL << 20)
#define TEST_CPUS	2

static struct vnode_status vnode;
static unsigned int left;		/* looks until it is returned, 0: it stays */
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

static void what_has_ended_does_not_go_on(void)
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
	/* what gdb has seen of it stays */
	KTAP_CHECK_EQ(target.view.regs[0].kind, VNODE_REGS_FROZEN);
	target.frozen_until = 0;
	vnode_gdb_target_expire(&target);
	KTAP_CHECK(!strstr(target.view.said, "has gone on"));
	vnode_gdb_target_close(&target);
}

/* Whatever would be waited for here does not come. */
static void is_left_when_it_has_gone(void)
{
	make_vnode();
	left = 2;
	alarm(10);
	KTAP_CHECK_EQ(vnode_gdb(-1, &config, &err), 0);
	alarm(0);
}

static const struct ktap_test tests[] = {
	{ "one that has ended is not said to go on", what_has_ended_does_not_go_on },
	{ "one that has gone before gdb came is not waited for", is_left_when_it_has_gone },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
