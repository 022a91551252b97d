// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec --vnode: the command line, parsed once into one struct, and who does it.
 * main() of kexec hands over when it sees an option that only a vnode has.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "vnode-hooks.h"
#include "cli.h"
#include "console/console.h"
#include "device.h"
#include "gdb/gdb.h"
#include "inspect/inspect.h"
#include "status.h"
#include "verbs.h"

/* exit statuses, as kexec-vnode(8) documents them */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3,
	EXIT_NO_VNODE = 4,
	EXIT_IN_USE = 5,
};

enum {
	OPT_VNODE = 256, OPT_LIST, OPT_CPUS, OPT_MEM, OPT_MEM_MIN, OPT_MEM_MAX, OPT_NAME,
	OPT_BOOT_CPU, OPT_INITRD, OPT_APPEND, OPT_NO_UNPACK, OPT_UNPACK, OPT_TIMEOUT,
	OPT_FORCE, OPT_JSON, OPT_DRY_RUN, OPT_LOG, OPT_WAIT, OPT_BOOT_LIMIT, OPT_RESTART,
	OPT_DUMP, OPT_DUMP_ON_FAILURE,
	OPT_CONSOLE, OPT_READ_ONLY, OPT_GDB, OPT_NET,
	OPT_NOT_YET,
};

/* What options have that are not given; in seconds. */
#define UNSET		-1
#define BOOT_LIMIT	120
#define GRANT_TIMEOUT	60
#define STOP_TIMEOUT	10
/* Root's kernel watches the boot limit: give it time to say so. */
#define BOOT_LIMIT_GRACE	5

static const struct option options[] = {
	{ "vnode", required_argument, NULL, OPT_VNODE },
	{ "vnode-list", no_argument, NULL, OPT_LIST },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "mem-min", required_argument, NULL, OPT_MEM_MIN },
	{ "mem-max", required_argument, NULL, OPT_MEM_MAX },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "boot-cpu", required_argument, NULL, OPT_BOOT_CPU },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "ramdisk", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "command-line", required_argument, NULL, OPT_APPEND },
	{ "net", required_argument, NULL, OPT_NET },
	{ "no-unpack", no_argument, NULL, OPT_NO_UNPACK },
	{ "unpack", no_argument, NULL, OPT_UNPACK },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "log", no_argument, NULL, OPT_LOG },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "boot-limit", required_argument, NULL, OPT_BOOT_LIMIT },
	{ "restart", required_argument, NULL, OPT_RESTART },
	{ "load", no_argument, NULL, 'l' },
	{ "exec", no_argument, NULL, 'e' },
	{ "unload", no_argument, NULL, 'u' },
	{ "status", no_argument, NULL, 'S' },
	{ "help", no_argument, NULL, 'h' },
	{ "devices", required_argument, NULL, OPT_NOT_YET },
	{ "console", no_argument, NULL, OPT_CONSOLE },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "dump", required_argument, NULL, OPT_DUMP },
	{ "dump-on-failure", required_argument, NULL, OPT_DUMP_ON_FAILURE },
	{ "gdb", optional_argument, NULL, OPT_GDB },
	{ "vnode-config", required_argument, NULL, OPT_NOT_YET },
	{ }
};

/* Options that plain kexec has too do not make it a vnode's command line. */
static const char * const only_ours[] = {
	"vnode", "vnode-list", "vnode-config", "cpus", "mem", "name", "boot-cpu", "no-unpack",
	"unpack", "timeout", "wait", "boot-limit", "restart", "json", "dry-run", "log", "devices",
	"console", "read-only", "dump", "dump-on-failure", "gdb", "net",
};

bool vnode_wants(int argc, char **argv)
{
	size_t k;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strncmp(argv[i], "--", 2))
			continue;
		for (k = 0; k < sizeof(only_ours) / sizeof(*only_ours); k++) {
			size_t len = strcspn(argv[i] + 2, "=");

			if (strlen(only_ours[k]) == len && !strncmp(argv[i] + 2, only_ours[k], len))
				return true;
		}
	}
	return false;
}

static void usage(FILE *out)
{
	fprintf(out,
		"Usage: kexec --vnode=ID --cpus=LIST --mem=SIZE [OPTION]... KERNEL\n"
		"       kexec --vnode=ID VERB [OPTION]...\n"
		"       kexec --vnode-list [--json]\n"
		"\n"
		"Starts a second kernel beside this one, or controls it. See kexec-vnode(8).\n"
		"\n"
		"Start:\n"
		"  --cpus=LIST      CPUs it gets, as in taskset: 2-3,6\n"
		"  --mem=SIZE       memory it gets: 512M, 2G\n"
		"  --initrd=FILE    initial RAM disk\n"
		"  --append=STRING  its command line\n"
		"  --net=NAME[,mac=MAC][,queues=N][,mtu=N]|none  a network of root's it is on;\n"
		"                   up to 8 times (vnet0, if root has it)\n"
		"  --name=NAME      a name to use in place of ID (vnodeID)\n"
		"  --boot-cpu=N     the CPU that boots (the first of --cpus)\n"
		"  --mem-min=ADDR, --mem-max=ADDR  where the memory may be\n"
		"  --unpack         fail where a bzImage cannot be unpacked here\n"
		"  --no-unpack      let a bzImage unpack itself on the vnode's CPU\n"
		"  --restart=no|on-failure[:N]  start it again when it fails, N times in a row (no)\n"
		"  --dump-on-failure=DIR  write a core to DIR when it fails, before a restart\n"
		"  --wait=S         how long to wait until it runs (until --boot-limit; 0: not)\n"
		"  --boot-limit=S   how long its boot may take, 0: no limit (120)\n"
		"  --timeout=S      how long root may take to free the memory (60)\n"
		"  --dry-run        show the plan, touch nothing\n"
		"  -l, --load       grant and load only\n"
		"Verbs:\n"
		"  -e, --exec       start what is loaded (--wait)\n"
		"  -u, --unload     shut it down and give everything back; stopped at once after\n"
		"                   --timeout=S (10), or with --force\n"
		"  -S, --status     what is known of it, and of how it ended (--json)\n"
		"  --log            its kernel log, from its memory\n"
		"  --dump=FILE      its memory and registers, as an ELF core\n"
		"  --gdb            for gdb: target remote | kexec --vnode=ID --gdb\n"
		"  --console        attach to its console, ^] leaves (--force: take it over,\n"
		"                   --read-only: look on)\n"
		"\n"
		"Exit status: 0 done, 1 failed, 2 usage, 3 does not run (-S), 4 no such vnode,\n"
		"5 in use by another vnode.\n");
}

static int parse_verb(struct vnode_config *config, enum vnode_verb verb, struct vnode_err *err)
{
	if (config->verb != VNODE_VERB_START && config->verb != verb)
		return vnode_err(err, EINVAL, "more than one of -l, -e, -u, -S, --log, --console, --dump, --gdb, --vnode-list");
	config->verb = verb;
	return 0;
}

static int parse_number(const char *option, const char *text, double max, double *value,
			struct vnode_err *err)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || *end || !isfinite(*value) || *value < 0 || *value > max)
		return vnode_err(err, EINVAL, "--%s=%s: want a number from 0 to %g", option, text,
				 max);
	return 0;
}

/* Addresses may be zero, sizes not. */
static int parse_address(const char *text, uint64_t *address, struct vnode_err *err)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return 0;
	return vnode_parse_size(text, address, err);
}

static int parse_option(struct vnode_config *config, int option, const char *name,
			const char *value, struct vnode_err *err)
{
	double number;
	int ret = 0;

	switch (option) {
	case OPT_VNODE:
		config->vnode = value;
		return 0;
	case OPT_LIST:
		return parse_verb(config, VNODE_VERB_LIST, err);
	case 'l':
		return parse_verb(config, VNODE_VERB_LOAD, err);
	case 'e':
		return parse_verb(config, VNODE_VERB_EXEC, err);
	case 'u':
		return parse_verb(config, VNODE_VERB_UNLOAD, err);
	case 'S':
		return parse_verb(config, VNODE_VERB_STATUS, err);
	case OPT_LOG:
		return parse_verb(config, VNODE_VERB_LOG, err);
	case OPT_DUMP:
		config->dump = value;
		return parse_verb(config, VNODE_VERB_DUMP, err);
	case OPT_CONSOLE:
		return parse_verb(config, VNODE_VERB_CONSOLE, err);
	case OPT_GDB:
		if (value)
			return vnode_err(err, EINVAL,
					 "--gdb=%s: there is no port; in gdb, write: target remote | kexec --vnode=ID --gdb",
					 value);
		return parse_verb(config, VNODE_VERB_GDB, err);
	case OPT_CPUS:
		return vnode_parse_cpus(value, &config->cpus, err);
	case OPT_MEM:
		return vnode_parse_size(value, &config->mem_size, err);
	case OPT_MEM_MIN:
		return parse_address(value, &config->mem_min, err);
	case OPT_MEM_MAX:
		return parse_address(value, &config->mem_max, err);
	case OPT_NAME:
		ret = vnode_check_name(value, err);
		if (!ret)
			snprintf(config->name, sizeof(config->name), "%s", value);
		return ret;
	case OPT_BOOT_CPU:
		ret = parse_number("boot-cpu", value, 1e6, &number, err);
		if (!ret && number != floor(number))
			ret = vnode_err(err, EINVAL, "--boot-cpu=%s: want the number of a CPU",
					value);
		config->boot_cpu = number;
		return ret;
	case OPT_TIMEOUT:
		return parse_number("timeout", value, 86400, &config->timeout, err);
	case OPT_WAIT:
		return parse_number("wait", value, 86400, &config->wait, err);
	case OPT_BOOT_LIMIT:
		return parse_number("boot-limit", value, 86400, &config->boot_limit, err);
	case OPT_RESTART:
		return vnode_parse_restart(value, &config->restart, &config->restarts, err);
	case OPT_DUMP_ON_FAILURE:
		return vnode_dump_parse_dir(value, config->dump_dir, err);
	case OPT_INITRD:
		config->initrd = value;
		return 0;
	case OPT_APPEND:
		config->append = value;
		return 0;
	case OPT_NET:
		return vnode_parse_net(value, &config->nets, err);
	case OPT_NO_UNPACK:
		config->unpack = VNODE_UNPACK_NEVER;
		return 0;
	case OPT_UNPACK:
		config->unpack = VNODE_UNPACK_ALWAYS;
		return 0;
	case OPT_FORCE:
		config->force = true;
		return 0;
	case OPT_READ_ONLY:
		config->read_only = true;
		return 0;
	case OPT_JSON:
		config->json = true;
		return 0;
	case OPT_DRY_RUN:
		config->dry_run = true;
		return 0;
	case OPT_NOT_YET:
		return vnode_err(err, EINVAL, "--%s is not supported yet", name);
	}
	return vnode_err(err, EINVAL, "see kexec --vnode=1 --help");
}

/* The list of CPUs begins with the boot CPU. */
static int order_cpus(struct vnode_config *config, struct vnode_err *err)
{
	unsigned int i = 0;

	if (config->boot_cpu < 0)
		return 0;
	while (i < config->cpus.nr && config->cpus.cpu[i] != config->boot_cpu)
		i++;
	if (i == config->cpus.nr)
		return vnode_err(err, EINVAL, "--boot-cpu=%ld is not one of --cpus",
				 config->boot_cpu);
	memmove(&config->cpus.cpu[1], &config->cpus.cpu[0], i * sizeof(config->cpus.cpu[0]));
	config->cpus.cpu[0] = config->boot_cpu;
	return 0;
}

/* Its networks are words on its command line. */
static int add_nets(struct vnode_config *config, struct vnode_err *err)
{
	int ret = vnode_net_append(&config->nets, config->id, "", config->append,
				   config->net_append, err);

	if (!ret && *config->net_append)
		config->append = config->net_append;
	return ret;
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
		return vnode_err(err, EINVAL, "no KERNEL given");
	if (config->mem_size < VNODE_MEM_MIN)
		return vnode_err(err, EINVAL, "--mem: at least %lu MiB", VNODE_MEM_MIN >> 20);
	if (config->mem_size > UINT64_MAX - VNODE_MEM_ALIGN)
		return vnode_err(err, EINVAL, "--mem: no machine has that much");
	if (config->mem_max && config->mem_max < config->mem_min)
		return vnode_err(err, EINVAL, "--mem-max is below --mem-min");
	config->mem_size = vnode_align_up(config->mem_size, VNODE_MEM_ALIGN);
	if (!*config->name)
		snprintf(config->name, sizeof(config->name), "vnode%u", config->id);
	return order_cpus(config, err) ?: add_nets(config, err);
}

static int check_config(struct vnode_config *config, struct vnode_err *err)
{
	bool starts = config->verb == VNODE_VERB_START || config->verb == VNODE_VERB_LOAD;

	if (config->verb == VNODE_VERB_LIST && config->vnode)
		return vnode_err(err, EINVAL, "--vnode-list takes no --vnode");
	if (config->verb != VNODE_VERB_LIST && !config->vnode)
		return vnode_err(err, EINVAL, "--vnode=ID is missing");
	if (config->verb == VNODE_VERB_DUMP && (!*config->dump || !strcmp(config->dump, "-")))
		return vnode_err(err, EINVAL, "--dump=%s: want the name of a file", config->dump);
	if (config->json && config->verb != VNODE_VERB_STATUS && config->verb != VNODE_VERB_LIST)
		return vnode_err(err, EINVAL, "--json goes with -S and --vnode-list only");
	if (config->force && config->verb != VNODE_VERB_UNLOAD &&
	    config->verb != VNODE_VERB_CONSOLE)
		return vnode_err(err, EINVAL, "--force goes with -u and --console only");
	if (config->read_only && config->verb != VNODE_VERB_CONSOLE)
		return vnode_err(err, EINVAL, "--read-only goes with --console only");
	if (config->read_only && config->force)
		return vnode_err(err, EINVAL, "--read-only takes nothing over: leave out --force");
	if (config->wait != UNSET && config->verb != VNODE_VERB_START &&
	    config->verb != VNODE_VERB_EXEC)
		return vnode_err(err, EINVAL, "--wait goes with a start and -e only");
	if (starts)
		return check_start(config, err);
	if (config->kernel || config->cpus.nr || config->mem_size || config->initrd ||
	    config->append || *config->name || config->boot_cpu >= 0 || config->dry_run ||
	    config->mem_min || config->mem_max || config->restart || config->boot_limit != UNSET ||
	    *config->dump_dir || config->nets.nr || config->nets.none)
		return vnode_err(err, EINVAL,
				 "KERNEL and the options of a start go with a start or -l only");
	return 0;
}

/* After the checks, which want to know what was given. */
static void set_defaults(struct vnode_config *config)
{
	if (config->timeout == UNSET)
		config->timeout = config->verb == VNODE_VERB_UNLOAD ? STOP_TIMEOUT : GRANT_TIMEOUT;
	if (config->boot_limit == UNSET)
		config->boot_limit = BOOT_LIMIT;
	/* without a limit it may well never say that it runs */
	if (config->wait == UNSET)
		config->wait = config->boot_limit ? config->boot_limit + BOOT_LIMIT_GRACE : 0;
}

static int parse(struct vnode_config *config, int argc, char **argv, struct vnode_err *err)
{
	int option, ret, index = 0;
	int at = 1;	/* optind stays where it is inside of "-lx" */

	optind = 0;
	opterr = 0;
	for (; (option = getopt_long(argc, argv, "+:leuSh-:", options, &index)) != -1;
	     at = optind) {
		if (option == 'h') {
			usage(stdout);
			exit(EXIT_DONE);
		}
		if (option == ':')
			return vnode_err(err, EINVAL, "%s needs a value", argv[at]);
		if (option == '?')
			return vnode_err(err, EINVAL, "%s: not an option for vnodes (see kexec --vnode=1 --help)",
					 argv[at]);
		ret = parse_option(config, option, options[index].name, optarg, err);
		if (ret)
			return ret;
	}
	if (optind < argc)
		config->kernel = argv[optind++];
	if (optind < argc)
		return vnode_err(err, EINVAL, "%s: one KERNEL is enough; options come before it",
				 argv[optind]);
	ret = check_config(config, err);
	if (!ret)
		set_defaults(config);
	return ret;
}

static int verb(struct vnode_config *config, bool *runs, struct vnode_err *err)
{
	struct vnode_info info;
	int fd, ret;

	if (config->verb == VNODE_VERB_START || config->verb == VNODE_VERB_LOAD)
		return vnode_start(config, err);
	fd = vnode_device_open(&info, err);
	if (fd < 0)
		return fd;
	ret = config->vnode ? vnode_device_find(fd, config->vnode, &config->id, err) : 0;
	if (ret)
		return ret;
	switch (config->verb) {
	case VNODE_VERB_LIST:
		return vnode_list_print(fd, &info, config->json, stdout, err);
	case VNODE_VERB_EXEC:
		return vnode_exec(fd, config, &info, err);
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
		return vnode_status_print(fd, &info, config->id, config->json, stdout, runs, err);
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

/* Root's kernel runs us for a dump, with no file open: then its log is our terminal. */
static void open_streams(void)
{
	int fd;

	if (fcntl(STDERR_FILENO, F_GETFD) >= 0)
		return;
	do {
		fd = open("/dev/kmsg", O_WRONLY);
	} while (fd >= 0 && fd < STDERR_FILENO);
	/* its level; with what else is said it makes one message */
	fputs("<6>kexec: ", stdout);
}

int vnode_main(int argc, char **argv)
{
	static struct vnode_config config = {
		.boot_cpu = -1, .timeout = UNSET, .boot_limit = UNSET, .wait = UNSET,
	};
	struct vnode_err err = {};
	bool runs = true;
	int ret;

	open_streams();
	/* whatever is wrong with the command line: usage */
	ret = parse(&config, argc, argv, &err) ? -EINVAL : verb(&config, &runs, &err);
	if (!ret && fflush(stdout))
		ret = vnode_err(&err, errno, "cannot write the output: %s", strerror(errno));
	if (ret) {
		fprintf(stderr, "kexec: %s\n", err.text);
		return exit_status(ret);
	}
	return runs ? EXIT_DONE : EXIT_NOT_RUNNING;
}
