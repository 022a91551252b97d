// SPDX-License-Identifier: GPL-2.0-only
/* Domains of the pipeline, and the entries that passed through them. */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "test.h"

#define DOMAINS	8

/**
 * struct test_domain - a domain of ours
 * @domain: its name is "" while this entry is free
 * @name: storage for the name of @domain
 * @verdict: returned by its handler for each entry of the portals that it catches
 * @calls: calls of its handler
 * @from: slots named so far
 * @order: number of its last call among the calls of all domains
 */
struct test_domain {
	struct adeos_domain domain;
	char name[32];
	enum adeos_verdict verdict;
	atomic64_t calls;
	atomic_t from;
	s64 order;
};

static DEFINE_MUTEX(domains_lock);	/* domains[]; inside of portals_lock */
static struct test_domain domains[DOMAINS];
static atomic64_t order;

static struct test_domain *find(const char *name)
{
	struct test_domain *domain;

	for (domain = domains; domain < domains + DOMAINS; domain++)
		if (!strcmp(domain->name, name))
			return domain;
	return ERR_PTR(-ENOENT);
}

/* Context: hard interrupt. */
static enum adeos_verdict domain_handler(void *data, struct adeos_portal *portal, u32 from)
{
	struct test_domain *domain = data;

	atomic64_inc(&domain->calls);
	atomic_or(from, &domain->from);
	WRITE_ONCE(domain->order, atomic64_inc_return(&order));
	return READ_ONCE(domain->verdict);
}

static int domain_add(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find("");
	int priority, err;

	if (IS_ERR(domain))
		return -ENOSPC;
	if (argc < 2)
		return -EINVAL;
	err = kstrtoint(argv[1], 0, &priority);
	if (err)
		return err;
	memset(domain, 0, sizeof(*domain));
	domain->domain.name = domain->name;
	domain->domain.priority = priority;
	strscpy(domain->name, argv[0], sizeof(domain->name));
	err = adeos_domain_register(&domain->domain);
	if (err)
		domain->name[0] = '\0';
	return err;
}

static int domain_del(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find(argv[0]);

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	adeos_domain_unregister(&domain->domain);
	domain->name[0] = '\0';
	return 0;
}

static int parse_mode(const char *text, enum adeos_mode *mode, enum adeos_verdict *verdict)
{
	static const struct {
		const char *name;
		enum adeos_mode mode;
		enum adeos_verdict verdict;
	} modes[] = {
		{ "accept-pass", ADEOS_ACCEPT, ADEOS_VERDICT_PASS },
		{ "accept-end", ADEOS_ACCEPT, ADEOS_VERDICT_END },
		{ "ignore", ADEOS_IGNORE, ADEOS_VERDICT_PASS },
		{ "end", ADEOS_END, ADEOS_VERDICT_END },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i].name, text))
			continue;
		*mode = modes[i].mode;
		*verdict = modes[i].verdict;
		return 0;
	}
	return -EINVAL;
}

static int domain_catch(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find(argv[0]);
	struct test_portal *portal;
	enum adeos_mode mode;
	int err;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	err = argc < 3 ? -EINVAL : parse_mode(argv[2], &mode, &domain->verdict);
	if (err)
		return err;
	portal = portals_find(argv[1]);
	if (IS_ERR(portal))
		return PTR_ERR(portal);
	return adeos_domain_catch(&domain->domain, portal->portal, mode, domain_handler, domain);
}

static int domain_stall(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find(argv[0]);

	if (!IS_ERR(domain))
		adeos_domain_stall(&domain->domain);
	return PTR_ERR_OR_ZERO(domain);
}

static int domain_unstall(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find(argv[0]);

	if (!IS_ERR(domain))
		adeos_domain_unstall(&domain->domain);
	return PTR_ERR_OR_ZERO(domain);
}

static int domain_count(struct answer *out, int argc, char **argv)
{
	struct test_domain *domain = find(argv[0]);

	if (!IS_ERR(domain))
		say(out, "calls %lld from 0x%x order %lld\n", atomic64_read(&domain->calls),
		    atomic_read(&domain->from), READ_ONCE(domain->order));
	return PTR_ERR_OR_ZERO(domain);
}

static int domain_run(struct answer *out, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct answer *out, int argc, char **argv);
	} verbs[] = {
		{ "add", domain_add },
		{ "del", domain_del },
		{ "catch", domain_catch },
		{ "stall", domain_stall },
		{ "unstall", domain_unstall },
		{ "count", domain_count },
	};
	int err = -EINVAL;
	size_t i;

	down_read(&portals_lock);
	mutex_lock(&domains_lock);
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, argv[0]))
			err = verbs[i].run(out, argc - 1, argv + 1);
	mutex_unlock(&domains_lock);
	up_read(&portals_lock);
	return err;
}

/* Under portals_lock. A portal that is destroyed leaves its domains. */
void domains_forget(struct test_portal *portal)
{
	struct test_domain *domain;

	mutex_lock(&domains_lock);
	for (domain = domains; domain < domains + DOMAINS; domain++)
		if (domain->name[0])
			adeos_domain_catch(&domain->domain, portal->portal, ADEOS_IGNORE, NULL,
					   NULL);
	mutex_unlock(&domains_lock);
}

void domains_exit(void)
{
	struct test_domain *domain;

	mutex_lock(&domains_lock);
	for (domain = domains; domain < domains + DOMAINS; domain++)
		if (domain->name[0])
			adeos_domain_unregister(&domain->domain);
	mutex_unlock(&domains_lock);
}

const struct command domain_commands[] = {
	{ "domain", 2,
	  "add NAME PRIORITY | del NAME | catch NAME PORTAL accept-pass|accept-end|ignore|end | stall NAME | unstall NAME | count NAME",
	  domain_run },
	{ }
};
