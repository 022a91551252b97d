// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commons (vnode/commons.h), as every kernel has them. Root makes them
 * (root/commons.c), a vnode finds them (vnode/attach.c).
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "adeos.h"

struct adeos_commons commons;

static void clear(struct vnode_station *station, size_t from, size_t to)
{
	memset((void *)station + from, 0, to - from);
}

/**
 * adeos_station_clear - clear what an attachment has left
 * @station: of a kernel that does not use it
 *
 * What describes a whole boot stays (the hello, the end, the log), and so do the
 * counters of raised portals: the owners of the portals remember them (portal.c).
 */
void adeos_station_clear(struct vnode_station *station)
{
	clear(station, offsetof(struct vnode_station, tail), offsetof(struct vnode_station, end));
	clear(station, offsetof(struct vnode_station, probe), offsetof(struct vnode_station, log));
	clear(station, offsetof(struct vnode_station, beat),
	      offsetof(struct vnode_station, raised));
	clear(station, offsetof(struct vnode_station, bell), sizeof(*station));
}

/**
 * adeos_name_check - check the name of a portal or a bridge
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
