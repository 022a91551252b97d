// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before root reboots, powers off or boots another kernel, vnodes are stopped, so that
 * no CPU runs in memory that gets a new owner. Suspend is refused: vnodes cannot sleep
 * with root.
 */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "kmb.h"

static int power_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	kmb_node_stop_all();
	return NOTIFY_DONE;
}

static int power_sleep(struct notifier_block *nb, unsigned long action, void *data)
{
	struct kmb_node *node;

	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
	case PM_RESTORE_PREPARE:
		node = kmb_node_next(NULL);
		if (!node)
			break;
		kmb_node_put(node);
		pr_notice("no sleep while CPUs and memory are lent to vnodes\n");
		return notifier_from_errno(-EBUSY);
	}
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = power_reboot };
static struct notifier_block sleep_nb = { .notifier_call = power_sleep };

int kmb_power_init(void)
{
	int err;

	err = register_reboot_notifier(&reboot_nb);
	if (err)
		return err;
	err = register_pm_notifier(&sleep_nb);
	if (err)
		unregister_reboot_notifier(&reboot_nb);
	return err;
}

void kmb_power_exit(void)
{
	unregister_pm_notifier(&sleep_nb);
	unregister_reboot_notifier(&reboot_nb);
}
