// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent of root: kexec --vnode-serve, which root's kernel starts when a vnode gets
 * viewers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "device.h"
#include "exec/agent.h"
#include "view.h"

static bool is_any_vnode(int device)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	struct vnode_err ignored;

	return !vnode_device_status(device, 1, true, &status, cpus, &ignored);
}

/* A viewer that is one only since the last ring has rung, or will. */
static void serve(struct agent *agent, int device)
{
	struct pollfd fds[] = {
		{ .fd = agent->fd, .events = POLLIN },
		{ .fd = device, .events = POLLPRI },
	};
	uint64_t rings;

	while (is_any_vnode(device)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		/* 0 bytes: the bridge is revoked */
		if (fds[0].revents && read(agent->fd, &rings, sizeof(rings)) == 0)
			return;
		vnode_view_all(agent->trusted);
		agent_serve(agent);
	}
}

int vnode_view_serve(struct vnode_err *err)
{
	static struct agent agent = { .program = "/proc/self/exe" };
	static const uint64_t all[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };
	struct vnode_info info;
	int device, ret;

	device = vnode_device_open(&info, err);
	if (device < 0)
		return device;
	agent.dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	agent.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/*
	 * One that begins while this one ends finds the bridge and leaves: look again once it
	 * is gone.
	 */
	do {
		ret = agent_announce(&agent, all);
		if (ret == -EEXIST)
			return 0;
		if (ret)
			return vnode_err(err, ret, "--vnode-serve: no bridge: %s", strerror(-ret));
		serve(&agent, device);
		close(agent.fd);
	} while (is_any_vnode(device));
	return 0;
}
