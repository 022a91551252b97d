// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vnode holds when it fails is written to a file, and then only is it started
 * again. A program does that, kexec; root's kernel runs it, as it runs one for the core
 * of a process. A restart waits for the program to end, not for what becomes of it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "kmb.h"

static struct workqueue_struct *queue;

static char helper[256];
module_param_string(dump_helper, helper, sizeof(helper), 0644);
MODULE_PARM_DESC(dump_helper, "the kexec that --dump-on-failure runs; set by kexec if empty");

/* DIR/NAME-DATE-TIME.core, in UTC */
static char *dump_option(const struct kmb_node *node)
{
	struct tm tm;

	time64_to_tm(ktime_get_real_seconds(), 0, &tm);
	return kasprintf(GFP_KERNEL, "--dump=%s/%s-%04ld%02d%02d-%02d%02d%02d.core",
			 node->dump_dir, node->name, tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Return: as wait() has it, or a negative errno. */
static int dump_run(const struct kmb_node *node)
{
	char *env[3] = { "HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char program[sizeof(helper)], id[sizeof("--vnode=255")];
	char *argv[4] = { program, id, dump_option(node), NULL };
	int ret;

	if (!argv[2])
		return -ENOMEM;
	kernel_param_lock(THIS_MODULE);
	strscpy(program, helper, sizeof(program));
	kernel_param_unlock(THIS_MODULE);
	argv[0] = strim(program);
	snprintf(id, sizeof(id), "--vnode=%u", node->id);
	ret = *argv[0] ? call_usermodehelper(argv[0], argv, env, UMH_WAIT_PROC) : -ENOENT;
	kfree(argv[2]);
	return ret;
}

static void dump_log(const struct kmb_node *node, int ret)
{
	if (ret < 0)
		pr_warn("%s: not dumped: the program in dump_helper cannot be run: %d\n",
			node->name, ret);
	else if (ret)
		pr_warn("%s: not dumped: the program in dump_helper ended with status %d, signal %d\n",
			node->name, ret >> 8, ret & 0x7f);
}

/* It may have been returned meanwhile, and its id be another's. */
static bool dump_is_due(struct kmb_node *node)
{
	bool due;

	mutex_lock(&node->lock);
	due = kmb_node_has_memory(node);
	mutex_unlock(&node->lock);
	return due;
}

static void dump_work(struct work_struct *work)
{
	struct kmb_node *node = container_of(work, struct kmb_node, dump);
	int ret = dump_is_due(node) ? dump_run(node) : 0;

	mutex_lock(&node->lock);
	node->dumping = false;
	dump_log(node, ret);
	kmb_watch_resume(node);
	kmb_node_unlock(node);
}

/**
 * kmb_dump_begin - a vnode has ended: have it dumped, if it is to be
 * @node: the vnode, locked
 */
void kmb_dump_begin(struct kmb_node *node)
{
	lockdep_assert_held(&node->lock);
	if (!node->dump_dir || node->dumping || node->stopping || kmb_closing() ||
	    !kmb_cause_is_failure(node->end.cause))
		return;
	node->dumping = true;
	kmb_node_hold(node);
	queue_work(queue, &node->dump);
}

/**
 * kmb_dump_set - where a vnode's dumps go
 * @node: a granted vnode, locked
 * @load: as LOAD got it
 *
 * Return: 0, or as LOAD documents.
 */
int kmb_dump_set(struct kmb_node *node, const struct vnode_load *load)
{
	char *dir = NULL;

	lockdep_assert_held(&node->lock);
	if (load->dump_dir)
		dir = strndup_user(u64_to_user_ptr(load->dump_dir), VNODE_DUMP_DIR_MAX);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	if (dir && *dir != '/') {
		kfree(dir);
		return -EINVAL;
	}
	kfree(node->dump_dir);
	node->dump_dir = dir;
	return 0;
}

void kmb_dump_prepare(struct kmb_node *node)
{
	INIT_WORK(&node->dump, dump_work);
}

int kmb_dump_init(void)
{
	queue = alloc_workqueue("vnode_dump", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

/* No node is left; a program that is still under way is waited for. */
void kmb_dump_exit(void)
{
	destroy_workqueue(queue);
}
