// SPDX-License-Identifier: GPL-2.0-only
/* --disk and --fs: their grammar, and the words that the vnode gets for them. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vnode/vvirtio.h>

#include "append.h"
#include "virtio.h"

/* of --append, for all file systems */
#define WORDS_MAX	(VNODE_APPEND_MAX / 2)

static_assert(VNODE_VIRTIO_MAX == VVIRTIO_DEVICES, "as many devices as a vnode can have");

#define bad_disk(err, text, fmt, ...) \
	vnode_err(err, EINVAL, "--disk=%.200s: " fmt, text, ##__VA_ARGS__)
#define bad_fs(err, text, fmt, ...) \
	vnode_err(err, EINVAL, "--fs=%.200s: " fmt, text, ##__VA_ARGS__)

bool vnode_virtio_has(const struct vnode_virtio *virtio, enum vnode_virtio_kind kind)
{
	unsigned int i;

	for (i = 0; i < virtio->nr; i++)
		if (virtio->device[i].kind == kind)
			return true;
	return false;
}

/* A new device at the end of the list, which counts once @virtio->nr is increased. */
static struct vnode_virtio_device *next_device(struct vnode_virtio *virtio,
					       enum vnode_virtio_kind kind)
{
	struct vnode_virtio_device *device = &virtio->device[virtio->nr];
	unsigned int i, before = 0;

	for (i = 0; i < virtio->nr; i++)
		before += virtio->device[i].kind == kind;
	memset(device, 0, sizeof(*device));
	device->kind = kind;
	if (kind == VNODE_VIRTIO_DISK)
		snprintf(device->name, sizeof(device->name), "vd%c", 'a' + before);
	else
		snprintf(device->name, sizeof(device->name), "fs%u", before);
	return device;
}

/*
 * Copies the path at @text, in which ",," stands for a comma, up to @end or a single
 * comma. Returns where it ends; NULL: it is empty or too long.
 */
static const char *take_path(const char *text, const char *end, char path[PATH_MAX])
{
	size_t len = 0;

	for (; text < end && len < PATH_MAX - 1; path[len++] = *text++)
		if (*text == ',' && *++text != ',') {
			text--;
			break;
		}
	path[len] = '\0';
	return len && (text == end || *text == ',') ? text : NULL;
}

/* Is @text, of @len bytes, KEY=VALUE with this key? */
static bool is_key(const char *text, size_t len, const char *key)
{
	return len > strlen(key) && !strncmp(text, key, strlen(key));
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncmp(text, word, len);
}

/* A serial becomes a part of names in /dev/disk/by-id. */
static bool is_serial(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
			return false;
	return len && len < sizeof(((struct vnode_virtio_device *)NULL)->serial);
}

/* One of the words behind the path */
static int take_disk_word(const char *text, const char *word, size_t len,
			  struct vnode_virtio_device *device, struct vnode_err *err)
{
	bool twice = false;

	if (is_word(word, len, "ro")) {
		twice = device->read_only;
		device->read_only = true;
	} else if (is_key(word, len, "format=")) {
		twice = device->format;
		if (is_word(word, len, "format=raw"))
			device->format = VNODE_DISK_RAW;
		else if (is_word(word, len, "format=qcow2"))
			device->format = VNODE_DISK_QCOW2;
		else
			return bad_disk(err, text, "\"%.*s\": expected raw or qcow2",
					(int)(len < 40 ? len : 40), word);
	} else if (is_key(word, len, "id=")) {
		twice = *device->serial;
		if (!is_serial(word + 3, len - 3))
			return bad_disk(err, text,
					"\"%.*s\": expected 1 to %zu letters, digits, '-', '_' and '.'",
					(int)(len < 40 ? len : 40), word,
					sizeof(device->serial) - 1);
		memcpy(device->serial, word + 3, len - 3);
		device->serial[len - 3] = '\0';
	} else {
		return bad_disk(err, text,
				"\"%.*s\" is not understood: expected format=raw, format=qcow2, ro or id=NAME (a comma in the path is written twice)",
				(int)(len < 40 ? len : 40), word);
	}
	if (twice)
		return bad_disk(err, text, "\"%.*s\" is one too many: give it once",
				(int)(len < 40 ? len : 40), word);
	return 0;
}

static int check_room(const struct vnode_virtio *virtio, const char *option, const char *text,
		      struct vnode_err *err)
{
	if (virtio->nr < VNODE_VIRTIO_MAX)
		return 0;
	return vnode_err(err, EINVAL,
			 "--%s=%.200s is one too many: a vnode has at most %d disks and file systems",
			 option, text, VNODE_VIRTIO_MAX);
}

/**
 * vnode_parse_disk() - add a disk
 * @text: PATH[,format=raw|qcow2][,ro][,id=NAME]; a comma in PATH is written twice
 * @virtio: the devices before it
 * @err: filled on failure
 *
 * Return: 0; -EINVAL, and no device is added.
 */
int vnode_parse_disk(const char *text, struct vnode_virtio *virtio, struct vnode_err *err)
{
	struct vnode_virtio_device *device;
	const char *word;
	size_t len;
	int ret;

	ret = check_room(virtio, "disk", text, err);
	if (ret)
		return ret;
	device = next_device(virtio, VNODE_VIRTIO_DISK);
	word = take_path(text, text + strlen(text), device->path);
	if (!word)
		return bad_disk(err, text, "the path is empty or too long");
	for (; !ret && *word; word += len) {
		len = strcspn(++word, ",");
		ret = take_disk_word(text, word, len, device, err);
	}
	if (!ret)
		virtio->nr++;
	return ret;
}

/*
 * The target is a word of the command line, with ':' between its parts: it has neither
 * quotes nor white space, and "." and ".." could name one place twice.
 */
static int take_target(const char *text, const char *from, size_t len, char target[256],
		       struct vnode_err *err)
{
	const char *part;
	size_t at = 0, i;

	if (*from != '/')
		return bad_fs(err, text,
			      "TARGET is not absolute: expected SOURCE:/DIRECTORY, or SOURCE:/ for the root file system");
	if (len >= 256)
		return bad_fs(err, text, "TARGET has more than 255 characters");
	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)from[i]) || strchr("\"':,\\", from[i]))
			return bad_fs(err, text,
				      "TARGET has a character that cannot be passed to the vnode: expected no white space, quotes, colons, commas and backslashes");
	/* without double slashes and those at the end */
	for (i = 0; i < len; i++)
		if (from[i] != '/' || (i + 1 < len && from[i + 1] != '/'))
			target[at++] = from[i];
	target[at] = '\0';
	for (part = strchr(target, '/'); part; part = strchr(part + 1, '/')) {
		size_t end = strcspn(part + 1, "/");

		if (is_word(part + 1, end, ".") || is_word(part + 1, end, ".."))
			return bad_fs(err, text, "TARGET has \".\" or \"..\": write it without");
	}
	if (!at)
		strcpy(target, "/");
	return 0;
}

static int check_target(const struct vnode_virtio *virtio, const char *text, const char *target,
			struct vnode_err *err)
{
	unsigned int i;

	for (i = 0; i < virtio->nr; i++)
		if (!strcmp(virtio->device[i].target, target))
			return bad_fs(err, text,
				      "%s is the target of another --fs: give each its own",
				      target);
	return 0;
}

/* One of the words behind the target */
static int take_fs_word(const char *text, const char *word, size_t len,
			struct vnode_virtio_device *device, struct vnode_err *err)
{
	bool *flag = is_word(word, len, "ro") ? &device->read_only :
		     is_word(word, len, "shared") ? &device->shared :
		     is_word(word, len, "private") ? &device->private : NULL;

	if (!flag)
		return bad_fs(err, text,
			      "\"%.*s\" is not understood: expected ro, shared or private",
			      (int)(len < 40 ? len : 40), word);
	if (*flag)
		return bad_fs(err, text, "\"%.*s\" is one too many: give it once", (int)len,
			      word);
	*flag = true;
	if (device->shared && device->private)
		return bad_fs(err, text, "shared and private exclude each other");
	return 0;
}

/**
 * vnode_parse_fs() - add a file system
 * @text: SOURCE:TARGET[,ro][,shared|,private]; SOURCE may have colons
 * @virtio: the devices before it
 * @err: filled on failure
 *
 * Return: 0; -EINVAL, and no device is added.
 */
int vnode_parse_fs(const char *text, struct vnode_virtio *virtio, struct vnode_err *err)
{
	const char *colon = strrchr(text, ':'), *target = colon ? colon + 1 : NULL, *word;
	struct vnode_virtio_device *device;
	size_t target_len, len;
	int ret;

	ret = check_room(virtio, "fs", text, err);
	if (ret)
		return ret;
	if (!colon || colon == text || !*target)
		return bad_fs(err, text, "expected SOURCE:TARGET, as in /srv/files:/srv");
	device = next_device(virtio, VNODE_VIRTIO_FS);
	if (colon - text >= PATH_MAX)
		return bad_fs(err, text, "SOURCE is too long");
	memcpy(device->path, text, colon - text);
	device->path[colon - text] = '\0';
	target_len = strcspn(target, ",");
	for (word = target + target_len; !ret && *word; word += len) {
		len = strcspn(++word, ",");
		ret = take_fs_word(text, word, len, device, err);
	}
	ret = ret ?: take_target(text, target, target_len, device->target, err) ?:
	      check_target(virtio, text, device->target, err);
	if (!ret)
		virtio->nr++;
	return ret;
}

static bool is_root(const struct vnode_virtio_device *device)
{
	return device->kind == VNODE_VIRTIO_FS && !strcmp(device->target, "/");
}

/* Linux mounts its root file system; all others are mounted by the vnode's first program. */
static size_t print_words(const struct vnode_virtio *virtio, char *text, size_t size)
{
	const struct vnode_virtio_device *device = virtio->device;
	size_t len = 0;

	for (; len < size && device < virtio->device + virtio->nr; device++) {
		if (device->kind != VNODE_VIRTIO_FS)
			continue;
		if (is_root(device))
			len += snprintf(text + len, size - len, "%sroot=%s rootfstype=virtiofs %s",
					len ? " " : "", device->name,
					device->read_only ? "ro" : "rw");
		else
			len += snprintf(text + len, size - len, "%svnode.fs=%s:%s%s",
					len ? " " : "", device->name, device->target,
					device->read_only ? ":ro" : "");
	}
	return len;
}

/**
 * vnode_virtio_append() - add the words of file systems to --append
 * @virtio: the devices
 * @append: of --append, or NULL
 * @words: @append with the words; "": use @append as it is
 * @err: filled on failure
 *
 * Return: 0; -EINVAL: --append has words of its own for the same, or there are too many.
 */
int vnode_virtio_append(const struct vnode_virtio *virtio, const char *append,
			char words[VNODE_APPEND_MAX + 1], struct vnode_err *err)
{
	char text[WORDS_MAX];
	size_t len = print_words(virtio, text, sizeof(text));
	unsigned int i;

	*words = '\0';
	append = append ?: "";
	if (!len)
		return 0;
	if (len >= sizeof(text))
		return vnode_err(err, EINVAL,
				 "--fs: all targets together are too long for the command line");
	for (i = 0; i < virtio->nr; i++)
		if (is_root(&virtio->device[i]) && vnode_append_has(append, "root="))
			return vnode_err(err, EINVAL,
					 "--fs=%.200s:/ and root= in --append: give one of them",
					 virtio->device[i].path);
	if (vnode_append_has(append, "vnode.fs="))
		return vnode_err(err, EINVAL, "vnode.fs= in --append: --fs makes it");
	return vnode_append_insert(append, text, "--fs", words, err);
}

/* For --dry-run */
void vnode_virtio_print(const struct vnode_virtio *virtio, FILE *out)
{
	const struct vnode_virtio_device *device = virtio->device;

	for (; device < virtio->device + virtio->nr; device++) {
		const char *format = device->format == VNODE_DISK_QCOW2 ? "qcow2" : "raw";

		fprintf(out, "device:   %s: %s", device->name, device->path);
		if (device->kind == VNODE_VIRTIO_FS)
			fprintf(out, " at %s%s", device->target,
				device->shared ? ", shared" : device->private ? ", private" : "");
		else
			fprintf(out, ", %s, serial %s", format, device->serial);
		fprintf(out, "%s\n", device->read_only ? ", read-only" : "");
	}
}
