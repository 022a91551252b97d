// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a vnode's kernel ends. Every way out calls the kmsg dumpers before it touches the
 * machine: panic(), an oops, emergency_restart(), and the orderly ends. This dumper
 * tells root. Where the next step would reset the machine, it halts instead, and root
 * stops the CPUs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kmsg_dump.h>
#include <linux/notifier.h>
#include <linux/panic.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/irqflags.h>
#include <asm/tsc.h>

#include "../compat.h"
#include "../fault.h"
#include "vnode.h"

static char panic_text[VNODE_END_TEXT];
static u64 begin_tsc;

/* panic() passes its message; it calls the dumpers a moment later. */
static int end_panic(struct notifier_block *nb, unsigned long action, void *text)
{
	begin_tsc = rdtsc();
	strscpy(panic_text, text, sizeof(panic_text));
	adeos_regs_panic();
	return NOTIFY_DONE;
}

static struct notifier_block panic_nb = {
	.notifier_call = end_panic,
	.priority = INT_MAX,	/* first */
};

static enum vnode_end_reason shutdown_reason(void)
{
	switch (system_state) {
	case SYSTEM_HALT:
		return VNODE_END_HALT;
	case SYSTEM_POWER_OFF:
		return VNODE_END_POWER_OFF;
	default:
		return VNODE_END_RESTART;
	}
}

static const char *const end_texts[VNODE_NR_ENDS] = {
	[VNODE_END_RESTART] = "reboot",
	[VNODE_END_HALT] = "halt",
	[VNODE_END_POWER_OFF] = "power-off",
	[VNODE_END_EMERGENCY] = "emergency restart",
};

static void end_write(enum vnode_end_reason reason)
{
	struct vnode_end *end = &adeos_own()->end;

	/* the first reason counts: a panic may be followed by a restart */
	if (end->reason)
		return;
	end->cpu = cpu_to_le32(raw_smp_processor_id());
	end->begin_tsc = cpu_to_le64(begin_tsc ?: rdtsc());
	strscpy(end->text, end_texts[reason] ?: panic_text, sizeof(end->text));
	adeos_log_keep();
	adeos_fault(FAULT_END_BEGUN);
	end->tsc = cpu_to_le64(rdtsc());
	/* pairs with adeos_station_read_end() in root/station.c */
	smp_store_release(&end->reason, cpu_to_le32(reason));
	adeos_fault(FAULT_END_WRITTEN);
	adeos_knock(BIT(0));
}

/* The next step would reset the machine, which belongs to root. */
static void __noreturn end_here(void)
{
	local_irq_disable();
	for (;;)
		native_halt();
}

static void end_oops(void)
{
	struct vnode_end *end = &adeos_own()->end;

	WRITE_ONCE(end->oopses, cpu_to_le32(le32_to_cpu(end->oopses) + 1));
	adeos_log_keep();
	adeos_knock(BIT(0));
}

static void end_dump(struct kmsg_dumper *dumper, adeos_dump_arg arg)
{
	switch (adeos_dump_reason(arg)) {
	case KMSG_DUMP_PANIC:
		/* panic() stops by itself, once its consoles have printed */
		end_write(VNODE_END_PANIC);
		return;
	case KMSG_DUMP_OOPS:
		end_oops();
		return;
	case KMSG_DUMP_EMERG:
		end_write(VNODE_END_EMERGENCY);
		end_here();
	case KMSG_DUMP_SHUTDOWN:
		end_write(shutdown_reason());
		end_here();
	default:
		return;
	}
}

/*
 * panic() blinks last, and then for ever: its consoles have printed all of its message,
 * and root may stop this CPU.
 */
static long end_blink(int state)
{
	WRITE_ONCE(adeos_own()->end.silent, cpu_to_le32(1));
	return 0;
}

static struct kmsg_dumper end_dumper = {
	.dump = end_dump,
	.max_reason = KMSG_DUMP_SHUTDOWN,
};

/* Not reached: end_dump() has halted this CPU before. */
static int end_power_off(struct sys_off_data *data)
{
	end_here();
}

/* Without a handler Linux halts where it is asked to power off (reboot(2)). */
static struct sys_off_handler *power_off;

/* Root asks this kernel to end. It does so as if its own user had asked. */
static int shutdown_handle(void *data, const struct adeos_member *from, const void *body,
			   unsigned int len, void *answer)
{
	u32 how = 0;

	if (from->slot)
		return -EPERM;
	memcpy(&how, body, min_t(size_t, len, sizeof(how)));
	switch (le32_to_cpu((__force __le32)how)) {
	case VNODE_END_POWER_OFF:
		pr_notice("root asks for a power-off\n");
		orderly_poweroff(true);
		return 0;
	case VNODE_END_RESTART:
		pr_notice("root asks for a reboot\n");
		orderly_reboot();
		return 0;
	}
	return -EINVAL;
}

static int end_init(void)
{
	int err;

	power_off = register_sys_off_handler(SYS_OFF_MODE_POWER_OFF, SYS_OFF_PRIO_HIGH,
					     end_power_off, NULL);
	if (IS_ERR(power_off))
		return PTR_ERR(power_off);
	err = kmsg_dump_register(&end_dumper);
	if (err)
		goto err_power_off;
	err = atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
	if (err)
		goto err_dumper;
	err = adeos_msg_register(VNODE_MSG_SHUTDOWN, shutdown_handle, NULL);
	if (err)
		goto err_panic;
	/* replaces what a driver would blink with its lights */
	panic_blink = end_blink;
	return 0;

err_panic:
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_nb);
err_dumper:
	kmsg_dump_unregister(&end_dumper);
err_power_off:
	unregister_sys_off_handler(power_off);
	return err;
}

static void end_exit(void)
{
	panic_blink = NULL;
	adeos_msg_unregister(VNODE_MSG_SHUTDOWN);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_nb);
	kmsg_dump_unregister(&end_dumper);
	unregister_sys_off_handler(power_off);
}

const struct adeos_part adeos_end_part = {
	.init = end_init,
	.exit = end_exit,
};
