// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers of a core: the addresses of the memory (PT_LOAD), the registers of each
 * CPU (NT_PRSTATUS), and the kernel's own VMCOREINFO.
 */
#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#include "dump.h"

#define PAGE_BYTES	4096UL
#define VMCOREINFO_NAME	"VMCOREINFO"	/* type 0; kernel/vmcore_info.c */
#define PRSTATUS_NAME	"CORE"

static_assert(sizeof(elf_gregset_t) == VNODE_REGS_NR * sizeof(uint64_t), "registers");

/* The notes, the direct map (or else all of the memory), the image */
#define PHDRS_FIXED	3

static size_t note_size(size_t name_size, size_t desc_size)
{
	return sizeof(Elf64_Nhdr) + vnode_align_up(name_size, 4) + vnode_align_up(desc_size, 4);
}

static size_t notes_size(unsigned int nr_cpus, size_t info_len)
{
	size_t size = nr_cpus * note_size(sizeof(PRSTATUS_NAME), sizeof(struct elf_prstatus));

	if (info_len)
		size += note_size(sizeof(VMCOREINFO_NAME), info_len);
	return size;
}

uint64_t vnode_dump_data_offset(unsigned int nr_cpus)
{
	return vnode_align_up(sizeof(Elf64_Ehdr) +
			      (PHDRS_FIXED + VNODE_DUMP_RUNS_MAX) * sizeof(Elf64_Phdr) +
			      notes_size(nr_cpus, VNODE_VMCOREINFO_MAX), PAGE_BYTES);
}

static void put_note(char **at, const char *name, unsigned int type, const void *desc, size_t size)
{
	const Elf64_Nhdr head = {
		.n_namesz = strlen(name) + 1,
		.n_descsz = size,
		.n_type = type,
	};
	char *to = *at;

	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), name, head.n_namesz);
	memcpy(to + sizeof(head) + vnode_align_up(head.n_namesz, 4), desc, size);
	*at += note_size(head.n_namesz, size);
}

/* Thread ids begin at 1: CPU 0 is thread 1. */
static void put_cpu(char **at, const struct vnode_regs *regs)
{
	struct elf_prstatus status = { .pr_pid = regs->cpu + 1 };

	memcpy(&status.pr_reg, regs->reg, sizeof(status.pr_reg));
	put_note(at, PRSTATUS_NAME, NT_PRSTATUS, &status, sizeof(status));
}

/* Known registers come first: a debugger begins with the first note. */
static void put_notes(char *at, const struct vnode_dump_map *map, const struct vnode_regs *regs,
		      unsigned int nr_cpus)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		if (regs[i].kind != VNODE_REGS_NONE)
			put_cpu(&at, &regs[i]);
	for (i = 0; i < nr_cpus; i++)
		if (regs[i].kind == VNODE_REGS_NONE)
			put_cpu(&at, &regs[i]);
	if (map->has_info)
		put_note(&at, VMCOREINFO_NAME, 0, map->info.text, map->info.len);
}

static void put_load(Elf64_Phdr **phdr, uint64_t data, const struct vnode_dump_map *map,
		     uint64_t va, uint64_t pa, uint64_t size)
{
	*(*phdr)++ = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = data + (pa - map->memory->base),
		.p_vaddr = va,
		.p_paddr = pa,
		.p_filesz = size,
		.p_memsz = size,
	};
}

static unsigned int put_loads(Elf64_Phdr *phdr, uint64_t data, const struct vnode_dump_map *map)
{
	const struct vnode_memory *memory = map->memory;
	Elf64_Phdr *begin = phdr;
	unsigned int i;

	if (map->image.size)
		put_load(&phdr, data, map, map->image.va, map->image.pa, map->image.size);
	/* all of the memory is there, at address 0 if the direct map is not known */
	put_load(&phdr, data, map, map->has_direct ? map->direct_va : 0, memory->base,
		 memory->size);
	for (i = 0; i < map->nr_runs; i++)
		put_load(&phdr, data, map, map->run[i].va, map->run[i].pa, map->run[i].size);
	return phdr - begin;
}

static void put_ehdr(Elf64_Ehdr *ehdr, unsigned int nr_phdrs)
{
	*ehdr = (Elf64_Ehdr){
		.e_ident = {
			ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
		},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(*ehdr),
		.e_ehsize = sizeof(*ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = nr_phdrs,
	};
}

void *vnode_dump_headers(const struct vnode_dump_map *map, const struct vnode_regs *regs,
			 unsigned int nr_cpus, size_t *size)
{
	size_t notes = notes_size(nr_cpus, map->has_info ? map->info.len : 0);
	size_t notes_at = sizeof(Elf64_Ehdr) + (PHDRS_FIXED + map->nr_runs) * sizeof(Elf64_Phdr);
	char *headers;
	Elf64_Phdr *phdr;

	*size = notes_at + notes;
	headers = calloc(1, *size);
	if (!headers)
		return NULL;
	phdr = (Elf64_Phdr *)(headers + sizeof(Elf64_Ehdr));
	phdr[0] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = notes_at,
		.p_filesz = notes,
		.p_memsz = notes,
	};
	put_ehdr((Elf64_Ehdr *)headers,
		 1 + put_loads(phdr + 1, vnode_dump_data_offset(nr_cpus), map));
	put_notes(headers + notes_at, map, regs, nr_cpus);
	return headers;
}
