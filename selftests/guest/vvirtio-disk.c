// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of a virtio disk over a bridge, without a back end: it maps a file.
 * It can be told to lie. Runs in root.
 *
 *	vvirtio-disk ID NR FILE [WORD=VALUE...]
 *
 * makes the bridge of device NR of vnode ID and serves it with the content of FILE, until
 * it is killed. It prints "ready" once the device is described, and "served" once N buffers
 * are used.
 *
 *	size=BYTES	of the bridge (2097152)
 *	magic= version= device= queues= queue= config= pad= state= generation=
 *			a word of the description; queue= is the size of the queues
 *	answers=N	only N requests are answered
 *	error=N		request N is answered with an error
 *	serve=N		only N buffers are used
 *	then=WHAT	what becomes of the next one:
 *	    id=V	a buffer with the id V is used
 *	    index=V	the index of the used ring is V too far
 *	    long	a buffer is used with a length of 4 GiB - 1
 *	    loop	all descriptors are marked to continue, then a buffer is used
 *	    failed	the state becomes VVIRTIO_FAILED
 *	    scribble	the whole bridge but for the state gets random bytes, again and again
 *	    nothing	they stay in flight
 *	churn=1		the generation of the configuration space moves without end
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bridge.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vnode/vvirtio.h>

#define QUEUES	2
#define TICK_MS	20	/* for what is done without a bell */

/* The words of the command line, as numbers; missing ones have their defaults. */
static struct {
	unsigned long size, magic, version, device, queues, queue, config, pad, state, generation;
	unsigned long answers, error, serve, churn;
	const char *then;
} options = {
	.size = 2 << 20, .magic = VVIRTIO_MAGIC, .version = VVIRTIO_VERSION, .device = 2,
	.queues = QUEUES, .queue = 64, .config = sizeof(struct virtio_blk_config),
	.answers = -1UL, .serve = -1UL,
};

static struct vvirtio_bridge *shared;
static int bridge = -1;
static char *disk;
static size_t disk_size;
static __u16 used[VVIRTIO_QUEUES], taken[VVIRTIO_QUEUES];
static unsigned long served, answered;
static bool lied;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "vvirtio-disk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: vvirtio-disk ID NR FILE [WORD=VALUE...]\n");
	exit(2);
}

static void option_set(const char *word)
{
	static const struct {
		const char *name;
		unsigned long *value;
	} numbers[] = {
		{ "size", &options.size }, { "magic", &options.magic },
		{ "version", &options.version }, { "device", &options.device },
		{ "queues", &options.queues }, { "queue", &options.queue },
		{ "config", &options.config }, { "pad", &options.pad },
		{ "state", &options.state }, { "generation", &options.generation },
		{ "answers", &options.answers }, { "error", &options.error },
		{ "serve", &options.serve }, { "churn", &options.churn },
	};
	const char *value = strchr(word, '=');

	if (!value)
		usage();
	if (!strncmp(word, "then=", 5)) {
		options.then = value + 1;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strncmp(word, numbers[i].name, value - word) || numbers[i].name[value - word])
			continue;
		*numbers[i].value = strtoul(value + 1, NULL, 0);
		return;
	}
	usage();
}

/* ---- the description ---- */

static void bridge_make(const char *id, const char *nr)
{
	struct bridge_create create = {
		.size = options.size, .flags = BRIDGE_GLOBAL, .mode = 0600,
	};

	bridge = open("/dev/bridge", O_RDWR | O_CLOEXEC);
	snprintf(create.name, sizeof(create.name), VVIRTIO_NAME, atoi(id), atoi(nr));
	if (bridge < 0 || ioctl(bridge, BRIDGE_IOC_CREATE, &create))
		fail(create.name);
	shared = mmap(NULL, options.size, PROT_READ | PROT_WRITE, MAP_SHARED, bridge, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
}

static void bell(void)
{
	if (ioctl(bridge, BRIDGE_IOC_RING))
		fail("ring");
}

static void describe(void)
{
	struct virtio_blk_config config = {
		.capacity = disk_size / 512, .seg_max = 30, .num_queues = QUEUES, .wce = 1,
	};
	struct vvirtio_device *device = &shared->device;

	device->version = options.version;
	device->device_id = options.device;
	device->features = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_BLK_F_SEG_MAX |
			   1ULL << VIRTIO_BLK_F_FLUSH | 1ULL << VIRTIO_BLK_F_MQ |
			   1ULL << VIRTIO_RING_F_INDIRECT_DESC | 1ULL << VIRTIO_RING_F_EVENT_IDX |
			   1ULL << VIRTIO_BLK_F_CONFIG_WCE;
	device->queues = options.queues;
	device->config_len = options.config;
	device->config_generation = options.generation;
	device->state = options.state;
	device->pad1[7] = options.pad;
	for (unsigned long i = 0; i < options.queues && i < VVIRTIO_QUEUES; i++)
		device->queue_size[i] = options.queue;
	memcpy(device->config, &config, sizeof(config));
	__atomic_store_n(&device->magic, options.magic, __ATOMIC_RELEASE);
	printf("ready\n");
	fflush(stdout);
}

/* ---- requests ---- */

static void *at(__u64 offset, __u64 len)
{
	if (offset > options.size || len > options.size - offset) {
		errno = ERANGE;
		fail("an address outside of the bridge");
	}
	return (char *)shared + offset;
}

/* As the disk's driver sets it, by writing "write back" or "write through" in sysfs. */
static void config_set(void)
{
	__u32 offset = shared->driver.set_offset, len = shared->driver.set_len;
	__u32 *generation = &shared->device.config_generation;

	if (offset > VVIRTIO_CONFIG || len > VVIRTIO_CONFIG - offset)
		fail("set_config");
	__atomic_add_fetch(generation, 1, __ATOMIC_SEQ_CST);
	memcpy(shared->device.config + offset, shared->driver.set_config + offset, len);
	__atomic_add_fetch(generation, 1, __ATOMIC_SEQ_CST);
}

static void request_look(void)
{
	struct vvirtio_device *device = &shared->device;
	__u32 request = __atomic_load_n(&shared->driver.request, __ATOMIC_ACQUIRE);

	if (request == device->answer || answered >= options.answers)
		return;
	if (shared->driver.type == VVIRTIO_SET_CONFIG)
		config_set();
	if (shared->driver.type == VVIRTIO_SET_STATUS && !shared->driver.status) {
		memset(used, 0, sizeof(used));
		memset(taken, 0, sizeof(taken));
	}
	answered++;
	device->error = answered == options.error ? EINVAL : 0;
	__atomic_store_n(&device->answer, request, __ATOMIC_RELEASE);
	bell();
}

/* ---- queues ---- */

struct ring {
	__u32 num;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

static bool ring_get(unsigned int index, struct ring *ring)
{
	struct vvirtio_queue *queue = &shared->driver.queue[index];

	ring->num = queue->size;
	if (!ring->num || !(shared->driver.status & VIRTIO_CONFIG_S_DRIVER_OK))
		return false;
	ring->desc = at(queue->desc, ring->num * sizeof(*ring->desc));
	ring->avail = at(queue->driver, 6 + 2 * ring->num);
	ring->used = at(queue->device, 6 + 8 * ring->num);
	return true;
}

/* Moves data between the disk and a buffer. Return: the buffer's length. */
static __u32 data_move(const struct vring_desc *desc, __u64 offset)
{
	char *data = at(desc->addr, desc->len);

	if (offset > disk_size || desc->len > disk_size - offset)
		return 0;
	if (desc->flags & VRING_DESC_F_WRITE)
		memcpy(data, disk + offset, desc->len);
	else
		memcpy(disk + offset, data, desc->len);
	return desc->len;
}

/* Return: bytes that were written. */
static __u32 serve(const struct ring *ring, __u32 head)
{
	const struct vring_desc *desc = &ring->desc[head];
	const struct virtio_blk_outhdr *header = at(desc->addr, sizeof(*header));
	__u64 offset = header->sector * 512;
	__u32 written = 0;

	while (desc->flags & VRING_DESC_F_NEXT) {
		desc = &ring->desc[desc->next % ring->num];
		if (!(desc->flags & VRING_DESC_F_NEXT))
			break;
		if (header->type == VIRTIO_BLK_T_GET_ID)
			snprintf(at(desc->addr, desc->len), desc->len, "vvirtio-disk");
		else
			offset += data_move(desc, offset);
		written += desc->flags & VRING_DESC_F_WRITE ? desc->len : 0;
	}
	*(__u8 *)at(desc->addr, 1) = VIRTIO_BLK_S_OK;
	return written + 1;
}

static void use(const struct ring *ring, unsigned int index, __u32 id, __u32 len)
{
	ring->used->ring[used[index] % ring->num].id = id;
	ring->used->ring[used[index] % ring->num].len = len;
	__atomic_store_n(&ring->used->idx, ++used[index], __ATOMIC_RELEASE);
}

/* ---- lies ---- */

static void scribble(void)
{
	__u32 *word = (__u32 *)shared, *last = word + options.size / sizeof(*word);

	for (; word < last; word++)
		if (word != &shared->device.state && random() % 4 == 0)
			*word = random();
	bell();
}

static void lie(const struct ring *ring, unsigned int index, __u32 head)
{
	const char *then = options.then ?: "";
	const char *value = strchr(then, '=');

	if (!lied) {
		printf("served\n");
		fflush(stdout);
	}
	lied = true;
	if (!strncmp(then, "id=", 3)) {
		use(ring, index, strtoul(value + 1, NULL, 0), 1);
	} else if (!strncmp(then, "index=", 6)) {
		used[index] += strtoul(value + 1, NULL, 0) - 1;
		use(ring, index, head, 1);
	} else if (!strcmp(then, "long")) {
		serve(ring, head);
		use(ring, index, head, -1U);
		lied = false;
	} else if (!strcmp(then, "loop")) {
		serve(ring, head);
		for (__u32 i = 0; i < ring->num; i++) {
			ring->desc[i].flags |= VRING_DESC_F_NEXT;
			ring->desc[i].next = i;
		}
		use(ring, index, head, 1);
		lied = false;
	} else if (!strcmp(then, "failed")) {
		shared->device.state = VVIRTIO_FAILED;
	} else if (!strcmp(then, "scribble")) {
		scribble();
		return;
	}
	bell();
}

static void queue_look(unsigned int index)
{
	struct ring ring;
	__u32 head;

	if (!ring_get(index, &ring))
		return;
	while (!lied && taken[index] != __atomic_load_n(&ring.avail->idx, __ATOMIC_ACQUIRE)) {
		head = ring.avail->ring[taken[index]++ % ring.num] % ring.num;
		if (served++ >= options.serve) {
			lie(&ring, index, head);
			continue;
		}
		use(&ring, index, head, serve(&ring, head));
		bell();
	}
}

/* ---- main ---- */

static void disk_load(const char *file)
{
	struct stat st;
	int fd = open(file, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		fail(file);
	disk_size = st.st_size;
	disk = mmap(NULL, disk_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (disk == MAP_FAILED)
		fail(file);
	close(fd);
}

static void __attribute__((noreturn)) work(void)
{
	struct pollfd pfd = { .fd = bridge, .events = POLLIN };
	__u64 rings;

	for (;;) {
		if (poll(&pfd, 1, TICK_MS) > 0 && read(bridge, &rings, sizeof(rings)) < 0 &&
		    errno != EINTR)
			fail("read");
		if (lied && options.then && !strcmp(options.then, "scribble"))
			scribble();
		if (lied)
			continue;
		request_look();
		for (unsigned int i = 0; i < QUEUES; i++)
			queue_look(i);
		if (options.churn) {
			shared->device.config_generation += 2;
			bell();
		}
	}
}

int main(int argc, char *argv[])
{
	if (argc < 4)
		usage();
	for (int i = 4; i < argc; i++)
		option_set(argv[i]);
	disk_load(argv[3]);
	bridge_make(argv[1], argv[2]);
	describe();
	work();
}
