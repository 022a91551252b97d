/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command that runs in another kernel. The agent of the kernel where commands run has a
 * bridge, EXEC_NAME with the id of its vnode, whose bell announces sessions. A client
 * creates a bridge for one command, the first of EXEC_SESSION_NAME that is free, writes
 * the command there, and rings the agent's. Each side learns from the state of the other
 * one's bridge that its process or its kernel is gone.
 *
 * The agent runs what comes from the user root of a kernel that its own was started to
 * trust: of root, and of those that the word "vnode.exec=IDS" on its command line names.
 *
 * Root has an agent as well, with id 0: it runs nothing but kexec, for vnodes that look at
 * others (kexec-vnode/view/view.h).
 *
 * Each word has one writer; its reader copies it once and checks. Positions only grow; a
 * stream holds the bytes between its two. The bell of the session's bridge rings
 *
 *	after bytes were put, if all of the earlier ones had been taken;
 *	after bytes were taken, if the stream may have been full;
 *	after any other change.
 */
#ifndef _VNODE_EXEC_H
#define _VNODE_EXEC_H

#include <assert.h>
#include <linux/types.h>

#define EXEC_NAME		"exec.%u"
#define EXEC_SESSION_NAME	"exec.%u.%u"
#define EXEC_SESSIONS		16
#define EXEC_MAGIC		0x43455845	/* "EXEC" */
#define EXEC_VERSION		1

#define EXEC_STREAM		0x10000		/* bytes */
#define EXEC_WORDS		0x7000		/* bytes of environment and command */
#define EXEC_SIGNALS		16

#define EXEC_TTY		(1U << 0)	/* flags: it gets a terminal */

/**
 * enum exec_state - of a session
 * @EXEC_NEW: the agent has not seen it yet
 * @EXEC_RUNS: the command was started
 * @EXEC_DONE: the command has ended, all of its output is in the streams
 * @EXEC_REFUSED: the agent cannot run it, @status is an errno
 */
enum exec_state {
	EXEC_NEW = 0,
	EXEC_RUNS = 1,
	EXEC_DONE = 2,
	EXEC_REFUSED = 3,
};

/**
 * struct exec_client - written by the client
 * @magic: EXEC_MAGIC, written last
 * @version: EXEC_VERSION
 * @flags: EXEC_TTY
 * @size: with EXEC_TTY: rows << 16 | columns of its window, 0 if it has none
 * @in_put: position in @in up to which there is input
 * @in_end: 1: nothing follows
 * @out_taken: position in @out up to which output has been taken
 * @err_taken: the same for @err
 * @signals: how many signals have been sent
 * @signal: signal number N, counted from 0, at N modulo EXEC_SIGNALS
 * @nr_env: how many of @words are variables
 * @nr_args: how many follow: the command and its arguments
 * @pad: zero
 * @words: "NAME=VALUE" and arguments, each with its NUL
 */
struct exec_client {
	__u32 magic;
	__u32 version;
	__u32 flags;
	__u32 size;
	__u32 in_put;
	__u32 in_end;
	__u32 out_taken;
	__u32 err_taken;
	__u32 signals;
	__u8 signal[EXEC_SIGNALS];
	__u32 nr_env;
	__u32 nr_args;
	__u8 pad[0x1000 - 60];
	char words[EXEC_WORDS];
};

/**
 * struct exec_server - written by the agent
 * @state: enum exec_state, written last
 * @status: exit status, or the errno of EXEC_REFUSED
 * @out_put: position in @out up to which there is output
 * @err_put: the same for @err
 * @in_taken: position in @in up to which input has been taken
 * @pad: zero
 */
struct exec_server {
	__u32 state;
	__u32 status;
	__u32 out_put;
	__u32 err_put;
	__u32 in_taken;
	__u8 pad[0x1000 - 20];
};

/**
 * struct exec_session - the content of a session's bridge
 * @client: see there
 * @server: see there
 * @in: standard input
 * @out: standard output; with EXEC_TTY what the terminal shows
 * @err: standard error
 */
struct exec_session {
	struct exec_client client;
	struct exec_server server;
	__u8 in[EXEC_STREAM];
	__u8 out[EXEC_STREAM];
	__u8 err[EXEC_STREAM];
};

static_assert(sizeof(struct exec_client) == 0x8000, "exec client");
static_assert(sizeof(struct exec_server) == 0x1000, "exec server");
static_assert(sizeof(struct exec_session) == 0x39000, "exec session");

#endif /* _VNODE_EXEC_H */
