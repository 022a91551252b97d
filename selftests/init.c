// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the machine that selftests/vm boots: mounts, loads the modules, runs
 * one command, watches the kernel log all the while, and reports out of band.
 *
 * selftests/vm puts its orders into files of the initramfs:
 *
 *	/vm/modules	paths, one a line, loaded in this order
 *	/vm/pattern	extended regular expression: log lines that are failures
 *	/vm/argv	the command, its arguments ended by NULs; none: a shell
 *			on the console
 *
 * Two virtio ports lead out: "vm.out" takes what the command prints, "vm.verdict"
 * these lines:
 *
 *	up		the command starts
 *	error TEXT	it could not be started
 *	log TEXT	a line of the kernel log that is a failure
 *	exit N		the command's status; the last line, written when the log
 *			has been read to its end
 *
 * Then the machine ends through QEMU's isa-debug-exit, whose exit status differs from
 * those of a reset and a power-off.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEBUG_EXIT_PORT	0xf4
#define DEBUG_EXIT_CODE	0x15	/* QEMU's exit status becomes 2 * this + 1 */
#define ARGS_MAX	256
#define LOG_MAX		20	/* failing lines reported */
#define GRACE_S		10	/* that a command may still run once the log fails the run */

static int out_fd = -1;
static int verdict_fd = -1;

static void __attribute__((format(printf, 1, 2))) verdict(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (verdict_fd < 0 || write(verdict_fd, line, len) != len)
		dprintf(STDERR_FILENO, "vm: %.*s", len, line);
}

static void __attribute__((noreturn)) end(void)
{
	outb(DEBUG_EXIT_CODE, DEBUG_EXIT_PORT);
	/* QEMU lacks the device: vm takes this for a failure. */
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn)) fail(const char *what)
{
	verdict("error %s: %s", what, strerror(errno));
	end();
}

static void mounts(void)
{
	static const struct {
		const char *type, *dir;
	} mount_list[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "devpts", "/dev/pts" },
		{ "securityfs", "/sys/kernel/security" },
		{ "debugfs", "/sys/kernel/debug" },
	};

	for (size_t i = 0; i < sizeof(mount_list) / sizeof(mount_list[0]); i++) {
		mkdir(mount_list[i].dir, 0755);
		/* EBUSY: the kernel has mounted it */
		if (mount(mount_list[i].type, mount_list[i].dir, mount_list[i].type, 0, NULL) &&
		    errno != EBUSY)
			fail(mount_list[i].dir);
	}
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail(path);
	close(fd);
}

/* The whole file as a string; *size without the added NUL. NULL if there is none. */
static char *slurp(const char *path, size_t *size)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return NULL;
	for (;;) {
		text = realloc(text, len + 4097);
		if (!text)
			fail(path);
		*size = fread(text + len, 1, 4096, file);
		len += *size;
		if (!*size)
			break;
	}
	fclose(file);
	text[len] = '\0';
	*size = len;
	return text;
}

static int open_port(const char *name)
{
	char path[512], *found;
	struct dirent *entry;
	size_t size;
	int fd = -1;
	DIR *dir;

	dir = opendir("/sys/class/virtio-ports");
	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		found = slurp(path, &size);
		if (found && size && !strncmp(found, name, size - 1) && !name[size - 1]) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_WRONLY | O_CLOEXEC);
		}
		free(found);
	}
	closedir(dir);
	return fd;
}

static void load_modules(void)
{
	char *list, *path, *rest;
	size_t size;
	int fd;

	list = slurp("/vm/modules", &size);
	for (path = strtok_r(list, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			fail(path);
		close(fd);
	}
	free(list);
}

static pid_t run_command(void)
{
	static char *argv[ARGS_MAX + 1] = { "sh", "-l", NULL };
	char *text, *p;
	sigset_t none;
	size_t size;
	pid_t pid;
	int n = 0;

	text = slurp("/vm/argv", &size);
	for (p = text; p && p < text + size && n < ARGS_MAX; p += strlen(p) + 1)
		argv[n++] = p;
	if (n)
		argv[n] = NULL;

	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;

	ioperm(DEBUG_EXIT_PORT, 4, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (n) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(out_fd, STDOUT_FILENO);
		dup2(out_fd, STDERR_FILENO);
	} else {
		ioctl(STDIN_FILENO, TIOCSCTTY, 1);
	}
	if (chdir("/root"))
		_exit(126);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "vm: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Reads the kernel log to its end. Returns the number of failing lines so far. */
static unsigned int watch_log(int kmsg, const regex_t *pattern)
{
	static unsigned int reported;
	char line[8192], *text;
	ssize_t len;

	for (;;) {
		len = read(kmsg, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;	/* overwritten before it was read */
		if (len <= 0)
			return reported;
		line[len] = '\0';
		text = strchr(line, ';');
		if (!text)
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		if (!regexec(pattern, text + 1, 0, NULL, 0) && reported++ < LOG_MAX)
			verdict("log %s", text + 1);
	}
}

/* Returns true with the command's exit status once it has ended. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*status = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
		ended = true;
	}
	return ended;
}

/* Signals that reboot, poweroff and halt send to an init. */
static void obey(unsigned int sig)
{
	if (sig == SIGTERM)
		reboot(RB_AUTOBOOT);
	else if (sig == SIGUSR2)
		reboot(RB_POWER_OFF);
	else if (sig == SIGUSR1)
		reboot(RB_HALT_SYSTEM);
}

static int watch(pid_t command, int signals, const regex_t *pattern)
{
	struct signalfd_siginfo info;
	struct pollfd fds[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .events = POLLIN },
	};
	time_t deadline = 0;
	int status;

	fds[1].fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fds[1].fd < 0)
		fail("/dev/kmsg");
	for (;;) {
		if (poll(fds, 2, deadline ? 1000 : -1) < 0 && errno != EINTR)
			fail("poll");
		if (fds[1].revents && watch_log(fds[1].fd, pattern) && !deadline)
			deadline = time(NULL) + GRACE_S;
		if (deadline && time(NULL) > deadline) {
			status = 125;
			break;
		}
		if (!(fds[0].revents & POLLIN) || read(signals, &info, sizeof(info)) < 0)
			continue;
		obey(info.ssi_signo);
		if (reap(command, &status))
			break;
	}
	/* No process that the command left behind may write after the verdict. */
	kill(-1, SIGKILL);
	watch_log(fds[1].fd, pattern);
	return status;
}

int main(void)
{
	sigset_t signals;
	regex_t pattern;
	char *text;
	size_t size;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	/* Before COMMAND: it may lock the kernel down, which forbids port access. */
	if (ioperm(DEBUG_EXIT_PORT, 4, 1))
		perror("vm: ioperm");
	mounts();
	for (fd = 0; fd < 3; fd++)
		dup2(open("/dev/console", O_RDWR), fd);
	verdict_fd = open_port("vm.verdict");
	out_fd = open_port("vm.out");
	if (verdict_fd < 0 || out_fd < 0)
		fail("virtio ports");

	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	umask(022);
	sethostname("root", 4);
	/* A panic ends the machine at once instead of at the timeout. */
	set_sysctl("/proc/sys/kernel/panic", "-1");
	text = slurp("/vm/pattern", &size);
	if (!text || regcomp(&pattern, strtok(text, "\n"), REG_EXTENDED | REG_NOSUB))
		fail("/vm/pattern");
	load_modules();

	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		fail("signalfd");
	verdict("up");
	verdict("exit %d", watch(run_command(), fd, &pattern));
	end();
}
