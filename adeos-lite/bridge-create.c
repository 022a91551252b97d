// SPDX-License-Identifier: GPL-2.0-only
/* A kernel asks for a bridge: the request lies in its station, root answers. */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>

#include "bridge.h"
#include "fault.h"

#define CREATE_MS	10000	/* for root's answer */

/* One request at a time: there is room for one. */
static DEFINE_MUTEX(create_lock);
static u32 create_number;

static void request_access(struct vnode_bridge_request *request, const unsigned long *access)
{
	u32 i;

	memset(request->access, access ? 0 : 0xff, sizeof(request->access));
	if (!access)
		return;
	for (i = 0; i < 32 * VNODE_ID_WORDS; i++)
		if (access[i / BITS_PER_LONG] & BIT(i % BITS_PER_LONG))
			request->access[i / 32] |= cpu_to_le32(BIT(i % 32));
}

/* Return: its number. */
static u32 request_write(const struct adeos_bridge_config *config)
{
	struct vnode_bridge_request *request = &adeos_own()->request;

	WRITE_ONCE(request->number, 0);
	/* pairs with request_read() in root/bridges.c, on both sides of the content */
	smp_wmb();
	request->size = cpu_to_le64(config->size);
	request->flags = cpu_to_le32(config->flags);
	request->mode = cpu_to_le32(config->mode);
	request->uid = cpu_to_le32(config->uid);
	request->gid = cpu_to_le32(config->gid);
	memset(request->name, 0, sizeof(request->name));
	strscpy(request->name, config->name ?: "", sizeof(request->name));
	request_access(request, config->access);
	if (!++create_number)
		create_number = 1;
	/* the content first */
	smp_wmb();
	WRITE_ONCE(request->number, cpu_to_le32(create_number));
	return create_number;
}

/* Root revokes the bridge that it has made for the request, or makes later. */
static void request_give_up(void)
{
	WRITE_ONCE(adeos_own()->request.number, 0);
	adeos_knock(BIT(0));
}

/* Root asks itself in the same way. */
static int request_send(u32 number, struct vnode_bridge_handle *handle)
{
	u8 answer[VNODE_MSG_BODY];
	struct adeos_member root;
	__le32 body = cpu_to_le32(number);
	int len;

	if (adeos_member_get(0, &root))
		return -ENOTCONN;
	len = adeos_msg_call(&root, VNODE_MSG_BRIDGE_CREATE, &body, sizeof(body), answer,
			     CREATE_MS);
	if (len < 0)
		return len;
	if (len != sizeof(*handle))
		return -EPROTO;
	memcpy(handle, answer, sizeof(*handle));
	return le32_to_cpu(handle->index) < VNODE_BRIDGES ? 0 : -EPROTO;
}

/**
 * adeos_bridge_create - make a bridge
 * @config: its size, name and permissions
 * @callback: told of what happens to the bridge, or NULL
 * @data: for @callback
 *
 * It is revoked when it is closed, or when this kernel ends. Its content is zero.
 *
 * Context: process; not from a callback or message handler of adeos-lite, since it waits
 * for root's answer, at most 10 s.
 * Return: the bridge, or an ERR_PTR: -ENOTCONN (not attached), -EINVAL,
 * -ENAMETOOLONG (name), -EFBIG (more than 1 TiB), -ENOSPC (more than is free in one
 * piece), -EMFILE (this vnode has VNODE_BRIDGES / 4), -EDQUOT (it would have more
 * than half of the pool; not root), -ENFILE (the machine has VNODE_BRIDGES), -EEXIST,
 * -ETIMEDOUT (root is slow; nothing is left behind), -EINTR (killed while it waited
 * for another request), -ENOMEM.
 */
struct adeos_bridge *adeos_bridge_create(const struct adeos_bridge_config *config,
					 adeos_bridge_callback callback, void *data)
{
	struct vnode_bridge_handle handle;
	struct adeos_bridge *bridge;
	u32 number;
	int err;

	if (!adeos_own_life())
		return ERR_PTR(-ENOTCONN);
	/* root checks all else in request_check(), but the request cannot have a longer name */
	err = config->name ? bridge_name_check(config->name) : 0;
	if (err)
		return ERR_PTR(err);
	if (mutex_lock_killable(&create_lock))
		return ERR_PTR(-EINTR);
	number = request_write(config);
	adeos_fault(FAULT_BRIDGE_ASKED);
	err = request_send(number, &handle);
	if (!err)
		adeos_fault(FAULT_BRIDGE_CREATED);
	bridge = err ? ERR_PTR(err) : bridge_join(le32_to_cpu(handle.index),
						  le32_to_cpu(handle.serial), true, callback, data);
	if (IS_ERR(bridge))
		request_give_up();
	mutex_unlock(&create_lock);
	return bridge;
}
EXPORT_SYMBOL_GPL(adeos_bridge_create);
