// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that look, in a vnode: root carries them out. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "cli.h"
#include "exec/exec.h"
#include "inspect/inspect.h"
#include "status.h"
#include "view.h"

unsigned int vnode_own_id(void)
{
	FILE *file = fopen("/sys/kernel/adeos/id", "re");
	unsigned int id = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &id) != 1)
		id = 0;
	fclose(file);
	return id;
}

/* What looks, as root's kexec gets it. What is dumped comes as a stream. */
static char *const looks[VNODE_NR_VERBS] = {
	[VNODE_VERB_LIST] = "--vnode-list",
	[VNODE_VERB_STATUS] = "--status",
	[VNODE_VERB_LOG] = "--log",
	[VNODE_VERB_GDB] = "--gdb",
	[VNODE_VERB_DUMP] = "--dump=-",
};

static int write_command(const struct vnode_config *config, char *words[5], struct vnode_err *err)
{
	static char vnode[64];

	if (!looks[config->verb])
		return vnode_err(err, ENOTTY, "this is vnode %u: that cannot be done here, only in root",
				 vnode_own_id());
	*words++ = "kexec";
	*words++ = looks[config->verb];
	if (config->vnode) {
		snprintf(vnode, sizeof(vnode), "--vnode=%.50s", config->vnode);
		*words++ = vnode;
	}
	if (config->json)
		*words++ = "--json";
	*words = NULL;
	return 0;
}

static int ask(const struct vnode_config *config, int *status, struct vnode_err *err)
{
	static struct vnode_config root;
	char *words[5];
	int ret;

	root = (struct vnode_config){ .verb = VNODE_VERB_RUN, .command = words };
	ret = write_command(config, words, err) ?: vnode_run(-1, &root, status, err);
	if (ret == -EACCES)
		return vnode_err(err, EPERM, "not permitted: be root");
	if (ret != -ESRCH)
		return ret;
	/* root shows this vnode none */
	if (config->verb == VNODE_VERB_LIST)
		return vnode_list_print(-1, false, config->json, stdout, err);
	return vnode_err(err, ESRCH, "no vnode %s: kexec --vnode-list shows those that exist",
			 config->vnode);
}

/* Exit status of the writer that has no file, as the stream has ended: root says why. */
#define WRITER_CUT	2

/* A process that makes a file of what this one prints. Return: its pid, or -errno. */
static pid_t start_writer(const char *path, struct vnode_err *err)
{
	struct vnode_err why = {};
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return vnode_err(err, errno, "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(fds[1]);
		if (!vnode_dump_receive(fds[0], path, &why))
			_exit(0);
		if (!*why.text)
			_exit(WRITER_CUT);
		fprintf(stderr, "kexec: %s\n", why.text);
		_exit(1);
	}
	close(fds[0]);
	if (pid < 0)
		vnode_err(err, errno, "fork: %s", strerror(errno));
	else
		dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	return pid < 0 ? -EAGAIN : pid;
}

/* The file is this vnode's. */
static int ask_dump(const struct vnode_config *config, int *status, struct vnode_err *err)
{
	pid_t pid = start_writer(config->dump, err);
	int ret, wrote;

	if (pid < 0)
		return pid;
	ret = ask(config, status, err);
	/* the stream ends, and the file is complete or removed */
	close(STDOUT_FILENO);
	if (waitpid(pid, &wrote, 0) != pid || (wrote && WEXITSTATUS(wrote) != WRITER_CUT))
		*status = 1;
	else if (wrote)
		*status = *status ?: 1;
	return ret;
}

int vnode_view_ask(const struct vnode_config *config, int *status, struct vnode_err *err)
{
	return config->verb == VNODE_VERB_DUMP && strcmp(config->dump, "-") ?
	       ask_dump(config, status, err) : ask(config, status, err);
}
