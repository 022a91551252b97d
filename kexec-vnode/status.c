// SPDX-License-Identifier: GPL-2.0-only
/* -S and --vnode-list, as text and as JSON */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <linux/vnode.h>
#include <vnode/names.h>

#include "clock.h"
#include "device.h"
#include "parse.h"
#include "status.h"
#include "virtio/virtio.h"

#define LAST_LINES	10		/* of the log, in the text of -S */
#define NO_CPU		(~0U)		/* cause_cpu of an end without a CPU */
#define CPU_LIST_MAX	8192		/* longer than any list of CPUs, root's in sysfs too */

static const char * const phase_names[VNODE_NR_PHASES] = {
	[VNODE_PHASE_CPUS] = "cpus",
	[VNODE_PHASE_MEMORY] = "memory",
	[VNODE_PHASE_SCRUB] = "scrub",
	[VNODE_PHASE_LOAD] = "load",
	[VNODE_PHASE_WAKE] = "wake",
	[VNODE_PHASE_STOP] = "stop",
	[VNODE_PHASE_ATTACH] = "attach",
};

/* What -S and --vnode-list show of a vnode, or of root */
struct view {
	unsigned int id;
	const char *name, *state, *cause, *release;
	unsigned int restarts;
	char cpus[CPU_LIST_MAX];
	uint64_t mem_size;
	double uptime;			/* negative: it does not run */
};

static double boottime(void)
{
	return vnode_clock(CLOCK_BOOTTIME);
}

static void view_fill(struct view *view, const struct vnode_status *status,
		      const uint32_t *cpus)
{
	bool runs = vnode_state_lives(status->state);

	view->id = status->id;
	view->name = status->name;
	view->state = vnode_state_name(status->state);
	view->cause = vnode_cause_name(status->cause);
	view->release = status->release;
	view->restarts = status->restarts;
	view->mem_size = status->mem_size;
	view->uptime = runs ? boottime() - (int64_t)status->start_ns / 1e9 : -1;
	vnode_format_cpus(cpus, status->nr_cpus, view->cpus, sizeof(view->cpus));
}

static uint64_t root_memory(void)
{
	char line[128];
	unsigned long long kib = 0;
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemTotal: %llu", &kib) == 1)
			break;
	fclose(file);
	return kib << 10;
}

static void view_fill_root(struct view *view, struct utsname *uts)
{
	FILE *file = fopen("/sys/devices/system/cpu/online", "r");

	uname(uts);
	*view = (struct view){
		.name = "root", .state = "running", .cause = "none", .release = uts->release,
		.mem_size = root_memory(), .uptime = boottime(),
	};
	if (!file)
		return;
	if (!fgets(view->cpus, sizeof(view->cpus), file))
		view->cpus[0] = 0;
	view->cpus[strcspn(view->cpus, "\n")] = 0;
	fclose(file);
}

static void format_uptime(double uptime, char *text, size_t size)
{
	if (uptime < 0)
		snprintf(text, size, "-");
	else if (uptime < 600)
		snprintf(text, size, "%.1fs", uptime);
	else
		snprintf(text, size, "%d:%02d:%02d", (int)uptime / 3600,
			 (int)uptime / 60 % 60, (int)uptime % 60);
}

static void view_print_row(const struct view *view, FILE *out)
{
	char memory[24], uptime[24];

	snprintf(memory, sizeof(memory), "%llu MiB", (unsigned long long)view->mem_size >> 20);
	format_uptime(view->uptime, uptime, sizeof(uptime));
	fprintf(out, "%3u %-15s %-9s %-11s %10s %10s %8u %-9s  %s\n", view->id, view->name,
		view->state, view->cpus, memory, uptime, view->restarts,
		strcmp(view->cause, "none") ? view->cause : "-",
		*view->release ? view->release : "-");
}

static void print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++)
		if (*text < 0x20 || *text == '"' || *text == '\\' || *text == 0x7f)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, out);
	fputc('"', out);
}

static void view_print_json(const struct view *view, FILE *out)
{
	fprintf(out, "\"id\": %u, \"name\": ", view->id);
	print_string(view->name, out);
	fprintf(out, ", \"state\": \"%s\", \"cpus\": \"%s\", \"memory\": %llu, \"release\": ",
		view->state, view->cpus, (unsigned long long)view->mem_size);
	print_string(view->release, out);
	if (view->uptime >= 0)
		fprintf(out, ", \"uptime\": %.3f", view->uptime);
	else
		fprintf(out, ", \"uptime\": null");
	fprintf(out, ", \"restarts\": %u, \"cause\": \"%s\"", view->restarts, view->cause);
}

static void list_row(const struct view *view, bool json, const char *separator, FILE *out)
{
	if (!json) {
		view_print_row(view, out);
		return;
	}
	fprintf(out, "%s\n  {", separator);
	view_print_json(view, out);
	fprintf(out, "}");
}

/* A viewer sees the vnodes that root shows, and not root. */
int vnode_list_print(int fd, bool root, bool json, FILE *out, struct vnode_err *err)
{
	const char *separator = "[";
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	struct utsname uts;
	struct view view;
	unsigned int id = 1;
	int ret;

	if (!json)
		fprintf(out, "%3s %-15s %-9s %-11s %10s %10s %8s %-9s  %s\n", "ID", "NAME", "STATE",
			"CPUS", "MEMORY", "UPTIME", "RESTARTS", "CAUSE", "KERNEL");
	if (root) {
		view_fill_root(&view, &uts);
		list_row(&view, json, separator, out);
		separator = ",";
	}
	while (!(ret = fd < 0 ? -ESRCH :
			vnode_device_status(fd, id, true, &status, cpus, err))) {
		view_fill(&view, &status, cpus);
		list_row(&view, json, separator, out);
		separator = ",";
		id = status.id + 1;
	}
	if (json)
		fprintf(out, "%s\n]\n", *separator == '[' ? separator : "");
	return ret == -ESRCH ? 0 : ret;
}

static double phase_ms(const struct vnode_status *status, const struct vnode_info *info, int i)
{
	return info->tsc_khz ? (double)status->phase[i] / info->tsc_khz : 0;
}

/*
 * From when the vnode's nanokernel was told of the end until root knew; negative if the
 * nanokernel was not told.
 */
static double noticed_ms(const struct vnode_status *status, const struct vnode_info *info)
{
	if (!status->begin_tsc || status->end_tsc < status->begin_tsc || !info->tsc_khz)
		return -1;
	return (double)(status->end_tsc - status->begin_tsc) / info->tsc_khz;
}

static double seconds_since_end(const struct vnode_status *status)
{
	return boottime() - (int64_t)status->end_ns / 1e9;
}

/* null if @value is negative, which means unknown */
static void print_number(const char *name, double value, FILE *out)
{
	if (value < 0)
		fprintf(out, ", \"%s\": null", name);
	else
		fprintf(out, ", \"%s\": %.3f", name, value);
}

static void print_end_json(const struct vnode_status *status, const struct vnode_info *info,
			   const char *last, FILE *out)
{
	double ago = status->end_ns ? seconds_since_end(status) : -1;

	if (status->cause_cpu == NO_CPU)
		fprintf(out, ", \"cause_cpu\": null");
	else
		fprintf(out, ", \"cause_cpu\": %u", status->cause_cpu);
	print_number("end_time", status->end_ns ? vnode_clock(CLOCK_REALTIME) - ago : -1, out);
	print_number("end_ago", ago, out);
	print_number("noticed_ms", noticed_ms(status, info), out);
	fprintf(out, ", \"begin_tsc\": %llu, \"end_tsc\": %llu, \"restart_tsc\": %llu, \"text\": ",
		(unsigned long long)status->begin_tsc, (unsigned long long)status->end_tsc,
		(unsigned long long)status->restart_tsc);
	print_string(status->text, out);
	fprintf(out, ", \"last_log\": ");
	print_string(last, out);
}

static void print_status_json(const struct view *view, const struct vnode_status *status,
			      const struct vnode_info *info, const char *last, FILE *out)
{
	const char *comma = "";
	int i;

	fprintf(out, "{");
	view_print_json(view, out);
	fprintf(out, ", \"attached\": %s, \"oopses\": %u", status->attached ? "true" : "false",
		status->oopses);
	print_end_json(status, info, last, out);
	fprintf(out, ", \"mem_base\": %llu, \"mem_offlined\": %llu, \"low_base\": %u, \"low_size\": %u",
		(unsigned long long)status->mem_base, (unsigned long long)status->mem_offlined,
		status->low_base, status->low_size);
	fprintf(out, ", \"entry_mode\": %u, \"boot_apicid\": %u, \"entry_tsc\": %llu, \"tsc_khz\": %u, \"phases_ms\": {",
		status->entry_mode, status->boot_apicid,
		(unsigned long long)status->entry_tsc, info->tsc_khz);
	for (i = 0; i < VNODE_NR_PHASES; i++)
		if (phase_names[i]) {
			fprintf(out, "%s\"%s\": %.3f", comma, phase_names[i],
				phase_ms(status, info, i));
			comma = ", ";
		}
	fprintf(out, "}");
	vnode_virtio_status_json(view->id, print_string, out);
	fprintf(out, "}\n");
}

static void print_phases(const struct vnode_status *status, const struct vnode_info *info,
			 FILE *out)
{
	int i;

	for (i = 0; i < VNODE_NR_PHASES; i++)
		if (phase_names[i] && status->phase[i])
			fprintf(out, " %s %.3f ms", phase_names[i], phase_ms(status, info, i));
	fprintf(out, "\n");
}

int vnode_phases_print(int fd, const struct vnode_info *info, unsigned int id, const char *name,
		       uint64_t plan_cycles, FILE *out, struct vnode_err *err)
{
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	int ret;

	ret = vnode_device_status(fd, id, false, &status, cpus, err);
	if (ret)
		return ret;
	fprintf(out, "%s: phases: plan %.3f ms", name, (double)plan_cycles / info->tsc_khz);
	print_phases(&status, info, out);
	return 0;
}

/* "panic on CPU 3, 2026-11-22 10:11:12 (4.2s ago), noticed after 0.120 ms" */
static void print_end(const struct vnode_status *status, const struct vnode_info *info, FILE *out)
{
	double ago = seconds_since_end(status), noticed = noticed_ms(status, info);
	time_t at = vnode_clock(CLOCK_REALTIME) - ago;
	char when[32] = "?", text[24];
	struct tm tm;

	fprintf(out, "end:      %s", vnode_cause_name(status->cause));
	if (status->cause_cpu != NO_CPU)
		fprintf(out, " on CPU %u", status->cause_cpu);
	if (localtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	format_uptime(ago < 0 ? 0 : ago, text, sizeof(text));
	fprintf(out, ", %s (%s ago)", when, text);
	if (noticed >= 0)
		fprintf(out, ", noticed after %.3f ms", noticed);
	fprintf(out, "\n");
	if (*status->text)
		fprintf(out, "text:     %s\n", status->text);
}

static void print_last(const char *last, FILE *out)
{
	const char *line = vnode_last_lines(last, LAST_LINES);
	size_t len;

	if (!*line)
		return;
	fprintf(out, "last log:\n");
	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		fprintf(out, "  %.*s\n", (int)len, line);
	}
}

static void print_status(const struct view *view, const struct vnode_status *status,
			 const struct vnode_info *info, const char *last, FILE *out)
{
	char uptime[24];

	format_uptime(view->uptime, uptime, sizeof(uptime));
	fprintf(out, "vnode:    %u %s\n", view->id, view->name);
	fprintf(out, "state:    %s%s\n", view->state, status->attached ? ", attached" : "");
	if (status->cause != VNODE_CAUSE_NONE)
		print_end(status, info, out);
	fprintf(out, "restarts: %u\n", status->restarts);
	fprintf(out, "oopses:   %u\n", status->oopses);
	fprintf(out, "cpus:     %s\n", view->cpus);
	fprintf(out, "memory:   %llu MiB at %#llx, %llu MiB of them out of root's direct map\n",
		(unsigned long long)view->mem_size >> 20, (unsigned long long)status->mem_base,
		(unsigned long long)status->mem_offlined >> 20);
	fprintf(out, "low:      %u KiB at %#x\n", status->low_size >> 10, status->low_base);
	fprintf(out, "kernel:   %s\n", *view->release ? view->release : "-");
	vnode_virtio_status_print(view->id, out);
	fprintf(out, "uptime:   %s\n", uptime);
	fprintf(out, "phases:  ");
	print_phases(status, info, out);
	print_last(last, out);
}

int vnode_status_print(int fd, const struct vnode_info *info, unsigned int id, bool json,
		       FILE *out, bool *runs, struct vnode_err *err)
{
	char last[VNODE_LAST_MAX + 1] = "";
	uint32_t cpus[VNODE_CPUS_MAX];
	struct vnode_status status;
	struct view view;
	int ret;

	ret = vnode_device_status(fd, id, false, &status, cpus, err);
	if (ret)
		return ret;
	view_fill(&view, &status, cpus);
	*runs = vnode_state_lives(status.state);
	if (status.cause != VNODE_CAUSE_NONE)
		vnode_last(fd, &status, last);
	if (json)
		print_status_json(&view, &status, info, last, out);
	else
		print_status(&view, &status, info, last, out);
	return 0;
}
