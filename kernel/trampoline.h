/* SPDX-License-Identifier: GPL-2.0-only */
/* The layout of the page on which a lent CPU starts. */
#ifndef _KMB_TRAMPOLINE_H
#define _KMB_TRAMPOLINE_H

#define TRAMPOLINE_ARGS		0x10	/* struct trampoline_args */

#define ARG_TOKEN		(TRAMPOLINE_ARGS + 0x00)
#define ARG_ARRIVED		(TRAMPOLINE_ARGS + 0x04)
#define ARG_TSC			(TRAMPOLINE_ARGS + 0x08)
#define ARG_MODE		(TRAMPOLINE_ARGS + 0x10)
#define ARG_LEFT		(TRAMPOLINE_ARGS + 0x14)
#define ARG_ENTRY		(TRAMPOLINE_ARGS + 0x18)
#define ARG_BOOT_PARAMS		(TRAMPOLINE_ARGS + 0x20)
#define ARG_CR3			(TRAMPOLINE_ARGS + 0x28)
#define ARG_GDTR		(TRAMPOLINE_ARGS + 0x2c)	/* 2 + 4 bytes */
#define ARG_FAR32		(TRAMPOLINE_ARGS + 0x34)	/* 4 + 2 bytes */
#define ARG_FAR64		(TRAMPOLINE_ARGS + 0x3c)	/* 4 + 2 bytes */
#define ARG_APICID		(TRAMPOLINE_ARGS + 0x44)
#define ARG_GDT			(TRAMPOLINE_ARGS + 0x48)	/* 4 descriptors */

/* selectors: ours, and the two of the boot protocol */
#define SEL_CODE32		0x08
#define SEL_BOOT_CS		0x10
#define SEL_BOOT_DS		0x18

#define MODE_PARK		0
#define MODE_32			32
#define MODE_64			64

#ifndef __ASSEMBLY__
#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * struct trampoline_args - arguments from root, and the answers of the CPU
 * @token: never the same twice in a row
 * @arrived: answer: @token, at its first instructions
 * @tsc: answer: TSC, written before @arrived
 * @mode: MODE_*
 * @left: answer: @token, once the CPU does not read these arguments any more
 * @entry: physical address of the kernel's first instruction
 * @boot_params: for RSI
 * @cr3: for MODE_64
 * @gdt_limit: of the descriptor table below
 * @gdt_base: of the descriptor table below
 * @far32: the 32-bit code of this page
 * @far32_cs: SEL_BOOT_CS if the kernel is entered from there, else SEL_CODE32
 * @far64: the 64-bit code of this page
 * @far64_cs: SEL_BOOT_CS
 * @apicid: of the CPU that is to come, as CPUID tells it; any other one rests
 * @gdt: null, SEL_CODE32, SEL_BOOT_CS, SEL_BOOT_DS
 */
struct trampoline_args {
	u32 token;
	u32 arrived;
	u64 tsc;
	u32 mode;
	u32 left;
	u64 entry;
	u64 boot_params;
	u32 cr3;
	u16 gdt_limit;
	u32 gdt_base;
	u16 pad1;
	u32 far32;
	u16 far32_cs;
	u16 pad2;
	u32 far64;
	u16 far64_cs;
	u16 pad3;
	u32 apicid;
	u64 gdt[4];
} __packed;

#define ARG_CHECK(field, offset) \
	static_assert(TRAMPOLINE_ARGS + offsetof(struct trampoline_args, field) == (offset))
ARG_CHECK(token, ARG_TOKEN);
ARG_CHECK(arrived, ARG_ARRIVED);
ARG_CHECK(tsc, ARG_TSC);
ARG_CHECK(mode, ARG_MODE);
ARG_CHECK(left, ARG_LEFT);
ARG_CHECK(entry, ARG_ENTRY);
ARG_CHECK(boot_params, ARG_BOOT_PARAMS);
ARG_CHECK(cr3, ARG_CR3);
ARG_CHECK(gdt_limit, ARG_GDTR);
ARG_CHECK(far32, ARG_FAR32);
ARG_CHECK(far64, ARG_FAR64);
ARG_CHECK(apicid, ARG_APICID);
ARG_CHECK(gdt, ARG_GDT);

extern const char kmb_trampoline[], kmb_trampoline_32[], kmb_trampoline_64[],
	kmb_trampoline_end[];
#endif

#endif /* _KMB_TRAMPOLINE_H */
