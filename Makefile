# SPDX-License-Identifier: GPL-2.0-only
#
# For people; Kbuild is for kbuild. `make help` lists the targets. Prints one line a
# step; with V=1, one for each file and kbuild's commands.

PREFIX	?= /usr/local
BUILD	:= $(CURDIR)/build
# Where the modules are built, a directory for each kernel release.
MODULES	:= $(BUILD)/modules

# One job a CPU unless -j says otherwise, shared with kbuild by the job server.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# Debian packages by purpose. Debian builds its kernels with gcc-12; the programs in
# linux-kbuild are linked to libssl3 and libelf1.
BUILD_PACKAGES	:= make gcc gcc-12 libc6-dev dpkg-dev patch util-linux xz-utils kmod \
		   libelf-dev libzstd-dev liblzma-dev liblz4-dev zlib1g-dev libssl3
DEMO_PACKAGES	:= qemu-system-x86 busybox-static cpio
CHECK_PACKAGES	:= clang libclang-rt-14-dev sparse shellcheck acpica-tools perl python3-minimal gdb
CLUSTER_PACKAGES	:= debootstrap debian-archive-keyring e2fsprogs

# Supported kernels: for root and vnodes, and for vnodes alone.
ROOT_KERNELS	:= 6.12-cloud 6.12-rt
VNODE_KERNELS	:= 6.1-cloud

.PHONY: all modules kexec machine demo userland demo-cluster demo-debian tests check check-long bench install
.PHONY: deps deps-check clean help FORCE
.DELETE_ON_ERROR:

all: modules kexec

help:
	@echo 'make              the modules (adeos-lite, vnode) and the kexec binary'
	@echo 'make demo         two more kernels beside the first, in a QEMU machine'
	@echo 'make demo-debian  two stock Debians as vnodes, from a directory and from a disk (the first time as root)'
	@echo 'make demo-cluster four kernels as a cluster: ssh, MPI (the first time as root)'
	@echo 'make check        unit tests, static checks, system tests in QEMU (TESTS=NAME...)'
	@echo 'make check-long   the system tests that take long (TESTS=NAME...)'
	@echo 'make bench        the measurements, as a table'
	@echo 'make install      modules, kexec, manual page, headers and example of /dev/vnode and /dev/bridge'
	@echo 'make deps         the Debian packages all of this needs (as root)'
	@echo 'make clean        remove build/ but for what was downloaded'
	@echo
	@echo 'KDIR=DIRECTORY    headers of the kernel to build for (default: the newest'
	@echo '                  linux-headers-6.12-cloud-amd64, unpacked under build/)'
	@echo 'V=1               one line for each file that is built'
	@echo 'PREFIX=DIRECTORY  where kexec is installed (/usr/local)'

# ---- packages ----

# $(call need,PACKAGES): installs missing packages as root, names them otherwise.
need = selftests/need $(1)

deps:
	@$(call need,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(CHECK_PACKAGES) $(CLUSTER_PACKAGES))

# ---- modules ----

# kbuild puts objects beside their sources, so each kernel gets a directory of links
# to the sources. No BTF: it ties a module to one build of the kernel.
#
# $(call build_modules,KDIR,DIRECTORY,CONFIG...)
ROOMS		:= adeos-lite adeos-lite/vnode adeos-lite/root kernel vconsole vnic vvirtio examples selftests/modules
VNODE_CONFIG	:= CONFIG_ADEOS_LITE=m CONFIG_VCONSOLE=m CONFIG_VNIC=m CONFIG_VVIRTIO=m
ROOT_CONFIG	:= $(VNODE_CONFIG) CONFIG_VNODE_KMB=m

define build_modules
	tree=$(MODULES)/$(2) && \
	mkdir -p $(ROOMS:%=$$tree/%) && \
	find $$tree -xtype l -delete && \
	ln -sfn $(CURDIR)/include $$tree/include && \
	ln -sf $(CURDIR)/Kbuild $$tree/ && \
	for room in $(ROOMS); do \
		ln -sf $(CURDIR)/$$room/Kbuild $(CURDIR)/$$room/*.[chS] $$tree/$$room/ || exit 1; \
	done && \
	echo "  MODULES $(2)" && \
	flock $$tree $(MAKE) --no-print-directory $(if $(V),,-s) -C $(1) M=$$tree W=$(if $(W),$(W),1) \
		$(3) CONFIG_DEBUG_INFO_BTF_MODULES= modules
endef

modules: $(if $(KDIR),modules-kdir,modules-6.12-cloud)

# What a kernel calls itself, and its modules for. "make kernelrelease" differs in Debian's 6.1.
release_of = sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(1)/include/generated/utsrelease.h

# The KMB needs ROOT_RELEASE or later. Older kernels are for vnodes.
ROOT_RELEASE	:= 6.12

modules-kdir: | deps-build
	+@release=$$($(call release_of,$(KDIR))) && [ "$$release" ] && \
	kmb=$$(printf '%s\n' $(ROOT_RELEASE) $$release | sort -V -C && echo m); \
	$(call build_modules,$(abspath $(KDIR)),$$release,$(VNODE_CONFIG) CONFIG_VNODE_KMB=$$kmb)

# $(call build_for,KERNEL,VARIANT,CONFIG...): fetches the kernel first. These kernels have
# one compiler, Debian's, so a warning is an error.
define build_for
	selftests/fetch kernel $(1) && \
	read -r release rest < $(BUILD)/debian/$(1) && \
	$(call build_modules,$(BUILD)/debian/usr/src/linux-headers-$$release,$$release$(2),$(3) KCFLAGS=-Werror)
endef

# The examples and the test module are built for test machines alone.
modules-%: FORCE | deps-build
	+@$(call build_for,$*,,CONFIG_ADEOS_TEST=m CONFIG_VNODE_EXAMPLE=m $(if $(filter $*,$(ROOT_KERNELS)),$(ROOT_CONFIG),$(VNODE_CONFIG)))

# Nanokernels for tests, in a directory RELEASE-VARIANT: one dies at any step that a test
# chooses, one speaks another protocol.
VARIANT_fault	:= CONFIG_ADEOS_FAULT=y
VARIANT_p99	:= CONFIG_ADEOS_PROTOCOL=99
VARIANTS	:= fault p99

variant-%: FORCE | deps-build
	+@$(call build_for,6.12-cloud,-$*,CONFIG_ADEOS_LITE=m $(VARIANT_$*))

# The modules that the demo loads, in root and in its two vnodes.
demo-modules-6.12-cloud: FORCE | deps-demo
	+@$(call build_for,6.12-cloud,,CONFIG_ADEOS_LITE=m CONFIG_VNODE_KMB=m)
demo-modules-6.12-rt: FORCE | deps-demo
	+@$(call build_for,6.12-rt,,CONFIG_ADEOS_LITE=m)

# One after the other: apt runs alone.
.PHONY: deps-build deps-demo deps-check deps-cluster
deps-build:
	@$(call need,$(BUILD_PACKAGES))
deps-demo: deps-build
	@$(call need,$(DEMO_PACKAGES))
deps-check: deps-demo
	@$(call need,$(CHECK_PACKAGES))
deps-cluster: deps-demo
	@$(call need,$(CLUSTER_PACKAGES))

# ---- kexec ----

include kexec-vnode/objs.mk

KEXEC_TOOLS	:= $(BUILD)/kexec-tools
VNODE_DIR	:= $(BUILD)/kexec-vnode
VNODE_CFLAGS	:= -O2 -g -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes \
		   -Iinclude -Iinclude/uapi -Ikexec-vnode \
		   -iquote $(KEXEC_TOOLS)/kexec -iquote $(KEXEC_TOOLS)/include

# The programs that kexec gives to vnodes are where it looks for them.
kexec: $(BUILD)/kexec $(BUILD)/kexec.bash $(BUILD)/libexec/kexec-vnode/init

$(BUILD)/debian/kexec-tools: FORCE | deps-build
	@selftests/fetch kexec-tools

# The patch applies to a fresh copy each time.
$(KEXEC_TOOLS)/.patched: $(BUILD)/debian/kexec-tools kexec-vnode/kexec-tools.patch
	@echo '  PATCH   kexec-tools'
	@rm -rf $(KEXEC_TOOLS)
	@cp -r $(BUILD)/debian/kexec-tools-2.0.25 $(KEXEC_TOOLS)
	@patch -s -p1 -d $(KEXEC_TOOLS) < kexec-vnode/kexec-tools.patch
	@cd $(KEXEC_TOOLS) && ./configure -q --prefix=$(PREFIX) > configure.log
	@touch $@

# -MT: a tree that is moved or copied finds its own objects in the .d files.
$(VNODE_DIR)/%.o: kexec-vnode/%.c $(KEXEC_TOOLS)/.patched
	@mkdir -p $(@D)
	$(if $(V),@echo '  CC      kexec-vnode/$*.c')
	@$(CC) $(VNODE_CFLAGS) $(CFLAGS) -MMD -MP -MT '$$(VNODE_DIR)/$*.o' -c -o $@ $<

-include $(VNODE_OBJS:%=$(VNODE_DIR)/%.d)

$(VNODE_DIR)/libvnode.a: $(VNODE_OBJS:%=$(VNODE_DIR)/%.o) kexec-vnode/objs.mk
	@echo '  AR      kexec-vnode/libvnode.a'
	@rm -f $@
	@$(AR) qcs $@ $(filter %.o,$^)

$(BUILD)/kexec: $(VNODE_DIR)/libvnode.a
	@echo '  LD      build/kexec'
	@flock $(KEXEC_TOOLS) $(MAKE) -s --no-print-directory -C $(KEXEC_TOOLS) build/sbin/kexec MAKEFLAGS= \
		VNODE_LIB=$(abspath $<) VNODE_LIBS='$(VNODE_LIBS)' > $(KEXEC_TOOLS)/make.log 2>&1 || \
		{ cat $(KEXEC_TOOLS)/make.log; exit 1; }
	@cp $(KEXEC_TOOLS)/build/sbin/kexec $@.new && mv $@.new $@

INIT_SOURCES	:= $(VNODE_INIT:%=kexec-vnode/%.c)

$(BUILD)/libexec/kexec-vnode/init: $(INIT_SOURCES) $(wildcard kexec-vnode/piece/init/*.h kexec-vnode/exec/*.h) \
		include/vnode/exec.h include/uapi/linux/bridge.h
	@echo '  LD      build/libexec/kexec-vnode/init'
	@mkdir -p $(@D)
	@$(CC) -static -s -O2 -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Iinclude -Iinclude/uapi \
		-Ikexec-vnode $(CFLAGS) -o $@ $(INIT_SOURCES)

# Completion for bash, with the options that this kexec has
$(BUILD)/kexec.bash: kexec-vnode/kexec-vnode.bash $(BUILD)/kexec
	@{ cat $<; echo; echo "_kexec_vnode_options='$$($(BUILD)/kexec --vnode-options)'"; } > $@

# ---- the example of /dev/bridge ----

# iproute2 has a command "bridge"
$(BUILD)/vnode-bridge: examples/bridge.c include/uapi/linux/bridge.h
	@echo '  CC      examples/bridge.c'
	@$(CC) -O2 -g -Wall -Wextra -Iinclude/uapi $(CFLAGS) -o $@ $<

# ---- the machine ----

# Everything that selftests/vm can put into it.
machine: deps-demo kexec $(ROOT_KERNELS:%=modules-%) $(VNODE_KERNELS:%=modules-%) $(VARIANTS:%=variant-%)

demo: kexec demo-modules-6.12-cloud demo-modules-6.12-rt
	@selftests/demo

# A Debian for the vnodes of a cluster.
userland: machine deps-cluster
	@selftests/fetch userland

demo-cluster: userland
	@selftests/demo-cluster

# Stock Debians, from a directory and from a disk.
demo-debian: kexec modules-6.12-cloud deps-cluster
	@selftests/fetch stock bookworm
	@selftests/fetch expect
	@selftests/demo-debian

# kexec-vnode's library for tests on the host: with sanitizers, and with libFuzzer's
# counters, which only fuzzers read.
CHECK		:= build/check
SANITIZERS	:= address,undefined
CHECK_CC	:= clang -g -O1 -fno-sanitize-recover=all $(VNODE_CFLAGS)

$(CHECK)/core/%.o: kexec-vnode/%.c $(KEXEC_TOOLS)/.patched | deps-check
	@mkdir -p $(@D)
	@$(CHECK_CC) -fsanitize=fuzzer-no-link,$(SANITIZERS) -MMD -MP -c -o $@ $<

$(CHECK)/core/libvnode.a: $(VNODE_OBJS:%=$(CHECK)/core/%.o) kexec-vnode/objs.mk
	@rm -f $@
	@$(AR) qcs $@ $(filter %.o,$^)

$(CHECK)/bin/fuzz-%: SANITIZERS := fuzzer,$(SANITIZERS)
$(CHECK)/bin/%: selftests/unit/%.c $(CHECK)/core/libvnode.a
	@mkdir -p $(@D)
	@$(CHECK_CC) -fsanitize=$(SANITIZERS) -MMD -MP -o $@ $< $(BESIDE) $(CHECK)/core/libvnode.a $(VNODE_LIBS) -lm

# Programs for vnodes are not in the library.
$(CHECK)/bin/exec-session-test: BESIDE := kexec-vnode/exec/session.c
$(CHECK)/bin/exec-session-test: kexec-vnode/exec/session.c

# Programs that system tests run in the machine.
$(CHECK)/guest/%: selftests/guest/%.c | deps-build
	@mkdir -p $(@D)
	@$(CC) -static -O2 -Wall -Wextra -Werror -pthread -Iinclude -Iinclude/uapi -MMD -MP -o $@ $<

# XDP programs that system tests load.
$(CHECK)/guest/%.o: selftests/bpf/%.c | deps-check
	@mkdir -p $(@D)
	@clang -target bpf -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
		-I/usr/include/$(shell $(CC) -dumpmachine) -MMD -MP -c -o $@ $<

-include $(wildcard $(CHECK)/*/*.d $(CHECK)/*/*/*.d)

GUEST_PROGRAMS	:= $(patsubst selftests/guest/%.c,$(CHECK)/guest/%,$(wildcard selftests/guest/*.c)) \
		   $(patsubst selftests/bpf/%.c,$(CHECK)/guest/%.o,$(wildcard selftests/bpf/*.c))

$(KEXEC_TOOLS)/build/sbin/vmcore-dmesg: $(KEXEC_TOOLS)/.patched
	@echo '  LD      vmcore-dmesg'
	@flock $(KEXEC_TOOLS) $(MAKE) -s --no-print-directory -C $(KEXEC_TOOLS) build/sbin/vmcore-dmesg \
		MAKEFLAGS= > $(BUILD)/vmcore-dmesg.log 2>&1 || { cat $(BUILD)/vmcore-dmesg.log; exit 1; }

tests: machine $(CHECK)/core/libvnode.a $(GUEST_PROGRAMS) $(KEXEC_TOOLS)/build/sbin/vmcore-dmesg
	@mkdir -p $(CHECK)/guest

# TESTS=NAME...: see selftests/check
check: tests
	@selftests/check $(TESTS)

check-long: tests userland
	@selftests/fetch dbench
	@selftests/check long $(TESTS)

bench: machine
	@selftests/bench/run

# ---- installation ----

# For the running kernel, or KDIR's; never for a kernel that is only unpacked under build/.
RUNNING	:= $(shell uname -r)

# Debug information is nine tenths of a module, and vnodes get these: it stays under build/.
install:
	@if [ -n "$(KDIR)" ]; then \
		$(MAKE) --no-print-directory modules-kdir && \
		release=$$($(call release_of,$(KDIR))); \
	elif [ -e /lib/modules/$(RUNNING)/build ]; then \
		$(MAKE) --no-print-directory modules-kdir KDIR=/lib/modules/$(RUNNING)/build && release=$(RUNNING); \
	elif [ -e $(MODULES)/$(RUNNING)/kernel/vnode.ko ]; then \
		release=$(RUNNING); \
	else \
		echo "No headers of the running kernel: apt-get install linux-headers-$(RUNNING), or name KDIR=" >&2; \
		exit 1; \
	fi && \
	for module in adeos-lite/adeos-lite kernel/vnode vconsole/vconsole vnic/vnic vvirtio/vvirtio; do \
		[ $$module != kernel/vnode ] || [ -e $(MODULES)/$$release/$$module.ko ] || continue; \
		install -v -D -m 644 -t $(DESTDIR)/lib/modules/$$release/updates $(MODULES)/$$release/$$module.ko && \
		strip --strip-debug $(DESTDIR)/lib/modules/$$release/updates/$${module##*/}.ko || exit 1; \
	done && \
	{ [ -n "$(DESTDIR)" ] || depmod $$release; }
	@$(MAKE) --no-print-directory kexec $(BUILD)/vnode-bridge
	install -D -m 755 $(BUILD)/kexec $(DESTDIR)$(PREFIX)/sbin/kexec
	install -D -m 755 $(BUILD)/libexec/kexec-vnode/init $(DESTDIR)$(PREFIX)/libexec/kexec-vnode/init
	install -D -m 755 $(BUILD)/vnode-bridge $(DESTDIR)$(PREFIX)/bin/vnode-bridge
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux include/uapi/linux/vnode.h \
		include/uapi/linux/bridge.h include/uapi/linux/vconsole.h
	install -D -m 644 -t $(DESTDIR)/usr/lib/udev/rules.d vconsole/60-vconsole.rules
	install -D -m 644 examples/bridge.c $(DESTDIR)$(PREFIX)/share/doc/kexec-vnode/examples/bridge.c
	install -D -m 644 $(BUILD)/kexec.bash $(DESTDIR)/usr/share/bash-completion/completions/kexec
	install -D -m 644 kexec-vnode/kexec-vnode.8 $(DESTDIR)$(PREFIX)/share/man/man8/kexec-vnode.8

clean:
	@if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 ! -name debian -exec rm -rf {} +; fi
