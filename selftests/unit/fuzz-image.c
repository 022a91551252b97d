// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes vnode_image_open() and vnode_image_relocate().
 *
 *	clang -fsanitize=fuzzer,address,undefined ... fuzz-image.c image*.c ...
 *	fuzz-image --seeds=DIR		writes small images to begin with
 *	fuzz-image DIR
 *
 * Mutations mostly destroy compressed data. Therefore each input is also compressed and
 * wrapped in a bzImage. A few bytes may decode to as much as an image may have, which
 * takes most of a minute with sanitizers:
 *
 * fuzz: -timeout=300
 */
#include <stdio.h>
#include <unistd.h>

#include "image-synth.h"

static void open_one(const uint8_t *file, size_t size, enum vnode_unpack unpack)
{
	struct vnode_err err = { .text = "" };
	struct vnode_image image;
	const char *insane;
	int ret;

	ret = vnode_image_open(&image, file, size, unpack, &err);
	if (ret) {
		if (ret > 0 || !err.text[0] || image.data)
			abort();
	} else {
		insane = synth_insane(&image, file, size);
		if (insane) {
			fprintf(stderr, "insane: %s\n", insane);
			abort();
		}
		if (image.relocs && vnode_image_relocate(&image, image.align, &err) &&
		    image.mem_size + image.link_pa + image.align <= 1 << 30)
			abort();
	}
	vnode_image_close(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[SYNTH_MAX];
	enum vnode_unpack unpack;
	size_t len;

	for (unpack = VNODE_UNPACK_AUTO; unpack <= VNODE_UNPACK_ALWAYS; unpack++)
		open_one(data, size, unpack);
	/* an ELF file with or without relocations, or what the mutator made of it */
	if (size >= 64 && size < SYNTH_MAX / 2 && !memcmp(data, ELFMAG, SELFMAG)) {
		len = synth_bzimage_of(file, data, size, &synth_compressions[0]);
		open_one(file, len, VNODE_UNPACK_ALWAYS);
	}
	return 0;
}

static void seed_write(const char *dir, const char *name, const uint8_t *data, size_t size)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "wb");
	if (!out || fwrite(data, 1, size, out) != size || fclose(out)) {
		perror(path);
		_exit(1);
	}
}

static void seeds_write(const char *dir)
{
	static uint8_t plain[SYNTH_MAX], packed[SYNTH_MAX];
	const struct synth_compression *c;
	size_t i, size = synth_payload(plain);
	char name[64];

	seed_write(dir, "elf", plain, sizeof(struct synth_elf));
	seed_write(dir, "elf-relocs", plain, size);
	for (i = 0; i < SYNTH_COMPRESSIONS; i++) {
		c = &synth_compressions[i];
		snprintf(name, sizeof(name), "elf.%s", c->name);
		seed_write(dir, name, packed,
			   c->pack(plain, sizeof(struct synth_elf), packed, sizeof(packed)));
		snprintf(name, sizeof(name), "bzimage.%s", c->name);
		seed_write(dir, name, packed, synth_bzimage(packed, c));
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char option[] = "--seeds=";

	if (*argc > 1 && !strncmp((*argv)[1], option, sizeof(option) - 1)) {
		seeds_write((*argv)[1] + sizeof(option) - 1);
		_exit(0);
	}
	return 0;
}
