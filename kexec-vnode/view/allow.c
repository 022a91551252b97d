// SPDX-License-Identifier: GPL-2.0-only
/* What a viewer may see: the attribute viewers of each vnode, as root's kernel has it now. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "view.h"

#define VIEWERS	"/sys/class/vnode/%s/viewers"

/* Return: whether there are any. */
static bool read_viewers(const char *path, struct vnode_ids *ids)
{
	char text[4 * VNODE_IDS_MAX + 2];
	struct vnode_err ignored;
	FILE *file = fopen(path, "re");
	bool found;

	if (!file)
		return false;
	found = fgets(text, sizeof(text), file);
	fclose(file);
	if (!found)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return *text && !vnode_parse_ids(text, ids, &ignored);
}

bool vnode_view_allows(const char *name, unsigned int viewer)
{
	struct vnode_ids ids = {};
	char path[128];
	unsigned int i;

	snprintf(path, sizeof(path), VIEWERS, name);
	if (!read_viewers(path, &ids))
		return false;
	for (i = 0; i < ids.nr; i++)
		if (ids.id[i] == viewer)
			return true;
	return false;
}

void vnode_view_all(uint64_t viewers[4])
{
	char pattern[sizeof(VIEWERS)];
	glob_t paths;
	size_t i, k;

	memset(viewers, 0, 4 * sizeof(*viewers));
	snprintf(pattern, sizeof(pattern), VIEWERS, "*");
	if (glob(pattern, 0, NULL, &paths))
		return;
	for (i = 0; i < paths.gl_pathc; i++) {
		struct vnode_ids ids = {};

		if (!read_viewers(paths.gl_pathv[i], &ids))
			continue;
		for (k = 0; k < ids.nr; k++)
			viewers[ids.id[k] / 64] |= 1ULL << ids.id[k] % 64;
	}
	globfree(&paths);
}
