// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of /boot/initrd-vnode.img, the initramfs for vnodes: mounts, loads modules,
 * reports "VNODE UP", runs its orders, and stays. It writes to the kernel log. Its orders
 * are words of the kernel command line:
 *
 *	vnode.adeos=FILE[,PARAM=VALUE...]	the nanokernel, FILE.ko of this kernel's
 *				modules (adeos-lite, if it is built); "none"
 *	vnode.modules=FILE,...	more modules, loaded after it
 *	FILE.PARAM=VALUE	a parameter of theirs, as modprobe takes it
 *	vnode.run="COMMAND"	for sh; its output goes to the log
 *	vnode.console=TTY	a shell on /dev/TTY once it exists, restarted when it ends
 *	root=/dev/nfs		the root file system is on a server: it is mounted, and its init
 *				takes over. The words are those of initramfs-tools:
 *	  nfsroot=SERVER:/PATH[,OPTION...]	numbers, and options of the kernel; NFS 4.2, unless
 *				one is vers=
 *	  ip=ADDRESS:::NETMASK:NAME:DEVICE	of this kernel; other fields are ignored
 *	  init=FILE		/sbin/init
 *				A vnode that does not get its root file system panics.
 *
 * While there is /dev/bridge, and no file /run/vsh.off, "vsh --serve" runs commands
 * for root. SIGUSR1, SIGUSR2 and SIGTERM halt, power off and reboot, as busybox's
 * commands of these names ask an init to.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
#define SPACE		"\n "
#define LINE_SIZE	900	/* less than the limit of a write to /dev/kmsg */

#define NEW_ROOT	"/new"
#define NFS_S		120	/* for the server to come up */

static int kmsg = -1;
static char cmdline[4096];

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
		return;		/* no other place to report it */
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
	/* Without this the kernel drops lines of a burst. */
	fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "on\n", 3) < 0)
		say(KMSG_INFO "vnode: printk_devkmsg: %s\n", strerror(errno));
	close(fd);
}

/* Appends the parameters of a module on the command line to @params. */
static void add_params(const char *file, char *params, size_t size)
{
	size_t len = strlen(file), used = strlen(params);

	for (const char *p = cmdline; *p; p += strcspn(p, SPACE), p += strspn(p, SPACE))
		if (!strncmp(p, file, len) && p[len] == '.' && used < size)
			used += snprintf(params + used, size - used, " %.*s",
					 (int)(strcspn(p, SPACE) - len - 1), p + len + 1);
}

/* @file: a name without ".ko", then parameters, separated by commas. */
static void load_module(const char *release, char *file)
{
	char path[256], params[1024] = "";
	size_t len = strcspn(file, ",");
	int fd;

	if (file[len])
		snprintf(params, sizeof(params), "%s", file + len + 1);
	file[len] = '\0';
	for (char *p = params; *p; p++)
		if (*p == ',')
			*p = ' ';
	add_params(file, params, sizeof(params));
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", release, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		say("<3>vnode: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void load_nanokernel(const char *release, char *file)
{
	char path[256], standard[] = "adeos-lite";

	if (file && !strcmp(file, "none"))
		return;
	snprintf(path, sizeof(path), "/lib/modules/%s/adeos-lite.ko", release);
	if (!file && access(path, F_OK))
		return;		/* this kernel is not a supported one */
	load_module(release, file ? file : standard);
}

static void load_modules(const char *release, char *list)
{
	char *file, *rest;

	if (!list)
		return;
	for (file = strtok_r(list, ",", &rest); file; file = strtok_r(NULL, ",", &rest))
		load_module(release, file);
}

static unsigned long mem_total_kb(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return 0;
	return (unsigned long long)info.totalram * info.mem_unit / 1024;
}

/* The value of @key ("KEY=") in a copy of the command line, quoted or not, or NULL. */
static char *find_value(const char *key)
{
	char *copy = strdup(cmdline), *p, *end;
	size_t len = strlen(key);

	if (!copy)
		return NULL;
	/* The kernel keeps quotes in place: KEY="a b" or "KEY=a b" */
	for (p = strstr(copy, key); p; p = strstr(p + 1, key))
		if (p == copy || p[-1] == ' ' || p[-1] == '"')
			break;
	if (!p)
		return NULL;
	if (p > copy && p[-1] == '"') {
		p += len;
		end = strchr(p, '"');
	} else if (p[len] == '"') {
		p += len + 1;
		end = strchr(p, '"');
	} else {
		p += len;
		end = p + strcspn(p, "\n ");
	}
	if (end)
		*end = '\0';
	return p;
}

static sigset_t signals;	/* those that init waits for; children must not block them */

static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		sigprocmask(SIG_UNBLOCK, &signals, NULL);
		setsid();
	}
	return pid;
}

/* Runs @command; its output goes to the log line by line. */
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

/* In a process of its own: init waits for signals. */
static void start_run(const char *command)
{
	if (fork_child())
		return;
	run(command);
	_exit(0);
}

static pid_t start_vsh(void)
{
	pid_t pid;

	if (access("/dev/bridge", F_OK) || !access("/run/vsh.off", F_OK))
		return -1;
	pid = fork_child();
	if (pid)
		return pid;
	execl("/bin/vsh", "vsh", "--serve", (char *)NULL);
	say("<3>vnode: vsh: %s\n", strerror(errno));
	_exit(127);
}

/* As a login without a password: with a session and job control. */
static pid_t start_console(const char *tty)
{
	char path[64];
	pid_t pid;
	int i, fd;

	snprintf(path, sizeof(path), "/dev/%s", tty);
	if (access(path, F_OK))
		return -1;
	pid = fork_child();
	if (pid)
		return pid;
	fd = open(path, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		say("<3>vnode.console: %s: %s\n", path, strerror(errno));
	for (i = 0; i < 3; i++)
		dup2(fd, i);
	setenv("TERM", "linux", 1);
	execl("/bin/sh", "-sh", "-i", (char *)NULL);
	_exit(127);
}

/* Signals that halt, poweroff and reboot send to an init. */
static void obey(int sig)
{
	static const struct {
		int sig, how;
	} orders[] = {
		{ SIGUSR1, RB_HALT_SYSTEM },
		{ SIGUSR2, RB_POWER_OFF },
		{ SIGTERM, RB_AUTOBOOT },
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (sig != orders[i].sig)
			continue;
		sync();
		reboot(orders[i].how);
	}
}

static void __attribute__((noreturn)) serve(const char *tty)
{
	const struct timespec tick = { .tv_nsec = 200000000 };
	pid_t vsh = -1, console = -1, pid;

	for (;;) {
		obey(sigtimedwait(&signals, NULL, &tick));
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			if (pid == vsh)
				vsh = -1;
			else if (pid == console)
				console = -1;
		if (vsh < 0)
			vsh = start_vsh();
		if (tty && console < 0)
			console = start_console(tty);
	}
}

static void watch_signals(void)
{
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void read_cmdline(void)
{
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file || !fgets(cmdline, sizeof(cmdline), file))
		cmdline[0] = '\0';
	if (file)
		fclose(file);
}

/* ---- a root file system over NFS ---- */

static void __attribute__((noreturn)) no_root(const char *what)
{
	say("<2>vnode: root over NFS: %s: %s\n", what, strerror(errno));
	exit(1);		/* the kernel panics */
}

static void set_address(int fd, const char *device, unsigned long request, const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct ifreq ifr = { 0 };

	errno = EINVAL;
	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		no_root(text);
	memcpy(&ifr.ifr_addr, &address, sizeof(address));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, request, &ifr))
		no_root(device);
}

static void set_up(int fd, const char *device)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		no_root(device);
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		no_root(device);
}

/* The server tells clients apart by name, too. */
static void configure_net(char *ip)
{
	enum { ADDRESS, NETMASK = 3, NAME, DEVICE, PARTS };
	char *part[PARTS] = { 0 };
	int fd;

	for (int i = 0; i < PARTS && ip; i++)
		part[i] = strsep(&ip, ":");
	errno = EINVAL;
	if (!part[DEVICE] || !*part[NAME])
		no_root("ip=");
	if (sethostname(part[NAME], strlen(part[NAME])))
		no_root(part[NAME]);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		no_root("socket");
	set_up(fd, "lo");
	set_address(fd, part[DEVICE], SIOCSIFADDR, part[ADDRESS]);
	set_address(fd, part[DEVICE], SIOCSIFNETMASK, part[NETMASK]);
	set_up(fd, part[DEVICE]);
	close(fd);
}

/* The kernel requests the modules of NFS itself. */
static void mount_nfs(const char *source, const char *dir)
{
	const struct timespec tick = { .tv_nsec = 200000000 };
	const char *options = strchr(source, ','), *colon = strchr(source, ':');
	char what[256], data[512];
	struct timespec now;
	time_t end;

	errno = EINVAL;
	if (!colon || (options && options < colon))
		no_root("nfsroot=");
	snprintf(what, sizeof(what), "%.*s", (int)strcspn(source, ","), source);
	snprintf(data, sizeof(data), "addr=%.*s%s%s", (int)(colon - source), source,
		 options && strstr(options, ",vers=") ? "" : ",vers=4.2", options ? options : "");
	clock_gettime(CLOCK_BOOTTIME, &now);
	end = now.tv_sec + NFS_S;
	while (mount(what, dir, "nfs", 0, data)) {
		int error = errno;

		clock_gettime(CLOCK_BOOTTIME, &now);
		errno = error;
		if (now.tv_sec >= end || errno == EINVAL || errno == ENODEV)
			no_root(what);
		nanosleep(&tick, NULL);
	}
}

static void __attribute__((noreturn)) enter_root(void)
{
	static const char * const moved[] = { "/proc", "/sys", "/dev" };
	const char *source = find_value("nfsroot="), *init = find_value("init=");
	char *ip = find_value("ip="), path[64];

	errno = EINVAL;
	if (!source || !ip)
		no_root("root=/dev/nfs needs nfsroot= and ip=");
	configure_net(ip);
	mkdir(NEW_ROOT, 0755);
	mount_nfs(source, NEW_ROOT);
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		snprintf(path, sizeof(path), NEW_ROOT "%s", moved[i]);
		if (mount(moved[i], path, NULL, MS_MOVE, NULL))
			no_root(path);
	}
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	/* frees the memory of the initramfs, too */
	if (!init)
		init = "/sbin/init";
	execl("/sbin/switch_root", "switch_root", NEW_ROOT, init, (char *)NULL);
	no_root("switch_root");
}

int main(void)
{
	char *command, *root;
	struct timespec uptime;
	struct utsname uts;

	watch_signals();
	mount_all();
	open_log();
	uname(&uts);
	read_cmdline();
	load_nanokernel(uts.release, find_value("vnode.adeos="));
	load_modules(uts.release, find_value("vnode.modules="));

	clock_gettime(CLOCK_BOOTTIME, &uptime);
	say(KMSG_INFO "VNODE UP release=%s cpus=%ld mem=%lukB tsc=%llu uptime=%lld.%03ld\n",
	    uts.release, sysconf(_SC_NPROCESSORS_ONLN), mem_total_kb(),
	    (unsigned long long)__rdtsc(), (long long)uptime.tv_sec, uptime.tv_nsec / 1000000);

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	root = find_value("root=");
	if (root && !strcmp(root, "/dev/nfs"))
		enter_root();
	command = find_value("vnode.run=");
	if (command)
		start_run(command);
	serve(find_value("vnode.console="));
}
