/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first instructions of a lent CPU. A SIPI starts it in real mode at offset 0
 * of a page below 640 KiB to which root has copied this code (SDM volume 3,
 * section 9.4.4: CS = vector << 8, IP = 0). The CPU answers, and then rests or
 * enters a kernel as the x86 boot protocol demands: in protected mode with
 * paging off, or in long mode with the page tables of its arguments. It uses no
 * stack and writes nothing but the answers among its arguments.
 */
#include <linux/linkage.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "trampoline.h"

	.section .rodata, "a"
	.balign 16
SYM_DATA_START(kmb_trampoline)
	.code16
	cli
	cld
	jmp	.Lstart
	.org	kmb_trampoline + TRAMPOLINE_ARGS + 0x68

.Lstart:
	movw	%cs, %ax
	movw	%ax, %ds

	/*
	 * A CPU that is late must not answer for the one that is expected now. Leaf 0xb has
	 * all of an id's bits, leaf 1 eight of them (SDM volume 2, "CPUID").
	 */
	xorl	%eax, %eax
	cpuid
	cmpl	$0xb, %eax
	jb	.Lleaf1
	movl	$0xb, %eax
	xorl	%ecx, %ecx
	cpuid
	testl	%ebx, %ebx
	jnz	.Lid
.Lleaf1:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movl	%ebx, %edx
.Lid:
	cmpl	%edx, ARG_APICID
	jne	.Lpark

	rdtsc
	movl	%eax, ARG_TSC
	movl	%edx, ARG_TSC + 4
	movl	ARG_TOKEN, %eax
	movl	%eax, ARG_ARRIVED

	cmpl	$MODE_PARK, ARG_MODE
	je	.Lpark

	xorl	%ebx, %ebx
	movw	%cs, %bx
	shll	$4, %ebx		/* from here on: address of this page */
	lgdtl	ARG_GDTR
	/*
	 * Caches on: INIT leaves CD and NW as they were, but a reset sets them
	 * (SDM volume 3, table 9-1).
	 */
	movl	$(X86_CR0_PE | X86_CR0_ET), %eax
	movl	%eax, %cr0
	ljmpl	*ARG_FAR32

.Lpark:
	hlt
	jmp	.Lpark

SYM_INNER_LABEL(kmb_trampoline_32, SYM_L_GLOBAL)
	.code32
	movl	$SEL_BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	ARG_BOOT_PARAMS(%ebx), %esi
	cmpl	$MODE_64, ARG_MODE(%ebx)
	je	.Llong

	movl	ARG_ENTRY(%ebx), %eax
	movl	ARG_TOKEN(%ebx), %ecx
	movl	%ecx, ARG_LEFT(%ebx)	/* the page is not read after this */
	xorl	%ebp, %ebp
	xorl	%edi, %edi
	xorl	%ebx, %ebx
	jmp	*%eax

.Llong:
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	ARG_CR3(%ebx), %eax
	movl	%eax, %cr3
	/* EFER survives INIT; the CPU itself sets LMA. */
	movl	$MSR_EFER, %ecx
	xorl	%edx, %edx
	movl	$(1 << _EFER_LME), %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_ET | X86_CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*ARG_FAR64(%ebx)

SYM_INNER_LABEL(kmb_trampoline_64, SYM_L_GLOBAL)
	.code64
	movl	%ebx, %ebx
	movq	ARG_BOOT_PARAMS(%rbx), %rsi
	movq	ARG_ENTRY(%rbx), %rax
	movl	ARG_TOKEN(%rbx), %ecx
	movl	%ecx, ARG_LEFT(%rbx)
	jmp	*%rax

SYM_INNER_LABEL(kmb_trampoline_end, SYM_L_GLOBAL)
SYM_DATA_END(kmb_trampoline)

	.section .note.GNU-stack, "", @progbits
