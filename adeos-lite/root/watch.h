/* SPDX-License-Identifier: GPL-2.0-only */
/* What station.c, watch.c, freeze.c and slot.c share. All under the core's lock. */
#ifndef _ADEOS_ROOT_WATCH_H
#define _ADEOS_ROOT_WATCH_H

#include "root.h"

/* station.c */
u32 adeos_slot_cpu(const struct adeos_slot *slot, u32 nr);
void adeos_slot_ended(struct adeos_slot *slot, u32 end, u64 begin_tsc, u32 nr, const char *text);
void adeos_station_read_end(struct adeos_slot *slot);

/* watch.c */
int adeos_watch_alloc(struct adeos_slot *slot);
void adeos_watch_begin(struct adeos_slot *slot);
void adeos_watch_slot(struct adeos_slot *slot, unsigned int hang_ms);

/* freeze.c */
void adeos_freeze_end(struct adeos_slot *slot);
bool adeos_freeze_holds(const struct adeos_slot *slot);

#endif /* _ADEOS_ROOT_WATCH_H */
