/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent: what its two halves share. */
#ifndef KEXEC_VNODE_AGENT_H
#define KEXEC_VNODE_AGENT_H

#include <stdint.h>
#include <vnode/exec.h>

/**
 * struct agent - the agent of a vnode
 * @id: of the vnode
 * @fd: its own bridge
 * @trusted: a bit for each vnode whose root may run commands
 * @seen: serial of the last bridge at each session's name
 */
struct agent {
	unsigned int id;
	int fd;
	uint64_t trusted[4];
	uint32_t seen[EXEC_SESSIONS];
};

/*
 * agent.c: the whole life of the agent, which ends if its kernel has no nanokernel for long.
 * Return: an exit status.
 */
int agent_main(void);
/* The root directory of process 1; -1 and errno */
int agent_root(void);

/* session.c: runs one command, in a process of its own; returns its exit status */
int agent_session(int fd, struct exec_session *session);

#endif /* KEXEC_VNODE_AGENT_H */
