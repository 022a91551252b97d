// SPDX-License-Identifier: GPL-2.0-only
/*
 * INIT and SIPI. INIT stops a CPU at once, whatever it does; a SIPI then starts it in
 * real mode on our trampoline page (SDM volume 3, section 9.4). A CPU counts as awake, or
 * as stopped, when its answer from that page is there, not because an IPI was sent.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <asm/apic.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "kmb.h"
#include "trampoline.h"

/*
 * A real CPU answers within microseconds, an emulated one on a busy host within a second.
 */
#define ARRIVE_TIMEOUT_MS	5000
#define SIPI_AGAIN_US		1000
#define INIT_AGAIN_MS		500

/* flat 32-bit code, 64-bit code and data, all accessed */
#define GDT_CODE32		0x00cf9b000000ffffULL
#define GDT_CODE64		0x00af9b000000ffffULL
#define GDT_DATA		0x00cf93000000ffffULL

/* protects the page: one CPU at a time passes through it */
static DEFINE_MUTEX(wake_lock);
static void *page_va;
static phys_addr_t page_pa;
static u32 last_token;

int kmb_wake_init(void)
{
	page_va = adeos_low_get(PAGE_SIZE, KMB_LOW_MIN, &page_pa);
	if (page_va)
		return 0;
	pr_err("no page below 640 KiB to start CPUs on\n");
	return -ENOMEM;
}

void kmb_wake_exit(void)
{
	adeos_low_put(page_va, PAGE_SIZE);
}

/* As smp_quirk_init_udelay() in arch/x86/kernel/smpboot.c decides. */
static bool init_needs_wait(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_INTEL:
		return boot_cpu_data.x86 < 6;
	case X86_VENDOR_AMD:
		return boot_cpu_data.x86 < 0xf;
	case X86_VENDOR_HYGON:
		return boot_cpu_data.x86 < 0x18;
	default:
		return true;
	}
}

/**
 * kmb_cpu_init - make a CPU stop and wait for a SIPI
 * @apicid: of the CPU
 */
void kmb_cpu_init(u32 apicid)
{
	adeos_ipi(apicid, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	if (init_needs_wait())
		usleep_range(10000, 11000);
	adeos_ipi(apicid, APIC_INT_LEVELTRIG | APIC_DM_INIT);
}

/*
 * Waits until the CPU has written the token. With @sipi, SIPIs are sent until then: one
 * that comes while the INIT before it is still on its way is lost, and one too many is
 * ignored.
 */
static int answer_wait(u32 apicid, bool sipi, const u32 *answer, u32 token, unsigned int ms)
{
	ktime_t now = ktime_get(), again = now, end = ktime_add_ms(now, ms);

	while (READ_ONCE(*answer) != token) {
		if (ktime_after(now, end))
			return -ETIMEDOUT;
		if (sipi && ktime_compare(now, again) >= 0) {
			adeos_ipi(apicid, APIC_DM_STARTUP | (u32)(page_pa >> PAGE_SHIFT));
			again = ktime_add_us(now, SIPI_AGAIN_US);
		}
		cpu_relax();
		cond_resched();
		now = ktime_get();
	}
	return 0;
}

/* The code as well: firmware may have written to the page. */
static struct trampoline_args *args_prepare(const struct adeos_cpu *cpu, u32 mode)
{
	struct trampoline_args *args = page_va + TRAMPOLINE_ARGS;

	memcpy(page_va, kmb_trampoline, kmb_trampoline_end - kmb_trampoline);
	memset(args, 0, sizeof(*args));
	args->apicid = cpu_data(cpu->cpu).topo.initial_apicid;
	args->token = ++last_token ?: ++last_token;
	args->mode = mode;
	return args;
}

static void args_fill(struct trampoline_args *args, const struct vnode_load *load)
{
	bool is_64 = load->entry_mode == MODE_64;

	args->entry = load->entry;
	args->boot_params = load->boot_params;
	args->cr3 = load->cr3;
	args->gdt_limit = sizeof(args->gdt) - 1;
	args->gdt_base = page_pa + ARG_GDT;
	args->far32 = page_pa + (kmb_trampoline_32 - kmb_trampoline);
	args->far32_cs = is_64 ? SEL_CODE32 : SEL_BOOT_CS;
	args->far64 = page_pa + (kmb_trampoline_64 - kmb_trampoline);
	args->far64_cs = SEL_BOOT_CS;
	args->gdt[SEL_CODE32 / 8] = GDT_CODE32;
	args->gdt[SEL_BOOT_CS / 8] = is_64 ? GDT_CODE64 : GDT_CODE32;
	args->gdt[SEL_BOOT_DS / 8] = GDT_DATA;
}

/**
 * kmb_wake - start a CPU at its entry
 * @cpu: the CPU
 * @load: entry mode, entry, boot_params and cr3
 * @cycles: TSC cycles from INIT to its first instruction
 * @entry_tsc: TSC at that instruction
 *
 * Return: 0, or -ETIMEDOUT; then the CPU may still come, late, until kmb_park() has
 * succeeded.
 */
int kmb_wake(const struct adeos_cpu *cpu, const struct vnode_load *load,
	     u64 *cycles, u64 *entry_tsc)
{
	struct trampoline_args *args;
	u64 begin;
	int err;

	mutex_lock(&wake_lock);
	args = args_prepare(cpu, load->entry_mode);
	args_fill(args, load);

	begin = rdtsc_ordered();
	kmb_cpu_init(cpu->apicid);
	err = answer_wait(cpu->apicid, true, &args->arrived, args->token, ARRIVE_TIMEOUT_MS) ?:
	      answer_wait(cpu->apicid, false, &args->left, args->token, ARRIVE_TIMEOUT_MS);
	*entry_tsc = args->tsc;
	*cycles = *entry_tsc - begin;
	mutex_unlock(&wake_lock);
	return err;
}

static int park_one(const struct adeos_cpu *cpu, ktime_t end)
{
	struct trampoline_args *args;
	int err;

	mutex_lock(&wake_lock);
	args = args_prepare(cpu, MODE_PARK);
	/*
	 * INIT takes it out of the page, where an NMI would find no handler. It is repeated
	 * for a CPU that has not answered: the one before may be lost.
	 */
	do {
		err = answer_wait(cpu->apicid, true, &args->arrived, args->token, INIT_AGAIN_MS);
		kmb_cpu_init(cpu->apicid);
	} while (err && ktime_before(ktime_get(), end));
	mutex_unlock(&wake_lock);
	return err;
}

/**
 * kmb_park - stop CPUs, whatever they do
 * @cpu: the CPUs
 * @nr: number of CPUs
 *
 * Return: 0 once each has answered from our page and waits for a SIPI;
 * -ETIMEDOUT if one has not: it may still run.
 */
int kmb_park(const struct adeos_cpu *cpu, unsigned int nr)
{
	ktime_t end = ktime_add_ms(ktime_get(), ARRIVE_TIMEOUT_MS);	/* for all of them */
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr; i++)
		kmb_cpu_init(cpu[i].apicid);
	for (i = 0; i < nr; i++) {
		int this_err = park_one(&cpu[i], end);

		if (this_err) {
			pr_err("CPU %u does not answer\n", cpu[i].cpu);
			err = this_err;
		}
	}
	return err;
}
