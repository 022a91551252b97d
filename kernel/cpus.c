// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs out of Linux and back, by hot-unplug.
 *
 * Root's broadcast IPIs must not reach a lent CPU. x86 sends "all but self" as one
 * shorthand while the CPUs that were booted once are exactly the present ones, offline or
 * not; apic_smt_update() in arch/x86/kernel/apic/ipi.c decides after each hot-plug step.
 * So the present bit of a lent CPU is cleared inside the very step that takes it down, by
 * a hot-plug callback of ours. Without its present bit root cannot bring the CPU up either
 * (_cpu_up() in kernel/cpu.c).
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <asm/smp.h>

#include "kmb.h"

/* For all CPUs of a vnode together */
#define PLUG_TIMEOUT	(5 * HZ)
#define PLUG_PAUSE_MS	20

/* Protects lent. The hot-plug callbacks read it: our own calls run them. */
static DEFINE_MUTEX(cpus_lock);
static struct cpumask lent;

static int cpus_state;

static int cpu_prepare(unsigned int cpu)
{
	return cpumask_test_cpu(cpu, &lent) ? -EBUSY : 0;
}

static int cpu_dead(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &lent))
		set_cpu_present(cpu, false);
	return 0;
}

int kmb_cpus_init(void)
{
	cpus_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "vnode:lent",
					       cpu_prepare, cpu_dead);
	return cpus_state < 0 ? cpus_state : 0;
}

void kmb_cpus_exit(void)
{
	cpuhp_remove_state_nocalls(cpus_state);
}

static int cpu_check(u32 cpu)
{
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -ENXIO;
	if (cpumask_test_cpu(cpu, &lent))
		return -EBUSY;
	if (!cpu_online(cpu))
		return -ENXIO;
	/* CPU 0 cannot be unplugged: x86 has no way to bring it back */
	if (cpu == 0)
		return -EADDRNOTAVAIL;
	return 0;
}

static bool is_named_twice(const struct adeos_cpu *cpu, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < i; k++)
		if (cpu[k].cpu == cpu[i].cpu)
			return true;
	return false;
}

/*
 * Linux refuses hot-plug for a moment now and then, as while it probes a PCI device
 * (cpu_hotplug_disable() in drivers/pci/pci-driver.c).
 */
static int plug(int (*step)(unsigned int cpu), u32 cpu, unsigned long end)
{
	int err;

	for (;;) {
		err = step(cpu);
		if (err != -EBUSY || time_after(jiffies, end) || fatal_signal_pending(current))
			return err;
		msleep(PLUG_PAUSE_MS);
	}
}

static int cpu_take(struct adeos_cpu *cpu, unsigned long end)
{
	int err;

	err = cpu_check(cpu->cpu);
	if (err)
		return err;
	cpumask_set_cpu(cpu->cpu, &lent);
	err = plug(remove_cpu, cpu->cpu, end);
	if (err) {
		pr_debug("remove_cpu(%u): %d\n", cpu->cpu, err);
		cpumask_clear_cpu(cpu->cpu, &lent);
		return -EADDRNOTAVAIL;
	}
	cpu->apicid = per_cpu(x86_cpu_to_apicid, cpu->cpu);
	/*
	 * It is still in root's idle loop and on root's page tables. INIT makes it
	 * wait for a SIPI instead.
	 */
	kmb_cpu_init(cpu->apicid);
	return 0;
}

static void cpu_return(u32 cpu, unsigned long end)
{
	int err;

	cpumask_clear_cpu(cpu, &lent);
	set_cpu_present(cpu, true);
	err = plug(add_cpu, cpu, end);
	if (err)
		pr_err("CPU %u cannot be brought up again: %d\n", cpu, err);
}

/**
 * kmb_cpus_take - take CPUs from Linux
 * @cpu: their numbers; filled with their APIC ids
 * @nr: number of CPUs; after an error: of the first ones, which kmb_cpus_return() has to
 *	give back
 * @bad_cpu: after an error: the CPU that could not be taken
 *
 * Return: 0, or as GRANT documents.
 */
int kmb_cpus_take(struct adeos_cpu *cpu, unsigned int *nr, u32 *bad_cpu)
{
	unsigned int i, taken = 0;
	unsigned long end;
	int err = 0;

	mutex_lock(&cpus_lock);
	end = jiffies + PLUG_TIMEOUT;
	/* what is known to fail is refused before any CPU is touched */
	for (i = 0; i < *nr && !err; i++) {
		*bad_cpu = cpu[i].cpu;
		err = is_named_twice(cpu, i) ? -EINVAL : cpu_check(cpu[i].cpu);
	}
	while (!err && taken < *nr) {
		*bad_cpu = cpu[taken].cpu;
		err = fatal_signal_pending(current) ? -EINTR : cpu_take(&cpu[taken], end);
		if (!err)
			taken++;
	}
	mutex_unlock(&cpus_lock);
	*nr = taken;
	return err;
}

/**
 * kmb_cpus_return - give CPUs back to Linux
 * @cpu: the CPUs, which wait for a SIPI
 * @nr: number of CPUs
 *
 * Context: a worker, since a task that is being killed cannot bring up a CPU.
 */
void kmb_cpus_return(const struct adeos_cpu *cpu, unsigned int nr)
{
	unsigned long end;
	unsigned int i;

	mutex_lock(&cpus_lock);
	end = jiffies + PLUG_TIMEOUT;
	for (i = 0; i < nr; i++)
		cpu_return(cpu[i].cpu, end);
	mutex_unlock(&cpus_lock);
}
