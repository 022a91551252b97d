// SPDX-License-Identifier: GPL-2.0-only
/* Waits after a start until the vnode runs or has ended, up to a limit. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "verbs.h"

/* How a vnode ended, and whether "while booting" can follow. */
static const struct {
	const char *did;
	bool booting;
} ends[VNODE_NR_CAUSES] = {
	[VNODE_CAUSE_NONE] = { "does not run", false },
	[VNODE_CAUSE_PANIC] = { "panicked", true },
	[VNODE_CAUSE_REBOOT] = { "rebooted", true },
	[VNODE_CAUSE_HALT] = { "halted", true },
	[VNODE_CAUSE_POWER_OFF] = { "powered off", true },
	[VNODE_CAUSE_EMERGENCY] = { "made an emergency restart", true },
	[VNODE_CAUSE_HANG] = { "hung", true },
	[VNODE_CAUSE_NO_HELLO] = { "did not attach within its boot limit", false },
	[VNODE_CAUSE_PROTOCOL] = { "has a nanokernel that speaks another protocol", false },
	[VNODE_CAUSE_STOP] = { "was stopped", true },
};

static int has_ended(const struct vnode_status *status, struct vnode_err *err)
{
	unsigned int cause = status->cause < VNODE_NR_CAUSES ? status->cause : VNODE_CAUSE_NONE;
	bool booting = ends[cause].booting && !status->phase[VNODE_PHASE_ATTACH];
	char again[48] = "";

	if (status->restarts)
		snprintf(again, sizeof(again), ", after %u restart%s", status->restarts,
			 status->restarts == 1 ? "" : "s");
	return vnode_err(err, ECANCELED, "vnode %u %s%s%s%s%s (see kexec --vnode=%u --log)",
			 status->id, ends[cause].did, booting ? " while booting" : "", again,
			 *status->text ? ": " : "", status->text, status->id);
}

static int runs(const struct vnode_status *status, const struct vnode_info *info, const char *who)
{
	printf("%s: running, %s, attached after %.0f ms", who,
	       *status->release ? status->release : "a kernel without a release",
	       (double)status->phase[VNODE_PHASE_ATTACH] / info->tsc_khz);
	if (status->restarts)
		printf(", after %u restart%s", status->restarts, status->restarts == 1 ? "" : "s");
	printf("\n");
	return 0;
}

/* Return: 0, it runs; 1, keep waiting, unless @late; else a negative errno. */
static int look(int fd, const struct vnode_config *config, const struct vnode_info *info,
		const char *who, bool late, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	int ret;

	ret = vnode_device_status(fd, config->id, false, &status, cpus, err);
	if (ret)
		return ret;
	if (status.state == VNODE_RUNNING)
		return runs(&status, info, who);
	if (status.state != VNODE_BOOTING && (late || !status.restarting))
		return has_ended(&status, err);
	if (!late)
		return 1;
	return vnode_err(err, ETIME, "vnode %u still boots after %g s (see kexec --vnode=%u --log)",
			 config->id, config->wait, config->id);
}

int vnode_wait(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       const char *who, struct vnode_err *err)
{
	double left, end = vnode_now() + config->wait;
	int ret;

	/* a pipe is fully buffered: show the messages so far before waiting */
	fflush(stdout);
	if (!config->wait)
		return 0;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s: booting; Ctrl-C leaves it alone\n", who);
	do {
		left = end - vnode_now();
		ret = look(fd, config, info, who, left <= 0, err);
		if (ret == 1)
			ret = vnode_device_poll(fd, left, err) ?: 1;
	} while (ret == 1);
	return ret;
}
