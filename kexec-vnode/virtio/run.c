// SPDX-License-Identifier: GPL-2.0-only
/*
 * /run/kexec-vnode, of vnode ID:
 *
 *	ID		a line for each device, for -S; replaced as a whole
 *	ID.lock		locked by the front end as long as it lives
 *	ID.sockets/	where its back ends listen, for root alone
 */
#define _GNU_SOURCE		/* F_OFD locks are not wanted: l_pid names the holder */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "front-end.h"

#define END_S	15.0		/* that a front end may take to end */

static int lock_fd = -1;	/* of this process, which is a front end */

static const char * const state_names[] = {
	[VNODE_SERVED_READY] = "ready",
	[VNODE_SERVED_IN_USE] = "in use",
	[VNODE_SERVED_FAILED] = "failed",
};

static char *run_path(unsigned int id, const char *suffix, char path[64])
{
	snprintf(path, 64, VNODE_RUN_DIR "/%u%s", id, suffix);
	return path;
}

void vnode_run_socket(unsigned int id, const char *name, char path[108])
{
	snprintf(path, 108, VNODE_RUN_DIR "/%u.sockets/%s", id, name);
}

/* ---- the lock ---- */

/* The process that has the lock; 0: none */
static pid_t holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static bool take(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return !fcntl(fd, F_SETLK, &lock);
}

/* Waits until the holder of the lock is gone, after @sig to it unless 0. False: it stays. */
static bool wait_for_holder(int fd, int sig, double seconds)
{
	pid_t pid = holder(fd);
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	int n;

	if (pidfd < 0)
		return true;
	/* a process number that was given to another since does not hold the lock */
	if (holder(fd) == pid && sig)
		syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
	n = holder(fd) == pid ? poll(&pollfd, 1, seconds * 1000) : 1;
	close(pidfd);
	return n > 0;
}

/* The file may have been removed by a front end that ended meanwhile. */
static bool is_current(int fd, const char *path)
{
	struct stat mine, now;

	return !fstat(fd, &mine) && !stat(path, &now) && mine.st_ino == now.st_ino &&
	       mine.st_dev == now.st_dev;
}

static int lock(unsigned int id, struct vnode_err *err)
{
	double end = vnode_now() + END_S;
	char path[64];

	run_path(id, ".lock", path);
	do {
		if (lock_fd >= 0)
			close(lock_fd);
		lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (lock_fd < 0)
			return vnode_err(err, errno, "%s: %s", path, strerror(errno));
		if (take(lock_fd) && is_current(lock_fd, path))
			return 0;
		wait_for_holder(lock_fd, SIGTERM, end - vnode_now());
	} while (vnode_now() < end);
	return vnode_err(err, EBUSY,
			 "process %d still serves the devices of an earlier vnode %u: end it",
			 holder(lock_fd), id);
}

/* ---- files ---- */

static void remove_sockets(unsigned int id)
{
	struct dirent *entry;
	char path[64];
	DIR *dir = opendir(run_path(id, ".sockets", path));

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(path);
}

int vnode_run_begin(unsigned int id, struct vnode_err *err)
{
	char path[64];
	int ret;

	if (mkdir(VNODE_RUN_DIR, 0755) && errno != EEXIST)
		return vnode_err(err, errno, VNODE_RUN_DIR ": %s", strerror(errno));
	ret = lock(id, err);
	if (ret)
		return ret;
	remove_sockets(id);
	if (mkdir(run_path(id, ".sockets", path), 0700))
		return vnode_err(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* By the holder of the lock */
static void remove_files(unsigned int id)
{
	char path[64];

	remove_sockets(id);
	unlink(run_path(id, "", path));
	unlink(run_path(id, ".lock", path));
}

void vnode_run_end(unsigned int id)
{
	if (lock_fd < 0)
		return;
	remove_files(id);
	close(lock_fd);
	lock_fd = -1;
}

/* What a front end that was killed has left is removed. */
int vnode_virtio_wait_end(unsigned int id, struct vnode_err *err)
{
	char path[64];
	int fd, ret = 0;

	fd = open(run_path(id, ".lock", path), O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!wait_for_holder(fd, 0, END_S))
		ret = vnode_err(err, EBUSY,
				"vnode %u: returned, but process %d still serves its devices", id,
				holder(fd));
	else if (take(fd) && is_current(fd, path))
		remove_files(id);
	close(fd);
	return ret;
}

/* A path on one line: white space, backslashes and control characters become \ooo. */
static void print_path(const char *path, FILE *out)
{
	for (; *path; path++)
		if ((unsigned char)*path <= ' ' || *path == '\\' || *path == 0x7f)
			fprintf(out, "\\%03o", (unsigned char)*path);
		else
			fputc(*path, out);
}

static void read_path(char *path)
{
	char *to = path;
	unsigned int c;

	for (; *path; path++)
		if (*path == '\\' && sscanf(path + 1, "%3o", &c) == 1) {
			*to++ = c;
			path += 3;
		} else {
			*to++ = *path;
		}
	*to = '\0';
}

int vnode_run_write(unsigned int id, const struct vnode_served *served, unsigned int nr)
{
	char path[64], temp[64];
	unsigned int i;
	FILE *file;
	int ret;

	file = fopen(run_path(id, ".new", temp), "we");
	if (!file)
		return -errno;
	fchmod(fileno(file), 0644);
	for (i = 0; i < nr; i++) {
		const struct vnode_virtio_device *device = served[i].device;

		fprintf(file, "%s\t%s\t%s\t%s\t%s\t%s\t", device->name,
			vnode_kind(device)->option, vnode_served_back_end(&served[i]),
			state_names[served[i].state],
			device->read_only ? "ro" : "rw", *device->target ? device->target : "-");
		print_path(device->path, file);
		fputc('\n', file);
	}
	ret = ferror(file) ? -EIO : 0;
	if (fclose(file))
		ret = -errno;
	if (!ret && rename(temp, run_path(id, "", path)))
		ret = -errno;
	if (ret)
		unlink(temp);
	return ret;
}

/* ---- for -S ---- */

/* The parts of a line, in their order */
struct line {
	char *name, *type, *back_end, *state, *access, *target, *path;
};

static bool read_line(char *text, struct line *line)
{
	char **part[] = { &line->name, &line->type, &line->back_end, &line->state, &line->access,
			  &line->target, &line->path };
	size_t i;

	text[strcspn(text, "\n")] = '\0';
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		*part[i] = strsep(&text, "\t");
		if (!*part[i])
			return false;
	}
	read_path(line->path);
	return true;
}

static bool front_end_lives(unsigned int id)
{
	char path[64];
	int fd = open(run_path(id, ".lock", path), O_RDONLY | O_CLOEXEC);
	bool lives = fd >= 0 && holder(fd);

	if (fd >= 0)
		close(fd);
	return lives;
}

/* Calls @print for each device. */
static void each_line(unsigned int id, void (*print)(const struct line *line, unsigned int i,
						     void *context), void *context)
{
	char text[PATH_MAX * 4 + 512], path[64];
	bool lives = front_end_lives(id);
	struct line line;
	unsigned int i = 0;
	FILE *file;

	file = fopen(run_path(id, "", path), "re");
	if (!file)
		return;
	while (fgets(text, sizeof(text), file))
		if (read_line(text, &line)) {
			if (!lives)
				line.state = "failed, its front end is gone";
			print(&line, i++, context);
		}
	fclose(file);
}

static void print_text(const struct line *line, unsigned int i, void *context)
{
	FILE *out = context;
	const char *c;

	fprintf(out, "device:   %s: %s, %s ", line->name, line->state, line->back_end);
	/* the path may have any character */
	for (c = line->path; *c; c++)
		fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, out);
	if (strcmp(line->target, "-"))
		fprintf(out, " at %s", line->target);
	fprintf(out, "%s\n", strcmp(line->access, "ro") ? "" : ", read-only");
}

void vnode_virtio_status_print(unsigned int id, FILE *out)
{
	each_line(id, print_text, out);
}

struct json {
	void (*print_string)(const char *text, FILE *out);
	FILE *out;
};

static void print_member(const struct json *json, const char *name, const char *value)
{
	fprintf(json->out, "\"%s\": ", name);
	json->print_string(value, json->out);
}

static void print_json(const struct line *line, unsigned int i, void *context)
{
	const struct json *json = context;

	fprintf(json->out, "%s{", i ? ", " : "");
	print_member(json, "name", line->name);
	fputs(", ", json->out);
	print_member(json, "type", line->type);
	fputs(", ", json->out);
	print_member(json, "path", line->path);
	if (strcmp(line->target, "-")) {
		fputs(", ", json->out);
		print_member(json, "target", line->target);
	}
	fprintf(json->out, ", \"read_only\": %s, ", strcmp(line->access, "ro") ? "false" : "true");
	print_member(json, "back_end", line->back_end);
	fputs(", ", json->out);
	print_member(json, "state", line->state);
	fputc('}', json->out);
}

void vnode_virtio_status_json(unsigned int id, void (*print_string)(const char *text, FILE *out),
			      FILE *out)
{
	struct json json = { print_string, out };

	fprintf(out, ", \"devices\": [");
	each_line(id, print_json, &json);
	fprintf(out, "]");
}
