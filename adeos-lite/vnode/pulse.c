// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each CPU of a vnode beats: a timer in hard interrupt context counts up, and stops when
 * the CPU hangs with interrupts off. Root watches nothing else.
 */
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <asm/smp.h>

#include "vnode.h"

static DEFINE_PER_CPU(struct hrtimer, pulse);
static int pulse_state;

static void beat(unsigned int cpu)
{
	__le32 *word = &adeos_own()->beat[cpu];
	u32 next = le32_to_cpu(*word) + 1;

	WRITE_ONCE(*word, cpu_to_le32(next ?: 1));
}

static enum hrtimer_restart pulse_beat(struct hrtimer *timer)
{
	beat(raw_smp_processor_id());
	hrtimer_forward_now(timer, ms_to_ktime(VNODE_BEAT_MS));
	return HRTIMER_RESTART;
}

/* On the CPU itself. */
static int pulse_online(unsigned int cpu)
{
	struct hrtimer *timer = this_cpu_ptr(&pulse);

	if (cpu >= VNODE_BEATS)
		return 0;
	WRITE_ONCE(adeos_own()->beat_apicid[cpu], cpu_to_le32(per_cpu(x86_cpu_to_apicid, cpu)));
	beat(cpu);
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = pulse_beat;
	hrtimer_start(timer, ms_to_ktime(VNODE_BEAT_MS), HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int pulse_offline(unsigned int cpu)
{
	if (cpu >= VNODE_BEATS)
		return 0;
	hrtimer_cancel(this_cpu_ptr(&pulse));
	/* not watched */
	WRITE_ONCE(adeos_own()->beat[cpu], 0);
	return 0;
}

static int pulse_init(void)
{
	pulse_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "adeos:pulse", pulse_online,
					pulse_offline);
	return min(pulse_state, 0);
}

static void pulse_exit(void)
{
	cpuhp_remove_state(pulse_state);
}

const struct adeos_part adeos_pulse_part = {
	.init = pulse_init,
	.exit = pulse_exit,
};
