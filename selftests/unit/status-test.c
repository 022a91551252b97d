// SPDX-License-Identifier: GPL-2.0-only
/* kexec-vnode/status.c: a list for programs is whole, however many CPUs there are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/vnode.h>

#include "device.h"
#include "inspect/inspect.h"
#include "status.h"
#include "ktap.h"

int vnode_device_status(int fd, unsigned int id, bool next, struct vnode_status *status,
			uint32_t *cpus, struct vnode_err *err)
{
	unsigned int i;

	(void)fd;
	(void)next;
	if (id > 1)
		return vnode_err(err, ESRCH, "no vnode %u", id);
	*status = (struct vnode_status){ .id = 1, .nr_cpus = VNODE_CPUS_MAX, .name = "web" };
	/* every other one: nothing is a range */
	for (i = 0; i < VNODE_CPUS_MAX; i++)
		cpus[i] = 2 * i + 1;
	return 0;
}

int vnode_device_last(int fd, unsigned int id, char *text, size_t *size, struct vnode_err *err)
{
	(void)fd;
	(void)id;
	(void)text;
	(void)size;
	return vnode_err(err, EPERM, "not permitted");
}

int vnode_device_memory(int fd, unsigned int id, struct vnode_memory *memory,
			struct vnode_err *err)
{
	(void)fd;
	(void)id;
	(void)memory;
	return vnode_err(err, EPERM, "not permitted");
}

static void all_cpus_are_listed(void)
{
	struct vnode_err err;
	char *text, last[32];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	KTAP_REQUIRE(out);
	KTAP_CHECK_EQ(vnode_list_print(0, false, true, out, &err), 0);
	fclose(out);
	snprintf(last, sizeof(last), ",%u\", \"memory\"", 2 * VNODE_CPUS_MAX - 1);
	KTAP_CHECK(strstr(text, "\"cpus\": \"1,3,5,"));
	KTAP_CHECK(strstr(text, last));
	free(text);
}

static const struct ktap_test tests[] = {
	{ "all CPUs are listed", all_cpus_are_listed },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
