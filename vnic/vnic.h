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
 *	xdp.c       runs XDP programs
 *	send.c      frames that peers fetch
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
#include <net/xdp.h>
#include <vnode/adeos.h>
#include <vnode/vnic.h>

/**
 * struct vnic_peer - another kernel on the network
 * @member: who
 * @bridge: its bridge
 * @page: in there
 * @frames: in there
 * @window: onto its memory, where they are
 * @queues: how many it sends with
 * @nr_frames: of each of its queues
 * @epoch: of its bridge
 * @linked: both know each other
 * @mac: its address, as last seen
 * @door: to its queues
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
 * @tail: what is before it has been fetched
 * @told: up to here it was told of
 * @watched: @tail when the timer was set
 * @due: @head then
 * @stalled: it has not fetched anything for too long, and gets nothing until it does
 * @frame: by position: our own memory of what was sent
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
 * struct vnic_sent - our own memory of a frame
 * @skb: its bytes are here
 * @xdp: or here
 * @bytes: as accounted for by BQL; 0: they are in @xdp
 * @refs: who has not fetched it yet
 * @next: of those that are free
 */
struct vnic_sent {
	union {
		struct sk_buff *skb;
		struct xdp_frame *xdp;
	};
	u32 bytes;
	u16 refs;
	u16 next;
};

#define VNIC_XDP_MTU		3500	/* with a program: so much is in a page */
#define VNIC_FRAME_BYTES(mtu)	((mtu) + ETH_HLEN + VLAN_HLEN)	/* that an MTU allows */

/* What a queue counts; ethtool.c has their names. */
enum {
	VNIC_RX_PACKETS,
	VNIC_RX_BYTES,
	VNIC_RX_DROPPED,	/* no memory */
	VNIC_RX_LENGTH,		/* longer than the MTU allows */
	VNIC_RX_BAD,		/* nonsense of a peer */
	VNIC_RX_TOLD,		/* peers told: frames have been fetched */
	VNIC_RX_XDP_DROP,	/* XDP: its program says so */
	VNIC_RX_XDP_TX,		/* XDP: back to the network */
	VNIC_RX_XDP_REDIRECT,	/* XDP: to another device */
	VNIC_RX_XDP_ERRORS,	/* XDP: the program failed, or what it wanted */
	VNIC_RX_XDP_OPEN,	/* XDP: offload was left open, no program can have it */
	VNIC_RX_NR,
};

enum {
	VNIC_TX_PACKETS,
	VNIC_TX_BYTES,
	VNIC_TX_DROPPED,	/* nobody there, or nobody who fetches */
	VNIC_TX_STOPPED,	/* no room */
	VNIC_TX_STALLED,	/* peers that have not fetched for too long */
	VNIC_TX_BAD,		/* nonsense of a peer */
	VNIC_TX_TOLD,		/* peers told: there are frames */
	VNIC_TX_XDP,		/* XDP: from other devices */
	VNIC_TX_NR,
};

/**
 * struct vnic_queue - a pair of queues
 * @vnic: its device
 * @nr: which
 * @portal: where it is told
 * @napi: receives, and cleans up after sending
 * @tail: receiving, by slot and its queue: as in the bridge
 * @first_slot: receiving: whose turn it is
 * @page_frag: receiving: where frames are copied to
 * @pause: receiving: so long we wait for more frames
 * @xdp_rxq: receiving: what XDP programs know of it
 * @spare: receiving: a page for a frame that a program gets, or NULL
 * @xdp_sent: receiving: in this poll a program has sent something
 * @xdp_redirected: receiving: the same, to another device
 * @rx: VNIC_RX_...
 * @rx_sync: for @rx
 * @flow: sending, by slot; under the lock of the device's queue, as all below
 * @sent: sending
 * @free: sending: first free one of them
 * @nr_free: sending
 * @to_tell: sending: slots with frames that they were not told of
 * @stall: sending: looks after what has been sent
 * @tx: VNIC_TX_...
 * @tx_sync: for @tx
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
	struct xdp_rxq_info xdp_rxq;
	struct page *spare;
	bool xdp_sent;
	bool xdp_redirected;
	u64_stats_t rx[VNIC_RX_NR];
	struct u64_stats_sync rx_sync;

	struct vnic_flow *flow ____cacheline_aligned;
	struct vnic_sent *sent;
	u16 free;
	u16 nr_free;
	unsigned long to_tell;
	struct timer_list stall;
	u64_stats_t tx[VNIC_TX_NR];
	struct u64_stats_sync tx_sync;
} ____cacheline_aligned;

/**
 * struct vnic - a device
 * @dev: Linux's part
 * @network: what it is on
 * @list: among all of this kernel
 * @scan: looks who is there
 * @wire_lock: protects all below that changes
 * @leaving: for good
 * @announced: all have been told that we are there
 * @news: others must look at our bridge
 * @self: who we are
 * @bridge: our own, NULL if there is none
 * @page: in there, also under @page_lock
 * @lost: it is not ours any more: nothing is written there
 * @page_lock: for those who write @face
 * @frames: in there
 * @epoch: of it
 * @peer: by slot
 * @nr_queues: pairs
 * @nr_frames: of each queue
 * @queue: pairs
 * @prog: an XDP program, or NULL
 * @rx_usecs: a queue that has received something is not told of more for so long,
 * @rx_frames: unless it is so many of one queue of a peer; 0: how many they are
 */
struct vnic {
	struct net_device *dev;
	char network[VNIC_NETWORK_MAX];
	struct list_head list;
	struct delayed_work scan;
	struct mutex wire_lock;		/* who is there */
	bool leaving;
	bool announced;
	bool news;
	struct adeos_member self;
	struct adeos_bridge *bridge;
	struct vnic_page *page;
	bool lost;
	spinlock_t page_lock;		/* page, for face */
	struct vnic_frame *frames;
	u64 epoch;
	struct vnic_peer __rcu *peer[VNODE_SLOTS];
	u32 nr_queues;
	u32 nr_frames;
	struct vnic_queue *queue;
	struct bpf_prog __rcu *prog;
	u32 rx_usecs;
	u32 rx_frames;
};

/* Has the sender taken back what is at @position? */
static inline bool vnic_is_void(__le32 base, u32 position)
{
	return (s32)(le32_to_cpu(base) - position) > 0;
}

/* Has @new come past the position that somebody waits at, and had @old not? */
static inline bool vnic_wants(__le32 event, u32 new, u32 old)
{
	return new - le32_to_cpu(event) - 1 < new - old;
}

static inline u64 vnic_count(const u64_stats_t *count, const struct u64_stats_sync *sync)
{
	unsigned int start;
	u64 n;

	do {
		start = u64_stats_fetch_begin(sync);
		n = u64_stats_read(count);
	} while (u64_stats_fetch_retry(sync, start));
	return n;
}

static inline struct netdev_queue *vnic_txq(const struct vnic_queue *queue)
{
	return netdev_get_tx_queue(queue->vnic->dev, queue->nr);
}

/* Under RCU. NULL: nobody is there, or we do not know each other yet. */
static inline struct vnic_peer *vnic_linked_peer(const struct vnic *vnic, u32 slot)
{
	struct vnic_peer *peer = rcu_dereference(vnic->peer[slot]);

	return peer && READ_ONCE(peer->linked) && !READ_ONCE(vnic->lost) ? peer : NULL;
}

/* ---- dev.c ---- */

void vnic_dev_setup(struct net_device *dev);
void vnic_dev_spread(struct vnic *vnic);

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

/* ---- send.c ---- */

netdev_tx_t vnic_send(struct sk_buff *skb, struct net_device *dev);
netdev_features_t vnic_send_features(struct sk_buff *skb, struct net_device *dev,
				     netdev_features_t features);
int vnic_send_xdp(struct net_device *dev, int nr, struct xdp_frame **frames, u32 flags);
bool vnic_send_back(struct vnic_queue *queue, struct xdp_frame *xdp);
void vnic_send_flush(struct vnic_queue *queue);
int vnic_send_init(struct vnic_queue *queue);
void vnic_send_exit(struct vnic_queue *queue);
void vnic_send_begin(struct vnic_queue *queue, u32 slot);
void vnic_send_end(struct vnic_queue *queue, u32 slot);
void vnic_send_clean(struct vnic_queue *queue, int budget);
void vnic_send_stop(struct vnic_queue *queue);

/* ---- frame.c ---- */

u32 vnic_frame_skb(struct vnic_frame *frame, const struct sk_buff *skb);
u32 vnic_frame_xdp(struct vnic_frame *frame, const struct xdp_frame *xdp);

/* ---- receive.c ---- */

int vnic_receive_poll(struct napi_struct *napi, int budget);
void vnic_receive_init(struct vnic_queue *queue);
void vnic_receive_stop(struct vnic_queue *queue);
void vnic_receive_begin(struct vnic_queue *queue, u32 slot);
void vnic_receive_drop(struct vnic_queue *queue);
void vnic_receive_kick(struct vnic *vnic);
void vnic_receive_exit(struct vnic_queue *queue);

/* ---- offload.c ---- */

int vnic_offload_get(const struct sk_buff *skb, struct virtio_net_hdr *offload);
int vnic_offload_set(struct sk_buff *skb, const struct virtio_net_hdr *offload);

/* ---- xdp.c ---- */

struct page *vnic_xdp_get_page(struct vnic_queue *queue);
void vnic_xdp_put_page(struct vnic_queue *queue, struct page *page);
struct sk_buff *vnic_xdp_run(struct vnic_queue *queue, struct bpf_prog *prog, struct page *page,
			     u32 len);
void vnic_xdp_flush(struct vnic_queue *queue);
int vnic_xdp_init(struct vnic_queue *queue);
void vnic_xdp_exit(struct vnic_queue *queue);

/* ---- ethtool.c ---- */

extern const struct ethtool_ops vnic_ethtool_ops;

#endif /* _VNIC_H */
