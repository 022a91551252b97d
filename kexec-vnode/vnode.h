/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rooms of kexec-vnode and what passes between them:
 *
 *	cli -> struct vnode_config -> image -> plan -> device
 *
 * Everything but cli, plan and device is a pure core: it takes structs, writes
 * bytes, touches no global and no file, and is what unit tests and fuzzers build.
 *
 * Errors: a negative errno, and one sentence in struct vnode_err that says what
 * is wrong with which object and what to try. Only main() exits.
 */
#ifndef KEXEC_VNODE_H
#define KEXEC_VNODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <asm/bootparam.h>

#define VNODE_CPUS_MAX		1024
#define VNODE_CMDLINE_MAX	2047	/* COMMAND_LINE_SIZE of x86, less the NUL */
#define VNODE_APPEND_MAX	(VNODE_CMDLINE_MAX - 256UL) /* the others are words a vnode needs */

static inline uint64_t vnode_align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) / align * align;
}

/* err.c. @errnum may have either sign; the negative errno is returned. */
struct vnode_err {
	char text[512];
};

int vnode_err(struct vnode_err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* parse.c: lists, sizes, ids, names */
struct vnode_cpus {
	unsigned int nr;
	uint32_t cpu[VNODE_CPUS_MAX];
};

int vnode_parse_cpus(const char *text, struct vnode_cpus *cpus, struct vnode_err *err);
int vnode_parse_size(const char *text, uint64_t *size, struct vnode_err *err);
int vnode_parse_id(const char *text, unsigned int *id, struct vnode_err *err);
int vnode_check_name(const char *name, struct vnode_err *err);

/* Seconds */
static inline double vnode_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static inline double vnode_now(void)
{
	return vnode_clock(CLOCK_MONOTONIC);
}

enum vnode_restart {
	VNODE_RESTART_UNSET,		/* as NO */
	VNODE_RESTART_NO,
	VNODE_RESTART_ON_FAILURE,
};

int vnode_take_number(const char **text, unsigned int base, uint64_t max, uint64_t *value);
/* "no", "on-failure", "on-failure:N"; @times is N, or 0 for no limit */
int vnode_parse_restart(const char *text, enum vnode_restart *restart, uint32_t *times,
			struct vnode_err *err);
/* of TCP */
int vnode_parse_port(const char *text, uint16_t *port, struct vnode_err *err);
/* "0-2,5": writes at most size bytes with the NUL, returns text */
char *vnode_format_cpus(const uint32_t *cpu, unsigned int nr, char *text, size_t size);

/* net.c: the networks of a vnode, which are the module vnic's */
#define VNODE_NETS_MAX		8
#define VNODE_NET_NAME_LEN	16	/* with the NUL */

struct vnode_net {
	char name[VNODE_NET_NAME_LEN];
	uint8_t mac[6];			/* zeros: one is made */
	unsigned int queues, mtu;	/* 0: vnic's own */
};

struct vnode_nets {
	unsigned int nr;
	bool none;			/* alone, and on purpose */
	struct vnode_net net[VNODE_NETS_MAX];
};

/* "NAME[,mac=MAC][,queues=N][,mtu=N]" or "none", behind those of @nets */
int vnode_parse_net(const char *text, struct vnode_nets *nets, struct vnode_err *err);
/*
 * @append with vnic's parameter in it, or "" where there is nothing to add. @root stands in
 * front of the paths of what is read: "". @nets gets all MACs. -EINVAL: see net.c.
 */
int vnode_net_append(struct vnode_nets *nets, unsigned int id, const char *root,
		     const char *append, char words[VNODE_APPEND_MAX + 1], struct vnode_err *err);
/* Those MACs, for GRANT; and the sentence where another vnode has one of them */
struct vnode_claim;
void vnode_net_claim(const struct vnode_nets *nets, struct vnode_claim *claim);
int vnode_net_claimed(const struct vnode_nets *nets, const struct vnode_claim *claim,
		      struct vnode_err *err);

/*
 * image.c, image-bzimage.c, image-elf.c, decompress.c, relocs.c: a kernel image
 * taken apart. All offsets count from the image's load address, which plan.c
 * chooses: a multiple of @align inside the vnode's memory. The segments are in the
 * order of their offsets and share no page.
 */
#define VNODE_IMAGE_SEGMENTS_MAX	16

struct vnode_image_segment {
	const void *buf;		/* points into the file or @data */
	uint64_t bufsz;
	uint64_t offset;		/* of whole pages, as @memsz */
	uint64_t memsz;			/* >= bufsz; the rest is zero */
};

struct vnode_image {
	const char *format;		/* "bzImage", "bzImage payload", "ELF" */
	char release[128];		/* of the kernel, "" if the format does not tell */
	bool has_header;		/* @header is a bzImage's, 0 behind its end */
	struct setup_header header;
	struct vnode_image_segment segment[VNODE_IMAGE_SEGMENTS_MAX];
	unsigned int nr_segments;
	uint64_t align;
	uint64_t mem_size;		/* needed from the load address up to run */
	uint64_t link_pa;		/* physical address it is linked for */
	bool has_entry32;
	bool has_entry64;
	uint64_t entry32;
	uint64_t entry64;
	/*
	 * The kernel can be moved in virtual memory: by its own decompressor
	 * (bzImage), or with @relocs (payload). False: no virtual KASLR.
	 */
	bool self_kaslr;
	const uint8_t *relocs;
	size_t relocs_size;
	void *data;			/* what segment[].buf may point into */
	size_t data_size;
};

enum vnode_unpack {
	VNODE_UNPACK_AUTO,		/* payload if its compression is known */
	VNODE_UNPACK_NEVER,		/* the bzImage is entered and unpacks itself */
	VNODE_UNPACK_ALWAYS,		/* an error where the compression is unknown */
};					/* a compressed ELF is unpacked in any case */

/*
 * @file stays the caller's and must outlive @image. -ENOEXEC: not a kernel image
 * (truncated, random, another architecture, not relocatable). -EOPNOTSUPP: see
 * VNODE_UNPACK_ALWAYS. The sentence does not name the file.
 */
int vnode_image_open(struct vnode_image *image, const void *file, size_t size,
		     enum vnode_unpack unpack, struct vnode_err *err);
/*
 * Moves an unpacked payload up by @delta in virtual memory (KASLR): a multiple of
 * @align, link_pa + mem_size + delta <= 1 GiB; else -EINVAL, and nothing is changed.
 * Once only: @relocs is NULL afterwards.
 */
int vnode_image_relocate(struct vnode_image *image, uint64_t delta, struct vnode_err *err);
void vnode_image_close(struct vnode_image *image);

/*
 * gzip, zstd, xz, lz4 (-l) by magic; *out is malloc()ed. At most @max bytes come
 * out: -EFBIG. -EOPNOTSUPP: a compression we do not know. -ENOMSG: not compressed.
 * -EBADMSG: damaged, truncated, or something follows.
 */
int vnode_decompress(const void *in, size_t in_size, size_t max, void **out,
		     size_t *out_size, struct vnode_err *err);

/* acpi.c: the tables that describe a vnode to its kernel */
struct vnode_acpi_config {
	unsigned int id;
	uint32_t bsp_apicid;		/* the machine's; listed, never enabled */
	const uint32_t *apicid;		/* boot CPU first */
	unsigned int nr_apicids;
	uint64_t base_pa;		/* where the tables will be */
	uint32_t ioapic_pa;		/* what stands for an IO-APIC */
	uint64_t control_pa;
};

/*
 * Writes all tables, one after the other, from @base_pa on: RSDP, XSDT, FADT,
 * DSDT, MADT, VNOD. Returns the bytes used (the RSDP is at the start), or
 * -ENOSPC. With buf NULL: the bytes needed.
 */
int vnode_acpi_build(const struct vnode_acpi_config *config, void *buf, size_t size,
		     struct vnode_err *err);
/* What is behind ioapic_pa: VNODE_ACPI_IOAPIC_SIZE bytes of registers. */
#define VNODE_ACPI_IOAPIC_SIZE	0x50
void vnode_acpi_ioapic(void *registers);

/* bootparams.c */
struct vnode_e820 {
	uint64_t start, size;
	uint32_t type;			/* 1 RAM, 2 reserved, 3 ACPI */
};

struct vnode_bootparams_config {
	const struct setup_header *header; /* of a bzImage, or NULL */
	const struct vnode_e820 *e820;
	unsigned int nr_e820;
	uint64_t kernel_pa;
	uint64_t cmdline_pa;
	uint32_t cmdline_size;
	uint64_t initrd_pa, initrd_size;
	uint64_t rsdp_pa;
	bool kaslr;			/* the kernel was moved: let it randomise the rest */
};

int vnode_bootparams_build(const struct vnode_bootparams_config *config,
			   struct boot_params *params, struct vnode_err *err);

/*
 * pgtable.c: the identity page tables of the 64-bit entry: the first 2 MiB and
 * [base, base + size), in 2 MiB pages. The top level is apart, since it must be
 * below 4 GiB.
 */
size_t vnode_pgtable_size(uint64_t base, uint64_t size);
/* @tables_pa: where @tables will be; vnode_pgtable_size() bytes */
void vnode_pgtable_build(uint64_t base, uint64_t size, void *pml4, void *tables,
			 uint64_t tables_pa);

/*
 * log.c: the kernel log of a vnode, dead or alive, from its memory alone.
 */
struct vnode_memory {
	/* 0 or negative errno; offset counts from @base */
	int (*read)(void *context, uint64_t offset, void *buf, size_t len);
	void *context;
	uint64_t base;			/* physical address of offset 0 */
	uint64_t size;
};

/*
 * Prints "[    0.123456] text" lines. -ENODATA: no log there yet. Any content of
 * the memory is survived, without an endless loop.
 */
int vnode_log_print(const struct vnode_memory *memory, FILE *out, struct vnode_err *err);

/*
 * cli.c: all that the command line says, parsed once.
 */
enum vnode_verb {
	VNODE_VERB_START,		/* grant, load, start */
	VNODE_VERB_LOAD,
	VNODE_VERB_EXEC,
	VNODE_VERB_UNLOAD,
	VNODE_VERB_STATUS,
	VNODE_VERB_LIST,
	VNODE_VERB_LOG,
	VNODE_VERB_DUMP,
	VNODE_VERB_CONSOLE,
	VNODE_VERB_GDB,
};

struct vnode_config {
	enum vnode_verb verb;
	const char *vnode;		/* ID or NAME as given, or NULL */
	unsigned int id;
	char name[32];			/* VNODE_NAME_LEN */
	struct vnode_cpus cpus;		/* the boot CPU first */
	long boot_cpu;			/* -1: the first of the list */
	uint64_t mem_size, mem_min, mem_max;
	const char *kernel, *initrd, *append;
	struct vnode_nets nets;
	char net_append[VNODE_APPEND_MAX + 1];	/* @append points here if it has nets */
	const char *dump;		/* the file to be written */
	char dump_dir[256];		/* VNODE_DUMP_DIR_MAX: when it fails, "": nowhere */
	uint16_t port;			/* for gdb */
	enum vnode_unpack unpack;
	double timeout;			/* seconds, as the following */
	double boot_limit;		/* 0: none */
	double wait;			/* until it runs */
	enum vnode_restart restart;
	uint32_t restarts;		/* in a row, 0: no limit */
	bool force, json, dry_run, read_only;
};

/* dump.c: the verb dump, and what it is made of beside it */
int vnode_dump(int fd, const struct vnode_config *config, struct vnode_err *err);

/*
 * dump-on-failure.c: root's kernel runs this program for it. @dir becomes the absolute
 * path of the directory @text.
 */
int vnode_dump_parse_dir(const char *text, char dir[256], struct vnode_err *err);
int vnode_dump_offer_helper(struct vnode_err *err);

/* gdb.c: gdb looks into it, until it has been returned */
int vnode_gdb(int fd, const struct vnode_config *config, struct vnode_err *err);

/* start.c: the verbs start and load */
int vnode_start(const struct vnode_config *config, struct vnode_err *err);

/* TSC cycles, the clock of all phases */
static inline uint64_t vnode_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

/* file.c: a regular file, read as a whole; *data is malloc()ed */
int vnode_file_read(const char *path, const char *what, void **data, size_t *size,
		    struct vnode_err *err);

/*
 * plan.c: where everything goes. The list of segments is made with kexec's own
 * add_segment() and locate_hole() on the memory that was granted.
 */
struct kexec_segment;

struct vnode_machine {			/* what root tells before a grant */
	uint32_t bsp_apicid;
	uint32_t tsc_khz;
	bool tsc_reliable;
};

struct vnode_lent {			/* and what the grant brought */
	uint64_t mem_base, mem_size;
	uint32_t low_base, low_size, low_page;
	uint32_t apicid[VNODE_CPUS_MAX];
};

struct vnode_plan {
	char cmdline[VNODE_CMDLINE_MAX + 1];
	struct vnode_e820 e820[8];
	unsigned int nr_e820;
	int entry_mode;			/* 32 or 64 */
	uint64_t entry, boot_params, cr3, control, kernel, initrd;
	uint64_t virt_delta;		/* the kernel was moved up by so much */
	const char *kaslr;		/* what became of it, for people */
	struct kexec_segment *segment;
	int nr_segments;
	uint64_t bytes;			/* of all segments, in memory */
	void *tables;			/* ACPI tables, as they will be */
	int tables_size;
};

/* What can be known before anything is taken: -EINVAL, -EFBIG. */
int vnode_plan_check(const struct vnode_config *config, const struct vnode_image *image,
		     size_t initrd_size, struct vnode_err *err);
int vnode_plan_make(struct vnode_plan *plan, const struct vnode_config *config,
		    struct vnode_image *image, const void *initrd, size_t initrd_size,
		    const struct vnode_machine *machine, const struct vnode_lent *lent,
		    struct vnode_err *err);
void vnode_plan_print(const struct vnode_plan *plan, const struct vnode_config *config,
		      const struct vnode_image *image, const struct vnode_lent *lent, FILE *out);

/*
 * device.c: /dev/vnode; the only file that issues ioctls. Beside plain errnos:
 * -ESRCH no such vnode, -EADDRINUSE in use by another vnode.
 */
struct vnode_status;
struct vnode_info;
struct vnode_regs;

int vnode_device_open(struct vnode_info *info, struct vnode_err *err);
int vnode_device_grant(int fd, const struct vnode_config *config, struct vnode_lent *lent,
		       struct vnode_err *err);
int vnode_device_load(int fd, const struct vnode_config *config, const struct vnode_plan *plan,
		      struct vnode_err *err);
int vnode_device_start(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_stop(int fd, unsigned int id, double timeout, bool force,
		      struct vnode_err *err);
int vnode_device_return(int fd, unsigned int id, struct vnode_err *err);
/*
 * @cpus has room for VNODE_CPUS_MAX. @next: the first one from @id on. Its strings
 * are plain text, whatever another kernel has put there.
 */
int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *err);
/* ID or NAME of an existing vnode */
int vnode_device_find(int fd, const char *vnode, unsigned int *id, struct vnode_err *err);
int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *memory,
			struct vnode_err *err);
/*
 * Its CPUs stand still until it is thawed, or @fd is closed. -ETIME of thaw: it has
 * gone on before.
 */
int vnode_device_freeze(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_thaw(int fd, unsigned int id, struct vnode_err *err);
int vnode_device_regs(int fd, unsigned int id, unsigned int cpu, struct vnode_regs *regs,
		      struct vnode_err *err);
/* regs.c: of each CPU; how many are known, the others are zeros. @frozen: it is, by @fd */
int vnode_regs_read(int fd, const struct vnode_status *status, bool frozen,
		    struct vnode_regs *regs, struct vnode_err *err);
/* Until some vnode's state has changed since the last status, or @seconds are over. */
int vnode_device_poll(int fd, double seconds, struct vnode_err *err);
/* What it could still say at its end: up to *@size bytes, any bytes */
int vnode_device_last(int fd, unsigned int id, char *text, size_t *size, struct vnode_err *err);

/* verbs.c: those of a vnode that exists */
int vnode_exec(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       struct vnode_err *err);
int vnode_unload(int fd, const struct vnode_config *config, const struct vnode_info *info,
		 struct vnode_err *err);
int vnode_log(int fd, const struct vnode_config *config, struct vnode_err *err);

/* console.c: until somebody leaves it, or the vnode has ended for good */
int vnode_console(int fd, const struct vnode_config *config, struct vnode_err *err);

/* vconsole.c: /dev/vconsole, attached to config->id's. -ENOENT: it has none, as yet. */
int vnode_vconsole_open(struct vnode_err *err);
int vnode_vconsole_attach(int fd, const struct vnode_config *config, const char *name,
			  struct vnode_err *err);

/*
 * terminal.c: stdin, which is a terminal, raw until it is restored or the process ends.
 * Returns a file descriptor that is readable when the window's size has changed.
 */
int vnode_terminal_raw(struct vnode_err *err);
void vnode_terminal_restore(void);
/* False: nobody knows. @fd as above, not readable any more then. */
bool vnode_terminal_size(int fd, uint16_t *rows, uint16_t *columns);

/*
 * wait.c: up to config->wait seconds until a vnode that was started runs; a line on
 * stdout says so, after @who. Other than 0: it does not run, and why.
 */
int vnode_wait(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       const char *who, struct vnode_err *err);

/* last.c: the last lines of its log, plain text; "" if nobody knows them */
#define VNODE_LAST_MAX	8192

void vnode_last(int fd, const struct vnode_status *status, char text[VNODE_LAST_MAX + 1]);
/* The last @lines lines of @text */
const char *vnode_last_lines(const char *text, unsigned int lines);

/* status.c */
int vnode_status_print(int fd, const struct vnode_info *info, unsigned int id, bool json,
		       FILE *out, bool *runs, struct vnode_err *err);
/* One line: the phases that are over, with the caller's own planning before them. */
int vnode_phases_print(int fd, const struct vnode_info *info, unsigned int id, const char *name,
		       uint64_t plan_cycles, FILE *out, struct vnode_err *err);
int vnode_list_print(int fd, const struct vnode_info *info, bool json, FILE *out,
		     struct vnode_err *err);

#endif /* KEXEC_VNODE_H */
