// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/virtio: --disk and --fs, the files they name, the words for the vnode, and
 * what the front end believes of the driver's page.
 */
#define _GNU_SOURCE		/* realpath() */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/virtio_ring.h>

#include "append.h"
#include "ktap.h"
#include "virtio/front-end.h"

static char dir[32];
static struct vnode_err err;
static struct vnode_virtio virtio;
static char words[VNODE_APPEND_MAX + 1];

static const struct vnode_virtio_device *disk(const char *text)
{
	memset(&virtio, 0, sizeof(virtio));
	memset(&err, 0, sizeof(err));
	if (!KTAP_CHECK_EQ(vnode_parse_disk(text, &virtio, &err), 0))
		ktap_note("  %s: %s", text, err.text);
	return &virtio.device[0];
}

static const struct vnode_virtio_device *fs(const char *text)
{
	memset(&virtio, 0, sizeof(virtio));
	memset(&err, 0, sizeof(err));
	if (!KTAP_CHECK_EQ(vnode_parse_fs(text, &virtio, &err), 0))
		ktap_note("  %s: %s", text, err.text);
	return &virtio.device[0];
}

static void refuses(int (*parse)(const char *text, struct vnode_virtio *virtio,
				 struct vnode_err *err),
		    const char *text, const char *says)
{
	unsigned int before = virtio.nr;

	memset(&err, 0, sizeof(err));
	if (!KTAP_CHECK_EQ(parse(text, &virtio, &err), -EINVAL) ||
	    !KTAP_CHECK(strstr(err.text, says)) || !KTAP_CHECK_EQ(virtio.nr, before))
		ktap_note("  %s: \"%s\", not \"%s\"", text, err.text, says);
}

static void takes_disks(void)
{
	const struct vnode_virtio_device *device = disk("/srv/web.qcow2");

	KTAP_CHECK_STR(device->path, "/srv/web.qcow2");
	KTAP_CHECK_STR(device->name, "vda");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_BY_NAME);
	KTAP_CHECK(!device->read_only && !*device->serial);
	device = disk("web,ro,id=A-b_c.0123456789ABCD,format=raw");
	KTAP_CHECK_STR(device->path, "web");
	KTAP_CHECK_STR(device->serial, "A-b_c.0123456789ABCD");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_RAW);
	KTAP_CHECK(device->read_only);
	device = disk("a,,b,,,format=qcow2");
	KTAP_CHECK_STR(device->path, "a,b,");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_QCOW2);
	KTAP_CHECK_STR(disk(",,")->path, ",");
}

static void refuses_disks(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "the path is empty" },
		{ ",ro", "the path is empty" },
		{ "a,", "\"\" is not understood" },
		{ "a,rw", "\"rw\" is not understood" },
		{ "a,ro=1", "\"ro=1\" is not understood" },
		{ "a,,ro,b", "\"b\" is not understood" },
		{ "a,format=", "\"format=\" is not understood" },
		{ "a,format=vmdk", "expected raw or qcow2" },
		{ "a,format=raw2", "expected raw or qcow2" },
		{ "a,ro,ro", "one too many" },
		{ "a,id=x,id=y", "one too many" },
		{ "a,format=raw,format=qcow2", "one too many" },
		{ "a,id=", "\"id=\" is not understood" },
		{ "a,id=012345678901234567890", "expected 1 to 20" },
		{ "a,id=a/b", "expected 1 to 20" },
		{ "a,id=a b", "expected 1 to 20" },
	};
	static char longest[PATH_MAX + 8];
	size_t i;

	memset(&virtio, 0, sizeof(virtio));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(vnode_parse_disk, bad[i].text, bad[i].says);
	memset(longest, 'x', PATH_MAX);
	refuses(vnode_parse_disk, longest, "too long");
	longest[PATH_MAX - 1] = '\0';
	KTAP_CHECK_EQ(strlen(disk(longest)->path), PATH_MAX - 1);
}

static void takes_file_systems(void)
{
	const struct vnode_virtio_device *device = fs("/srv/a:b:/srv/x");

	KTAP_CHECK_STR(device->path, "/srv/a:b");
	KTAP_CHECK_STR(device->target, "/srv/x");
	KTAP_CHECK_STR(device->name, "fs0");
	KTAP_CHECK(!device->read_only);
	device = fs("tree:/,ro");
	KTAP_CHECK_STR(device->path, "tree");
	KTAP_CHECK_STR(device->target, "/");
	KTAP_CHECK(device->read_only && !device->shared);
	device = fs("tree:/,shared,ro");
	KTAP_CHECK_STR(device->target, "/");
	KTAP_CHECK(device->read_only && device->shared);
	device = fs("tree:/,private");
	KTAP_CHECK(device->private && !device->shared && !device->read_only);
	KTAP_CHECK_STR(fs("a://b///c/")->target, "/b/c");
	KTAP_CHECK_STR(fs("a://")->target, "/");
	KTAP_CHECK_STR(fs("a:/..b/.c/d..")->target, "/..b/.c/d..");
}

static void refuses_file_systems(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "expected SOURCE:TARGET" },
		{ "/srv", "expected SOURCE:TARGET" },
		{ ":/srv", "expected SOURCE:TARGET" },
		{ "/srv:", "expected SOURCE:TARGET" },
		{ "/srv:srv", "not absolute" },
		{ "/srv:,ro", "not absolute" },
		{ "/srv:/a,rw", "\"rw\" is not understood" },
		{ "/srv:/a,ro,ro", "\"ro\" is one too many" },
		{ "/srv:/a,shared,ro,shared", "\"shared\" is one too many" },
		{ "/srv:/a,shared,private", "exclude each other" },
		{ "/srv:/a,private,ro,shared", "exclude each other" },
		{ "/srv:/a,private,private", "\"private\" is one too many" },
		{ "/srv:/a,shared=1", "\"shared=1\" is not understood" },
		{ "/srv:/a,", "\"\" is not understood" },
		{ "/srv:/a b", "a character" },
		{ "/srv:/a\"b", "a character" },
		{ "/srv:/a\\b", "a character" },
		{ "/srv:/a\xc3\xa4", "a character" },
		{ "/srv:/a/../b", "\"..\"" },
		{ "/srv:/.", "\".\"" },
		{ "/srv:/a/./", "\".\"" },
	};
	char text[300] = "a:/";
	size_t i;

	memset(&virtio, 0, sizeof(virtio));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(vnode_parse_fs, bad[i].text, bad[i].says);
	memset(text + 3, 'x', 255);
	refuses(vnode_parse_fs, text, "more than 255 characters");
	text[2 + 255] = '\0';
	KTAP_CHECK_EQ(strlen(fs(text)->target), 255);
	/* one target, written differently */
	fs("a:/x/y");
	refuses(vnode_parse_fs, "b://x/y/", "/x/y is the target of another --fs");
}

static void names_in_order(void)
{
	static const char * const names[] = { "vda", "fs0", "vdb", "fs1", "vdc" };
	char text[32];
	unsigned int i;

	memset(&virtio, 0, sizeof(virtio));
	KTAP_CHECK(!vnode_parse_disk("a", &virtio, &err) &&
		   !vnode_parse_fs("b:/", &virtio, &err) &&
		   !vnode_parse_disk("c", &virtio, &err) &&
		   !vnode_parse_fs("d:/d", &virtio, &err) &&
		   !vnode_parse_disk("e", &virtio, &err));
	for (i = 0; i < 5; i++)
		KTAP_CHECK_STR(virtio.device[i].name, names[i]);
	for (; i < VNODE_VIRTIO_MAX; i++) {
		snprintf(text, sizeof(text), "x:/%u", i);
		KTAP_CHECK(!vnode_parse_fs(text, &virtio, &err));
	}
	refuses(vnode_parse_disk, "z", "one too many");
	refuses(vnode_parse_fs, "z:/z", "one too many");
}

/* The words for --append, or the error */
static const char *append(const char *given)
{
	memset(&err, 0, sizeof(err));
	memset(words, '#', sizeof(words));
	return vnode_virtio_append(&virtio, given, words, &err) ? err.text : words;
}

static void makes_words(void)
{
	disk("a");
	KTAP_CHECK_STR(append("quiet"), "");
	fs("a:/");
	KTAP_CHECK_STR(append(NULL), "root=fs0 rootfstype=virtiofs rw");
	KTAP_CHECK_STR(append("quiet -- single"), "quiet root=fs0 rootfstype=virtiofs rw -- single");
	KTAP_CHECK(strstr(append("quiet root=/dev/vda"), "and root= in --append"));
	KTAP_CHECK(strstr(append("\"root=/dev/vda\""), "and root= in --append"));
	KTAP_CHECK_STR(append("nfsroot=x"), "nfsroot=x root=fs0 rootfstype=virtiofs rw");
	fs("a:/,ro");
	KTAP_CHECK_STR(append(NULL), "root=fs0 rootfstype=virtiofs ro");
	fs("a:/srv");
	KTAP_CHECK(!vnode_parse_fs("b:/tmp,ro", &virtio, &err));
	KTAP_CHECK_STR(append("root=/dev/vda"),
		       "root=/dev/vda vnode.fs=fs0:/srv vnode.fs=fs1:/tmp:ro");
	KTAP_CHECK(strstr(append("vnode.fs=x:/y"), "--fs makes it"));
}

static void bounds_words(void)
{
	static char full[VNODE_APPEND_MAX + 1];
	char text[280] = "a:/";
	unsigned int i;

	fs("a:/");
	memset(full, 'x', VNODE_APPEND_MAX - strlen(" root=fs0 rootfstype=virtiofs rw"));
	KTAP_CHECK_EQ(strlen(append(full)), VNODE_APPEND_MAX);
	full[strlen(full)] = 'x';
	KTAP_CHECK(strstr(append(full), "characters are too many"));
	memset(&virtio, 0, sizeof(virtio));
	memset(text + 3, 'x', 250);
	for (i = 0; i < 5; i++) {
		text[3] = '0' + i;
		KTAP_CHECK(!vnode_parse_fs(text, &virtio, &err));
	}
	KTAP_CHECK(strstr(append(NULL), "too long for the command line"));
}

/* ---- files ---- */

static char *make_file(const char *name, const char *content, char path[PATH_MAX])
{
	int fd;

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	KTAP_CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) &&
		   !ftruncate(fd, 1 << 20));
	close(fd);
	return path;
}

/* The sentence about a disk, "" if it is good */
static const char *check_disk(const char *path, const char *options)
{
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), "%s%s", path, options);
	disk(text);
	memset(&err, 0, sizeof(err));
	vnode_virtio_check(&virtio, &err);
	return err.text;
}

#define QCOW2_MAGIC	"QFI\xfb"

static void checks_disks(void)
{
	const struct vnode_virtio_device *device = &virtio.device[0];
	char path[PATH_MAX], whole[PATH_MAX];

	make_file("raw one.img", "", path);
	KTAP_CHECK_STR(check_disk(path, ""), "");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_RAW);
	KTAP_CHECK_STR(device->serial, "raw_one");
	KTAP_CHECK(realpath(path, whole) && !strcmp(device->path, whole) && !device->is_block);
	KTAP_CHECK(strstr(check_disk(path, ",format=qcow2"), "not a qcow2 image"));

	make_file("0123456789012345678901234", "", path);
	KTAP_CHECK_STR(check_disk(path, ""), "");
	KTAP_CHECK_STR(device->serial, "01234567890123456789");

	make_file("a.qcow2", QCOW2_MAGIC, path);
	KTAP_CHECK_STR(check_disk(path, ""), "");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_QCOW2);
	KTAP_CHECK_STR(device->serial, "a");
	KTAP_CHECK_STR(check_disk(path, ",format=raw,id=b"), "");
	KTAP_CHECK_EQ(device->format, VNODE_DISK_RAW);
	KTAP_CHECK_STR(device->serial, "b");

	/* what the vnode has written does not decide */
	make_file("a.img", QCOW2_MAGIC, path);
	KTAP_CHECK(strstr(check_disk(path, ""), "say format=qcow2, or format=raw"));
	KTAP_CHECK_STR(check_disk(path, ",format=raw"), "");
	make_file("b.qcow2", "raw", path);
	KTAP_CHECK(strstr(check_disk(path, ""), "not a qcow2 image"));

	KTAP_CHECK(strstr(check_disk(dir, ",ro"), "neither a file nor a block device"));
	KTAP_CHECK(strstr(check_disk("/dev/null", ""), "neither a file nor a block device"));
	KTAP_CHECK(strstr(check_disk("/nowhere/x", ""), "No such file"));
}

static void checks_twins(void)
{
	char one[PATH_MAX], two[PATH_MAX];

	make_file("c.img", "", one);
	make_file("c.raw", "", two);
	disk(one);
	KTAP_CHECK(!vnode_parse_disk(two, &virtio, &err));
	KTAP_CHECK_EQ(vnode_virtio_check(&virtio, &err), -EINVAL);
	KTAP_CHECK(strstr(err.text, "its serial c is that of vda"));
}

static void checks_directories(void)
{
	char path[PATH_MAX], text[PATH_MAX + 8];

	snprintf(text, sizeof(text), "%s/.:/", dir);
	fs(text);
	KTAP_CHECK_EQ(vnode_virtio_check(&virtio, &err), 0);
	KTAP_CHECK_STR(virtio.device[0].path, dir);
	snprintf(text, sizeof(text), "%s:/", make_file("d", "", path));
	fs(text);
	KTAP_CHECK(vnode_virtio_check(&virtio, &err) < 0);
	KTAP_CHECK(strstr(err.text, "Not a directory"));
}

/* ---- the driver's page ---- */

#define SIZE	(2UL << 20)

static int queue_of(uint32_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	static struct vvirtio_driver driver;
	struct vnode_queue queue;
	int ret;

	driver.queue[3] = (struct vvirtio_queue){
		.size = htole32(size), .desc = htole64(desc), .driver = htole64(avail),
		.device = htole64(used),
	};
	ret = vnode_queue_read(&driver, 3, 256, SIZE, &queue);
	if (!ret && size)
		KTAP_CHECK(queue.size == size && queue.desc == desc && queue.driver == avail &&
			   queue.device == used);
	return ret;
}

static void reads_queues(void)
{
	const uint64_t ok = 0x2000, end_desc = SIZE - 16 * 256, end_avail = SIZE - 6 - 2 * 256;
	const uint64_t end_used = (SIZE - 6 - 8 * 256) & ~3ULL;

	KTAP_CHECK_EQ(queue_of(256, ok, ok + 0x1000, ok + 0x2000), 0);
	KTAP_CHECK_EQ(queue_of(1, ok, ok + 0x1000, ok + 0x2000), 0);
	KTAP_CHECK_EQ(queue_of(0, ~0ULL, 1, 3), 0);
	KTAP_CHECK_EQ(queue_of(512, ok, ok + 0x2000, ok + 0x3000), -EINVAL);
	KTAP_CHECK_EQ(queue_of(3, ok, ok + 0x1000, ok + 0x2000), -EINVAL);
	KTAP_CHECK_EQ(queue_of(0x80000000, ok, ok, ok), -EINVAL);
	/* at the beginning: not in the two pages */
	KTAP_CHECK_EQ(queue_of(256, 0x1ff0, ok, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, 0x1ffe, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, ok, 0x1ffc), -EINVAL);
	/* at the end */
	KTAP_CHECK_EQ(queue_of(256, end_desc, end_avail, end_used), 0);
	KTAP_CHECK_EQ(queue_of(256, end_desc + 16, ok, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, end_avail + 2, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, ok, end_used + 4), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, SIZE, ok, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, -16ULL, ok, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, -2ULL, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, ok, -4ULL), -EINVAL);
	/* alignment */
	KTAP_CHECK_EQ(queue_of(256, ok + 8, ok, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, ok + 1, ok), -EINVAL);
	KTAP_CHECK_EQ(queue_of(256, ok, ok, ok + 2), -EINVAL);
}

static void reads_requests(void)
{
	static const struct vvirtio_driver driver = {
		.request = 7, .type = 2, .status = 15, .set_offset = 32, .set_len = 1,
		.driver_features = 1ULL << 32,
	};
	struct vnode_driver_request request;

	vnode_request_read(&driver, &request);
	KTAP_CHECK(request.number == 7 && request.type == 2 && request.status == 15 &&
		   request.set_offset == 32 && request.set_len == 1 &&
		   request.features == 1ULL << 32);
}

static const struct ktap_test tests[] = {
	{ "disks", takes_disks },
	{ "bad disks", refuses_disks },
	{ "file systems", takes_file_systems },
	{ "bad file systems", refuses_file_systems },
	{ "names in order, and a limit", names_in_order },
	{ "words for the vnode", makes_words },
	{ "words that are too many", bounds_words },
	{ "images", checks_disks },
	{ "two disks with one serial", checks_twins },
	{ "directories", checks_directories },
	{ "queues", reads_queues },
	{ "requests", reads_requests },
};

int main(void)
{
	char command[64];
	int ret;

	strcpy(dir, "/tmp/virtio-test.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	ret = ktap_run(tests, KTAP_NR(tests));
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
