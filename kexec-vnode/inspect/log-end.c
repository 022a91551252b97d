// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a kernel's log says that the kernel has ended. For a kernel whose nanokernel has not
 * attached: root learns of its end from nothing else. These lines are the last ones that
 * it writes (kernel/panic.c, kernel/reboot.c) when it can neither reset the machine nor
 * turn it off.
 */
#include <string.h>

#include "inspect.h"

static const struct {
	const char *line, *did;
} ends[] = {
	{ "---[ end Kernel panic - not syncing", "panicked" },
	{ "reboot: System halted", "halted" },
	{ "reboot: Power down", "powered off" },
	{ "reboot: Power off not available: System halted instead", "powered off" },
};

/* Behind "[    1.234567] ", if there is a time stamp */
static const char *message(const char *line)
{
	const char *end = *line == '[' ? strchr(line, ']') : NULL;

	return end && end[1] == ' ' ? end + 2 : line;
}

const char *vnode_log_end(const char *text)
{
	const char *line = text, *did = NULL;
	size_t i;

	while (line) {
		for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			if (!strncmp(message(line), ends[i].line, strlen(ends[i].line)))
				did = ends[i].did;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return did;
}
