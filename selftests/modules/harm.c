// SPDX-License-Identifier: GPL-2.0-only
/* Ways in which a kernel harms itself. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/nmi.h>
#include <linux/panic.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <asm/apic.h>

#include "test.h"

/* ---- for a while ---- */

static void spin_until(u64 deadline)
{
	while (rdtsc_ordered() < deadline) {
		cpu_relax();
		touch_nmi_watchdog();
	}
}

static int freeze(void *data)
{
	spin_until(*(u64 *)data);
	return 0;
}

/* All CPUs of this kernel spin with interrupts off. */
static int freeze_run(struct answer *out, int argc, char **argv)
{
	u64 deadline;
	u32 ms;
	int err;

	err = kstrtou32(argv[0], 0, &ms);
	if (err)
		return err;
	deadline = rdtsc_ordered() + ms_to_tsc(ms);
	return stop_machine(freeze, &deadline, cpu_online_mask);
}

/* No CPU can be plugged from now on, as while Linux probes a PCI device. */
static int noplug_run(struct answer *out, int argc, char **argv)
{
	cpu_hotplug_disable();
	return 0;
}

static int plug_run(struct answer *out, int argc, char **argv)
{
	cpu_hotplug_enable();
	return 0;
}

static u32 held_cpu;
static int held_state;

static int held_down(unsigned int cpu)
{
	return cpu == held_cpu ? -EBUSY : 0;
}

/* This CPU cannot be unplugged, others can, until "release". */
static int hold_run(struct answer *out, int argc, char **argv)
{
	int err;

	if (held_state)
		return -EALREADY;
	err = kstrtou32(argv[0], 0, &held_cpu);
	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "adeos-test:hold", NULL, held_down);
	if (err < 0)
		return err;
	held_state = err;
	return 0;
}

static int release_run(struct answer *out, int argc, char **argv)
{
	if (!held_state)
		return -ENOENT;
	cpuhp_remove_state_nocalls(held_state);
	held_state = 0;
	return 0;
}

/**
 * struct closed - a CPU with interrupts off
 * @portal: portal that is watched meanwhile
 * @ms: duration
 * @during: interrupts of @portal in that time
 */
struct closed {
	struct test_portal *portal;
	u32 ms;
	s64 during;
};

static void closed_spin(void *data)
{
	struct closed *closed = data;
	s64 before = atomic64_read(&closed->portal->interrupts);

	spin_until(rdtsc_ordered() + ms_to_tsc(closed->ms));
	closed->during = atomic64_read(&closed->portal->interrupts) - before;
}

/* Counts what arrives at portal NAME while CPU has interrupts off. */
static int irqsoff_run(struct answer *out, int argc, char **argv)
{
	struct closed closed;
	u32 cpu;
	int err;

	err = kstrtou32(argv[1], 0, &cpu);
	if (!err)
		err = kstrtou32(argv[2], 0, &closed.ms);
	if (err)
		return err;
	down_read(&portals_lock);
	closed.portal = portals_find(argv[0]);
	err = PTR_ERR_OR_ZERO(closed.portal);
	if (!err)
		err = smp_call_function_single(cpu, closed_spin, &closed, 1);
	up_read(&portals_lock);
	if (!err)
		say(out, "during %lld\n", closed.during);
	return err;
}

/* ---- what the emulator lacks ---- */

#define IVT_NMI		8	/* physical: real mode's vector 2 */
#define IVT_REST	0x600	/* physical: unused memory */

/*
 * A CPU that waits for a SIPI ignores NMIs (Intel SDM volume 3, "MP Initialization").
 * QEMU delivers them in real mode, where the BIOS resets the machine. In root: makes the
 * NMI handler of real mode halt.
 */
static int nmirest_run(struct answer *out, int argc, char **argv)
{
	static const u8 rest[] = { 0xf4, 0xeb, 0xfd };	/* 1: hlt; jmp 1b */

	memcpy(phys_to_virt(IVT_REST), rest, sizeof(rest));
	WRITE_ONCE(*(u32 *)phys_to_virt(IVT_NMI), IVT_REST);
	return 0;
}

/* ---- in root: a CPU that comes late to the trampoline ---- */

#define LOW_END		0xa0000

/* Words of kernel/trampoline.h */
#define PAGE_TOKEN	0x10
#define PAGE_MODE	0x20
#define PAGE_LEFT	0x24

/* By its first instructions: cli, cld, jmp */
static u64 trampoline_find(void)
{
	static const u8 begin[] = { 0xfa, 0xfc, 0xeb };
	u64 pa;

	for (pa = PAGE_SIZE; pa < LOW_END; pa += PAGE_SIZE)
		if (!memcmp(phys_to_virt(pa), begin, sizeof(begin)))
			return pa;
	return 0;
}

/* Another CPU is expected there now, and has not gone on. */
static bool trampoline_waits(const void *page)
{
	return READ_ONCE(*(u32 *)(page + PAGE_MODE)) &&
	       READ_ONCE(*(u32 *)(page + PAGE_TOKEN)) != READ_ONCE(*(u32 *)(page + PAGE_LEFT));
}

static int trampoline_run(struct answer *out, int argc, char **argv)
{
	say(out, "page %llu\n", trampoline_find());
	return 0;
}

/* A CPU that rests is started on root's trampoline at the next start of a vnode. */
static int late_run(struct answer *out, int argc, char **argv)
{
	u64 deadline, pa = trampoline_find();
	u32 apicid;
	int err;

	err = kstrtou32(argv[0], 0, &apicid);
	if (!err)
		err = arg_deadline(argv[1], &deadline);
	if (err)
		return err;
	if (!pa)
		return -ENOENT;
	adeos_ipi(apicid, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	while (!trampoline_waits(phys_to_virt(pa)))
		if (!go_on(deadline))
			return -ETIME;
	adeos_ipi(apicid, APIC_DM_STARTUP | (u32)(pa >> PAGE_SHIFT));
	return 0;
}

/* ---- for ever ---- */

static void spin_for_ever(void *data)
{
	for (;;)
		cpu_relax();
}

static int spin_run(struct answer *out, int argc, char **argv)
{
	u32 cpu;
	int err;

	err = kstrtou32(argv[0], 0, &cpu);
	if (err)
		return err;
	pr_info("CPU %u spins from now on, tsc %llu\n", cpu, rdtsc_ordered());
	return smp_call_function_single(cpu, spin_for_ever, NULL, 0);
}

static int spinall_run(struct answer *out, int argc, char **argv)
{
	pr_info("all CPUs spin from now on, tsc %llu\n", rdtsc_ordered());
	on_each_cpu(spin_for_ever, NULL, 0);
	return 0;
}

static int panic_run(struct answer *out, int argc, char **argv)
{
	panic("adeos-test: asked to, tsc %llu", rdtsc_ordered());
	return 0;
}

static int oops_run(struct answer *out, int argc, char **argv)
{
	int *nowhere = (int *)16;

	/* keeps the compiler from optimising it away */
	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
	return 0;
}

/* Until the kernel panics: by panic_on_oom=2, or with no process left to kill. */
static int oom_run(struct answer *out, int argc, char **argv)
{
	while (alloc_page(GFP_KERNEL | __GFP_NOFAIL))
		;
	return -ENOMEM;
}

const struct command harm_commands[] = {
	{ "freeze", 1, "MS", freeze_run },
	{ "noplug", 0, "", noplug_run },
	{ "plug", 0, "", plug_run },
	{ "hold", 1, "CPU", hold_run },
	{ "release", 0, "", release_run },
	{ "irqsoff", 3, "NAME CPU MS", irqsoff_run },
	{ "nmirest", 0, "", nmirest_run },
	{ "trampoline", 0, "", trampoline_run },
	{ "late", 2, "APICID MS", late_run },
	{ "spin", 1, "CPU", spin_run },
	{ "spinall", 0, "", spinall_run },
	{ "panic", 0, "", panic_run },
	{ "oops", 0, "", oops_run },
	{ "oom", 0, "", oom_run },
	{ }
};
