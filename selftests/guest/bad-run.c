// SPDX-License-Identifier: GPL-2.0-only
/*
 * bad-run HOW COMMAND [ARG...]: runs COMMAND without the privilege that it needs, or
 * against a module of another version.
 *
 *	user	as user and group 1000
 *	nocap	as root, but without CAP_SYS_BOOT
 *	abi	the module answers with another version of its interface
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/vnode.h>

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "bad-run: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void become_user(void)
{
	if (setgroups(0, NULL) || setgid(1000) || setuid(1000))
		fail("setuid");
}

/* Drop it from the bounding set too: exec as root would restore it. */
static void drop_cap(void)
{
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0))
		fail("PR_CAPBSET_DROP");
}

static void run(char **argv)
{
	execvp(argv[0], argv);
	fail(argv[0]);
}

/* Change INFO's answer in the caller's memory, after the call. */
static void spoil(pid_t pid, const struct user_regs_struct *regs)
{
	unsigned long at = regs->rdx + offsetof(struct vnode_info, abi);
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
	if (errno)
		fail("PTRACE_PEEKDATA");
	if (ptrace(PTRACE_POKEDATA, pid, at, word + 1))
		fail("PTRACE_POKEDATA");
}

static int trace(char **argv)
{
	struct user_regs_struct regs;
	int status, leaving = 0;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			fail("PTRACE_TRACEME");
		run(argv);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			fail("PTRACE_GETREGS");
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			leaving = !leaving;
			if (!leaving && regs.orig_rax == SYS_ioctl && !regs.rax &&
			    regs.rsi == VNODE_IOC_INFO)
				spoil(pid, &regs);
		} else {
			/* the SIGTRAP of exec */
			ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
			fail("PTRACE_SYSCALL");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bad-run user|nocap|abi COMMAND [ARG...]\n");
		return 125;
	}
	if (!strcmp(argv[1], "abi"))
		return trace(argv + 2);
	if (!strcmp(argv[1], "user"))
		become_user();
	else if (!strcmp(argv[1], "nocap"))
		drop_cap();
	run(argv + 2);
}
