// SPDX-License-Identifier: GPL-2.0-only
/*
 * vnode-realtime: an interrupt of another kernel that is served before Linux, and while
 * Linux has its own part held back.
 *
 * The portal "realtime" is the other kernel's request. Two domains of the pipeline catch
 * it. "realtime" comes first: it answers at once, in hard interrupt context, by raising
 * the requester's portal "realtime.answer", if there is one. "linux" comes next, and
 * stands for everything that can wait: the portal's own handler, which wakes a worker.
 * While the parameter hold is 1 that domain is stalled: requests are served, and Linux
 * hears of them, merged into one, once hold is 0 again.
 *
 *	modprobe vnode-realtime from=0 cpu=1
 *	cat /sys/module/vnode_realtime/parameters/{served,later,worst_ns}
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

static unsigned int from;
module_param(from, uint, 0444);
MODULE_PARM_DESC(from, "id of the vnode that may raise the portal; 0: root");

static int cpu = -1;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "the CPU that serves it; -1: any");

static ulong served;
module_param(served, ulong, 0444);
MODULE_PARM_DESC(served, "requests that the real-time domain has answered");

static ulong later;
module_param(later, ulong, 0444);
MODULE_PARM_DESC(later, "times that Linux's own handler has run");

static ulong worst_ns;
module_param(worst_ns, ulong, 0444);
MODULE_PARM_DESC(worst_ns, "the longest time from one answer's beginning to its end");

static struct adeos_portal *portal;
static struct adeos_door answer;
static bool answer_known;

/* ---- first: real time ---- */

static enum adeos_verdict realtime_serve(void *data, struct adeos_portal *which, u32 slots)
{
	u64 begin = rdtsc(), ns;

	/* pairs with answer_find() */
	if (smp_load_acquire(&answer_known) && adeos_door_raise(&answer) == -ECONNRESET)
		WRITE_ONCE(answer_known, false);
	ns = mul_u64_u32_div(rdtsc() - begin, NSEC_PER_MSEC, tsc_khz);
	if (ns > worst_ns)
		WRITE_ONCE(worst_ns, ns);
	WRITE_ONCE(served, served + 1);
	return ADEOS_VERDICT_PASS;
}

static struct adeos_domain realtime_domain = { .name = "realtime", .priority = 100 };

/* ---- then: what can wait ---- */

/* The requester's portal is looked up where there is time: once for each of its lives. */
static void answer_find(void)
{
	if (!READ_ONCE(answer_known) && !adeos_door_find(from, "realtime.answer", &answer))
		/* pairs with realtime_serve() */
		smp_store_release(&answer_known, true);
}

static void linux_work(struct work_struct *work)
{
	answer_find();
}

static DECLARE_WORK(linux_later, linux_work);

static enum adeos_verdict linux_pass(void *data, struct adeos_portal *which, u32 slots)
{
	return ADEOS_VERDICT_PASS;
}

static struct adeos_domain linux_domain = { .name = "linux", .priority = 0 };

static void linux_handler(void *data, u32 slots)
{
	WRITE_ONCE(later, later + 1);
	schedule_work(&linux_later);
}

static int hold_set(const char *value, const struct kernel_param *param)
{
	bool *hold = param->arg, want;
	int err;

	err = kstrtobool(value, &want);
	if (err)
		return err;
	if (want == *hold)
		return 0;
	*hold = want;
	if (want)
		adeos_domain_stall(&linux_domain);
	else
		adeos_domain_unstall(&linux_domain);
	return 0;
}

static const struct kernel_param_ops hold_ops = { .set = hold_set, .get = param_get_bool };
static bool hold;
module_param_cb(hold, &hold_ops, &hold, 0644);
MODULE_PARM_DESC(hold, "1: requests are served, and Linux hears of them when it is 0 again");

/* ---- the module ---- */

static int domains_begin(void)
{
	int err;

	err = adeos_domain_register(&realtime_domain);
	if (err)
		return err;
	err = adeos_domain_register(&linux_domain);
	if (err)
		goto err_realtime;
	err = adeos_domain_catch(&realtime_domain, portal, ADEOS_ACCEPT, realtime_serve, NULL) ?:
	      adeos_domain_catch(&linux_domain, portal, ADEOS_ACCEPT, linux_pass, NULL);
	if (err)
		goto err_linux;
	return 0;

err_linux:
	adeos_domain_unregister(&linux_domain);
err_realtime:
	adeos_domain_unregister(&realtime_domain);
	return err;
}

static int __init realtime_init(void)
{
	int err;

	portal = adeos_portal_create("realtime", 0, cpu, linux_handler, NULL);
	if (IS_ERR(portal))
		return PTR_ERR(portal);
	err = domains_begin();
	if (err)
		goto err_portal;
	answer_find();
	/* from here on it is raised */
	err = adeos_portal_grant(portal, from);
	if (err)
		goto err_domains;
	return 0;

err_domains:
	adeos_domain_unregister(&linux_domain);
	adeos_domain_unregister(&realtime_domain);
err_portal:
	adeos_portal_destroy(portal);
	return err;
}

static void __exit realtime_exit(void)
{
	adeos_portal_revoke(portal, from);
	adeos_domain_unregister(&linux_domain);
	adeos_domain_unregister(&realtime_domain);
	adeos_portal_destroy(portal);
	cancel_work_sync(&linux_later);
}

module_init(realtime_init);
module_exit(realtime_exit);
MODULE_DESCRIPTION("vnode-realtime, an example: a portal that is served before Linux");
MODULE_LICENSE("GPL");
