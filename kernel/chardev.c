// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vnode. Each ioctl is a row: who may call it, how large its argument is,
 * who does it. What user space hands in is copied once and checked here as far as
 * it does not need to be known what a vnode has.
 */
#include <linux/bitmap.h>
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/memory.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include <vnode/adeos.h>

#include "kmb.h"

struct kmb_file {
	u32 seen;		/* kmb_state_events() at the last STATUS */
	u32 frozen;		/* id of the vnode that this descriptor has frozen, else 0 */
};

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

static int check_cpus(const u32 *cpu, unsigned int nr, u32 *bad_cpu)
{
	unsigned long *seen;
	unsigned int i;
	int err = 0;

	seen = bitmap_zalloc(nr_cpu_ids, GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		*bad_cpu = cpu[i];
		if (cpu[i] >= nr_cpu_ids)
			err = -ENXIO;
		else if (__test_and_set_bit(cpu[i], seen))
			err = -EINVAL;
	}
	bitmap_free(seen);
	return err;
}

static struct kmb_cpu *grant_get_cpus(struct vnode_grant *grant)
{
	struct kmb_cpu *cpu;
	unsigned int i;
	u32 *list;
	int err;

	list = memdup_array_user(u64_to_user_ptr(grant->cpus), grant->nr_cpus, sizeof(*list));
	if (IS_ERR(list))
		return ERR_CAST(list);
	err = check_cpus(list, grant->nr_cpus, &grant->bad_cpu);
	cpu = err ? ERR_PTR(err) : kcalloc(grant->nr_cpus, sizeof(*cpu), GFP_KERNEL);
	for (i = 0; !IS_ERR_OR_NULL(cpu) && i < grant->nr_cpus; i++)
		cpu[i].cpu = list[i];
	kfree(list);
	return cpu ?: ERR_PTR(-ENOMEM);
}

static int grant_put_apicids(const struct vnode_grant *grant, const struct kmb_cpu *cpu)
{
	u32 __user *to = u64_to_user_ptr(grant->apicids);
	unsigned int i;

	for (i = 0; i < grant->nr_cpus; i++)
		if (put_user(cpu[i].apicid, to + i))
			return -EFAULT;
	return 0;
}

static int ioctl_grant(struct file *file, void *arg)
{
	struct vnode_grant *grant = arg;
	struct kmb_cpu *cpu;
	int err;

	if (!grant->id || grant->id > VNODE_ID_MAX || !name_is_valid(grant->name) ||
	    !is_zero(grant->reserved, sizeof(grant->reserved)))
		return -EINVAL;
	if (!grant->nr_cpus || grant->nr_cpus > nr_cpu_ids)
		return -EINVAL;
	if (!IS_ALIGNED(grant->mem_size, VNODE_MEM_ALIGN) || grant->mem_size < VNODE_MEM_MIN ||
	    (grant->mem_max && grant->mem_max < grant->mem_min))
		return -EINVAL;

	cpu = grant_get_cpus(grant);
	if (IS_ERR(cpu))
		return PTR_ERR(cpu);
	err = kmb_node_grant(grant, cpu, file);
	/* The answer cannot be delivered: nobody would know what was granted. */
	if (!err && grant_put_apicids(grant, cpu)) {
		kmb_node_return(grant->id, file);
		err = -EFAULT;
	}
	kfree(cpu);
	return err;
}

static int ioctl_load(struct file *file, void *arg)
{
	struct vnode_load *load = arg;

	if ((load->flags & ~(VNODE_LOAD_KEEP | VNODE_LOAD_RESTART)) ||
	    !is_zero(load->reserved, sizeof(load->reserved)))
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

static int ioctl_status(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_status *status = arg;
	u32 room = status->nr_cpus;
	u32 *cpus;
	int err;

	if ((status->flags & ~VNODE_STATUS_NEXT) ||
	    !is_zero(status->reserved, sizeof(status->reserved)))
		return -EINVAL;
	WRITE_ONCE(kf->seen, kmb_state_events());
	err = kmb_node_status(status, &cpus);
	if (err)
		return err;
	if (status->cpus && copy_to_user(u64_to_user_ptr(status->cpus), cpus,
					 min(room, status->nr_cpus) * sizeof(*cpus)))
		err = -EFAULT;
	kfree(cpus);
	return err;
}

static int ioctl_memory(struct file *file, void *arg)
{
	struct vnode_id *id = arg;
	struct kmb_node *node;
	int fd;

	if (id->reserved)
		return -EINVAL;
	node = kmb_node_get(id->id);
	if (!node)
		return -ENOENT;
	fd = kmb_memory_open(node);
	if (fd < 0)
		kmb_node_put(node);
	return fd;
}

static int ioctl_last(struct file *file, void *arg)
{
	struct vnode_last *last = arg;
	int len, err = 0;
	char *buf;

	if (last->reserved)
		return -EINVAL;
	buf = kmalloc(KMB_LOG_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = kmb_node_last(last->id, buf, min_t(u64, last->size, KMB_LOG_SIZE));
	if (len < 0)
		err = len;
	else if (copy_to_user(u64_to_user_ptr(last->text), buf, len))
		err = -EFAULT;
	else
		last->size = len;
	kfree(buf);
	return err;
}

/* The vnode is remembered first: a close then thaws it, whatever comes between. */
static int ioctl_freeze(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_id *id = arg;
	int err;

	if (id->reserved)
		return -EINVAL;
	if (cmpxchg(&kf->frozen, 0, id->id))
		return -EBUSY;
	err = kmb_node_freeze(id->id, file);
	if (err)
		WRITE_ONCE(kf->frozen, 0);
	return err;
}

static int ioctl_thaw(struct file *file, void *arg)
{
	struct kmb_file *kf = file->private_data;
	struct vnode_id *id = arg;
	int err;

	if (id->reserved)
		return -EINVAL;
	if (!id->id || READ_ONCE(kf->frozen) != id->id)
		return -EBADF;
	err = kmb_node_thaw(id->id, file);
	/* not if another thread is about to freeze it */
	if (err != -EBADF)
		WRITE_ONCE(kf->frozen, 0);
	return err;
}

static int ioctl_regs(struct file *file, void *arg)
{
	struct vnode_regs *regs = arg;

	return regs->reserved ? -EINVAL : kmb_node_regs(regs);
}

#define ANYONE	0
#define NEEDS_BOOT	BIT(0)	/* CAP_SYS_BOOT */
#define NEEDS_UNLOCKED	BIT(1)	/* and no lockdown for kexec */

static const struct kmb_ioctl {
	unsigned int cmd;
	unsigned int needs;
	int (*func)(struct file *file, void *arg);
} ioctls[] = {
	{ VNODE_IOC_INFO, ANYONE, ioctl_info },
	{ VNODE_IOC_GRANT, NEEDS_BOOT | NEEDS_UNLOCKED, ioctl_grant },
	{ VNODE_IOC_LOAD, NEEDS_BOOT | NEEDS_UNLOCKED, ioctl_load },
	{ VNODE_IOC_START, NEEDS_BOOT | NEEDS_UNLOCKED, ioctl_start },
	{ VNODE_IOC_STOP, NEEDS_BOOT, ioctl_stop },
	{ VNODE_IOC_RETURN, NEEDS_BOOT, ioctl_return },
	{ VNODE_IOC_STATUS, ANYONE, ioctl_status },
	{ VNODE_IOC_MEMORY, NEEDS_BOOT | NEEDS_UNLOCKED, ioctl_memory },
	{ VNODE_IOC_LAST, NEEDS_BOOT, ioctl_last },
	{ VNODE_IOC_FREEZE, NEEDS_BOOT, ioctl_freeze },
	{ VNODE_IOC_THAW, NEEDS_BOOT, ioctl_thaw },
	{ VNODE_IOC_REGS, NEEDS_BOOT | NEEDS_UNLOCKED, ioctl_regs },
};

static int ioctl_permitted(const struct kmb_ioctl *row)
{
	if ((row->needs & NEEDS_BOOT) && !capable(CAP_SYS_BOOT))
		return -EPERM;
	if (row->needs & NEEDS_UNLOCKED)
		return security_locked_down(LOCKDOWN_KEXEC);
	return 0;
}

static long kmb_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct vnode_info info;
		struct vnode_grant grant;
		struct vnode_load load;
		struct vnode_status status;
		struct vnode_last last;
		struct vnode_regs regs;
	} arg = {};
	const struct kmb_ioctl *row = ioctls;
	size_t size = _IOC_SIZE(cmd);
	long ret;

	while (row < ioctls + ARRAY_SIZE(ioctls) && row->cmd != cmd)
		row++;
	if (row == ioctls + ARRAY_SIZE(ioctls))
		return -ENOTTY;
	ret = ioctl_permitted(row);
	if (ret)
		return ret;
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, (void __user *)user, size))
		return -EFAULT;
	ret = row->func(file, &arg);
	/* also after an error: GRANT says which CPU it was */
	if ((_IOC_DIR(cmd) & _IOC_READ) && copy_to_user((void __user *)user, &arg, size)) {
		/* nobody would know what was granted */
		if (cmd == VNODE_IOC_GRANT && !ret)
			kmb_node_return(arg.grant.id, file);
		return -EFAULT;
	}
	return ret;
}

static __poll_t kmb_poll(struct file *file, poll_table *wait)
{
	struct kmb_file *kf = file->private_data;

	kmb_state_poll_wait(file, wait);
	return READ_ONCE(kf->seen) != kmb_state_events() ? EPOLLPRI : 0;
}

static int kmb_open(struct inode *inode, struct file *file)
{
	struct kmb_file *kf = kzalloc(sizeof(*kf), GFP_KERNEL);

	if (!kf)
		return -ENOMEM;
	kf->seen = kmb_state_events();
	file->private_data = kf;
	return nonseekable_open(inode, file);
}

static int kmb_release(struct inode *inode, struct file *file)
{
	struct kmb_file *kf = file->private_data;

	if (kf->frozen)
		kmb_node_thaw(kf->frozen, file);
	kmb_node_release_owner(file);
	kfree(kf);
	return 0;
}

static const struct file_operations kmb_fops = {
	.owner = THIS_MODULE,
	.open = kmb_open,
	.release = kmb_release,
	.unlocked_ioctl = kmb_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = kmb_poll,
};

static struct miscdevice kmb_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vnode",
	.fops = &kmb_fops,
	.mode = 0644,
};

int kmb_chardev_init(void)
{
	return misc_register(&kmb_device);
}

void kmb_chardev_exit(void)
{
	misc_deregister(&kmb_device);
}
