// SPDX-License-Identifier: GPL-2.0-only
/* The words of --append, as Linux's next_arg() finds them */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "append.h"

/*
 * The next word at @at: white space in quotes belongs to it. @open: its last quote is not
 * closed, so the word extends to the end.
 */
static const char *next_word(const char *at, size_t *len, bool *open)
{
	while (isspace((unsigned char)*at))
		at++;
	*open = false;
	for (*len = 0; at[*len] && (*open || !isspace((unsigned char)at[*len])); (*len)++)
		if (at[*len] == '"')
			*open = !*open;
	return at;
}

/**
 * vnode_append_next() - the words for the kernel, one after the other
 * @append: of --append
 * @at: NULL at first, then left alone
 * @len: set to the length of the word, with its quotes
 *
 * Return: the word; NULL: there is none any more. Words behind "--" are for init.
 */
const char *vnode_append_next(const char *append, const char **at, size_t *len)
{
	const char *word;
	bool open;

	word = next_word(*at ?: append, len, &open);
	*at = word + *len;
	return *len && (*len != 2 || strncmp(word, "--", 2)) ? word : NULL;
}

/**
 * vnode_append_value() - the value that Linux uses, that of the last word of a kind
 * @append: of --append
 * @prefix: "root=", for example
 * @len: set to its length, without quotes around it or around the whole word
 *
 * Return: where it begins; NULL: there is no such word.
 */
const char *vnode_append_value(const char *append, const char *prefix, size_t *len)
{
	const char *word = append, *value = NULL;
	size_t word_len = 0, quote;
	bool open;

	do {
		word = next_word(word + word_len, &word_len, &open);
		quote = *word == '"';
		if (strncmp(word + quote, prefix, strlen(prefix)))
			continue;
		value = word + quote + strlen(prefix);
		*len = word + word_len - value;
		value += *len && *value == '"';
		*len = strcspn(value, "\"") < *len ? strcspn(value, "\"") : *len;
	} while (word_len);
	return value;
}

/**
 * vnode_append_has() - is there a word that begins with @prefix
 * @append: of --append
 * @prefix: "root=", for example
 */
bool vnode_append_has(const char *append, const char *prefix)
{
	size_t len;

	return vnode_append_value(append, prefix, &len);
}

/* The length of the words for the kernel in @append; words behind "--" are for init. */
static size_t kernel_part(const char *append)
{
	const char *word, *end = append;
	size_t len;
	bool open;

	for (word = next_word(append, &len, &open); len && !open;
	     word = next_word(end, &len, &open)) {
		if (len == 2 && !strncmp(word, "--", len))
			break;
		end = word + len;
	}
	return end - append;
}

/**
 * vnode_append_insert() - add words for the kernel
 * @append: of --append
 * @insert: the words, separated by spaces
 * @what: they are, for the error
 * @words: the result
 * @err: filled on failure
 *
 * Return: 0; -EINVAL: the result is too long.
 */
int vnode_append_insert(const char *append, const char *insert, const char *what,
			char words[VNODE_APPEND_MAX + 1], struct vnode_err *err)
{
	size_t front = kernel_part(append), given = strlen(append), len;
	const char *rest = append + front;

	while (isspace((unsigned char)*rest))
		rest++;
	len = snprintf(words, VNODE_APPEND_MAX + 1, "%.*s%s%s%s%s", (int)front, append,
		       front ? " " : "", insert, *rest ? " " : "", rest);
	if (len <= VNODE_APPEND_MAX)
		return 0;
	if (len - given > VNODE_APPEND_MAX)
		return vnode_err(err, EINVAL, "%s: %zu characters are too many for the command line",
				 what, len - given);
	return vnode_err(err, EINVAL,
			 "--append: %zu characters are too many, at most %zu beside the %zu of %s",
			 given, VNODE_APPEND_MAX - (len - given), len - given, what);
}
