// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a command line: CPU lists, sizes, addresses, seconds, ids, names,
 * restarts. The grammars are strict: no white space, no sign, nothing after
 * the word; decimal numbers may begin with zeros (there is no octal). An error
 * quotes at most 40 characters of its input.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/vnode.h>

#include "parse.h"

/* Linux numbers its CPUs below NR_CPUS, at most 8192 on x86-64. */
#define CPU_MAX		8191
#define RESTARTS_MAX	1000000
#define SECONDS_MAX	86400

static_assert(VNODE_IDS_MAX == VNODE_ID_MAX, "a list of ids holds all of them");

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
 * vnode_take_number() - read the digits of a number
 * @text: begins with the digits; moved to the first character after them
 * @base: 10 or 16
 * @max: the largest number accepted
 * @value: the number
 *
 * Return: 0; -EINVAL (no digit, @text is not moved); -ERANGE (more than @max).
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

/* @text is one decimal number from @min to @max: 0; -EINVAL (no number); -ERANGE. */
static int parse_whole(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	int ret = vnode_take_number(&text, 10, max, value);

	if (ret == -EINVAL || *text)
		return -EINVAL;
	return ret || *value < min ? -ERANGE : 0;
}

struct cpu_range {
	uint64_t first, last, stride;
};

/* Takes "4", "0-3" or "0-10:2" at *text, and moves *text after it. */
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

static int add_range(const char *what, struct vnode_cpus *cpus, const struct cpu_range *range,
		     uint8_t *seen, struct vnode_err *err)
{
	unsigned int cpu;

	for (cpu = range->first; cpu <= range->last; cpu += range->stride) {
		if (seen[cpu])
			return vnode_err(err, EINVAL,
					 "%s %u is there twice: name every %s once", what, cpu,
					 what);
		if (cpus->nr == VNODE_CPUS_MAX)
			return vnode_err(err, E2BIG,
					 "%s %u is one too many: expected at most %d", what, cpu,
					 VNODE_CPUS_MAX);
		seen[cpu] = 1;
		cpus->cpu[cpus->nr++] = cpu;
	}
	return 0;
}

static int bad_piece(struct vnode_err *err, int errnum, const char *piece, const char *why)
{
	size_t length = strcspn(piece, ",");

	return vnode_err(err, errnum,
			 "\"%.*s\" %s: expected a list like 1-3,5 or 2-10:2",
			 length < 40 ? (int)length : 40, piece, why);
}

/* @what: the numbers of the list, in an error */
static int parse_list(const char *text, const char *what, struct vnode_cpus *cpus,
		      struct vnode_err *err)
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
		ret = add_range(what, cpus, &range, seen, err);
		if (ret || !*c)
			return ret;
	}
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
	return parse_list(text, "CPU", cpus, err);
}

/**
 * vnode_parse_ids() - a list of ids of vnodes
 * @text: as of vnode_parse_cpus(), each number from 1 to VNODE_ID_MAX
 * @ids: the ids in the order of the list
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, an id listed twice); -ERANGE; -E2BIG.
 */
int vnode_parse_ids(const char *text, struct vnode_ids *ids, struct vnode_err *err)
{
	struct vnode_cpus list;
	unsigned int i;
	int ret = parse_list(text, "vnode", &list, err);

	if (ret)
		return ret;
	for (i = 0; i < list.nr; i++) {
		if (!list.cpu[i] || list.cpu[i] > VNODE_ID_MAX)
			return vnode_err(err, ERANGE, "vnode id %u is out of range: expected 1 to %d",
					 list.cpu[i], VNODE_ID_MAX);
		ids->id[i] = list.cpu[i];
	}
	ids->nr = list.nr;
	return 0;
}

/* Bits that a suffix shifts by; 0 for no suffix. */
static unsigned int suffix_shift(char c)
{
	static const char suffixes[] = "KMGTkmgt";
	const char *s = c ? strchr(suffixes, c) : NULL;

	return s ? ((s - suffixes) % 4 + 1) * 10 : 0;
}

static int parse_bytes(const char *what, const char *text, uint64_t *bytes,
		       struct vnode_err *err)
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
				 "%s \"%.40s\" is not understood: expected a number, with K, M, G, T or nothing after it, as in 512M",
				 what, text);
	if (ret || value << shift >> shift != value)
		return vnode_err(err, ERANGE,
				 "%s \"%.40s\" is too large: expected less than 2^64 bytes",
				 what, text);
	*bytes = value << shift;
	return 0;
}

/**
 * vnode_parse_size() - a size in bytes
 * @text: decimal, or hexadecimal after "0x", then optionally one of K, M, G, T in
 *	either case (1024, 1024^2, ...)
 * @size: the size, never 0
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, zero); -ERANGE (2^64 or more).
 */
int vnode_parse_size(const char *text, uint64_t *size, struct vnode_err *err)
{
	int ret = parse_bytes("size", text, size, err);

	if (!ret && !*size)
		return vnode_err(err, EINVAL,
				 "size \"%.40s\" is zero: expected at least one byte", text);
	return ret;
}

/**
 * vnode_parse_address() - a physical address
 * @text: as of vnode_parse_size()
 * @address: the address, which may be 0
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax); -ERANGE (2^64 or more).
 */
int vnode_parse_address(const char *text, uint64_t *address, struct vnode_err *err)
{
	return parse_bytes("address", text, address, err);
}

/**
 * vnode_parse_seconds() - a time span
 * @text: decimal, 0 to 86400, with at most nine digits after a point
 * @seconds: the time
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (no number); -ERANGE (more than a day).
 */
int vnode_parse_seconds(const char *text, double *seconds, struct vnode_err *err)
{
	uint64_t whole, fraction = 0;
	const char *c = text, *point;
	double unit = 1;
	int ret;

	ret = vnode_take_number(&c, 10, SECONDS_MAX, &whole);
	if (ret != -EINVAL && *c == '.') {
		point = ++c;
		if (vnode_take_number(&c, 10, UINT32_MAX, &fraction) || c - point > 9)
			ret = -EINVAL;
		while (point++ < c)
			unit *= 10;
	}
	if (*c)
		ret = -EINVAL;
	if (!ret && whole == SECONDS_MAX && fraction)
		ret = -ERANGE;
	if (ret)
		return vnode_err(err, ret,
				 "time \"%.40s\" is not understood: expected seconds from 0 to %d, as in 10 or 2.5",
				 text, SECONDS_MAX);
	*seconds = whole + fraction / unit;
	return 0;
}

/**
 * vnode_parse_cpu() - the number of a CPU
 * @text: decimal, 0 to 8191
 * @cpu: the number
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (no number); -ERANGE (too large).
 */
int vnode_parse_cpu(const char *text, int *cpu, struct vnode_err *err)
{
	uint64_t value;
	int ret = parse_whole(text, 0, CPU_MAX, &value);

	if (ret)
		return vnode_err(err, ret,
				 "CPU \"%.40s\" is not understood: expected a number from 0 to %d",
				 text, CPU_MAX);
	*cpu = value;
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
	uint64_t value;
	int ret = parse_whole(text, 1, VNODE_ID_MAX, &value);

	if (ret)
		return vnode_err(err, ret, "vnode id \"%.40s\" is %s: expected 1 to %d", text,
				 ret == -EINVAL ? "not a number" : "out of range", VNODE_ID_MAX);
	*id = value;
	return 0;
}

/**
 * vnode_check_name() - whether a text can be the name of a vnode
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

	if (!*text)
		return 0;
	if (*text++ != ':')
		return -EINVAL;
	ret = parse_whole(text, 1, RESTARTS_MAX, &value);
	*times = value;
	return ret && !value ? -EINVAL : ret;
}

/**
 * vnode_parse_restart() - what root does after a failure
 * @text: "no", "on-failure", or "on-failure:N" with N from 1 to 1000000
 * @restart: the policy
 * @err: filled on failure
 *
 * Return: 0; -EINVAL (syntax, N is 0); -ERANGE (N is too large).
 */
int vnode_parse_restart(const char *text, struct vnode_restart *restart, struct vnode_err *err)
{
	static const char on_failure[] = "on-failure";
	int ret = -EINVAL;

	*restart = (struct vnode_restart){};
	if (!strcmp(text, "no"))
		return 0;
	restart->on_failure = true;
	if (!strncmp(text, on_failure, strlen(on_failure)))
		ret = parse_times(text + strlen(on_failure), &restart->times);
	if (!ret)
		return 0;
	return vnode_err(err, ret,
			 "restart \"%.40s\" is not understood: expected no, on-failure, or on-failure:N with N from 1 to %d",
			 text, RESTARTS_MAX);
}

/* How many CPUs from @cpu on have consecutive numbers. */
static unsigned int run_length(const uint32_t *cpu, unsigned int nr)
{
	unsigned int run = 1;

	while (run < nr && cpu[run - 1] != UINT32_MAX && cpu[run] == cpu[run - 1] + 1)
		run++;
	return run;
}

/**
 * vnode_format_cpus() - write a list as vnode_parse_cpus() reads it
 * @cpu: the CPUs, in the order in which they are listed
 * @nr: number of CPUs
 * @text: set to "0-2,5", or to "" for no CPU
 * @size: bytes in @text, the NUL included. Only whole ranges are written; if not
 *	all of them fit, "..." follows if there is room for it.
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

		/* keep room for the dots unless this is the last range */
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
