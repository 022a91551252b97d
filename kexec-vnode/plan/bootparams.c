// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct boot_params, the "zero page" of the x86 boot protocol. Its fields are described
 * in Documentation/arch/x86/boot.rst and zero-page.rst of Linux.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "plan.h"

#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define HEADER_BOOT_FLAG	0xaa55
#define HEADER_JUMP		0xeb		/* jmp rel8 */
#define HEADER_START		0x1f1
#define HEADER_JUMP_END		0x202		/* the jump is relative to this */

#define PROTOCOL_MIN		0x020a	/* first with init_size and pref_address */
#define PROTOCOL_XLOADFLAGS	0x020c
#define PROTOCOL_OURS		0x020f

#define LOADER_UNDEFINED	0xff
#define VID_MODE_NORMAL		0xffff
#define ADDRESS_4G		(1ULL << 32)

#define E820_RAM		1
#define E820_ACPI		3

static_assert(sizeof(struct boot_params) == 4096, "zero-page.rst");
static_assert(offsetof(struct boot_params, acpi_rsdp_addr) == 0x070, "zero-page.rst");
static_assert(offsetof(struct boot_params, ext_ramdisk_image) == 0x0c0, "zero-page.rst");
static_assert(offsetof(struct boot_params, ext_ramdisk_size) == 0x0c4, "zero-page.rst");
static_assert(offsetof(struct boot_params, ext_cmd_line_ptr) == 0x0c8, "zero-page.rst");
static_assert(offsetof(struct boot_params, e820_entries) == 0x1e8, "zero-page.rst");
static_assert(offsetof(struct boot_params, sentinel) == 0x1ef, "zero-page.rst");
static_assert(offsetof(struct boot_params, hdr) == HEADER_START, "boot.rst");
static_assert(offsetof(struct boot_params, hdr.version) == 0x206, "boot.rst");
static_assert(offsetof(struct boot_params, hdr.init_size) == 0x260, "boot.rst");
static_assert(offsetof(struct boot_params, e820_table) == 0x2d0, "zero-page.rst");
static_assert(sizeof(struct boot_e820_entry) == 20, "zero-page.rst");

/*
 * The header's first instruction jumps over it, so the distance gives the end of the
 * header (boot.rst, "64-bit boot protocol"). A newer kernel may have a longer header than
 * struct setup_header.
 */
static size_t header_length(const struct setup_header *header)
{
	size_t length = HEADER_JUMP_END + (header->jump >> 8) - HEADER_START;

	return length < sizeof(*header) ? length : sizeof(*header);
}

static int header_copy(struct setup_header *hdr, const struct setup_header *from,
		       struct vnode_err *err)
{
	size_t length = header_length(from);

	if (from->boot_flag != HEADER_BOOT_FLAG || from->header != HEADER_MAGIC ||
	    (from->jump & 0xff) != HEADER_JUMP)
		return vnode_err(err, ENOEXEC,
				 "the kernel's setup header is not a bzImage's: magic 0x%x instead of 0x%x",
				 from->header, HEADER_MAGIC);
	if (from->version < PROTOCOL_MIN)
		return vnode_err(err, ENOEXEC,
				 "the kernel has boot protocol %u.%02u: use one with 2.10 or later (Linux 2.6.31)",
				 from->version >> 8, from->version & 0xff);
	if (length < offsetof(struct setup_header, handover_offset))
		return vnode_err(err, ENOEXEC,
				 "the kernel's setup header ends after %zu bytes, too early for its boot protocol %u.%02u",
				 length, from->version >> 8, from->version & 0xff);

	memcpy(hdr, from, length);
	if (hdr->version < PROTOCOL_XLOADFLAGS)
		hdr->xloadflags = 0;	/* it was padding then */
	return 0;
}

/* For an ELF kernel: the header that a bzImage would have */
static void header_synthesise(struct setup_header *hdr)
{
	hdr->root_flags = 1;		/* root read-only unless "rw" is given */
	hdr->boot_flag = HEADER_BOOT_FLAG;
	hdr->jump = HEADER_JUMP |
		    (HEADER_START + sizeof(*hdr) - HEADER_JUMP_END) << 8;
	hdr->header = HEADER_MAGIC;
	hdr->version = PROTOCOL_OURS;
	hdr->initrd_addr_max = 0x7fffffff;
	hdr->kernel_alignment = 2 << 20;
	hdr->relocatable_kernel = 1;
	hdr->xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G;
	hdr->cmdline_size = VNODE_CMDLINE_MAX;
}

static int check_4g(const char *what, uint64_t pa, uint64_t size, struct vnode_err *err)
{
	if (pa < ADDRESS_4G && size <= ADDRESS_4G - pa)
		return 0;
	return vnode_err(err, ERANGE,
			 "this kernel cannot have its %s above 4 GiB, at 0x%llx: give the vnode memory below, or use a kernel that can",
			 what, (unsigned long long)pa);
}

/* boot.rst, xloadflags: all of this must be below 4 GiB unless the kernel allows more. */
static int check_placement(const struct setup_header *hdr,
			   const struct vnode_bootparams_config *config,
			   struct vnode_err *err)
{
	int ret;

	if (hdr->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G)
		return 0;
	ret = check_4g("code", config->kernel_pa, hdr->init_size, err);
	if (!ret)
		ret = check_4g("command line", config->cmdline_pa, config->cmdline_size, err);
	if (!ret && config->initrd_size)
		ret = check_4g("initrd", config->initrd_pa, config->initrd_size, err);
	if (ret)
		return ret;
	if (config->initrd_size &&
	    config->initrd_pa + config->initrd_size - 1 > hdr->initrd_addr_max)
		return vnode_err(err, ERANGE,
				 "this kernel cannot have its initrd above 0x%x: give the vnode memory below",
				 hdr->initrd_addr_max);
	return 0;
}

static int check_config(const struct setup_header *hdr,
			const struct vnode_bootparams_config *config, struct vnode_err *err)
{
	if (config->cmdline_size > hdr->cmdline_size)
		return vnode_err(err, E2BIG,
				 "the command line has %u characters and this kernel takes %u: shorten it",
				 config->cmdline_size, hdr->cmdline_size);
	if (!config->cmdline_pa)
		return vnode_err(err, EINVAL,
				 "the command line is at address 0, which means none: place it elsewhere");
	if (config->initrd_pa + config->initrd_size < config->initrd_pa ||
	    config->cmdline_pa + config->cmdline_size < config->cmdline_pa)
		return vnode_err(err, EINVAL,
				 "the initrd (0x%llx) or the command line (0x%llx) goes beyond the end of memory",
				 (unsigned long long)config->initrd_pa,
				 (unsigned long long)config->cmdline_pa);
	return check_placement(hdr, config, err);
}

static int e820_copy(struct boot_params *params, const struct vnode_e820 *e820,
		     unsigned int nr, struct vnode_err *err)
{
	uint64_t free = 0;		/* the end of the entry before */
	unsigned int i;

	if (!nr || nr > E820_MAX_ENTRIES_ZEROPAGE)
		return vnode_err(err, EINVAL, "the memory map has %u entries: expected 1 to %d",
				 nr, E820_MAX_ENTRIES_ZEROPAGE);

	for (i = 0; i < nr; i++) {
		unsigned long long start = e820[i].start, size = e820[i].size;

		if (!size || start + size < start)
			return vnode_err(err, EINVAL,
					 "memory map entry %u is 0x%llx bytes at 0x%llx: empty, or beyond the end of memory",
					 i, size, start);
		if (start < free)
			return vnode_err(err, EINVAL,
					 "memory map entry %u at 0x%llx begins before the end of the one before, 0x%llx: sort them, and let none overlap",
					 i, start, (unsigned long long)free);
		if (e820[i].type < E820_RAM || e820[i].type > E820_ACPI)
			return vnode_err(err, EINVAL,
					 "memory map entry %u has type %u: expected 1 (RAM), 2 (reserved) or 3 (ACPI)",
					 i, e820[i].type);
		free = start + size;
		params->e820_table[i].addr = start;
		params->e820_table[i].size = size;
		params->e820_table[i].type = e820[i].type;
	}
	params->e820_entries = nr;
	return 0;
}

/* The fields that boot.rst calls "write" and "modify". */
static void header_fill(struct boot_params *params,
			const struct vnode_bootparams_config *config)
{
	struct setup_header *hdr = &params->hdr;

	hdr->vid_mode = VID_MODE_NORMAL;
	hdr->type_of_loader = LOADER_UNDEFINED;
	hdr->ext_loader_ver = 0;
	hdr->ext_loader_type = 0;
	hdr->loadflags = LOADED_HIGH | (config->kaslr ? KASLR_FLAG : 0);
	hdr->heap_end_ptr = 0;
	hdr->hardware_subarch = X86_SUBARCH_PC;
	hdr->hardware_subarch_data = 0;
	hdr->setup_data = config->setup_data_pa;

	/* 32 bits, and unused by the 64-bit entry */
	hdr->code32_start = config->kernel_pa < ADDRESS_4G ? config->kernel_pa : 0;

	hdr->cmd_line_ptr = config->cmdline_pa;
	params->ext_cmd_line_ptr = config->cmdline_pa >> 32;

	hdr->ramdisk_image = 0;
	hdr->ramdisk_size = 0;
	if (!config->initrd_size)
		return;
	hdr->ramdisk_image = config->initrd_pa;
	hdr->ramdisk_size = config->initrd_size;
	params->ext_ramdisk_image = config->initrd_pa >> 32;
	params->ext_ramdisk_size = config->initrd_size >> 32;
}

/**
 * vnode_bootparams_build() - write a vnode's struct boot_params
 * @config: its contents. cmdline_size is in characters, without the NUL, and is only
 *	compared with the kernel's limit.
 * @params: written; undefined on failure
 * @err: filled on failure
 *
 * All other fields are zero: no screen (screen_info), no EFI. So is the
 * sentinel, by which the kernel sees that the page was cleared before the setup header was
 * copied into it (sanitize_boot_params() in arch/x86/include/asm/bootparam_utils.h).
 *
 * Return: 0; -ENOEXEC (no usable setup header); -ERANGE (something is above 4 GiB, and
 * this kernel needs it below); -E2BIG (command line); -EINVAL.
 */
int vnode_bootparams_build(const struct vnode_bootparams_config *config,
			   struct boot_params *params, struct vnode_err *err)
{
	int ret;

	memset(params, 0, sizeof(*params));
	if (config->header) {
		ret = header_copy(&params->hdr, config->header, err);
		if (ret)
			return ret;
	} else {
		header_synthesise(&params->hdr);
	}

	ret = check_config(&params->hdr, config, err);
	if (ret)
		return ret;
	ret = e820_copy(params, config->e820, config->nr_e820, err);
	if (ret)
		return ret;

	header_fill(params, config);
	params->acpi_rsdp_addr = config->rsdp_pa;
	return 0;
}
