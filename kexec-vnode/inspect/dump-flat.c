// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dump as a stream, for a pipe: makedumpfile's flattened format, which crash reads as it is
 * and makedumpfile -R makes a file of. A header of 4096 bytes, then records, each with the
 * offset in the file and its length, big-endian, and -1 for both at the end.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dump.h"
#include "inspect.h"

#define SIGNATURE	"makedumpfile"
#define HEADER		4096
#define END		UINT64_MAX

struct header {
	char signature[16];
	uint64_t type;		/* 1 */
	uint64_t version;	/* 1 */
};

struct record {
	uint64_t offset;
	uint64_t size;
};

static int write_all(int fd, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? n : 0;
	}
	return 0;
}

int vnode_dump_flat_begin(int fd)
{
	char page[HEADER] = {};
	struct header header = { SIGNATURE, htobe64(1), htobe64(1) };

	memcpy(page, &header, sizeof(header));
	return write_all(fd, page, sizeof(page));
}

static int put_record(int fd, uint64_t offset, uint64_t size)
{
	struct record record = { htobe64(offset), htobe64(size) };

	return write_all(fd, &record, sizeof(record));
}

int vnode_dump_flat_put(int fd, uint64_t offset, const void *buf, size_t len)
{
	return put_record(fd, offset, len) ?: write_all(fd, buf, len);
}

/* The last byte first: only records tell how long the file is. */
int vnode_dump_flat_end(int fd, uint64_t size)
{
	return vnode_dump_flat_put(fd, size - 1, "", 1) ?: put_record(fd, END, END);
}

/* Return: 0; -EPIPE, the stream has ended before; or a negative errno. */
static int read_all(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EPIPE;
		done += n > 0 ? n : 0;
	}
	return 0;
}

static int receive_record(int in, struct vnode_dump_file *file, uint64_t offset, uint64_t size,
			  struct vnode_err *err)
{
	static char buf[64 << 10];
	size_t len;
	int ret;

	for (; size; size -= len, offset += len) {
		len = size < sizeof(buf) ? size : sizeof(buf);
		ret = read_all(in, buf, len);
		ret = ret ?: vnode_dump_file_write(file, offset, buf, len, err);
		if (ret)
			return ret;
	}
	if (offset > file->end)
		file->end = offset;
	return 0;
}

static int receive(int in, struct vnode_dump_file *file, struct vnode_err *err)
{
	struct record record;
	char page[HEADER];
	int ret = read_all(in, page, sizeof(page));

	if (!ret && strncmp(page, SIGNATURE, sizeof(SIGNATURE)))
		return vnode_err(err, EPROTO, "%s: what arrives is not a dump", file->path);
	while (!ret) {
		ret = read_all(in, &record, sizeof(record));
		record.offset = be64toh(record.offset);
		record.size = be64toh(record.size);
		if (ret || record.offset == END)
			break;
		if (record.offset > INT64_MAX || record.size > INT64_MAX - record.offset)
			return vnode_err(err, EPROTO, "%s: what arrives is not a dump", file->path);
		ret = receive_record(in, file, record.offset, record.size, err);
	}
	return ret;
}

int vnode_dump_receive(int in, const char *path, struct vnode_err *err)
{
	struct vnode_dump_file file;
	int ret = vnode_dump_file_begin(&file, path, NULL, 0, err);

	if (ret)
		return ret;
	ret = receive(in, &file, err);
	return vnode_dump_file_end(&file, ret, err);
}
