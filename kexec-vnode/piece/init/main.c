// SPDX-License-Identifier: GPL-2.0-only
/* The first program of a vnode, up to the initrd's own one. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/agent.h"
#include "init.h"

#define AGENT	"@vnode-agent"	/* see agent.c */

static int kmsg = -1;

void say(const char *fmt, ...)
{
	char line[1000];
	size_t len;
	va_list ap;

	/* the level stays in front */
	len = snprintf(line, sizeof(line), "%.3svnode-init: ", fmt);
	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(line) - len, fmt + 3, ap);
	va_end(ap);
	if (write(kmsg, line, strlen(line)) < 0)
		return;		/* no other place to report it */
}

/* The initrd mounts its own: these are gone when it begins. */
static void mounts_begin(void)
{
	mkdir(DEV, 0755);
	mkdir(PROC, 0755);
	if (!mount("dev", DEV, "devtmpfs", 0, NULL))
		kmsg = open(DEV "/kmsg", O_WRONLY | O_CLOEXEC);
	if (mount("proc", PROC, "proc", 0, NULL))
		say("<3>%s: %s", PROC, strerror(errno));
}

static void mounts_end(bool keep_proc)
{
	umount2(DEV, MNT_DETACH);
	if (!keep_proc)
		umount2(PROC, MNT_DETACH);
}

/* The kernel opened its console before there was one: what /init writes would be lost. */
static void open_console(void)
{
	int fd = open(DEV "/console", O_RDWR);

	if (fd < 0)
		fd = open(DEV "/null", O_RDWR);
	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void start_agent(char *const envp[])
{
	char *const argv[] = { AGENT, NULL };
	pid_t pid = fork();

	if (!pid) {
		execve(DIR "/init", argv, envp);
		_exit(1);
	}
	if (pid < 0)
		say("<3>agent: %s", strerror(errno));
}

int main(int argc __attribute__((unused)), char **argv, char **envp)
{
	if (!strcmp(argv[0], AGENT))
		return agent_main();
	mounts_begin();
	cmdline_read();
	modules_load();
	open_console();
	start_agent(envp);
	if (access("/init", X_OK))
		root_enter(argv);
	mounts_end(keeper_start(argv[0]));
	argv[0] = "/init";
	execv(argv[0], argv);
	say("<2>%s: %s", argv[0], strerror(errno));
	return 1;
}
