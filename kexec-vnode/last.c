// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last lines of a vnode's log: those that its nanokernel sent as it ended, or else
 * those in its memory.
 */
#define _GNU_SOURCE		/* fopencookie() */
#include <stdio.h>
#include <string.h>
#include <linux/vnode.h>
#include <vnode/names.h>

#include "device.h"
#include "inspect/inspect.h"
#include "inspect/vmcoreinfo.h"
#include "status.h"

/* A stream that keeps the last VNODE_LAST_MAX bytes */
struct tail {
	char *text;
	size_t len;
	bool cut;
};

static ssize_t tail_write(void *cookie, const char *buf, size_t size)
{
	struct tail *tail = cookie;
	size_t fresh = size < VNODE_LAST_MAX ? size : VNODE_LAST_MAX;
	size_t kept = VNODE_LAST_MAX - fresh;

	if (tail->len < kept)
		kept = tail->len;
	tail->cut |= kept < tail->len || fresh < size;
	memmove(tail->text, tail->text + tail->len - kept, kept);
	memcpy(tail->text + kept, buf + size - fresh, fresh);
	tail->len = kept + fresh;
	return size;
}

/* Return: the length; 0 if there is no log. */
static size_t from_memory(const struct vnode_memory *memory, struct vnode_vmcoreinfo *found,
			  char *text)
{
	static const cookie_io_functions_t functions = { .write = tail_write };
	struct tail tail = { .text = text };
	struct vnode_err ignored;
	char *line;
	FILE *out;

	out = fopencookie(&tail, "w", functions);
	if (!out)
		return 0;
	vnode_log_print_again(memory, out, found, &ignored);
	fclose(out);
	line = tail.cut ? memchr(text, '\n', tail.len) : NULL;
	if (line++) {
		tail.len -= line - text;
		memmove(text, line, tail.len);
	}
	return tail.len;
}

static void make_printable(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] != '\n' && text[i] != '\t' && (text[i] < 0x20 || text[i] > 0x7e))
			text[i] = '?';
	text[len] = 0;
}

void vnode_last_of(const struct vnode_memory *memory, struct vnode_vmcoreinfo *found,
		   char text[VNODE_LAST_MAX + 1])
{
	make_printable(text, from_memory(memory, found, text));
}

void vnode_last(int fd, const struct vnode_status *status, char text[VNODE_LAST_MAX + 1])
{
	bool dead = vnode_state_ended(status->state);
	struct vnode_vmcoreinfo found = { .pa = 0 };
	size_t len = VNODE_LAST_MAX;
	struct vnode_memory memory;
	struct vnode_err ignored;

	if (vnode_device_last(fd, status->id, text, &len, &ignored))
		len = 0;
	if (!len && dead && !vnode_device_memory(fd, status->id, &memory, &ignored))
		len = from_memory(&memory, &found, text);
	make_printable(text, len);
}

const char *vnode_last_lines(const char *text, unsigned int lines)
{
	const char *at = text + strlen(text);

	while (at > text) {
		if (at[-1] == '\n' && at[0] && !--lines)
			break;
		at--;
	}
	return at;
}
