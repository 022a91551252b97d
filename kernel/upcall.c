// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root's kernel runs a program, kexec: for the dump of a vnode that has failed, as it runs
 * one for the core of a process; and to answer vnodes that may look at others.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "kmb.h"

static char helper[256];
module_param_string(dump_helper, helper, sizeof(helper), 0644);
MODULE_PARM_DESC(dump_helper, "the kexec that --dump-on-failure and viewers run; set by kexec if empty");

/* DIR/NAME-DATE-TIME.core, in UTC */
static char *dump_option(const struct kmb_node *node)
{
	struct tm tm;

	time64_to_tm(ktime_get_real_seconds(), 0, &tm);
	return kasprintf(GFP_KERNEL, "--dump=%s/%s-%04ld%02d%02d-%02d%02d%02d.core",
			 node->dump_dir, node->slot.name, tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Return: with UMH_WAIT_PROC the status as wait() has it; or a negative errno. */
static int helper_run(char *first, char *second, int wait)
{
	char *env[3] = { "HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char program[sizeof(helper)];
	char *argv[4] = { program, first, second, NULL };

	kernel_param_lock(THIS_MODULE);
	strscpy(program, helper, sizeof(program));
	kernel_param_unlock(THIS_MODULE);
	argv[0] = strim(program);
	return *argv[0] ? call_usermodehelper(argv[0], argv, env, wait) : -ENOENT;
}

static int dump_run(const struct kmb_node *node)
{
	char id[sizeof("--vnode=255")], *dump = dump_option(node);
	int ret;

	if (!dump)
		return -ENOMEM;
	snprintf(id, sizeof(id), "--vnode=%u", node->slot.id);
	ret = helper_run(id, dump, UMH_WAIT_PROC);
	kfree(dump);
	return ret;
}

/**
 * kmb_dump_run - have a vnode dumped, and wait until the program has ended
 * @node: the vnode, not locked, since the program looks at it; with a @dump_dir
 */
void kmb_dump_run(struct kmb_node *node)
{
	int ret;

	/* once it is returned, its id may be another vnode's */
	if (READ_ONCE(node->state) == VNODE_FREE)
		return;
	ret = dump_run(node);
	if (ret < 0)
		pr_warn("%s: not dumped: the program in dump_helper cannot be run: %d\n",
			node->slot.name, ret);
	else if (ret)
		pr_warn("%s: not dumped: the program in dump_helper ended with status %d, signal %d\n",
			node->slot.name, ret >> 8, ret & 0x7f);
}

/* Has a process answer viewers; it ends at once if there is one, and with the last vnode. */
void kmb_viewers_serve(void)
{
	int ret = helper_run("--vnode-serve", NULL, UMH_WAIT_EXEC);

	if (ret < 0)
		pr_warn("viewers are not answered: the program in dump_helper cannot be run: %d\n",
			ret);
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
