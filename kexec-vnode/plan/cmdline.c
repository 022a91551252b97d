// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel command line of a vnode: the words below, and --append behind them.
 * Documentation/layout.md has the same table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "append.h"
#include "piece/piece.h"
#include "plan.h"

#define BLACKLIST	"module_blacklist="
#define KVM		"kvm_intel"
#define NO_ACPI		"without ACPI a kernel takes other tables of the machine, and programs its IO-APIC"

enum when { ALWAYS, IF_TSC_IS_RELIABLE, IF_BOOT_PARAMS_ARE_OLD, WITH_PIECE, WITH_CONSOLE };

/**
 * struct word - a word of ours
 * @when: it is there
 * @text: %u: the TSC frequency, %#llx: the address of the RSDP
 * @reason: of it
 * @replaced: a word of --append of the same kind replaces it if its value has this, and
 *	then the vnode may harm others; "": any value; NULL: it would not
 */
static const struct word {
	enum when when;
	const char *text;
	const char *reason;
	const char *replaced;
} words[] = {
	{ ALWAYS, "tsc_early_khz=%u",
	  "a vnode has no PIT, HPET or PM timer to measure its TSC with", NULL },
	{ IF_TSC_IS_RELIABLE, "tsc=reliable",
	  "root trusts the TSC, and a vnode has no other clock to check it with", NULL },
	{ ALWAYS, "no_ipi_broadcast=1", "a broadcast IPI reaches every CPU of the machine", "" },
	{ ALWAYS, "apic_extnmi=none", "the external NMIs of the machine (LINT1) are root's", "" },
	{ ALWAYS, "8250.nr_uarts=0", "the serial ports are root's", "" },
	{ ALWAYS, "pci=off", "PCI and its configuration ports are root's", "conf" },
	{ ALWAYS, "swiotlb=noforce", "without devices there is nothing to bounce: saves 64 MiB",
	  NULL },
	/* SDM volume 3, "Restrictions on VMX operation". A list: that of --append is added. */
	{ ALWAYS, BLACKLIST KVM, "a CPU in VMX operation ignores INIT: it cannot be stopped",
	  NULL },
	{ ALWAYS, "panic=0", "before adeos-lite is loaded, a reboot resets the machine", "" },
	{ IF_BOOT_PARAMS_ARE_OLD, "acpi_rsdp=%#llx",
	  "the image may not know the field of boot_params for it (boot protocol 2.14)", NULL },
	{ WITH_PIECE, "rdinit=" VNODE_PIECE_INIT,
	  "loads our modules, then starts the initrd's own /init", NULL },
	{ WITH_CONSOLE, "console=hvc0", "the console that root shows; --append may name others",
	  NULL },
};

#define NR_WORDS	(sizeof(words) / sizeof(*words))

/* Words of --append with which a kernel cannot run as a vnode */
static const struct {
	const char *prefix;
	const char *part;		/* of its value; NULL: the prefix is all of it */
	const char *reason;
} refused[] = {
	{ "acpi=off", NULL, NO_ACPI },
	{ "acpi=ht", NULL, NO_ACPI },
	{ "acpi=noirq", NULL, NO_ACPI },
	{ "pci=", "noacpi", NO_ACPI },
	{ "acpi_rsdp=", "", "a vnode has ACPI tables of its own" },
	{ "nolapic", NULL, "a vnode has no other timer than that of its APIC" },
	{ "disableapic", NULL, "a vnode has no other timer than that of its APIC" },
	{ "mem=", "", "it counts from address 0, where a vnode has no memory: give --mem" },
	{ "memmap=", "exactmap", "the memory of a vnode is what root has lent" },
	{ "memmap=", "@", "the memory of a vnode is what root has lent" },
};

#define NR_REFUSED	(sizeof(refused) / sizeof(*refused))

static bool is_there(enum when when, const struct vnode_machine *machine, uint64_t rsdp_pa,
		     const struct vnode_piece *piece, const char *append)
{
	switch (when) {
	case IF_TSC_IS_RELIABLE:
		return machine->tsc_reliable;
	case IF_BOOT_PARAMS_ARE_OLD:
		return rsdp_pa;
	case WITH_PIECE:
		return piece->data;
	case WITH_CONSOLE:
		return piece->data && piece->console &&
		       !(append && vnode_append_has(append, "console="));
	default:
		return true;
	}
}

static size_t print_word(char *to, size_t size, const struct word *word,
			 const struct vnode_machine *machine, uint64_t rsdp_pa)
{
	if (word->when == IF_BOOT_PARAMS_ARE_OLD)
		return snprintf(to, size, word->text, (unsigned long long)rsdp_pa);
	return snprintf(to, size, word->text, machine->tsc_khz);
}

/*
 * Linux takes the last list alone: ours is added to that of --append. *@append: set to
 * @merged if there is one
 */
static int merge_blacklist(const char **append, char merged[VNODE_APPEND_MAX + 1],
			   struct vnode_err *err)
{
	char text[VNODE_CMDLINE_MAX + 1];
	const char *list;
	size_t len;
	int ret;

	list = vnode_append_value(*append, BLACKLIST, &len);
	if (!list)
		return 0;
	snprintf(text, sizeof(text), BLACKLIST KVM ",%.*s", (int)len, list);
	ret = vnode_append_insert(*append, text, BLACKLIST, merged, err);
	*append = merged;
	return ret;
}

int vnode_cmdline_build(const struct vnode_machine *machine, const struct vnode_piece *piece,
			uint64_t rsdp_pa, const char *append,
			char cmdline[VNODE_CMDLINE_MAX + 1], struct vnode_err *err)
{
	size_t size = VNODE_CMDLINE_MAX + 1, len = 0, i;
	char merged[VNODE_APPEND_MAX + 1];
	int ret;

	for (i = 0; i < NR_WORDS; i++) {
		if (!is_there(words[i].when, machine, rsdp_pa, piece, append))
			continue;
		/* the room beyond VNODE_APPEND_MAX is enough for all words */
		len += snprintf(cmdline + len, size - len, "%s", len ? " " : "");
		len += print_word(cmdline + len, size - len, &words[i], machine, rsdp_pa);
	}
	if (!append)
		return 0;
	ret = merge_blacklist(&append, merged, err);
	if (ret)
		return ret;
	len += snprintf(cmdline + len, size - len, " %s", append);
	if (len >= size)
		return vnode_err(err, EINVAL, "--append: the command line is too long");
	return 0;
}

/* ---- what --append should not have ---- */

static bool has_part(const char *value, size_t len, const char *part)
{
	const char *found = strstr(value, part);

	return found && found + strlen(part) <= value + len;
}

static bool is_refused(size_t i, const char *word, size_t len)
{
	size_t prefix = strlen(refused[i].prefix);

	if (len < prefix || strncmp(word, refused[i].prefix, prefix))
		return false;
	return refused[i].part ? has_part(word + prefix, len - prefix, refused[i].part) :
				 len == prefix;
}

int vnode_cmdline_check(const char *append, struct vnode_err *err)
{
	const char *word, *at = NULL;
	size_t len, i;

	while ((word = vnode_append_next(append, &at, &len)))
		for (i = 0; i < NR_REFUSED; i++)
			if (is_refused(i, word, len))
				return vnode_err(err, EINVAL, "--append: %.*s: %s", (int)len, word,
						 refused[i].reason);
	return 0;
}

/* The last word of @append that takes the place of @ours. NULL: none */
static const char *overrides(const struct word *ours, const char *append, size_t *found_len)
{
	size_t key = strcspn(ours->text, "=") + 1, len;
	const char *word, *at = NULL, *found = NULL;

	while ((word = vnode_append_next(append, &at, &len))) {
		if (strncmp(word, ours->text, key) ||
		    !has_part(word + key, len - key, ours->replaced))
			continue;
		found = word;
		*found_len = len;
	}
	if (found && *found_len == strlen(ours->text) && !strncmp(found, ours->text, *found_len))
		return NULL;
	return found;
}

size_t vnode_cmdline_overridden(const char *append, char *text, size_t size)
{
	size_t used = 0, len, i;
	const char *word;

	*text = '\0';
	for (i = 0; i < NR_WORDS; i++) {
		word = words[i].replaced ? overrides(&words[i], append, &len) : NULL;
		if (word && used < size)
			used += snprintf(text + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)len, word);
	}
	return used;
}

bool vnode_cmdline_has(const char *cmdline, const char *word)
{
	size_t len = strlen(word);
	const char *at = cmdline;

	while ((at = strstr(at, word))) {
		if ((at == cmdline || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

void vnode_cmdline_print(const char *cmdline, FILE *out)
{
	const char *at = cmdline;
	size_t i, len;

	fprintf(out, "cmdline:  %s\n", cmdline);
	for (i = 0; i < NR_WORDS; i++) {
		if (strncmp(at, words[i].text, strcspn(words[i].text, "%")))
			continue;
		len = strcspn(at, " ");
		fprintf(out, "          %.*s: %s\n", (int)len, at, words[i].reason);
		at += len + strspn(at + len, " ");
	}
}
