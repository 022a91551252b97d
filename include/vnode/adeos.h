/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel API of adeos-lite, the nanokernel: for the KMB in root, and for
 * drivers in every vnode. kernel-doc stands with the functions.
 *
 *	members		who there is, and word of those who come and go
 *	portals		interrupts between kernels
 *	domains		the pipeline that a portal's interrupts pass through
 *	messages	requests and answers (the protocol, DSP)
 *	bridges		shared memory
 *	windows		the memory of others, to be read
 *	slots, regions	root alone: what the KMB needs
 */
#ifndef _VNODE_ADEOS_H
#define _VNODE_ADEOS_H

#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/types.h>
#include <vnode/commons.h>

struct cpumask;

/* ---- members: member.c ---- */

/**
 * struct adeos_member - a kernel that is attached
 * @slot: its place in the commons; 0 is root
 * @id: of the vnode; 0 is root
 * @life: of its nanokernel: never the same twice
 * @name: of the vnode, "root" for root
 */
struct adeos_member {
	u32 slot;
	u32 id;
	u32 life;
	char name[32];
};

enum adeos_member_event {
	ADEOS_JOINED,
	ADEOS_LEFT,
};

int adeos_self(struct adeos_member *member);
int adeos_member_get(u32 id, struct adeos_member *member);
bool adeos_member_alive(const struct adeos_member *member);
int adeos_member_register(struct notifier_block *nb);
void adeos_member_unregister(struct notifier_block *nb);

/* ---- portals: portal.c ---- */

#define ADEOS_PORTAL_URGENT	BIT(0)	/* delivered as NMI */

struct adeos_portal;

/**
 * typedef adeos_portal_handler - what a portal's owner does when it is raised
 * @data: as given
 * @from: a bit for each slot that has raised it since the last call
 *
 * Context: hard interrupt; NMI for an urgent portal.
 */
typedef void (*adeos_portal_handler)(void *data, u32 from);

/**
 * struct adeos_door - a portal of somebody, from outside
 * @peer: whose
 * @number: which
 * @serial: of what was opened there
 */
struct adeos_door {
	struct adeos_member peer;
	u32 number;
	u32 serial;
};

struct adeos_portal *adeos_portal_create(const char *name, unsigned int flags, int cpu,
					 adeos_portal_handler handler, void *data);
void adeos_portal_destroy(struct adeos_portal *portal);
int adeos_portal_grant(struct adeos_portal *portal, u32 id);
int adeos_portal_grant_all(struct adeos_portal *portal);
int adeos_portal_revoke(struct adeos_portal *portal, u32 id);
int adeos_portal_set_cpu(struct adeos_portal *portal, unsigned int cpu);
u32 adeos_portal_poll(struct adeos_portal *portal);
void adeos_portal_quiet(struct adeos_portal *portal, bool quiet);
unsigned int adeos_portal_irq(const struct adeos_portal *portal);
int adeos_door_find(u32 id, const char *name, struct adeos_door *door);
int adeos_door_raise(const struct adeos_door *door);

/* ---- domains: pipeline.c ---- */

/* What a domain does with a portal's interrupts. */
enum adeos_mode {
	ADEOS_IGNORE = 0,	/* not called; they go on to the next domain */
	ADEOS_ACCEPT,		/* its handler is called and says how it goes on */
	ADEOS_END,		/* not called; they end here */
};

enum adeos_verdict {
	ADEOS_VERDICT_PASS,	/* on to the next domain */
	ADEOS_VERDICT_END,	/* done */
};

typedef enum adeos_verdict (*adeos_domain_handler)(void *data, struct adeos_portal *portal,
						   u32 from);

/**
 * struct adeos_domain - a stage of the pipeline; not for urgent portals
 * @name: for people
 * @priority: higher ones come first; the portal's own handler comes last
 * @list: private
 * @stalled: private
 * @catch: private; per portal
 */
struct adeos_domain {
	const char *name;
	int priority;
	struct list_head list;
	bool stalled;
	struct adeos_catch {
		enum adeos_mode mode;
		adeos_domain_handler handler;
		void *data;
		u32 logged;
	} catch[VNODE_PORTALS];
};

int adeos_domain_register(struct adeos_domain *domain);
void adeos_domain_unregister(struct adeos_domain *domain);
int adeos_domain_catch(struct adeos_domain *domain, struct adeos_portal *portal,
		       enum adeos_mode mode, adeos_domain_handler handler, void *data);
void adeos_domain_stall(struct adeos_domain *domain);
void adeos_domain_unstall(struct adeos_domain *domain);

/* ---- messages: dsp.c ---- */

/**
 * typedef adeos_msg_handler - what is done with a message of a type
 * @data: as given
 * @from: the sender
 * @body: a copy, @len bytes; the handler checks what it reads
 * @len: bytes
 * @answer: room for VNODE_MSG_BODY bytes
 *
 * Context: a worker; may sleep, but everybody's messages wait meanwhile.
 * Return: length of the answer, or a negative errno. Ignored where no answer was
 * asked for.
 */
typedef int (*adeos_msg_handler)(void *data, const struct adeos_member *from,
				 const void *body, unsigned int len, void *answer);

int adeos_msg_register(u16 type, adeos_msg_handler handler, void *data);
void adeos_msg_unregister(u16 type);
int adeos_msg_send(const struct adeos_member *to, u16 type, const void *body, unsigned int len);
int adeos_msg_call(const struct adeos_member *to, u16 type, const void *body, unsigned int len,
		   void *answer, unsigned int timeout_ms);
int adeos_msg_call_poll(const struct adeos_member *to, u16 type, const void *body,
			unsigned int len, void *answer, unsigned int timeout_ms);
void adeos_poll_begin(void);
void adeos_poll(void);
void adeos_poll_end(void);

/* ---- bridges: bridge.c ---- */

#define ADEOS_BRIDGE_RW		0600
#define ADEOS_BRIDGE_ANYONE	0666

enum adeos_bridge_event {
	ADEOS_BRIDGE_RUNG,	/* somebody has rung it */
	ADEOS_BRIDGE_REVOKED,	/* its owner is gone; it stays readable until closed */
	ADEOS_BRIDGE_FREEZE,	/* it is about to be moved: use no mapping any more */
	ADEOS_BRIDGE_MOVED,	/* map it again */
};

struct adeos_bridge;

/**
 * struct adeos_bridge_config - what a bridge is created as
 * @name: up to 63 of letters, digits, '-', '_', '.', '/'; NULL: anonymous
 * @size: bytes, a multiple of the page
 * @flags: VNODE_BRIDGE_GLOBAL, VNODE_BRIDGE_TRANSIENT
 * @mode: permission bits for user space
 * @uid: owner for user space
 * @gid: owner for user space
 * @access: bitmap of 256 vnode ids that may open it; NULL: everybody
 */
struct adeos_bridge_config {
	const char *name;
	u64 size;
	u32 flags;
	u32 mode;
	u32 uid;
	u32 gid;
	const unsigned long *access;
};

/* Context: a worker; may sleep, must not close the bridge. */
typedef void (*adeos_bridge_callback)(void *data, struct adeos_bridge *bridge,
				      enum adeos_bridge_event event);

struct adeos_bridge *adeos_bridge_create(const struct adeos_bridge_config *config,
					 adeos_bridge_callback callback, void *data);
struct adeos_bridge *adeos_bridge_open(const char *name, adeos_bridge_callback callback,
				       void *data);
struct adeos_bridge *adeos_bridge_open_handle(const struct vnode_bridge_handle *handle,
					      adeos_bridge_callback callback, void *data);
void adeos_bridge_close(struct adeos_bridge *bridge);
void adeos_bridge_get_handle(const struct adeos_bridge *bridge,
			     struct vnode_bridge_handle *handle);
void *adeos_bridge_va(struct adeos_bridge *bridge);
u64 adeos_bridge_size(const struct adeos_bridge *bridge);
u32 adeos_bridge_owner(const struct adeos_bridge *bridge);
bool adeos_bridge_is_transient(const struct adeos_bridge *bridge);
bool adeos_bridge_revoked(struct adeos_bridge *bridge);
int adeos_bridge_ring(struct adeos_bridge *bridge);
int adeos_bridge_compact(u64 *moved, u64 *frozen_ns);	/* root alone */

/* ---- windows: window.c ---- */

struct adeos_window;

struct adeos_window *adeos_window_open(const struct adeos_member *member);
void adeos_window_close(struct adeos_window *window);
const void *adeos_window_va(const struct adeos_window *window, u64 pa, u32 len);
bool adeos_window_holds(const struct adeos_window *window);

/* ---- slots: slot.c, root alone ---- */

struct adeos_region;
struct adeos_slot;

/**
 * struct adeos_report - what root knows of a vnode from its nanokernel
 * @attached: it is a member at this moment
 * @was_attached: it has been one since its last start
 * @refused: a positive errno: its nanokernel was refused
 * @release: its kernel's release, "" if unknown
 * @attach_tsc: TSC when it became a member for the first time since its start
 * @oopses: since its last start
 * @end: enum vnode_end_reason; VNODE_END_NONE: it has not said that it ends
 * @begin_tsc: TSC when its nanokernel was told of the end
 * @end_tsc: TSC when root read of it, or found it hung
 * @hung: a CPU is silent
 * @apicid: of the CPU that has to do with it, ~0 if unknown
 * @text: one line
 */
struct adeos_report {
	bool attached;
	bool was_attached;
	u32 refused;
	char release[64];
	u64 attach_tsc;
	u32 oopses;
	enum vnode_end_reason end;
	u64 begin_tsc;
	u64 end_tsc;
	bool hung;
	u32 apicid;
	char text[VNODE_END_TEXT];
};

/* Something in the report has changed. Context: any, must not sleep. */
typedef void (*adeos_slot_notify)(void *data);

struct adeos_slot *adeos_slot_create(u32 id, const char *name, adeos_slot_notify notify,
				     void *data);
int adeos_slot_cpus(struct adeos_slot *slot, const u32 *apicid, unsigned int nr_cpus);
void adeos_slot_destroy(struct adeos_slot *slot);
int adeos_slot_start(struct adeos_slot *slot, struct adeos_region *region, u64 control_offset);
void adeos_slot_stop(struct adeos_slot *slot);
int adeos_slot_shutdown(struct adeos_slot *slot, enum vnode_end_reason how);
void adeos_slot_wait_silent(struct adeos_slot *slot, unsigned int ms);
void adeos_slot_report(struct adeos_slot *slot, struct adeos_report *report);
unsigned int adeos_slot_log(struct adeos_slot *slot, char *buf, unsigned int size);

/* freeze.c, root alone */
int adeos_slot_freeze(struct adeos_slot *slot);
int adeos_slot_thaw(struct adeos_slot *slot);
int adeos_slot_regs(struct adeos_slot *slot, u32 cpu, struct vnode_cpu_regs *regs);

/* ---- regions: region.c, low.c, root alone ---- */

struct adeos_region *adeos_region_create(u64 size, u64 min, u64 max);
void adeos_region_destroy(struct adeos_region *region);
phys_addr_t adeos_region_pa(const struct adeos_region *region);
u64 adeos_region_size(const struct adeos_region *region);
u64 adeos_region_offlined(const struct adeos_region *region);
int adeos_region_zero(struct adeos_region *region, u64 offset, u64 size);
int adeos_region_write(struct adeos_region *region, u64 offset, const void __user *buf, u64 size);
int adeos_region_put(struct adeos_region *region, u64 offset, const void *buf, u64 size);
int adeos_region_read(struct adeos_region *region, u64 offset, void *buf, u64 size);
u64 adeos_memory_available(void);

/* ipi.c */
void adeos_ipi(u32 apicid, u32 command);

void *adeos_low_get(size_t size, phys_addr_t min, phys_addr_t *pa);
void adeos_low_put(void *va, size_t size);

#endif /* _VNODE_ADEOS_H */
