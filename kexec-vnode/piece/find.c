// SPDX-License-Identifier: GPL-2.0-only
/* Where the parts of the piece are, and the initrd behind it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "piece.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

bool find_modules(const char *root, const char *release, char *dir, size_t size)
{
	static const char *const trees[] = { "/lib/modules", "/usr/lib/modules" };
	char path[512];
	size_t i;

	/* it comes from a file, and becomes the name of a directory */
	if (!*release || *release == '.' || strchr(release, '/'))
		return false;
	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		snprintf(dir, size, "%s%s/%s", root, trees[i], release);
		snprintf(path, sizeof(path), "%s/modules.dep", dir);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

/*
 * PREFIX/sbin/kexec has it in PREFIX/libexec/kexec-vnode/, build/kexec in
 * build/libexec/kexec-vnode/.
 */
int find_init(char *path, size_t size, struct vnode_err *err)
{
	static const char *const places[] = {
		"../libexec/kexec-vnode/init", "libexec/kexec-vnode/init",
	};
	char self[512];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (len < 0)
		return vnode_err(err, errno, "/proc/self/exe: %s", strerror(errno));
	while (len && self[len - 1] != '/')
		len--;
	self[len] = '\0';
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, size, "%s%s", self, places[i]);
		if (!access(path, R_OK))
			return 0;
	}
	return vnode_err(err, ENOENT,
			 "%s%s is missing: the program that a vnode begins with is installed with kexec (make install)",
			 self, places[0]);
}

bool vnode_piece_find_initrd(const char *kernel, const char *release, char *path, size_t size)
{
	/* Debian, Fedora and its kin, openSUSE */
	static const char *const names[] = { "initrd.img-%s", "initramfs-%s.img", "initrd-%s" };
	const char *slash = strrchr(kernel, '/');
	int len = slash ? slash - kernel + 1 : 0;
	size_t i;

	if (!*release || strchr(release, '/'))
		return false;
	for (i = 0; i < 2 * ARRAY_SIZE(names); i++) {
		bool beside = i < ARRAY_SIZE(names);
		char name[256];

		snprintf(name, sizeof(name), names[i % ARRAY_SIZE(names)], release);
		snprintf(path, size, "%.*s%s", beside ? len : 6, beside ? kernel : "/boot/", name);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}
