# SPDX-License-Identifier: GPL-2.0-only
#
# What kexec-vnode is made of, in the order things pass through it.

VNODE_OBJS := cli options start parse append net err file \
	$(addprefix image/,image bzimage elf decompress relocs) \
	$(addprefix plan/,plan cmdline bootparams acpi pgtable) \
	$(addprefix piece/,piece cpio modules find look) \
	device verbs wait status last \
	$(addprefix virtio/,devices files log queue bridge vhost-user vhost-vsock confine back-end \
		run kinds served front-end) \
	$(addprefix console/,console terminal vconsole) \
	$(addprefix exec/,client bridge stream serve session) \
	$(addprefix view/,ask serve allow) \
	$(addprefix inspect/,log log-end memory walk vmcoreinfo log-ring log-early regs \
		dump dump-map dump-free dump-elf dump-file dump-flat dump-on-failure) \
	$(addprefix gdb/,gdb packet answer regs memory target)
# /vnode/init, the first program of a vnode, and its agent
VNODE_INIT := $(addprefix piece/init/,main cmdline modules fs keeper root) $(addprefix exec/,agent serve session bridge stream)
VNODE_LIBS := -lelf -lzstd -llzma -llz4 -lz
