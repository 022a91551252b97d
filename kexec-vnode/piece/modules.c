// SPDX-License-Identifier: GPL-2.0-only
/*
 * modules.dep and modules.builtin, the texts in which depmod lists a kernel's modules:
 *
 *	kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko.xz
 *
 * A line of modules.dep names a file, then all that it needs, directly or not; what comes
 * last is loaded first (depmod's output_deps()). modules.builtin has the names alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "piece.h"

static char plain(char c)
{
	return c == '-' ? '_' : c;
}

/* Whether the file @path is module @name: "-" and "_" are the same in names of modules. */
static bool is_module(const char *path, size_t len, const char *name)
{
	const char *base = memrchr(path, '/', len), *end = path + len;

	base = base ? base + 1 : path;
	for (; *name && base < end && plain(*base) == plain(*name); name++)
		base++;
	return !*name && end - base >= 3 && !memcmp(base, ".ko", 3) &&
	       (end - base == 3 || base[3] == '.');
}

/* The line of module @name and the length of the file's name, or NULL */
static const char *find_line(const char *text, const char *name, size_t *len)
{
	while (text && *text) {
		*len = strcspn(text, ":\n");
		if (is_module(text, *len, name))
			return text;
		text = strchr(text + *len, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

static int list_file(struct module_list *list, const char *path, size_t len)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (list->file[i].len == len && !memcmp(list->file[i].path, path, len))
			return 0;
	if (list->nr == VNODE_PIECE_MODULES_MAX)
		return -E2BIG;
	list->file[list->nr].path = path;
	list->file[list->nr++].len = len;
	return 0;
}

int module_list_add(struct module_list *list, const char *dep, const char *name)
{
	const char *line, *end, *from;
	size_t len;
	int ret = 0;

	line = find_line(dep, name, &len);
	if (!line || line[len] != ':')
		return -ENOENT;
	from = line + len + 1;
	end = from + strcspn(from, "\n");
	/* the words behind the colon, from the last to the first */
	while (!ret) {
		while (end > from && end[-1] == ' ')
			end--;
		if (end == from)
			break;
		for (line = end; line > from && line[-1] != ' ';)
			line--;
		ret = list_file(list, line, end - line);
		end = line;
	}
	return ret ?: list_file(list, from - len - 1, len);
}

bool module_is_builtin(const char *builtin, const char *name)
{
	size_t len;

	return builtin && find_line(builtin, name, &len);
}
