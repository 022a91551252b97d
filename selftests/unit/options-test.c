// SPDX-License-Identifier: GPL-2.0-only
/* kexec-vnode/options.c: what a command line means, in whatever order it is written. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "arch/x86_64/include/arch/options.h"
#include "cli.h"
#include "kexec.h"
#include "ktap.h"
#include "options.h"
#include "vnode-hooks.h"

#define WORDS_MAX	32

static struct vnode_config config;
static struct vnode_err err;

/* Splits @line at each space. */
static int split(const char *line, char *argv[WORDS_MAX])
{
	static char copy[1024];
	char *word;
	int argc = 0;

	snprintf(copy, sizeof(copy), "kexec %s", line);
	for (word = strtok(copy, " "); word && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static int parse(const char *line)
{
	char *argv[WORDS_MAX];
	int argc = split(line, argv);

	memset(&err, 0, sizeof(err));
	return vnode_options_parse(&config, argc, argv, &err);
}

static bool accepts(const char *line)
{
	return KTAP_CHECK(!parse(line)) || (ktap_note("  %s: %s", line, err.text), false);
}

static bool refuses(const char *line, const char *why)
{
	if (KTAP_CHECK(parse(line) < 0) && KTAP_CHECK(strstr(err.text, why)))
		return true;
	ktap_note("  %s: \"%s\", not \"%s\"", line, err.text, why);
	return false;
}

static void is_the_load(const char *line)
{
	if (accepts(line) &&
	    !(KTAP_CHECK_EQ(config.verb, VNODE_VERB_LOAD) && KTAP_CHECK_STR(config.vnode, "1") &&
	      KTAP_CHECK_STR(config.kernel, "vmlinuz") && KTAP_CHECK_EQ(config.cpus.nr, 1) &&
	      KTAP_CHECK_EQ(config.cpus.cpu[0], 2) &&
	      KTAP_CHECK_EQ(config.mem_size, 256 << 20) && KTAP_CHECK_STR(config.append, "quiet")))
		ktap_note("  %s", line);
}

/* All orders of @words from @from on */
static void permute(const char *words[], size_t nr, size_t from)
{
	char line[256] = "";
	size_t i;

	if (from == nr) {
		for (i = 0; i < nr; i++)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s ",
				 words[i]);
		is_the_load(line);
		return;
	}
	for (i = from; i < nr; i++) {
		const char *word = words[i];

		words[i] = words[from];
		words[from] = word;
		permute(words, nr, from + 1);
		words[from] = words[i];
		words[i] = word;
	}
}

static void every_order(void)
{
	const char *words[6] = {
		"--vnode=1", "-l", "vmlinuz", "--cpus=2", "--mem 256M", "--append=quiet",
	};

	permute(words, KTAP_NR(words), 0);
}

static void posix_order(void)
{
	setenv("POSIXLY_CORRECT", "1", 1);
	is_the_load("--vnode=1 -l vmlinuz --cpus=2 --mem=256M --append=quiet");
	unsetenv("POSIXLY_CORRECT");
}

static void operands(void)
{
	is_the_load("-l --vnode=1 --cpus=2 --mem=256M --append quiet -- vmlinuz");
	is_the_load("-l vmlinuz --vnode=1 --cpus=2 --mem=256M --append quiet --");
	accepts("--vnode=1 -- --log");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_START);
	KTAP_CHECK_STR(config.kernel, "--log");
	refuses("--vnode=1 one two", "two: one KERNEL is enough, and there is one already");
	refuses("--vnode=1 one --cpus=2 two", "two: one KERNEL is enough");
	refuses("--vnode=1 one -- two", "two: one KERNEL is enough");
	refuses("--vnode=1 -- one two", "two: one KERNEL is enough");
}

static void values(void)
{
	accepts("--vnode=web k --cpus=4,2-3 --mem=0x20000000 --mem-min=4096 --mem-max=0");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_START);
	KTAP_CHECK_STR(config.vnode, "web");
	KTAP_CHECK_EQ(config.cpus.nr, 3);
	KTAP_CHECK_EQ(config.cpus.cpu[0], 4);
	KTAP_CHECK_EQ(config.mem_size, 512 << 20);
	KTAP_CHECK_EQ(config.mem_min, 4096);
	KTAP_CHECK_EQ(config.mem_max, 0);

	accepts("--vnode=1 k --name=db --boot-cpu=3 --initrd=i --append=a --restart=on-failure:3");
	KTAP_CHECK_STR(config.name, "db");
	KTAP_CHECK_EQ(config.boot_cpu, 3);
	KTAP_CHECK_STR(config.initrd, "i");
	KTAP_CHECK_STR(config.append, "a");
	KTAP_CHECK(config.restart.on_failure && config.restart.times == 3);

	accepts("--vnode=1 --timeout=2.5 --wait=0 --boot-limit=0.25 --net=a --net=b --dry-run k");
	KTAP_CHECK(config.timeout == 2.5 && config.wait == 0 && config.boot_limit == 0.25);
	KTAP_CHECK_EQ(config.nets.nr, 2);
	KTAP_CHECK(config.dry_run && !config.json && !config.force && !config.read_only);
	accepts("--vnode=1 k --unpack");
	KTAP_CHECK_EQ(config.unpack, VNODE_UNPACK_ALWAYS);
	accepts("--vnode=1 k --ramdisk=i --command-line=a --no-unpack --dump-on-failure=/");
	KTAP_CHECK_STR(config.initrd, "i");
	KTAP_CHECK_STR(config.append, "a");
	KTAP_CHECK_EQ(config.unpack, VNODE_UNPACK_NEVER);
	KTAP_CHECK_STR(config.dump_dir, "/");
	KTAP_CHECK(config.boot_cpu == VNODE_UNSET && config.timeout == VNODE_UNSET &&
		   config.wait == VNODE_UNSET && config.boot_limit == VNODE_UNSET);

	accepts("--vnode=1 k --viewers=9,2-3");
	KTAP_CHECK_EQ(config.viewers.nr, 3);
	KTAP_CHECK_EQ(config.viewers.id[0], 9);
	KTAP_CHECK_EQ(config.viewers.id[2], 3);

	accepts("--vnode=1 -S --json");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_STATUS);
	KTAP_CHECK(config.json);
	accepts("--vnode=1 --console --force");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_CONSOLE);
	KTAP_CHECK(config.force);
	accepts("--vnode=1 --console --read-only");
	KTAP_CHECK(config.read_only);
	accepts("--vnode=1 --dump core");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_DUMP);
	KTAP_CHECK_STR(config.dump, "core");
	accepts("--vnode=1 --gdb");
	KTAP_CHECK_EQ(config.verb, VNODE_VERB_GDB);
}

static void verbs(void)
{
	static const struct {
		const char *line;
		enum vnode_verb verb;
	} good[] = {
		{ "--vnode=1 k", VNODE_VERB_START },
		{ "--vnode=1 -l k", VNODE_VERB_LOAD }, { "--vnode=1 --load k", VNODE_VERB_LOAD },
		{ "-e --vnode=1", VNODE_VERB_EXEC }, { "--exec --vnode=1", VNODE_VERB_EXEC },
		{ "-u --vnode=1", VNODE_VERB_UNLOAD }, { "--unload --vnode=1", VNODE_VERB_UNLOAD },
		{ "-S --vnode=1", VNODE_VERB_STATUS }, { "--status --vnode=1", VNODE_VERB_STATUS },
		{ "--log --vnode=1", VNODE_VERB_LOG }, { "--vnode-list", VNODE_VERB_LIST },
		{ "--help", VNODE_VERB_HELP }, { "-h", VNODE_VERB_HELP },
		{ "--vnode=1 -S -u --help", -1 }, { "--vnode=1 -S --help -u", VNODE_VERB_HELP },
	};
	size_t i;

	for (i = 0; i < KTAP_NR(good); i++)
		if (good[i].verb == (enum vnode_verb)-1)
			refuses(good[i].line, "-S and -u: give one of them");
		else if (accepts(good[i].line))
			KTAP_CHECK_EQ(config.verb, good[i].verb);
	refuses("--vnode=1 -le", "-l and -e: give one of them");
	refuses("--vnode=1 --log --console", "--log and --console: give one of them");
	refuses("--vnode-list -S", "--vnode-list and -S: give one of them");
	refuses("--vnode-list --vnode=1", "--vnode-list takes no --vnode");
	refuses("-S", "--vnode=ID is missing");
	refuses("--json", "--vnode=ID is missing");
}

/* Each option, and the verbs it goes with: s for a start, else what selects the verb */
static const struct {
	const char *option;
	const char *verbs;
} goes_with[] = {
	{ "--cpus=2", "sl" }, { "--mem=256M", "sl" }, { "--initrd=i", "sl" },
	{ "--append=a", "sl" }, { "--net=lab", "sl" }, { "--net=none", "sl" },
	{ "--name=n", "sl" }, { "--boot-cpu=2", "sl" }, { "--boot-cpu=0", "sl" },
	{ "--mem-min=0", "sl" }, { "--mem-max=0", "sl" }, { "--unpack", "sl" },
	{ "--no-unpack", "sl" }, { "--restart=no", "sl" }, { "--restart=on-failure", "sl" },
	{ "--viewers=2", "sl" }, { "--dump-on-failure=/", "sl" }, { "--boot-limit=0", "sl" },
	{ "--dry-run", "sl" },
	{ "kernel", "sl" },
	{ "--wait=0", "se" }, { "--timeout=0", "slu" }, { "--force", "uC" },
	{ "--read-only", "C" }, { "--json", "SL" },
};

static void what_goes_with_what(void)
{
	static const struct {
		char key;
		const char *words;
	} with[] = {
		{ 's', "--vnode=1" }, { 'l', "--vnode=1 -l" }, { 'e', "--vnode=1 -e" },
		{ 'u', "--vnode=1 -u" }, { 'S', "--vnode=1 -S" }, { 'L', "--vnode-list" },
		{ 'g', "--vnode=1 --log" }, { 'D', "--vnode=1 --dump=d" },
		{ 'C', "--vnode=1 --console" }, { 'G', "--vnode=1 --gdb" },
	};
	char line[256];
	size_t i, j;

	for (i = 0; i < KTAP_NR(goes_with); i++)
		for (j = 0; j < KTAP_NR(with); j++) {
			snprintf(line, sizeof(line), "%s %s", with[j].words, goes_with[i].option);
			if (strchr(goes_with[i].verbs, with[j].key))
				accepts(line);
			else
				refuses(line, " only");
		}
	refuses("--vnode=1 -S --cpus=2", "--cpus goes with a start and -l only");
	refuses("--vnode=1 -S --ramdisk=i", "--initrd goes with a start and -l only");
	refuses("--vnode=1 -l --wait=1", "--wait goes with a start and -e only");
	refuses("--vnode=1 --log --force", "--force goes with -u and --console only");
	refuses("--vnode=1 --log --json", "--json goes with -S and --vnode-list only");
	refuses("--vnode=1 --log --timeout=1", "--timeout goes with a start, -l and -u only");
	refuses("--vnode=1 --log --read-only", "--read-only goes with --console only");
	refuses("--vnode-list vmlinuz", "vmlinuz: KERNEL goes with a start and -l only");
}

static void twice(void)
{
	static const char * const once[] = {
		"--vnode=1", "--cpus=2", "--mem=256M", "--initrd=i", "--append=a", "--name=n",
		"--boot-cpu=2", "--mem-min=0", "--mem-max=0", "--unpack", "--no-unpack",
		"--restart=no", "--viewers=2", "--dump-on-failure=/", "--boot-limit=0",
		"--dry-run", "--wait=0", "--timeout=0", "--force", "--read-only", "--json", "-l",
		"-e", "-u", "-S", "--log", "--dump=d", "--console", "--gdb", "--vnode-list",
	};
	char line[256];
	size_t i;

	for (i = 0; i < KTAP_NR(once); i++) {
		snprintf(line, sizeof(line), "%s %s", once[i], once[i]);
		if (refuses(line, "is there twice: give it once"))
			KTAP_CHECK(!strncmp(err.text, once[i], strcspn(once[i], "=")));
	}
	refuses("--initrd=a --ramdisk=b", "--initrd or --ramdisk is there twice");
	refuses("--append=a k --command-line=b", "--append or --command-line is there twice");
	refuses("-l --load", "-l is there twice");
	refuses("--cpus=2 k --cpus 3", "--cpus is there twice");
	refuses("--unpack --no-unpack", "--unpack and --no-unpack: give one of them");
	accepts("--vnode=1 --net=a --net=b k --net=c");
	KTAP_CHECK_EQ(config.nets.nr, 3);
}

static void bad_values(void)
{
	static const char * const want_values[] = {
		"--vnode", "--cpus", "--mem", "--mem-min", "--mem-max", "--name", "--boot-cpu",
		"--initrd", "--ramdisk", "--append", "--timeout", "--wait", "--boot-limit",
		"--restart", "--viewers", "--net", "--dump", "--dump-on-failure", "--devices",
	};
	char line[256];
	size_t i;

	for (i = 0; i < KTAP_NR(want_values); i++) {
		snprintf(line, sizeof(line), "%s needs a value", want_values[i]);
		refuses(want_values[i], line);
	}
	refuses("--mem=1GB", "--mem: size \"1GB\" is not understood");
	refuses("--mem-min=1GB", "--mem-min: address \"1GB\" is not understood");
	refuses("--cpus=x", "--cpus: \"x\" is not understood");
	refuses("--boot-cpu=-1", "--boot-cpu: CPU \"-1\" is not understood");
	refuses("--wait=nan", "--wait: time \"nan\" is not understood");
	refuses("--name=1", "--name: vnode name \"1\" begins with");
	refuses("--restart=x", "--restart: restart \"x\" is not understood");
	refuses("--viewers=0", "--viewers: vnode id 0 is out of range");
	refuses("--vnode=1 --gdb=1234", "--gdb=1234: there is no port; in gdb, write: target remote");
	refuses("--vnode=1 --gdb=", "--gdb=: there is no port");
	refuses("--dump=", "--dump=: want the name of a file");
	refuses("--dump-on-failure=/dev/null", "--dump-on-failure=/dev/null: not a directory");
	refuses("--devices=x", "--devices: not supported yet");
	refuses("--vnode-config=x", "--vnode-config: not supported yet");
	refuses("--nonsense", "--nonsense: not an option for vnodes");
	refuses("--vnode=1 -p", "-p: not an option for vnodes");
	refuses("--vnode=1 -lx", "-lx: not an option for vnodes");
	refuses("--vnode=1 -l-", "-l-: not an option for vnodes");
	refuses("--dry-run=1", "--dry-run=1: not an option for vnodes");
}

static bool wants(const char *line)
{
	char *argv[WORDS_MAX];
	int argc = split(line, argv);

	return vnode_wants(argc, argv);
}

static void whose_it_is(void)
{
	static const struct option plain[] = { KEXEC_ALL_OPTIONS { } };
	char line[64];
	size_t i;

	for (i = 0; plain[i].name; i++) {
		snprintf(line, sizeof(line), "--%s%s", plain[i].name, plain[i].has_arg ? "=1" : "");
		if (!KTAP_CHECK(!wants(line)))
			ktap_note("  %s", line);
	}
	KTAP_CHECK(i > 40);
	KTAP_CHECK(!wants("") && !wants("-l vmlinuz --append=quiet --initrd=i") && !wants("-e"));
	KTAP_CHECK(!wants("-l --mem-min=1 -- --vnode=1"));
	KTAP_CHECK(!wants("-l vmlinuz-vnode --append=--vnode=1"));
	KTAP_CHECK(wants("--vnode=1") && wants("-l vmlinuz --vnode 1") && wants("--vnode-list"));
	KTAP_CHECK(wants("-l vmlinuz --cpus=2") && wants("-S --json") && wants("--gdb"));
}

/* What a viewer sends follows its option: it looks, and touches no file of root's. */
static void viewers_only_look(void)
{
	accepts("--vnode-viewer=2 --vnode=1 --dump=-");
	KTAP_CHECK_EQ(config.viewer, 2);
	accepts("--vnode-viewer=2 --vnode-list --json");
	refuses("--vnode-viewer=2 --vnode=1 --dump=/tmp/core",
		"--dump=/tmp/core: a viewer writes no file");
	refuses("--vnode-viewer=2 --vnode-viewer=3 --vnode=1 -S", "is there twice");
	refuses("--vnode-viewer=2 --vnode=1 -u", "--unload is not for viewers");
	refuses("--vnode-viewer=2 --vnode=1 --exec -- sh", "--exec is not for viewers");
	refuses("--vnode-viewer=2 --vnode=1 --console", "--console is not for viewers");
	refuses("--vnode-viewer=2 --dump-on-failure=/none", "--dump-on-failure is not for viewers");
	refuses("--vnode-viewer=2 --vnode=1 k --cpus=1", "--cpus is not for viewers");
	refuses("--vnode-viewer=2 --vnode=1 -S k", "k: KERNEL goes with");
}

/* Each line of the list is in the overview, and the overview fits a terminal. */
static void overview(void)
{
	char *list, *help, *line;
	size_t size;
	FILE *out;

	out = open_memstream(&help, &size);
	KTAP_REQUIRE(out);
	vnode_options_print_help(out);
	fclose(out);
	out = open_memstream(&list, &size);
	KTAP_REQUIRE(out);
	vnode_options_print_list(out);
	fclose(out);
	for (line = strtok(list, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "--ramdisk", 9) && strncmp(line, "--command-line", 14) &&
		    !KTAP_CHECK(strstr(help, line)))
			ktap_note("  %s", line);
	for (line = strtok(help, "\n"); line; line = strtok(NULL, "\n"))
		if (!KTAP_CHECK(strlen(line) <= 80))
			ktap_note("  %s", line);
	free(list);
	free(help);
}

static const struct ktap_test tests[] = {
	{ "options and KERNEL in every order", every_order },
	{ "and where POSIXLY_CORRECT is set", posix_order },
	{ "what is KERNEL", operands },
	{ "values reach their fields", values },
	{ "verbs, one at a time", verbs },
	{ "options go with their verbs only", what_goes_with_what },
	{ "options that cannot be repeated", twice },
	{ "values that are missing or bad, unknown options", bad_values },
	{ "command lines of plain kexec are left to it", whose_it_is },
	{ "viewers only look", viewers_only_look },
	{ "the overview names every option", overview },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
