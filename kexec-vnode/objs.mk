# SPDX-License-Identifier: GPL-2.0-only
#
# What kexec-vnode is made of, in the order things pass through it.

VNODE_OBJS := cli start parse net err file \
	image image-bzimage image-elf decompress relocs \
	plan bootparams acpi pgtable \
	device verbs wait status last console terminal vconsole \
	log log-memory log-vmcoreinfo log-ring log-early \
	regs dump dump-map dump-free dump-elf dump-file dump-on-failure \
	gdb gdb-packet gdb-answer gdb-regs gdb-memory gdb-target gdb-peer
VNODE_LIBS := -lelf -lzstd -llzma -llz4 -lz
