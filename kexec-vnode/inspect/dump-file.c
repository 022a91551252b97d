// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a dump. It has a temporary name in the same directory until it is
 * complete and on the disk. If the dump fails, the file is removed. "-" is standard
 * output, which gets the file as a stream (dump-flat.c).
 */
#define _GNU_SOURCE		/* asprintf(), mkostemp() */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "dump.h"

#define CHUNK		(1UL << 20)
#define PROGRESS_S	0.2

static const int ending_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
};

/*
 * Block these signals until the file is complete or removed; then they have their usual
 * effect. SIGTSTP too: this process must not be suspended while it has a vnode frozen.
 */
static void hold_signals(sigset_t *old)
{
	struct sigaction action;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	for (i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++)
		/* a blocked signal is pending even if it is ignored */
		if (!sigaction(ending_signals[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &set, old);
	/* if the file exceeds RLIMIT_FSIZE, the error of write() is enough */
	signal(SIGXFSZ, SIG_IGN);
}

static bool is_signalled(void)
{
	sigset_t set;
	size_t i;

	sigpending(&set);
	for (i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++)
		if (sigismember(&set, ending_signals[i]))
			return true;
	return false;
}

static bool is_zero(const uint8_t *page, size_t len)
{
	uint64_t word, any = 0;
	size_t i;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, page + i, sizeof(word));
		any |= word;
	}
	for (; i < len; i++)
		any |= page[i];
	return !any;
}

/* Free pages and zeros become holes. */
static bool is_wanted(const struct vnode_dump_map *map, uint64_t offset, const uint8_t *page,
		      size_t len)
{
	return !vnode_dump_is_free(map, offset) && !is_zero(page, len);
}

static size_t page_length(size_t at, size_t len)
{
	return len - at < VNODE_DUMP_PAGE ? len - at : VNODE_DUMP_PAGE;
}

struct count {
	const struct vnode_dump_map *map;
	uint64_t used;
};

static int visit_count(void *context, uint64_t pa, const uint8_t *chunk, size_t part, size_t len)
{
	struct count *count = context;
	uint64_t offset = pa - count->map->memory->base;
	size_t at, page;

	if (is_signalled())
		return -EINTR;
	for (at = 0; at < part; at += page) {
		page = page_length(at, part);
		if (is_wanted(count->map, offset + at, chunk + at, page))
			count->used += page;
	}
	return 0;
}

/* Count the pages to be written only if all of the memory might not fit. */
static int check_space(const struct vnode_dump_file *file, const struct vnode_dump_map *map,
		       struct vnode_err *err)
{
	const struct vnode_memory *memory = map->memory;
	struct count count = { .map = map };
	struct statvfs fs;
	uint64_t space;
	int ret;

	if (fstatvfs(file->fd, &fs))
		return vnode_err(err, errno, "%s: %s", file->path, strerror(errno));
	space = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (space > file->data && space - file->data >= memory->size)
		return 0;
	ret = vnode_memory_scan(memory, visit_count, &count);
	if (ret)
		return vnode_err(err, ret, "cannot read the memory at %#llx: %s",
				 (unsigned long long)memory->base, strerror(-ret));
	if (space >= count.used)
		return 0;
	return vnode_err(err, ENOSPC, "%s: not enough space: %llu MiB are needed, %llu MiB are free",
			 file->path, (unsigned long long)vnode_align_up(count.used, 1 << 20) >> 20,
			 (unsigned long long)space >> 20);
}

static int cannot_write(const struct vnode_dump_file *file, int errnum, struct vnode_err *err)
{
	return vnode_err(err, errnum, "%s: cannot be written: %s",
			 file->flat ? "standard output" : file->path, strerror(-errnum));
}

static int create(struct vnode_dump_file *file, struct vnode_err *err)
{
	struct stat st;
	int ret;

	if (file->flat) {
		if (isatty(STDOUT_FILENO))
			return vnode_err(err, EINVAL,
					 "--dump=-: standard output is a terminal: want a file or a pipe");
		file->fd = STDOUT_FILENO;
		ret = vnode_dump_flat_begin(file->fd);
		return ret ? cannot_write(file, ret, err) : 0;
	}
	if (!stat(file->path, &st) && !S_ISREG(st.st_mode))
		return vnode_err(err, EISDIR, "%s: is there, and is not a regular file",
				 file->path);
	if (asprintf(&file->temp, "%s.XXXXXX", file->path) < 0) {
		file->temp = NULL;
		return vnode_err(err, ENOMEM, "%s: no memory for its name", file->path);
	}
	file->fd = mkostemp(file->temp, O_CLOEXEC);
	if (file->fd >= 0)
		return 0;
	free(file->temp);
	file->temp = NULL;
	return cannot_write(file, -errno, err);
}

int vnode_dump_file_begin(struct vnode_dump_file *file, const char *path,
			  const struct vnode_dump_map *map, uint64_t data,
			  struct vnode_err *err)
{
	int ret;

	*file = (struct vnode_dump_file){
		.path = path, .data = data, .end = map ? data + map->memory->size : 0, .fd = -1,
		.flat = !strcmp(path, "-"),
	};
	hold_signals(&file->old_signals);
	ret = create(file, err);
	if (!ret && map && !file->flat)
		ret = check_space(file, map, err);
	return ret ? vnode_dump_file_end(file, ret, err) : 0;
}

int vnode_dump_file_write(const struct vnode_dump_file *file, uint64_t offset, const void *buf,
			  size_t len, struct vnode_err *err)
{
	size_t done = 0;
	int ret;

	if (file->flat) {
		ret = vnode_dump_flat_put(file->fd, offset, buf, len);
		return ret ? cannot_write(file, ret, err) : 0;
	}

	while (done < len) {
		ssize_t n = pwrite(file->fd, (const char *)buf + done, len - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot_write(file, -errno, err);
		done += n;
	}
	return 0;
}

/* Writes the wanted pages of one chunk, with as few writes as possible. */
static int write_wanted(struct vnode_dump_file *file, const struct vnode_dump_map *map,
			uint64_t offset, const uint8_t *buf, size_t len, struct vnode_err *err)
{
	size_t at = 0, end;
	int ret = 0;

	while (at < len && !ret) {
		end = at;
		while (end < len &&
		       is_wanted(map, offset + end, buf + end, page_length(end, len)))
			end += page_length(end, len);
		if (end > at)
			ret = vnode_dump_file_write(file, file->data + offset + at, buf + at,
						    end - at, err);
		file->written += end - at;
		at = end > at ? end : at + page_length(at, len);
	}
	return ret;
}

static bool is_all_free(const struct vnode_dump_map *map, uint64_t offset, size_t len)
{
	size_t at;

	for (at = 0; at < len; at += VNODE_DUMP_PAGE)
		if (!vnode_dump_is_free(map, offset + at))
			return false;
	return true;
}

static int copy_chunk(struct vnode_dump_file *file, const struct vnode_dump_map *map,
		      uint64_t offset, uint8_t *buf, size_t len, struct vnode_err *err)
{
	const struct vnode_memory *memory = map->memory;
	int ret;

	/* the vnode may be frozen meanwhile: do not spend time on free memory */
	if (is_all_free(map, offset, len))
		return 0;
	ret = vnode_memory_read(memory, memory->base + offset, buf, len);
	if (ret)
		return vnode_err(err, ret, "cannot read the memory at %#llx: %s",
				 (unsigned long long)(memory->base + offset), strerror(-ret));
	return write_wanted(file, map, offset, buf, len, err);
}

static void show_progress(const struct vnode_dump_file *file, uint64_t done, uint64_t size,
			  double begin, double *next)
{
	double at = vnode_now();

	if (!file->name || (at < *next && done < size))
		return;
	*next = at + PROGRESS_S;
	fprintf(stderr, "\r%s: %3.0f %%, %.0f MiB/s%s", file->name, 100.0 * done / size,
		at > begin ? done / (at - begin) / (1 << 20) : 0, done < size ? "" : "\n");
}

int vnode_dump_file_copy(struct vnode_dump_file *file, const struct vnode_dump_map *map,
			 struct vnode_err *err)
{
	const struct vnode_memory *memory = map->memory;
	double begin = vnode_now(), next = begin;
	uint64_t offset = 0;
	uint8_t *buf;
	int ret = 0;

	buf = malloc(CHUNK);
	if (!buf)
		return vnode_err(err, ENOMEM, "no memory for a buffer");
	while (offset < memory->size && !ret) {
		size_t len = memory->size - offset < CHUNK ? memory->size - offset : CHUNK;

		ret = copy_chunk(file, map, offset, buf, len, err);
		if (!ret && is_signalled())
			ret = vnode_err(err, EINTR, "%s: interrupted by a signal", file->path);
		offset += len;
		if (!ret)
			show_progress(file, offset, memory->size, begin, &next);
	}
	free(buf);
	return ret;
}

/* Puts the new name on the disk. */
static void sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

static int finish(struct vnode_dump_file *file, struct vnode_err *err)
{
	int ret;

	if (file->flat) {
		ret = vnode_dump_flat_end(file->fd, file->end);
		return ret ? cannot_write(file, ret, err) : 0;
	}
	/* a full disk may be reported only now */
	if (ftruncate(file->fd, file->end) || fsync(file->fd) || rename(file->temp, file->path))
		return cannot_write(file, -errno, err);
	sync_directory(file->path);
	return 0;
}

int vnode_dump_file_end(struct vnode_dump_file *file, int ret, struct vnode_err *err)
{
	if (!ret && is_signalled())
		ret = vnode_err(err, EINTR, "%s: interrupted by a signal", file->path);
	if (!ret)
		ret = finish(file, err);
	if (ret && file->temp)
		unlink(file->temp);
	if (file->fd >= 0 && !file->flat)
		close(file->fd);
	free(file->temp);
	sigprocmask(SIG_SETMASK, &file->old_signals, NULL);
	return ret;
}
