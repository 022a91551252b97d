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

enum when { ALWAYS, IF_TSC_IS_RELIABLE, WITH_PIECE, WITH_CONSOLE };

static const struct word {
	enum when when;
	const char *text;		/* %u: the TSC frequency */
	const char *reason;
} words[] = {
	{ ALWAYS, "tsc_early_khz=%u",
	  "a vnode has no PIT, HPET or PM timer to measure its TSC with" },
	{ IF_TSC_IS_RELIABLE, "tsc=reliable",
	  "root trusts the TSC, and a vnode has no other clock to check it with" },
	{ ALWAYS, "no_ipi_broadcast=1", "a broadcast IPI reaches every CPU of the machine" },
	{ ALWAYS, "apic_extnmi=none", "the external NMIs of the machine (LINT1) are root's" },
	{ ALWAYS, "8250.nr_uarts=0", "the serial ports are root's" },
	{ ALWAYS, "pci=off", "PCI and its configuration ports are root's" },
	{ ALWAYS, "swiotlb=noforce", "without devices there is nothing to bounce: saves 64 MiB" },
	/* SDM volume 3, "Restrictions on VMX operation" */
	{ ALWAYS, "module_blacklist=kvm_intel",
	  "a CPU in VMX operation ignores INIT: it cannot be stopped" },
	{ ALWAYS, "panic=0", "before adeos-lite is loaded, a reboot resets the machine" },
	{ WITH_PIECE, "rdinit=" VNODE_PIECE_INIT,
	  "loads our modules, then starts the initrd's own /init" },
	{ WITH_CONSOLE, "console=hvc0", "the console that root shows; --append may name others" },
};

#define NR_WORDS	(sizeof(words) / sizeof(*words))

static bool is_there(enum when when, const struct vnode_machine *machine,
		     const struct vnode_piece *piece, const char *append)
{
	switch (when) {
	case IF_TSC_IS_RELIABLE:
		return machine->tsc_reliable;
	case WITH_PIECE:
		return piece->data;
	case WITH_CONSOLE:
		return piece->data && piece->console &&
		       !(append && vnode_append_has(append, "console="));
	default:
		return true;
	}
}

int vnode_cmdline_build(const struct vnode_machine *machine, const struct vnode_piece *piece,
			const char *append, char cmdline[VNODE_CMDLINE_MAX + 1],
			struct vnode_err *err)
{
	size_t size = VNODE_CMDLINE_MAX + 1, len = 0, i;

	for (i = 0; i < NR_WORDS; i++) {
		if (!is_there(words[i].when, machine, piece, append))
			continue;
		/* the room beyond VNODE_APPEND_MAX is enough for all words */
		len += snprintf(cmdline + len, size - len, "%s", len ? " " : "");
		len += snprintf(cmdline + len, size - len, words[i].text, machine->tsc_khz);
	}
	if (append)
		len += snprintf(cmdline + len, size - len, " %s", append);
	if (len >= size)
		return vnode_err(err, EINVAL, "--append: the command line is too long");
	return 0;
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
