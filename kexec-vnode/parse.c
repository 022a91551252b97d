// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a command line or a configuration file: CPU lists, sizes, ids,
 * names, restarts. Strict: every character must belong, there is no white space and no
 * sign, and decimal numbers may begin with zeros (there is no octal). An error
 * repeats at most 40 characters of its input.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/vnode.h>

#include "parse.h"

/* Linux numbers its CPUs below NR_CPUS, at most 8192 on x86-64. */
#define CPU_MAX		8191
#define RESTARTS_MAX	1000000

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/**
 * vnode_take_number() - digits, and nothing before them
 * @text: where they are; moved behind them
 * @base: 10 or 16
 * @max: the largest number there may be
 * @value: set
 *
 * Return: 0; -EINVAL (no digit, @text is where it was); -ERANGE (more than @max).
 */
int vnode_take_number(const char **text, unsigned int base, uint64_t max, uint64_t *value)
{
	const char *c = *text;
	bool fits = true;

	for (*value = 0; digit_value(*c) < (int)base; c++) {
		uint64_t digit = digit_value(*c);

		if (digit > max || *value > (max - digit) / base)
			fits = false;
		if (fits)
			*value = *value * base + digit;
	}
	if (c == *text)
		return -EINVAL;
	*text = c;
	return fits ? 0 : -ERANGE;
}

struct cpu_range {
	uint64_t first, last, stride;
};

/* "4", "0-3", "0-10:2" at *text; moves *text behind it. */
static int parse_range(const char **text, struct cpu_range *range)
{
	int ret;

	ret = vnode_take_number(text, 10, CPU_MAX, &range->first);
	if (ret)
		return ret;
	range->last = range->first;
	range->stride = 1;
	if (**text != '-')
		return 0;

	(*text)++;
	ret = vnode_take_number(text, 10, CPU_MAX, &range->last);
	if (ret || **text != ':')
		return ret;

	(*text)++;
	return vnode_take_number(text, 10, CPU_MAX, &range->stride);
}

static int add_range(struct vnode_cpus *cpus, const struct cpu_range *range,
		     uint8_t *seen, struct vnode_err *err)
{
	unsigned int cpu;

	for (cpu = range->first; cpu <= range->last; cpu += range->stride) {
		if (seen[cpu])
			return vnode_err(err, EINVAL,
					 "CPU list: CPU %u is there twice: name every CPU once",
					 cpu);
		if (cpus->nr == VNODE_CPUS_MAX)
			return vnode_err(err, E2BIG,
					 "CPU list: CPU %u is one too many: a vnode takes at most %d",
					 cpu, VNODE_CPUS_MAX);
		seen[cpu] = 1;
		cpus->cpu[cpus->nr++] = cpu;
	}
	return 0;
}

static int bad_piece(struct vnode_err *err, int errnum, const char *piece, const char *why)
{
	size_t length = strcspn(piece, ",");

	return vnode_err(err, errnum,
			 "CPU list: \"%.*s\" %s: expected a list like 0-2,5 or 0-10:2",
			 length < 40 ? (int)length : 40, piece, why);
}

/**
 * vnode_parse_cpus() - a list of CPUs as taskset(1) and cpuset(7) write it
 * @text: ranges "4", "0-3" or, every second one, "0-10:2", separated by commas
 * @cpus: the CPUs in the order of the list
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, a CPU listed twice); -ERANGE (a number above
 * 8191); -E2BIG (more than VNODE_CPUS_MAX CPUs). @cpus is undefined then.
 */
int vnode_parse_cpus(const char *text, struct vnode_cpus *cpus, struct vnode_err *err)
{
	uint8_t seen[CPU_MAX + 1] = { 0 };
	const char *c = text, *piece;
	struct cpu_range range;
	int ret;

	cpus->nr = 0;
	for (;; c++) {
		piece = c;
		ret = parse_range(&c, &range);
		if (ret == -ERANGE)
			return bad_piece(err, ret, piece, "has a number above 8191");
		if (ret || (*c && *c != ','))
			return bad_piece(err, -EINVAL, piece, "is not understood");
		if (range.last < range.first)
			return bad_piece(err, -EINVAL, piece, "is a range that goes down");
		if (!range.stride)
			return bad_piece(err, -EINVAL, piece, "has a stride of 0");
		ret = add_range(cpus, &range, seen, err);
		if (ret || !*c)
			return ret;
	}
}

/* Bits that a suffix shifts by; 0 for no suffix. */
static unsigned int suffix_shift(char c)
{
	static const char suffixes[] = "KMGTkmgt";
	const char *s = c ? strchr(suffixes, c) : NULL;

	return s ? ((s - suffixes) % 4 + 1) * 10 : 0;
}

/**
 * vnode_parse_size() - a size in bytes
 * @text: decimal, or hexadecimal after "0x", then perhaps one of K, M, G, T in
 *	either case (1024, 1024^2, ...)
 * @size: the size, never 0
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, zero); -ERANGE (2^64 or more).
 */
int vnode_parse_size(const char *text, uint64_t *size, struct vnode_err *err)
{
	unsigned int base = 10, shift;
	const char *c = text;
	uint64_t value;
	int ret;

	if (c[0] == '0' && (c[1] == 'x' || c[1] == 'X')) {
		base = 16;
		c += 2;
	}
	ret = vnode_take_number(&c, base, UINT64_MAX, &value);
	shift = suffix_shift(*c);
	if (shift)
		c++;
	if (ret == -EINVAL || *c)
		return vnode_err(err, EINVAL,
				 "size \"%.40s\" is not understood: expected a number with K, M, G, T or nothing behind it, as in 512M",
				 text);
	if (ret || value << shift >> shift != value)
		return vnode_err(err, ERANGE,
				 "size \"%.40s\" is too large: expected less than 2^64 bytes",
				 text);
	if (!value)
		return vnode_err(err, EINVAL,
				 "size \"%.40s\" is zero: expected at least one byte",
				 text);
	*size = value << shift;
	return 0;
}

/**
 * vnode_parse_id() - the id of a vnode
 * @text: decimal, 1 to VNODE_ID_MAX
 * @id: the id
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (no number); -ERANGE (0, which is root; or too large).
 */
int vnode_parse_id(const char *text, unsigned int *id, struct vnode_err *err)
{
	const char *c = text;
	uint64_t value;
	int ret;

	ret = vnode_take_number(&c, 10, VNODE_ID_MAX, &value);
	if (ret == -EINVAL || *c)
		return vnode_err(err, EINVAL,
				 "vnode id \"%.40s\" is not a number: expected 1 to %d",
				 text, VNODE_ID_MAX);
	if (ret || !value)
		return vnode_err(err, ERANGE,
				 "vnode id \"%.40s\" is out of range: expected 1 to %d",
				 text, VNODE_ID_MAX);
	*id = value;
	return 0;
}

/**
 * vnode_check_name() - whether this can be the name of a vnode
 * @name: 1 to 31 of A-Z a-z 0-9 - _ . and first a letter or _, so that a name is
 *	never taken for an id, an option or a hidden file
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (a character); -ENAMETOOLONG.
 */
int vnode_check_name(const char *name, struct vnode_err *err)
{
	static const char allowed[] =
		"0123456789-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t good = strspn(name, allowed);

	if (!*name)
		return vnode_err(err, EINVAL,
				 "the vnode's name is empty: expected 1 to %d characters",
				 VNODE_NAME_LEN - 1);
	if (name[good])
		return vnode_err(err, EINVAL,
				 "vnode name \"%.40s\" has a bad character at \"%.40s\": expected letters, digits, '-', '_' and '.'",
				 name, name + good);
	if (strchr("0123456789-.", *name))
		return vnode_err(err, EINVAL,
				 "vnode name \"%.40s\" begins with '%c': expected a letter or '_' first",
				 name, *name);
	if (good >= VNODE_NAME_LEN)
		return vnode_err(err, ENAMETOOLONG,
				 "vnode name \"%.40s\" has %zu characters: expected at most %d",
				 name, good, VNODE_NAME_LEN - 1);
	return 0;
}

/* What follows "on-failure": nothing, or ":N". */
static int parse_times(const char *text, uint32_t *times)
{
	uint64_t value = 0;
	int ret;

	*times = 0;
	if (!*text)
		return 0;
	if (*text++ != ':')
		return -EINVAL;
	ret = vnode_take_number(&text, 10, RESTARTS_MAX, &value);
	if (ret)
		return ret;
	*times = value;
	return *text || !value ? -EINVAL : 0;
}

/**
 * vnode_parse_restart() - what is done after a failure
 * @text: "no", "on-failure", or "on-failure:N" with N from 1 to 1000000
 * @restart: VNODE_RESTART_NO or VNODE_RESTART_ON_FAILURE
 * @times: N, or 0 for no limit
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, N is 0); -ERANGE (N is too large).
 */
int vnode_parse_restart(const char *text, enum vnode_restart *restart, uint32_t *times,
			struct vnode_err *err)
{
	static const char on_failure[] = "on-failure";
	int ret;

	*times = 0;
	*restart = VNODE_RESTART_NO;
	if (!strcmp(text, "no"))
		return 0;
	*restart = VNODE_RESTART_ON_FAILURE;
	ret = -EINVAL;
	if (!strncmp(text, on_failure, strlen(on_failure)))
		ret = parse_times(text + strlen(on_failure), times);
	if (!ret)
		return 0;
	return vnode_err(err, ret,
			 "restart \"%.40s\" is not understood: expected no, on-failure, or on-failure:N with N from 1 to %d",
			 text, RESTARTS_MAX);
}

/* Number of CPUs from @cpu on that follow each other. */
static unsigned int run_length(const uint32_t *cpu, unsigned int nr)
{
	unsigned int run = 1;

	while (run < nr && cpu[run - 1] != UINT32_MAX && cpu[run] == cpu[run - 1] + 1)
		run++;
	return run;
}

/**
 * vnode_format_cpus() - the opposite of vnode_parse_cpus()
 * @cpu: the CPUs, in the order they are listed
 * @nr: how many
 * @text: gets "0-2,5", or "" for no CPU
 * @size: room in @text with the NUL. Only whole ranges are written; if they
 *	do not all fit, "..." follows them, room permitting.
 *
 * Return: @text.
 */
char *vnode_format_cpus(const uint32_t *cpu, unsigned int nr, char *text, size_t size)
{
	size_t used = 0, room;
	unsigned int i, run;
	char piece[32];
	int len;

	if (size)
		*text = '\0';
	for (i = 0; i < nr; i += run) {
		const char *comma = i ? "," : "";

		run = run_length(cpu + i, nr - i);
		if (run == 1)
			len = snprintf(piece, sizeof(piece), "%s%u", comma, cpu[i]);
		else
			len = snprintf(piece, sizeof(piece), "%s%u-%u", comma, cpu[i],
				       cpu[i + run - 1]);

		/* what is left over must have room for its dots */
		room = size - used;
		if (i + run < nr)
			room -= room > strlen(",...") ? strlen(",...") : room;
		if ((size_t)len >= room) {
			len = snprintf(piece, sizeof(piece), "%s...", comma);
			run = nr - i;
			if ((size_t)len >= size - used)
				break;
		}
		memcpy(text + used, piece, len + 1);
		used += len;
	}
	return text;
}
