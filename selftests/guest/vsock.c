// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets between a vnode and root:
 *
 *	vsock echo PORT			sends back what each connection sends, one at a time;
 *					prints "listening", then the CID of each peer
 *	vsock send CID PORT KIB		sends so much, and compares what comes back
 *	vsock cid			prints the address of this kernel
 *
 * Exit status: 0 if all went well; else prints the error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#define CHUNK	16384		/* half a connection's buffer would hold several */

static int fail(const char *what)
{
	fprintf(stderr, "vsock: %s: %s\n", what, strerror(errno));
	return 1;
}

static int do_echo(unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port,
	};
	socklen_t len = sizeof(address);
	char buf[CHUNK];
	int listener, fd;
	ssize_t n;

	listener = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) ||
	    listen(listener, 8))
		return fail("listen");
	puts("listening");
	fflush(stdout);
	while ((fd = accept(listener, (struct sockaddr *)&address, &len)) >= 0) {
		printf("peer %u\n", address.svm_cid);
		fflush(stdout);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (write(fd, buf, n) != n)
				break;
		close(fd);
	}
	return fail("accept");
}

static bool read_all(int fd, char *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= n) {
		n = read(fd, buf, len);
		if (n <= 0)
			return false;
	}
	return true;
}

static int do_send(unsigned int cid, unsigned int port, unsigned long kib)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port,
	};
	uint32_t out[CHUNK / 4], in[CHUNK / 4];
	unsigned long done;
	size_t i;
	int fd;

	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fail("connect");
	for (done = 0; done < kib << 10; done += CHUNK) {
		for (i = 0; i < CHUNK / 4; i++)
			out[i] = done + i * 2654435761U;
		if (write(fd, out, CHUNK) != CHUNK)
			return fail("write");
		if (!read_all(fd, (char *)in, CHUNK))
			return fail("read");
		if (memcmp(in, out, CHUNK)) {
			fprintf(stderr, "vsock: different at %lu\n", done);
			return 1;
		}
	}
	printf("%lu KiB back\n", done >> 10);
	return 0;
}

static int do_cid(void)
{
	int fd = open("/dev/vsock", O_RDONLY);
	unsigned int cid;

	if (fd < 0 || ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid))
		return fail("/dev/vsock");
	printf("%u\n", cid);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "cid"))
		return do_cid();
	if (argc == 3 && !strcmp(argv[1], "echo"))
		return do_echo(atoi(argv[2]));
	if (argc == 5 && !strcmp(argv[1], "send"))
		return do_send(atoi(argv[2]), atoi(argv[3]), strtoul(argv[4], NULL, 0));
	fprintf(stderr, "usage: vsock echo PORT | send CID PORT KIB | cid\n");
	return 2;
}
