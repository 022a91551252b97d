// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode: how its kernel ends. Every way out passes a kmsg dumper before it touches
 * the machine: panic(), an oops, emergency_restart(), and the orderly ends. This one
 * tells root, and where the next step would reset the machine, it goes no further:
 * root stops the CPUs.
 */
#include <linux/irqflags.h>
#include <linux/jiffies.h>
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

#include "adeos.h"
#include "compat.h"
#include "fault.h"

static char panic_text[VNODE_END_TEXT];
static u64 begin_tsc;

/* The newest lines that fit. Any context, NMI also: the log has no lock. */
void adeos_end_keep_log(void)
{
	struct vnode_station *own = adeos_own();
	struct kmsg_dump_iter iter;
	size_t len = 0;

	kmsg_dump_rewind(&iter);
	kmsg_dump_get_buffer(&iter, false, own->log, sizeof(own->log), &len);
	WRITE_ONCE(own->end.log_len, cpu_to_le32(len));
}

/*
 * Every VNODE_BEAT_MS: what a kernel leaves that cannot say a last word. At most
 * once a second, and only if there is something new.
 */
void adeos_end_tick(void)
{
	static unsigned long next;
	static u64 kept;
	struct kmsg_dump_iter iter;

	if (time_before(jiffies, next))
		return;
	next = jiffies + HZ;
	kmsg_dump_rewind(&iter);
	if (iter.next_seq == kept)
		return;
	kept = iter.next_seq;
	adeos_end_keep_log();
}

/* panic() says here what it was called with; its dump comes a moment later. */
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

	/* the first one counts: a panic may still call for a restart */
	if (end->reason)
		return;
	end->cpu = cpu_to_le32(raw_smp_processor_id());
	end->begin_tsc = cpu_to_le64(begin_tsc ?: rdtsc());
	strscpy(end->text, end_texts[reason] ?: panic_text, sizeof(end->text));
	adeos_end_keep_log();
	adeos_fault(FAULT_END_BEGUN);
	end->tsc = cpu_to_le64(rdtsc());
	/* pairs with end_read() in slot.c */
	smp_store_release(&end->reason, cpu_to_le32(reason));
	adeos_fault(FAULT_END_WRITTEN);
	adeos_knock(BIT(0));
}

/* What would follow resets the machine, which is not ours. */
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
	adeos_end_keep_log();
	adeos_knock(BIT(0));
}

static void end_dump(struct kmsg_dumper *dumper, adeos_dump_arg arg)
{
	switch (adeos_dump_reason(arg)) {
	case KMSG_DUMP_PANIC:
		/* it stops by itself, after its consoles have had their turn */
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
 * What panic() does last, and from then on again and again: the consoles have all of
 * its message, and root may stop this CPU.
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

/* Never comes this far: end_dump() has been before. */
static int end_power_off(struct sys_off_data *data)
{
	end_here();
}

/* Without it Linux would halt where it is asked to power off (reboot(2)). */
static struct sys_off_handler *power_off;

int adeos_end_init(void)
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
	/* a driver's lights do without */
	panic_blink = end_blink;
	return 0;

err_dumper:
	kmsg_dump_unregister(&end_dumper);
err_power_off:
	unregister_sys_off_handler(power_off);
	return err;
}

void adeos_end_exit(void)
{
	panic_blink = NULL;
	unregister_sys_off_handler(power_off);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_nb);
	kmsg_dump_unregister(&end_dumper);
}
