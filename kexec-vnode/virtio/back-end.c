// SPDX-License-Identifier: GPL-2.0-only
/*
 * Back ends: programs of Debian's, each a child of the front end in a process group of
 * its own. A back end inherits a socket that listens already: the front end need not wait for
 * it, and if the process ends the connection ends.
 */
#define _GNU_SOURCE		/* close_range() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "front-end.h"

#define LISTENER	3	/* the descriptor in the back end */

/* ---- command lines ---- */

/* @path with @escape in front of each of @chars */
static char *quote(const char *path, const char *chars, char escape)
{
	char *text = malloc(2 * strlen(path) + 1), *to = text;

	for (; text && *path; path++) {
		if (strchr(chars, *path))
			*to++ = escape;
		*to++ = *path;
	}
	if (text)
		*to = '\0';
	return text;
}

static char *print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *print(const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

static int storage_daemon(const struct vnode_virtio_device *device, int fd,
			  char *argv[VNODE_ARGS_MAX])
{
	const char *format = device->format == VNODE_DISK_QCOW2 ? "qcow2" : "raw";
	const char *read_only = device->read_only ? "on" : "off";
	char *path = quote(device->path, ",", ',');
	int n = 0;

	if (!path)
		return -ENOMEM;
	argv[n++] = print("--blockdev");
	argv[n++] = print("driver=%s,node-name=file,locking=on,read-only=%s,filename=%s",
			  device->is_block ? "host_device" : "file", read_only, path);
	argv[n++] = print("--blockdev");
	argv[n++] = print("driver=%s,node-name=disk,file=file,read-only=%s", format, read_only);
	argv[n++] = print("--export");
	argv[n++] = print("type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,addr.str=%d,writable=%s",
			  fd, device->read_only ? "off" : "on");
	free(path);
	return n;
}

/* pivot_root(2), which the sandbox is made with, is not possible in an initramfs. */
static const char *sandbox(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[1024];
	bool is_rootfs = false;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, " / / ") && strstr(line, " - rootfs "))
			is_rootfs = true;
	if (file)
		fclose(file);
	return is_rootfs ? "chroot" : "namespace";
}

static int virtiofsd_c(const struct vnode_virtio_device *device, int fd,
		       char *argv[VNODE_ARGS_MAX])
{
	char *path = quote(device->path, ",\\", '\\');
	int n = 0;

	if (!path)
		return -ENOMEM;
	argv[n++] = print("-f");
	argv[n++] = print("--fd=%d", fd);
	argv[n++] = print("-o");
	argv[n++] = print("source=%s", path);
	argv[n++] = print("-o");
	argv[n++] = print("log_level=warn,xattr,announce_submounts,sandbox=%s", sandbox());
	if (device->shared || device->private) {
		argv[n++] = print("-o");
		argv[n++] = print(device->shared ? "cache=none,flock,posix_lock" : "cache=always");
	}
	free(path);
	return n;
}

static int virtiofsd_rust(const struct vnode_virtio_device *device, int fd,
			  char *argv[VNODE_ARGS_MAX])
{
	int n = 0;

	argv[n++] = print("--fd=%d", fd);
	argv[n++] = print("--shared-dir=%s", device->path);
	argv[n++] = print("--log-level=warn");
	argv[n++] = print("--xattr");
	argv[n++] = print("--announce-submounts");
	argv[n++] = print("--sandbox=%s", sandbox());
	if (device->shared)
		argv[n++] = print("--cache=never");
	if (device->private)
		argv[n++] = print("--cache=always");
	return n;
}

static const struct vnode_program programs[] = {
	{ "qemu-storage-daemon", VNODE_VIRTIO_DISK, "/usr/bin/qemu-storage-daemon",
	  "qemu-system-common", storage_daemon, true },
	/* in Rust, of Debian 13 */
	{ "virtiofsd", VNODE_VIRTIO_FS, "/usr/libexec/virtiofsd", "virtiofsd", virtiofsd_rust,
	  false },
	/* in C, of Debian 12 */
	{ "virtiofsd", VNODE_VIRTIO_FS, "/usr/lib/qemu/virtiofsd", "qemu-system-common",
	  virtiofsd_c, false },
};

#define NR_PROGRAMS	(sizeof(programs) / sizeof(programs[0]))

const struct vnode_program *vnode_program_find(enum vnode_virtio_kind kind, struct vnode_err *err)
{
	size_t i;

	for (i = 0; i < NR_PROGRAMS; i++)
		if (programs[i].kind == kind && !access(programs[i].path, X_OK))
			return &programs[i];
	if (kind == VNODE_VIRTIO_DISK)
		vnode_err(err, ENOENT,
			  "--disk needs qemu-storage-daemon: apt-get install qemu-system-common");
	else
		vnode_err(err, ENOENT,
			  "--fs needs virtiofsd: apt-get install virtiofsd, or qemu-system-common in Debian 12");
	return NULL;
}

static void free_arguments(char *argv[VNODE_ARGS_MAX])
{
	int i;

	for (i = 0; i < VNODE_ARGS_MAX; i++)
		free(argv[i]);
}

/* The whole command line */
static int make_arguments(const struct vnode_back_end *back_end, char *argv[VNODE_ARGS_MAX],
			  struct vnode_err *err)
{
	int i, n;

	memset(argv, 0, VNODE_ARGS_MAX * sizeof(*argv));
	argv[0] = print("%s", back_end->program->path);
	n = back_end->program->arguments(back_end->device, LISTENER, argv + 1);
	for (i = 0; n > 0 && i <= n; i++)
		if (!argv[i])
			n = -ENOMEM;
	if (n > 0)
		return 0;
	free_arguments(argv);
	return vnode_err(err, ENOMEM, "no memory for a command line");
}

/* ---- start ---- */

static int listen_at(const char *path, struct vnode_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&address, sizeof(address)) &&
	    !listen(fd, 1))
		return fd;
	vnode_err(err, errno, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

/* What the back end sees of @path cannot be written, whatever the back end does. */
static int make_read_only(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
	    mount(path, path, NULL, MS_BIND | MS_REC, NULL))
		return -errno;
	return mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)) ? -errno : 0;
}

static int restrict_access(const struct vnode_virtio_device *device)
{
	if (device->kind == VNODE_VIRTIO_DISK)
		return vnode_confine(device);
	return device->read_only ? make_read_only(device->path) : 0;
}

static void __attribute__((noreturn)) give_up(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
	_exit(127);
}

static void __attribute__((noreturn)) run(const struct vnode_back_end *back_end, char **argv,
					  int listener, int words, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* above all that it is copied to */
	listener = fcntl(listener, F_DUPFD, 16);
	if (null < 0 || dup2(words, STDERR_FILENO) < 0)
		_exit(127);
	if (listener < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(listener, LISTENER) < 0)
		give_up("dup2");
	close_range(LISTENER + 1, ~0U, 0);
	errno = -restrict_access(back_end->device);
	if (errno)
		give_up("cannot be confined");
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	execv(argv[0], argv);
	give_up(argv[0]);
}

int vnode_back_end_start(struct vnode_back_end *back_end, struct vnode_err *err)
{
	char *argv[VNODE_ARGS_MAX];
	pid_t parent = getpid();
	int listener, words[2], ret;

	back_end->said_len = 0;
	back_end->words = -1;
	listener = listen_at(back_end->socket, err);
	if (listener < 0)
		return listener;
	ret = make_arguments(back_end, argv, err);
	if (ret)
		goto out_listener;
	if (pipe2(words, O_CLOEXEC)) {
		ret = vnode_err(err, errno, "pipe: %s", strerror(errno));
		goto out_arguments;
	}
	back_end->pid = fork();
	if (!back_end->pid)
		run(back_end, argv, listener, words[1], parent);
	close(words[1]);
	back_end->words = words[0];
	fcntl(words[0], F_SETFL, O_NONBLOCK);
	if (back_end->pid < 0) {
		back_end->pid = 0;
		ret = vnode_err(err, errno, "fork: %s", strerror(errno));
	} else {
		/* the child does the same; whichever is first */
		setpgid(back_end->pid, back_end->pid);
	}
out_arguments:
	free_arguments(argv);
out_listener:
	close(listener);
	return ret;
}

/* ---- its words ---- */

bool vnode_back_end_listen(struct vnode_back_end *back_end)
{
	const size_t half = sizeof(back_end->said) / 2;
	ssize_t n;

	if (back_end->words < 0)
		return false;
	do {
		/* the older half makes room */
		if (back_end->said_len > half) {
			back_end->said_len -= half;
			memmove(back_end->said, back_end->said + half, back_end->said_len);
		}
		n = read(back_end->words, back_end->said + back_end->said_len, half - 1);
		if (n > 0)
			back_end->said_len += n;
	} while (n > 0);
	if (n < 0 && errno == EAGAIN)
		return true;
	close(back_end->words);
	back_end->words = -1;
	return false;
}

/* QEMU begins an error with its name, and with the option that it is about. */
static const char *skip_option(const struct vnode_back_end *back_end, const char *line)
{
	const char *name = strrchr(back_end->program->path, '/') + 1;
	char *argv[VNODE_ARGS_MAX], prefix[2 * PATH_MAX];
	int i;

	if (strncmp(line, name, strlen(name)) || strncmp(line + strlen(name), ": ", 2))
		return line;
	line += strlen(name) + 2;
	if (make_arguments(back_end, argv, NULL))
		return line;
	for (i = 1; argv[i] && argv[i + 1]; i++) {
		snprintf(prefix, sizeof(prefix), "%s %s: ", argv[i], argv[i + 1]);
		if (!strncmp(line, prefix, strlen(prefix))) {
			line += strlen(prefix);
			break;
		}
	}
	free_arguments(argv);
	return line;
}

const char *vnode_back_end_last_words(struct vnode_back_end *back_end, char text[512])
{
	char said[sizeof(back_end->said) + 1], *line, *rest = said;
	size_t len = 0;

	memcpy(said, back_end->said, back_end->said_len);
	said[back_end->said_len] = '\0';
	text[0] = '\0';
	while ((line = strsep(&rest, "\n")) && len < 511)
		if (*line)
			len += snprintf(text + len, 512 - len, "%s%s", len ? "; " : "",
					skip_option(back_end, line));
	return text;
}

/* ---- end ---- */

/* Waits until the process has ended. */
static bool has_ended(pid_t pid, double seconds)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	double end = vnode_now() + seconds, left = seconds;
	int n = 0;

	do {
		n = poll(&pollfd, 1, left * 1000);
		left = end - vnode_now();
	} while (n < 0 && errno == EINTR && left > 0);
	if (pidfd >= 0)
		close(pidfd);
	return n > 0;
}

void vnode_back_end_stop(struct vnode_back_end *back_end, double seconds)
{
	if (back_end->pid > 0) {
		if (seconds > 0) {
			kill(-back_end->pid, SIGTERM);
			has_ended(back_end->pid, seconds);
		}
		kill(-back_end->pid, SIGKILL);
		waitpid(back_end->pid, NULL, 0);
	}
	back_end->pid = 0;
	vnode_back_end_listen(back_end);
	if (back_end->words >= 0)
		close(back_end->words);
	back_end->words = -1;
	if (*back_end->socket)
		unlink(back_end->socket);
}
