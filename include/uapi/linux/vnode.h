/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The manual of /dev/vnode: how user space lends CPUs and memory to a second
 * kernel (a vnode), starts it, reads its state, and takes everything back.
 *
 * The states of a vnode:
 *
 *	free -GRANT-> granted -LOAD-> loaded -START-> booting -> running
 *
 * STOP leads from booting and running to stopped, RETURN from all other states to
 * free. A vnode that ends by itself becomes halted, rebooted, panicked or hung: its
 * CPUs are stopped and its memory is kept; or, if LOAD said so, it is restarted.
 *
 * What a file descriptor was granted belongs to that descriptor until START has
 * succeeded, or LOAD with VNODE_LOAD_KEEP. If the descriptor is closed before, for
 * example because the process was killed, everything goes back to the root kernel.
 *
 * GRANT, LOAD, START, MEMORY and REGS need CAP_SYS_BOOT and are refused with -EPERM
 * while the kernel is locked down for kexec; STOP, RETURN, LAST, FREEZE and THAW need
 * CAP_SYS_BOOT; INFO and STATUS need read permission on the device only.
 *
 * All sizes and addresses are bytes, all addresses physical, all reserved fields must
 * be zero. A call that fails has changed nothing.
 */
#ifndef _UAPI_LINUX_VNODE_H
#define _UAPI_LINUX_VNODE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Incremented by every incompatible change; INFO returns that of the module. */
#define VNODE_ABI_VERSION	2

#define VNODE_ID_MAX		255	/* ids are 1..255; 0 is root */
#define VNODE_NAME_LEN		32	/* with the terminating NUL */
#define VNODE_SEGMENTS_MAX	32
#define VNODE_MEM_ALIGN		(2UL << 20)
#define VNODE_MEM_MIN		(16UL << 20)

/**
 * enum vnode_state - the state of a vnode
 * @VNODE_FREE: no such vnode
 * @VNODE_GRANTED: CPUs and memory are taken from root
 * @VNODE_LOADED: the image is in place
 * @VNODE_BOOTING: its boot CPU has answered from our trampoline and entered the kernel
 * @VNODE_RUNNING: its nanokernel has attached
 * @VNODE_HALTED: it halted or powered off
 * @VNODE_REBOOTED: it rebooted
 * @VNODE_PANICKED: its kernel panicked
 * @VNODE_HUNG: one of its CPUs stopped answering, or its nanokernel did not attach in
 *	time, or speaks another protocol
 * @VNODE_STOPPED: its CPUs were stopped by STOP; its memory is kept until RETURN
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
 * @VNODE_CAUSE_REBOOT: reboot(2), or kexec inside
 * @VNODE_CAUSE_HALT: halted
 * @VNODE_CAUSE_POWER_OFF: powered off, by itself or asked by STOP
 * @VNODE_CAUSE_EMERGENCY: emergency restart, by sysrq-b for example
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
 * @low_size: out: bytes of RAM below 640 KiB that each vnode gets
 * @mem_block: out: granule of memory hot-plug, in bytes
 * @mem_available: out: bytes of memory that root can spare now
 * @reserved: zero
 */
struct vnode_info {
	__u32 abi;
	__u32 bsp_apicid;
	__u32 tsc_khz;
	__u32 low_size;
	__u64 mem_block;
	__u64 mem_available;
	__u64 reserved[4];
};

#define VNODE_CLAIMS_MAX	8
#define VNODE_CLAIM_LEN		36	/* with the terminating NUL */

/**
 * struct vnode_claim - something that only one vnode may have
 * @holder: out: id of the vnode that holds it already, 0: none
 * @text: in: NUL-terminated, printable ASCII without spaces, padded with zeros;
 *	empty: no claim
 *
 * The module compares texts and gives them no other meaning. kexec claims "NETWORK,MAC"
 * for each MAC address that it gives a vnode. A claim is held from GRANT until RETURN
 * has completed.
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
 * @low_base: out: where its RAM below 640 KiB starts, 64 KiB or above
 * @low_size: out: size of that RAM
 * @low_page: out: address of the low page, which is not part of its memory map (see
 *	vnode/layout.h)
 * @bad_cpu: out: the CPU that an error is about
 * @claims: in: pointer to struct vnode_claim[VNODE_CLAIMS_MAX], or 0
 * @name: in: NUL-terminated, letters, digits, '-', '_' and '.', the first one a
 *	letter or '_'
 *
 * Errors: EINVAL (a field out of range; a CPU named twice), EEXIST (id in use),
 * ENOTUNIQ (name in use), EADDRINUSE (another vnode holds a claim; @holder of each claim
 * is filled), EFAULT, ENXIO (no such CPU, or offline), EBUSY (CPU lent already),
 * EADDRNOTAVAIL (CPU 0, or one that root cannot give up, such as the last one), ENOMEM
 * (root cannot give that much memory there), ENOSPC (no memory below 640 KiB left, or 15
 * vnodes exist), EINTR (a signal came). If the error is about a CPU, @bad_cpu is its
 * number.
 *
 * Id, name and claims are reserved before anything is taken: of two concurrent calls
 * that want the same one, one is refused.
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
 * @bufsz: how many; the rest up to @memsz is zeroed
 * @mem: physical address, in the vnode's range or its memory below 640 KiB
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
#define VNODE_LOAD_REBOOT	(1U << 2) /* start it again when it reboots */
#define VNODE_LOAD_FIXED	(1U << 3) /* the kernel runs where its segments are */

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
 * @restarts: in: with VNODE_LOAD_RESTART: limit of restarts in a row, which a life of
 *	VNODE_RESTART_CALM seconds ends; 0: no limit
 * @boot_limit_ms: in: how long its nanokernel may take to attach after START, before
 *	the vnode is declared hung; 0: no limit
 * @dump_dir: in: pointer to the absolute path of a directory, at most
 *	VNODE_DUMP_DIR_MAX bytes with the NUL; 0: none
 * @seed: in: physical address of VNODE_SEED_SIZE bytes in the vnode's range, into which
 *	each START and restart writes new random bytes, for a setup_data entry
 *	SETUP_RNG_SEED (Documentation/arch/x86/boot.rst); 0: none
 * @reserved: zero
 *
 * With VNODE_LOAD_RESTART or VNODE_LOAD_REBOOT root's kernel keeps a copy of the segments
 * and starts the vnode again from that copy. After a failure (panic, emergency restart,
 * hang, no attachment within the boot limit) at once the first time, after 250 ms the
 * second, then each time after twice as long, up to VNODE_RESTART_MAX_MS. After a reboot
 * always at once: it does not count in a row, and begins a new one.
 *
 * A restart first clears all of the vnode's memory, which takes longer the more it has.
 * With VNODE_LOAD_FIXED it clears none but what the segments cover. That is for kernels
 * that do not move themselves: of one that does, the former log would be left behind.
 *
 * With @dump_dir root's kernel runs the program that the module's parameter dump_helper
 * names when the vnode fails: panic, emergency restart, hang, or no attachment within
 * the boot limit, while no STOP is under way. Its arguments are --vnode=ID and
 * --dump=DIR/NAME-DATE-TIME.core (UTC). A restart waits until that program has ended.
 *
 * Errors: ENOENT (no such vnode), EBADF (granted through another descriptor),
 * EBUSY (not in state granted), EINVAL, EFAULT, EADDRNOTAVAIL (a segment or an
 * address is outside of what was granted), EINTR, ENOMEM (for the copy).
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
	__u64 seed;
	__u64 reserved;
};

#define VNODE_DUMP_DIR_MAX	256
#define VNODE_SEED_SIZE		32
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
 * booting or running, or a CPU has not proved after a START that failed that it
 * rests: STOP it first).
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
 * Without VNODE_STOP_FORCE the vnode's nanokernel is asked to power the vnode off. A
 * pending restart is cancelled. Stopping a vnode that does not run succeeds.
 *
 * Errors: ENOENT; EOPNOTSUPP (orderly stop, but no attached nanokernel that could be
 * asked); ETIME (orderly stop, not complete within @timeout_ms; the shutdown continues);
 * EINTR (the same, a signal came); ETIMEDOUT (a CPU did not answer INIT and SIPI: the
 * vnode keeps its state and its memory, but its nanokernel is not attached any more).
 */
struct vnode_stop {
	__u32 id;
	__u32 flags;
	__u32 timeout_ms;
	__u32 reserved;
};

/* Timed phases, in TSC cycles. */
enum vnode_phase {
	VNODE_PHASE_CPUS = 0,	/* taking the CPUs from Linux */
	VNODE_PHASE_MEMORY = 1,	/* taking the memory from Linux */
	VNODE_PHASE_SCRUB = 2,	/* zeroing it */
	VNODE_PHASE_LOAD = 3,	/* copying the segments */
	VNODE_PHASE_WAKE = 4,	/* INIT to the first instruction */
	VNODE_PHASE_STOP = 5,	/* INIT to all CPUs stopped */
	VNODE_PHASE_RETURN = 6,	/* scrub, memory and CPUs back in Linux */
	VNODE_PHASE_ATTACH = 7,	/* first instruction to attached */
	VNODE_NR_PHASES = 8
};

/* STATUS flags */
#define VNODE_STATUS_NEXT	(1U << 0) /* the first vnode with an id >= @id */

/**
 * struct vnode_status - STATUS: what root knows of a vnode
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
 * @phase: out: TSC cycles spent in each phase, 0 if it did not happen
 * @mem_offlined: out: bytes of its memory that are out of root's direct map
 * @cause: out: enum vnode_cause of its last end, kept after a restart
 * @cause_cpu: out: root's number of the CPU that caused it, or ~0
 * @restarts: out: number of restarts since START
 * @oopses: out: number of oopses since its last start or restart
 * @end_ns: out: CLOCK_BOOTTIME when root noticed the last end, or 0
 * @begin_tsc: out: TSC when its nanokernel learned of the end, 0 if it did not
 * @end_tsc: out: TSC when root learned of it
 * @restart_tsc: out: TSC when the restart after it began, 0 if there was none
 * @attached: out: 1 while its nanokernel is attached
 * @restarting: out: 1 while it has ended and a restart is pending
 * @reserved: zero
 * @name: out
 * @release: out: its kernel's release, once running
 * @text: out: one line about its last end
 *
 * CLOCK_BOOTTIME is that of the kernel that answers. A moment before that kernel booted
 * is negative, as a signed number. After RETURN there is no STATUS. Errors: ENOENT.
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
 * @size: in: its size; out: bytes written, without a NUL; the newest lines if not all fit
 *
 * The lines are what its nanokernel has left; there may be none. They are kept across
 * restarts, until RETURN, and are at most 8 KiB. Errors: ENOENT, EFAULT.
 */
struct vnode_last {
	__u32 id;
	__u32 reserved;
	__u64 text;
	__u64 size;
};

/* Why the registers of a CPU are known. */
enum vnode_regs_kind {
	VNODE_REGS_NONE = 0,	/* they are not known */
	VNODE_REGS_FROZEN = 1,	/* the CPU is frozen now */
	VNODE_REGS_PANIC = 2,	/* the CPU panicked; only ip, sp and bp, in panic() */
	VNODE_REGS_SILENT = 3,	/* the CPU was silent, and answered root's NMI */
};

/* Number of registers in struct user_regs_struct. */
#define VNODE_REGS_NR		27

/**
 * struct vnode_regs - REGS: the registers of a vnode's CPU
 * @id: in: the vnode
 * @cpu: in: the CPU's number in the vnode
 * @kind: out: enum vnode_regs_kind
 * @reserved: zero
 * @reg: out: in the order of struct user_regs_struct; zeros if not known
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
 * A frozen vnode resumes by itself after this time, even if root has died. Shorter than
 * Linux's soft lockup threshold.
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
 * MEMORY returns a new, read-only file descriptor for the vnode's range: pread() at
 * offset 0 reads mem_base. Reads fail with ENXIO once the memory has been returned, or
 * root does not let this vnode see it any more.
 */
#define VNODE_IOC_MEMORY	_IOW(VNODE_IOC_MAGIC, 7, struct vnode_id)

#define VNODE_IOC_LAST		_IOWR(VNODE_IOC_MAGIC, 8, struct vnode_last)

/*
 * FREEZE stops all CPUs of a running vnode in an NMI handler; THAW lets them continue.
 * A freeze belongs to the file descriptor: closing it thaws. A descriptor freezes one
 * vnode at a time.
 *
 * FREEZE: ENOENT, EBUSY (this descriptor has frozen a vnode, or the vnode is frozen
 * already), ENOTCONN (it does not run, or its nanokernel is not attached), EHOSTDOWN
 * (none of its CPUs beats), EOPNOTSUPP (more than 96 CPUs), ETIMEDOUT (not all of its
 * CPUs stopped within a second: none is frozen).
 *
 * THAW: EBADF (not frozen by this descriptor), ETIME (a CPU has not stood still until
 * now: VNODE_FREEZE_MS had passed, and another descriptor may have frozen the vnode
 * since, or the vnode has ended). Except for EBADF this descriptor has nothing frozen
 * afterwards.
 */
#define VNODE_IOC_FREEZE	_IOW(VNODE_IOC_MAGIC, 9, struct vnode_id)
#define VNODE_IOC_THAW		_IOW(VNODE_IOC_MAGIC, 10, struct vnode_id)
#define VNODE_IOC_REGS		_IOWR(VNODE_IOC_MAGIC, 11, struct vnode_regs)

/*
 * poll() on /dev/vnode: POLLPRI once any vnode has changed (state, oopses, a cancelled
 * restart) since the last STATUS call on that descriptor.
 */

#endif /* _UAPI_LINUX_VNODE_H */
