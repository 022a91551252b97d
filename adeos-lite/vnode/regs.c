// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a vnode's CPUs, for root: where it panicked, where a silent CPU is,
 * and where each CPU stands while root has it frozen.
 */
#include <linux/kallsyms.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vnode.h>
#include <asm/msr.h>
#include <asm/ptrace.h>
#include <asm/unwind.h>
#include <asm/user.h>

#include "vnode.h"

static_assert(sizeof_field(struct vnode_cpu_regs, reg) == sizeof(struct user_regs_struct),
	      "registers");

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
	/* the kernel's: the base of its per-CPU data */
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
	/* pairs with adeos_slot_regs() in root/freeze.c */
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
 * Called by panic()'s notifiers. The registers saved are those of panic(), so that a
 * debugger begins its backtrace there and not in this module. The unwinder knows three
 * of them.
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
