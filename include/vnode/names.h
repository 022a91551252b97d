/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of states and causes (linux/vnode.h) as root's log, uevents, sysfs and kexec
 * show them, and predicates on states. Builds in user space too.
 */
#ifndef _VNODE_NAMES_H
#define _VNODE_NAMES_H

#include <linux/vnode.h>

/**
 * vnode_state_name - the name of a state
 * @state: enum vnode_state, or a value that only a newer module knows
 *
 * Return: one word; "unknown" for unknown values.
 */
static inline const char *vnode_state_name(unsigned int state)
{
	static const char *const names[VNODE_NR_STATES] = {
		[VNODE_FREE] = "free",
		[VNODE_GRANTED] = "granted",
		[VNODE_LOADED] = "loaded",
		[VNODE_BOOTING] = "booting",
		[VNODE_RUNNING] = "running",
		[VNODE_HALTED] = "halted",
		[VNODE_REBOOTED] = "rebooted",
		[VNODE_PANICKED] = "panicked",
		[VNODE_HUNG] = "hung",
		[VNODE_STOPPED] = "stopped",
	};

	return state < VNODE_NR_STATES ? names[state] : "unknown";
}

/**
 * vnode_cause_name - the name of a cause
 * @cause: enum vnode_cause, or a value that only a newer module knows
 *
 * Return: one word; "unknown" for unknown values.
 */
static inline const char *vnode_cause_name(unsigned int cause)
{
	static const char *const names[VNODE_NR_CAUSES] = {
		[VNODE_CAUSE_NONE] = "none",
		[VNODE_CAUSE_PANIC] = "panic",
		[VNODE_CAUSE_REBOOT] = "reboot",
		[VNODE_CAUSE_HALT] = "halt",
		[VNODE_CAUSE_POWER_OFF] = "power-off",
		[VNODE_CAUSE_EMERGENCY] = "emergency",
		[VNODE_CAUSE_HANG] = "hang",
		[VNODE_CAUSE_NO_HELLO] = "no-hello",
		[VNODE_CAUSE_PROTOCOL] = "protocol",
		[VNODE_CAUSE_STOP] = "stop",
	};

	return cause < VNODE_NR_CAUSES ? names[cause] : "unknown";
}

/* The vnode was started and has not ended. */
static inline int vnode_state_lives(unsigned int state)
{
	return state == VNODE_BOOTING || state == VNODE_RUNNING;
}

/* The vnode was started and has ended, by itself or by STOP. */
static inline int vnode_state_ended(unsigned int state)
{
	return state >= VNODE_HALTED && state < VNODE_NR_STATES;
}

#endif /* _VNODE_NAMES_H */
