// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log of a vnode, dead or alive, from its memory alone.
 */
#include <errno.h>
#include <string.h>

#include "log.h"

static int print(const struct vnode_memory *memory, FILE *out, struct vnode_vmcoreinfo *found)
{
	int res = found->pa ? vnode_vmcoreinfo_again(memory, out, found) : 0;

	if (!res)
		res = vnode_vmcoreinfo_find(memory, out, found);
	/* what is printed without a note tells nothing of one */
	if (res <= 0)
		found->pa = 0;
	return res ?: vnode_log_print_early(memory, out);
}

int vnode_log_print_again(const struct vnode_memory *memory, FILE *out,
			  struct vnode_vmcoreinfo *found, struct vnode_err *err)
{
	int res;

	/* From here on sums of offsets and addresses do not wrap. */
	if (memory->size > UINT64_MAX - memory->base)
		return vnode_err(err, EINVAL,
				 "memory of %#llx bytes at %#llx ends beyond all addresses",
				 (unsigned long long)memory->size,
				 (unsigned long long)memory->base);
	res = print(memory, out, found);
	if (res < 0)
		return vnode_err(err, -res, "cannot read the memory at %#llx: %s",
				 (unsigned long long)memory->base, strerror(-res));
	if (!res)
		return vnode_err(err, ENODATA,
				 "no kernel log in the memory at %#llx: its kernel did not get as far as its first message, or the memory was cleared",
				 (unsigned long long)memory->base);
	if (fflush(out) || ferror(out))
		return vnode_err(err, EIO,
				 "cannot write the log: is the disk full, or the reader gone?");
	return 0;
}

int vnode_log_print(const struct vnode_memory *memory, FILE *out, struct vnode_err *err)
{
	struct vnode_vmcoreinfo found = { .pa = 0 };

	return vnode_log_print_again(memory, out, &found, err);
}
