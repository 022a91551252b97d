// SPDX-License-Identifier: GPL-2.0-only
/* The stages of a start: read, make the piece, grant, plan, load, start, wait. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "append.h"
#include "cli.h"
#include "clock.h"
#include "device.h"
#include "inspect/inspect.h"
#include "piece/piece.h"
#include "plan/plan.h"
#include "status.h"
#include "verbs.h"

/*
 * Linux sets no limit to the time it takes to migrate pages, but gives up once a signal is
 * pending: SIGALRM is the limit.
 */
static void on_alarm(int sig)
{
	(void)sig;
}

static void set_alarm(double seconds)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_value = { (time_t)seconds, (seconds - (time_t)seconds) * 1e6 },
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* The state of a start, from the files to the plan */
struct start {
	void *kernel;
	size_t kernel_size;
	char initrd_path[512];
	struct vnode_image image;
	struct vnode_piece piece;
	struct vnode_initrd initrd;
	struct vnode_lent lent;
	struct vnode_plan plan;
	uint64_t plan_cycles;		/* spent on reading, unpacking and placing */
};

static int read_kernel(struct start *s, const struct vnode_config *config, struct vnode_err *err)
{
	struct vnode_err why;
	int ret;

	ret = vnode_file_read(config->kernel, "kernel", &s->kernel, &s->kernel_size, err);
	if (ret)
		return ret;
	ret = vnode_image_open(&s->image, s->kernel, s->kernel_size, config->unpack, &why);
	return ret ? vnode_err(err, -ret, "kernel %s: %s", config->kernel, why.text) : 0;
}

/* The initrd that is given, or else the one of the image's release, if there is one. */
static int read_initrd(struct start *s, const struct vnode_config *config, struct vnode_err *err)
{
	const char *path = config->initrd ?: s->initrd_path;

	s->initrd.piece = &s->piece;
	if (config->initrd && !strcmp(config->initrd, "none"))
		return 0;
	if (!config->initrd) {
		if (!vnode_piece_find_initrd(config->kernel, s->image.release, s->initrd_path,
					     sizeof(s->initrd_path)))
			return 0;
		printf("%s: initrd %s\n", config->name, path);
	}
	return vnode_file_read(path, "initrd", &s->initrd.data, &s->initrd.size, err);
}

static void print_piece(const struct vnode_piece *piece, const struct vnode_config *config)
{
	printf("%s: modules %s, in %zu KiB before the initrd\n", config->name, piece->modules,
	       piece->size >> 10);
	if (*piece->missing)
		printf("%s: not there for this kernel: %s\n", config->name, piece->missing);
	if (piece->console && access("/sys/module/vconsole", F_OK))
		printf("%s: root shows no consoles yet: modprobe vconsole\n", config->name);
}

/* Without vvirtio a vnode has none of its disks and directories. */
static int check_devices(const struct start *s, const struct vnode_config *config, const char *why,
			 struct vnode_err *err)
{
	/* not 0, either, if what is in the initrd is not known */
	if (!config->virtio.nr ||
	    (s->initrd.size &&
	     vnode_piece_look(s->initrd.data, s->initrd.size, "vvirtio.ko")))
		return 0;
	return vnode_err(err, ENOENT, "--disk and --fs need vvirtio in the vnode: %s", why);
}

/*
 * A start without a piece: the initrd may have adeos-lite itself. A kernel without it will
 * not attach: it has no boot limit.
 */
static int start_without_piece(struct start *s, struct vnode_config *config, const char *why,
			       struct vnode_err *err)
{
	int has = 0, ret;

	ret = check_devices(s, config, why, err);
	if (ret)
		return ret;
	if (s->initrd.size)
		has = vnode_piece_look(s->initrd.data, s->initrd.size, "adeos-lite.ko");
	if (config->attach && has != 1)
		return vnode_err(err, ENOENT, "--attach: %s", why);
	if (has == 1)
		return 0;
	printf("%s: %s; %s\n", config->name, why,
	       has ? "the initrd has to load it" : "it will not attach, and has no boot limit");
	if (!has && config->boot_limit == VNODE_UNSET)
		config->boot_limit = 0;
	return 0;
}

static int make_piece(struct start *s, struct vnode_config *config, struct vnode_err *err)
{
	struct vnode_err why;
	int ret;

	if (config->append && vnode_append_has(config->append, "rdinit="))
		return start_without_piece(s, config, "rdinit= in --append leaves out adeos-lite",
					   err);
	ret = vnode_piece_make(&s->piece, config, s->image.release, !s->initrd.size, "",
			       &why);
	if (ret == -ENOPKG)
		return start_without_piece(s, config, why.text, err);
	if (ret)
		return vnode_err(err, ret, "%s", why.text);
	print_piece(&s->piece, config);
	if (strstr(s->piece.missing, "vvirtio"))
		return check_devices(s, config, "make install has not been run for its kernel",
				     err);
	return 0;
}

static void warn_of_overrides(const struct vnode_config *config)
{
	char text[256];

	if (config->append && vnode_cmdline_overridden(config->append, text, sizeof(text)))
		printf("%s: --append replaces what keeps the vnode apart: %s (see --dry-run)\n",
		       config->name, text);
}

/* A vnode without a boot limit may never attach. */
static void set_limits(struct vnode_config *config)
{
	if (config->boot_limit == VNODE_UNSET)
		config->boot_limit = VNODE_BOOT_LIMIT;
	if (config->wait == VNODE_UNSET)
		config->wait = config->boot_limit ?
			       config->boot_limit + VNODE_BOOT_LIMIT_GRACE : 0;
}

static int start_read(struct start *s, struct vnode_config *config, struct vnode_err *err)
{
	int ret;

	ret = read_kernel(s, config, err) ?: read_initrd(s, config, err) ?:
	      make_piece(s, config, err);
	set_limits(config);
	ret = ret ?: vnode_plan_check(config, &s->image, &s->initrd, err);
	if (!ret)
		warn_of_overrides(config);
	return ret;
}

/* For the front end, which outlives the start */
static void start_release(void *context)
{
	struct start *s = context;

	vnode_image_close(&s->image);
	free(s->kernel);
	free(s->initrd.data);
	vnode_piece_free(&s->piece);
}

/* Root uses the TSC as its clock only if those of all CPUs agree: so do a vnode's. */
static bool tsc_is_reliable(void)
{
	return vnode_file_says("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			       "tsc");
}

static int start_plan(struct start *s, const struct vnode_config *config,
		      const struct vnode_info *info, struct vnode_err *err)
{
	struct vnode_machine machine = {
		.bsp_apicid = info->bsp_apicid, .tsc_khz = info->tsc_khz,
		.tsc_reliable = tsc_is_reliable(),
	};

	return vnode_plan_make(&s->plan, config, &s->image, &s->initrd, &machine, &s->lent,
			       err);
}

/* Root's kernel checks it as well, but only after the grant. */
static int check_viewers(const struct vnode_config *config, struct vnode_err *err)
{
	unsigned int i;

	for (i = 0; i < config->viewers.nr; i++)
		if (config->viewers.id[i] == config->id)
			return vnode_err(err, EINVAL,
					 "--viewers: vnode %u cannot be a viewer of itself: leave it out",
					 config->id);
	return 0;
}

/* Before the vnode runs, so that a viewer sees all of its life. */
static int set_viewers(const struct vnode_config *config, struct vnode_err *err)
{
	char path[64], list[4 * VNODE_IDS_MAX + 1];
	int fd, ret = 0;

	if (!config->viewers.nr)
		return 0;
	vnode_format_cpus(config->viewers.id, config->viewers.nr, list, sizeof(list));
	snprintf(path, sizeof(path), "/sys/class/vnode/%s/viewers", config->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, list, strlen(list)) < 0)
		ret = vnode_err(err, errno, "--viewers=%.200s: %s: %s", list, path,
				strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Does not open /dev/vnode, so that it needs no privilege: the addresses are examples. */
static int dry_run(struct start *s, const struct vnode_config *config, struct vnode_err *err)
{
	struct vnode_info info = { .tsc_khz = 1000000 };
	unsigned int i;
	int ret;

	s->lent.mem_base = config->mem_min ? vnode_align_up(config->mem_min, VNODE_MEM_ALIGN) :
					     1ULL << 30;
	s->lent.mem_size = config->mem_size;
	s->lent.low_base = 0x10000;
	s->lent.low_size = 8 * 4096;
	s->lent.low_page = 0x2000;
	for (i = 0; i < config->cpus.nr; i++)
		s->lent.apicid[i] = config->cpus.cpu[i];
	ret = start_plan(s, config, &info, err);
	if (ret)
		return ret;
	printf("A plan with example addresses, APIC ids and TSC frequency; nothing is taken.\n");
	vnode_plan_print(&s->plan, config, &s->image, &s->lent, stdout);
	vnode_virtio_print(&config->virtio, stdout);
	return 0;
}

/* START takes the vnode from @fd: it stays after an error or a signal. */
static int start_wake(int fd, struct start *s, const struct vnode_config *config,
		      const struct vnode_info *info, struct vnode_err *err)
{
	int ret = vnode_device_start(fd, config->id, err);

	if (ret)
		return ret;
	printf("%s: started, %d-bit entry at %#llx\n", config->name, s->plan.entry_mode,
	       (unsigned long long)s->plan.entry);
	return vnode_wait(fd, config, info, config->name, err);
}

static int start_run(struct start *s, const struct vnode_config *config, struct vnode_err *err)
{
	bool keep = config->verb == VNODE_VERB_LOAD;
	struct vnode_info info;
	char text[256];
	int fd, ret;

	fd = vnode_device_open(&info, err);
	if (fd < 0)
		return fd;
	ret = vnode_dump_offer_helper(err);
	/* viewers that it gets later need it as well; their vnodes run without */
	if (ret && (*config->dump_dir || config->viewers.nr)) {
		close(fd);
		return ret;
	}
	s->plan_cycles = vnode_cycles() - s->plan_cycles;
	printf("%s: taking CPUs %s and %llu MiB\n", config->name,
	       vnode_format_cpus(config->cpus.cpu, config->cpus.nr, text, sizeof(text)),
	       (unsigned long long)config->mem_size >> 20);
	fflush(stdout);
	set_alarm(config->timeout);
	ret = vnode_device_grant(fd, config, &s->lent, err);
	set_alarm(0);
	ret = ret ?: set_viewers(config, err);
	/* before LOAD: a vnode that is kept, for -e, has its devices */
	ret = ret ?: vnode_virtio_start(config, start_release, s, err);
	s->plan_cycles -= vnode_cycles();
	ret = ret ?: start_plan(s, config, &info, err);
	s->plan_cycles += vnode_cycles();
	ret = ret ?: vnode_device_load(fd, config, &s->plan, err);
	if (!ret)
		printf("%s: loaded %s at %#llx%s%s, %llu KiB\n%s: KASLR: %s\n", config->name,
		       s->image.format, (unsigned long long)s->plan.kernel,
		       *s->image.release ? ", " : "", s->image.release,
		       (unsigned long long)s->plan.bytes >> 10, config->name, s->plan.kaslr);
	if (!ret && !keep)
		ret = start_wake(fd, s, config, &info, err);
	ret = ret ?: vnode_phases_print(fd, &info, config->id, config->name, s->plan_cycles,
					stdout, err);
	/* returns what was granted, unless the vnode was started or is to be kept */
	close(fd);
	return ret;
}

/* kexec_load(2) asks for it, and our module cannot: the kernel does not export it. */
static int check_load_disabled(struct vnode_err *err)
{
	if (!vnode_file_says("/proc/sys/kernel/kexec_load_disabled", "1"))
		return 0;
	return vnode_err(err, EPERM,
			 "not permitted: kernel.kexec_load_disabled is 1, until root boots again");
}

int vnode_start(struct vnode_config *config, struct vnode_err *err)
{
	static struct start s;
	int ret;

	s.plan_cycles = vnode_cycles();
	ret = check_viewers(config, err) ?: start_read(&s, config, err);
	if (ret)
		return ret;
	if (config->dry_run)
		return dry_run(&s, config, err);
	return check_load_disabled(err) ?: start_run(&s, config, err);
}
