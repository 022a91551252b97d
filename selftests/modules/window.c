// SPDX-License-Identifier: GPL-2.0-only
/* Windows: one kernel stores a word, another one reads it. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "test.h"

static u64 remembered;

static DEFINE_MUTEX(window_lock);
static struct adeos_window *window;	/* NULL: none is open */

static int remember_run(struct answer *out, int argc, char **argv)
{
	phys_addr_t pa = PFN_PHYS(vmalloc_to_pfn(&remembered)) + offset_in_page(&remembered);
	int err;

	err = kstrtou64(argv[0], 0, &remembered);
	if (!err)
		say(out, "pa 0x%llx\n", (u64)pa);
	return err;
}

static int open_run(struct answer *out, int argc, char **argv)
{
	struct adeos_member member;
	struct adeos_window *opened;
	int err;
	u32 id;

	err = kstrtou32(argv[0], 0, &id) ?: adeos_member_get(id, &member);
	if (err)
		return err;
	mutex_lock(&window_lock);
	opened = window ? ERR_PTR(-EBUSY) : adeos_window_open(&member);
	if (!IS_ERR(opened))
		window = opened;
	mutex_unlock(&window_lock);
	return PTR_ERR_OR_ZERO(opened);
}

static bool is_writable(const void *va)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	return pte && pte_val(*pte) & _PAGE_RW;
}

/* Under the window's lock. */
static int look(struct answer *out, u64 pa)
{
	const u64 *va;

	rcu_read_lock();
	va = adeos_window_va(window, pa, sizeof(*va));
	if (va) {
		say(out, "value %llu\n", READ_ONCE(*va));
		say(out, "writable %u\n", is_writable(va));
	}
	rcu_read_unlock();
	say(out, "holds %u\n", adeos_window_holds(window));
	return va ? 0 : -EFAULT;
}

static int look_run(struct answer *out, int argc, char **argv)
{
	int err;
	u64 pa;

	err = kstrtou64(argv[0], 0, &pa);
	if (err)
		return err;
	mutex_lock(&window_lock);
	err = window ? look(out, pa) : -ENOENT;
	mutex_unlock(&window_lock);
	return err;
}

void windows_exit(void)
{
	mutex_lock(&window_lock);
	if (window)
		adeos_window_close(window);
	window = NULL;
	mutex_unlock(&window_lock);
}

static int close_run(struct answer *out, int argc, char **argv)
{
	windows_exit();
	return 0;
}

const struct command window_commands[] = {
	{ "remember", 1, "VALUE", remember_run },
	{ "window-open", 1, "ID", open_run },
	{ "window-look", 1, "ADDRESS", look_run },
	{ "window-close", 0, "", close_run },
	{ }
};
