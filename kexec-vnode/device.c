// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vnode: its ioctls, and a sentence for each errno that they return. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "kexec.h"
#include "cli.h"
#include "device.h"
#include "inspect/inspect.h"
#include "plan/plan.h"
#include "view/view.h"

#define DEVICE	"/dev/vnode"

/* The vnode in whose name this process looks; 0: it may see all. */
static unsigned int viewer;
/* The name of the vnode whose status was asked for last */
static char seen[VNODE_NAME_LEN];

void vnode_device_view_for(unsigned int id)
{
	viewer = id;
}

static bool is_hidden(void)
{
	return viewer && !vnode_view_allows(seen, viewer);
}

int vnode_device_open(struct vnode_info *info, struct vnode_err *err)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return vnode_err(err, ENODEV, DEVICE
				 ": the module is not loaded (try: modprobe vnode)");
	if (fd < 0)
		return vnode_err(err, errno, DEVICE ": %s", strerror(errno));
	if (ioctl(fd, VNODE_IOC_INFO, info)) {
		int ret = vnode_err(err, errno, DEVICE ": not the device of the module vnode");

		close(fd);
		return ret;
	}
	if (info->abi != VNODE_ABI_VERSION) {
		close(fd);
		return vnode_err(err, EPROTO,
				 "the module vnode speaks version %u, this kexec version %u: install both of one release",
				 info->abi, VNODE_ABI_VERSION);
	}
	return fd;
}

static int say_eperm(struct vnode_err *err)
{
	if (geteuid())
		return vnode_err(err, EPERM, "not permitted: be root (CAP_SYS_BOOT)");
	return vnode_err(err, EPERM,
			 "not permitted: the kernel is locked down, or CAP_SYS_BOOT is missing");
}

static int say_enomem(int fd, unsigned long long mib, struct vnode_err *err)
{
	struct vnode_info info = {};

	ioctl(fd, VNODE_IOC_INFO, &info);
	return vnode_err(err, ENOMEM,
			 "root has no %llu MiB in one piece to give (about %llu MiB in all could be freed)",
			 mib, (unsigned long long)info.mem_available >> 20);
}

/* Finds the existing vnode with the lowest id from @status->id on. */
static bool next_vnode(int fd, struct vnode_status *status, uint32_t *cpus)
{
	struct vnode_err ignored;

	return !vnode_device_status(fd, status->id, true, status, cpus, &ignored);
}

static int say_lent(int fd, uint32_t cpu, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status = { .id = 1 };
	unsigned int i;

	for (; next_vnode(fd, &status, cpus); status.id++)
		for (i = 0; i < status.nr_cpus; i++)
			if (cpus[i] == cpu)
				return vnode_err(err, EADDRINUSE,
						 "CPU %u is lent to vnode %u, %s: give another CPU, or return that vnode with kexec --vnode=%u -u",
						 cpu, status.id, status.name, status.id);
	/* a vnode that is just being granted or returned has no status */
	return vnode_err(err, EADDRINUSE, "CPU %u is lent to another vnode: see kexec --vnode-list",
			 cpu);
}

static int say_name(int fd, const char *name, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status = { .id = 1 };

	for (; next_vnode(fd, &status, cpus); status.id++)
		if (!strcmp(status.name, name))
			return vnode_err(err, EADDRINUSE,
					 "the name %s is in use by vnode %u: give another --name",
					 name, status.id);
	return vnode_err(err, EADDRINUSE, "the name %s is in use: give another --name", name);
}

static int say_no_cpu(uint32_t cpu, struct vnode_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	if (access(path, F_OK))
		return vnode_err(err, ENXIO,
				 "CPU %u: there is none: /sys/devices/system/cpu/online lists those of root",
				 cpu);
	return vnode_err(err, ENXIO, "CPU %u: it is offline: bring it up with echo 1 > %s", cpu,
			 path);
}

static int say_grant(int fd, int errnum, const struct vnode_config *config,
		     const struct vnode_grant *grant, const struct vnode_claim *claim,
		     struct vnode_err *err)
{
	unsigned long long mib = config->mem_size >> 20;

	switch (errnum) {
	case EPERM:
		return say_eperm(err);
	case EEXIST:
		return vnode_err(err, EADDRINUSE,
				 "vnode %u exists already: give another ID, or return it with kexec --vnode=%u -u",
				 config->id, config->id);
	case ENOTUNIQ:
		return say_name(fd, config->name, err);
	case EADDRINUSE:
		return vnode_net_claimed(&config->nets, claim, err);
	case ENXIO:
		return say_no_cpu(grant->bad_cpu, err);
	case EBUSY:
		return say_lent(fd, grant->bad_cpu, err);
	case EADDRNOTAVAIL:
		return vnode_err(err, EADDRNOTAVAIL, "CPU %u: root cannot give it up: %s",
				 grant->bad_cpu, grant->bad_cpu ? "see root's log" :
				 "CPU 0 always stays with root");
	case ENOMEM:
		if (config->mem_min || config->mem_max)
			return vnode_err(err, ENOMEM,
					 "root has no %llu MiB in one piece to give between %#llx and %#llx",
					 mib, (unsigned long long)config->mem_min,
					 (unsigned long long)config->mem_max ?: ~0ULL);
		return say_enomem(fd, mib, err);
	case ENOSPC:
		return vnode_err(err, ENOSPC,
				 "no memory below 640 KiB is left for another vnode, or there are as many as there can be: return one");
	case EINTR:
		return vnode_err(err, EINTR, "root could not free %llu MiB within %g s", mib,
				 config->timeout);
	}
	return vnode_err(err, errnum, "vnode %u: cannot be granted what it needs: %s",
			 config->id, strerror(errnum));
}

/*
 * Compacts root's memory: pages in use come together, and pages that wait in lists of CPUs
 * (folio_batch), where Linux cannot move them, leave these (compact_nodes() in
 * mm/compaction.c). False: it cannot help.
 */
static bool compact(int fd, uint64_t size)
{
	struct vnode_info info;
	int sysctl;
	bool done;

	if (ioctl(fd, VNODE_IOC_INFO, &info) || info.mem_available < size)
		return false;
	sysctl = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	if (sysctl < 0)
		return false;
	done = write(sysctl, "1", 1) == 1;
	close(sysctl);
	return done;
}

static int ask_for_grant(int fd, struct vnode_grant *grant)
{
	int ret = ioctl(fd, VNODE_IOC_GRANT, grant) ? -errno : 0;

	if (ret == -ENOMEM && compact(fd, grant->mem_size))
		ret = ioctl(fd, VNODE_IOC_GRANT, grant) ? -errno : 0;
	return ret;
}

int vnode_device_grant(int fd, const struct vnode_config *config, struct vnode_lent *lent,
		       struct vnode_err *err)
{
	struct vnode_claim claim[VNODE_CLAIMS_MAX];
	struct vnode_grant grant = {
		.id = config->id,
		.nr_cpus = config->cpus.nr,
		.cpus = (uintptr_t)config->cpus.cpu,
		.apicids = (uintptr_t)lent->apicid,
		.mem_size = config->mem_size,
		.mem_min = config->mem_min,
		.mem_max = config->mem_max,
		.claims = (uintptr_t)claim,
	};
	int ret;

	vnode_net_claim(&config->nets, claim);
	memcpy(grant.name, config->name, sizeof(grant.name));
	ret = ask_for_grant(fd, &grant);
	if (ret)
		return say_grant(fd, -ret, config, &grant, claim, err);
	lent->mem_base = grant.mem_base;
	lent->mem_size = grant.mem_size;
	lent->low_base = grant.low_base;
	lent->low_size = grant.low_size;
	lent->low_page = grant.low_page;
	return 0;
}

/* Errnos that every call on an existing vnode may return */
static int say(int errnum, unsigned int id, const char *what, struct vnode_err *err)
{
	switch (errnum) {
	case EPERM:
		return say_eperm(err);
	case ENOENT:
		return vnode_err(err, ESRCH, "no vnode %u: kexec --vnode-list shows those that exist",
				 id);
	}
	return vnode_err(err, errnum, "vnode %u: cannot be %s: %s", id, what, strerror(errnum));
}

/* Rounds up: 0 milliseconds can mean "no limit". */
static uint32_t milliseconds(double seconds)
{
	return ceil(seconds * 1000);
}

int vnode_device_load(int fd, const struct vnode_config *config, const struct vnode_plan *plan,
		      struct vnode_err *err)
{
	struct vnode_segment segment[VNODE_SEGMENTS_MAX];
	bool restarts = config->restart.on_failure || !config->no_reboot;
	struct vnode_load load = {
		.id = config->id,
		.flags = (config->verb == VNODE_VERB_LOAD ? VNODE_LOAD_KEEP : 0) |
			 (config->restart.on_failure ? VNODE_LOAD_RESTART : 0) |
			 (config->no_reboot ? 0 : VNODE_LOAD_REBOOT) |
			 (plan->fixed ? VNODE_LOAD_FIXED : 0),
		.nr_segments = plan->nr_segments,
		.entry_mode = plan->entry_mode,
		.segments = (uintptr_t)segment,
		.entry = plan->entry,
		.boot_params = plan->boot_params,
		.cr3 = plan->cr3,
		.control = plan->control,
		.restarts = config->restart.times,
		.boot_limit_ms = milliseconds(config->boot_limit),
		.seed = plan->seed,
		.dump_dir = *config->dump_dir ? (uintptr_t)config->dump_dir : 0,
	};
	int i;

	for (i = 0; i < plan->nr_segments; i++)
		segment[i] = (struct vnode_segment){
			.buf = (uintptr_t)plan->segment[i].buf,
			.bufsz = plan->segment[i].bufsz,
			.mem = (uintptr_t)plan->segment[i].mem,
			.memsz = plan->segment[i].memsz,
		};
	if (!ioctl(fd, VNODE_IOC_LOAD, &load))
		return 0;
	if (errno == ENOMEM && restarts)
		return vnode_err(err, ENOMEM,
				 "vnode %u: root has no memory for the copy of its image that a restart needs: --no-reboot and --restart=no do without",
				 config->id);
	return say(errno, config->id, "loaded", err);
}

int vnode_device_start(int fd, unsigned int id, struct vnode_err *err)
{
	struct vnode_id arg = { .id = id };

	if (!ioctl(fd, VNODE_IOC_START, &arg))
		return 0;
	if (errno == EBUSY)
		return vnode_err(err, EBUSY, "vnode %u: runs already, or ended: nothing is loaded that could be started",
				 id);
	if (errno == ETIMEDOUT)
		return vnode_err(err, ETIMEDOUT, "vnode %u: its boot CPU does not answer", id);
	if (errno == ESHUTDOWN)
		return vnode_err(err, ESHUTDOWN, "vnode %u: not started, root is going down", id);
	if (errno == EBADF)
		return vnode_err(err, EBADF,
				 "vnode %u: cannot be started, another process is loading it: wait for that",
				 id);
	return say(errno, id, "started", err);
}

int vnode_device_stop(int fd, unsigned int id, double timeout, bool force,
		      struct vnode_err *err)
{
	struct vnode_stop arg = {
		.id = id,
		.flags = force ? VNODE_STOP_FORCE : 0,
		.timeout_ms = milliseconds(timeout),
	};

	if (!ioctl(fd, VNODE_IOC_STOP, &arg))
		return 0;
	if (errno == EOPNOTSUPP)
		return vnode_err(err, EOPNOTSUPP, "vnode %u: cannot be asked to shut down", id);
	if (errno == ETIME)
		return vnode_err(err, ETIME, "vnode %u: has not shut down within %g s", id,
				 timeout);
	if (errno == ETIMEDOUT)
		return vnode_err(err, ETIMEDOUT,
				 "vnode %u: a CPU does not answer; its memory is kept", id);
	return say(errno, id, "stopped", err);
}

int vnode_device_return(int fd, unsigned int id, struct vnode_err *err)
{
	struct vnode_id arg = { .id = id };

	if (!ioctl(fd, VNODE_IOC_RETURN, &arg))
		return 0;
	if (errno == EBUSY)
		return vnode_err(err, EBUSY,
				 "vnode %u: cannot be returned, it has just been started: try -u again",
				 id);
	return say(errno, id, "returned", err);
}

/*
 * Strings of another kernel: end them within their fields, and let no control
 * character through to a terminal.
 */
static void plain_text(char *text, size_t size)
{
	text[size - 1] = 0;
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

static int status_of(int fd, unsigned int id, bool next, struct vnode_status *status,
		     uint32_t *cpus, struct vnode_err *err)
{
	*status = (struct vnode_status){
		.id = id,
		.flags = next ? VNODE_STATUS_NEXT : 0,
		.nr_cpus = VNODE_CPUS_MAX,
		.cpus = (uintptr_t)cpus,
	};
	if (ioctl(fd, VNODE_IOC_STATUS, status))
		return say(errno, id, "looked at", err);
	if (status->nr_cpus > VNODE_CPUS_MAX)
		status->nr_cpus = VNODE_CPUS_MAX;
	plain_text(status->name, sizeof(status->name));
	plain_text(status->release, sizeof(status->release));
	plain_text(status->text, sizeof(status->text));
	memcpy(seen, status->name, sizeof(seen));
	return 0;
}

int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *err)
{
	int ret = status_of(fd, id, next, status, cpus, err);

	while (!ret && is_hidden())
		ret = next ? status_of(fd, status->id + 1, next, status, cpus, err) :
			     say(ENOENT, id, "looked at", err);
	return ret;
}

int vnode_device_poll(int fd, double seconds, struct vnode_err *err)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLPRI };
	int n = poll(&pollfd, 1, milliseconds(seconds));

	if (n < 0 && errno != EINTR)
		return vnode_err(err, errno, DEVICE ": cannot wait: %s", strerror(errno));
	/* POLLERR or POLLHUP, which poll() reports unasked and would report again */
	if (n > 0 && !(pollfd.revents & POLLPRI))
		return vnode_err(err, EIO, DEVICE ": cannot wait: the device is gone");
	return 0;
}

int vnode_device_last(int fd, unsigned int id, char *text, size_t *size, struct vnode_err *err)
{
	struct vnode_last arg = { .id = id, .text = (uintptr_t)text, .size = *size };

	if (ioctl(fd, VNODE_IOC_LAST, &arg))
		return say(errno, id, "asked for its last words", err);
	if (arg.size < *size)
		*size = arg.size;
	return 0;
}

int vnode_device_find(int fd, const char *vnode, unsigned int *id, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status = { .id = 1 };

	if (vnode[0] >= '0' && vnode[0] <= '9') {
		if (vnode_parse_id(vnode, id, err))
			return -EINVAL;	/* -ERANGE too is a usage error */
		return vnode_device_status(fd, *id, false, &status, cpus, err);
	}
	for (; next_vnode(fd, &status, cpus); status.id++)
		if (!strcmp(status.name, vnode)) {
			*id = status.id;
			return 0;
		}
	return vnode_err(err, ESRCH, "no vnode %s: kexec --vnode-list shows those that exist",
			 vnode);
}

int vnode_device_freeze(int fd, unsigned int id, struct vnode_err *err)
{
	struct vnode_id arg = { .id = id };

	if (!ioctl(fd, VNODE_IOC_FREEZE, &arg))
		return 0;
	switch (errno) {
	case EBUSY:
		return vnode_err(err, EBUSY, "vnode %u: has been frozen by another process", id);
	case ENOTCONN:
		return vnode_err(err, ENOTCONN,
				 "vnode %u: cannot be frozen, its nanokernel is not attached", id);
	case EHOSTDOWN:
		return vnode_err(err, EHOSTDOWN, "vnode %u: cannot be frozen, all of it hangs", id);
	case ETIMEDOUT:
		return vnode_err(err, ETIMEDOUT,
				 "vnode %u: cannot be frozen, a CPU does not answer to an NMI", id);
	}
	return say(errno, id, "frozen", err);
}

int vnode_device_thaw(int fd, unsigned int id, struct vnode_err *err)
{
	struct vnode_id arg = { .id = id };

	if (!ioctl(fd, VNODE_IOC_THAW, &arg))
		return 0;
	if (errno == ETIME)
		return vnode_err(err, ETIME, "vnode %u: has gone on by itself, or has ended", id);
	return say(errno, id, "thawed", err);
}

int vnode_device_regs(int fd, unsigned int id, unsigned int cpu, struct vnode_regs *regs,
		      struct vnode_err *err)
{
	*regs = (struct vnode_regs){ .id = id, .cpu = cpu };
	return ioctl(fd, VNODE_IOC_REGS, regs) ? say(errno, id, "asked for its registers", err) : 0;
}

static int memory_read(void *context, uint64_t offset, void *buf, size_t len)
{
	int fd = (int)(intptr_t)context;
	size_t done = 0;

	if (is_hidden())
		return -ENXIO;
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, offset + done);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENXIO;
		done += n;
	}
	return 0;
}

int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *memory,
			struct vnode_err *err)
{
	struct vnode_id arg = { .id = id };
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	int ret, memory_fd;

	ret = vnode_device_status(fd, id, false, &status, cpus, err);
	if (ret)
		return ret;
	memory_fd = ioctl(fd, VNODE_IOC_MEMORY, &arg);
	if (memory_fd < 0)
		return say(errno, id, "looked into", err);
	memory->read = memory_read;
	memory->context = (void *)(intptr_t)memory_fd;
	memory->base = status.mem_base;
	memory->size = status.mem_size;
	return 0;
}
