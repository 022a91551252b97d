// SPDX-License-Identifier: GPL-2.0-only
/* Verbs on an existing vnode: -e, -u and --log */
#include <errno.h>
#include <stdio.h>
#include <linux/vnode.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "inspect/inspect.h"
#include "verbs.h"

int vnode_exec(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       struct vnode_err *err)
{
	char who[24];
	int ret;

	snprintf(who, sizeof(who), "vnode %u", config->id);
	ret = vnode_device_start(fd, config->id, err);
	if (ret)
		return ret;
	printf("%s: started\n", who);
	return vnode_wait(fd, config, info, who, err);
}

/* Asks the vnode to power off, and stops it if it cannot be asked or is too slow. */
static int stop(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	int ret = vnode_device_stop(fd, config->id, config->timeout, config->force, err);

	if (ret != -EOPNOTSUPP && ret != -ETIME)
		return ret;
	fprintf(stderr, "kexec: %s; stopping it at once\n", err->text);
	return vnode_device_stop(fd, config->id, config->timeout, true, err);
}

static bool cpu_is_offline(unsigned int cpu)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	return vnode_file_says(path, "0");
}

/* Root's log has the reason. */
static int check_cpus(const uint32_t *cpu, uint32_t nr, const struct vnode_config *config,
		      struct vnode_err *err)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		if (cpu_is_offline(cpu[i]))
			return vnode_err(err, EBUSY,
					 "vnode %u is returned, but CPU %u is offline: echo 1 > /sys/devices/system/cpu/cpu%u/online",
					 config->id, cpu[i], cpu[i]);
	return 0;
}

int vnode_unload(int fd, const struct vnode_config *config, const struct vnode_info *info,
		 struct vnode_err *err)
{
	static uint32_t cpu[VNODE_CPUS_MAX];
	struct vnode_status status = {};
	uint64_t begin, stopped;
	int ret;

	ret = vnode_device_status(fd, config->id, false, &status, cpu, err);
	if (ret)
		return ret;
	begin = vnode_cycles();
	ret = stop(fd, config, err);
	stopped = vnode_cycles();
	ret = ret ?: vnode_device_return(fd, config->id, err);
	ret = ret ?: vnode_virtio_wait_end(config->id, err) ?:
	      check_cpus(cpu, status.nr_cpus, config, err);
	if (!ret)
		printf("vnode %u: stopped in %.3f ms, everything returned in %.3f ms\n", config->id,
		       (double)(stopped - begin) / info->tsc_khz,
		       (double)(vnode_cycles() - stopped) / info->tsc_khz);
	return ret;
}

int vnode_log(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	struct vnode_memory memory;
	int ret;

	ret = vnode_device_memory(fd, config->id, &memory, err);
	return ret ?: vnode_log_print(&memory, stdout, err);
}
