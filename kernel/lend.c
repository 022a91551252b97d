// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of /dev/vnode that lend, start and end vnodes. Arguments are checked here, as
 * far as that does not depend on a vnode.
 */
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/memory.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#include "kmb.h"

static bool is_zero(const void *field, size_t size)
{
	return !memchr_inv(field, 0, size);
}

static int ioctl_info(struct file *file, void *arg)
{
	struct vnode_info *info = arg;

	memset(info, 0, sizeof(*info));
	info->abi = VNODE_ABI_VERSION;
	info->bsp_apicid = per_cpu(x86_cpu_to_apicid, 0);
	info->tsc_khz = tsc_khz;
	info->low_size = KMB_LOW_SIZE;
	info->mem_block = memory_block_size_bytes();
	info->mem_available = adeos_memory_available();
	return 0;
}

static bool name_is_valid(const char *name)
{
	size_t len = strnlen(name, VNODE_NAME_LEN);
	size_t i;

	if (!len || len == VNODE_NAME_LEN || !(isalpha(name[0]) || name[0] == '_'))
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !(isalnum(name[i]) || strchr("-_.", name[i])))
			return false;
	return is_zero(name + len, VNODE_NAME_LEN - len);
}

static int grant_get_cpus(const struct vnode_grant *grant, struct adeos_cpu *cpu)
{
	const u32 __user *from = u64_to_user_ptr(grant->cpus);
	unsigned int i;

	for (i = 0; i < grant->nr_cpus; i++)
		if (get_user(cpu[i].cpu, from + i))
			return -EFAULT;
	return 0;
}

static int grant_put_apicids(const struct vnode_grant *grant, const struct adeos_cpu *cpu)
{
	u32 __user *to = u64_to_user_ptr(grant->apicids);
	unsigned int i;

	for (i = 0; i < grant->nr_cpus; i++)
		if (put_user(cpu[i].apicid, to + i))
			return -EFAULT;
	return 0;
}

static bool claim_is_valid(const char *text)
{
	size_t len = strnlen(text, VNODE_CLAIM_LEN);
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || !isgraph(text[i]))
			return false;
	return len < VNODE_CLAIM_LEN && is_zero(text + len, VNODE_CLAIM_LEN - len);
}

static int grant_get_claims(const struct vnode_grant *grant, struct vnode_claim *claim)
{
	unsigned int i;

	if (grant->claims && copy_from_user(claim, u64_to_user_ptr(grant->claims),
					    VNODE_CLAIMS_MAX * sizeof(*claim)))
		return -EFAULT;
	for (i = 0; i < VNODE_CLAIMS_MAX; i++) {
		if (!claim_is_valid(claim[i].text))
			return -EINVAL;
		claim[i].holder = 0;
	}
	return 0;
}

static int ioctl_grant(struct file *file, void *arg)
{
	struct vnode_claim claim[VNODE_CLAIMS_MAX] = {};
	struct vnode_grant *grant = arg;
	struct adeos_cpu *cpu;
	int err;

	if (!grant->id || grant->id > VNODE_ID_MAX || !name_is_valid(grant->name))
		return -EINVAL;
	if (!grant->nr_cpus || grant->nr_cpus > nr_cpu_ids)
		return -EINVAL;
	if (!IS_ALIGNED(grant->mem_size, VNODE_MEM_ALIGN) || grant->mem_size < VNODE_MEM_MIN ||
	    (grant->mem_max && grant->mem_max < grant->mem_min))
		return -EINVAL;

	err = grant_get_claims(grant, claim);
	if (err)
		return err;
	cpu = kcalloc(grant->nr_cpus, sizeof(*cpu), GFP_KERNEL);
	if (!cpu)
		return -ENOMEM;
	err = grant_get_cpus(grant, cpu) ?: kmb_node_grant(grant, cpu, claim, file);
	if (err == -EADDRINUSE &&
	    copy_to_user(u64_to_user_ptr(grant->claims), claim, sizeof(claim)))
		err = -EFAULT;
	/* the caller does not learn what it was granted: take it back */
	if (!err && grant_put_apicids(grant, cpu)) {
		kmb_node_return(grant->id, file);
		err = -EFAULT;
	}
	kfree(cpu);
	return err;
}

static int ioctl_load(struct file *file, void *arg)
{
	const u32 known = VNODE_LOAD_KEEP | VNODE_LOAD_RESTART | VNODE_LOAD_REBOOT |
			  VNODE_LOAD_FIXED;
	struct vnode_load *load = arg;

	if ((load->flags & ~known) || load->reserved)
		return -EINVAL;
	return kmb_node_load(load, file);
}

static int ioctl_start(struct file *file, void *arg)
{
	struct vnode_id *id = arg;

	return id->reserved ? -EINVAL : kmb_node_start(id->id, file);
}

static int ioctl_stop(struct file *file, void *arg)
{
	struct vnode_stop *stop = arg;

	if ((stop->flags & ~VNODE_STOP_FORCE) || stop->reserved)
		return -EINVAL;
	return kmb_node_stop(stop);
}

static int ioctl_return(struct file *file, void *arg)
{
	struct vnode_id *id = arg;

	return id->reserved ? -EINVAL : kmb_node_return(id->id, NULL);
}

/* The caller does not learn what it was granted. */
static void undo_grant(struct file *file, void *arg)
{
	struct vnode_grant *grant = arg;

	kmb_node_return(grant->id, file);
}

const struct kmb_ioctl kmb_lending[KMB_NR_LENDING] = {
	{ VNODE_IOC_INFO, KMB_ANYONE, ioctl_info },
	{ VNODE_IOC_GRANT, KMB_BOOT | KMB_UNLOCKED, ioctl_grant, undo_grant },
	{ VNODE_IOC_LOAD, KMB_BOOT | KMB_UNLOCKED, ioctl_load },
	{ VNODE_IOC_START, KMB_BOOT | KMB_UNLOCKED, ioctl_start },
	{ VNODE_IOC_STOP, KMB_BOOT, ioctl_stop },
	{ VNODE_IOC_RETURN, KMB_BOOT, ioctl_return },
};
