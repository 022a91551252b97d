/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The manual of /dev/vnode: how user space lends CPUs and memory to a second
 * kernel (a vnode), starts it, looks at it, and takes everything back.
 *
 * The way of a vnode:
 *
 *	free -GRANT-> granted -LOAD-> loaded -START-> booting -> running
 *
 * and from any state STOP (stopped) and RETURN (free). A vnode that ends by itself
 * becomes halted, rebooted, panicked or hung: its CPUs are stopped, its memory is
 * kept; or, where LOAD said so, it is restarted. What a file descriptor
 * was granted belongs to that descriptor until START succeeded, or LOAD with
 * VNODE_LOAD_KEEP: if it is closed before (the process may have been killed),
 * everything goes back to the root kernel.
 *
 * GRANT, LOAD, START, MEMORY and REGS need CAP_SYS_BOOT and are refused with -EPERM
 * while the kernel is locked down for kexec; STOP, RETURN, LAST, FREEZE and THAW need
 * CAP_SYS_BOOT; INFO and STATUS need read permission on the device only.
 *
 * In a vnode that looks at others (module vnode-view) there are INFO, STATUS, MEMORY,
 * LAST, FREEZE, THAW and REGS; the rest is ENOTTY. A vnode that root does not allow it to
 * see is not there. Beside what is said below: ENOTCONN (root does not answer, or speaks
 * another version), ETIMEDOUT (not within a minute), EINTR (killed meanwhile). All numbers
 * of CPUs and addresses are root's.
 *
 * All sizes and addresses are bytes, all addresses physical, all reserved
 * fields must be zero. A call that fails has changed nothing.
 */
#ifndef _UAPI_LINUX_VNODE_H
#define _UAPI_LINUX_VNODE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Goes up with every incompatible change; INFO tells the module's. */
#define VNODE_ABI_VERSION	2

#define VNODE_ID_MAX		255	/* ids are 1..255; 0 is root */
#define VNODE_NAME_LEN		32	/* with the terminating NUL */
#define VNODE_SEGMENTS_MAX	32
#define VNODE_MEM_ALIGN		(2UL << 20)
#define VNODE_MEM_MIN		(16UL << 20)

/**
 * enum vnode_state - where a vnode is in its life
 * @VNODE_FREE: no such vnode
 * @VNODE_GRANTED: CPUs and memory are taken from root
 * @VNODE_LOADED: the image is in place
 * @VNODE_BOOTING: its boot CPU has been woken and has reached our trampoline
 * @VNODE_RUNNING: its nanokernel has attached
 * @VNODE_HALTED: it halted or powered off
 * @VNODE_REBOOTED: it rebooted
 * @VNODE_PANICKED: its kernel panicked
 * @VNODE_HUNG: it, or one of its CPUs, stopped answering; or it never attached
 * @VNODE_STOPPED: its CPUs were stopped by STOP; memory is kept until RETURN
 */
enum vnode_state {
	VNODE_FREE = 0,
	VNODE_GRANTED = 1,
	VNODE_LOADED = 2,
	VNODE_BOOTING = 3,
	VNODE_RUNNING = 4,
	VNODE_HALTED = 5,
	VNODE_REBOOTED = 6,
	VNODE_PANICKED = 7,
	VNODE_HUNG = 8,
	VNODE_STOPPED = 9,
	VNODE_NR_STATES
};

/**
 * enum vnode_cause - why a vnode ended
 * @VNODE_CAUSE_NONE: it has not ended yet
 * @VNODE_CAUSE_PANIC: panic()
 * @VNODE_CAUSE_REBOOT: reboot(2), or it was asked to
 * @VNODE_CAUSE_HALT: halted
 * @VNODE_CAUSE_POWER_OFF: powered off, or it was asked to
 * @VNODE_CAUSE_EMERGENCY: emergency restart: sysrq-b
 * @VNODE_CAUSE_HANG: a CPU was silent for too long
 * @VNODE_CAUSE_NO_HELLO: its nanokernel did not attach within the boot limit
 * @VNODE_CAUSE_PROTOCOL: its nanokernel speaks another protocol
 * @VNODE_CAUSE_STOP: STOP with VNODE_STOP_FORCE
 */
enum vnode_cause {
	VNODE_CAUSE_NONE = 0,
	VNODE_CAUSE_PANIC = 1,
	VNODE_CAUSE_REBOOT = 2,
	VNODE_CAUSE_HALT = 3,
	VNODE_CAUSE_POWER_OFF = 4,
	VNODE_CAUSE_EMERGENCY = 5,
	VNODE_CAUSE_HANG = 6,
	VNODE_CAUSE_NO_HELLO = 7,
	VNODE_CAUSE_PROTOCOL = 8,
	VNODE_CAUSE_STOP = 9,
	VNODE_NR_CAUSES
};

/**
 * struct vnode_info - INFO: the machine and the module
 * @abi: out: VNODE_ABI_VERSION of the module
 * @bsp_apicid: out: APIC id of the machine's bootstrap processor
 * @tsc_khz: out: refined TSC frequency
 * @low_size: out: bytes of RAM below 640 KiB that each vnode is lent
 * @mem_block: out: granule of memory hot-plug, in bytes
 * @mem_available: out: bytes of memory root can spare at this moment
 * @id: out: of the vnode that was asked; 0: root
 * @reserved: zero
 *
 * Another vnode than root (module vnode-view) tells @abi, @tsc_khz and @id; the rest is 0.
 */
struct vnode_info {
	__u32 abi;
	__u32 bsp_apicid;
	__u32 tsc_khz;
	__u32 low_size;
	__u64 mem_block;
	__u64 mem_available;
	__u32 id;
	__u32 reserved0;
	__u64 reserved[3];
};

#define VNODE_CLAIMS_MAX	8
#define VNODE_CLAIM_LEN		36	/* with the terminating NUL */

/**
 * struct vnode_claim - what one vnode alone may have
 * @holder: out: id of another vnode that has it already, 0: none has
 * @text: in: NUL-terminated, printable ASCII without spaces, zero behind its end;
 *	empty: no claim
 *
 * Texts are compared, and mean nothing else to the module. kexec claims "NETWORK,MAC"
 * for each MAC address that it gives a vnode. A claim is held from GRANT until RETURN
 * is over.
 */
struct vnode_claim {
	__u32 holder;
	char text[VNODE_CLAIM_LEN];
};

/**
 * struct vnode_grant - GRANT: take CPUs and memory from root for a vnode
 * @id: in: 1..VNODE_ID_MAX
 * @nr_cpus: in: number of entries behind @cpus and @apicids
 * @cpus: in: pointer to __u32[nr_cpus], Linux's CPU numbers; the first one is
 *	the vnode's boot CPU
 * @apicids: in: pointer to __u32[nr_cpus], filled with their APIC ids
 * @mem_size: in: a multiple of VNODE_MEM_ALIGN, at least VNODE_MEM_MIN
 * @mem_min: in: lowest address wanted
 * @mem_max: in: highest address wanted, 0 for any
 * @mem_base: out: where the granted memory starts
 * @low_base: out: where its RAM below 640 KiB starts, at least at 64 KiB
 * @low_size: out: size of that piece
 * @low_page: out: one more page below 640 KiB, not for its memory map (see
 *	vnode/layout.h)
 * @bad_cpu: out: see below
 * @claims: in: pointer to struct vnode_claim[VNODE_CLAIMS_MAX], or 0
 * @name: in: NUL-terminated, letters, digits, '-', '_' and '.', the first one a
 *	letter or '_'
 *
 * Errors: EINVAL (a field out of range; a CPU named twice), EEXIST (id in use),
 * ENOTUNIQ (name in use), EADDRINUSE (a claim is another vnode's; @holder of each claim
 * is filled), EFAULT, ENXIO (no such CPU, or offline), EBUSY (CPU lent to
 * a vnode already), EADDRNOTAVAIL (CPU 0, or another that root cannot give up:
 * the last one), ENOMEM (root cannot give that much memory there), ENOSPC (no
 * memory below 640 KiB left, or 15 vnodes are there), EINTR (a signal came).
 * Where the error is about a CPU, @bad_cpu is its number. Id, name and claims are
 * compared, and are the vnode's, before anything is taken: of two calls at a time that
 * want the same one is refused.
 */
struct vnode_grant {
	__u32 id;
	__u32 nr_cpus;
	__u64 cpus;
	__u64 apicids;
	__u64 mem_size;
	__u64 mem_min;
	__u64 mem_max;
	__u64 mem_base;
	__u32 low_base;
	__u32 low_size;
	__u32 low_page;
	__u32 bad_cpu;
	__u64 claims;
	char name[VNODE_NAME_LEN];
};

/**
 * struct vnode_segment - one piece of an image; kexec's struct kexec_segment
 * @buf: pointer to the bytes
 * @bufsz: how many; the rest up to @memsz is zero
 * @mem: physical address, in the vnode's range or in what it has below 640 KiB
 * @memsz: size in memory
 */
struct vnode_segment {
	__u64 buf;
	__u64 bufsz;
	__u64 mem;
	__u64 memsz;
};

/* LOAD flags */
#define VNODE_LOAD_KEEP		(1U << 0) /* outlives this file descriptor */
#define VNODE_LOAD_RESTART	(1U << 1) /* start it again after a failure */

/**
 * struct vnode_load - LOAD: place an image
 * @id: in: a granted vnode of this file descriptor
 * @flags: in: VNODE_LOAD_*
 * @nr_segments: in: 1..VNODE_SEGMENTS_MAX
 * @entry_mode: in: 32: protected mode, paging off, ESI = @boot_params;
 *	64: long mode, CR3 = @cr3, RSI = @boot_params
 *	(Documentation/arch/x86/boot.rst, 32-bit and 64-bit boot protocol)
 * @segments: in: pointer to struct vnode_segment[]
 * @entry: in: physical address of the first instruction; below 4 GiB in mode 32
 * @boot_params: in: physical address of struct boot_params
 * @cr3: in: physical address of the top-level page table, below 4 GiB; must map
 *	the first 2 MiB and @entry identically; zero in mode 32
 * @control: in: physical address of the vnode's control page (see
 *	vnode/layout.h), page aligned, in the vnode's range; START writes it
 * @restarts: in: with VNODE_LOAD_RESTART: how often in a row it is restarted
 *	before it has run for VNODE_RESTART_CALM seconds; 0: no limit
 * @boot_limit_ms: in: how long it may take from START until its nanokernel has
 *	attached; then it is taken for hung; 0: no limit
 * @dump_dir: in: pointer to the absolute path of a directory, at most
 *	VNODE_DUMP_DIR_MAX bytes with the NUL; 0: none
 * @reserved: zero
 *
 * With VNODE_LOAD_RESTART root's kernel keeps a copy of the segments. A vnode that
 * panicked, hung or rebooted is started from it again, at once the first time,
 * then after 250 ms, and each time twice as long, up to VNODE_RESTART_MAX_MS.
 *
 * With @dump_dir root's kernel runs a program when the vnode has failed, by itself and
 * not while it is stopped: what the module's parameter dump_helper names, with the
 * arguments --vnode=ID and --dump=DIR/NAME-DATE-TIME.core (UTC). A restart waits until
 * it has ended.
 *
 * Errors: ENOENT (no such vnode), EBADF (granted through another descriptor),
 * EBUSY (not in state granted), EINVAL, EFAULT, EADDRNOTAVAIL (a segment or an
 * address is outside of what the vnode was lent), EINTR, ENOMEM (for the copy).
 */
struct vnode_load {
	__u32 id;
	__u32 flags;
	__u32 nr_segments;
	__u32 entry_mode;
	__u64 segments;
	__u64 entry;
	__u64 boot_params;
	__u64 cr3;
	__u64 control;
	__u32 restarts;
	__u32 boot_limit_ms;
	__u64 dump_dir;
	__u64 reserved[2];
};

#define VNODE_DUMP_DIR_MAX	256
#define VNODE_RESTART_CALM	10	/* seconds */
#define VNODE_RESTART_MAX_MS	8000

/**
 * struct vnode_id - START and RETURN
 * @id: in: the vnode
 * @reserved: zero
 *
 * START: ENOENT, EBADF (granted through another descriptor), EBUSY (not loaded),
 * ESHUTDOWN (root is going down), ETIMEDOUT (the boot CPU did not come to its
 * first instruction; the vnode stays loaded). RETURN: ENOENT, EBUSY (it is
 * booting or running: STOP it first).
 */
struct vnode_id {
	__u32 id;
	__u32 reserved;
};

/* STOP flags */
#define VNODE_STOP_FORCE	(1U << 0) /* do not ask, stop its CPUs now */

/**
 * struct vnode_stop - STOP: end a vnode, keep its memory
 * @id: in: the vnode
 * @flags: in: VNODE_STOP_*
 * @timeout_ms: in: how long an orderly stop may take
 * @reserved: zero
 *
 * Without VNODE_STOP_FORCE the vnode's nanokernel is asked to power it off. What
 * was planned as a restart is called off.
 *
 * Errors: ENOENT; EOPNOTSUPP (orderly stop, but no nanokernel is attached that
 * could be asked); ETIME (orderly stop, not done within @timeout_ms: it goes on);
 * EINTR (the same, a signal came); ETIMEDOUT (a CPU did not answer INIT/SIPI: the
 * vnode keeps its state and its memory). Stopping a vnode that does not run
 * succeeds.
 */
struct vnode_stop {
	__u32 id;
	__u32 flags;
	__u32 timeout_ms;
	__u32 reserved;
};

/* Phases of a vnode's life that are timed, in TSC cycles. */
enum vnode_phase {
	VNODE_PHASE_CPUS = 0,	/* taking the CPUs from Linux */
	VNODE_PHASE_MEMORY = 1,	/* taking the memory from Linux */
	VNODE_PHASE_SCRUB = 2,	/* zeroing it */
	VNODE_PHASE_LOAD = 3,	/* copying the segments */
	VNODE_PHASE_WAKE = 4,	/* INIT to the first instruction */
	VNODE_PHASE_STOP = 5,	/* INIT to all CPUs parked */
	VNODE_PHASE_RETURN = 6,	/* scrub, memory and CPUs back in Linux */
	VNODE_PHASE_ATTACH = 7,	/* first instruction to attached */
	VNODE_NR_PHASES = 8
};

/* STATUS flags */
#define VNODE_STATUS_NEXT	(1U << 0) /* the first vnode with an id >= @id */

/**
 * struct vnode_status - STATUS: what is known of a vnode
 * @id: in/out: the vnode
 * @flags: in: VNODE_STATUS_*
 * @state: out: enum vnode_state
 * @nr_cpus: in: room behind @cpus; out: how many CPUs it has
 * @cpus: in: pointer to __u32[], or 0; filled as far as there is room
 * @mem_base: out
 * @mem_size: out
 * @low_base: out
 * @low_size: out
 * @entry_mode: out: 32, 64, or 0 if not loaded
 * @boot_apicid: out: APIC id of its boot CPU
 * @start_ns: out: CLOCK_BOOTTIME when it was started, 0 if never
 * @entry_tsc: out: TSC at its first instruction
 * @phase: out: TSC cycles spent in each phase, 0 if not gone through
 * @mem_offlined: out: bytes of its memory that left root's direct map
 * @cause: out: enum vnode_cause, of its last end, also while it runs again
 * @cause_cpu: out: Linux's (root's) number of the CPU that caused it, or ~0
 * @restarts: out: how often it was restarted since START
 * @oopses: out: of its kernel since it was last (re)started
 * @end_ns: out: CLOCK_BOOTTIME of root when the last end was noticed, or 0
 * @begin_tsc: out: TSC when its nanokernel was told of the end, 0 if it was not
 * @end_tsc: out: TSC when root knew of it
 * @restart_tsc: out: TSC when the restart that followed began, 0 if none did
 * @attached: out: 1 while its nanokernel is attached
 * @restarting: out: 1 while it has ended and is going to be restarted
 * @reserved: zero
 * @name: out
 * @release: out: its kernel's release, once running
 * @text: out: one line on its last end
 *
 * CLOCK_BOOTTIME is that of the kernel that is asked; what was before it booted is
 * negative, as a signed number. RETURN ends a vnode and with it its STATUS. Errors: ENOENT.
 */
struct vnode_status {
	__u32 id;
	__u32 flags;
	__u32 state;
	__u32 nr_cpus;
	__u64 cpus;
	__u64 mem_base;
	__u64 mem_size;
	__u32 low_base;
	__u32 low_size;
	__u32 entry_mode;
	__u32 boot_apicid;
	__u64 start_ns;
	__u64 entry_tsc;
	__u64 phase[VNODE_NR_PHASES];
	__u64 mem_offlined;
	__u32 cause;
	__u32 cause_cpu;
	__u32 restarts;
	__u32 oopses;
	__u64 end_ns;
	__u64 begin_tsc;
	__u64 end_tsc;
	__u64 restart_tsc;
	__u32 attached;
	__u32 restarting;
	__u64 reserved[4];
	char name[VNODE_NAME_LEN];
	char release[64];
	char text[128];
};

/**
 * struct vnode_last - LAST: the last log lines of a vnode's last end
 * @id: in: the vnode
 * @reserved: zero
 * @text: in: pointer to a buffer
 * @size: in: its size; out: bytes written, no NUL; the newest lines if not all fit
 *
 * What its nanokernel could still say; empty if it could not. Kept across
 * restarts, until RETURN. At most 8 KiB. Errors: ENOENT, EFAULT.
 */
struct vnode_last {
	__u32 id;
	__u32 reserved;
	__u64 text;
	__u64 size;
};

/* Whose registers they are, and why they are known. */
enum vnode_regs_kind {
	VNODE_REGS_NONE = 0,	/* they are not */
	VNODE_REGS_FROZEN = 1,	/* of a CPU that is frozen at this moment */
	VNODE_REGS_PANIC = 2,	/* of the CPU that panicked: in panic(), ip, sp and bp alone */
	VNODE_REGS_SILENT = 3,	/* of a CPU that root asked by NMI where it hangs */
};

/* In @reg, as in struct user_regs_struct and in an ELF core. */
#define VNODE_REGS_NR		27

/**
 * struct vnode_regs - REGS: the registers of a vnode's CPU
 * @id: in: the vnode
 * @cpu: in: the CPU's number in the vnode
 * @kind: out: enum vnode_regs_kind
 * @reserved: zero
 * @reg: out: in the order of struct user_regs_struct; zeros, if not known
 *
 * Errors: ENOENT, EINVAL (no such CPU).
 */
struct vnode_regs {
	__u32 id;
	__u32 cpu;
	__u32 kind;
	__u32 reserved;
	__u64 reg[VNODE_REGS_NR];
};

/*
 * A vnode that is frozen goes on by itself after so long, whatever becomes of root;
 * less than what Linux takes for a soft lockup.
 */
#define VNODE_FREEZE_MS		10000

#define VNODE_IOC_MAGIC		0xb7

#define VNODE_IOC_INFO		_IOR(VNODE_IOC_MAGIC, 0, struct vnode_info)
#define VNODE_IOC_GRANT		_IOWR(VNODE_IOC_MAGIC, 1, struct vnode_grant)
#define VNODE_IOC_LOAD		_IOW(VNODE_IOC_MAGIC, 2, struct vnode_load)
#define VNODE_IOC_START		_IOW(VNODE_IOC_MAGIC, 3, struct vnode_id)
#define VNODE_IOC_STOP		_IOW(VNODE_IOC_MAGIC, 4, struct vnode_stop)
#define VNODE_IOC_RETURN	_IOW(VNODE_IOC_MAGIC, 5, struct vnode_id)
#define VNODE_IOC_STATUS	_IOWR(VNODE_IOC_MAGIC, 6, struct vnode_status)

/*
 * MEMORY returns a new file descriptor, read-only, for the vnode's range:
 * pread() at offset 0 reads mem_base. Its kernel log is found in there. Reads
 * fail with ENXIO once the memory was returned, or is not shown any more.
 */
#define VNODE_IOC_MEMORY	_IOW(VNODE_IOC_MAGIC, 7, struct vnode_id)

#define VNODE_IOC_LAST		_IOWR(VNODE_IOC_MAGIC, 8, struct vnode_last)

/*
 * FREEZE has all CPUs of a vnode that runs stand still, in an NMI; THAW lets them go
 * on. A freeze belongs to the file descriptor: closing it thaws. One vnode at a time.
 *
 * FREEZE: ENOENT, EBUSY (this or another descriptor has frozen something already),
 * ENOTCONN (it does not run, or its nanokernel is not attached), EHOSTDOWN (none of
 * its CPUs beats), EOPNOTSUPP (more than 96 CPUs), ETIMEDOUT (not all of its CPUs have
 * stopped within a second: none is frozen). THAW: EBADF (not frozen by this
 * descriptor), ETIME (a CPU has gone on before: VNODE_FREEZE_MS were over, and
 * perhaps another has frozen it since, or the vnode has ended); after that
 * this descriptor has nothing frozen.
 */
#define VNODE_IOC_FREEZE	_IOW(VNODE_IOC_MAGIC, 9, struct vnode_id)
#define VNODE_IOC_THAW		_IOW(VNODE_IOC_MAGIC, 10, struct vnode_id)
#define VNODE_IOC_REGS		_IOWR(VNODE_IOC_MAGIC, 11, struct vnode_regs)

/* poll() on /dev/vnode: POLLPRI once the state of any vnode changed since the
 * last STATUS call on that descriptor.
 */

#endif /* _UAPI_LINUX_VNODE_H */
