// SPDX-License-Identifier: GPL-2.0-only
/*
 * vsh: runs commands in another vnode, over bridges alone.
 *
 *	vsh --serve			in a vnode: serves commands
 *	vsh [-t SECONDS] ID COMMAND...	runs COMMAND in vnode ID by /bin/sh
 *
 * COMMAND has no input; its output goes to stdout. Exit status: COMMAND's (128 +
 * signal); 124 after SECONDS (60); 125 if the vnode does not answer or dies, or on
 * wrong usage. When vsh ends, the server kills COMMAND.
 *
 * The server in vnode 3 has a bridge "vsh.3". A client makes one of its own, the
 * first of "vsh.3.0", "vsh.3.1"... that is free, writes its command there, and rings
 * the server's. Each side learns from the bridge's state that the other is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/bridge.h>

#define EXIT_TIMEOUT	124
#define EXIT_NO_VNODE	125
#define SERVE_S		60	/* for attaching, and for a former server to go */
#define SESSIONS	16
#define RING_SIZE	65536
#define MAGIC		0x31687376	/* "vsh1" */

/* A client's bridge. Each of the first two parts has one writer. */
struct session {
	union {
		struct {		/* the client's */
			uint32_t magic;	/* written last */
			uint32_t reserved;
			uint64_t taken;
			char command[32752];
		};
		char client_part[32768];
	};
	union {
		struct {		/* the server's */
			uint64_t put;
			uint32_t done;	/* written last */
			uint32_t status;
		};
		char server_part[4096];
	};
	char ring[RING_SIZE];
};

_Static_assert(sizeof(struct session) % 4096 == 0, "a bridge is pages");

static void __attribute__((format(printf, 2, 3), noreturn)) die(int status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "vsh: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ---- bridges ---- */

static void session_name(char name[BRIDGE_NAME_LEN], unsigned int id, int session)
{
	snprintf(name, BRIDGE_NAME_LEN, session < 0 ? "vsh.%u" : "vsh.%u.%d", id, session);
}

/* Return: a descriptor, or negative errno. */
static int bridge_call(unsigned long request, void *arg)
{
	int fd = open("/dev/bridge", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, request, arg))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A bridge that only vnode @peer may open. */
static int bridge_create(unsigned int id, int session, size_t size, unsigned int peer)
{
	struct bridge_create create = {
		.size = size,
		.flags = BRIDGE_GLOBAL | (session < 0 ? 0 : BRIDGE_ACCESS),
		.mode = 0600,
	};

	if (session >= 0)
		create.access[peer / 64] = 1ULL << peer % 64;
	session_name(create.name, id, session);
	return bridge_call(BRIDGE_IOC_CREATE, &create);
}

static int bridge_open(unsigned int id, int session)
{
	struct bridge_open open = { 0 };

	session_name(open.name, id, session);
	return bridge_call(BRIDGE_IOC_OPEN, &open);
}

/* Discard earlier rings. */
static void bridge_heard(int fd)
{
	uint64_t rings;

	if (read(fd, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
		die(EXIT_NO_VNODE, "read: %s", strerror(errno));
}

static struct session *session_map(int fd)
{
	struct session *session = mmap(NULL, sizeof(*session), PROT_READ | PROT_WRITE,
				       MAP_SHARED, fd, 0);

	return session == MAP_FAILED ? NULL : session;
}

/* ---- a command that runs for a client ---- */

/* A command has a process of the server for itself. */
struct job {
	int fd;			/* the client's bridge */
	struct session *session;
	pid_t pid;		/* the shell */
	int pidfd;		/* -1 when it has ended */
	int out;		/* what it prints; -1 at its end */
	uint64_t put;		/* bytes put into the ring */
	uint32_t status;	/* exit status */
};

static void job_start(struct job *job)
{
	char *command = strndup(job->session->command, sizeof(job->session->command) - 1);
	int fds[2];

	if (!command || pipe2(fds, O_CLOEXEC))
		exit(1);
	job->pid = fork();
	if (job->pid < 0)
		exit(1);
	if (!job->pid) {
		setsid();
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	free(command);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	job->out = fds[0];
	job->pidfd = syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0)
		exit(1);
}

/* Do not overwrite output that the client has not taken. */
static size_t job_room(const struct job *job)
{
	uint64_t taken = __atomic_load_n(&job->session->taken, __ATOMIC_ACQUIRE);
	uint64_t held = job->put - taken;
	size_t end = RING_SIZE - job->put % RING_SIZE;

	if (held > RING_SIZE)
		return 0;
	return RING_SIZE - held < end ? RING_SIZE - held : end;
}

/* Return: false if there was nothing to read. */
static bool job_output(struct job *job, size_t room)
{
	ssize_t len = read(job->out, job->session->ring + job->put % RING_SIZE, room);

	if (len > 0) {
		job->put += len;
		__atomic_store_n(&job->session->put, job->put, __ATOMIC_RELEASE);
		ioctl(job->fd, BRIDGE_IOC_RING);
		return true;
	}
	if (!len) {
		close(job->out);
		job->out = -1;
	}
	return false;
}

static void job_ended(struct job *job)
{
	int status;

	if (waitpid(job->pid, &status, 0) != job->pid)
		status = 127 << 8;
	job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	close(job->pidfd);
	job->pidfd = -1;
}

static void job_wait(struct job *job, bool room)
{
	struct pollfd fds[] = {
		{ .fd = job->fd, .events = POLLIN },
		{ .fd = job->pidfd, .events = POLLIN },
		{ .fd = room ? job->out : -1, .events = POLLIN },
	};

	poll(fds, 3, -1);
	if (fds[0].revents & POLLHUP) {
		/* the client is gone */
		if (job->pidfd >= 0)
			kill(-job->pid, SIGKILL);
		exit(0);
	}
	if (fds[0].revents & POLLIN)
		bridge_heard(job->fd);
	if (fds[1].revents)
		job_ended(job);
}

/*
 * The job is done when the shell has ended and its output is read; later output of
 * background children is lost.
 */
static void job_run(int fd)
{
	struct job job = { .fd = fd, .session = session_map(fd) };
	size_t room;

	if (!job.session)
		exit(1);
	job_start(&job);
	for (;;) {
		room = job_room(&job);
		if (job.out >= 0 && room && job_output(&job, room))
			continue;
		if (job.pidfd < 0 && (job.out < 0 || room))
			break;
		job_wait(&job, room);
	}
	__atomic_store_n(&job.session->status, job.status, __ATOMIC_RELAXED);
	__atomic_store_n(&job.session->done, 1, __ATOMIC_RELEASE);
	ioctl(fd, BRIDGE_IOC_RING);
	exit(0);
}

/* ---- the server ---- */

static unsigned int own_id(void)
{
	unsigned int id;
	FILE *file = fopen("/sys/kernel/adeos/id", "re");

	if (!file || fscanf(file, "%u", &id) != 1)
		die(1, "/sys/kernel/adeos/id: no vnode's id there");
	fclose(file);
	return id;
}

/* Is there a command that has not been run? */
static bool session_is_new(int fd, uint32_t *last)
{
	struct session *session = session_map(fd);
	struct bridge_status status;
	bool ready;

	if (!session)
		return false;
	ready = __atomic_load_n(&session->magic, __ATOMIC_ACQUIRE) == MAGIC;
	munmap(session, sizeof(*session));
	if (!ready || ioctl(fd, BRIDGE_IOC_STATUS, &status) || status.serial == *last)
		return false;
	*last = status.serial;
	return true;
}

static void serve_session(int server, unsigned int id, int number, uint32_t *last)
{
	int fd = bridge_open(id, number);

	if (fd < 0)
		return;
	if (session_is_new(fd, last) && !fork()) {
		/* this process must not keep the server's bridge alive */
		close(server);
		signal(SIGCHLD, SIG_DFL);
		job_run(fd);
	}
	close(fd);
}

static int serve_create(unsigned int id)
{
	int64_t end = now_ms() + SERVE_S * 1000;
	int fd;

	/* not attached yet, or a server that died a moment ago */
	while ((fd = bridge_create(id, -1, 4096, 0)) < 0 && now_ms() < end)
		poll(NULL, 0, 100);
	if (fd < 0)
		die(1, "vsh.%u: %s", id, strerror(-fd));
	return fd;
}

static void serve(void)
{
	uint32_t last[SESSIONS] = { 0 };
	unsigned int id = own_id();
	struct pollfd wait = { .fd = serve_create(id), .events = POLLIN };

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (poll(&wait, 1, -1) < 0)
			continue;
		if (wait.revents & POLLHUP)
			die(1, "vsh.%u: revoked", id);
		bridge_heard(wait.fd);
		for (int number = 0; number < SESSIONS; number++)
			serve_session(wait.fd, id, number, &last[number]);
	}
}

/* ---- the client ---- */

struct client {
	unsigned int id;	/* the vnode where it runs */
	int server;		/* bridge of the server there */
	int fd;			/* our own bridge */
	struct session *session;
	int64_t end;		/* when to give up, of now_ms() */
	uint64_t taken;		/* bytes taken from the ring */
};

static void client_find_server(struct client *client)
{
	while ((client->server = bridge_open(client->id, -1)) < 0) {
		if (client->server != -ENOENT && client->server != -ENOTCONN)
			die(EXIT_NO_VNODE, "vnode %u: %s", client->id, strerror(-client->server));
		if (now_ms() > client->end)
			die(EXIT_NO_VNODE, "vnode %u: nobody serves there", client->id);
		poll(NULL, 0, 50);
	}
}

static void client_create(struct client *client)
{
	int number = 0;

	for (;;) {
		client->fd = bridge_create(client->id, number, sizeof(struct session), client->id);
		if (client->fd >= 0)
			break;
		if (client->fd != -EEXIST)
			die(EXIT_NO_VNODE, "cannot create a bridge: %s", strerror(-client->fd));
		if (now_ms() > client->end)
			die(EXIT_TIMEOUT, "vnode %u has %d commands to run already", client->id,
			    SESSIONS);
		number = (number + 1) % SESSIONS;
		if (!number)
			poll(NULL, 0, 50);
	}
	client->session = session_map(client->fd);
	if (!client->session)
		die(EXIT_NO_VNODE, "mmap: %s", strerror(errno));
}

static void client_ask(struct client *client, char *argv[])
{
	char *command = client->session->command;
	size_t len = 0, room = sizeof(client->session->command);

	for (; *argv; argv++) {
		len += snprintf(command + len, room - len, "%s%s", len ? " " : "", *argv);
		if (len >= room)
			die(EXIT_NO_VNODE, "COMMAND is too long");
	}
	__atomic_store_n(&client->session->magic, MAGIC, __ATOMIC_RELEASE);
	if (ioctl(client->server, BRIDGE_IOC_RING))
		die(EXIT_NO_VNODE, "vnode %u has died", client->id);
}

/* To stdout with what is there. */
static void client_take(struct client *client)
{
	uint64_t put = __atomic_load_n(&client->session->put, __ATOMIC_ACQUIRE);
	ssize_t len;

	if (put - client->taken > RING_SIZE)
		die(EXIT_NO_VNODE, "vnode %u makes no sense", client->id);
	while (client->taken != put) {
		len = RING_SIZE - client->taken % RING_SIZE;
		if (put - client->taken < (uint64_t)len)
			len = put - client->taken;
		len = write(STDOUT_FILENO, client->session->ring + client->taken % RING_SIZE, len);
		if (len < 0)
			die(EXIT_NO_VNODE, "stdout: %s", strerror(errno));
		client->taken += len;
		__atomic_store_n(&client->session->taken, client->taken, __ATOMIC_RELEASE);
		ioctl(client->fd, BRIDGE_IOC_RING);
	}
}

static void client_wait(struct client *client)
{
	int64_t left = client->end - now_ms();
	struct pollfd fds[] = {
		{ .fd = client->fd, .events = POLLIN },
		{ .fd = client->server, .events = POLLIN },
	};

	if (left <= 0)
		die(EXIT_TIMEOUT, "vnode %u: the command has not ended in time", client->id);
	poll(fds, 2, left);
	if (fds[0].revents & POLLIN)
		bridge_heard(client->fd);
	/* other clients ring the same doorbell */
	if (fds[1].revents & POLLIN)
		bridge_heard(client->server);
	if (!((fds[0].revents | fds[1].revents) & POLLHUP))
		return;
	client_take(client);
	if (!__atomic_load_n(&client->session->done, __ATOMIC_ACQUIRE))
		die(EXIT_NO_VNODE, "vnode %u has died", client->id);
}

/* Return: the command's exit status. */
static int client_run(struct client *client, char *argv[])
{
	client_find_server(client);
	client_create(client);
	client_ask(client, argv);
	for (;;) {
		uint32_t done = __atomic_load_n(&client->session->done, __ATOMIC_ACQUIRE);

		client_take(client);
		if (done)
			return client->session->status & 0xff;
		client_wait(client);
	}
}

static long number_of(const char *text, long max)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *end || end == text || number < 0 || number > max)
		die(EXIT_NO_VNODE, "%s: not a number up to %ld", text, max);
	return number;
}

int main(int argc, char *argv[])
{
	struct client client = { 0 };
	int seconds = 60;

	if (argc == 2 && !strcmp(argv[1], "--serve"))
		serve();
	if (argc > 2 && !strcmp(argv[1], "-t")) {
		seconds = number_of(argv[2], 86400);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3)
		die(EXIT_NO_VNODE, "usage: vsh [-t SECONDS] ID COMMAND... | vsh --serve");
	client.id = number_of(argv[1], 255);
	client.end = now_ms() + seconds * 1000LL;
	return client_run(&client, argv + 2);
}
