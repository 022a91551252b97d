// SPDX-License-Identifier: GPL-2.0-only
/* The registers of a vnode's CPUs, as far as they belong to its present state. */
#include <linux/vnode.h>

#include "device.h"
#include "inspect.h"

/* Registers of another kind may be left from long ago. */
static bool is_wanted(const struct vnode_status *status, bool frozen, uint32_t kind)
{
	switch (kind) {
	case VNODE_REGS_FROZEN:
		return frozen;
	case VNODE_REGS_PANIC:
		return status->state == VNODE_PANICKED;
	case VNODE_REGS_SILENT:
		return status->state == VNODE_HUNG;
	}
	return false;
}

int vnode_regs_read(int fd, const struct vnode_status *status, bool frozen,
		    struct vnode_regs *regs, struct vnode_err *err)
{
	unsigned int cpu;
	int ret, known = 0;

	for (cpu = 0; cpu < status->nr_cpus; cpu++) {
		ret = vnode_device_regs(fd, status->id, cpu, &regs[cpu], err);
		if (ret)
			return ret;
		if (is_wanted(status, frozen, regs[cpu].kind))
			known++;
		else
			regs[cpu] = (struct vnode_regs){ .cpu = cpu };
	}
	return known;
}
