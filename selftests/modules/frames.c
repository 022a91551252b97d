// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vnode that lies to one peer on a network of vnic: what it writes into its own bridge
 * is nearly right, so that the peer examines it and takes it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/inet.h>
#include <linux/io.h>
#include <linux/ip.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_byteorder.h>
#include <net/ip.h>
#include <vnode/vnic.h>

#include "test.h"

#define TAKE_MS		2	/* that the peer may need to take frames */
#define FRAMES		8	/* at a time */
#define BODY		256	/* bytes of a frame that are written */
#define MEMORY		(2 * VNIC_FRAME_MAX)	/* where all of them lie */

/**
 * struct liar - a lying vnode and its peer
 * @self: slot of the liar
 * @peer: slot of the peer
 * @bridge: own, and the peer's
 * @page: in there
 * @frames: own
 * @queues: own
 * @nr_frames: of each of them
 * @memory: bodies, one after the other; later parts of frames may be anywhere in it
 * @door: to the peer's queues
 * @address: the peer's, 0: any
 * @taken: frames that the peer has passed
 * @state: of the random numbers
 */
struct liar {
	struct adeos_member self;
	struct adeos_member peer;
	struct adeos_bridge *bridge[2];
	struct vnic_page *page[2];
	struct vnic_frame *frames;
	u32 queues;
	u32 nr_frames;
	u8 *memory;
	struct adeos_door door[VNIC_QUEUES];
	__be32 address;
	u64 taken;
	u64 state;
};

static u64 chance(struct liar *liar)
{
	u64 *state = &liar->state;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/*
 * Now and then a wrong value instead of @sound: an address is then another kernel's, or
 * random.
 */
static u64 bent(struct liar *liar, u64 sound)
{
	switch (chance(liar) % 64) {
	case 0:
		return chance(liar);
	case 1:
		return chance(liar) >> chance(liar) % 64;
	case 2:
		return sound - 1;
	case 3:
		return sound ^ BIT_ULL(chance(liar) % 40);
	default:
		return sound;
	}
}

/* ---- a frame ---- */

static u32 pick_len(struct liar *liar)
{
	switch (chance(liar) % 8) {
	case 0:
		return VNIC_FRAME_MAX - chance(liar) % 4;
	case 1:
		return chance(liar) % (2 * ETH_HLEN);
	case 2:
		return chance(liar) % VNIC_FRAME_MAX;
	default:
		return ETH_HLEN + chance(liar) % 1600;
	}
}

static void write_offload(struct liar *liar, struct virtio_net_hdr *offload)
{
	static const u8 types[] = {
		VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_UDP,
		VIRTIO_NET_HDR_GSO_TCPV6, VNIC_GSO_UDP,
		VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
	};

	offload->flags = bent(liar, chance(liar) % 4);
	offload->gso_type = bent(liar, types[chance(liar) % ARRAY_SIZE(types)]);
	offload->hdr_len = __cpu_to_virtio16(true, bent(liar, 54));
	offload->gso_size = __cpu_to_virtio16(true, bent(liar, chance(liar) % 1500));
	offload->csum_start = __cpu_to_virtio16(true, bent(liar, ETH_HLEN + sizeof(struct iphdr)));
	offload->csum_offset = __cpu_to_virtio16(true, bent(liar, chance(liar) % 2 ? 6 : 16));
}

static void write_ip(struct liar *liar, struct iphdr *ip, u32 len)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_IPIP };

	ip->version = 4;
	ip->ihl = bent(liar, 5);
	ip->tot_len = cpu_to_be16(bent(liar, len));
	ip->frag_off = cpu_to_be16(chance(liar) % 4 ? 0 : chance(liar));
	ip->ttl = 64;
	ip->protocol = bent(liar, protocols[chance(liar) % ARRAY_SIZE(protocols)]);
	ip->saddr = htonl((ntohl(liar->address) & 0xffffff00) + 200 + chance(liar) % 8);
	ip->daddr = liar->address;
	ip->check = 0;
	ip->check = ip_fast_csum(ip, ip->ihl);
}

static void write_body(struct liar *liar, u8 *body, u32 len)
{
	static const u16 kinds[] = { ETH_P_IP, ETH_P_IP, ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q };
	u64 face = le64_to_cpu(READ_ONCE(liar->page[1]->face));
	struct ethhdr *eth = (struct ethhdr *)body;
	u32 i;

	for (i = 0; i < BODY; i += sizeof(u64))
		*(u64 *)(body + i) = chance(liar);
	u64_to_ether_addr(face & VNIC_FACE_MAC, eth->h_dest);
	if (chance(liar) % 8 == 0)
		eth_broadcast_addr(eth->h_dest);
	eth->h_source[0] = 2;
	/* no ARP: a forged one may redirect traffic on any Ethernet */
	eth->h_proto = cpu_to_be16(kinds[chance(liar) % ARRAY_SIZE(kinds)]);
	write_ip(liar, (struct iphdr *)(eth + 1), len - ETH_HLEN);
}

static u32 write_pieces(struct liar *liar, struct vnic_piece *piece, u8 *body, u32 len)
{
	u32 nr = 1 + chance(liar) % VNIC_PIECES, i, part = min_t(u32, len, BODY);

	for (i = 0; i < nr && len; i++) {
		piece[i].pa = cpu_to_le64(bent(liar, virt_to_phys(body)));
		piece[i].len = cpu_to_le32(bent(liar, part));
		len -= part;
		part = i + 2 < nr ? min_t(u32, len, 1 + chance(liar) % 4096) : len;
		body = liar->memory + chance(liar) % (MEMORY - part);
	}
	return i;
}

/* @nr: index among the frames that are written together */
static void write_frame(struct liar *liar, struct vnic_frame *frame, u32 nr)
{
	u8 *body = liar->memory + nr * BODY;
	u32 len = pick_len(liar);

	write_offload(liar, &frame->offload);
	write_body(liar, body, len);
	frame->pieces = cpu_to_le32(bent(liar, write_pieces(liar, frame->piece, body, len)));
	WRITE_ONCE(frame->len, cpu_to_le32(bent(liar, len)));
}

/* ---- rings ---- */

/* Claim to have fetched all frames that the peer has sent, one less, or one more. */
static void lie_about_fetching(struct liar *liar)
{
	u32 queue = chance(liar) % VNIC_QUEUES;
	struct vnic_in *in = &liar->page[0]->in[liar->peer.slot][queue];
	u32 head = le32_to_cpu(READ_ONCE(liar->page[1]->out[liar->self.slot][queue].head));

	WRITE_ONCE(in->tail, cpu_to_le32(bent(liar, head + chance(liar) % 3 - 1)));
	WRITE_ONCE(in->event, cpu_to_le32(bent(liar, head)));
}

static void send_frames(struct liar *liar, u32 queue)
{
	struct vnic_out *out = &liar->page[0]->out[liar->peer.slot][queue];
	const struct vnic_in *in = &liar->page[1]->in[liar->self.slot][queue];
	u32 tail = le32_to_cpu(READ_ONCE(in->tail)), head, i, frame;
	u32 nr = 1 + chance(liar) % FRAMES;
	u64 deadline;

	for (i = 0; i < nr; i++) {
		frame = chance(liar) % liar->nr_frames;
		write_frame(liar, &liar->frames[queue * liar->nr_frames + frame], i);
		WRITE_ONCE(out->entry[(tail + i) % VNIC_RING], cpu_to_le16(bent(liar, frame)));
	}
	head = bent(liar, tail + nr);
	WRITE_ONCE(out->base, cpu_to_le32(bent(liar, tail)));
	WRITE_ONCE(out->event, cpu_to_le32(bent(liar, tail)));
	/* in the order of a sender: the peer may take them at once */
	smp_store_release(&out->head, cpu_to_le32(head));
	adeos_door_raise(&liar->door[chance(liar) % VNIC_QUEUES]);
	deadline = rdtsc_ordered() + ms_to_tsc(TAKE_MS);
	while (le32_to_cpu(READ_ONCE(in->tail)) != head && go_on(deadline))
		;
	if (le32_to_cpu(READ_ONCE(in->tail)) == tail + nr)
		liar->taken += nr;
}

static void lie_once(struct liar *liar)
{
	struct vnic_page *page = liar->page[0];

	switch (chance(liar) % 64) {
	case 0:
		WRITE_ONCE(page->face, cpu_to_le64(chance(liar)));
		adeos_bridge_ring(liar->bridge[0]);
		break;
	case 1:
		WRITE_ONCE(page->seen[chance(liar) % VNODE_SLOTS], cpu_to_le64(chance(liar)));
		adeos_bridge_ring(liar->bridge[0]);
		break;
	case 2 ... 7:
		lie_about_fetching(liar);
		break;
	default:
		send_frames(liar, chance(liar) % liar->queues);
	}
}

/* ---- the liar and its peer ---- */

static int liar_open(struct liar *liar, u32 which, const char *network, u32 id)
{
	struct adeos_bridge *bridge;
	char name[64];

	snprintf(name, sizeof(name), VNIC_NAME, network, id);
	bridge = adeos_bridge_open(name, NULL, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	liar->bridge[which] = bridge;
	liar->page[which] = adeos_bridge_va(bridge);
	return 0;
}

static int liar_begin(struct liar *liar, const char *network, u32 id)
{
	struct adeos_door door;
	char name[32];
	u32 room, i;
	int err;

	err = adeos_self(&liar->self) ?: adeos_member_get(id, &liar->peer);
	err = err ?: liar_open(liar, 0, network, liar->self.id);
	err = err ?: liar_open(liar, 1, network, id);
	if (err)
		return err;
	/* as they are now: nothing of it will be true for long, or is any more */
	liar->memory = kmalloc(MEMORY, GFP_KERNEL);
	if (!liar->memory)
		return -ENOMEM;
	liar->frames = (struct vnic_frame *)(liar->page[0] + 1);
	liar->queues = le32_to_cpu(liar->page[0]->queues);
	liar->nr_frames = le32_to_cpu(liar->page[0]->frames);
	room = (adeos_bridge_size(liar->bridge[0]) - sizeof(struct vnic_page)) /
	       sizeof(struct vnic_frame);
	if (!liar->queues || !liar->nr_frames || liar->queues > room / liar->nr_frames) {
		liar->queues = 1;
		liar->nr_frames = room;
	}
	for (i = 0; i < VNIC_QUEUES; i++) {
		snprintf(name, sizeof(name), VNIC_PORTAL, network, i);
		err = adeos_door_find(id, name, &door);
		/* it may have fewer queues; one it must have */
		if (err && !i)
			return err;
		liar->door[i] = err ? liar->door[0] : door;
	}
	return 0;
}

static void liar_end(struct liar *liar)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(liar->bridge); i++)
		if (liar->bridge[i])
			adeos_bridge_close(liar->bridge[i]);
	kfree(liar->memory);
}

static int lie(struct liar *liar, u32 rounds)
{
	for (; rounds && go_on(U64_MAX); rounds--)
		lie_once(liar);
	return rounds ? -EINTR : 0;
}

/* The answer may not reach the caller any more: log it, too. */
static int frames_run(struct answer *out, int argc, char **argv)
{
	struct liar liar = { };
	u32 rounds, id;
	int err;

	err = kstrtou64(argv[0], 0, &liar.state) ?: kstrtou32(argv[1], 0, &rounds) ?:
	      kstrtou32(argv[3], 0, &id);
	if (!err && !in4_pton(argv[4], -1, (u8 *)&liar.address, -1, NULL))
		err = -EINVAL;
	if (err)
		return err;
	liar.state |= 1;
	err = liar_begin(&liar, argv[2], id) ?: lie(&liar, rounds);
	liar_end(&liar);
	say(out, "taken %llu\n", liar.taken);
	pr_info("lied to vnode %u, %u rounds, seed %s: %d, taken %llu\n", id, rounds, argv[0], err,
		liar.taken);
	return err;
}

/* As a module with an XDP program in its driver did, until its device changes. */
static int plain_run(struct answer *out, int argc, char **argv)
{
	struct liar liar = { };
	struct vnic_page *page;
	int err;

	err = adeos_self(&liar.self) ?: liar_open(&liar, 0, argv[0], liar.self.id);
	if (err)
		return err;
	page = liar.page[0];
	WRITE_ONCE(page->face, READ_ONCE(page->face) | cpu_to_le64(VNIC_FACE_PLAIN));
	adeos_bridge_ring(liar.bridge[0]);
	liar_end(&liar);
	return 0;
}

const struct command frames_commands[] = {
	{ "plain", 1, "NETWORK", plain_run },
	{ "frames", 5, "SEED ROUNDS NETWORK ID ADDRESS", frames_run },
	{ }
};
