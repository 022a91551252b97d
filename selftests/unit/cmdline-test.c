// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/plan/cmdline.c: the command line, the room it leaves for --append, and the
 * reasons, which Documentation/layout.md repeats.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "ktap.h"
#include "piece/piece.h"
#include "plan/plan.h"

#define PAGE_OF_WORDS	"Documentation/layout.md"
#define COMMON		" no_ipi_broadcast=1 apic_extnmi=none 8250.nr_uarts=0 pci=off" \
			" swiotlb=noforce module_blacklist=kvm_intel panic=0"

static const struct vnode_machine reliable = { .tsc_khz = 2500000, .tsc_reliable = true };
static const struct vnode_machine unreliable = { .tsc_khz = 2500000 };
static char data[1];
static const struct vnode_piece none;
static const struct vnode_piece piece = { .data = data, .size = 1, .console = true };
static const struct vnode_piece without_console = { .data = data, .size = 1 };
static char cmdline[VNODE_CMDLINE_MAX + 1];
static struct vnode_err err;

static int build(const struct vnode_machine *machine, const struct vnode_piece *of,
		 const char *append)
{
	return vnode_cmdline_build(machine, of, 0, append, cmdline, &err);
}

static void words_come_first(void)
{
	KTAP_CHECK_EQ(build(&reliable, &none, NULL), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000 tsc=reliable" COMMON);
	KTAP_CHECK_EQ(build(&unreliable, &none, "quiet pci=on"), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON " quiet pci=on");
}

static void words_of_the_piece(void)
{
	KTAP_CHECK_EQ(build(&unreliable, &piece, "quiet"), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON
		       " rdinit=/vnode/init console=hvc0 quiet");
	KTAP_CHECK_EQ(build(&unreliable, &without_console, NULL), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON " rdinit=/vnode/init");
	KTAP_CHECK_EQ(build(&unreliable, &piece, "a console=tty0"), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON
		       " rdinit=/vnode/init a console=tty0");
	KTAP_CHECK_EQ(build(&unreliable, &piece, "netconsole=x"), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON
		       " rdinit=/vnode/init console=hvc0 netconsole=x");
}

static void longest_append_fits(void)
{
	const struct vnode_machine fast = { .tsc_khz = UINT32_MAX, .tsc_reliable = true };
	char append[VNODE_CMDLINE_MAX + 1];

	memset(append, 'x', sizeof(append));
	append[VNODE_APPEND_MAX] = 0;
	KTAP_CHECK_EQ(build(&fast, &piece, append), 0);
	KTAP_CHECK_STR(strrchr(cmdline, ' ') + 1, append);
	append[VNODE_APPEND_MAX] = 'x';
	append[VNODE_CMDLINE_MAX] = 0;
	KTAP_CHECK_EQ(build(&fast, &piece, append), -EINVAL);
	KTAP_CHECK(strstr(err.text, "--append"));
}

static void old_images_are_told_of_the_tables(void)
{
	KTAP_CHECK_EQ(vnode_cmdline_build(&unreliable, &none, 0xabcde000, "a", cmdline, &err), 0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON " acpi_rsdp=0xabcde000 a");
}

static void lists_are_merged(void)
{
	KTAP_CHECK_EQ(build(&unreliable, &none, "module_blacklist=a module_blacklist=b,c d -- e"),
		      0);
	KTAP_CHECK_STR(cmdline, "tsc_early_khz=2500000" COMMON
		       " module_blacklist=a module_blacklist=b,c d module_blacklist=kvm_intel,b,c -- e");
}

static void check_refused(const char *append, const char *says)
{
	KTAP_CHECK_EQ(vnode_cmdline_check(append, &err), says ? -EINVAL : 0);
	if (says)
		KTAP_CHECK(strstr(err.text, says));
}

static void words_that_cannot_work_are_refused(void)
{
	check_refused("quiet acpi=off", "--append: acpi=off: without ACPI");
	check_refused("acpi=noirq quiet", "acpi=noirq: without ACPI");
	check_refused("pci=nomsi,noacpi", "pci=nomsi,noacpi: without ACPI");
	check_refused("acpi_rsdp=0x1000", "tables of its own");
	check_refused("nolapic", "no other timer");
	check_refused("mem=4G", "mem=4G: it counts from address 0");
	check_refused("memmap=exactmap", "what root has lent");
	check_refused("memmap=1G@0x40000000", "what root has lent");
	check_refused("", NULL);
	check_refused("acpi=force acpi=offf pci=nomsi memmap=1M$2M nolapic_timer xmem=1", NULL);
	check_refused("quiet -- acpi=off", NULL);
	check_refused("root=\"a acpi=off b\"", NULL);
}

static void overrides_are(const char *append, const char *expected)
{
	char text[256];

	KTAP_CHECK_EQ(vnode_cmdline_overridden(append, text, sizeof(text)), strlen(expected));
	KTAP_CHECK_STR(text, expected);
}

static void overrides_are_named(void)
{
	overrides_are("", "");
	overrides_are("quiet root=/dev/vda panic_on_oops=1", "");
	overrides_are("panic=0 pci=off no_ipi_broadcast=1", "");
	overrides_are("module_blacklist=nouveau panic=10", "panic=10");
	overrides_are("panic=10 panic=0", "");
	overrides_are("8250.nr_uarts=4 panic=-1 pci=nomsi", "8250.nr_uarts=4, panic=-1");
	overrides_are("pci=conf1", "pci=conf1");
	overrides_are("a -- panic=10", "");
}

static void words_are_found_whole(void)
{
	KTAP_CHECK(vnode_cmdline_has("nokaslr", "nokaslr"));
	KTAP_CHECK(vnode_cmdline_has("a nokaslr b", "nokaslr"));
	KTAP_CHECK(vnode_cmdline_has("xnokaslr nokaslr", "nokaslr"));
	KTAP_CHECK(!vnode_cmdline_has("", "nokaslr"));
	KTAP_CHECK(!vnode_cmdline_has("nokaslrx xnokaslr nokaslr=1", "nokaslr"));
}

static void value_is(const char *append, const char *expected)
{
	const char *value;
	char text[64];
	size_t len = 0;

	value = vnode_append_value(append, "root=", &len);
	snprintf(text, sizeof(text), "%.*s", (int)len, value ?: "");
	KTAP_CHECK_EQ(!value, !expected);
	if (value && expected)
		KTAP_CHECK_STR(text, expected);
}

static void values_are_those_that_linux_uses(void)
{
	value_is("", NULL);
	value_is("xroot=a roott=b", NULL);
	value_is("root=/dev/vda", "/dev/vda");
	value_is("quiet root=a rw", "a");
	value_is("root=a root=b", "b");
	value_is("root=", "");
	value_is("root= rw", "");
	value_is("root=\"a b\" rw", "a b");
	value_is("\"root=a b\" rw", "a b");
	value_is("root=\"a b", "a b");
}

/* The next row of the page's table of words, NULL after the last one */
static char *next_row(FILE *page, char *line, size_t size)
{
	return fgets(line, size, page) && !strncmp(line, "| `", 3) ? line : NULL;
}

/* "          WORD: REASON" of the program is "| `WORD` | REASON |" of the page. */
static bool is_same(const char *printed, const char *row)
{
	const char *colon = strchr(printed, ':');
	char expected[512];

	if (strncmp(printed, "          ", 10) || !colon)
		return false;
	if (!strncmp(printed + 10, "tsc_early_khz=", 14))
		snprintf(expected, sizeof(expected), "| `tsc_early_khz=N` | %s", colon + 2);
	else if (!strncmp(printed + 10, "acpi_rsdp=", 10))
		snprintf(expected, sizeof(expected), "| `acpi_rsdp=ADDRESS` | %s", colon + 2);
	else
		snprintf(expected, sizeof(expected), "| `%.*s` | %s",
			 (int)(colon - printed - 10), printed + 10, colon + 2);
	expected[strcspn(expected, "\n")] = 0;
	strcat(expected, " |\n");
	return KTAP_CHECK_STR(row, expected);
}

static void page_has_the_same_words(void)
{
	char line[512], row[512], *printed = NULL;
	unsigned int rows = 0;
	FILE *page, *out;
	size_t size;

	KTAP_REQUIRE(!vnode_cmdline_build(&reliable, &piece, 0x1000, "quiet", cmdline, &err));
	out = open_memstream(&printed, &size);
	vnode_cmdline_print(cmdline, out);
	fclose(out);
	out = fmemopen(printed, size, "r");
	page = fopen(PAGE_OF_WORDS, "r");
	KTAP_REQUIRE(page && out && fgets(line, sizeof(line), out));
	KTAP_CHECK(!strncmp(line, "cmdline:  tsc_early_khz=", 24));
	while (fgets(row, sizeof(row), page) && strcmp(row, "| word | reason |\n"))
		;
	KTAP_REQUIRE(fgets(row, sizeof(row), page));
	while (next_row(page, row, sizeof(row)) && fgets(line, sizeof(line), out) &&
	       is_same(line, row))
		rows++;
	KTAP_CHECK_EQ(rows, 12);
	KTAP_CHECK_STR(row, "\n");
	KTAP_CHECK(!fgets(line, sizeof(line), out));
	fclose(page);
	fclose(out);
	free(printed);
}

static const struct ktap_test tests[] = {
	{ "the words of every vnode come first", words_come_first },
	{ "the words of the piece, and no console if --append has one", words_of_the_piece },
	{ "the longest --append fits", longest_append_fits },
	{ "images that do not know the field for them are told of the tables",
	  old_images_are_told_of_the_tables },
	{ "a blacklist of modules is added to", lists_are_merged },
	{ "words that cannot work are refused", words_that_cannot_work_are_refused },
	{ "words that replace what keeps a vnode apart are named", overrides_are_named },
	{ "words are found whole", words_are_found_whole },
	{ "values are those that Linux uses", values_are_those_that_linux_uses },
	{ "the page has the same words and reasons", page_has_the_same_words },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
