// SPDX-License-Identifier: GPL-2.0-only
/* Loads the modules of /vnode/order, each with its parameters of the command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

static int load(const char *file)
{
	char path[160], name[80], params[2048];
	int fd, ret;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	cmdline_params(name, params, sizeof(params));
	snprintf(path, sizeof(path), DIR "/modules/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

void modules_load(void)
{
	char line[96], failed[700] = "";
	FILE *order = fopen(DIR "/order", "re");
	size_t used = 0;
	int err;

	while (order && fgets(line, sizeof(line), order)) {
		line[strcspn(line, "\n")] = '\0';
		err = load(line);
		if (err && used < sizeof(failed))
			used += snprintf(failed + used, sizeof(failed) - used, "%s%s: %s",
					 used ? ", " : "", line, strerror(-err));
	}
	if (order)
		fclose(order);
	else
		say("<3>%s: %s", DIR "/order", strerror(errno));
	if (used)
		say("<3>not loaded: %s", failed);
}
