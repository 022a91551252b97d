/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only a vnode does: attach to root, beat, answer root's questions by NMI, follow
 * root's clock, and end without harm to the machine.
 */
#ifndef _ADEOS_VNODE_H
#define _ADEOS_VNODE_H

#include "../adeos.h"

extern const struct adeos_part adeos_attach_part, adeos_probe_part, adeos_pulse_part,
	adeos_log_part, adeos_end_part, adeos_clock_part, adeos_hello_part;

int adeos_vnode_detect(void);

/* regs.c: the registers of a CPU, for root */
void adeos_regs_save(u32 kind, const struct pt_regs *regs);
void adeos_regs_panic(void);

/* log.c: the end of the kernel's log, for root */
void adeos_log_keep(void);

#endif /* _ADEOS_VNODE_H */
