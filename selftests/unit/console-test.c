// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-vnode/console/console.c: sessions that have to end by themselves. The
 * functions of /dev/vnode and /dev/vconsole are replaced.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vconsole.h>
#include <vnode/names.h>

#include "cli.h"
#include "console/console.h"
#include "device.h"
#include "ktap.h"

static struct vnode_status vnode;
static unsigned int given_up_in;	/* looks, 0: never */
static uint32_t console_state;
static int silent[2];			/* a pipe: /dev/vconsole with nothing to say */
static int eventful;			/* /dev/vnode with news at any time: a pipe's broken end */
static struct vnode_err err;
static char *said;

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	(void)fd;
	if (request != VCONSOLE_IOC_STATUS)
		return -1;
	va_start(args, request);
	*va_arg(args, struct vconsole_status *) = (struct vconsole_status){
		.id = 1, .state = console_state,
	};
	va_end(args);
	return 0;
}

int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *why)
{
	(void)fd;
	(void)id;
	(void)next;
	(void)cpus;
	(void)why;
	if (given_up_in && !--given_up_in)
		vnode.restarting = 0;
	*status = vnode;
	return 0;
}

int vnode_device_poll(int fd, double timeout, struct vnode_err *why)
{
	(void)fd;
	(void)timeout;
	(void)why;
	return 0;
}

int vnode_vconsole_open(struct vnode_err *why)
{
	(void)why;
	return dup(silent[0]);
}

int vnode_vconsole_attach(int fd, const struct vnode_config *config, const char *name,
			  struct vnode_err *why)
{
	(void)fd;
	(void)config;
	(void)name;
	(void)why;
	return 0;
}

/* A session, and what it has said in @said. One that does not end is killed. */
static int run(enum vnode_state state, bool read_only)
{
	const struct vnode_config config = { .id = 1, .read_only = read_only };
	FILE *saved = stderr;
	size_t size;
	int ret;

	vnode = (struct vnode_status){
		.id = 1, .state = state, .restarting = vnode_state_ended(state),
		.end_ns = 5, .name = "web", .text = "oh",
	};
	free(said);
	stderr = open_memstream(&said, &size);
	alarm(10);
	ret = vnode_console(eventful, &config, &err);
	alarm(0);
	fclose(stderr);
	stderr = saved;
	return ret;
}

static void taken_over_at_once(void)
{
	console_state = VCONSOLE_CONNECTED;
	KTAP_CHECK_EQ(run(VNODE_RUNNING, false), -EPERM);
	KTAP_CHECK(strstr(err.text, "another session has taken over its console"));
}

static void restart_is_given_up(void)
{
	console_state = 0;
	given_up_in = 5;
	KTAP_CHECK_EQ(run(VNODE_PANICKED, true), 0);
	KTAP_CHECK(strstr(said, "web: panicked: oh; waiting for its restart\n"));
	KTAP_CHECK(strstr(said, "web: is not going to be restarted\n"));
}

static const struct ktap_test tests[] = {
	{ "a session ends if another one takes over at once", taken_over_at_once },
	{ "a session ends if the restart is cancelled", restart_is_given_up },
};

int main(void)
{
	int broken[2];

	if (!freopen("/dev/null", "r", stdin) || pipe(silent) || pipe(broken))
		return 1;
	close(broken[1]);
	eventful = broken[0];
	return ktap_run(tests, KTAP_NR(tests));
}
