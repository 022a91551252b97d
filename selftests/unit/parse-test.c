// SPDX-License-Identifier: GPL-2.0-only
/* kexec-vnode/parse.c: what is taken, what is refused, and what is said then. */
#include <errno.h>
#include <stdlib.h>

#include "ktap.h"
#include "parse.h"

static struct vnode_cpus cpus;
static struct vnode_err err;

/* Parses and formats again. */
static const char *cpus_text(const char *text)
{
	static char buf[8192];

	if (vnode_parse_cpus(text, &cpus, &err))
		return err.text;
	return vnode_format_cpus(cpus.cpu, cpus.nr, buf, sizeof(buf));
}

static void cpu_lists(void)
{
	KTAP_CHECK_STR(cpus_text("0"), "0");
	KTAP_CHECK_STR(cpus_text("2-3"), "2-3");
	KTAP_CHECK_STR(cpus_text("0-2,5"), "0-2,5");
	KTAP_CHECK_STR(cpus_text("7-7"), "7");
	KTAP_CHECK_STR(cpus_text("0-10:2"), "0,2,4,6,8,10");
	KTAP_CHECK_STR(cpus_text("0-9:4,1"), "0,4,8,1");
	KTAP_CHECK_STR(cpus_text("3-5:8191"), "3");
	KTAP_CHECK_STR(cpus_text("007"), "7");
	KTAP_CHECK_STR(cpus_text("8191"), "8191");
	KTAP_CHECK_STR(cpus_text("0-1023"), "0-1023");
}

static void cpu_list_keeps_its_order(void)
{
	KTAP_REQUIRE(!vnode_parse_cpus("5,0-2,4", &cpus, &err));
	KTAP_CHECK_EQ(cpus.nr, 5);
	KTAP_CHECK_EQ(cpus.cpu[0], 5);
	KTAP_CHECK_EQ(cpus.cpu[1], 0);
	KTAP_CHECK_EQ(cpus.cpu[3], 2);
	KTAP_CHECK_EQ(cpus.cpu[4], 4);
	KTAP_CHECK_STR(cpus_text("5,0-2,4"), "5,0-2,4");
	KTAP_CHECK_STR(cpus_text("3,2,1"), "3,2,1");
}

static void bad_cpu_lists(void)
{
	static const struct {
		const char *text, *says;
		int ret;
	} bad[] = {
		{ "", "\"\" is not understood", -EINVAL },
		{ ",", "\"\" is not understood", -EINVAL },
		{ "0,", "\"\" is not understood", -EINVAL },
		{ ",0", "\"\" is not understood", -EINVAL },
		{ "0,,2", "\"\" is not understood", -EINVAL },
		{ "4,x,5", "\"x\" is not understood", -EINVAL },
		{ "0-", "\"0-\" is not understood", -EINVAL },
		{ "-3", "\"-3\" is not understood", -EINVAL },
		{ "+3", "\"+3\" is not understood", -EINVAL },
		{ " 3", "\" 3\" is not understood", -EINVAL },
		{ "3 ", "\"3 \" is not understood", -EINVAL },
		{ "1, 2", "\" 2\" is not understood", -EINVAL },
		{ "0-2-4", "\"0-2-4\" is not understood", -EINVAL },
		{ "0:2", "\"0:2\" is not understood", -EINVAL },
		{ "0-4:", "\"0-4:\" is not understood", -EINVAL },
		{ "0-4:2:1", "\"0-4:2:1\" is not understood", -EINVAL },
		{ "0x1", "\"0x1\" is not understood", -EINVAL },
		{ "1,6-3", "\"6-3\" is a range that goes down", -EINVAL },
		{ "0-4:0", "\"0-4:0\" has a stride of 0", -EINVAL },
		{ "0,1,0", "CPU 0 is there twice", -EINVAL },
		{ "0-3,2", "CPU 2 is there twice", -EINVAL },
		{ "8192", "\"8192\" has a number above 8191", -ERANGE },
		{ "1,0-9000,2", "\"0-9000\" has a number above 8191", -ERANGE },
		{ "0-4:8192", "above 8191", -ERANGE },
		{ "18446744073709551616", "above 8191", -ERANGE },
		{ "99999999999999999999999999", "above 8191", -ERANGE },
		{ "0-1024", "CPU 1024 is one too many", -E2BIG },
		{ "0-1023,4000", "CPU 4000 is one too many", -E2BIG },
	};
	size_t i;

	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_parse_cpus(bad[i].text, &cpus, &err), bad[i].ret) ||
		    !KTAP_CHECK(strstr(err.text, bad[i].says)))
			ktap_note("  \"%s\": \"%s\"", bad[i].text, err.text);
	}
	KTAP_CHECK_EQ(vnode_parse_cpus("x", &cpus, NULL), -EINVAL);
}

/* A list with only so much room; what is behind it must stay. */
static const char *format_in(size_t size, const char *list)
{
	static char buf[64];

	if (vnode_parse_cpus(list, &cpus, &err))
		return err.text;
	memset(buf, '#', sizeof(buf) - 1);
	if (vnode_format_cpus(cpus.cpu, cpus.nr, buf, size) != buf || buf[size] != '#')
		return "overrun";
	return buf;
}

static void formatting(void)
{
	static const uint32_t top[] = { UINT32_MAX - 1, UINT32_MAX, 0, 1 };
	char buf[32];

	KTAP_CHECK_STR(vnode_format_cpus(NULL, 0, buf, sizeof(buf)), "");
	KTAP_CHECK_STR(vnode_format_cpus(top, 4, buf, sizeof(buf)),
		       "4294967294-4294967295,0-1");

	KTAP_CHECK_STR(format_in(14, "10-12,20,30-31"), "10-12,20,...");
	KTAP_CHECK_STR(format_in(15, "10-12,20,30-31"), "10-12,20,30-31");
	KTAP_CHECK_STR(format_in(13, "10-12,20,30-31"), "10-12,20,...");
	KTAP_CHECK_STR(format_in(12, "10-12,20,30-31"), "10-12,...");
	KTAP_CHECK_STR(format_in(9, "10-12,20,30-31"), "...");
	KTAP_CHECK_STR(format_in(4, "10-12,20,30-31"), "...");
	KTAP_CHECK_STR(format_in(3, "10-12,20,30-31"), "");
	KTAP_CHECK_STR(format_in(1, "10-12,20,30-31"), "");
	KTAP_CHECK_STR(format_in(6, "10-12"), "10-12");
	KTAP_CHECK_STR(format_in(5, "10-12"), "...");
	/* nothing at all may be written */
	buf[0] = '#';
	vnode_format_cpus(top, 4, buf, 0);
	KTAP_CHECK_EQ(buf[0], '#');
}

static void sizes(void)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {
		{ "1", 1 }, { "4096", 4096 }, { "0512", 512 },
		{ "1K", 1024 }, { "3k", 3072 }, { "512M", 512ULL << 20 }, { "7m", 7ULL << 20 },
		{ "2G", 2ULL << 30 }, { "1g", 1ULL << 30 }, { "4T", 4ULL << 40 },
		{ "1t", 1ULL << 40 }, { "0x1000", 4096 }, { "0XfF", 255 }, { "0x10M", 16 << 20 },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "16777215T", 16777215ULL << 40 },
		{ "18014398509481983K", 18014398509481983ULL << 10 },
	};
	uint64_t size;
	size_t i;

	for (i = 0; i < KTAP_NR(good); i++) {
		size = 0;
		if (!KTAP_CHECK_EQ(vnode_parse_size(good[i].text, &size, &err), 0) ||
		    !KTAP_CHECK_EQ(size, good[i].size))
			ktap_note("  \"%s\"", good[i].text);
	}
}

static void bad_sizes(void)
{
	static const struct {
		const char *text, *says;
		int ret;
	} bad[] = {
		{ "", "not understood", -EINVAL }, { "M", "not understood", -EINVAL },
		{ "0x", "not understood", -EINVAL }, { "0xM", "not understood", -EINVAL },
		{ "-1", "not understood", -EINVAL }, { "+1", "not understood", -EINVAL },
		{ " 1", "not understood", -EINVAL }, { "1 ", "not understood", -EINVAL },
		{ "1 M", "not understood", -EINVAL }, { "1MB", "not understood", -EINVAL },
		{ "1MiB", "not understood", -EINVAL }, { "1MM", "not understood", -EINVAL },
		{ "1.5G", "not understood", -EINVAL }, { "1P", "not understood", -EINVAL },
		{ "12ab", "not understood", -EINVAL }, { "1e9", "not understood", -EINVAL },
		{ "0", "is zero", -EINVAL }, { "0M", "is zero", -EINVAL },
		{ "0x0", "is zero", -EINVAL }, { "000", "is zero", -EINVAL },
		{ "18446744073709551616", "too large", -ERANGE },
		{ "0x10000000000000000", "too large", -ERANGE },
		{ "16777216T", "too large", -ERANGE },
		{ "18014398509481984K", "too large", -ERANGE },
		{ "99999999999999999999999999999999G", "too large", -ERANGE },
	};
	uint64_t size;
	size_t i;

	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_parse_size(bad[i].text, &size, &err), bad[i].ret) ||
		    !KTAP_CHECK(strstr(err.text, bad[i].says)) ||
		    !KTAP_CHECK(strstr(err.text, bad[i].text)))
			ktap_note("  \"%s\": \"%s\"", bad[i].text, err.text);
	}
}

static void addresses(void)
{
	static const char * const bad[] = {
		"", "x", "0x", "-1", " 0", "1GB", "18446744073709551616",
	};
	uint64_t address = 1;
	size_t i;

	KTAP_CHECK(!vnode_parse_address("0", &address, &err) && !address);
	KTAP_CHECK(!vnode_parse_address("0x0", &address, &err) && !address);
	KTAP_CHECK(!vnode_parse_address("4G", &address, &err) && address == 4ULL << 30);
	KTAP_CHECK(!vnode_parse_address("010", &address, &err) && address == 10);
	KTAP_CHECK(!vnode_parse_address("0xfffffffffffffffe", &address, &err) &&
		   address == UINT64_MAX - 1);
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK(vnode_parse_address(bad[i], &address, &err) < 0) ||
		    !KTAP_CHECK(strstr(err.text, "address")) ||
		    !KTAP_CHECK(strstr(err.text, "expected")))
			ktap_note("  \"%s\": \"%s\"", bad[i], err.text);
	}
}

static void times(void)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {
		{ "0", 0 }, { "10", 10 }, { "010", 10 }, { "2.5", 2.5 }, { "0.25", 0.25 },
		{ "0.001", 0.001 }, { "1.000000001", 1.000000001 }, { "86400", 86400 },
		{ "86400.0", 86400 },
	};
	static const struct {
		const char *text;
		int ret;
	} bad[] = {
		{ "", -EINVAL }, { "x", -EINVAL }, { "-1", -EINVAL }, { "+1", -EINVAL },
		{ " 1", -EINVAL }, { "1 ", -EINVAL }, { "nan", -EINVAL }, { "inf", -EINVAL },
		{ "1e9", -EINVAL }, { "5s", -EINVAL }, { "0x10", -EINVAL }, { ".5", -EINVAL },
		{ "1.", -EINVAL }, { ".", -EINVAL }, { "1.2.3", -EINVAL }, { "1,5", -EINVAL },
		{ "1.-5", -EINVAL }, { "1.0000000001", -EINVAL },
		{ "86401", -ERANGE }, { "86400.1", -ERANGE }, { "4294967297", -ERANGE },
		{ "18446744073709551617", -ERANGE },
	};
	double seconds;
	size_t i;

	for (i = 0; i < KTAP_NR(good); i++) {
		seconds = -1;
		if (!KTAP_CHECK_EQ(vnode_parse_seconds(good[i].text, &seconds, &err), 0) ||
		    !KTAP_CHECK(seconds == good[i].seconds))
			ktap_note("  \"%s\": %.12g", good[i].text, seconds);
	}
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_parse_seconds(bad[i].text, &seconds, &err), bad[i].ret) ||
		    !KTAP_CHECK(strstr(err.text, "expected seconds from 0 to 86400")))
			ktap_note("  \"%s\": \"%s\"", bad[i].text, err.text);
	}
}

static void cpu_numbers(void)
{
	static const char * const bad[] = {
		"", "x", "-1", "+1", " 1", "3.5", "1,2", "0x1", "8192", "18446744073709551617",
	};
	int cpu = -1;
	size_t i;

	KTAP_CHECK(!vnode_parse_cpu("0", &cpu, &err) && cpu == 0);
	KTAP_CHECK(!vnode_parse_cpu("8191", &cpu, &err) && cpu == 8191);
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK(vnode_parse_cpu(bad[i], &cpu, &err) < 0) ||
		    !KTAP_CHECK(strstr(err.text, "expected a number from 0 to 8191")))
			ktap_note("  \"%s\": \"%s\"", bad[i], err.text);
	}
	KTAP_CHECK_EQ(cpu, 8191);
}

static void ids(void)
{
	static const char *const not_numbers[] = {
		"", "x", "1x", " 1", "1 ", "-1", "+1", "0x1", "1,2", "1.0",
	};
	static const char *const out_of_range[] = {
		"0", "00", "256", "1000", "18446744073709551617", "99999999999999999999999",
	};
	unsigned int id;
	size_t i;

	KTAP_CHECK(!vnode_parse_id("1", &id, &err) && id == 1);
	KTAP_CHECK(!vnode_parse_id("255", &id, &err) && id == 255);
	KTAP_CHECK(!vnode_parse_id("042", &id, &err) && id == 42);
	for (i = 0; i < KTAP_NR(not_numbers); i++) {
		KTAP_CHECK_EQ(vnode_parse_id(not_numbers[i], &id, &err), -EINVAL);
		KTAP_CHECK(strstr(err.text, "is not a number: expected 1 to 255"));
	}
	for (i = 0; i < KTAP_NR(out_of_range); i++) {
		KTAP_CHECK_EQ(vnode_parse_id(out_of_range[i], &id, &err), -ERANGE);
		KTAP_CHECK(strstr(err.text, "is out of range: expected 1 to 255"));
	}
}

static void id_lists(void)
{
	static const struct {
		const char *text, *says;
		int ret;
	} bad[] = {
		{ "", "\"\" is not understood", -EINVAL },
		{ "1,x", "\"x\" is not understood", -EINVAL },
		{ "3-1", "\"3-1\" is a range that goes down", -EINVAL },
		{ "1-3,2", "vnode 2 is there twice", -EINVAL },
		{ "0", "vnode id 0 is out of range: expected 1 to 255", -ERANGE },
		{ "255-256", "vnode id 256 is out of range", -ERANGE },
		{ "1-1023", "vnode id 256 is out of range", -ERANGE },
		{ "0-1024", "vnode 1024 is one too many", -E2BIG },
	};
	static struct vnode_ids ids;
	size_t i;

	KTAP_CHECK(!vnode_parse_ids("7,1-3", &ids, &err) && ids.nr == 4 && ids.id[0] == 7 &&
		   ids.id[3] == 3);
	KTAP_CHECK(!vnode_parse_ids("1-255", &ids, &err) && ids.nr == 255 && ids.id[254] == 255);
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_parse_ids(bad[i].text, &ids, &err), bad[i].ret) ||
		    !KTAP_CHECK(strstr(err.text, bad[i].says)))
			ktap_note("  \"%s\": \"%s\"", bad[i].text, err.text);
	}
}

static void names(void)
{
	static const char *const good[] = {
		"a", "Z", "web-1", "db_2.example", "_x",
		"abcdefghijklmnopqrstuvwxyz01234",
	};
	static const char *const bad[] = {
		"1", "1a", "-x", ".x", "..",
		"a b", "a/b", "a\n", "\xc3\xa4", "a:b", "a,b", "a%", "[a", "a@", "`",
	};
	size_t i;

	for (i = 0; i < KTAP_NR(good); i++)
		if (!KTAP_CHECK_EQ(vnode_check_name(good[i], &err), 0))
			ktap_note("  \"%s\"", err.text);
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_check_name(bad[i], &err), -EINVAL) ||
		    !KTAP_CHECK(strstr(err.text, "expected")))
			ktap_note("  \"%s\"", bad[i]);
	}
	KTAP_CHECK_EQ(vnode_check_name("", &err), -EINVAL);
	KTAP_CHECK(strstr(err.text, "is empty"));
	KTAP_CHECK_EQ(vnode_check_name("abcdefghijklmnopqrstuvwxyz_12345", &err),
		      -ENAMETOOLONG);
	KTAP_CHECK(strstr(err.text, "32 characters"));
}

static void restarts(void)
{
	static const struct {
		const char *text;
		bool on_failure;
		uint32_t times;
	} good[] = {
		{ "no", false, 0 },
		{ "on-failure", true, 0 },
		{ "on-failure:1", true, 1 },
		{ "on-failure:007", true, 7 },
		{ "on-failure:1000000", true, 1000000 },
	};
	static const struct {
		const char *text;
		int ret;
	} bad[] = {
		{ "", -EINVAL }, { "foo", -EINVAL }, { "No", -EINVAL }, { "no:1", -EINVAL },
		{ "on", -EINVAL }, { "on-", -EINVAL }, { "on-failur", -EINVAL },
		{ "on-failure:", -EINVAL }, { "on-failure:0", -EINVAL },
		{ "on-failure:000", -EINVAL }, { "on-failure:-1", -EINVAL },
		{ "on-failure:+1", -EINVAL }, { "on-failure: 1", -EINVAL },
		{ "on-failure:1 ", -EINVAL }, { "on-failure:1:2", -EINVAL },
		{ "on-failure:1.5", -EINVAL }, { "on-failure:0x1", -EINVAL },
		{ "on-failure:x", -EINVAL }, { "on-failures", -EINVAL },
		{ "on-failure=1", -EINVAL }, { " on-failure", -EINVAL },
		{ "on-failure:1000001", -ERANGE }, { "on-failure:4294967297", -ERANGE },
		{ "on-failure:18446744073709551617", -ERANGE },
	};
	struct vnode_restart restart;
	size_t i;

	for (i = 0; i < KTAP_NR(good); i++) {
		restart = (struct vnode_restart){ !good[i].on_failure, UINT32_MAX };
		if (!KTAP_CHECK_EQ(vnode_parse_restart(good[i].text, &restart, &err), 0) ||
		    !KTAP_CHECK_EQ(restart.on_failure, good[i].on_failure) ||
		    !KTAP_CHECK_EQ(restart.times, good[i].times))
			ktap_note("  \"%s\"", good[i].text);
	}
	for (i = 0; i < KTAP_NR(bad); i++) {
		memset(&err, 0, sizeof(err));
		if (!KTAP_CHECK_EQ(vnode_parse_restart(bad[i].text, &restart, &err), bad[i].ret) ||
		    !KTAP_CHECK(strstr(err.text, "expected no, on-failure")))
			ktap_note("  \"%s\": \"%s\"", bad[i].text, err.text);
	}
}

/* A long input must neither be repeated in full nor overrun the sentence. */
static void long_inputs(void)
{
	const size_t length = 1 << 20;
	char *text = malloc(length + 1);
	struct vnode_restart restart;
	unsigned int id;
	double seconds;
	uint64_t size;
	int cpu;

	KTAP_REQUIRE(text);
	memset(text, '9', length);
	text[length] = '\0';
	KTAP_CHECK_EQ(vnode_parse_size(text, &size, &err), -ERANGE);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_parse_id(text, &id, &err), -ERANGE);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_parse_cpus(text, &cpus, &err), -ERANGE);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_parse_cpu(text, &cpu, &err), -ERANGE);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_parse_seconds(text, &seconds, &err), -ERANGE);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_check_name(text, &err), -EINVAL);
	KTAP_CHECK(strlen(err.text) < 200);
	memset(text, '/', length);
	KTAP_CHECK_EQ(vnode_check_name(text, &err), -EINVAL);
	KTAP_CHECK(strlen(err.text) < 200);
	KTAP_CHECK_EQ(vnode_parse_restart(text, &restart, &err), -EINVAL);
	KTAP_CHECK(strlen(err.text) < 200);
	memset(text, '0', length);
	KTAP_CHECK_EQ(vnode_parse_cpus(text, &cpus, &err), 0);
	free(text);
}

static const struct ktap_test tests[] = {
	{ "CPU lists are parsed", cpu_lists },
	{ "a CPU list keeps its order", cpu_list_keeps_its_order },
	{ "bad CPU lists are refused with the bad piece", bad_cpu_lists },
	{ "CPU lists are formatted in the room there is", formatting },
	{ "sizes are parsed", sizes },
	{ "bad sizes are refused", bad_sizes },
	{ "addresses may be 0", addresses },
	{ "times are 0 to 86400 seconds", times },
	{ "numbers of CPUs", cpu_numbers },
	{ "ids are 1 to 255", ids },
	{ "lists of ids", id_lists },
	{ "names", names },
	{ "restarts: no, on-failure, on-failure:N", restarts },
	{ "long inputs are survived", long_inputs },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
