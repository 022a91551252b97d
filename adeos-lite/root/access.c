// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content of regions: zeroed, written and read, piece by piece, since its two
 * parts are mapped in two places and a large one would keep a CPU for long.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "root.h"

#define ACCESS_CHUNK	(2UL << 20)

/* The mapping of @offset, and how many bytes of *size follow there. */
static void *region_va(const struct adeos_region *region, u64 offset, u64 *size)
{
	*size = min_t(u64, *size, ACCESS_CHUNK);
	if (offset >= region->main_size)
		return phys_to_virt(region->pa + offset);
	*size = min(*size, region->main_size - offset);
	return region->main_va + offset;
}

typedef int (*access_fn)(void *va, void *buf, size_t len);

/* @buf, if there is one, goes along with the offset. */
static int region_access(struct adeos_region *region, u64 offset, u64 size, void *buf,
			 access_fn func)
{
	int err;

	if (size > region->size || offset > region->size - size)
		return -EINVAL;
	while (size) {
		u64 len = size;
		void *va = region_va(region, offset, &len);

		if (fatal_signal_pending(current))
			return -EINTR;
		err = func(va, buf, len);
		if (err)
			return err;
		buf = buf ? buf + len : NULL;
		offset += len;
		size -= len;
		cond_resched();
	}
	return 0;
}

/* By words: "rep stosb" is slow where it is emulated. */
static int access_zero(void *va, void *buf, size_t len)
{
	memset64(va, 0, len / sizeof(u64));
	memset(va + round_down(len, sizeof(u64)), 0, len % sizeof(u64));
	return 0;
}

/**
 * adeos_copy_user - copy much from user space
 * @to: kernel memory
 * @from: the bytes
 * @size: how many
 *
 * Past the caches: root does not read what it loads for a vnode. And "rep movsb", the
 * kernel's usual way, is slow where it is emulated.
 *
 * Return: 0, -EFAULT, -EINTR (the task is being killed).
 */
int adeos_copy_user(void *to, const void __user *from, u64 size)
{
	struct iov_iter iter;
	size_t len;

	/* no address wraps from here on */
	if (!access_ok(from, size))
		return -EFAULT;
	for (; size; to += len, from += len, size -= len) {
		len = min_t(u64, size, ACCESS_CHUNK);
		if (fatal_signal_pending(current))
			return -EINTR;
		iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)from, len);
		if (_copy_from_iter_nocache(to, len, &iter) != len)
			return -EFAULT;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_copy_user);

static int access_write(void *va, void *buf, size_t len)
{
	return adeos_copy_user(va, (void __force __user *)buf, len);
}

static int access_put(void *va, void *buf, size_t len)
{
	memcpy_flushcache(va, buf, len);
	return 0;
}

static int access_read(void *va, void *buf, size_t len)
{
	memcpy(buf, va, len);
	return 0;
}

/**
 * adeos_region_zero - fill a part of a region with zeros
 * @region: the region
 * @offset: where in it
 * @size: how many bytes
 *
 * Return: 0, -EINVAL (not inside), -EINTR (the task is being killed).
 */
int adeos_region_zero(struct adeos_region *region, u64 offset, u64 size)
{
	return region_access(region, offset, size, NULL, access_zero);
}
EXPORT_SYMBOL_GPL(adeos_region_zero);

/**
 * adeos_region_write - copy from user space into a region
 * @region: the region
 * @offset: where in it
 * @buf: the bytes
 * @size: how many
 *
 * Return: 0, -EINVAL (not inside), -EFAULT, -EINTR (the task is being killed).
 */
int adeos_region_write(struct adeos_region *region, u64 offset, const void __user *buf, u64 size)
{
	/* no address wraps from here on */
	if (!access_ok(buf, size))
		return -EFAULT;
	return region_access(region, offset, size, (void __force *)buf, access_write);
}
EXPORT_SYMBOL_GPL(adeos_region_write);

/**
 * adeos_region_put - copy from kernel memory into a region
 * @region: the region
 * @offset: where in it
 * @buf: the bytes
 * @size: how many
 *
 * Return: 0, -EINVAL (not inside), -EINTR (the task is being killed).
 */
int adeos_region_put(struct adeos_region *region, u64 offset, const void *buf, u64 size)
{
	return region_access(region, offset, size, (void *)buf, access_put);
}
EXPORT_SYMBOL_GPL(adeos_region_put);

/**
 * adeos_region_read - copy from a region to kernel memory
 * @region: the region
 * @offset: where in it
 * @buf: where to
 * @size: how many bytes
 *
 * Return: 0, -EINVAL (not inside), -EINTR (the task is being killed).
 */
int adeos_region_read(struct adeos_region *region, u64 offset, void *buf, u64 size)
{
	return region_access(region, offset, size, buf, access_read);
}
EXPORT_SYMBOL_GPL(adeos_region_read);
