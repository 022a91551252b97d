/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KMB, the kernel-mode bootloader: what its files share. Kbuild lists them from the ground
 * up; a file calls only files of its own floor and of those below it.
 */
#ifndef _KMB_H
#define _KMB_H

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit_types.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vnode.h>
#include <linux/workqueue.h>
#include <vnode/root.h>
#include <vnode/adeos.h>

struct kmb_image;

/*
 * RAM below 640 KiB for each vnode, for the trampoline of its own SMP bring-up: 28 KiB in
 * 6.12. Not below 64 KiB: Linux never uses memory there (early_reserve_memory() in
 * arch/x86/kernel/setup.c). With one more page that is not in the vnode's memory map
 * (vnode/layout.h), 15 vnodes fit.
 */
#define KMB_LOW_SIZE	(8 * PAGE_SIZE)
#define KMB_LOW_MIN	SZ_64K

#define KMB_LOG_SIZE	SZ_8K		/* what is kept of a vnode's last log lines */
#define KMB_TEXT_LEN	128		/* with the terminating NUL */
#define KMB_NO_CPU	(~0U)
#define KMB_IDS		(VNODE_ID_MAX + 1)

/**
 * struct kmb_end - how a kernel ended
 * @cause: enum vnode_cause
 * @cpu: Linux's number of the CPU that caused it, or KMB_NO_CPU
 * @ns: CLOCK_BOOTTIME when root noticed
 * @begin_tsc: TSC when the vnode's nanokernel was told, 0 if it was not
 * @tsc: TSC when root noticed
 * @text: one printable line
 */
struct kmb_end {
	enum vnode_cause cause;
	u32 cpu;
	u64 ns;
	u64 begin_tsc;
	u64 tsc;
	char text[KMB_TEXT_LEN];
};

/* What has changed of a vnode, for its listeners. */
enum kmb_change {
	KMB_CHANGE_STATE,
	KMB_CHANGE_OOPS,	/* the number of its oopses */
	KMB_CHANGE_NO_RESTART,	/* the restart that was planned has been called off */
};

struct kmb_node;

/**
 * struct kmb_part - a row of the table in main.c; what a part does not need is NULL
 * @init: set-up when the module is loaded
 * @exit: undoes @init; no vnode is left
 * @appear: a vnode has been granted; an error makes GRANT fail
 * @changed: see enum kmb_change
 * @disappear: undoes @appear; the vnode is about to be returned
 *
 * The last three are called with the vnode locked, and must not call into the state machine.
 */
struct kmb_part {
	int (*init)(void);
	void (*exit)(void);
	int (*appear)(struct kmb_node *node);
	void (*changed)(struct kmb_node *node, enum kmb_change change);
	void (*disappear)(struct kmb_node *node);
};

/**
 * struct kmb_node - everything that root knows of one vnode
 * @list: in the list of vnodes, under kmb_lock
 * @ref: held by the list, by queued works, and by each caller of kmb_node_find()
 * @lock: one verb or one report at a time; protects everything below
 * @slot: what its nanokernel and root's know: id, name, CPUs, memory, life, end
 * @claim: constant, but for @holder
 * @grant: constant; each grant has a number of its own
 * @viewers: ids of the vnodes that may look at it, which kexec in root asks for them
 * @state: enum vnode_state; changed by kmb_life_set() alone
 * @owner: the file whose release returns the vnode; NULL once started
 * @freezer: the descriptor that has frozen it and has not thawed it since
 * @low_va: its RAM below 640 KiB, in root's direct map
 * @low_pa: physical address of it
 * @page_va: its low page, in root's direct map
 * @page_pa: physical address of it
 * @load: entry mode, entry, boot_params, cr3, control, limits as given to LOAD
 * @image: root's copy of its image for restarts, or NULL
 * @start_ns: CLOCK_BOOTTIME of the last (re)start
 * @entry_tsc: TSC at its first instruction
 * @run_ns: CLOCK_BOOTTIME when its nanokernel had attached, 0 before
 * @phase: TSC cycles
 * @dev: in /sys/class/vnode
 * @oopses: those of @slot that listeners have heard of
 * @oops_limit: limits events of oopses
 * @stopping: it was asked to end: no restart
 * @stuck: it has ended, but one of its CPUs could not be stopped
 * @end: its last end
 * @restarts: since START
 * @in_row: restarts since it last ran for VNODE_RESTART_CALM seconds
 * @restart_tsc: TSC when the restart after @end began, 0 if none did
 * @dump_dir: where its dumps go when it fails, or NULL
 * @dumping: a dump is under way: a restart waits
 * @dump: work: dumps it
 * @log: its last log lines at @end, KMB_LOG_SIZE
 * @log_len: bytes in @log
 * @report: work: acts on the latest report
 * @timer: work: boot limit while booting, else restart
 * @armed: @timer is wanted
 * @due: jiffies when it is
 */
struct kmb_node {
	struct list_head list;
	struct kref ref;
	struct mutex lock;	/* see above */
	struct adeos_slot slot;
	struct vnode_claim claim[VNODE_CLAIMS_MAX];
	u32 grant;
	DECLARE_BITMAP(viewers, KMB_IDS);
	enum vnode_state state;
	struct file *owner;
	const struct kmb_file *freezer;
	void *low_va;
	phys_addr_t low_pa;
	void *page_va;
	phys_addr_t page_pa;
	struct vnode_load load;
	struct kmb_image *image;
	u64 start_ns;
	u64 entry_tsc;
	u64 run_ns;
	u64 phase[VNODE_NR_PHASES];
	struct device *dev;
	u32 oopses;
	struct ratelimit_state oops_limit;
	bool stopping;
	bool stuck;
	struct kmb_end end;
	u32 restarts;
	u32 in_row;
	u64 restart_tsc;
	char *dump_dir;
	bool dumping;
	struct work_struct dump;
	char *log;
	unsigned int log_len;
	struct work_struct report;
	struct delayed_work timer;
	bool armed;
	unsigned long due;
};

/* node.c */
struct kmb_node *kmb_node_create(const struct vnode_grant *grant, const struct adeos_cpu *cpu,
				 const struct vnode_claim *claim);
int kmb_node_insert(struct kmb_node *node);
void kmb_node_remove(struct kmb_node *node);
struct kmb_node *kmb_node_find(u32 id, bool next);
struct kmb_node *kmb_node_next(struct kmb_node *node);
void kmb_node_hold(struct kmb_node *node);
void kmb_node_put(struct kmb_node *node);
struct kmb_node *kmb_node_lock_found(struct kmb_node *node);
struct kmb_node *kmb_node_lock(u32 id);
void kmb_node_unlock(struct kmb_node *node);
bool kmb_node_alive(const struct kmb_node *node);
bool kmb_node_runs(const struct kmb_node *node);
u32 *kmb_node_cpus(const struct kmb_node *node);

/* wake.c */
int kmb_wake_init(void);
void kmb_wake_exit(void);
void kmb_cpu_init(u32 apicid);
int kmb_wake(const struct adeos_cpu *cpu, const struct vnode_load *load,
	     u64 *cycles, u64 *entry_tsc);
int kmb_park(const struct adeos_cpu *cpu, unsigned int nr);

/* cpus.c */
int kmb_cpus_init(void);
void kmb_cpus_exit(void);
int kmb_cpus_take(struct adeos_cpu *cpu, unsigned int *nr, u32 *bad_cpu);
void kmb_cpus_return(const struct adeos_cpu *cpu, unsigned int nr);

/* grant.c */
int kmb_lend(struct kmb_node *node, struct vnode_grant *grant);
void kmb_take_back(struct kmb_node *node);

/* place.c */
int kmb_place(struct kmb_node *node, const struct vnode_load *load);
int kmb_place_again(struct kmb_node *node);
int kmb_place_seed(struct kmb_node *node);
void kmb_image_destroy(struct kmb_image *image);

/* upcall.c */
int kmb_dump_set(struct kmb_node *node, const struct vnode_load *load);
void kmb_dump_run(struct kmb_node *node);
void kmb_viewers_serve(void);

/* life.c */
int kmb_life_init(void);
void kmb_life_exit(void);
void kmb_life_listeners(const struct kmb_part *table, unsigned int nr);
void kmb_life_prepare(struct kmb_node *node);
int kmb_life_appear(struct kmb_node *node);
void kmb_life_disappear(struct kmb_node *node);
void kmb_life_set(struct kmb_node *node, enum vnode_state state);
int kmb_life_start(struct kmb_node *node);
int kmb_life_stop(struct kmb_node *node);
long kmb_life_wait_end(struct kmb_node *node, unsigned long timeout);
void kmb_life_close(void);

/* verbs.c */
int kmb_node_grant(struct vnode_grant *grant, struct adeos_cpu *cpu, struct vnode_claim *claim,
		   struct file *owner);
int kmb_node_load(struct vnode_load *load, struct file *owner);
int kmb_node_start(u32 id, struct file *owner);
int kmb_node_stop(const struct vnode_stop *stop);
int kmb_node_return(u32 id, struct file *owner);
void kmb_node_release_owner(struct file *owner);
void kmb_node_stop_all(void);

/* inspect.c: errnos as linux/vnode.h says */
struct kmb_file;

void kmb_status_fill(const struct kmb_node *node, struct vnode_status *status);
int kmb_status(struct vnode_status *status, u32 **cpus);
int kmb_last(u32 id, char *buf, unsigned int size);
int kmb_memory_find(u32 id, u32 *grant, u64 *size);
int kmb_memory_read(u32 id, u32 grant, u64 offset, void *buf, u32 len);
int kmb_regs(struct vnode_regs *regs);
int kmb_freeze(const struct kmb_file *owner, u32 id);
int kmb_thaw(const struct kmb_file *owner, u32 id);

#define KMB_ANYONE	0
#define KMB_BOOT	BIT(0)		/* needs CAP_SYS_BOOT */
#define KMB_UNLOCKED	BIT(1)		/* refused while locked down for kexec */

/**
 * struct kmb_ioctl - a call of /dev/vnode
 * @cmd: VNODE_IOC_*
 * @needs: KMB_*
 * @func: does it; the argument is copied in and out by the caller
 * @undo: takes back what @func did, as its answer cannot be delivered; may be NULL
 */
struct kmb_ioctl {
	unsigned int cmd;
	unsigned int needs;
	int (*func)(struct file *file, void *arg);
	void (*undo)(struct file *file, void *arg);
};

/* lend.c */
#define KMB_NR_LENDING	6
extern const struct kmb_ioctl kmb_lending[KMB_NR_LENDING];

/* the parts of main.c's table that listen */
void kmb_root_log_changed(struct kmb_node *node, enum kmb_change change);

int kmb_sysfs_init(void);
void kmb_sysfs_exit(void);
int kmb_sysfs_appear(struct kmb_node *node);
void kmb_sysfs_changed(struct kmb_node *node, enum kmb_change change);
void kmb_sysfs_disappear(struct kmb_node *node);

int kmb_device_init(void);
void kmb_device_exit(void);
void kmb_device_changed(struct kmb_node *node, enum kmb_change change);

/* power.c */
int kmb_power_init(void);
void kmb_power_exit(void);

#endif /* _KMB_H */
