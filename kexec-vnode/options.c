// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options of kexec --vnode, one row each. The parser, the checks of what goes
 * with what, the overview, the completion for bash, and the decision whether a
 * command line concerns a vnode at all are made from this table.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "inspect/inspect.h"
#include "options.h"
#include "vnode-hooks.h"

/* Verbs that an option goes with: a bit each */
enum {
	START = 1U << VNODE_VERB_START,
	LOAD = 1U << VNODE_VERB_LOAD,
	EXEC = 1U << VNODE_VERB_EXEC,
	RUN = 1U << VNODE_VERB_RUN,
	UNLOAD = 1U << VNODE_VERB_UNLOAD,
	STATUS = 1U << VNODE_VERB_STATUS,
	LIST = 1U << VNODE_VERB_LIST,
	LOG = 1U << VNODE_VERB_LOG,
	DUMP = 1U << VNODE_VERB_DUMP,
	CONSOLE = 1U << VNODE_VERB_CONSOLE,
	GDB = 1U << VNODE_VERB_GDB,
	SERVE = 1U << VNODE_VERB_SERVE,
	STARTS = START | LOAD,
	LOOKS = STATUS | LIST | LOG | DUMP | GDB,
	ANY = (1U << VNODE_NR_VERBS) - 1,
};

/**
 * struct option_row - one option
 * @name: without the dashes
 * @argument: as help shows it; NULL: none; "": one may be given, only to be refused
 * @verbs: the verbs it goes with
 * @parse: stores a value; NULL: there is nothing to store
 * @field: where in struct vnode_config
 * @help: one line; NULL: the option is not shown
 * @also: a second name
 * @letter: its short form
 * @verb: the verb that it selects, if it is one
 * @plain: kexec without vnodes has an option of this name
 * @repeats: may be given several times
 */
struct option_row {
	const char *name;
	const char *argument;
	unsigned int verbs;
	int (*parse)(const char *value, void *field, struct vnode_err *err);
	size_t field;
	const char *help;
	const char *also;
	char letter;
	enum vnode_verb verb;
	bool plain, repeats;
};

static int take_string(const char *value, void *field, struct vnode_err *err)
{
	*(const char **)field = value;
	return 0;
}

static int take_flag(const char *value, void *field, struct vnode_err *err)
{
	*(bool *)field = true;
	return 0;
}

static int take_cpus(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_cpus(value, field, err);
}

static int take_ids(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_ids(value, field, err);
}

static int take_cpu(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_cpu(value, field, err);
}

static int take_size(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_size(value, field, err);
}

static int take_address(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_address(value, field, err);
}

static int take_seconds(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_seconds(value, field, err);
}

static int take_name(const char *value, void *field, struct vnode_err *err)
{
	int ret = vnode_check_name(value, err);

	if (!ret)
		strcpy(field, value);
	return ret;
}

static int take_net(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_net(value, field, err);
}

static int take_disk(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_disk(value, field, err);
}

static int take_fs(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_fs(value, field, err);
}

static int take_restart(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_restart(value, field, err);
}

static int take_dump_dir(const char *value, void *field, struct vnode_err *err)
{
	return vnode_dump_parse_dir(value, field, err);
}

static int take_id(const char *value, void *field, struct vnode_err *err)
{
	return vnode_parse_id(value, field, err);
}

static int take_dump(const char *value, void *field, struct vnode_err *err)
{
	if (!*value)
		return vnode_err(err, EINVAL, "--dump=%s: want the name of a file", value);
	return take_string(value, field, err);
}

/* It used to listen at a port: its value is taken to say what replaces it. */
static int refuse_port(const char *value, void *field, struct vnode_err *err)
{
	if (!value)
		return 0;
	return vnode_err(err, EINVAL,
			 "--gdb=%s: there is no port; in gdb, write: target remote | kexec --vnode=ID --gdb",
			 value);
}

static int set_unpack(enum vnode_unpack *unpack, enum vnode_unpack value, struct vnode_err *err)
{
	if (*unpack != VNODE_UNPACK_AUTO)
		return vnode_err(err, EINVAL, "--unpack and --no-unpack: give one of them");
	*unpack = value;
	return 0;
}

static int take_unpack(const char *value, void *field, struct vnode_err *err)
{
	return set_unpack(field, VNODE_UNPACK_ALWAYS, err);
}

static int take_no_unpack(const char *value, void *field, struct vnode_err *err)
{
	return set_unpack(field, VNODE_UNPACK_NEVER, err);
}

static int not_yet(const char *value, void *field, struct vnode_err *err)
{
	return vnode_err(err, EINVAL, "not supported yet");
}

#define FIELD(member)	offsetof(struct vnode_config, member)

/* In the order in which help shows them */
static const struct option_row rows[] = {
	{ "cpus", "LIST", STARTS, take_cpus, FIELD(cpus),
	  .help = "CPUs it gets, as in taskset: 2-3,6" },
	{ "mem", "SIZE", STARTS, take_size, FIELD(mem_size),
	  .help = "memory it gets: 512M, 2G" },
	{ "initrd", "FILE", STARTS, take_string, FIELD(initrd),
	  .help = "initial RAM disk, or none (of KERNEL's release)", .also = "ramdisk",
	  .plain = true },
	{ "append", "STRING", STARTS, take_string, FIELD(append),
	  .help = "its command line", .also = "command-line", .plain = true },
	{ "net", "NAME[,mac=MAC][,queues=N][,mtu=N]|none", STARTS, take_net, FIELD(nets),
	  .help = "a network of root's, up to 8 times (vnet0)", .repeats = true },
	{ "disk", "PATH[,format=raw|qcow2][,ro][,id=NAME]", STARTS, take_disk, FIELD(virtio),
	  .help = "an image or block device: vda, vdb, ...", .repeats = true },
	{ "fs", "SOURCE:TARGET[,ro][,shared|,private]", STARTS, take_fs, FIELD(virtio),
	  .help = "a directory; TARGET / is its root file system", .repeats = true },
	{ "name", "NAME", STARTS, take_name, FIELD(name),
	  .help = "a name to use in place of ID (vnodeID)" },
	{ "boot-cpu", "N", STARTS, take_cpu, FIELD(boot_cpu),
	  .help = "the CPU that boots (the first of --cpus)" },
	{ "mem-min", "ADDR", STARTS, take_address, FIELD(mem_min),
	  .help = "lowest address of its memory (any)", .plain = true },
	{ "mem-max", "ADDR", STARTS, take_address, FIELD(mem_max),
	  .help = "highest address of its memory (any)", .plain = true },
	{ "unpack", NULL, STARTS, take_unpack, FIELD(unpack),
	  .help = "fail if the bzImage cannot be unpacked here" },
	{ "no-unpack", NULL, STARTS, take_no_unpack, FIELD(unpack),
	  .help = "let the bzImage unpack itself on the vnode's CPU" },
	{ "restart", "no|on-failure[:N]", STARTS, take_restart, FIELD(restart),
	  .help = "restart it when it fails, N times in a row (no)" },
	{ "no-reboot", NULL, STARTS, take_flag, FIELD(no_reboot),
	  .help = "when it reboots, stop it as a halt does" },
	{ "dump-on-failure", "DIR", STARTS, take_dump_dir, FIELD(dump_dir),
	  .help = "write a core to DIR when it fails" },
	{ "boot-limit", "S", STARTS, take_seconds, FIELD(boot_limit),
	  .help = "seconds its boot may take; 0: no limit (120)" },
	{ "attach", NULL, STARTS, take_flag, FIELD(attach),
	  .help = "refuse if there is no adeos-lite for KERNEL" },
	{ "viewers", "IDS", STARTS, take_ids, FIELD(viewers),
	  .help = "vnodes that may look at this one: 2,5-7 (none)" },
	{ "dry-run", NULL, STARTS, take_flag, FIELD(dry_run),
	  .help = "show the plan, touch nothing" },

	{ "load", NULL, LOAD, NULL, 0,
	  .help = "take and load only", .letter = 'l', .verb = VNODE_VERB_LOAD, .plain = true },
	{ "exec", NULL, EXEC | RUN, NULL, 0,
	  .help = "start what is loaded; with -- COMMAND, run that in it",
	  .letter = 'e', .verb = VNODE_VERB_EXEC, .plain = true },
	{ "unload", NULL, UNLOAD, NULL, 0,
	  .help = "shut it down and give everything back",
	  .letter = 'u', .verb = VNODE_VERB_UNLOAD, .plain = true },
	{ "status", NULL, STATUS, NULL, 0,
	  .help = "its state, and how it ended",
	  .letter = 'S', .verb = VNODE_VERB_STATUS, .plain = true },
	{ "log", NULL, LOG, NULL, 0,
	  .help = "its kernel log, from its memory", .verb = VNODE_VERB_LOG },
	{ "dump", "FILE|-", DUMP, take_dump, FIELD(dump),
	  .help = "its memory and registers, as an ELF core", .verb = VNODE_VERB_DUMP },
	{ "gdb", "", GDB, refuse_port, 0,
	  .help = "for gdb: target remote | kexec --vnode=ID --gdb", .verb = VNODE_VERB_GDB },
	{ "console", NULL, CONSOLE, NULL, 0,
	  .help = "attach to its console; ^] leaves", .verb = VNODE_VERB_CONSOLE },
	{ "vnode-list", NULL, LIST, NULL, 0,
	  .help = "a line for each vnode", .verb = VNODE_VERB_LIST },

	{ "vnode", "ID", ANY, take_string, FIELD(vnode),
	  .help = "1 to 255, or the name of a vnode that exists" },
	{ "wait", "S", START | EXEC, take_seconds, FIELD(wait),
	  .help = "seconds to wait until it runs (--boot-limit + 5)" },
	{ "timeout", "S", STARTS | UNLOAD, take_seconds, FIELD(timeout),
	  .help = "seconds to free memory (60), shut down (10)" },
	{ "force", NULL, UNLOAD | CONSOLE, take_flag, FIELD(force),
	  .help = "stop it at once; take the console over", .plain = true },
	{ "tty", NULL, RUN, take_flag, FIELD(tty),
	  .help = "give COMMAND a terminal", .letter = 't', .plain = true },
	{ "read-only", NULL, CONSOLE, take_flag, FIELD(read_only),
	  .help = "show the console, type nothing" },
	{ "json", NULL, STATUS | LIST, take_flag, FIELD(json),
	  .help = "output for programs" },
	{ "help", NULL, ANY, NULL, 0,
	  .help = "this overview", .letter = 'h', .verb = VNODE_VERB_HELP, .plain = true },

	{ "vnode-options", NULL, ANY, NULL, 0, .verb = VNODE_VERB_OPTIONS },
	/* what root's own processes give: view/view.h */
	{ "vnode-serve", NULL, SERVE, NULL, 0, .verb = VNODE_VERB_SERVE },
	{ "vnode-viewer", "ID", LOOKS, take_id, FIELD(viewer),
	  .help = NULL },
	{ "vnode-config", "FILE", ANY, not_yet, .help = NULL },
	{ "devices", "LIST", ANY, not_yet, .help = NULL },
};

#define NR_ROWS		(sizeof(rows) / sizeof(rows[0]))

static bool is_verb(const struct option_row *row)
{
	return row->verb && row->verb < VNODE_NR_VERBS;
}

/* ---- whether a command line concerns a vnode ---- */

static bool is_named(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && !strncmp(name, text, len);
}

static bool is_ours(const char *text)
{
	size_t i, len = strcspn(text, "=");

	for (i = 0; i < NR_ROWS; i++)
		if (!rows[i].plain && (is_named(rows[i].name, text, len) ||
				       is_named(rows[i].also, text, len)))
			return true;
	return false;
}

bool vnode_wants(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strncmp(argv[i], "--", 2) && is_ours(argv[i] + 2))
			return true;
	return false;
}

/* ---- parsing ---- */

/* What getopt_long() returns for the long name of a row */
#define LONG_BASE	256
/* and for what is no option */
#define OPERAND		1

/* The table as getopt wants it */
struct getopt_tables {
	char letters[NR_ROWS + sizeof("-:")];
	struct option options[2 * NR_ROWS + 1];
};

static void getopt_fill(struct getopt_tables *tables)
{
	struct option *option = tables->options;
	/* "-": return operands in their place; ":": return ':' for a missing value */
	char *letter = stpcpy(tables->letters, "-:");
	size_t i;

	for (i = 0; i < NR_ROWS; i++) {
		int has_arg = !rows[i].argument ? no_argument :
			      *rows[i].argument ? required_argument : optional_argument;

		*option++ = (struct option){ rows[i].name, has_arg, NULL, LONG_BASE + i };
		if (rows[i].also)
			*option++ = (struct option){ rows[i].also, has_arg, NULL, LONG_BASE + i };
		if (rows[i].letter)
			*letter++ = rows[i].letter;
	}
	*letter = '\0';
	*option = (struct option){};
}

/* The row of what getopt_long() returned; NULL: an unknown option */
static const struct option_row *find_row(int option)
{
	size_t i;

	if (option >= LONG_BASE)
		return &rows[option - LONG_BASE];
	for (i = 0; i < NR_ROWS; i++)
		if (rows[i].letter && rows[i].letter == option)
			return &rows[i];
	return NULL;
}

struct words {
	char text[80];
};

/* "-u", "--log" */
static struct words option_words(const struct option_row *row)
{
	struct words words;

	if (row->letter)
		snprintf(words.text, sizeof(words.text), "-%c", row->letter);
	else
		snprintf(words.text, sizeof(words.text), "--%s", row->name);
	return words;
}

static struct words verb_words(unsigned int verb)
{
	size_t i;

	for (i = 0; i < NR_ROWS; i++)
		if (is_verb(&rows[i]) && rows[i].verb == verb)
			return option_words(&rows[i]);
	if (verb == VNODE_VERB_RUN)
		return (struct words){ "--exec" };
	return (struct words){ "a start" };
}

/* "a start, -l and -u" */
static struct words verbs_words(unsigned int verbs)
{
	struct words words = { "" };
	unsigned int verb;
	size_t len;

	for (verb = 0; verb < VNODE_NR_VERBS; verb++) {
		if (!(verbs & 1U << verb))
			continue;
		len = strlen(words.text);
		snprintf(words.text + len, sizeof(words.text) - len, "%s%.20s",
			 !len ? "" : verbs >> verb == 1 ? " and " : ", ", verb_words(verb).text);
	}
	return words;
}

static int set_verb(struct vnode_config *config, enum vnode_verb verb, struct vnode_err *err)
{
	if (config->verb != VNODE_VERB_START && verb < VNODE_NR_VERBS)
		return vnode_err(err, EINVAL, "%s and %s: give one of them",
				 verb_words(config->verb).text, verb_words(verb).text);
	config->verb = verb;
	return 0;
}

/* A parser that serves several options does not know the name of the option. */
static int name_option(const struct option_row *row, int ret, struct vnode_err *err)
{
	struct vnode_err what = *err;

	if (!ret || !strncmp(what.text, "--", 2))
		return ret;
	return vnode_err(err, ret, "--%s: %.400s", row->name, what.text);
}

static int take_option(struct vnode_config *config, const struct option_row *row,
		       const char *value, bool *given, struct vnode_err *err)
{
	int ret = 0;

	/* the rest of the line is another kernel's: not even a path of it is looked at */
	if (config->viewer && !(row->verbs & LOOKS))
		return vnode_err(err, EINVAL, "--%s is not for viewers", row->name);
	if (*given && !row->repeats)
		return vnode_err(err, EINVAL, "%s%s%s is there twice: give it once",
				 option_words(row).text, row->also ? " or --" : "",
				 row->also ?: "");
	*given = true;
	if (row->parse)
		ret = row->parse(value, (char *)config + row->field, err);
	if (!ret && row->verb)
		return set_verb(config, row->verb, err);
	return name_option(row, ret, err);
}

static int take_kernel(struct vnode_config *config, const char *path, struct vnode_err *err)
{
	if (config->kernel)
		return vnode_err(err, EINVAL, "%s: one KERNEL is enough, and there is %s already",
				 path, config->kernel);
	config->kernel = path;
	return 0;
}

static int check_verb(const struct vnode_config *config, const bool given[NR_ROWS],
		      struct vnode_err *err)
{
	bool all = config->verb == VNODE_VERB_LIST || config->verb == VNODE_VERB_SERVE;
	size_t i;

	if (all && config->vnode)
		return vnode_err(err, EINVAL, "%s takes no --vnode", verb_words(config->verb).text);
	if (!all && !config->vnode)
		return vnode_err(err, EINVAL, "--vnode=ID is missing");
	for (i = 0; i < NR_ROWS; i++)
		if (given[i] && !(rows[i].verbs & 1U << config->verb))
			return vnode_err(err, EINVAL, "--%s goes with %s only", rows[i].name,
					 verbs_words(rows[i].verbs).text);
	if (config->viewer && config->dump && strcmp(config->dump, "-"))
		return vnode_err(err, EINVAL, "--dump=%s: a viewer writes no file here",
				 config->dump);
	if (config->kernel && !(STARTS & 1U << config->verb))
		return vnode_err(err, EINVAL, "%s: KERNEL goes with %s only", config->kernel,
				 verbs_words(STARTS).text);
	return 0;
}

int vnode_options_parse(struct vnode_config *config, int argc, char **argv,
			struct vnode_err *err)
{
	const struct option_row *row;
	struct getopt_tables tables;
	bool given[NR_ROWS] = {};
	int option, ret;
	int at = 1;	/* the word that getopt reads; optind, but for "-lx" */

	*config = (struct vnode_config){
		.boot_cpu = VNODE_UNSET, .timeout = VNODE_UNSET, .boot_limit = VNODE_UNSET,
		.wait = VNODE_UNSET,
	};
	getopt_fill(&tables);
	optind = 0;
	opterr = 0;
	for (;; at = optind) {
		option = getopt_long(argc, argv, tables.letters, tables.options, NULL);
		if (option == -1)
			break;
		row = find_row(option);
		if (option == OPERAND)
			ret = take_kernel(config, optarg, err);
		else if (option == ':')
			ret = vnode_err(err, EINVAL, "%s needs a value", argv[at]);
		else if (!row)
			ret = vnode_err(err, EINVAL,
					"%s: not an option for vnodes (see kexec --vnode=1 --help)",
					argv[at]);
		else
			ret = take_option(config, row, optarg, &given[row - rows], err);
		if (ret || config->verb >= VNODE_NR_VERBS)
			return ret;
	}
	/* after "--" */
	if (config->verb == VNODE_VERB_EXEC && optind < argc && !strcmp(argv[optind - 1], "--")) {
		config->verb = VNODE_VERB_RUN;
		config->command = argv + optind;
		optind = argc;
	}
	for (ret = 0; !ret && optind < argc; optind++)
		ret = take_kernel(config, argv[optind], err);
	return ret ?: check_verb(config, given, err);
}

/* ---- help and completion ---- */

/* "--mem=SIZE" */
static struct words synopsis(const char *name, const struct option_row *row)
{
	const char *argument = row->argument ?: "";
	struct words words;

	snprintf(words.text, sizeof(words.text), "--%s%s%s", name, *argument ? "=" : "", argument);
	return words;
}

/* @column: where help begins */
static void print_row(const struct option_row *row, int column, bool name_verbs, FILE *out)
{
	int len = fprintf(out, "  ");

	if (row->letter)
		len += fprintf(out, "-%c, ", row->letter);
	len += fprintf(out, "%s", synopsis(row->name, row).text);
	if (len + 2 > column)
		len = fprintf(out, "\n") - 1;
	fprintf(out, "%*s", column - len, "");
	if (name_verbs && row->verbs != ANY)
		fprintf(out, "%s: ", verbs_words(row->verbs).text);
	fprintf(out, "%s\n", row->help);
}

enum section { OF_A_START, VERBS, OTHERS };

static enum section section_of(const struct option_row *row)
{
	if (is_verb(row))
		return VERBS;
	return row->verbs == STARTS ? OF_A_START : OTHERS;
}

static void print_section(const char *title, enum section section, FILE *out)
{
	size_t i;

	fprintf(out, "\n%s:\n", title);
	for (i = 0; i < NR_ROWS; i++)
		if (rows[i].help && section_of(&rows[i]) == section)
			print_row(&rows[i], section == OTHERS ? 15 : 26, section == OTHERS, out);
}

void vnode_options_print_help(FILE *out)
{
	fprintf(out,
		"Usage: kexec --vnode=ID --cpus=LIST --mem=SIZE [OPTION]... KERNEL\n"
		"       kexec --vnode=ID VERB [OPTION]...\n"
		"       kexec --vnode=ID --exec [-t] -- COMMAND [ARG]...\n"
		"       kexec --vnode-list [--json]\n"
		"\n"
		"Starts a second kernel beside this one, or controls it. See kexec-vnode(8).\n");
	print_section("Options of a start and of -l", OF_A_START, out);
	print_section("Verbs", VERBS, out);
	print_section("Other options", OTHERS, out);
	fprintf(out,
		"\n"
		"Exit status: 0 done, 1 failed, 2 usage, 3 does not run (-S), 4 no such vnode,\n"
		"5 in use by another vnode.\n");
}

void vnode_options_print_list(FILE *out)
{
	size_t i;

	for (i = 0; i < NR_ROWS; i++) {
		if (!rows[i].help)
			continue;
		fprintf(out, "%s\n", synopsis(rows[i].name, &rows[i]).text);
		if (rows[i].also)
			fprintf(out, "%s\n", synopsis(rows[i].also, &rows[i]).text);
	}
}
