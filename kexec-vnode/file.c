// SPDX-License-Identifier: GPL-2.0-only
/* Reads kernels and initrds, and lines of sysfs and sysctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

static int read_all(int fd, char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;	/* the file was truncated meanwhile */
		done += n;
	}
	return 0;
}

int vnode_file_read(const char *path, const char *what, void **data, size_t *size,
		    struct vnode_err *err)
{
	/* O_NONBLOCK: open() of a FIFO would wait for a writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st)) {
		ret = vnode_err(err, errno, "%s %s: %s", what, path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = vnode_err(err, EISDIR, "%s %s: not a regular file", what, path);
		goto out;
	}
	if (!st.st_size) {
		ret = vnode_err(err, ENOEXEC, "%s %s: the file is empty", what, path);
		goto out;
	}
	*size = st.st_size;
	*data = malloc(*size);
	if (!*data) {
		ret = vnode_err(err, ENOMEM, "%s %s: no memory for its %zu bytes", what, path,
				*size);
		goto out;
	}
	ret = read_all(fd, *data, *size);
	if (ret) {
		vnode_err(err, -ret, "%s %s: %s", what, path, strerror(-ret));
		free(*data);
		*data = NULL;
	}
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

bool vnode_file_says(const char *path, const char *line)
{
	FILE *file = fopen(path, "re");
	char text[32] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, line);
}
