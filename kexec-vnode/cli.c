// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec --vnode: from the command line to the function that carries it out. main()
 * of kexec hands over when the command line has an option that only a vnode has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "vnode-hooks.h"
#include "cli.h"
#include "console/console.h"
#include "device.h"
#include "exec/exec.h"
#include "gdb/gdb.h"
#include "inspect/inspect.h"
#include "options.h"
#include "status.h"
#include "verbs.h"
#include "view/view.h"

/* exit statuses, as kexec-vnode(8) documents them */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3,
	EXIT_NO_VNODE = 4,
	EXIT_IN_USE = 5,
	EXIT_NOT_RUN = 125,	/* of COMMAND, as env(1) and nohup(1) */
};

/* Defaults, in seconds */
#define GRANT_TIMEOUT	60
#define STOP_TIMEOUT	10

/* The list of CPUs begins with the boot CPU. */
static int order_cpus(struct vnode_config *config, struct vnode_err *err)
{
	unsigned int i = 0;

	if (config->boot_cpu == VNODE_UNSET)
		return 0;
	while (i < config->cpus.nr && config->cpus.cpu[i] != (uint32_t)config->boot_cpu)
		i++;
	if (i == config->cpus.nr)
		return vnode_err(err, EINVAL, "--boot-cpu=%d is not one of --cpus: add it there, or name one of them",
				 config->boot_cpu);
	memmove(&config->cpus.cpu[1], &config->cpus.cpu[0], i * sizeof(config->cpus.cpu[0]));
	config->cpus.cpu[0] = config->boot_cpu;
	return 0;
}

/* Networks reach the vnode as words on its command line. */
static int add_nets(struct vnode_config *config, struct vnode_err *err)
{
	int ret = vnode_net_append(&config->nets, config->id, "", config->append,
				   config->net_append, err);

	if (!ret && *config->net_append)
		config->append = config->net_append;
	return ret;
}

/* So do file systems; what is to be shared is looked at before anything is taken. */
static int add_devices(struct vnode_config *config, struct vnode_err *err)
{
	int ret = vnode_virtio_append(&config->virtio, config->append, config->virtio_append, err);

	if (!ret && *config->virtio_append)
		config->append = config->virtio_append;
	return ret ?: vnode_virtio_check(&config->virtio, err);
}

static int check_start(struct vnode_config *config, struct vnode_err *err)
{
	int ret;

	ret = vnode_parse_id(config->vnode, &config->id, err);
	if (ret)
		return vnode_err(err, EINVAL,
				 "--vnode=%s: a new vnode needs a number from 1 to 255 (and --name=NAME, if wanted)",
				 config->vnode);
	if (!config->cpus.nr)
		return vnode_err(err, EINVAL, "--cpus=LIST is missing");
	if (!config->mem_size)
		return vnode_err(err, EINVAL, "--mem=SIZE is missing");
	if (!config->kernel)
		return vnode_err(err, EINVAL, "no KERNEL given: name a bzImage or a vmlinux");
	if (config->mem_size < VNODE_MEM_MIN)
		return vnode_err(err, EINVAL, "--mem: at least %lu MiB are needed",
				 VNODE_MEM_MIN >> 20);
	if (config->mem_size > UINT64_MAX - VNODE_MEM_ALIGN)
		return vnode_err(err, EINVAL, "--mem: no machine has that much");
	if (config->mem_max && config->mem_max < config->mem_min)
		return vnode_err(err, EINVAL, "--mem-max is below --mem-min: no memory is between them");
	config->mem_size = vnode_align_up(config->mem_size, VNODE_MEM_ALIGN);
	if (!*config->name)
		snprintf(config->name, sizeof(config->name), "vnode%u", config->id);
	return order_cpus(config, err) ?: add_nets(config, err) ?: add_devices(config, err);
}

static void set_defaults(struct vnode_config *config)
{
	if (config->timeout == VNODE_UNSET)
		config->timeout = config->verb == VNODE_VERB_UNLOAD ? STOP_TIMEOUT : GRANT_TIMEOUT;
	if (config->verb == VNODE_VERB_EXEC && config->wait == VNODE_UNSET)
		config->wait = VNODE_BOOT_LIMIT + VNODE_BOOT_LIMIT_GRACE;
}

static bool is_start(const struct vnode_config *config)
{
	return config->verb == VNODE_VERB_START || config->verb == VNODE_VERB_LOAD;
}

static int parse(struct vnode_config *config, int argc, char **argv, struct vnode_err *err)
{
	int ret = vnode_options_parse(config, argc, argv, err);

	if (!ret && config->read_only && config->force)
		ret = vnode_err(err, EINVAL, "--read-only takes nothing over: leave out --force");
	if (!ret && is_start(config))
		ret = check_start(config, err);
	if (!ret)
		set_defaults(config);
	return ret;
}

/* There is no /dev/vnode: a command goes to the other vnode's agent, the rest to root. */
static int verb_in_vnode(struct vnode_config *config, int *status, struct vnode_err *err)
{
	if (config->verb != VNODE_VERB_RUN)
		return vnode_view_ask(config, status, err);
	if (vnode_parse_id(config->vnode, &config->id, err))
		return vnode_err(err, EINVAL, "--vnode=%s: here in vnode %u it has to be a number from 1 to 255",
				 config->vnode, vnode_own_id());
	return vnode_run(-1, config, status, err);
}

static int verb(struct vnode_config *config, int *status, struct vnode_err *err)
{
	struct vnode_info info;
	bool runs = true;
	int fd, ret;

	switch (config->verb) {
	case VNODE_VERB_HELP:
		vnode_options_print_help(stdout);
		return 0;
	case VNODE_VERB_OPTIONS:
		vnode_options_print_list(stdout);
		return 0;
	default:
		break;
	}
	/* a plan needs no device */
	if (!config->dry_run && vnode_own_id())
		return verb_in_vnode(config, status, err);
	switch (config->verb) {
	case VNODE_VERB_START:
	case VNODE_VERB_LOAD:
		return vnode_start(config, err);
	case VNODE_VERB_SERVE:
		return vnode_view_serve(err);
	default:
		break;
	}
	fd = vnode_device_open(&info, err);
	if (fd < 0)
		return fd;
	vnode_device_view_for(config->viewer);
	ret = config->vnode ? vnode_device_find(fd, config->vnode, &config->id, err) : 0;
	if (ret)
		return ret;
	switch (config->verb) {
	case VNODE_VERB_LIST:
		return vnode_list_print(fd, !config->viewer, config->json, stdout, err);
	case VNODE_VERB_EXEC:
		return vnode_exec(fd, config, &info, err);
	case VNODE_VERB_RUN:
		return vnode_run(fd, config, status, err);
	case VNODE_VERB_UNLOAD:
		return vnode_unload(fd, config, &info, err);
	case VNODE_VERB_LOG:
		return vnode_log(fd, config, err);
	case VNODE_VERB_DUMP:
		return vnode_dump(fd, config, err);
	case VNODE_VERB_CONSOLE:
		return vnode_console(fd, config, err);
	case VNODE_VERB_GDB:
		return vnode_gdb(fd, config, err);
	default:
		ret = vnode_status_print(fd, &info, config->id, config->json, stdout, &runs, err);
		*status = runs ? EXIT_DONE : EXIT_NOT_RUNNING;
		return ret;
	}
}

static int exit_status(int ret)
{
	switch (ret) {
	case -EINVAL:
	case -ENAMETOOLONG:
		return EXIT_USAGE;
	case -ESRCH:
		return EXIT_NO_VNODE;
	case -EADDRINUSE:
		return EXIT_IN_USE;
	}
	return EXIT_FAILED;
}

/* Root's kernel runs this program with no file open: write to its log. */
static bool open_streams(void)
{
	int fd;

	if (fcntl(STDERR_FILENO, F_GETFD) >= 0)
		return false;
	do {
		fd = open("/dev/kmsg", O_WRONLY);
	} while (fd >= 0 && fd < STDERR_FILENO);
	return true;
}

int vnode_main(int argc, char **argv)
{
	static struct vnode_config config;
	struct vnode_err err = {};
	int ret, status = EXIT_DONE;
	bool to_log = open_streams();

	ret = parse(&config, argc, argv, &err);
	/* the level of the message, to which everything printed later belongs */
	if (to_log && config.verb == VNODE_VERB_DUMP)
		fputs("<6>kexec: ", stdout);
	/* every error of the command line is one of usage */
	ret = ret ? -EINVAL : verb(&config, &status, &err);
	if (!ret && fflush(stdout))
		ret = vnode_err(&err, errno, "cannot write the output: %s", strerror(errno));
	if (ret) {
		fprintf(stderr, "kexec: %s\n", err.text);
		return config.command && ret != -EINVAL ? EXIT_NOT_RUN : exit_status(ret);
	}
	return status;
}
