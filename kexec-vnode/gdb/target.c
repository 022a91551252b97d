// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vnode that gdb looks at. A stop freezes a running vnode until gdb continues it, but
 * no longer than a vnode may be frozen. After that, gdb still sees the registers and
 * stacks of the stop.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "gdb.h"

/* Thaw it before root's kernel does. */
#define FREEZE_S	(VNODE_FREEZE_MS / 1000.0 - 0.5)

/* gdb's numbers (include/gdb/signals.def) */
#define SIGNAL_ABRT	6
#define SIGNAL_TERM	15

void vnode_gdb_target_say(struct vnode_gdb_target *target, const char *fmt, ...)
{
	char *said = target->view.said;
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(target->view.said), fmt, args);
	va_end(args);
	fprintf(stderr, "kexec: vnode %u: %s\n", target->config->id, said);
}

static bool is_alive(const struct vnode_gdb_target *target)
{
	return vnode_state_lives(target->status.state);
}

/* Another vnode may have its id by now, but not its memory. */
static bool is_returned(const struct vnode_gdb_target *target)
{
	const struct vnode_memory *memory = &target->view.memory;
	uint8_t byte;

	return memory->read(memory->context, 0, &byte, sizeof(byte)) == -ENXIO;
}

static void thaw(struct vnode_gdb_target *target)
{
	struct vnode_err ignored;

	/* errors: it may have ended, and may have been returned */
	if (target->frozen)
		vnode_device_thaw(target->fd, target->config->id, &ignored);
	target->frozen = false;
}

int vnode_gdb_target_look(struct vnode_gdb_target *target, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	int ret;

	ret = vnode_device_status(target->fd, target->config->id, false, &target->status, cpus,
				  err);
	if (ret && ret != -ESRCH)
		return ret;
	if (ret || is_returned(target))
		target->status.state = VNODE_FREE;
	/* a vnode that has ended must not be reported as thawed later */
	if (!is_alive(target))
		thaw(target);
	return 0;
}

int vnode_gdb_target_open(struct vnode_gdb_target *target, int fd,
			  const struct vnode_config *config, struct vnode_err *err)
{
	struct vnode_gdb_view *view = &target->view;
	int ret;

	target->fd = fd;
	target->config = config;
	ret = vnode_device_memory(fd, config->id, &view->memory, err);
	ret = ret ?: vnode_gdb_target_look(target, err);
	if (ret)
		return ret;
	target->life = target->status.restarts;
	view->nr_cpus = target->status.nr_cpus;
	view->regs = calloc(view->nr_cpus, sizeof(*view->regs));
	view->saved = calloc(view->nr_cpus, VNODE_GDB_STACK_PAGES * sizeof(*view->saved));
	if (!view->regs || !view->saved) {
		vnode_gdb_target_close(target);
		return vnode_err(err, ENOMEM, "no memory for registers and stacks");
	}
	view->has_info = vnode_vmcoreinfo_find(&view->memory, NULL, &view->info) > 0;
	if (!view->has_info)
		vnode_gdb_target_say(target, "no VMCOREINFO in its memory: virtual addresses cannot be read");
	return 0;
}

void vnode_gdb_target_close(struct vnode_gdb_target *target)
{
	thaw(target);
	free(target->view.regs);
	free(target->view.saved);
}

static void forget_stop(struct vnode_gdb_target *target)
{
	struct vnode_gdb_view *view = &target->view;

	view->nr_saved = 0;
	view->cpu = 0;
	memset(view->regs, 0, view->nr_cpus * sizeof(*view->regs));
}

static void freeze(struct vnode_gdb_target *target)
{
	struct vnode_err why;

	target->frozen_until = vnode_now() + FREEZE_S;
	target->frozen = !vnode_device_freeze(target->fd, target->config->id, &why);
	if (target->frozen)
		vnode_gdb_target_say(target, "frozen for at most %g s", FREEZE_S);
	else
		fprintf(stderr, "kexec: %s\n", why.text);
}

/* @frozen: it was frozen at this stop, and may have ended since */
static void read_regs(struct vnode_gdb_target *target, bool frozen)
{
	struct vnode_gdb_view *view = &target->view;
	struct vnode_err ignored;

	forget_stop(target);
	if (target->status.nr_cpus != view->nr_cpus ||
	    vnode_regs_read(target->fd, &target->status, frozen, view->regs, &ignored) <= 0)
		forget_stop(target);
	/* gdb begins with the first CPU whose registers are known */
	while (view->cpu < view->nr_cpus && view->regs[view->cpu].kind == VNODE_REGS_NONE)
		view->cpu++;
	if (view->cpu == view->nr_cpus)
		view->cpu = 0;
}

static int signal_of_end(const struct vnode_status *status)
{
	return status->state == VNODE_PANICKED || status->state == VNODE_HUNG ? SIGNAL_ABRT :
	       SIGNAL_TERM;
}

/* For a vnode that is not frozen */
static void say_state(struct vnode_gdb_target *target)
{
	const struct vnode_status *status = &target->status;
	const char *state = vnode_state_name(status->state);

	if (is_alive(target))
		vnode_gdb_target_say(target, "%s, without registers; its memory is read while it changes",
				     state);
	else
		vnode_gdb_target_say(target, "%s%s%s", state, *status->text ? ": " : "",
				     status->text);
}

int vnode_gdb_target_stop(struct vnode_gdb_target *target, int signal, struct vnode_err *err)
{
	const struct vnode_status *status = &target->status;
	bool frozen = false;
	int ret;

	ret = vnode_gdb_target_look(target, err);
	if (ret)
		return ret;
	if (is_alive(target)) {
		freeze(target);
		frozen = target->frozen;
		/* it may have ended while it was being frozen */
		ret = vnode_gdb_target_look(target, err);
		if (ret)
			return ret;
	}
	target->view.signal = vnode_state_ended(status->state) ? signal_of_end(status) : signal;
	read_regs(target, frozen);
	if (target->frozen)
		vnode_gdb_save_stacks(&target->view);
	else
		say_state(target);
	return 0;
}

void vnode_gdb_target_go(struct vnode_gdb_target *target)
{
	thaw(target);
	forget_stop(target);
}

void vnode_gdb_target_expire(struct vnode_gdb_target *target)
{
	if (!target->frozen || vnode_now() < target->frozen_until)
		return;
	thaw(target);
	vnode_gdb_target_say(target, "thawed after %g s; registers and stacks are those of the stop, other memory is read while it changes",
			     FREEZE_S);
}
