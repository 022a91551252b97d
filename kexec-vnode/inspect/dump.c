// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec --vnode=ID --dump=FILE|-: an ELF core of a vnode, dead or alive. A running vnode
 * is frozen while its memory is copied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vnode/names.h>

#include "cli.h"
#include "clock.h"
#include "device.h"
#include "dump.h"

struct dump {
	int fd;
	const struct vnode_config *config;
	struct vnode_status status;
	struct vnode_memory memory;
	struct vnode_dump_map map;
	struct vnode_dump_file file;
	struct vnode_regs *regs;	/* of each CPU */
	unsigned int nr_known;		/* CPUs whose registers are known */
	bool frozen;
	double frozen_from;
	double frozen_s;		/* how long it was frozen; 0: it was not */
};

static void warn(const struct dump *dump, const char *what)
{
	fprintf(stderr, "kexec: vnode %u: %s\n", dump->config->id, what);
}

static bool is_alive(const struct dump *dump)
{
	return vnode_state_lives(dump->status.state);
}

/* The memory must still belong to the same life of the same vnode. */
static int check_same(const struct dump *dump, const struct vnode_status *now,
		      struct vnode_err *err)
{
	const struct vnode_status *before = &dump->status;

	if (now->nr_cpus != before->nr_cpus || now->mem_base != before->mem_base)
		return vnode_err(err, ENXIO, "vnode %u: was returned during the dump", now->id);
	/* a vnode that ends leaves its memory as it is, a vnode that starts does not */
	if (now->restarts != before->restarts ||
	    (!is_alive(dump) && vnode_state_lives(now->state)))
		return vnode_err(err, ESTALE, "vnode %u: was restarted during the dump", now->id);
	return 0;
}

static int look(struct dump *dump, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status now;
	int ret;

	ret = vnode_device_status(dump->fd, dump->config->id, false, &now, cpus, err);
	ret = ret ?: check_same(dump, &now, err);
	if (!ret)
		dump->status = now;
	return ret;
}

/* A vnode that cannot be frozen is dumped while it runs: better than no dump. */
static int freeze(struct dump *dump, struct vnode_err *err)
{
	struct vnode_err why;
	int ret;

	if (!is_alive(dump))
		return 0;
	dump->frozen_from = vnode_now();
	ret = vnode_device_freeze(dump->fd, dump->config->id, &why);
	dump->frozen = !ret;
	if (ret == -EBUSY || ret == -EPERM || ret == -ESRCH)
		return vnode_err(err, ret, "%s", why.text);
	/* it may have ended while it was being frozen */
	ret = look(dump, err);
	if (!ret && !dump->frozen && is_alive(dump))
		fprintf(stderr, "kexec: %s; it keeps running, and the dump is not a consistent snapshot\n",
			why.text);
	return ret;
}

static void thaw(struct dump *dump)
{
	struct vnode_err why;

	if (!dump->frozen)
		return;
	dump->frozen = false;
	if (vnode_device_thaw(dump->fd, dump->config->id, &why))
		fprintf(stderr, "kexec: %s; the dump is not a consistent snapshot\n", why.text);
	dump->frozen_s = vnode_now() - dump->frozen_from;
}

static int read_regs(struct dump *dump, struct vnode_err *err)
{
	int ret = vnode_regs_read(dump->fd, &dump->status, dump->frozen, dump->regs, err);

	if (ret < 0)
		return ret;
	dump->nr_known = ret;
	return 0;
}

/* All that has to be consistent, done while the vnode is frozen */
static int copy(struct dump *dump, struct vnode_err *err)
{
	int ret;

	ret = freeze(dump, err);
	ret = ret ?: read_regs(dump, err);
	ret = ret ?: vnode_dump_walk(&dump->map, err);
	/* a page of a running kernel may be allocated before it is copied */
	if (!ret && !dump->frozen && is_alive(dump))
		vnode_dump_forget_free(&dump->map);
	else
		ret = ret ?: vnode_dump_find_free(&dump->map, err);
	ret = ret ?: vnode_dump_file_copy(&dump->file, &dump->map, err);
	/* it may have been restarted while it was copied */
	ret = ret ?: look(dump, err);
	thaw(dump);
	return ret;
}

static int write_headers(struct dump *dump, struct vnode_err *err)
{
	void *headers;
	size_t size;
	int ret;

	headers = vnode_dump_headers(&dump->map, dump->regs, dump->status.nr_cpus, &size);
	if (!headers)
		return vnode_err(err, ENOMEM, "no memory for the headers of %s",
				 dump->config->dump);
	ret = vnode_dump_file_write(&dump->file, 0, headers, size, err);
	free(headers);
	return ret;
}

static int write_file(struct dump *dump, struct vnode_err *err)
{
	int ret;

	ret = vnode_dump_file_begin(&dump->file, dump->config->dump, &dump->map,
				    vnode_dump_data_offset(dump->status.nr_cpus), err);
	if (ret)
		return ret;
	dump->file.name = isatty(STDERR_FILENO) ? dump->status.name : NULL;
	ret = copy(dump, err);
	ret = ret ?: write_headers(dump, err);
	return vnode_dump_file_end(&dump->file, ret, err);
}

static void report(const struct dump *dump)
{
	const struct vnode_dump_map *map = &dump->map;
	FILE *out = dump->file.flat ? stderr : stdout;

	if (!map->has_info)
		warn(dump, "no VMCOREINFO in its memory: the dump has physical addresses only");
	else if (!map->has_direct)
		warn(dump, "its page tables are damaged: most virtual addresses are missing from the dump");
	else if (map->cut)
		warn(dump, "its page tables are too large: some virtual addresses are missing from the dump");
	fprintf(out, "vnode %u: %llu of its %llu MiB are in %s, the rest is zero or free; registers of %u of %u CPUs",
		dump->config->id, (unsigned long long)dump->file.written >> 20,
		(unsigned long long)dump->memory.size >> 20,
		dump->file.flat ? "the dump" : dump->config->dump, dump->nr_known,
		dump->status.nr_cpus);
	if (dump->frozen_s)
		fprintf(out, "; it was frozen for %.3f s", dump->frozen_s);
	fprintf(out, "\n");
	if (map->has_info && map->info.image_offset)
		fprintf(out, "KASLR has moved its kernel: in gdb, symbol-file -o %#llx vmlinux\n",
			(unsigned long long)map->info.image_offset);
}

int vnode_dump(int fd, const struct vnode_config *config, struct vnode_err *err)
{
	struct dump dump = { .fd = fd, .config = config };
	uint32_t cpus[VNODE_CPUS_MAX];
	int ret;

	ret = vnode_device_status(fd, config->id, false, &dump.status, cpus, err);
	ret = ret ?: vnode_device_memory(fd, config->id, &dump.memory, err);
	ret = ret ?: vnode_dump_find(&dump.map, &dump.memory, err);
	ret = ret ?: vnode_dump_find_free(&dump.map, err);
	if (ret)
		return ret;
	dump.regs = calloc(dump.status.nr_cpus, sizeof(*dump.regs));
	ret = dump.regs ? write_file(&dump, err) : vnode_err(err, ENOMEM, "no memory for registers");
	if (!ret)
		report(&dump);
	vnode_dump_destroy(&dump.map);
	free(dump.regs);
	return ret;
}
