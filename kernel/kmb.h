/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KMB, the kernel-mode bootloader: what its files share.
 *
 *	chardev.c  /dev/vnode: the calls that lend, start and end, checked
 *	look.c     /dev/vnode, and the calls that look (look.h)
 *	attrs.c    the attributes in sysfs, and what uevents say (look.h)
 *	node.c     the vnodes: who there is; the locks
 *	verbs.c    what user space can do with a vnode
 *	status.c   what user space can know of it
 *	state.c    the one place where states change, and who is told
 *	life.c     how a kernel is started and ended
 *	watch.c    what a vnode's nanokernel tells becomes states
 *	restart.c  whether and when it is started again
 *	dump.c     and that it is dumped before
 *	grant.c    what a vnode is lent, all of it or nothing
 *	cpus.c     CPUs out of Linux and back
 *	place.c    an image into a vnode's memory, and again from root's copy
 *	wake.c     INIT/SIPI: a CPU to its entry, a CPU to rest
 *	memory.c   the file descriptor that reads a vnode's memory
 *	freeze.c   a vnode stands still; its registers
 *	sysfs.c    /sys/class/vnode and uevents
 *	remote.c   vnodes that look at others, over bridges
 *	power.c    reboot, suspend
 */
#ifndef _KMB_H
#define _KMB_H

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/sizes.h>
#include <linux/vnode.h>
#include <linux/workqueue.h>

#include "look.h"

struct adeos_region;
struct adeos_slot;
struct device;
struct file;
struct kmb_image;

/*
 * RAM below 640 KiB for each vnode: room for the trampoline of its own SMP
 * bring-up, 28 KiB in 6.12. Not below 64 KiB: Linux never uses memory there
 * (early_reserve_memory() in arch/x86/kernel/setup.c). 15 vnodes fit. And one
 * page that the vnode does not see (vnode/layout.h).
 */
#define KMB_LOW_SIZE	(8 * PAGE_SIZE)
#define KMB_LOW_MIN	SZ_64K

#define KMB_TEXT_LEN	128		/* with the terminating NUL */
#define KMB_NO_CPU	(~0U)
#define KMB_IDS		(VNODE_ID_MAX + 1)

struct kmb_cpu {
	u32 cpu;
	u32 apicid;
};

/**
 * struct kmb_end - how a kernel ended
 * @cause: enum vnode_cause
 * @cpu: Linux's number of the CPU that caused it, or KMB_NO_CPU
 * @ns: CLOCK_BOOTTIME when it was noticed
 * @begin_tsc: TSC when its nanokernel was told, 0 if it was not
 * @tsc: TSC when root knew
 * @text: one line, clean
 */
struct kmb_end {
	enum vnode_cause cause;
	u32 cpu;
	u64 ns;
	u64 begin_tsc;
	u64 tsc;
	char text[KMB_TEXT_LEN];
};

/**
 * struct kmb_node - everything about one vnode
 * @list: in the list of vnodes, under kmb_lock
 * @ref: the list's, that of whoever looked it up, and that of queued work
 * @lock: one verb at a time; protects everything below
 * @id: constant
 * @name: constant
 * @claim: constant, but for @holder
 * @grant: constant; another number each time that a vnode is granted
 * @viewers: ids of the vnodes that may look at it; see remote.c
 * @state: enum vnode_state; changed by kmb_state_set() alone
 * @owner: what was granted goes back when this file is closed; NULL once started
 * @freezer: who had it frozen last, and has not thawed it
 * @cpu: the boot CPU first
 * @nr_cpus: how many
 * @slot: where its nanokernel reports
 * @region: its memory
 * @low_va: its RAM below 640 KiB, in root's direct map
 * @low_pa: the same
 * @page_va: its low page
 * @page_pa: the same
 * @load: entry mode, entry, boot_params, cr3, control as given to LOAD
 * @image: what it is restarted from, NULL if it is not
 * @start_ns: CLOCK_BOOTTIME
 * @entry_tsc: TSC at its first instruction
 * @run_ns: CLOCK_BOOTTIME when its nanokernel had attached, 0 before
 * @phase: TSC cycles
 * @dev: in /sys/class/vnode
 * @release: its kernel's release, from its hello
 * @oopses: of its kernel since it was last started
 * @oops_limit: how often root speaks of them
 * @stopping: it was asked to end: no restart
 * @stuck: it has ended, but a CPU of it could not be stopped
 * @end: its last end
 * @restarts: since START
 * @in_row: restarts since it last ran for long
 * @restart_tsc: TSC when the restart after @end began, 0 if none did
 * @dump_dir: where its dumps go when it fails, or NULL
 * @dumping: it is dumped: a restart waits
 * @dump: work: have it dumped
 * @log: its last log lines at @end, KMB_LOG_SIZE
 * @log_len: bytes
 * @look: work: see what its nanokernel has told
 * @timer: work: what @armed says is due
 * @armed: @timer is wanted: as boot limit while it boots, else for a restart
 * @due: jiffies
 */
struct kmb_node {
	struct list_head list;
	struct kref ref;
	struct mutex lock;	/* one verb at a time */
	u32 id;
	char name[VNODE_NAME_LEN];
	struct vnode_claim claim[VNODE_CLAIMS_MAX];
	u32 grant;
	DECLARE_BITMAP(viewers, KMB_IDS);
	enum vnode_state state;
	struct file *owner;
	struct kmb_looker freezer;
	struct kmb_cpu *cpu;
	unsigned int nr_cpus;
	struct adeos_slot *slot;
	struct adeos_region *region;
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
	char release[64];
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
	struct work_struct look;
	struct delayed_work timer;
	bool armed;
	unsigned long due;
};

/* node.c */
struct kmb_node *kmb_node_create(const struct vnode_grant *grant, const struct kmb_cpu *cpu,
				 const struct vnode_claim *claim);
int kmb_node_insert(struct kmb_node *node);
void kmb_node_remove(struct kmb_node *node);
struct kmb_node *kmb_node_lookup(u32 id, bool next);
struct kmb_node *kmb_node_get(u32 id);
void kmb_node_hold(struct kmb_node *node);
void kmb_node_put(struct kmb_node *node);
bool kmb_node_shows(const struct kmb_node *node, const struct kmb_looker *who);
struct kmb_node *kmb_node_lock(u32 id);
struct kmb_node *kmb_node_lock_for(const struct kmb_looker *who, u32 id);
void kmb_node_unlock(struct kmb_node *node);
struct kmb_node *kmb_node_of_owner(struct file *owner);
bool kmb_node_any(void);

/* verbs.c */
int kmb_node_grant(struct vnode_grant *grant, struct kmb_cpu *cpu, struct vnode_claim *claim,
		   struct file *owner);
int kmb_node_load(struct vnode_load *load, struct file *owner);
int kmb_node_start(u32 id, struct file *owner);
int kmb_node_stop(const struct vnode_stop *stop);
int kmb_node_return(u32 id, struct file *owner);
void kmb_node_release_owner(struct file *owner);
void kmb_node_stop_all(void);
bool kmb_closing(void);

/* state.c */
void kmb_state_set(struct kmb_node *node, enum vnode_state state);
void kmb_state_event(struct kmb_node *node);
long kmb_state_wait_end(struct kmb_node *node, unsigned long timeout);
bool kmb_node_has_memory(const struct kmb_node *node);
bool kmb_node_alive(const struct kmb_node *node);
bool kmb_node_runs(const struct kmb_node *node);

/* life.c */
int kmb_life_begin(struct kmb_node *node);
int kmb_life_end(struct kmb_node *node, enum vnode_state state, const struct kmb_end *end);
void kmb_life_lose(struct kmb_node *node, const struct kmb_end *end);

/* watch.c */
int kmb_watch_init(void);
void kmb_watch_exit(void);
void kmb_watch_prepare(struct kmb_node *node);
void kmb_watch_notify(void *data);
void kmb_watch_look(struct kmb_node *node);
void kmb_watch_arm(struct kmb_node *node, unsigned int ms);
void kmb_watch_cancel(struct kmb_node *node);
void kmb_watch_resume(struct kmb_node *node);

/* restart.c */
bool kmb_cause_is_failure(enum vnode_cause cause);
void kmb_restart_plan(struct kmb_node *node);
void kmb_restart(struct kmb_node *node);

/* dump.c */
int kmb_dump_init(void);
void kmb_dump_exit(void);
void kmb_dump_prepare(struct kmb_node *node);
int kmb_dump_set(struct kmb_node *node, const struct vnode_load *load);
void kmb_dump_begin(struct kmb_node *node);

/* grant.c */
int kmb_lend(struct kmb_node *node, struct vnode_grant *grant);
void kmb_take_back(struct kmb_node *node);

/* cpus.c */
int kmb_cpus_init(void);
void kmb_cpus_exit(void);
int kmb_cpus_take(struct kmb_cpu *cpu, unsigned int nr, u32 *bad_cpu);
void kmb_cpus_return(const struct kmb_cpu *cpu, unsigned int nr);

/* place.c */
int kmb_place(struct kmb_node *node, const struct vnode_load *load);
int kmb_place_again(struct kmb_node *node);
void kmb_image_destroy(struct kmb_image *image);

/* wake.c */
int kmb_wake_init(void);
void kmb_wake_exit(void);
void kmb_cpu_init(u32 apicid);
int kmb_wake(u32 apicid, const struct vnode_load *load, u64 *cycles, u64 *entry_tsc);
int kmb_park(const struct kmb_cpu *cpu, unsigned int nr);

/* memory.c */
int kmb_memory_find(const struct kmb_looker *who, u32 id, u32 *grant, u64 *size);
int kmb_memory_read(const struct kmb_looker *who, u32 id, u32 grant, u64 offset, void *buf,
		    u32 len);

/* freeze.c */
void kmb_node_thaw_all(u32 session);

/* sysfs.c */
int kmb_sysfs_init(void);
void kmb_sysfs_exit(void);
struct device *kmb_sysfs_add(struct kmb_node *node);
void kmb_sysfs_remove(struct device *dev);
void kmb_sysfs_event(struct kmb_node *node);

/* remote.c */
int kmb_remote_init(void);
void kmb_remote_exit(void);
void kmb_remote_allow(struct kmb_node *node, const unsigned long *ids);
void kmb_remote_event(const struct kmb_node *node);

/* power.c */
int kmb_power_init(void);
void kmb_power_exit(void);

/* chardev.c */
int kmb_chardev_init(void);
void kmb_chardev_exit(void);

#endif /* _KMB_H */
