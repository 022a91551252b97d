/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KMB, the kernel-mode bootloader: what its files share.
 *
 *	chardev.c  /dev/vnode: the ioctls, checked
 *	node.c     the vnodes: who there is, and the one place where states change
 *	grant.c    what a vnode is lent, all of it or nothing
 *	cpus.c     CPUs out of Linux and back
 *	place.c    an image into a vnode's memory
 *	wake.c     INIT/SIPI: a CPU to its entry, a CPU to rest
 *	memory.c   the file descriptor that reads a vnode's memory
 *	sysfs.c    /sys/class/vnode and uevents
 *	power.c    reboot, suspend
 */
#ifndef _KMB_H
#define _KMB_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/vnode.h>

struct adeos_region;
struct device;
struct file;
struct poll_table_struct;

/*
 * RAM below 640 KiB for each vnode: room for the trampoline of its own SMP
 * bring-up, 28 KiB in 6.12. Not below 64 KiB: Linux never uses memory there
 * (early_reserve_memory() in arch/x86/kernel/setup.c). 15 vnodes fit. And one
 * page that the vnode does not see (vnode/layout.h).
 */
#define KMB_LOW_SIZE	(8 * PAGE_SIZE)
#define KMB_LOW_MIN	SZ_64K

struct kmb_cpu {
	u32 cpu;
	u32 apicid;
};

/**
 * struct kmb_node - everything about one vnode
 * @list: in the list of vnodes, under kmb_lock
 * @ref: the list's, and that of whoever looked it up
 * @lock: one verb at a time; protects everything below
 * @id: constant
 * @name: constant
 * @state: enum vnode_state; changed by kmb_node_set_state() alone
 * @owner: what was granted goes back when this file is closed; NULL once started
 * @cpu: the boot CPU first
 * @nr_cpus: how many
 * @region: its memory
 * @low_va: its RAM below 640 KiB, in root's direct map
 * @low_pa: the same
 * @page_va: its low page
 * @page_pa: the same
 * @load: entry mode, entry, boot_params, cr3, control as given to LOAD
 * @start_ns: CLOCK_BOOTTIME
 * @entry_tsc: TSC at its first instruction
 * @phase: TSC cycles
 * @dev: in /sys/class/vnode
 * @release: its kernel's release, from its hello
 */
struct kmb_node {
	struct list_head list;
	struct kref ref;
	struct mutex lock;	/* one verb at a time */
	u32 id;
	char name[VNODE_NAME_LEN];
	enum vnode_state state;
	struct file *owner;
	struct kmb_cpu *cpu;
	unsigned int nr_cpus;
	struct adeos_region *region;
	void *low_va;
	phys_addr_t low_pa;
	void *page_va;
	phys_addr_t page_pa;
	struct vnode_load load;
	u64 start_ns;
	u64 entry_tsc;
	u64 phase[VNODE_NR_PHASES];
	struct device *dev;
	char release[64];
};

/* node.c */
int kmb_node_grant(struct vnode_grant *grant, struct kmb_cpu *cpu, struct file *owner);
int kmb_node_load(struct vnode_load *load, struct file *owner);
int kmb_node_start(u32 id, struct file *owner);
int kmb_node_stop(const struct vnode_stop *stop);
int kmb_node_return(u32 id, struct file *owner);
int kmb_node_status(struct vnode_status *status, u32 **cpus);
struct kmb_node *kmb_node_get(u32 id);
void kmb_node_put(struct kmb_node *node);
bool kmb_node_has_memory(const struct kmb_node *node);
bool kmb_node_runs(const struct kmb_node *node);
void kmb_node_release_owner(struct file *owner);
void kmb_node_stop_all(void);
bool kmb_node_any(void);
u32 kmb_node_events(void);
void kmb_node_poll_wait(struct file *file, struct poll_table_struct *wait);
const char *kmb_node_state_name(enum vnode_state state);

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

/* wake.c */
int kmb_wake_init(void);
void kmb_wake_exit(void);
void kmb_cpu_init(u32 apicid);
int kmb_wake(u32 apicid, const struct vnode_load *load, u64 *cycles, u64 *entry_tsc);
int kmb_park(const struct kmb_cpu *cpu, unsigned int nr);

/* memory.c */
int kmb_memory_open(struct kmb_node *node);

/* sysfs.c */
int kmb_sysfs_init(void);
void kmb_sysfs_exit(void);
struct device *kmb_sysfs_add(struct kmb_node *node);
void kmb_sysfs_remove(struct device *dev);
void kmb_sysfs_event(struct kmb_node *node);

/* power.c */
int kmb_power_init(void);
void kmb_power_exit(void);

/* chardev.c */
int kmb_chardev_init(void);
void kmb_chardev_exit(void);

#endif /* _KMB_H */
