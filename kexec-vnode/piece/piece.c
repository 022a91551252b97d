// SPDX-License-Identifier: GPL-2.0-only
/* The piece of a vnode: its first program, and the modules that it needs before /init. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "cli.h"
#include "piece.h"
#include "verbs.h"

#define DIR		"vnode"
#define PAGE		4096UL

/* Of a root file system whose type --append does not tell */
#define FS_DEFAULT	"ext4"
/* Until 6.13 the file systems of Linux request it as "crypto-crc32c". */
#define CHECKSUM	"crc32c_generic"

static bool always(const struct vnode_config *config)
{
	return true;
}

static bool if_net(const struct vnode_config *config)
{
	return config->nets.nr;
}

static bool if_devices(const struct vnode_config *config)
{
	return config->virtio.nr;
}

static bool if_disk(const struct vnode_config *config)
{
	return vnode_virtio_has(&config->virtio, VNODE_VIRTIO_DISK);
}

static bool if_fs(const struct vnode_config *config)
{
	return vnode_virtio_has(&config->virtio, VNODE_VIRTIO_FS);
}

/* Modules that a vnode gets, in the order of loading, and when. The first one is a must. */
static const struct {
	const char *name;
	bool (*when)(const struct vnode_config *config);
} wanted[] = {
	{ "adeos-lite", always },
	{ "vconsole", always },
	{ "vnic", if_net },
	{ "vvirtio", if_devices },
	{ "virtio_blk", if_disk },
	{ "virtiofs", if_fs },
	/* sockets to root, if the front end has them */
	{ "vmw_vsock_virtio_transport", if_devices },
};

#define NR_WANTED	(sizeof(wanted) / sizeof(*wanted))

/* What a kernel's module tree says */
struct tree {
	char dir[320];
	char *dep, *builtin;
};

static void add_word(char *words, size_t size, const char *word)
{
	size_t len = strlen(words);

	snprintf(words + len, size - len, "%s%s", len ? " " : "", word);
}

/* A text with a NUL behind it, or NULL */
static char *read_text(const char *dir, const char *name)
{
	char path[512], *text = NULL;
	struct vnode_err ignored;
	void *data = NULL;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!vnode_file_read(path, "", &data, &size, &ignored))
		text = realloc(data, size + 1);
	if (text)
		text[size] = '\0';
	else
		free(data);
	return text;
}

static int say_no_nanokernel(const char *release, const char *dir, struct vnode_err *err)
{
	if (!*release)
		return vnode_err(err, ENOPKG,
				 "the image does not tell its release, so its modules cannot be found");
	if (*dir)
		return vnode_err(err, ENOPKG,
				 "no adeos-lite for %s in %s (make install KDIR=%s/build, with its headers)",
				 release, dir, dir);
	return vnode_err(err, ENOPKG,
			 "no modules of %s in /lib/modules (install its image and headers, then make install KDIR=/lib/modules/%s/build)",
			 release, release);
}

/* 0, too, if it is not there: it is in @piece->missing then */
static int list_module(struct vnode_piece *piece, struct module_list *list,
		       const struct tree *tree, const char *name, struct vnode_err *err)
{
	int ret;

	if (module_is_builtin(tree->builtin, name))
		return 0;
	ret = module_list_add(list, tree->dep, name);
	if (ret == -E2BIG)
		return vnode_err(err, ret, "%s: %s needs too many modules", tree->dir, name);
	if (ret)
		add_word(piece->missing, sizeof(piece->missing), name);
	else
		add_word(piece->modules, sizeof(piece->modules), name);
	return 0;
}

/*
 * Of the types of rootfstype=, or for a root file system on a device FS_DEFAULT. Types have
 * the names of their modules. Some need CHECKSUM, which they request by another name.
 */
static int list_root_modules(struct vnode_piece *piece, struct module_list *list,
			     const struct vnode_config *config, const struct tree *tree,
			     struct vnode_err *err)
{
	const char *append = config->append ?: "";
	char types[256], *type, *rest = types;
	const char *value;
	size_t len;
	int ret = 0;

	value = vnode_append_value(append, "rootfstype=", &len);
	if (!value && !vnode_append_has(append, "root=/dev/"))
		return 0;
	snprintf(types, sizeof(types), "%.*s", value ? (int)len : (int)strlen(FS_DEFAULT),
		 value ?: FS_DEFAULT);
	if (!module_is_builtin(tree->builtin, CHECKSUM))
		module_list_add(list, tree->dep, CHECKSUM);
	while (!ret && (type = strsep(&rest, ",")))
		ret = list_module(piece, list, tree, type, err);
	return ret;
}

static int list_modules(struct vnode_piece *piece, struct module_list *list,
			const struct vnode_config *config, const struct tree *tree,
			struct vnode_err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < NR_WANTED; i++) {
		if (!wanted[i].when(config))
			continue;
		ret = list_module(piece, list, tree, wanted[i].name, err);
		if (ret)
			return ret;
		/* adeos-lite */
		if (!list->nr)
			return -ENOENT;
	}
	piece->console = strstr(piece->modules, "vconsole");
	return 0;
}

/* The module itself, unpacked if depmod's file is compressed */
static int read_module(const char *path, void **data, size_t *size, struct vnode_err *err)
{
	struct vnode_err why;
	size_t file_size;
	void *file;
	int ret;

	ret = vnode_file_read(path, "module", &file, &file_size, err);
	if (ret)
		return ret;
	ret = vnode_decompress(file, file_size, VNODE_PIECE_MODULE_SIZE_MAX, data, size, &why);
	if (ret == -ENOMSG) {
		*data = file;
		*size = file_size;
		return 0;
	}
	free(file);
	return ret ? vnode_err(err, ret, "module %s: %s", path, why.text) : 0;
}

/* "vconsole.ko" for "updates/vconsole.ko.xz" */
static void file_name(char name[64], const char *path, size_t len)
{
	const char *base = memrchr(path, '/', len), *end;

	base = base ? base + 1 : path;
	end = memmem(base, path + len - base, ".ko", 3);
	snprintf(name, 64, "%.*s", (int)(end ? end + 3 - base : path + len - base), base);
}

static int add_module(struct cpio *cpio, const struct tree *tree, const char *path, size_t len,
		      const char *name, struct vnode_err *err)
{
	char from[640], to[96];
	void *data;
	size_t size;
	int ret;

	snprintf(from, sizeof(from), "%s%s%.*s", *path == '/' ? "" : tree->dir,
		 *path == '/' ? "" : "/", (int)len, path);
	snprintf(to, sizeof(to), DIR "/modules/%s", name);
	ret = read_module(from, &data, &size, err);
	if (ret)
		return ret;
	cpio_add(cpio, to, CPIO_FILE, data, size);
	free(data);
	return 0;
}

static int add_modules(struct cpio *cpio, const struct tree *tree, const struct module_list *list,
		       struct vnode_err *err)
{
	char order[VNODE_PIECE_MODULES_MAX * 65] = "", name[64];
	unsigned int i;
	int ret;

	cpio_add(cpio, DIR "/modules", CPIO_DIR, NULL, 0);
	for (i = 0; i < list->nr; i++) {
		file_name(name, list->file[i].path, list->file[i].len);
		strcat(strcat(order, name), "\n");
		ret = add_module(cpio, tree, list->file[i].path, list->file[i].len, name, err);
		if (ret)
			return ret;
	}
	cpio_add(cpio, DIR "/order", CPIO_FILE, order, strlen(order));
	return 0;
}

static int add_init(struct cpio *cpio, struct vnode_err *err)
{
	char path[600];
	void *data;
	size_t size;
	int ret;

	ret = find_init(path, sizeof(path), err);
	ret = ret ?: vnode_file_read(path, "program", &data, &size, err);
	if (ret)
		return ret;
	cpio_add(cpio, DIR, CPIO_DIR, NULL, 0);
	cpio_add(cpio, DIR "/init", CPIO_PROGRAM, data, size);
	free(data);
	return 0;
}

static int make(struct vnode_piece *piece, const struct tree *tree,
		const struct module_list *list, struct vnode_err *err)
{
	struct cpio cpio = {};
	int ret;

	ret = add_init(&cpio, err) ?: add_modules(&cpio, tree, list, err);
	if (!ret && cpio_end(&cpio, PAGE))
		ret = vnode_err(err, ENOMEM, "no memory for the modules of the vnode");
	if (ret) {
		free(cpio.data);
		return ret;
	}
	piece->data = cpio.data;
	piece->size = cpio.size;
	return 0;
}

int vnode_piece_make(struct vnode_piece *piece, const struct vnode_config *config,
		     const char *release, bool alone, const char *root,
		     struct vnode_err *err)
{
	struct module_list list = {};
	struct tree tree = {};
	int ret = -ENOENT;

	memset(piece, 0, sizeof(*piece));
	if (!find_modules(root, release, tree.dir, sizeof(tree.dir)))
		return say_no_nanokernel(release, "", err);
	tree.dep = read_text(tree.dir, "modules.dep");
	tree.builtin = read_text(tree.dir, "modules.builtin");
	if (tree.dep)
		ret = list_modules(piece, &list, config, &tree, err);
	if (!ret && alone)
		ret = list_root_modules(piece, &list, config, &tree, err);
	if (ret == -ENOENT)
		ret = say_no_nanokernel(release, tree.dir, err);
	ret = ret ?: make(piece, &tree, &list, err);
	free(tree.dep);
	free(tree.builtin);
	return ret;
}

void vnode_piece_free(struct vnode_piece *piece)
{
	free(piece->data);
	memset(piece, 0, sizeof(*piece));
}
