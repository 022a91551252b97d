// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, and how devices come: of the parameter "net" when it is loaded, and of
 * "ip link add NAME type vnic". Root's devices are what makes a network known to
 * "kexec --vnode --net".
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dmi.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/rtnetlink.h>

#include "vnic.h"

/* Frames of a queue */
#define FRAMES_MIN	8
#define FRAMES_DEFAULT	128

static char *net = "vnet0";
module_param(net, charp, 0444);
MODULE_PARM_DESC(net, "networks: NAME[,mac=ADDRESS][,queues=N][,mtu=N];... or none");

static unsigned int frames = FRAMES_DEFAULT;
module_param(frames, uint, 0444);
MODULE_PARM_DESC(frames, "that each queue can have sent and others not fetched: 8 to 256");

static LIST_HEAD(vnics);
static DEFINE_MUTEX(vnics_lock);

/* Any context that may sleep. */
void vnic_scan_all(void)
{
	struct vnic *vnic;

	mutex_lock(&vnics_lock);
	list_for_each_entry(vnic, &vnics, list)
		vnic_wire_scan(vnic);
	mutex_unlock(&vnics_lock);
}

/* ---- a device ---- */

static unsigned int default_queues(void)
{
	return min_t(unsigned int, num_online_cpus(), VNIC_QUEUES);
}

/* The same each time for a network, a vnode, and as far as root knows it the machine. */
static void default_mac(struct net_device *dev, const char *network)
{
	const char *uuid = dmi_get_system_info(DMI_PRODUCT_UUID) ?: "";
	u8 mac[ETH_ALEN] = { 0x02 };
	struct adeos_member self;
	u32 hash;

	if (adeos_self(&self)) {
		/* who we are is not known yet: not as anybody else, in any case */
		eth_hw_addr_random(dev);
		return;
	}
	hash = jhash(network, strlen(network), jhash(uuid, strlen(uuid), 0));
	memcpy(mac + 1, &hash, sizeof(hash));
	mac[5] = self.id;
	eth_hw_addr_set(dev, mac);
}

static int vnic_register(struct net_device *dev, struct netlink_ext_ack *extack)
{
	struct vnic *vnic = netdev_priv(dev);
	int err;

	vnic->dev = dev;
	vnic->nr_queues = min(dev->num_tx_queues, dev->num_rx_queues);
	vnic->rx_frames = 1;
	vnic->nr_frames = frames;
	strscpy(vnic->network, dev->name, sizeof(vnic->network));
	if (is_zero_ether_addr(dev->dev_addr))
		default_mac(dev, vnic->network);
	err = netif_set_real_num_queues(dev, vnic->nr_queues, vnic->nr_queues);
	if (!err)
		err = register_netdevice(dev);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot join the network of that name");
		return err;
	}
	vnic_dev_spread(vnic);
	mutex_lock(&vnics_lock);
	list_add_tail(&vnic->list, &vnics);
	mutex_unlock(&vnics_lock);
	vnic_wire_scan(vnic);
	return 0;
}

static int vnic_newlink(struct net *src_net, struct net_device *dev, struct nlattr *tb[],
			struct nlattr *data[], struct netlink_ext_ack *extack)
{
	int err;

	if (strchr(dev->name, '%')) {
		err = dev_alloc_name(dev, dev->name);
		if (err < 0)
			return err;
	}
	if (dev->num_tx_queues > VNIC_QUEUES || dev->num_rx_queues > VNIC_QUEUES) {
		NL_SET_ERR_MSG(extack, "too many queues");
		return -EINVAL;
	}
	return vnic_register(dev, extack);
}

static void vnic_dellink(struct net_device *dev, struct list_head *head)
{
	struct vnic *vnic = netdev_priv(dev);

	mutex_lock(&vnics_lock);
	list_del(&vnic->list);
	mutex_unlock(&vnics_lock);
	unregister_netdevice_queue(dev, head);
}

static struct rtnl_link_ops link_ops = {
	.kind = KBUILD_MODNAME,
	.priv_size = sizeof(struct vnic),
	.setup = vnic_dev_setup,
	.newlink = vnic_newlink,
	.dellink = vnic_dellink,
	.get_num_tx_queues = default_queues,
	.get_num_rx_queues = default_queues,
};

/* ---- the parameter ---- */

/* An item of "net": how its device is to be. */
struct item {
	char *name;
	u8 mac[ETH_ALEN];
	unsigned int queues;
	unsigned int mtu;
};

static int item_take(struct item *item, char *text)
{
	char *value = strchr(text, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(text, "mac"))
		return mac_pton(value, item->mac) && is_valid_ether_addr(item->mac) ? 0 : -EINVAL;
	if (!strcmp(text, "queues"))
		return kstrtouint(value, 10, &item->queues) ||
		       !item->queues ? -EINVAL : 0;
	if (!strcmp(text, "mtu"))
		return kstrtouint(value, 10, &item->mtu);
	return -EINVAL;
}

static int item_parse(struct item *item, char *text)
{
	char *part;
	int err = 0;

	item->name = strsep(&text, ",");
	if (!dev_valid_name(item->name))
		return -EINVAL;
	while (!err && (part = strsep(&text, ",")))
		err = item_take(item, part);
	/* more queues than there can be are as many as there can be */
	item->queues = min_t(unsigned int, item->queues, default_queues());
	return err;
}

static int item_register(const struct item *item)
{
	struct net_device *dev;
	int err;

	dev = alloc_netdev_mqs(sizeof(struct vnic), item->name, NET_NAME_USER, vnic_dev_setup,
			       item->queues, item->queues);
	if (!dev)
		return -ENOMEM;
	dev->rtnl_link_ops = &link_ops;
	if (!is_zero_ether_addr(item->mac))
		eth_hw_addr_set(dev, item->mac);
	rtnl_lock();
	err = item->mtu && (item->mtu < dev->min_mtu || item->mtu > dev->max_mtu) ? -EINVAL : 0;
	if (!err) {
		dev->mtu = item->mtu ?: dev->mtu;
		err = vnic_register(dev, NULL);
	}
	rtnl_unlock();
	if (err)
		free_netdev(dev);
	return err;
}

/* @list: a copy of "net", which is taken apart */
static int items_register(char *list)
{
	char *text, *rest = list;
	int err = 0, len;

	while (!err && (text = strsep(&rest, ";"))) {
		struct item item = { .queues = default_queues() };

		len = strlen(text);
		err = item_parse(&item, text);
		if (!err)
			err = item_register(&item);
		if (err)
			pr_err("net=%.*s: cannot be joined: %d\n", len, net + (text - list), err);
	}
	return err;
}

static int net_register(void)
{
	char *list;
	int err;

	if (!strcmp(net, "none"))
		return 0;
	list = kstrdup(net, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	err = items_register(list);
	kfree(list);
	return err;
}

/* ---- the module ---- */

static int __init vnic_init(void)
{
	int err;

	if (frames < FRAMES_MIN || frames > VNIC_RING) {
		pr_err("frames=%u: want %u to %u\n", frames, FRAMES_MIN, VNIC_RING);
		return -EINVAL;
	}
	err = vnic_wire_init();
	if (err)
		return err;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto err_wire;
	err = net_register();
	if (err)
		goto err_link;
	return 0;

err_link:
	rtnl_link_unregister(&link_ops);
err_wire:
	vnic_wire_exit();
	return err;
}

/* With the link type go the devices. */
static void __exit vnic_exit(void)
{
	rtnl_link_unregister(&link_ops);
	vnic_wire_exit();
}

module_init(vnic_init);
module_exit(vnic_exit);
MODULE_DESCRIPTION("vnic, Ethernet between kernels");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK(KBUILD_MODNAME);
