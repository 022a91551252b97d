// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of the nanokernel in one list, from the ground up: how the lower floors
 * reach the upper ones. main.c puts the list together.
 *
 * A part is called from the end of its init until the beginning of its exit.
 */
#include <linux/mutex.h>

#include "adeos.h"

#define PARTS_MAX	32

static const struct adeos_part *parts[PARTS_MAX + 1];
static unsigned int nr_parts;
static unsigned int nr_up;

/*
 * The core's lock: held while members, messages and bridges are taken in, and while
 * root changes the directory.
 */
static DEFINE_MUTEX(core_lock);

void adeos_core_enter(void)
{
	mutex_lock(&core_lock);
}

void adeos_core_leave(void)
{
	mutex_unlock(&core_lock);
}

/* Return: part number @i of those that are up, else NULL. Context: any. */
const struct adeos_part *adeos_part_up(unsigned int i)
{
	/* pairs with parts_set_up() */
	return i < smp_load_acquire(&nr_up) ? parts[i] : NULL;
}

/* Return: part number @i, up or not, else NULL. */
const struct adeos_part *adeos_part_nr(unsigned int i)
{
	return i < nr_parts ? parts[i] : NULL;
}

void adeos_parts_add(const struct adeos_part *const *list, unsigned int nr)
{
	while (nr-- && !WARN_ON(nr_parts == PARTS_MAX))
		parts[nr_parts++] = *list++;
}

/* Under the lock: no update is on its way through a part that goes down. */
static void parts_set_up(unsigned int nr)
{
	adeos_core_enter();
	/* pairs with adeos_part_up(): what init has written is seen */
	smp_store_release(&nr_up, nr);
	adeos_core_leave();
}

void adeos_parts_stop(void)
{
	const struct adeos_part *part;

	while (nr_up) {
		part = parts[nr_up - 1];
		parts_set_up(nr_up - 1);
		if (part->exit)
			part->exit();
	}
}

int adeos_parts_start(void)
{
	int err;

	while (nr_up < nr_parts) {
		err = parts[nr_up]->init ? parts[nr_up]->init() : 0;
		if (err) {
			adeos_parts_stop();
			return err;
		}
		parts_set_up(nr_up + 1);
	}
	return 0;
}
