// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end: a process that has the devices of one vnode, from before its start until
 * it is returned. It passes kicks and calls on between the vnode's doorbells and back
 * ends, and carries out what drivers ask for.
 */
#define _GNU_SOURCE		/* close_range() */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/vnode.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "front-end.h"

/* Seconds that each device may take to be ready, the end of an earlier front end included */
#define READY_S		(VNODE_BACK_END_START_S + 30)

/* What the front end tells kexec, once */
struct report {
	int ret;
	struct vnode_err err;
};

struct front_end {
	const struct vnode_config *config;
	struct vnode_served served[VNODE_VIRTIO_MAX];
	unsigned int nr;		/* of them, opened */
	struct vnode_virtio_device vsock;
	int vnode;			/* /dev/vnode */
	int signals;
	uint32_t state;			/* of the vnode; at most BOOTING: it has run */
	uint64_t start_ns;		/* of the vnode's life that was seen last; 0: none */
	bool ending;
};

/* ---- the vnode ---- */

/* The vnode is gone if there is none of its id, or another one has been granted since. */
static bool is_gone(struct front_end *fe, int ret, uint32_t state)
{
	if (ret)
		return ret == -ESRCH;
	if (state > VNODE_BOOTING)
		state = VNODE_BOOTING;
	if (state < fe->state)
		return true;
	fe->state = state;
	return false;
}

/* A restart is quick: the end before it may not be seen as a state. */
static bool has_restarted(struct front_end *fe, uint64_t start_ns)
{
	bool restarted = fe->start_ns && fe->start_ns != start_ns;

	fe->start_ns = start_ns;
	return restarted;
}

/* True: the state of a device has changed. */
static bool look_at_vnode(struct front_end *fe)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	struct vnode_err err;
	unsigned int i;
	bool lives;
	int ret;

	ret = vnode_device_status(fe->vnode, fe->config->id, false, &status, cpus, &err);
	if (is_gone(fe, ret, status.state)) {
		fe->ending = true;
		return false;
	}
	if (ret || status.state <= VNODE_LOADED)
		return false;
	lives = vnode_state_lives(status.state);
	if (!has_restarted(fe, status.start_ns) && lives)
		return false;
	/* it has ended: nothing writes to its images from now on, but for its next life */
	for (i = 0; i < fe->nr; i++)
		vnode_served_vnode_ended(&fe->served[i], lives);
	return true;
}

/* ---- the loop ---- */

enum { BELL, CALL, SOCKET, WORDS, FDS_OF_A_DEVICE };

#define NR_FDS	(VNODE_VIRTIO_MAX * FDS_OF_A_DEVICE + 2)

static unsigned int fill_fds(const struct front_end *fe, struct pollfd *fds)
{
	unsigned int i, n = 0;

	/* poll() passes over negative descriptors */
	for (i = 0; i < fe->nr; i++) {
		const struct vnode_served *served = &fe->served[i];
		bool hangs_up = served->vhost.type->hangs_up;

		fds[n++] = (struct pollfd){ .fd = served->bridge.bell, .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = served->call, .events = POLLIN };
		/* a back end that speaks unasked has hung up */
		fds[n++] = (struct pollfd){ .fd = hangs_up ? served->vhost.fd : -1,
					    .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = served->back_end.words, .events = POLLIN };
	}
	fds[n++] = (struct pollfd){ .fd = fe->vnode, .events = POLLPRI };
	fds[n++] = (struct pollfd){ .fd = fe->signals, .events = POLLIN };
	return n;
}

/* True: the state of the device has changed. */
static bool serve(struct vnode_served *served, const struct pollfd *fds)
{
	bool changed = false;

	if (fds[CALL].revents)
		vnode_served_called(served);
	if (fds[BELL].revents)
		changed = vnode_served_rung(served);
	if (fds[WORDS].revents && fds[WORDS].fd == served->back_end.words)
		vnode_back_end_listen(&served->back_end);
	if (fds[SOCKET].revents && fds[SOCKET].fd == served->vhost.fd && !changed) {
		vnode_served_lost(served);
		changed = true;
	}
	return changed;
}

static void loop(struct front_end *fe)
{
	struct pollfd fds[NR_FDS];
	unsigned int i, n;
	bool changed;

	while (!fe->ending) {
		n = fill_fds(fe, fds);
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			break;
		changed = false;
		for (i = 0; i < fe->nr; i++)
			changed |= serve(&fe->served[i], fds + i * FDS_OF_A_DEVICE);
		if (fds[n - 2].revents)
			changed |= look_at_vnode(fe);
		if (fds[n - 1].revents)
			fe->ending = true;
		if (changed && !fe->ending)
			vnode_run_write(fe->config->id, fe->served, fe->nr);
	}
}

/* ---- begin and end ---- */

/* Nothing of kexec's but the way to report: its /dev/vnode would keep a vnode that it lost. */
static int detach(int *report)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || setsid() < 0 || chdir("/"))
		return -errno;
	umask(022);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (*report != STDERR_FILENO + 1) {
		if (dup2(*report, STDERR_FILENO + 1) < 0)
			return -errno;
		*report = STDERR_FILENO + 1;
	}
	close_range(*report + 1, ~0U, 0);
	fcntl(*report, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int catch_signals(struct vnode_err *err)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? vnode_err(err, errno, "signalfd: %s", strerror(errno)) : fd;
}

static int open_device(struct front_end *fe, const struct vnode_virtio_device *device,
		       struct vnode_err *err)
{
	struct vnode_served *served = &fe->served[fe->nr];

	/* also a half-opened one is closed */
	return vnode_served_open(served, device, fe->config->id, fe->nr++, err);
}

/* Sockets between the vnode and root, if root has them. The vnode can do without. */
static void open_vsock(struct front_end *fe)
{
	struct vnode_virtio_device *device = &fe->vsock;
	struct vnode_err err;

	device->kind = VNODE_VIRTIO_VSOCK;
	device->cid = VNODE_CID_BASE + fe->config->id;
	strcpy(device->name, "vsock");
	snprintf(device->path, sizeof(device->path), "%llu", (unsigned long long)device->cid);
	if (!open_device(fe, device, &err))
		return;
	vnode_front_end_log("no sockets to root: %s", err.text);
	vnode_served_close(&fe->served[--fe->nr]);
}

static int open_all(struct front_end *fe, struct vnode_err *err)
{
	const struct vnode_virtio *virtio = &fe->config->virtio;
	struct vnode_info info;
	unsigned int i;
	int ret;

	fe->signals = catch_signals(err);
	if (fe->signals < 0)
		return fe->signals;
	fe->vnode = vnode_device_open(&info, err);
	if (fe->vnode < 0)
		return fe->vnode;
	ret = vnode_run_begin(fe->config->id, err);
	for (i = 0; !ret && i < virtio->nr; i++)
		ret = open_device(fe, &virtio->device[i], err);
	if (!ret && fe->nr < VNODE_VIRTIO_MAX && vnode_vsock_exists())
		open_vsock(fe);
	if (!ret && vnode_run_write(fe->config->id, fe->served, fe->nr))
		ret = vnode_err(err, EIO, VNODE_RUN_DIR "/%u cannot be written", fe->config->id);
	return ret;
}

static void close_all(struct front_end *fe)
{
	unsigned int i;

	for (i = 0; i < fe->nr; i++)
		vnode_served_close(&fe->served[i]);
	vnode_run_end(fe->config->id);
}

static void __attribute__((noreturn)) front_end_run(const struct vnode_config *config, int pipe)
{
	static struct front_end fe;
	static struct report report;

	fe.config = config;
	report.ret = detach(&pipe);
	if (report.ret)
		_exit(1);
	prctl(PR_SET_NAME, "vnode-devices");
	vnode_front_end_log_open(config->name);
	report.ret = open_all(&fe, &report.err);
	/* a kexec that does not listen has been killed, and its vnode is given back */
	if (write(pipe, &report, sizeof(report)) != sizeof(report))
		fe.ending = true;
	close(pipe);
	if (!report.ret) {
		look_at_vnode(&fe);
		loop(&fe);
	}
	close_all(&fe);
	_exit(0);
}

/* Its report; -EPIPE: it has died. @seconds: it may take so long */
static int read_report(int fd, unsigned int seconds, struct vnode_err *err)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct report report;
	ssize_t n;

	do
		n = poll(&pollfd, 1, seconds * 1000);
	while (n < 0 && errno == EINTR);
	if (!n)
		return vnode_err(err, ETIMEDOUT, "the devices are not ready within %u s", seconds);
	n = read(fd, &report, sizeof(report));
	if (n != sizeof(report))
		return vnode_err(err, EPIPE, "the process that serves the devices has died");
	*err = report.err;
	return report.ret;
}

int vnode_virtio_start(const struct vnode_config *config, void (*release)(void *context),
		       void *context, struct vnode_err *err)
{
	int pipe_fd[2], ret;
	pid_t pid;

	if (!config->virtio.nr)
		return 0;
	if (pipe2(pipe_fd, O_CLOEXEC))
		return vnode_err(err, errno, "pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(pipe_fd[0]);
		release(context);
		malloc_trim(0);
		front_end_run(config, pipe_fd[1]);
	}
	close(pipe_fd[1]);
	ret = pid < 0 ? vnode_err(err, errno, "fork: %s", strerror(errno)) :
			read_report(pipe_fd[0], READY_S * config->virtio.nr, err);
	close(pipe_fd[0]);
	return ret;
}
