// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode: the registers of its CPUs, for root: where it panicked, where a silent
 * CPU is, and where each CPU stands while root has it frozen.
 */
#include <linux/kallsyms.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vnode.h>
#include <asm/msr.h>
#include <asm/ptrace.h>
#include <asm/tsc.h>
#include <asm/unwind.h>
#include <asm/user.h>

#include "adeos.h"

static_assert(sizeof_field(struct vnode_cpu_regs, reg) == sizeof(struct user_regs_struct),
	      "registers");

static DEFINE_PER_CPU(u32, freeze_seen);

static void regs_fill(struct user_regs_struct *user, const struct pt_regs *regs)
{
	*user = (struct user_regs_struct) {
		.r15 = regs->r15, .r14 = regs->r14, .r13 = regs->r13, .r12 = regs->r12,
		.r11 = regs->r11, .r10 = regs->r10, .r9 = regs->r9, .r8 = regs->r8,
		.ax = regs->ax, .bx = regs->bx, .cx = regs->cx, .dx = regs->dx,
		.si = regs->si, .di = regs->di, .bp = regs->bp, .sp = regs->sp,
		.ip = regs->ip, .flags = regs->flags, .orig_ax = regs->orig_ax,
		.cs = regs->cs, .ss = regs->ss,
	};
	rdmsrl(MSR_FS_BASE, user->fs_base);
	/* the kernel's, by which it finds what is per CPU */
	rdmsrl(MSR_GS_BASE, user->gs_base);
}

/* Any context, also NMI: this CPU alone writes there. */
void adeos_regs_save(u32 kind, const struct pt_regs *regs)
{
	unsigned int cpu = raw_smp_processor_id();
	struct vnode_cpu_regs *to;

	if (cpu >= VNODE_REGS)
		return;
	to = &adeos_own()->regs[cpu];
	WRITE_ONCE(to->kind, 0);
	/* pairs with adeos_slot_regs() in freeze.c */
	smp_wmb();
	regs_fill((struct user_regs_struct *)to->reg, regs);
	/* the same */
	smp_store_release(&to->kind, cpu_to_le32(kind));
}

static bool is_in_panic(unsigned long ip)
{
	static char name[KSYM_SYMBOL_LEN];	/* one CPU panics */

	sprint_symbol_no_offset(name, ip);
	return !strcmp(name, "panic");
}

/*
 * Called by panic()'s notifiers. What is left is what panic() has in its registers,
 * so that a debugger, who knows nothing of this module, begins there. The unwinder
 * tells no more than three of them.
 */
void adeos_regs_panic(void)
{
	struct pt_regs regs = {
		.cs = __KERNEL_CS,
		.ss = __KERNEL_DS,
		.flags = native_save_fl(),
	};
	struct unwind_state state;
	unsigned long ip;

	for (unwind_start(&state, current, NULL, NULL); !unwind_done(&state);
	     unwind_next_frame(&state)) {
		ip = unwind_get_return_address(&state);
		if (!ip || !is_in_panic(ip - 1))
			continue;
		/* in the call: the line behind it may be another function's, inlined */
		regs.ip = ip - 1;
		regs.sp = state.sp;
		regs.bp = state.bp;
		adeos_regs_save(VNODE_REGS_PANIC, &regs);
		return;
	}
}

static void stand_still(const struct vnode_member *self, u32 freeze, struct vnode_cpu_regs *own)
{
	u64 begin = rdtsc(), limit = (u64)tsc_khz * VNODE_FREEZE_MS;

	/* pairs with freeze_is_complete() in freeze.c */
	smp_store_release(&own->frozen, cpu_to_le32(freeze));
	while (le32_to_cpu(READ_ONCE(self->freeze)) == freeze && rdtsc() - begin < limit)
		cpu_relax();
	WRITE_ONCE(own->kind, 0);
	WRITE_ONCE(own->frozen, 0);
	touch_nmi_watchdog();
}

/* This CPU has come online: no freeze until now was about it. */
void adeos_regs_online(void)
{
	const struct vnode_member *self = &adeos_directory()->member[commons.slot];

	this_cpu_write(freeze_seen, le32_to_cpu(READ_ONCE(self->freeze)));
}

/**
 * adeos_regs_freeze - stand still if root wants it
 * @regs: where this CPU was
 *
 * Context: NMI. Return: true if the NMI may have been about this.
 */
bool adeos_regs_freeze(const struct pt_regs *regs)
{
	const struct vnode_member *self = &adeos_directory()->member[commons.slot];
	/* pairs with freeze_begin() in freeze.c */
	u32 freeze = le32_to_cpu(smp_load_acquire(&self->freeze));
	u32 seen = this_cpu_read(freeze_seen);
	unsigned int cpu = raw_smp_processor_id();

	if (freeze == seen)
		return false;
	this_cpu_write(freeze_seen, freeze);
	/* even: it is over. Not for us, who took its NMI; else that NMI was late */
	if (!(freeze & 1))
		return freeze != seen + 1;
	if (cpu >= VNODE_REGS)
		return true;
	adeos_regs_save(VNODE_REGS_FROZEN, regs);
	stand_still(self, freeze, &adeos_own()->regs[cpu]);
	return true;
}
