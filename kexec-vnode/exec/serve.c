// SPDX-License-Identifier: GPL-2.0-only
/* Sessions of an agent: its bridge, and a process for each command. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bridge.h>

#include "agent.h"
#include "exec.h"

int agent_announce(struct agent *agent, const uint64_t access[4])
{
	struct bridge_create create = {
		.size = 4096, .flags = BRIDGE_GLOBAL | BRIDGE_ACCESS, .mode = 0600,
	};

	memcpy(create.access, access, sizeof(create.access));
	snprintf(create.name, sizeof(create.name), EXEC_NAME, agent->id);
	agent->fd = exec_bridge(agent->dev, "bridge", BRIDGE_IOC_CREATE, &create);
	return agent->fd < 0 ? agent->fd : 0;
}

static bool is_trusted(const struct agent *agent, const struct bridge_status *status)
{
	return !status->uid && status->owner < 256 &&
	       agent->trusted[status->owner / 64] & 1ULL << status->owner % 64;
}

/* To a stranger root has no vnodes. */
static void refuse(const struct agent *agent, int fd, struct exec_session *session)
{
	session->server.status = agent->program ? ESRCH : EACCES;
	__atomic_store_n(&session->server.state, EXEC_REFUSED, __ATOMIC_RELEASE);
	ioctl(fd, BRIDGE_IOC_RING);
}

/* Runs the command of session @number, if there is one that has not been run. */
static void look(struct agent *agent, unsigned int number)
{
	struct bridge_open open = {};
	struct bridge_status status;
	struct exec_session *session;
	int fd;

	snprintf(open.name, sizeof(open.name), EXEC_SESSION_NAME, agent->id, number);
	fd = exec_bridge(agent->dev, "bridge", BRIDGE_IOC_OPEN, &open);
	if (fd < 0)
		return;
	if (open.size != sizeof(*session) || ioctl(fd, BRIDGE_IOC_STATUS, &status) ||
	    status.serial == agent->seen[number])
		goto out;
	session = mmap(NULL, sizeof(*session), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (session == MAP_FAILED)
		goto out;
	if (__atomic_load_n(&session->client.magic, __ATOMIC_ACQUIRE) == EXEC_MAGIC) {
		agent->seen[number] = status.serial;
		if (!is_trusted(agent, &status)) {
			refuse(agent, fd, session);
		} else if (!fork()) {
			/* it holds the bridge, and dies with its command */
			close(agent->fd);
			signal(SIGCHLD, SIG_DFL);
			_exit(agent_session(agent, fd, status.owner, session));
		}
	}
	munmap(session, sizeof(*session));
out:
	close(fd);
}

void agent_serve(struct agent *agent)
{
	unsigned int number;

	for (number = 0; number < EXEC_SESSIONS; number++)
		look(agent, number);
}
