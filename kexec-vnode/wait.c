// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits after a start until the vnode runs or has ended, up to a limit. Root's kernel tells
 * of each end but one: that of a kernel whose nanokernel is not loaded yet. Its log does.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <linux/vnode.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "inspect/inspect.h"
#include "inspect/vmcoreinfo.h"
#include "status.h"
#include "verbs.h"

/*
 * Between two looks at the log. Looking may take long, with much memory: it gets a tenth of
 * the time.
 */
#define LOG_EACH_S	1.0
#define LOG_SHARE	10
#define LAST_LINES	12

struct log_watch {
	struct vnode_memory memory;
	struct vnode_vmcoreinfo found;
	bool on;
	double next;
	char text[VNODE_LAST_MAX + 1];
};

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

/* ---- the log of a kernel that has not attached ---- */

/* Without permission to read the memory there is no watch. */
static void log_watch_begin(struct log_watch *watch, int fd, const struct vnode_config *config)
{
	struct vnode_err ignored;

	*watch = (struct log_watch){ .next = vnode_now() + LOG_EACH_S };
	/* a vnode that is restarted when it fails is waited for */
	watch->on = !config->restart.on_failure &&
		    !vnode_device_memory(fd, config->id, &watch->memory, &ignored);
}

/* Return: 0, go on waiting; a negative errno: it has ended. */
static int log_watch_look(struct log_watch *watch, const struct vnode_config *config,
			  struct vnode_err *err)
{
	double now = vnode_now();
	const char *did;

	if (!watch->on || now < watch->next)
		return 0;
	vnode_last_of(&watch->memory, &watch->found, watch->text);
	watch->next = vnode_now() + (vnode_now() - now) * LOG_SHARE;
	if (watch->next < now + LOG_EACH_S)
		watch->next = now + LOG_EACH_S;
	did = vnode_log_end(watch->text);
	if (!did)
		return 0;
	fprintf(stderr, "%s\n", vnode_last_lines(watch->text, LAST_LINES));
	return vnode_err(err, ECANCELED,
			 "vnode %u %s before its nanokernel was loaded (see kexec --vnode=%u --log)",
			 config->id, did, config->id);
}

/* Until the next look, @left seconds at most */
static double pause_of(const struct log_watch *watch, double left)
{
	double pause = watch->on ? watch->next - vnode_now() : left;

	return pause > left ? left : pause < 0 ? 0 : pause;
}

int vnode_wait(int fd, const struct vnode_config *config, const struct vnode_info *info,
	       const char *who, struct vnode_err *err)
{
	double left, end = vnode_now() + config->wait;
	static struct log_watch watch;
	int ret;

	/* a pipe is fully buffered: show the messages so far before waiting */
	fflush(stdout);
	if (!config->wait)
		return 0;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s: booting; Ctrl-C leaves it alone\n", who);
	log_watch_begin(&watch, fd, config);
	do {
		left = end - vnode_now();
		ret = look(fd, config, info, who, left <= 0, err);
		if (ret == 1)
			ret = log_watch_look(&watch, config, err) ?: 1;
		if (ret == 1)
			ret = vnode_device_poll(fd, pause_of(&watch, left), err) ?: 1;
	} while (ret == 1);
	return ret;
}
