/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP for tests that run on the host.
 *
 *	static void sum_is_right(void)
 *	{
 *		KTAP_CHECK_EQ(sum(1, 2), 3);
 *	}
 *
 *	static const struct ktap_test tests[] = {
 *		{ "sum is right", sum_is_right },
 *	};
 *
 *	int main(void)
 *	{
 *		return ktap_run(tests, KTAP_NR(tests));
 *	}
 *
 * A failed check is told in a "# " line and fails the test, which goes on;
 * KTAP_REQUIRE() leaves it. A test that checked nothing has failed: it ended
 * before it came to the point.
 */
#ifndef SELFTESTS_KTAP_H
#define SELFTESTS_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define KTAP_NR(tests)	(sizeof(tests) / sizeof((tests)[0]))

struct ktap_test {
	const char *name;
	void (*fn)(void);
};

static struct {
	unsigned int checks;
	unsigned int failed;
	const char *skip;
} ktap __attribute__((unused));

/* Diagnostics, with the value of nothing: a line of one's own after a failure. */
#define ktap_note(fmt, ...)	printf("# " fmt "\n", ##__VA_ARGS__)

static inline bool ktap_check(bool ok, const char *file, int line, const char *what)
{
	ktap.checks++;
	if (!ok) {
		ktap.failed++;
		ktap_note("%s:%d: failed: %s", file, line, what);
	}
	return ok;
}

static inline bool ktap_check_eq(long long a, long long b, const char *file, int line,
				 const char *what)
{
	bool ok = ktap_check(a == b, file, line, what);

	if (!ok)
		ktap_note("  %lld (%#llx) and %lld (%#llx)", a, a, b, b);
	return ok;
}

static inline bool ktap_check_str(const char *a, const char *b, const char *file, int line,
				  const char *what)
{
	bool ok = ktap_check(a && b && !strcmp(a, b), file, line, what);

	if (!ok)
		ktap_note("  \"%s\" and \"%s\"", a ? a : "(null)", b ? b : "(null)");
	return ok;
}

/* All have the value of the check. */
#define KTAP_CHECK(cond)	ktap_check(cond, __FILE__, __LINE__, #cond)
#define KTAP_CHECK_EQ(a, b)	ktap_check_eq(a, b, __FILE__, __LINE__, #a " == " #b)
#define KTAP_CHECK_STR(a, b)	ktap_check_str(a, b, __FILE__, __LINE__, #a " is " #b)

#define KTAP_REQUIRE(cond)						\
	do {								\
		if (!KTAP_CHECK(cond))					\
			return;						\
	} while (0)

/* Leaves the test, which counts as neither passed nor failed. */
#define KTAP_SKIP(why)							\
	do {								\
		ktap.skip = (why);					\
		return;							\
	} while (0)

/* Returns main()'s exit status: 0 if no test failed. */
static inline int ktap_run(const struct ktap_test *tests, size_t nr)
{
	unsigned int failed = 0;
	size_t i;

	/* What a crash leaves behind must include the tests before it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%zu\n", nr);
	for (i = 0; i < nr; i++) {
		memset(&ktap, 0, sizeof(ktap));
		tests[i].fn();
		if (!ktap.checks && !ktap.skip) {
			ktap_note("nothing was checked");
			ktap.failed++;
		}
		failed += ktap.failed != 0;
		printf("%sok %zu - %s", ktap.failed ? "not " : "", i + 1, tests[i].name);
		if (ktap.skip && !ktap.failed)
			printf(" # SKIP %s", ktap.skip);
		printf("\n");
	}
	return failed ? 1 : 0;
}

#endif /* SELFTESTS_KTAP_H */
