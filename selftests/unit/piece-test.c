// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/piece/: the archive, what modules.dep asks for, and where things are found.
 * cpio(1) reads the archives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "cli.h"
#include "ktap.h"
#include "piece/piece.h"

#define RELEASE	"6.12.0-test"

static char dir[32];
static struct vnode_err err;

/* ---- files below a directory of this test ---- */

static const char *path_of(const char *name)
{
	static char path[4][256];
	static unsigned int next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", dir, name);
	return to;
}

static void make_dirs(const char *path)
{
	char copy[256], *slash;

	snprintf(copy, sizeof(copy), "%s", path);
	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
}

static void put_file(const char *path, const void *data, size_t size)
{
	FILE *file;

	make_dirs(path);
	file = fopen(path, "w");
	if (KTAP_CHECK(file)) {
		KTAP_CHECK_EQ(fwrite(data, 1, size, file), size);
		fclose(file);
	}
}

static void put(const char *name, const char *text)
{
	put_file(path_of(name), text, strlen(text));
}

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	KTAP_CHECK(!system(command));
}

/* What a command says of the archive, whose name replaces "%s" */
static const char *said(const char *fmt, const void *data, size_t size)
{
	static char text[4096];
	char command[512];
	FILE *pipe;

	put_file(path_of("archive"), data, size);
	snprintf(command, sizeof(command), fmt, path_of("archive"));
	pipe = popen(command, "r");
	text[pipe ? fread(text, 1, sizeof(text) - 1, pipe) : 0] = '\0';
	KTAP_CHECK(pipe && !pclose(pipe));
	return text;
}

/* ---- cpio.c ---- */

static void archive_is_read_by_cpio(void)
{
	struct cpio cpio = {};

	cpio_add(&cpio, "vnode", CPIO_DIR, NULL, 0);
	cpio_add(&cpio, "vnode/a", CPIO_PROGRAM, "12345", 5);
	cpio_add(&cpio, "vnode/long-name", CPIO_FILE, "", 0);
	KTAP_REQUIRE(!cpio_end(&cpio, 4096));
	KTAP_CHECK_EQ(cpio.size % 4096, 0);
	KTAP_CHECK_STR(said("cpio --quiet -itv < %s | awk '{ print $1, $5, $NF }'", cpio.data,
			    cpio.size),
		       "drwxr-xr-x 0 vnode\n-rwxr-xr-x 5 vnode/a\n-rw-r--r-- 0 vnode/long-name\n");
	KTAP_CHECK_STR(said("cpio --quiet -i --to-stdout vnode/a < %s", cpio.data, cpio.size),
		       "12345");
	free(cpio.data);
}

static void archive_grows(void)
{
	size_t size = 5 << 20;
	char *data = calloc(1, size), line[64];
	struct cpio cpio = {};

	KTAP_REQUIRE(data);
	cpio_add(&cpio, "big", CPIO_FILE, data, size);
	cpio_add(&cpio, "big2", CPIO_FILE, data, size - 1);
	KTAP_REQUIRE(!cpio_end(&cpio, 4));
	snprintf(line, sizeof(line), "%zu big\n%zu big2\n", size, size - 1);
	KTAP_CHECK_STR(said("cpio --quiet -itv < %s | awk '{ print $5, $NF }'", cpio.data,
			    cpio.size), line);
	free(cpio.data);
	free(data);
}

/* ---- modules.c ---- */

static const char dep[] =
	"kernel/fs/fuse/fuse.ko:\n"
	"kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko kernel/drivers/dax.ko\n"
	"kernel/drivers/dax.ko:\n"
	"updates/adeos-lite.ko:\n"
	"updates/vnic.ko: updates/adeos-lite.ko\n"
	"updates/vnic-more.ko:\n"
	"last.ko: updates/vnic.ko updates/adeos-lite.ko";

/* Checks the list, written with spaces, and empties it. */
static void list_is(struct module_list *list, const char *expected)
{
	char text[512] = "";
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s", i ? " " : "",
			 (int)list->file[i].len, list->file[i].path);
	KTAP_CHECK_STR(text, expected);
	list->nr = 0;
}

static void dependencies_come_first(void)
{
	struct module_list list = {};

	KTAP_CHECK_EQ(module_list_add(&list, dep, "virtiofs"), 0);
	list_is(&list, "kernel/drivers/dax.ko kernel/fs/fuse/fuse.ko kernel/fs/fuse/virtiofs.ko.xz");
	KTAP_CHECK_EQ(module_list_add(&list, dep, "last"), 0);
	list_is(&list, "updates/adeos-lite.ko updates/vnic.ko last.ko");
	KTAP_CHECK_EQ(module_list_add(&list, dep, "vnic"), 0);
	KTAP_CHECK_EQ(module_list_add(&list, dep, "adeos-lite"), 0);
	KTAP_CHECK_EQ(module_list_add(&list, dep, "last"), 0);
	list_is(&list, "updates/adeos-lite.ko updates/vnic.ko last.ko");
}

static void names_are_whole(void)
{
	struct module_list list = {};

	KTAP_CHECK_EQ(module_list_add(&list, dep, "adeos_lite"), 0);
	KTAP_CHECK_EQ(module_list_add(&list, dep, "vnic_more"), 0);
	list_is(&list, "updates/adeos-lite.ko updates/vnic-more.ko");
	KTAP_CHECK_EQ(module_list_add(&list, dep, "adeos"), -ENOENT);
	KTAP_CHECK_EQ(module_list_add(&list, dep, "lite"), -ENOENT);
	KTAP_CHECK_EQ(module_list_add(&list, dep, "updates"), -ENOENT);
	KTAP_CHECK_EQ(module_list_add(&list, "", "vnic"), -ENOENT);
	KTAP_CHECK_EQ(module_list_add(&list, "vnic.ko", "vnic"), -ENOENT);
	KTAP_CHECK_EQ(module_list_add(&list, "/vnic.kox:\nvnic.ko", "vnic"), -ENOENT);
	list_is(&list, "");
}

static void too_many_modules(void)
{
	char text[2048] = "big.ko:";
	struct module_list list = {};
	unsigned int i;

	for (i = 0; i < VNODE_PIECE_MODULES_MAX; i++)
		sprintf(text + strlen(text), " m%u.ko", i);
	KTAP_CHECK_EQ(module_list_add(&list, text, "big"), -E2BIG);
	KTAP_CHECK_EQ(list.nr, VNODE_PIECE_MODULES_MAX);
}

static void builtin_modules(void)
{
	static const char text[] = "kernel/fs/fuse/fuse.ko\nkernel/drivers/virtio/virtio-ring.ko\n";

	KTAP_CHECK(module_is_builtin(text, "fuse"));
	KTAP_CHECK(module_is_builtin(text, "virtio_ring"));
	KTAP_CHECK(!module_is_builtin(text, "virtio"));
	KTAP_CHECK(!module_is_builtin(NULL, "fuse"));
}

/* ---- find.c ---- */

static void initrd_beside_the_image(void)
{
	char path[512];

	KTAP_CHECK(!vnode_piece_find_initrd(path_of("vmlinuz"), RELEASE, path, sizeof(path)));
	put("initrd-" RELEASE, "x");
	KTAP_CHECK(vnode_piece_find_initrd(path_of("vmlinuz"), RELEASE, path, sizeof(path)));
	KTAP_CHECK_STR(path, path_of("initrd-" RELEASE));
	put("initrd.img-" RELEASE, "x");
	KTAP_CHECK(vnode_piece_find_initrd(path_of("vmlinuz"), RELEASE, path, sizeof(path)));
	KTAP_CHECK_STR(path, path_of("initrd.img-" RELEASE));
	KTAP_CHECK(!vnode_piece_find_initrd(path_of("vmlinuz"), "", path, sizeof(path)));
	KTAP_CHECK(!vnode_piece_find_initrd(path_of("vmlinuz"), "6.1", path, sizeof(path)));
	KTAP_CHECK(!vnode_piece_find_initrd(path_of("a/vmlinuz"), "../" RELEASE, path,
					    sizeof(path)));
	remove_all();
	put("initramfs-" RELEASE ".img", "x");
	KTAP_CHECK(vnode_piece_find_initrd(path_of("vmlinuz"), RELEASE, path, sizeof(path)));
	KTAP_CHECK_STR(path, path_of("initramfs-" RELEASE ".img"));
	remove_all();
}

static void module_tree(void)
{
	char path[512];

	KTAP_CHECK(!find_modules(dir, RELEASE, path, sizeof(path)));
	put("usr/lib/modules/" RELEASE "/modules.dep", dep);
	KTAP_CHECK(find_modules(dir, RELEASE, path, sizeof(path)));
	KTAP_CHECK_STR(path, path_of("usr/lib/modules/" RELEASE));
	put("lib/modules/" RELEASE "/modules.dep", dep);
	KTAP_CHECK(find_modules(dir, RELEASE, path, sizeof(path)));
	KTAP_CHECK_STR(path, path_of("lib/modules/" RELEASE));
	KTAP_CHECK(!find_modules(dir, "", path, sizeof(path)));
	KTAP_CHECK(!find_modules(dir, "..", path, sizeof(path)));
	KTAP_CHECK(!find_modules(dir, "x/../" RELEASE, path, sizeof(path)));
	remove_all();
}

/* ---- look.c ---- */

static size_t put_archive(char *to, const char *name, size_t align)
{
	struct cpio cpio = {};
	size_t size;

	cpio_add(&cpio, "lib", CPIO_DIR, NULL, 0);
	cpio_add(&cpio, name, CPIO_FILE, "12345", 5);
	KTAP_CHECK(!cpio_end(&cpio, align));
	size = cpio.size;
	memcpy(to, cpio.data, size);
	free(cpio.data);
	return size;
}

static int look_at(const char *data, size_t size)
{
	return vnode_piece_look(data, size, "adeos-lite.ko");
}

static void initrd_has_the_module(void)
{
	char data[8192];
	size_t size = put_archive(data, "kernel/x86/microcode.bin", 4);

	KTAP_CHECK_EQ(look_at(data, size), 0);
	memset(data + size, 0, 512);
	size += 512;
	KTAP_CHECK_EQ(look_at(data, size), 0);
	size += put_archive(data + size, "lib/modules/x/adeos-lite.ko.xz", 4);
	KTAP_CHECK_EQ(look_at(data, size), 1);
	size = put_archive(data, "adeos-lite.ko", 4);
	KTAP_CHECK_EQ(look_at(data, size), 1);
	size = put_archive(data, "lib/other-adeos-lite.ko", 4);
	KTAP_CHECK_EQ(look_at(data, size), 0);
}

static void initrd_is_compressed(void)
{
	char data[4096], packed[8192];
	size_t size = put_archive(data, "lib/adeos-lite.ko", 512), early;
	uLongf room = sizeof(packed) - 2048;
	z_stream z = {};

	early = put_archive(packed, "early", 4);
	KTAP_REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0) == Z_OK);
	z.next_in = (Bytef *)data;
	z.avail_in = size;
	z.next_out = (Bytef *)packed + early;
	z.avail_out = room;
	KTAP_REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
	size = early + z.total_out;
	deflateEnd(&z);
	KTAP_CHECK_EQ(look_at(packed, size), 1);
	KTAP_CHECK(look_at(packed, size - 9) < 0);
}

static void initrd_is_damaged(void)
{
	char data[4096];
	size_t size = put_archive(data, "lib/adeos-lite.ko", 4), i;

	KTAP_CHECK(look_at("BZhxxxx", 7) < 0);
	KTAP_CHECK(look_at("?", 1) < 0);
	KTAP_CHECK_EQ(look_at("", 0), 0);
	for (i = 1; i < size; i++) {
		char *cut = malloc(i);

		KTAP_REQUIRE(cut);
		memcpy(cut, data, i);
		look_at(cut, i);
		free(cut);
	}
	for (i = 0; i < 110; i++) {
		size = put_archive(data, "x", 4);
		data[i] = 'z';
		look_at(data, size);
	}
	KTAP_CHECK_EQ(look_at(data, 0), 0);
}

/* ---- piece.c ---- */

#define MODULES	"lib/modules/" RELEASE "/"

/* This program looks for /vnode/init beside itself. */
static void put_init(const char *text)
{
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);

	KTAP_REQUIRE(len > 0);
	path[len] = '\0';
	strcpy(strrchr(path, '/') + 1, "libexec/kexec-vnode/init");
	if (text)
		put_file(path, text, strlen(text));
	else
		unlink(path);
}

static void put_gzip(const char *name, const char *text)
{
	gzFile file = gzopen(path_of(name), "w");

	KTAP_CHECK(file && gzwrite(file, text, strlen(text)) > 0 && !gzclose(file));
}

static void piece_has_what_is_wanted(void)
{
	struct vnode_config config = { .nets = { .nr = 1 } };
	struct vnode_piece piece;

	put_init("first");
	put(MODULES "modules.dep", "a/adeos-lite.ko:\nb/vconsole.ko.gz: a/adeos-lite.ko\n");
	put(MODULES "a/adeos-lite.ko", "nanokernel");
	make_dirs(path_of(MODULES "b/"));
	put_gzip(MODULES "b/vconsole.ko.gz", "console");
	KTAP_REQUIRE(!vnode_piece_make(&piece, &config, RELEASE, false, dir, &err));
	KTAP_CHECK(piece.console);
	KTAP_CHECK_STR(piece.modules, "adeos-lite vconsole");
	KTAP_CHECK_STR(piece.missing, "vnic");
	KTAP_CHECK_EQ(piece.size % 4096, 0);
	KTAP_CHECK_STR(said("cpio --quiet -it < %s", piece.data, piece.size),
		       "vnode\nvnode/init\nvnode/modules\nvnode/modules/adeos-lite.ko\n"
		       "vnode/modules/vconsole.ko\nvnode/order\n");
	KTAP_CHECK_STR(said("cpio --quiet -i --to-stdout 'vnode/modules/*.ko' vnode/order < %s",
			    piece.data, piece.size),
		       "nanokernelconsoleadeos-lite.ko\nvconsole.ko\n");
	vnode_piece_free(&piece);
	KTAP_CHECK(!piece.data);
	remove_all();
}

static void piece_that_is_alone(void)
{
	struct vnode_config config = { .append = "root=/dev/vda rw" };
	struct vnode_piece piece;

	put_init("first");
	put(MODULES "modules.dep",
	    "adeos-lite.ko:\next4.ko: jbd2.ko\njbd2.ko:\ncrc32c_generic.ko:\nxfs.ko:\n");
	put(MODULES "modules.builtin", "kernel/virtiofs.ko\n");
	put(MODULES "adeos-lite.ko", "1");
	put(MODULES "ext4.ko", "2");
	put(MODULES "jbd2.ko", "3");
	put(MODULES "crc32c_generic.ko", "4");
	put(MODULES "xfs.ko", "5");
	KTAP_REQUIRE(!vnode_piece_make(&piece, &config, RELEASE, true, dir, &err));
	KTAP_CHECK_STR(said("cpio --quiet -i --to-stdout vnode/order < %s", piece.data, piece.size),
		       "adeos-lite.ko\ncrc32c_generic.ko\njbd2.ko\next4.ko\n");
	KTAP_CHECK(!piece.console);
	vnode_piece_free(&piece);
	config.append = "root=fs0 rootfstype=virtiofs,xfs";
	KTAP_REQUIRE(!vnode_piece_make(&piece, &config, RELEASE, true, dir, &err));
	KTAP_CHECK_STR(said("cpio --quiet -i --to-stdout vnode/order < %s", piece.data, piece.size),
		       "adeos-lite.ko\ncrc32c_generic.ko\nxfs.ko\n");
	KTAP_CHECK_STR(piece.missing, "vconsole");
	vnode_piece_free(&piece);
	KTAP_REQUIRE(!vnode_piece_make(&piece, &config, RELEASE, false, dir, &err));
	KTAP_CHECK_STR(piece.modules, "adeos-lite");
	vnode_piece_free(&piece);
	remove_all();
}

static void no_nanokernel(void)
{
	const struct vnode_config config = {};
	struct vnode_piece piece;

	put_init("first");
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, RELEASE, false, dir, &err), -ENOPKG);
	KTAP_CHECK(strstr(err.text, "no modules of " RELEASE));
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, "", false, dir, &err), -ENOPKG);
	KTAP_CHECK(strstr(err.text, "release"));
	put(MODULES "modules.dep", "vconsole.ko:\n");
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, RELEASE, false, dir, &err), -ENOPKG);
	KTAP_CHECK(strstr(err.text, "no adeos-lite for " RELEASE));
	KTAP_CHECK(!piece.data);
	remove_all();
}

static void what_is_listed_must_be_there(void)
{
	const struct vnode_config config = {};
	struct vnode_piece piece;

	put(MODULES "modules.dep", "adeos-lite.ko:\n");
	put_init(NULL);
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, RELEASE, false, dir, &err), -ENOENT);
	KTAP_CHECK(strstr(err.text, "make install"));
	put_init("first");
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, RELEASE, false, dir, &err), -ENOENT);
	KTAP_CHECK(strstr(err.text, "adeos-lite.ko: No such file"));
	put(MODULES "adeos-lite.ko", "\x1f\x8b damaged");
	KTAP_CHECK_EQ(vnode_piece_make(&piece, &config, RELEASE, false, dir, &err), -EBADMSG);
	KTAP_CHECK(strstr(err.text, "adeos-lite.ko: damaged"));
	KTAP_CHECK(!piece.data);
	remove_all();
}

static const struct ktap_test tests[] = {
	{ "cpio reads the archive", archive_is_read_by_cpio },
	{ "an archive of large files", archive_grows },
	{ "dependencies come first, each once", dependencies_come_first },
	{ "names of modules are whole, with - or _", names_are_whole },
	{ "too many modules are refused", too_many_modules },
	{ "modules that are built in", builtin_modules },
	{ "the initrd beside an image", initrd_beside_the_image },
	{ "the tree of modules", module_tree },
	{ "an initrd has a module itself", initrd_has_the_module },
	{ "in a compressed archive behind an early one", initrd_is_compressed },
	{ "an initrd that is damaged, anywhere", initrd_is_damaged },
	{ "a piece has what the vnode wants", piece_has_what_is_wanted },
	{ "a piece that mounts the root file system", piece_that_is_alone },
	{ "a kernel without adeos-lite", no_nanokernel },
	{ "what is listed must be there", what_is_listed_must_be_there },
};

int main(void)
{
	int status;

	strcpy(dir, "/tmp/piece-test.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	status = ktap_run(tests, KTAP_NR(tests));
	remove_all();
	rmdir(dir);
	return status;
}
