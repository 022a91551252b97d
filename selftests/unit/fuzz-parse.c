// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/parse.c, options.c, --net, --disk and --fs, against any text. What is accepted
 * must be in range and come back the same after it was written out; what is refused must
 * have a sentence. From the top directory:
 *
 *	make build/check/bin/fuzz-parse
 *	build/check/bin/fuzz-parse -max_len=256 -only_ascii=1 -max_total_time=300
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vnode.h>

#include "cli.h"
#include "net.h"
#include "options.h"
#include "parse.h"
#include "vnode-hooks.h"

static struct vnode_err err;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "violated: %s\n", what);
	abort();
}

#define MUST(cond)	must(cond, #cond)

static void check_result(int ret)
{
	MUST(ret <= 0);
	MUST(!ret == !err.text[0]);
}

static void fuzz_cpus(const char *text)
{
	static struct vnode_cpus cpus, again;
	static char buf[VNODE_CPUS_MAX * 6];
	char small[24];
	unsigned int i, j;
	int ret = vnode_parse_cpus(text, &cpus, &err);

	check_result(ret);
	if (ret)
		return;
	MUST(cpus.nr >= 1 && cpus.nr <= VNODE_CPUS_MAX);
	for (i = 0; i < cpus.nr; i++)
		for (j = 0; j < i; j++)
			MUST(cpus.cpu[i] != cpus.cpu[j]);

	MUST(vnode_format_cpus(cpus.cpu, cpus.nr, buf, sizeof(buf)) == buf);
	MUST(!vnode_parse_cpus(buf, &again, NULL));
	MUST(again.nr == cpus.nr);
	MUST(!memcmp(again.cpu, cpus.cpu, cpus.nr * sizeof(cpus.cpu[0])));

	/* ASan watches the end of each */
	for (i = 1; i <= sizeof(small); i++) {
		char *exact = malloc(i);

		MUST(exact);
		vnode_format_cpus(cpus.cpu, cpus.nr, exact, i);
		MUST(strlen(exact) < i);
		MUST(!strncmp(exact, buf, strcspn(exact, ".")));
		free(exact);
	}
}

static void fuzz_size(const char *text)
{
	char buf[32];
	uint64_t size = 0, again = 0;
	int ret = vnode_parse_size(text, &size, &err);

	check_result(ret);
	if (ret)
		return;
	MUST(size);
	MUST(!vnode_parse_address(text, &again, NULL) && again == size);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)size);
	MUST(!vnode_parse_size(buf, &again, NULL) && again == size);
	snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)size);
	MUST(!vnode_parse_size(buf, &again, NULL) && again == size);
	/* a plain number is what the C library makes of it */
	if (strspn(text, "0123456789") == strlen(text))
		MUST(strtoull(text, NULL, 10) == size);
}

static void fuzz_id_and_name(const char *text)
{
	unsigned int id = 0;
	int ret = vnode_parse_id(text, &id, &err);

	check_result(ret);
	if (!ret)
		MUST(id >= 1 && id <= VNODE_ID_MAX && strtoul(text, NULL, 10) == id);

	err.text[0] = '\0';
	if (vnode_check_name(text, &err)) {
		MUST(err.text[0]);
		return;
	}
	MUST(ret);			/* no text is both */
	MUST(strlen(text) >= 1 && strlen(text) < VNODE_NAME_LEN);
	MUST(!strpbrk(text, "/ \"'\n,:"));
}

static void fuzz_restart(const char *text)
{
	struct vnode_restart restart = {};
	char buf[32];
	int ret = vnode_parse_restart(text, &restart, &err);

	check_result(ret);
	if (ret)
		return;
	MUST(restart.on_failure || !restart.times);
	if (restart.times) {
		snprintf(buf, sizeof(buf), "on-failure:%u", restart.times);
		MUST(!strncmp(text, buf, strlen("on-failure:")));
		MUST(strtoul(text + strlen("on-failure:"), NULL, 10) == restart.times);
	}
}

static void fuzz_seconds(const char *text)
{
	double seconds = -1;
	int ret = vnode_parse_seconds(text, &seconds, &err);

	check_result(ret);
	if (ret)
		return;
	MUST(seconds >= 0 && seconds <= 86400);
	MUST(strspn(text, "0123456789.") == strlen(text));
	MUST(fabs(strtod(text, NULL) - seconds) <= 0.000000001);
}

static void fuzz_cpu(const char *text)
{
	int cpu = -1;
	int ret = vnode_parse_cpu(text, &cpu, &err);

	check_result(ret);
	if (!ret)
		MUST(cpu >= 0 && cpu <= 8191 && strtol(text, NULL, 10) == cpu);
}

/* What was taken, written out */
static void print_net(const struct vnic_net *net, char *text)
{
	const uint8_t *mac = net->mac;

	text += sprintf(text, "%s", net->name);
	if (memcmp(mac, "\0\0\0\0\0", 6))
		text += sprintf(text, ",mac=%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
				mac[2], mac[3], mac[4], mac[5]);
	if (net->queues)
		text += sprintf(text, ",queues=%u", net->queues);
	if (net->mtu)
		text += sprintf(text, ",mtu=%u", net->mtu);
}

static void check_net(const struct vnic_net *net)
{
	struct vnode_nets again = {};
	char buf[128];

	MUST(strlen(net->name) >= 1 && strlen(net->name) < VNIC_NETWORK_MAX);
	MUST(!strpbrk(net->name, "/ \"'\n,:;="));
	MUST(strcmp(net->name, "none") && strcmp(net->name, ".") && strcmp(net->name, ".."));
	MUST(!(net->mac[0] & 1));
	MUST(net->queues <= VNIC_QUEUES);
	MUST(!net->mtu || (net->mtu >= 68 && net->mtu <= 65521));

	print_net(net, buf);
	MUST(!vnode_parse_net(buf, &again, NULL));
	MUST(again.nr == 1 && !again.none && !memcmp(&again.net[0], net, sizeof(*net)));
}

static void fuzz_net(const char *text)
{
	struct vnode_nets nets = {};
	int ret = vnode_parse_net(text, &nets, &err);

	check_result(ret);
	MUST(nets.nr + nets.none == !ret);
	MUST(!nets.none == !!strcmp(text, "none"));
	if (nets.nr)
		check_net(&nets.net[0]);
	if (!ret)
		MUST(vnode_parse_net(text, &nets, NULL) && nets.nr + nets.none == 1);
}

static void fuzz_disk(const char *text)
{
	static struct vnode_virtio virtio;
	int ret;

	virtio.nr = 0;
	ret = vnode_parse_disk(text, &virtio, &err);
	check_result(ret);
	MUST(virtio.nr == !ret);
	if (ret)
		return;
	MUST(*virtio.device[0].path && strlen(virtio.device[0].path) <= strlen(text));
	MUST(strlen(virtio.device[0].serial) <= 20);
}

/* The words of what is accepted are one word each. */
static void fuzz_fs(const char *text)
{
	static char words[VNODE_APPEND_MAX + 1];
	static struct vnode_virtio virtio;
	int ret;

	virtio.nr = 0;
	ret = vnode_parse_fs(text, &virtio, &err);
	check_result(ret);
	MUST(virtio.nr == !ret);
	if (ret)
		return;
	MUST(*virtio.device[0].path && *virtio.device[0].target == '/');
	MUST(!strpbrk(virtio.device[0].target, " \t\"\\:,"));
	MUST(vnode_parse_fs(text, &virtio, NULL) && virtio.nr == 1);
	MUST(!vnode_virtio_append(&virtio, "a", words, NULL));
	MUST(!strncmp(words, "a root=fs0 ", 11) || !strncmp(words, "a vnode.fs=fs0:/", 16));
}

/* Into @text as --append, the parameter is put whole, and nothing else is changed. */
static void fuzz_append(const char *text)
{
	static const char none[] = "vnic.net=none";
	static char words[VNODE_APPEND_MAX + 1];
	struct vnode_nets nets = { .none = true };
	int ret = vnode_net_append(&nets, 1, "/nowhere", text, words, &err);
	size_t i, j = 0;
	char *at;

	check_result(ret);
	if (ret) {
		MUST(strstr(text, "vnic.net=") || strlen(text) + sizeof(none) > VNODE_APPEND_MAX);
		return;
	}
	MUST(strlen(words) <= VNODE_APPEND_MAX);
	if (strstr(text, none))
		return;		/* which of them is ours? */
	at = strstr(words, none);
	MUST(at && (at == words || at[-1] == ' '));
	MUST(!at[strlen(none)] || at[strlen(none)] == ' ');
	memmove(at, at + strlen(none), strlen(at + strlen(none)) + 1);
	for (i = 0; text[i]; i++) {
		if (strchr(" \t\n\v\f\r", text[i]))
			continue;
		j += strspn(words + j, " \t\n\v\f\r");
		MUST(words[j++] == text[i]);
	}
	MUST(!words[j + strspn(words + j, " \t\n\v\f\r")]);
}

/* The words of @text, which is changed, as a command line */
static void fuzz_options(char *text)
{
	static struct vnode_config config;
	char *argv[64] = { "kexec", "--vnode=1" };
	int argc = 2;
	char *word;

	for (word = strtok(text, " "); word && argc < 63; word = strtok(NULL, " "))
		argv[argc++] = word;
	vnode_wants(argc, argv);
	check_result(vnode_options_parse(&config, argc, argv, &err));
	if (err.text[0] || config.verb >= VNODE_NR_VERBS)
		return;
	MUST(!config.kernel || config.verb <= VNODE_VERB_LOAD);
	MUST(config.vnode && config.verb != VNODE_VERB_LIST);
	MUST(config.cpus.nr <= VNODE_CPUS_MAX && config.viewers.nr <= VNODE_IDS_MAX);
	MUST(strlen(config.name) < sizeof(config.name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	err.text[0] = '\0';
	fuzz_cpus(text);
	err.text[0] = '\0';
	fuzz_size(text);
	err.text[0] = '\0';
	fuzz_id_and_name(text);
	err.text[0] = '\0';
	fuzz_restart(text);
	err.text[0] = '\0';
	fuzz_seconds(text);
	err.text[0] = '\0';
	fuzz_cpu(text);
	err.text[0] = '\0';
	fuzz_net(text);
	err.text[0] = '\0';
	fuzz_disk(text);
	err.text[0] = '\0';
	fuzz_fs(text);
	err.text[0] = '\0';
	fuzz_append(text);
	err.text[0] = '\0';
	fuzz_options(text);
	free(text);
	return 0;
}
