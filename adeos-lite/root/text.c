// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text that other kernels wrote goes to root's log, to events and to terminals: nothing
 * but printable ASCII passes.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#include "root.h"

static char text_char(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

/**
 * adeos_text_line - copy a line of text, which may change meanwhile
 * @to: the copy, always terminated
 * @from: the text, which may lack its NUL
 * @size: room for either
 */
void adeos_text_line(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1; i++) {
		char c = READ_ONCE(from[i]);

		if (!c || c == '\n')
			break;
		to[i] = text_char(c);
	}
	to[i] = '\0';
}

/**
 * adeos_text_lines - clean a text in place; lines and tabs stay
 * @text: the text
 * @len: bytes
 */
void adeos_text_lines(char *text, size_t len)
{
	for (; len--; text++)
		if (*text != '\n' && *text != '\t')
			*text = text_char(*text);
}
