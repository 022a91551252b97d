// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, and how devices are made: by the parameter "net" when the module is
 * loaded, and by "ip link add NAME type vnic". The networks of root's devices are those
 * that "kexec --vnode --net" accepts.
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

static const char default_net[] = "vnet0";
static char *net = (char *)default_net;
module_param(net, charp, 0444);
MODULE_PARM_DESC(net, "networks: NAME[,mac=ADDRESS][,queues=N][,mtu=N];... or none");

static unsigned int frames = FRAMES_DEFAULT;
module_param(frames, uint, 0444);
MODULE_PARM_DESC(frames, "frames of a queue that receivers may not have fetched yet: 8 to 256");

/* ---- a device ---- */

static unsigned int default_queues(void)
{
	return min_t(unsigned int, num_online_cpus(), VNIC_QUEUES);
}

/* Always the same for one network, vnode and, as root alone has a DMI table, machine. */
static void default_mac(struct net_device *dev, const char *network)
{
	const char *uuid = dmi_get_system_info(DMI_PRODUCT_UUID) ?: "";
	u8 mac[ETH_ALEN] = { 0x02 };
	struct adeos_member self;
	u32 hash;

	if (adeos_self(&self)) {
		/* our id is not known yet: a random address collides with no other */
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

static struct rtnl_link_ops link_ops = {
	.kind = KBUILD_MODNAME,
	.priv_size = sizeof(struct vnic),
	.setup = vnic_dev_setup,
	.newlink = vnic_newlink,
	.get_num_tx_queues = default_queues,
	.get_num_rx_queues = default_queues,
	/* the device goes to the first namespace: its network must not end with a namespace */
	.netns_refund = true,
};

/* ---- the parameter ---- */

static int net_register(const struct vnic_net *item)
{
	/* a queue without a CPU of its own gains nothing */
	u32 queues = min_not_zero(item->queues, default_queues());
	struct net_device *dev;
	int err;

	dev = alloc_netdev_mqs(sizeof(struct vnic), item->name, NET_NAME_USER, vnic_dev_setup,
			       queues, queues);
	if (!dev)
		return -ENOMEM;
	dev->rtnl_link_ops = &link_ops;
	if (!is_zero_ether_addr(item->mac))
		eth_hw_addr_set(dev, item->mac);
	dev->mtu = item->mtu ?: dev->mtu;
	rtnl_lock();
	err = vnic_register(dev, NULL);
	rtnl_unlock();
	if (err)
		free_netdev(dev);
	return err;
}

static int nets_register(void)
{
	char *list, *text, *rest;
	struct vnic_net item;
	const char *at;
	int err = 0;

	if (!strcmp(net, "none"))
		return 0;
	list = kstrdup(net, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	rest = list;
	while (!err && (text = strsep(&rest, ";"))) {
		err = vnic_net_parse(text, &item, &at) ? -EINVAL : net_register(&item);
		/* a default that the user did not choose: a virtual machine may have this tap */
		if (err == -EEXIST && net == default_net) {
			pr_warn("another device is called %s: no network is joined\n", text);
			err = 0;
		}
		if (err)
			pr_err("net=%s: cannot be joined: %d\n", text, err);
	}
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
	err = nets_register();
	if (err)
		goto err_link;
	return 0;

err_link:
	rtnl_link_unregister(&link_ops);
err_wire:
	vnic_wire_exit();
	return err;
}

/* rtnl_link_unregister() deletes all devices of the type. */
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
