// SPDX-License-Identifier: GPL-2.0-only
/*
 * tiny-kernel cli|noidt|fill|hlt: writes an ELF "vmlinux" of a few instructions to
 * stdout, a kernel that answers no request:
 *
 *	cli	spins with interrupts off
 *	noidt	spins with interrupts on and no interrupt descriptor table: any interrupt
 *		is a triple fault
 *	fill	writes a pattern to all memory that its e820 map calls RAM, then
 *		spins with interrupts off
 *	hlt	sleeps for ever, and so costs the host nothing
 *
 * While it spins it counts, next to TINY_MARK: see "vnode-ctl beats".
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "tiny-kernel.h"

#define PAGE		4096
#define LINK_PA		0x1000000ULL
#define KERNEL_MAP	0xffffffff80000000ULL

/* Entered in long mode, memory mapped identically, RSI = struct boot_params. */
asm(".pushsection .rodata\n"
	".balign 4096\n"
	"tiny_begin:\n"
	"	cli\n"
	"	lea tiny_counter(%rip), %rbx\n"
	"	mov tiny_mode(%rip), %eax\n"
	"	cmp $1, %eax\n"
	"	je noidt\n"
	"	cmp $2, %eax\n"
	"	je fill\n"
	"	cmp $3, %eax\n"
	"	je sleep\n"
	"spin:\n"
	"	incq (%rbx)\n"
	"	pause\n"
	"	jmp spin\n"

	"sleep:\n"
	"	hlt\n"
	"	jmp sleep\n"

	"noidt:\n"
	"	lidt tiny_no_idt(%rip)\n"
	"	sti\n"
	"	jmp spin\n"

	/* boot_params.e820_entries and .e820_table lie in RAM that is filled: copy them */
	"fill:\n"
	"	movzbl 0x1e8(%rsi), %r8d\n"
	"	imul $20, %r8d, %ecx\n"
	"	add $0x2d0, %rsi\n"
	"	lea tiny_e820(%rip), %rdi\n"
	"	mov %rdi, %rdx\n"
	"	cld\n"
	"	rep movsb\n"
	"	movabs $" TINY_STRING(TINY_PATTERN) ", %rax\n"
	"	lea tiny_begin(%rip), %r9\n"
	"	shr $21, %r9\n"
	"1:	test %r8d, %r8d\n"
	"	jz spin\n"
	"	dec %r8d\n"
	"	mov (%rdx), %rdi\n"
	"	mov 8(%rdx), %r10\n"
	"	add %rdi, %r10\n"
	"	mov 16(%rdx), %r11d\n"
	"	add $20, %rdx\n"
	"	cmp $1, %r11d\n"
	"	jne 1b\n"
	"2:	cmp %r10, %rdi\n"
	"	jae 1b\n"
	/* skip the page of this code */
	"	mov %rdi, %rcx\n"
	"	shr $21, %rcx\n"
	"	cmp %r9, %rcx\n"
	"	je 3f\n"
	"	mov $512, %ecx\n"
	"	rep stosq\n"
	"	jmp 2b\n"
	"3:	add $4096, %rdi\n"
	"	jmp 2b\n"

	".balign 16\n"
	"tiny_no_idt:\n"
	"	.word 0\n"
	"	.quad 0\n"
	".balign 4\n"
	"tiny_mode:\n"
	"	.long 0\n"
	".balign 16\n"
	"	.ascii \"" TINY_MARK "\"\n"
	"tiny_counter:\n"
	"	.quad 0\n"
	"tiny_e820:\n"
	"	.fill 20 * 32\n"
	".balign 4096\n"
	"tiny_end:\n"
	".popsection\n");

int main(int argc, char **argv)
{
	static const char * const modes[] = { "cli", "noidt", "fill", "hlt" };
	size_t size = tiny_end - tiny_begin;
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr;
		char pad[PAGE - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr)];
	} head = {
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = LINK_PA, .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.phdr = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = PAGE,
			.p_paddr = LINK_PA, .p_vaddr = LINK_PA + KERNEL_MAP,
			.p_filesz = size, .p_memsz = size, .p_align = PAGE,
		},
	};
	static char code[2 * PAGE];
	unsigned int mode = 0;

	while (argc == 2 && mode < 4 && strcmp(argv[1], modes[mode]))
		mode++;
	if (argc != 2 || mode == 4 || size > sizeof(code)) {
		fprintf(stderr, "usage: tiny-kernel cli|noidt|fill|hlt > FILE\n");
		return 2;
	}
	memcpy(code, tiny_begin, size);
	memcpy(code + (tiny_mode - tiny_begin), &mode, sizeof(mode));
	if (fwrite(&head, sizeof(head), 1, stdout) != 1 || fwrite(code, size, 1, stdout) != 1 ||
	    fflush(stdout)) {
		perror("tiny-kernel");
		return 1;
	}
	return 0;
}
