// SPDX-License-Identifier: GPL-2.0-only
/*
 * The members of a network: our own bridge, and the bridges of our peers. One work item
 * of each device compares what there is with what it knows whenever that may have
 * changed: after a bell, after a member has come or gone, after VNIC_MSG_BEGIN.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "vnic.h"

#define RETRY_MS	1000

static struct workqueue_struct *workqueue;

/* All devices of this kernel */
static LIST_HEAD(vnics);
static DEFINE_MUTEX(vnics_lock);

/* Any context but NMI. */
void vnic_wire_scan(struct vnic *vnic)
{
	mod_delayed_work(workqueue, &vnic->scan, 0);
}

/* Any context that may sleep. */
static void scan_all(void)
{
	struct vnic *vnic;

	mutex_lock(&vnics_lock);
	list_for_each_entry(vnic, &vnics, list)
		vnic_wire_scan(vnic);
	mutex_unlock(&vnics_lock);
}

/* Runs in a worker of adeos-lite, which must not open or close bridges. */
static void peer_event(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	vnic_wire_scan(data);
}

/*
 * Our bridge is not transient: any event but the bell means that root has declared this
 * kernel dead.
 */
static void own_event(void *data, struct adeos_bridge *bridge, enum adeos_bridge_event event)
{
	struct vnic *vnic = data;

	if (event != ADEOS_BRIDGE_RUNG) {
		WRITE_ONCE(vnic->lost, true);
		/* once we return, root may give the memory to another vnode */
		synchronize_net();
	}
	vnic_wire_scan(vnic);
}

static u64 bridge_size(u32 queues, u32 frames)
{
	return PAGE_ALIGN(sizeof(struct vnic_page) +
			  (u64)queues * frames * sizeof(struct vnic_frame));
}

/* ---- our own bridge ---- */

/* The state of the device that peers see. */
u64 vnic_wire_self(const struct vnic *vnic)
{
	const struct net_device *dev = vnic->dev;
	u64 face = ether_addr_to_u64(dev->dev_addr);

	if (netif_running(dev))
		face |= VNIC_FACE_UP;
	/* with several addresses, a frame to an unknown address may be for one of them */
	if (dev->flags & IFF_PROMISC || !netdev_uc_empty(dev))
		face |= VNIC_FACE_PROMISC;
	return face;
}

/* Return: has it changed? */
static bool face_write(struct vnic *vnic)
{
	__le64 face = cpu_to_le64(vnic_wire_self(vnic));

	if (vnic->lost || vnic->page->face == face)
		return false;
	WRITE_ONCE(vnic->page->face, face);
	return true;
}

/* Publish a change of the device. Any context but hard interrupts. */
void vnic_wire_face(struct vnic *vnic)
{
	spin_lock_bh(&vnic->page_lock);
	if (vnic->page && face_write(vnic))
		adeos_bridge_ring(vnic->bridge);
	spin_unlock_bh(&vnic->page_lock);
}

static void page_set(struct vnic *vnic, struct vnic_page *page)
{
	spin_lock_bh(&vnic->page_lock);
	vnic->page = page;
	if (page)
		face_write(vnic);
	spin_unlock_bh(&vnic->page_lock);
}

static void page_begin(struct vnic *vnic, struct vnic_page *page)
{
	do
		vnic->epoch = get_random_u64();
	while (!vnic->epoch);
	page->version = cpu_to_le32(VNIC_VERSION);
	page->queues = cpu_to_le32(vnic->nr_queues);
	page->frames = cpu_to_le32(vnic->nr_frames);
	page->epoch = cpu_to_le64(vnic->epoch);
	vnic->frames = (struct vnic_frame *)(page + 1);
	page_set(vnic, page);
	/* pairs with peer_fill() */
	smp_store_release(&page->magic, cpu_to_le32(VNIC_MAGIC));
}

static int wire_up(struct vnic *vnic)
{
	struct adeos_bridge_config config = {
		.size = bridge_size(vnic->nr_queues, vnic->nr_frames),
		.flags = VNODE_BRIDGE_GLOBAL,
	};
	struct adeos_bridge *bridge;
	char name[64];
	int err;

	err = adeos_self(&vnic->self);
	if (err)
		return err;
	snprintf(name, sizeof(name), VNIC_NAME, vnic->network, vnic->self.id);
	config.name = name;
	bridge = adeos_bridge_create(&config, own_event, vnic);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	vnic->bridge = bridge;
	vnic->lost = false;
	vnic->announced = false;
	page_begin(vnic, adeos_bridge_va(bridge));
	return 0;
}

/* Return: has every member that lives received the message? */
static bool wire_announce(struct vnic *vnic)
{
	struct adeos_member member;
	bool all = true;
	u32 id;

	for (id = 0; id < VNODE_ID_WORDS * 32; id++)
		if (id != vnic->self.id && !adeos_member_get(id, &member) &&
		    adeos_msg_send(&member, VNIC_MSG_BEGIN, NULL, 0) &&
		    adeos_member_alive(&member))
			all = false;
	return all;
}

/* ---- peers ---- */

static struct vnic_peer *wire_peer(struct vnic *vnic, u32 slot)
{
	return rcu_dereference_protected(vnic->peer[slot], lockdep_is_held(&vnic->wire_lock));
}

static bool peer_is_owner(struct vnic_peer *peer)
{
	return adeos_bridge_owner(peer->bridge) == peer->member.id &&
	       !adeos_bridge_is_transient(peer->bridge) &&
	       adeos_bridge_size(peer->bridge) >= sizeof(struct vnic_page);
}

static bool peer_is_sound(struct vnic_peer *peer)
{
	const struct vnic_page *page = peer->page;

	if (le32_to_cpu(READ_ONCE(page->magic)) != VNIC_MAGIC ||
	    le32_to_cpu(READ_ONCE(page->version)) != VNIC_VERSION)
		return false;
	peer->queues = le32_to_cpu(READ_ONCE(page->queues));
	peer->nr_frames = le32_to_cpu(READ_ONCE(page->frames));
	peer->epoch = le64_to_cpu(READ_ONCE(page->epoch));
	return peer->queues && peer->queues <= VNIC_QUEUES && peer->nr_frames &&
	       peer->nr_frames <= VNIC_RING && peer->epoch &&
	       adeos_bridge_size(peer->bridge) == bridge_size(peer->queues, peer->nr_frames);
}

static int peer_find_doors(const struct vnic *vnic, struct vnic_peer *peer)
{
	char name[32];
	int err = 0;
	u32 i;

	for (i = 0; i < peer->queues && !err; i++) {
		snprintf(name, sizeof(name), VNIC_PORTAL, vnic->network, i);
		err = adeos_door_find(peer->member.id, name, &peer->door[i]);
	}
	return err;
}

/* Our words for the peer's slot are reset to those of a new connection. */
static void peer_begin(struct vnic *vnic, struct vnic_peer *peer)
{
	u32 i, slot = peer->member.slot;

	for (i = 0; i < vnic->nr_queues; i++) {
		vnic_flow_begin(&vnic->queue[i], slot);
		vnic_receive_begin(&vnic->queue[i], slot);
	}
	/* pairs with peer_link() */
	smp_store_release(&vnic->page->seen[slot], cpu_to_le64(peer->epoch));
	rcu_assign_pointer(vnic->peer[slot], peer);
	vnic->news = true;
}

static int peer_fill(const struct vnic *vnic, struct vnic_peer *peer)
{
	bool owner = peer_is_owner(peer);

	peer->page = adeos_bridge_va(peer->bridge);
	peer->frames = (const struct vnic_frame *)(peer->page + 1);
	/* pairs with page_begin(); until then the peer will ring its bell later */
	if (owner && !smp_load_acquire(&peer->page->magic))
		return -ENOENT;
	if (!owner || !peer_is_sound(peer)) {
		pr_warn_ratelimited("%s: vnode %u has a bridge of another kind\n", vnic->network,
				    peer->member.id);
		return -EPROTO;
	}
	return peer_find_doors(vnic, peer);
}

/*
 * Return: 0, also if the member has no bridge on the network, or one that we do not
 * understand; an error: try again.
 */
static int peer_add(struct vnic *vnic, const struct adeos_member *member)
{
	struct vnic_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	char name[64];
	int err;

	if (!peer)
		return -ENOMEM;
	peer->member = *member;
	snprintf(name, sizeof(name), VNIC_NAME, vnic->network, member->id);
	peer->bridge = adeos_bridge_open(name, peer_event, vnic);
	err = PTR_ERR_OR_ZERO(peer->bridge);
	if (err)
		goto err_free;
	err = peer_fill(vnic, peer);
	if (err)
		goto err_bridge;
	peer->window = adeos_window_open(&peer->member);
	err = PTR_ERR_OR_ZERO(peer->window);
	if (err)
		goto err_bridge;
	peer_begin(vnic, peer);
	return 0;

err_bridge:
	adeos_bridge_close(peer->bridge);
err_free:
	kfree(peer);
	return err == -ENOENT || err == -EACCES || err == -EPROTO ? 0 : err;
}

static void peer_remove(struct vnic *vnic, struct vnic_peer *peer)
{
	u32 i, slot = peer->member.slot;

	rcu_assign_pointer(vnic->peer[slot], NULL);
	synchronize_net();
	for (i = 0; i < vnic->nr_queues; i++)
		vnic_flow_end(&vnic->queue[i], slot);
	if (!vnic->lost)
		WRITE_ONCE(vnic->page->seen[slot], 0);
	vnic->news = true;
	vnic_neigh_gone(vnic->dev, peer->mac);
	adeos_window_close(peer->window);
	adeos_bridge_close(peer->bridge);
	kfree(peer);
}

static bool peer_is_gone(const struct vnic_peer *peer)
{
	return adeos_bridge_revoked(peer->bridge) || !adeos_member_alive(&peer->member);
}

/* Return: has this call linked the peer? */
static bool peer_link(struct vnic *vnic, struct vnic_peer *peer)
{
	if (peer->linked ||
	    /* pairs with peer_begin() */
	    le64_to_cpu(smp_load_acquire(&peer->page->seen[vnic->self.slot])) != vnic->epoch)
		return false;
	WRITE_ONCE(peer->linked, true);
	return true;
}

/* ---- the scan ---- */

static void peers_remove(struct vnic *vnic, bool all)
{
	struct vnic_peer *peer;
	u32 slot;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = wire_peer(vnic, slot);
		if (peer && (all || peer_is_gone(peer)))
			peer_remove(vnic, peer);
	}
}

/* Return: 0; an error: try again. */
static int peers_add(struct vnic *vnic)
{
	struct adeos_member member;
	int ret, err = 0;
	u32 id;

	for (id = 0; id < VNODE_ID_WORDS * 32; id++) {
		if (id == vnic->self.id || adeos_member_get(id, &member) ||
		    wire_peer(vnic, member.slot))
			continue;
		ret = peer_add(vnic, &member);
		err = ret ?: err;
	}
	return err;
}

/* The device has a carrier while a peer's device is up. Return: is a peer linked since now? */
static bool peers_look(struct vnic *vnic)
{
	bool linked = false, up = false, plain = false;
	struct vnic_peer *peer;
	u32 slot;
	u64 face;

	for (slot = 0; slot < VNODE_SLOTS; slot++) {
		peer = wire_peer(vnic, slot);
		if (!peer)
			continue;
		face = le64_to_cpu(READ_ONCE(peer->page->face));
		u64_to_ether_addr(face & VNIC_FACE_MAC, peer->mac);
		linked |= peer_link(vnic, peer);
		up |= peer->linked && face & VNIC_FACE_UP;
		plain |= peer->linked && face & VNIC_FACE_PLAIN;
	}
	WRITE_ONCE(vnic->plain, plain);
	if (up)
		netif_carrier_on(vnic->dev);
	else
		netif_carrier_off(vnic->dev);
	return linked;
}

static void wire_down(struct vnic *vnic)
{
	struct adeos_bridge *bridge = vnic->bridge;

	peers_remove(vnic, true);
	netif_carrier_off(vnic->dev);
	page_set(vnic, NULL);
	vnic->bridge = NULL;
	adeos_bridge_close(bridge);
}

/* Return: 0; an error: try again. */
static int wire_look(struct vnic *vnic)
{
	int err;

	if (vnic->leaving)
		return 0;
	if (vnic->bridge && (vnic->lost || adeos_bridge_revoked(vnic->bridge)))
		wire_down(vnic);
	err = vnic->bridge ? 0 : wire_up(vnic);
	if (err)
		return err;
	peers_remove(vnic, false);
	err = peers_add(vnic);
	/* a peer may have sent frames before we linked it */
	if (peers_look(vnic))
		vnic_receive_kick(vnic);
	if (vnic->news)
		adeos_bridge_ring(vnic->bridge);
	vnic->news = false;
	if (!vnic->announced)
		vnic->announced = wire_announce(vnic);
	return err ?: vnic->announced ? 0 : -EAGAIN;
}

static void scan_func(struct work_struct *work)
{
	struct vnic *vnic = container_of(to_delayed_work(work), struct vnic, scan);
	int err;

	mutex_lock(&vnic->wire_lock);
	err = wire_look(vnic);
	mutex_unlock(&vnic->wire_lock);
	/* no effect if a scan has been queued meanwhile */
	if (err)
		queue_delayed_work(workqueue, &vnic->scan, msecs_to_jiffies(RETRY_MS));
}

/**
 * vnic_wire_begin - join the network
 * @vnic: the device
 *
 * Waits up to 10 s for root, so that the creator of the device gets the error.
 *
 * Return: 0, also if this kernel is not attached or root does not answer yet: a scan
 * joins later; or what adeos_bridge_create() returns.
 */
int vnic_wire_begin(struct vnic *vnic)
{
	int err;

	mutex_init(&vnic->wire_lock);
	spin_lock_init(&vnic->page_lock);
	INIT_DELAYED_WORK(&vnic->scan, scan_func);
	mutex_lock(&vnic->wire_lock);
	err = wire_up(vnic);
	mutex_unlock(&vnic->wire_lock);
	if (err && err != -ENOTCONN && err != -ETIMEDOUT)
		return err;
	mutex_lock(&vnics_lock);
	list_add_tail(&vnic->list, &vnics);
	mutex_unlock(&vnics_lock);
	return 0;
}

void vnic_wire_end(struct vnic *vnic)
{
	mutex_lock(&vnics_lock);
	list_del(&vnic->list);
	mutex_unlock(&vnics_lock);
	mutex_lock(&vnic->wire_lock);
	vnic->leaving = true;
	if (vnic->bridge)
		wire_down(vnic);
	mutex_unlock(&vnic->wire_lock);
	/* all bridges are closed, so no event queues another scan */
	cancel_delayed_work_sync(&vnic->scan);
}

/* ---- events that concern all devices ---- */

static int member_event(struct notifier_block *nb, unsigned long event, void *member)
{
	scan_all();
	return NOTIFY_OK;
}

static struct notifier_block member_nb = { .notifier_call = member_event };

static int begin_received(void *data, const struct adeos_member *from, const void *body,
			  unsigned int len, void *answer)
{
	scan_all();
	return 0;
}

int vnic_wire_init(void)
{
	int err;

	workqueue = alloc_workqueue("vnic", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!workqueue)
		return -ENOMEM;
	err = adeos_msg_register(VNIC_MSG_BEGIN, begin_received, NULL);
	if (err)
		goto err_workqueue;
	err = adeos_member_register(&member_nb);
	if (err)
		goto err_msg;
	return 0;

err_msg:
	adeos_msg_unregister(VNIC_MSG_BEGIN);
err_workqueue:
	destroy_workqueue(workqueue);
	return err;
}

void vnic_wire_exit(void)
{
	adeos_member_unregister(&member_nb);
	adeos_msg_unregister(VNIC_MSG_BEGIN);
	destroy_workqueue(workqueue);
}
