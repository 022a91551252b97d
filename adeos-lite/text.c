// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that people and other kernels give, and text that other kernels wrote: it
 * goes to root's log, to events and to terminals, so nothing but printable ASCII
 * passes.
 */
#include <linux/compiler.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "adeos.h"

/**
 * adeos_name_check - may a portal or a bridge be called so?
 * @name: letters, digits, '-', '_', '.', '/', or nothing
 * @size: room for it, with its NUL
 *
 * Return: 0, -EINVAL (other characters), -ENAMETOOLONG.
 */
int adeos_name_check(const char *name, size_t size)
{
	size_t len = strnlen(name, size);
	size_t i;

	if (len == size)
		return -ENAMETOOLONG;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !(isalnum(name[i]) || strchr("-_./", name[i])))
			return -EINVAL;
	return 0;
}

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
