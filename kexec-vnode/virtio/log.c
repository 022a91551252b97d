// SPDX-License-Identifier: GPL-2.0-only
/* The front end has no terminal: it writes to root's kernel log, as a dump does. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "front-end.h"

static int log_fd = -1;
static char log_name[32];

void vnode_front_end_log_open(const char *name)
{
	snprintf(log_name, sizeof(log_name), "%s", name);
	log_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
}

/* A message that cannot be written is lost: there is no other place for it. */
void vnode_front_end_log(const char *fmt, ...)
{
	char line[800];
	va_list args;
	int len;

	/* the level "notice"; one write() is one record */
	len = snprintf(line, sizeof(line), "<5>kexec: %s: ", log_name);
	va_start(args, fmt);
	len += vsnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	/* without it the record would stay open, and unseen, until the next one */
	line[len++] = '\n';
	while (log_fd >= 0 && write(log_fd, line, len) < 0)
		break;
}
