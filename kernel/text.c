// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text from another kernel goes to root's log, to events and to terminals: nothing
 * but printable ASCII passes.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "kmb.h"

static char text_char(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

/**
 * kmb_text_line - copy the first line of a text
 * @to: the copy, always terminated
 * @size: room there
 * @from: the text, which may lack its NUL
 * @from_size: how much of it there is at most
 */
void kmb_text_line(char *to, size_t size, const char *from, size_t from_size)
{
	size_t i;

	for (i = 0; i < min(size - 1, from_size) && from[i] && from[i] != '\n'; i++)
		to[i] = text_char(from[i]);
	to[i] = 0;
}

/**
 * kmb_text_lines - clean a text in place, lines and tabs stay
 * @text: the text
 * @len: bytes
 */
void kmb_text_lines(char *text, size_t len)
{
	for (; len--; text++)
		if (*text != '\n' && *text != '\t')
			*text = text_char(*text);
}
