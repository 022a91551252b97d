// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's side of a virtio device over a bridge, in user space, in any kernel:
 *
 *	vvirtio-driver ID NUMBER COMMAND...
 *
 *	info		prints what the first page says
 *	copy BYTES	a disk: writes a pattern, flushes, reads it back, in requests of 64 KiB
 *	read SECTOR	a disk: prints a sector as text
 *	write SECTOR TEXT	a disk
 *	id		a disk: prints its serial
 *	fuse-init	a file system: INIT; prints the version
 *	stay		takes the device into use, prints "in use", waits for VVIRTIO_FAILED
 *	hostile ROUNDS	writes at random to the driver's page and the rings, and rings
 *	spoil ROUNDS	makes requests at random in a device that is in use, some of them
 *			in damaged rings; resets it when it has failed
 *
 * Exit status: 0 if all went well.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/bridge.h>
#include <linux/fuse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <vnode/vvirtio.h>

#define ENTRIES		64
#define RING_SIZE	0x4000		/* bytes for the vring of a queue */
#define CHUNK		0x10000

static int fd;
static size_t size;
static struct vvirtio_bridge *bridge;
static struct vring ring[VVIRTIO_QUEUES];
static unsigned int nr_queues;
static uint16_t seen[VVIRTIO_QUEUES];

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "vvirtio-driver: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t load(const __le32 *word)
{
	return le32toh(__atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void bell(void)
{
	if (ioctl(fd, BRIDGE_IOC_RING))
		die("RING");
}

/* Waits for a ring, @seconds at most. */
static void wait_bell(double seconds)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t rings;

	if (seconds > 0 && poll(&pollfd, 1, seconds * 1000) > 0 && read(fd, &rings, 8) != 8)
		die("the bridge is revoked");
}

static void open_device(const char *id, const char *number)
{
	struct bridge_open open_arg = {};

	snprintf(open_arg.name, sizeof(open_arg.name), VVIRTIO_NAME, atoi(id), atoi(number));
	fd = open("/dev/bridge", O_RDWR);
	if (fd < 0 || ioctl(fd, BRIDGE_IOC_OPEN, &open_arg))
		die(open_arg.name);
	size = open_arg.size;
	bridge = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bridge == MAP_FAILED)
		die("mmap");
	if (load(&bridge->device.magic) != VVIRTIO_MAGIC || load(&bridge->device.version) != 1)
		die("not a device");
	nr_queues = load(&bridge->device.queues);
	if (nr_queues < 1 || nr_queues > VVIRTIO_QUEUES)
		die("number of queues");
}

static int request(uint32_t type)
{
	uint32_t number = load(&bridge->device.answer) + 1;
	double end = now() + VVIRTIO_REQUEST_MS / 1e3;

	bridge->driver.type = htole32(type);
	__atomic_store_n(&bridge->driver.request, htole32(number), __ATOMIC_RELEASE);
	bell();
	while (load(&bridge->device.answer) != number) {
		if (now() > end) {
			errno = ETIMEDOUT;
			die("no answer to a request");
		}
		wait_bell(end - now());
	}
	return load(&bridge->device.error);
}

static int set_status(uint32_t status)
{
	bridge->driver.status = htole32(status);
	return request(VVIRTIO_SET_STATUS);
}

static void must_set_status(uint32_t status)
{
	errno = set_status(status);
	if (errno)
		die("SET_STATUS");
}

static uint64_t ring_at(unsigned int i)
{
	return sizeof(*bridge) + i * RING_SIZE;
}

static void place_queue(unsigned int i)
{
	struct vvirtio_queue *queue = &bridge->driver.queue[i];
	char *at = (char *)bridge + ring_at(i);

	memset(at, 0, RING_SIZE);
	vring_init(&ring[i], ENTRIES, at, 4096);
	queue->size = htole32(ENTRIES);
	queue->desc = htole64((char *)ring[i].desc - (char *)bridge);
	queue->driver = htole64((char *)ring[i].avail - (char *)bridge);
	queue->device = htole64((char *)ring[i].used - (char *)bridge);
	seen[i] = 0;
}

static void begin(uint64_t features)
{
	unsigned int i;

	must_set_status(0);
	must_set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	features |= 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM;
	bridge->driver.driver_features = htole64(features);
	must_set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			VIRTIO_CONFIG_S_FEATURES_OK);
	for (i = 0; i < nr_queues; i++)
		place_queue(i);
	must_set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* Offset of the data of requests */
static uint64_t data_at(void)
{
	return ring_at(nr_queues);
}

static char *data(void)
{
	return (char *)bridge + data_at();
}

struct part {
	uint64_t at;
	uint32_t len;
	bool in;		/* the device writes it */
};

/* One request, waited for. */
static void submit(unsigned int queue, const struct part *parts, unsigned int nr)
{
	struct vring *vr = &ring[queue];
	double end = now() + 30;
	unsigned int i;

	for (i = 0; i < nr; i++)
		vr->desc[i] = (struct vring_desc){
			.addr = htole64(parts[i].at), .len = htole32(parts[i].len),
			.flags = htole16((parts[i].in ? VRING_DESC_F_WRITE : 0) |
					 (i + 1 < nr ? VRING_DESC_F_NEXT : 0)),
			.next = htole16(i + 1),
		};
	vr->avail->ring[vr->avail->idx % ENTRIES] = 0;
	__atomic_store_n(&vr->avail->idx, vr->avail->idx + 1, __ATOMIC_RELEASE);
	bell();
	while (__atomic_load_n(&vr->used->idx, __ATOMIC_ACQUIRE) == seen[queue]) {
		if (load(&bridge->device.state) == VVIRTIO_FAILED) {
			puts("failed");
			exit(3);
		}
		if (now() > end) {
			errno = ETIMEDOUT;
			die("no answer to a request in a queue");
		}
		wait_bell(1);
	}
	seen[queue]++;
}

static int disk(uint32_t type, uint64_t sector, uint64_t at, uint32_t len)
{
	struct virtio_blk_outhdr *head = (void *)data();
	uint8_t *status = (uint8_t *)data() + 0x100;
	struct part parts[3] = {
		{ data_at(), sizeof(*head), false },
		{ at, len, type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID },
		{ data_at() + 0x100, 1, true },
	};

	*head = (struct virtio_blk_outhdr){ .type = htole32(type), .sector = htole64(sector) };
	*status = 0xff;
	if (!len)
		parts[1] = parts[2];
	submit(0, parts, len ? 3 : 2);
	return *status;
}

static void must_disk(uint32_t type, uint64_t sector, uint64_t at, uint32_t len)
{
	int status = disk(type, sector, at, len);

	if (status) {
		fprintf(stderr, "vvirtio-driver: request %u at sector %llu: status %d\n", type,
			(unsigned long long)sector, status);
		exit(1);
	}
}

/* ---- commands ---- */

static void do_info(void)
{
	const struct vvirtio_device *device = &bridge->device;
	unsigned int i, len = load(&device->config_len);

	printf("device %u queues %u of %u features %#llx state %u config", load(&device->device_id),
	       nr_queues, le16toh(device->queue_size[0]),
	       (unsigned long long)le64toh(device->features), load(&device->state));
	for (i = 0; i < len && i < VVIRTIO_CONFIG; i++)
		printf(" %02x", device->config[i]);
	printf("\n");
}

static void fill(uint32_t *words, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < CHUNK / 4; i++)
		words[i] = seed * 2654435761U + i;
}

static void do_copy(uint64_t bytes)
{
	static uint32_t want[CHUNK / 4];
	uint64_t at = data_at() + 0x1000, offset;
	double start = now();

	begin(1ULL << VIRTIO_BLK_F_FLUSH);
	for (offset = 0; offset < bytes; offset += CHUNK) {
		fill((uint32_t *)((char *)bridge + at), offset / CHUNK);
		must_disk(VIRTIO_BLK_T_OUT, offset / 512, at, CHUNK);
	}
	must_disk(VIRTIO_BLK_T_FLUSH, 0, 0, 0);
	for (offset = 0; offset < bytes; offset += CHUNK) {
		memset((char *)bridge + at, 0, CHUNK);
		must_disk(VIRTIO_BLK_T_IN, offset / 512, at, CHUNK);
		fill(want, offset / CHUNK);
		if (memcmp(want, (char *)bridge + at, CHUNK)) {
			printf("different at %llu\n", (unsigned long long)offset);
			exit(1);
		}
	}
	printf("the same, %.1f MiB/s\n", 2 * bytes / (now() - start) / (1 << 20));
}

static void do_read(uint64_t sector)
{
	uint64_t at = data_at() + 0x1000;

	begin(0);
	must_disk(VIRTIO_BLK_T_IN, sector, at, 512);
	printf("%.511s\n", (char *)bridge + at);
}

static void do_write(uint64_t sector, const char *text)
{
	uint64_t at = data_at() + 0x1000;
	int status;

	begin(le64toh(bridge->device.features) & 1ULL << VIRTIO_BLK_F_RO);
	memset((char *)bridge + at, 0, 512);
	snprintf((char *)bridge + at, 512, "%s", text);
	status = disk(VIRTIO_BLK_T_OUT, sector, at, 512);
	printf("status %d\n", status);
	exit(status);
}

static void do_id(void)
{
	uint64_t at = data_at() + 0x1000;

	begin(0);
	must_disk(VIRTIO_BLK_T_GET_ID, 0, at, VIRTIO_BLK_ID_BYTES);
	printf("%.20s\n", (char *)bridge + at);
}

static void do_fuse_init(void)
{
	struct fuse_in_header *head = (void *)data();
	struct fuse_init_in *init = (void *)(head + 1);
	struct fuse_out_header *out = (void *)(data() + 0x200);
	struct fuse_init_out *version = (void *)(out + 1);
	struct part parts[2] = {
		{ data_at(), sizeof(*head) + sizeof(*init), false },
		{ data_at() + 0x200, sizeof(*out) + sizeof(*version), true },
	};

	begin(0);
	memset(data(), 0, 0x400);
	*head = (struct fuse_in_header){
		.len = sizeof(*head) + sizeof(*init), .opcode = FUSE_INIT, .unique = 1,
	};
	*init = (struct fuse_init_in){ .major = 7, .minor = 31, .max_readahead = 4096 };
	submit(1, parts, 2);
	if (out->error || out->unique != 1) {
		printf("error %d\n", out->error);
		exit(1);
	}
	printf("fuse %u.%u\n", version->major, version->minor);
}

static void do_stay(void)
{
	begin(0);
	puts("in use");
	fflush(stdout);
	while (load(&bridge->device.state) != VVIRTIO_FAILED)
		wait_bell(60);
	puts("failed");
}

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A number that a check may get wrong */
static uint64_t nasty(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 0xfff, 0x1000, 0x2000, 0xffffffff, ~0ULL, 1ULL << 63,
	};

	switch (random64() % 4) {
	case 0:
		return edges[random64() % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return size - random64() % 64;
	case 2:
		return random64() % (2 * size);
	}
	return random64();
}

static void spoil(void *at, size_t len)
{
	uint64_t *words = at;
	size_t i;

	for (i = 0; i < len / 8; i++)
		if (!(random64() % 4))
			words[i] = nasty();
}

/* The front end must answer every request, whatever it says. */
static void do_hostile(unsigned int rounds)
{
	unsigned int i, errors = 0;

	while (rounds--) {
		spoil(bridge->driver.queue, sizeof(bridge->driver.queue));
		if (random64() % 2)
			for (i = 0; i < nr_queues; i++)
				place_queue(i);
		spoil((char *)bridge + ring_at(0), nr_queues * RING_SIZE);
		if (!(random64() % 8))
			spoil(&bridge->device, sizeof(bridge->device));
		bridge->driver.set_offset = nasty();
		bridge->driver.set_len = nasty();
		bridge->driver.driver_features = random64() % 2 ? nasty() :
			htole64(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM);
		bridge->driver.status = htole32(random64() % 4 ? nasty() & 0xff : 0);
		errors += !!request(random64() % 8 ? 1 + random64() % 2 : nasty());
		bell();
	}
	must_set_status(0);
	printf("%u refused\n", errors);
}

/* A header as that kind of device expects it, with any request. @len: bytes that it reads */
static void write_header(void *at, uint32_t len)
{
	if (load(&bridge->device.device_id) == VIRTIO_ID_FS)
		*(struct fuse_in_header *)at = (struct fuse_in_header){
			.len = len, .opcode = random64() % 64, .unique = random64(),
			.nodeid = random64() % 4,
		};
	else
		*(struct virtio_blk_outhdr *)at = (struct virtio_blk_outhdr){
			.type = htole32(random64() % 16), .sector = htole64(random64() % 65536),
		};
}

/*
 * Most of the chains are such as a back end takes: what it reads comes first, a header with
 * room for what it writes. They lie anywhere in the bridge's memory, over rings as well.
 */
static void make_any_request(struct vring *vr)
{
	unsigned int i, nr = 2 + random64() % 4, nr_read = 1 + random64() % (nr - 1);
	uint64_t damage = random64() % 256, at;
	uint32_t len, read = 0;

	for (i = 0; i < nr; i++) {
		at = sizeof(*bridge) + random64() % (size - sizeof(*bridge) - CHUNK);
		len = sizeof(struct fuse_in_header) +
		      random64() % (random64() % 8 ? 64 : CHUNK / 2);
		read += i < nr_read ? len : 0;
		vr->desc[i] = (struct vring_desc){
			.addr = htole64(at),
			.len = htole32(len),
			.flags = htole16((i < nr_read ? 0 : VRING_DESC_F_WRITE) |
					 (i + 1 < nr ? VRING_DESC_F_NEXT : 0)),
			.next = htole16(i + 1),
		};
	}
	if (random64() % 32)
		write_header((char *)bridge + le64toh(vr->desc[0].addr), read);
	if (damage == 0)
		spoil(vr->desc, ENTRIES * sizeof(*vr->desc));
	else if (damage == 1)
		spoil(vr->avail, sizeof(*vr->avail) + ENTRIES * sizeof(uint16_t));
	else if (damage == 2)
		spoil(vr->used, sizeof(*vr->used) + ENTRIES * sizeof(*vr->used->ring));
	vr->avail->ring[vr->avail->idx % ENTRIES] = damage == 3 ? nasty() : 0;
	__atomic_store_n(&vr->avail->idx, vr->avail->idx + (damage == 4 ? nasty() : 1),
			 __ATOMIC_RELEASE);
}

/* A request that is answered or not: the device must be there for the next one. */
static void do_spoil(unsigned int rounds)
{
	unsigned int failed = 0, answered = 0, done, i;
	double told = now();

	for (done = 0; done < rounds; ) {
		begin(0);
		/* the rings of a device that has had damage may be of no use any more */
		for (i = 0; i < 200 && done < rounds; i++, done++) {
			unsigned int queue = random64() % nr_queues;
			uint16_t used = ring[queue].used->idx;

			make_any_request(&ring[queue]);
			bell();
			wait_bell(0.01);
			answered += ring[queue].used->idx != used;
			if (load(&bridge->device.state) == VVIRTIO_FAILED) {
				failed++;
				break;
			}
		}
		if (now() > told + 10) {
			fprintf(stderr, "%u of %u rounds\n", done, rounds);
			told = now();
		}
	}
	must_set_status(0);
	printf("%u rounds, %u answered, failed %u times\n", rounds, answered, failed);
	if (answered < rounds / 4) {
		fprintf(stderr, "vvirtio-driver: few of them reached the back end\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const char *command = argc > 3 ? argv[3] : "";

	if (argc < 4) {
		fprintf(stderr, "usage: vvirtio-driver ID NUMBER COMMAND...\n");
		return 2;
	}
	open_device(argv[1], argv[2]);
	if (!strcmp(command, "info"))
		do_info();
	else if (!strcmp(command, "copy") && argc > 4)
		do_copy(strtoull(argv[4], NULL, 0));
	else if (!strcmp(command, "read") && argc > 4)
		do_read(strtoull(argv[4], NULL, 0));
	else if (!strcmp(command, "write") && argc > 5)
		do_write(strtoull(argv[4], NULL, 0), argv[5]);
	else if (!strcmp(command, "id"))
		do_id();
	else if (!strcmp(command, "fuse-init"))
		do_fuse_init();
	else if (!strcmp(command, "stay"))
		do_stay();
	else if (!strcmp(command, "hostile") && argc > 4)
		do_hostile(strtoul(argv[4], NULL, 0));
	else if (!strcmp(command, "spoil") && argc > 4)
		do_spoil(strtoul(argv[4], NULL, 0));
	else
		return 2;
	return 0;
}
