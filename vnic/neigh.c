// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forget the addresses of a kernel that is gone: Linux itself would need half a minute to
 * find that its neighbour does not answer.
 */
#include <linux/ipv6.h>
#include <net/arp.h>
#include <net/ndisc.h>

#include "vnic.h"

#define GONE_MAX	64	/* addresses of one kernel */

struct gone {
	struct net_device *dev;
	const u8 *mac;
	struct neighbour *found[GONE_MAX];
	unsigned int nr;
};

/* Of the device, or of one above it: a bridge, a VLAN, a bond. Under RCU. */
static bool is_of_device(const struct neighbour *neigh, struct net_device *dev)
{
	return neigh->dev == dev || netdev_has_upper_dev_all_rcu(dev, neigh->dev);
}

/* Under the table's lock, so it cannot change the neighbour here. */
static void gone_find(struct neighbour *neigh, void *data)
{
	struct gone *gone = data;
	u8 mac[ETH_ALEN];

	if (gone->nr == GONE_MAX || READ_ONCE(neigh->nud_state) & (NUD_PERMANENT | NUD_NOARP) ||
	    !is_of_device(neigh, gone->dev))
		return;
	neigh_ha_snapshot((char *)mac, neigh, gone->dev);
	if (!ether_addr_equal(mac, gone->mac))
		return;
	neigh_hold(neigh);
	gone->found[gone->nr++] = neigh;
}

static void table_forget(struct neigh_table *table, struct gone *gone)
{
	gone->nr = 0;
	rcu_read_lock();
	neigh_for_each(table, gone_find, gone);
	rcu_read_unlock();
	while (gone->nr) {
		struct neighbour *neigh = gone->found[--gone->nr];

		neigh_update(neigh, NULL, NUD_FAILED,
			     NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
		neigh_release(neigh);
	}
}

/* @mac has left the network of @dev. May sleep. */
void vnic_neigh_gone(struct net_device *dev, const u8 *mac)
{
	struct gone gone = { .dev = dev, .mac = mac };

	if (!is_valid_ether_addr(mac))
		return;
	table_forget(&arp_tbl, &gone);
#if IS_REACHABLE(CONFIG_IPV6)
	/* with ipv6.disable=1 the table was not initialized */
	if (ipv6_mod_enabled())
		table_forget(&nd_tbl, &gone);
#endif
}
