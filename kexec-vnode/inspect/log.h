/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside log: what its files pass to each other.
 *
 *	vmcoreinfo	the VMCOREINFO note, and the ring that it leads to
 *	log-early	the ring, recognised by its contents, before there is a note
 *	log-ring	the records of a ring, printed
 *	log		tries the first two in turn
 */
#ifndef KEXEC_VNODE_LOG_H
#define KEXEC_VNODE_LOG_H

#include "inspect.h"
#include "vmcoreinfo.h"

/* Offsets in struct prb_desc and struct printk_info, and their sizes */
struct vnode_log_layout {
	uint64_t desc_size;
	uint64_t desc_state;
	uint64_t desc_begin;
	uint64_t desc_next;
	uint64_t info_size;
	uint64_t info_seq;
	uint64_t info_ts;
	uint64_t info_len;
};

/* A struct printk_ringbuffer as it was at one instant; addresses are virtual */
struct vnode_log_ring {
	unsigned int count_bits;	/* there are 1 << count_bits descriptors */
	unsigned int size_bits;		/* and 1 << size_bits bytes of text */
	uint64_t descs;
	uint64_t infos;
	uint64_t data;
	uint64_t head_id;
	uint64_t tail_id;
};

/* Descriptor ids are 62 bits, the state is above (printk_ringbuffer.h). */
#define VNODE_LOG_ID_MASK	((1ULL << 62) - 1)
/* LOG_BUF_LEN_MAX is 2 GiB and PRB_AVGBITS is 5 (printk.c). */
#define VNODE_LOG_COUNT_BITS_MAX	26
#define VNODE_LOG_SIZE_BITS_MAX		31

/* log-early.c: prints the log without a note; the number of its records */
int vnode_log_print_early(const struct vnode_memory *memory, FILE *out);

/* log-ring.c */

/* True if @ring can be a ring: everything it points to is in the memory */
bool vnode_log_ring_valid(struct vnode_vmap *map, const struct vnode_log_ring *ring,
			  const struct vnode_log_layout *layout);
/*
 * Prints @intro and the records. Returns their number; if that is 0, nothing is
 * printed. With @out NULL the records are only counted.
 */
int vnode_log_ring_print(struct vnode_vmap *map, const struct vnode_log_ring *ring,
			 const struct vnode_log_layout *layout, const char *intro, FILE *out);
/* @prefix in front of every line of @text */
void vnode_log_print_text(FILE *out, const char *prefix, const char *text, size_t len);

#endif /* KEXEC_VNODE_LOG_H */
