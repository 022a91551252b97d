/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel API of adeos-lite, the nanokernel, for drivers in root and in every vnode.
 * vnode/root.h has what only root's has. kernel-doc stands with the functions.
 *
 *	members		which kernels are attached, which join and which leave
 *	portals		interrupts between kernels
 *	domains		the pipeline that a portal's interrupts pass through
 *	messages	requests and answers (the protocol, DSP)
 *	bridges		shared memory
 *	windows		another kernel's memory, to be read
 */
#ifndef _VNODE_ADEOS_H
#define _VNODE_ADEOS_H

#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/types.h>
#include <vnode/commons.h>

/* ---- members: peer.c, member.c ---- */

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

/* ---- portals: portal.c, portal-create.c, door.c ---- */

#define ADEOS_PORTAL_URGENT	BIT(0)	/* delivered as NMI */

struct adeos_portal;

/**
 * typedef adeos_portal_handler - called when a portal is raised
 * @data: as given
 * @from: a bit for each slot that has raised it since the last call
 *
 * Context: hard interrupt; NMI for an urgent portal.
 */
typedef void (*adeos_portal_handler)(void *data, u32 from);

/**
 * struct adeos_door - a portal of another kernel
 * @peer: its owner
 * @number: its place in the owner's station
 * @serial: of the portal that was open there
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
void adeos_portal_grant_all(struct adeos_portal *portal);
int adeos_portal_revoke(struct adeos_portal *portal, u32 id);
int adeos_door_find(u32 id, const char *name, struct adeos_door *door);
int adeos_door_raise(const struct adeos_door *door);

/* ---- domains: pipeline.c ---- */

/* How a domain treats a portal's interrupts. */
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
 * typedef adeos_msg_handler - called for each message of a type
 * @data: as given
 * @from: the sender
 * @body: a copy, @len bytes; the handler checks what it reads
 * @len: bytes
 * @answer: room for VNODE_MSG_BODY bytes
 *
 * Context: the core's worker; may sleep, but all messages wait meanwhile.
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

/* ---- bridges: bridge.c ---- */

#define ADEOS_BRIDGE_RW		0600
#define ADEOS_BRIDGE_ANYONE	0666

enum adeos_bridge_event {
	ADEOS_BRIDGE_RUNG,	/* another opener has rung it */
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
 * @access: bitmap of 256 vnode ids that may open it; NULL: all
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
void adeos_bridge_close(struct adeos_bridge *bridge);
void *adeos_bridge_va(struct adeos_bridge *bridge);
u64 adeos_bridge_size(const struct adeos_bridge *bridge);
u32 adeos_bridge_owner(const struct adeos_bridge *bridge);
bool adeos_bridge_is_transient(const struct adeos_bridge *bridge);
bool adeos_bridge_revoked(struct adeos_bridge *bridge);
int adeos_bridge_ring(struct adeos_bridge *bridge);

/* ---- windows: window.c ---- */

struct adeos_window;

struct adeos_window *adeos_window_open(const struct adeos_member *member);
void adeos_window_close(struct adeos_window *window);
const void *adeos_window_va(const struct adeos_window *window, u64 pa, u32 len);
bool adeos_window_holds(const struct adeos_window *window);

/* ---- interrupts to a CPU: ipi.c; the KMB wakes and stops CPUs with it ---- */

void adeos_ipi(u32 apicid, u32 command);

#endif /* _VNODE_ADEOS_H */
