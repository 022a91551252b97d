/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent, in a vnode and in root: what its parts share. */
#ifndef KEXEC_VNODE_AGENT_H
#define KEXEC_VNODE_AGENT_H

#include <stdint.h>
#include <vnode/exec.h>

/**
 * struct agent - the agent of a kernel
 * @id: of the vnode, 0 in root
 * @dev: a directory of its devices
 * @proc: the same of its processes
 * @fd: its own bridge
 * @trusted: a bit for each vnode whose user root may run commands
 * @seen: serial of the last bridge at each session's name
 * @program: all that it runs, with the client's arguments and the first one "--vnode-viewer=ID",
 *	and with no variable of the client's; NULL: it runs what the client wants
 */
struct agent {
	unsigned int id;
	int dev, proc;
	int fd;
	uint64_t trusted[4];
	uint32_t seen[EXEC_SESSIONS];
	const char *program;
};

/* serve.c: creates the bridge @agent->fd, open to the kernels of @access; or -errno */
int agent_announce(struct agent *agent, const uint64_t access[4]);
/* Runs the commands of sessions that have been announced. */
void agent_serve(struct agent *agent);

/*
 * session.c: runs one command, in a process of its own; returns its exit status. @owner is
 * the kernel that it comes from.
 */
int agent_session(const struct agent *agent, int fd, unsigned int owner,
		  struct exec_session *session);

/*
 * agent.c: the whole life of the agent of a vnode, which ends if its kernel has no
 * nanokernel for long. Return: an exit status.
 */
int agent_main(void);

#endif /* KEXEC_VNODE_AGENT_H */
