// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of /boot/initrd-vnode.img, the initramfs for vnodes: mounts, loads the
 * nanokernel built for this kernel if there is one, reports "VNODE UP", runs the
 * command given as vnode.run="..." on the kernel command line, and stays.
 *
 * It has no console: all it has to say goes to the kernel log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define KMSG_INFO	"<6>"
#define LINE_SIZE	900	/* less than what one write to /dev/kmsg may have */

static int kmsg = -1;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[LINE_SIZE + 64];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (write(kmsg, line, len) < 0)
		return;		/* there is no one else to tell */
}

static void mount_all(void)
{
	static const char * const mounts[][2] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL);
	}
}

static void open_log(void)
{
	int fd;

	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	/* Else the kernel drops lines when many come at once. */
	fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "on\n", 3) < 0)
		say(KMSG_INFO "vnode: printk_devkmsg: %s\n", strerror(errno));
	close(fd);
}

static void load_nanokernel(const char *release)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/lib/modules/%s/adeos-lite.ko", release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;		/* this kernel is not a supported one */
	if (syscall(SYS_finit_module, fd, "", 0))
		say("<3>vnode: %s: %s\n", path, strerror(errno));
	close(fd);
}

static unsigned long mem_total_kb(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return 0;
	return (unsigned long long)info.totalram * info.mem_unit / 1024;
}

/* The value of vnode.run= on the kernel command line, quoted or not, or NULL. */
static char *find_run(char *cmdline)
{
	static const char key[] = "vnode.run=";
	char *p = cmdline, *end;

	/* The kernel keeps quotes where they were: vnode.run="a b" or "vnode.run=a b" */
	for (;;) {
		p = strstr(p, key);
		if (!p)
			return NULL;
		if (p == cmdline || p[-1] == ' ' || p[-1] == '"')
			break;
		p++;
	}
	if (p > cmdline && p[-1] == '"') {
		p += sizeof(key) - 1;
		end = strchr(p, '"');
	} else if (p[sizeof(key) - 1] == '"') {
		p += sizeof(key);
		end = strchr(p, '"');
	} else {
		p += sizeof(key) - 1;
		end = p + strcspn(p, "\n ");
	}
	if (end)
		*end = '\0';
	return p;
}

/* Runs @command; what it prints goes to the log line by line. */
static void run(const char *command)
{
	char line[LINE_SIZE];
	int fds[2], status;
	FILE *output;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		say("<3>vnode.run: %s\n", strerror(errno));
		return;
	}
	pid = fork();
	if (!pid) {
		setsid();
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	output = fdopen(fds[0], "r");
	while (output && fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = '\0';
		say(KMSG_INFO "vnode.run: %s\n", line);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = 127 << 8;
	say(KMSG_INFO "vnode.run: exit %d\n",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	if (output)
		fclose(output);
}

int main(void)
{
	char cmdline[4096] = "", *command;
	struct timespec uptime;
	struct utsname uts;
	FILE *file;

	mount_all();
	open_log();
	uname(&uts);
	load_nanokernel(uts.release);

	clock_gettime(CLOCK_BOOTTIME, &uptime);
	say(KMSG_INFO "VNODE UP release=%s cpus=%ld mem=%lukB tsc=%llu uptime=%lld.%03ld\n",
	    uts.release, sysconf(_SC_NPROCESSORS_ONLN), mem_total_kb(),
	    (unsigned long long)__rdtsc(), (long long)uptime.tv_sec, uptime.tv_nsec / 1000000);

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	file = fopen("/proc/cmdline", "re");
	if (file) {
		if (!fgets(cmdline, sizeof(cmdline), file))
			cmdline[0] = '\0';
		fclose(file);
	}
	command = find_run(cmdline);
	if (command)
		run(command);

	for (;;)
		if (wait(NULL) < 0)
			pause();
}
