/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vnic: Ethernet between kernels. Its files, each of which calls only files below it:
 *
 *	main.c      the module, and the creation of devices
 *	dev.c       the network device: what Linux calls
 *	ethtool.c   what ethtool shows and sets
 *	wire.c      the members of the network: the own bridge, and the peers' bridges
 *	neigh.c     forgets the addresses of peers that are gone
 *	receive.c   fetches frames from peers
 *	send.c      sends frames: which peers get them, which are interrupted
 *	flow.c      frames that are sent and not fetched yet
 *	frame.c     describes where a frame is in memory
 *	offload.c   checksums and segments that are left to the receiver
 */
#ifndef _VNIC_H
#define _VNIC_H

#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <vnode/adeos.h>
#include <vnode/vnic.h>

/**
 * struct vnic_peer - another kernel on the network
 * @member: the kernel
 * @bridge: its bridge
 * @page: in @bridge
 * @frames: in @bridge
 * @window: onto its memory, where its frames are
 * @queues: number of queues it sends with
 * @nr_frames: of each of its queues
 * @epoch: of @bridge
 * @linked: each of the two kernels has prepared its words for the other
 * @mac: its address, as last read
 * @door: to the portals of its queues
 */
struct vnic_peer {
	struct adeos_member member;
	struct adeos_bridge *bridge;
	struct vnic_page *page;
	const struct vnic_frame *frames;
	struct adeos_window *window;
	u32 queues;
	u32 nr_frames;
	u64 epoch;
	bool linked;
	u8 mac[ETH_ALEN];
	struct adeos_door door[VNIC_QUEUES];
};

/**
 * struct vnic_flow - what a queue has sent to a slot
 * @head: as in the bridge
 * @tail: frames before this position are fetched or taken back
 * @told: @head when the receiver was last considered for an interrupt
 * @watched: @tail when the timer was set
 * @due: @head when the timer was set
 * @stalled: its frames were taken back, and it gets none until its tail is at @head
 * @frame: numbers of frames by position; a private copy of what the bridge says
 */
struct vnic_flow {
	u32 head;
	u32 tail;
	u32 told;
	u32 watched;
	u32 due;
	bool stalled;
	u16 frame[VNIC_RING];
};

/**
 * struct vnic_sent - the owner of a frame's memory
 * @skb: the frame
 * @refs: receivers that have not fetched it
 * @next: free list
 */
struct vnic_sent {
	struct sk_buff *skb;
	u16 refs;
	u16 next;
};

#define VNIC_FRAME_BYTES(mtu)	((mtu) + ETH_HLEN + VLAN_HLEN)	/* longest frame of an MTU */

/* Counters of a queue; ethtool.c has their names, network.md their meaning. */
enum {
	VNIC_RX_PACKETS,
	VNIC_RX_BYTES,
	VNIC_RX_DROPPED,	/* no memory */
	VNIC_RX_LENGTH,		/* longer than the MTU allows */
	VNIC_RX_BAD,		/* nonsense of a peer */
	VNIC_RX_TOLD,		/* interrupts sent: frames have been fetched */
	VNIC_RX_NR,
};

enum {
	VNIC_TX_PACKETS,
	VNIC_TX_BYTES,
	VNIC_TX_DROPPED,	/* no receiver, or no room */
	VNIC_TX_STOPPED,	/* no room: Linux's queue was stopped */
	VNIC_TX_STALLED,	/* flows of receivers that have not fetched in time */
	VNIC_TX_BAD,		/* nonsense of a peer */
	VNIC_TX_TOLD,		/* interrupts sent: there are frames */
	VNIC_TX_NR,
};

static_assert((int)VNIC_RX_PACKETS == VNIC_TX_PACKETS && (int)VNIC_RX_BYTES == VNIC_TX_BYTES);
static_assert((int)VNIC_TX_NR >= VNIC_RX_NR);

/* Counters of one direction; each has one writer at a time. */
struct vnic_stats {
	u64_stats_t count[VNIC_TX_NR];
	struct u64_stats_sync sync;
};

/**
 * struct vnic_queue - a pair of queues
 * @vnic: its device
 * @nr: its number
 * @portal: raised for it
 * @napi: receives, and cleans up after sending
 * @tail: receiving, by slot and the peer's queue: as in the bridge
 * @first_slot: receiving: the slot that is first in the next poll
 * @page_frag: receiving: memory that frames are copied to
 * @pause: receiving: polls after rx-usecs
 * @rx: VNIC_RX_...
 * @flow: sending, by slot; under the lock of the device's queue, as all below
 * @sent: sending, by number of the frame
 * @free: sending: the first free frame
 * @nr_free: sending: number of free frames
 * @to_tell: sending: slots with frames whose peer was not considered for an interrupt yet
 * @stall: sending: finds receivers that do not fetch
 * @tx: VNIC_TX_...
 */
struct vnic_queue {
	struct vnic *vnic;
	u32 nr;
	struct adeos_portal *portal;
	struct napi_struct napi;
	u32 tail[VNODE_SLOTS][VNIC_QUEUES];
	u32 first_slot;
	struct page_frag page_frag;
	struct hrtimer pause;
	struct vnic_stats rx;

	struct vnic_flow *flow ____cacheline_aligned;
	struct vnic_sent *sent;
	u16 free;
	u16 nr_free;
	unsigned long to_tell;
	struct timer_list stall;
	struct vnic_stats tx;
} ____cacheline_aligned;

/**
 * struct vnic - a device
 * @dev: the network device
 * @network: its network
 * @list: among all devices of this kernel
 * @scan: compares members of the network with @peer
 * @wire_lock: protects @leaving to @epoch, and changes of @peer
 * @leaving: the device is being removed
 * @announced: all members have received VNIC_MSG_BEGIN
 * @news: peers must read our bridge: ring its bell
 * @self: this kernel
 * @bridge: our own, NULL if there is none
 * @page: in @bridge; changes under @page_lock, too
 * @lost: root has taken the bridge's memory: nothing is written there
 * @page_lock: serializes writers of the bridge's @face
 * @frames: in @bridge
 * @epoch: of @bridge
 * @peer: by slot
 * @nr_queues: pairs
 * @nr_frames: of each queue
 * @queue: pairs
 * @plain: a peer gets frames with nothing left open: leave none to any peer
 * @rx_usecs: after receiving, a queue is not interrupted for so long,
 * @rx_frames: unless one queue of a peer has sent so many frames; 0: however many
 */
struct vnic {
	struct net_device *dev;
	char network[VNIC_NETWORK_MAX];
	struct list_head list;
	struct delayed_work scan;
	struct mutex wire_lock;		/* bridge and peers */
	bool leaving;
	bool announced;
	bool news;
	struct adeos_member self;
	struct adeos_bridge *bridge;
	struct vnic_page *page;
	bool lost;
	spinlock_t page_lock;		/* page, and face in there */
	struct vnic_frame *frames;
	u64 epoch;
	struct vnic_peer __rcu *peer[VNODE_SLOTS];
	u32 nr_queues;
	u32 nr_frames;
	struct vnic_queue *queue;
	bool plain;
	u32 rx_usecs;
	u32 rx_frames;
};

/* Has the sender taken back the frame at @position? */
static inline bool vnic_is_void(__le32 base, u32 position)
{
	return (s32)(le32_to_cpu(base) - position) > 0;
}

/* Is @event, the position that the other side waits for, among those from @old to @new? */
static inline bool vnic_wants(__le32 event, u32 new, u32 old)
{
	return new - le32_to_cpu(event) - 1 < new - old;
}

static inline void vnic_count(struct vnic_stats *stats, unsigned int what)
{
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->count[what]);
	u64_stats_update_end(&stats->sync);
}

static inline void vnic_count_frame(struct vnic_stats *stats, u32 len)
{
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->count[VNIC_RX_PACKETS]);
	u64_stats_add(&stats->count[VNIC_RX_BYTES], len);
	u64_stats_update_end(&stats->sync);
}

static inline u64 vnic_counted(const struct vnic_stats *stats, unsigned int what)
{
	unsigned int start;
	u64 n;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		n = u64_stats_read(&stats->count[what]);
	} while (u64_stats_fetch_retry(&stats->sync, start));
	return n;
}

static inline struct netdev_queue *vnic_txq(const struct vnic_queue *queue)
{
	return netdev_get_tx_queue(queue->vnic->dev, queue->nr);
}

/* What a peer has received of a queue. */
static inline const struct vnic_in *vnic_peer_in(const struct vnic_peer *peer,
						 const struct vnic_queue *queue)
{
	return &peer->page->in[queue->vnic->self.slot][queue->nr];
}

/* Under RCU. NULL: there is no peer in this slot, or it is not linked yet. */
static inline struct vnic_peer *vnic_linked_peer(const struct vnic *vnic, u32 slot)
{
	struct vnic_peer *peer = rcu_dereference(vnic->peer[slot]);

	return peer && READ_ONCE(peer->linked) && !READ_ONCE(vnic->lost) ? peer : NULL;
}

/* ---- dev.c ---- */

void vnic_dev_setup(struct net_device *dev);
void vnic_dev_spread(struct vnic *vnic);

/* ---- ethtool.c ---- */

extern const struct ethtool_ops vnic_ethtool_ops;

/* ---- wire.c ---- */

int vnic_wire_init(void);
void vnic_wire_exit(void);
int vnic_wire_begin(struct vnic *vnic);		/* as adeos_bridge_create() */
void vnic_wire_end(struct vnic *vnic);
void vnic_wire_scan(struct vnic *vnic);
void vnic_wire_face(struct vnic *vnic);
u64 vnic_wire_self(const struct vnic *vnic);	/* VNIC_FACE_... */

/* ---- neigh.c ---- */

void vnic_neigh_gone(struct net_device *dev, const u8 *mac);

/* ---- receive.c ---- */

int vnic_receive_poll(struct napi_struct *napi, int budget);
void vnic_receive_init(struct vnic_queue *queue);
void vnic_receive_stop(struct vnic_queue *queue);
void vnic_receive_begin(struct vnic_queue *queue, u32 slot);
void vnic_receive_drop(struct vnic_queue *queue);
void vnic_receive_kick(struct vnic *vnic);
void vnic_receive_exit(struct vnic_queue *queue);

/* ---- send.c ---- */

netdev_tx_t vnic_send(struct sk_buff *skb, struct net_device *dev);
netdev_features_t vnic_send_features(struct sk_buff *skb, struct net_device *dev,
				     netdev_features_t features);
void vnic_send_clean(struct vnic_queue *queue, int budget);
void vnic_send_stop(struct vnic_queue *queue);

/* ---- flow.c ---- */

unsigned long vnic_flow_send(struct vnic_queue *queue, struct sk_buff *skb, unsigned long slots);
void vnic_flow_settle(struct vnic_queue *queue);
void vnic_flow_arm(struct vnic_queue *queue);
void vnic_flow_stop(struct vnic_queue *queue);
int vnic_flow_init(struct vnic_queue *queue);
void vnic_flow_exit(struct vnic_queue *queue);
void vnic_flow_begin(struct vnic_queue *queue, u32 slot);
void vnic_flow_end(struct vnic_queue *queue, u32 slot);

/* ---- frame.c ---- */

bool vnic_frame_write(struct vnic_frame *frame, struct sk_buff *skb);

/* ---- offload.c ---- */

int vnic_offload_get(const struct sk_buff *skb, struct virtio_net_hdr *offload);
int vnic_offload_set(struct sk_buff *skb, const struct virtio_net_hdr *offload);

#endif /* _VNIC_H */
