// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's command line: words, which may have quotes around spaces (next_arg()). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

static char cmdline[4096];

void cmdline_read(void)
{
	int fd = open(PROC "/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, cmdline, sizeof(cmdline) - 1);

	cmdline[len > 0 ? len : 0] = '\0';
	cmdline[strcspn(cmdline, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

const char *cmdline_next(const char **at, size_t *len)
{
	const char *word = *at ?: cmdline;
	bool quoted = false;

	word += strspn(word, " ");
	for (*len = 0; word[*len] && (quoted || word[*len] != ' '); ++*len)
		if (word[*len] == '"')
			quoted = !quoted;
	*at = word + *len;
	/* what is behind "--" is the next program's */
	if (!*len || (*len == 2 && !memcmp(word, "--", 2)))
		return NULL;
	return word;
}

/* Copies a value, or as much of it as fits, without its quotes. */
static void copy_value(char *to, size_t size, const char *from, size_t len)
{
	for (; len && size > 1; from++, len--) {
		if (*from == '"')
			continue;
		*to++ = *from;
		size--;
	}
	*to = '\0';
}

const char *cmdline_value(const char *key)
{
	static char value[1024];
	const char *word, *at = NULL, *found = NULL;
	size_t len, key_len = strlen(key);

	while ((word = cmdline_next(&at, &len))) {
		size_t quote = *word == '"';

		if (len > key_len + quote && !strncmp(word + quote, key, key_len) &&
		    word[quote + key_len] == '=') {
			copy_value(value, sizeof(value), word + quote + key_len + 1,
				   len - quote - key_len - 1);
			found = value;
		}
	}
	return found;
}

bool cmdline_has(const char *wanted)
{
	const char *word, *at = NULL;
	size_t len;

	while ((word = cmdline_next(&at, &len)))
		if (len == strlen(wanted) && !memcmp(word, wanted, len))
			return true;
	return false;
}

static char plain(char c)
{
	return c == '-' ? '_' : c;
}

void cmdline_params(const char *module, char *params, size_t size)
{
	const char *word, *at = NULL;
	size_t len, i, used = 0;

	*params = '\0';
	while ((word = cmdline_next(&at, &len))) {
		size_t quote = *word == '"';

		for (i = 0; module[i] && plain(word[quote + i]) == plain(module[i]);)
			i++;
		if (module[i] || word[quote + i] != '.' || used + len + 2 > size)
			continue;
		used += snprintf(params + used, size - used, "%s%s%.*s", used ? " " : "",
				 quote ? "\"" : "", (int)(len - quote - i - 1),
				 word + quote + i + 1);
	}
}
