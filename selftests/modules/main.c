// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/adeos-test: write a command as one line, then read its answer from the same open
 * file: "ok" or "error -ENAME", then the output of the command.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "test.h"

#define COMMAND_MAX	1024
#define ANSWER_SIZE	8192

/**
 * struct answer - of one open file
 * @lock: protects all fields; held while a command runs
 * @len: bytes in @said
 * @verdict: the first line of the answer
 * @said: the other lines
 */
struct answer {
	struct mutex lock;	/* all fields */
	size_t len;
	char verdict[32];
	char said[ANSWER_SIZE];
};

static const struct command * const tables[] = {
	portal_commands, raise_commands, domain_commands, message_commands, bridge_commands,
	polling_commands, exercise_commands, harm_commands, hostile_commands, frames_commands,
	window_commands,
};

void say(struct answer *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	out->len += vscnprintf(out->said + out->len, sizeof(out->said) - out->len, fmt, args);
	va_end(args);
}

/* The value of KEY=VALUE, or NULL. */
const char *option(int argc, char **argv, const char *key)
{
	size_t len = strlen(key);
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], key, len) && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

/* Leaves @value unchanged without such an option. */
int option_u32(int argc, char **argv, const char *key, u32 *value)
{
	const char *text = option(argc, argv, key);

	return text ? kstrtou32(text, 0, value) : 0;
}

bool flag(int argc, char **argv, const char *word)
{
	return match_string((const char * const *)argv, argc, word) >= 0;
}

bool go_on(u64 deadline)
{
	cond_resched();
	cpu_relax();
	return rdtsc_ordered() < deadline && !signal_pending(current);
}

/* The time @ms from now. */
int arg_deadline(const char *ms, u64 *deadline)
{
	u32 value = 0;
	int err;

	err = kstrtou32(ms, 0, &value);
	*deadline = rdtsc_ordered() + ms_to_tsc(value);
	return err;
}

static const struct command *find_command(const char *name)
{
	const struct command *command;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (command = tables[i]; command->name; command++)
			if (!strcmp(command->name, name))
				return command;
	return NULL;
}

static void say_usage(struct answer *out)
{
	const struct command *command;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (command = tables[i]; command->name; command++)
			say(out, "%s %s\n", command->name, command->usage);
}

static int run_line(struct answer *out, char *line)
{
	const struct command *command;
	char *argv[TEST_ARGS];
	int argc = 0;
	char *word;

	while ((word = strsep(&line, "\n ")))
		if (*word && argc < TEST_ARGS)
			argv[argc++] = word;
	command = argc ? find_command(argv[0]) : NULL;
	if (!command) {
		say_usage(out);
		return -EOPNOTSUPP;
	}
	if (argc - 1 < command->args) {
		say(out, "%s %s\n", command->name, command->usage);
		return -EINVAL;
	}
	return command->run(out, argc - 1, argv + 1);
}

static ssize_t test_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	struct answer *out = file->private_data;
	char *line;
	int err;

	if (len > COMMAND_MAX)
		return -EMSGSIZE;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&out->lock);
	out->len = 0;
	err = run_line(out, line);
	if (err)
		snprintf(out->verdict, sizeof(out->verdict), "error %pe\n", ERR_PTR(err));
	else
		strscpy(out->verdict, "ok\n", sizeof(out->verdict));
	mutex_unlock(&out->lock);
	kfree(line);
	return len;
}

static ssize_t test_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct answer *out = file->private_data;
	size_t first = strlen(out->verdict);
	loff_t pos = *ppos;
	ssize_t done;

	if (pos < first)
		return simple_read_from_buffer(buf, len, ppos, out->verdict, first);
	pos -= first;
	done = simple_read_from_buffer(buf, len, &pos, out->said, out->len);
	*ppos = pos + first;
	return done;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct answer *out = kzalloc(sizeof(*out), GFP_KERNEL);

	if (!out)
		return -ENOMEM;
	mutex_init(&out->lock);
	file->private_data = out;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.write = test_write,
	.read = test_read,
	.llseek = noop_llseek,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "adeos-test",
	.fops = &test_fops,
};

static int __init test_init(void)
{
	int err;

	err = messages_init();
	if (err)
		return err;
	err = misc_register(&test_device);
	if (err)
		messages_exit();
	return err;
}

static void __exit test_exit(void)
{
	misc_deregister(&test_device);
	domains_exit();
	portals_exit();
	bridges_exit();
	windows_exit();
	messages_exit();
	hostile_exit();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Commands for tests of adeos-lite");
MODULE_LICENSE("GPL");
