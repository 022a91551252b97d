// SPDX-License-Identifier: GPL-2.0-only
/*
 * vnode.fs=TAG:TARGET[:ro]: a directory of another kernel, mounted at TARGET. systemd gets a
 * unit for each in /run, which goes over from the initrd to the root file system: so they
 * are ordered, shown and unmounted as any other. For another init they are mounted before
 * or while it starts.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define TYPE		"virtiofs"
#define KEY		"vnode.fs="
#define UNITS		"/run/systemd/system"
#define WANTS		UNITS "/local-fs.target.wants"

struct fs {
	char tag[64], target[512];
	bool ro;
};

/* False: not of this form. "TAG:TARGET", and nothing behind TARGET but ":ro" */
static bool parse(const char *text, size_t len, struct fs *fs)
{
	const char *colon = memchr(text, ':', len), *end = text + len;

	fs->ro = len > 3 && !memcmp(end - 3, ":ro", 3);
	if (fs->ro)
		end -= 3;
	if (!colon || colon == text || colon >= end || colon[1] != '/' ||
	    (size_t)(colon - text) >= sizeof(fs->tag) ||
	    (size_t)(end - colon) > sizeof(fs->target))
		return false;
	snprintf(fs->tag, sizeof(fs->tag), "%.*s", (int)(colon - text), text);
	snprintf(fs->target, sizeof(fs->target), "%.*s", (int)(end - colon - 1), colon + 1);
	return true;
}

/* The next one of the command line; *@at: NULL at first. False: there is none. */
static bool next_fs(const char **at, struct fs *fs)
{
	const char *word;
	size_t len;

	while ((word = cmdline_next(at, &len))) {
		if (strncmp(word, KEY, strlen(KEY)))
			continue;
		if (parse(word + strlen(KEY), len - strlen(KEY), fs))
			return true;
	}
	return false;
}

bool fs_wanted(void)
{
	const char *at = NULL;
	struct fs fs;

	return next_fs(&at, &fs);
}

/* ---- units for systemd ---- */

/* The name of the unit: systemd-escape(1) --path --suffix=mount. It cuts at @size. */
static void unit_name(const char *path, char *name, size_t size)
{
	size_t used = 0;
	bool first = true;

	path += strspn(path, "/");
	for (; *path && used < size; path++) {
		bool plain = isalnum((unsigned char)*path) || *path == '_' || *path == ':' ||
			     (*path == '.' && !first);

		if (*path == '/' && !path[strspn(path, "/")])
			break;
		if (*path == '/' && path[1] == '/')
			continue;
		used += snprintf(name + used, size - used,
				 *path == '/' ? "-" : plain ? "%c" : "\\x%02x",
				 (unsigned char)*path);
		first = false;
	}
	snprintf(name + used, used < size ? size - used : 0, ".mount");
}

/* The initrd's own systemd must not mount it: there it would be in the way. */
static int write_unit(const struct fs *fs, const char *path)
{
	FILE *file = fopen(path, "we");
	int err;

	if (!file)
		return -errno;
	fprintf(file,
		"[Unit]\nDescription=%s of another kernel\nConditionPathExists=!/etc/initrd-release\n\n"
		"[Mount]\nWhat=%s\nWhere=%s\nType=" TYPE "\n%s",
		fs->tag, fs->tag, fs->target, fs->ro ? "Options=ro\n" : "");
	err = ferror(file) ? -EIO : 0;
	return fclose(file) ? -errno : err;
}

static int add_unit(const struct fs *fs)
{
	char name[300], path[400], link[400], to[400];
	int err;

	unit_name(fs->target, name, sizeof(name));
	snprintf(path, sizeof(path), UNITS "/%s", name);
	snprintf(link, sizeof(link), WANTS "/%s", name);
	snprintf(to, sizeof(to), "../%s", name);
	err = write_unit(fs, path);
	if (!err && symlink(to, link) && errno != EEXIST)
		err = -errno;
	return err;
}

void fs_write_units(void)
{
	const char *at = NULL;
	struct fs fs;
	int err;

	mkdir("/run/systemd", 0755);
	mkdir(UNITS, 0755);
	mkdir(WANTS, 0755);
	while (next_fs(&at, &fs)) {
		err = add_unit(&fs);
		if (err)
			say("<3>%s: no unit for it: %s", fs.target, strerror(-err));
	}
}

/* ---- without systemd ---- */

static int make_dirs(const char *path)
{
	char copy[512], *slash;

	snprintf(copy, sizeof(copy), "%s", path);
	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, 0755) && errno != EEXIST ? -errno : 0;
}

int fs_mount_all(unsigned int *done)
{
	const char *at = NULL;
	unsigned int nr = 0;
	struct fs fs;
	int err = 0, first = 0;

	while (next_fs(&at, &fs)) {
		if (*done & 1U << nr++ % 32)
			continue;
		err = make_dirs(fs.target);
		if (!err && mount(fs.tag, fs.target, TYPE, fs.ro ? MS_RDONLY : 0, NULL))
			err = -errno;
		if (!err)
			*done |= 1U << (nr - 1) % 32;
		first = first ?: err;
	}
	return first;
}
