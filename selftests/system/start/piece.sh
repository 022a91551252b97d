#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 3 -m 1G -t 600
#
# An initrd that knows nothing of vnodes: kexec adds what is missing. And the other cases:
# no initrd, one that is found, one that loads adeos-lite itself, no modules.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

TREE=/lib/modules/$(uname -r)
FOREIGN=/tmp/initrd.img

make_initrd() { # FILE: compressed, with busybox; its /init is the input
	local at=/tmp/foreign

	mkdir -p "$at/bin" "$at/dev" "$at/proc" && cp /bin/busybox "$at/bin/" && cat > "$at/init" &&
		chmod 755 "$at/init" && (cd "$at" && find . | cpio -o -H newc) | gzip > "$1"
}

# An initrd that knows nothing of vnodes: its init writes what it finds to the console and
# to the kernel log.
make_foreign() {
	make_initrd "$FOREIGN" <<-'END'
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		/bin/busybox mount -t devtmpfs dev /dev
		# only here, not in what "kexec --log" shows
		echo "written to the console by $0 $*"
		for file in /proc/modules /proc/mounts /vnode/order; do
			while read -r line; do
				echo "<6>$file: $line" > /dev/kmsg
			done < $file
		done
		echo "<6>foreign: $0 $* has $(/bin/busybox readlink /proc/1/fd/1)" > /dev/kmsg
		while :; do
			/bin/busybox sleep 1000
		done
	END
}

# As "make install" leaves it: depmod of busybox writes a modules.dep of the same form.
install_modules() {
	depmod && cat "$TREE/modules.dep" && grep 'adeos-lite.ko:' "$TREE/modules.dep"
}

start_foreign() { # [OPTION...]
	kexec --vnode=1 --cpus=1 --mem=256M --initrd="$FOREIGN" --wait="$UP_S" "$@" "$KERNEL" > /tmp/said 2>&1
}

attaches() {
	start_foreign --append="quiet vnic.net=none" || { cat /tmp/said; show_log 1; return 1; }
	cat /tmp/said
	grep '^vnode1: modules adeos-lite vconsole, in [0-9]* KiB' /tmp/said && runs 1
}

init_takes_over() {
	wait_for 20 log_has 1 'foreign: /init .*has .*console$'
}

said_on_console() {
	wait_for 20 sh -c "vcon 1 history | grep -aq 'written to the console by /init'"
}

modules_are_loaded() {
	log_has 1 '/proc/modules: adeos_lite ' && log_has 1 '/proc/modules: vconsole '
}

nothing_is_left_mounted() {
	log_has 1 '/proc/mounts: dev /dev' && not log_has 1 '/proc/mounts: .* /vnode'
}

has_words() {
	log_has 1 'Command line: .* rdinit=/vnode/init console=hvc0 '
}

# ---- other initrds ----

# The tests' own initrd loads adeos-lite by itself: it is loaded once, and all goes well.
complete_initrd() {
	start 1 1 256M && comes_up 1 1 && log_has 1 'adeos-lite.ko: File exists' &&
		! log_has 1 'vnode-init: '
}

is_found() {
	cp "$FOREIGN" "/boot/initrd.img-$(uname -r)" &&
		kexec --vnode=1 --cpus=1 --mem=256M --dry-run "$KERNEL" > /tmp/said &&
		rm "/boot/initrd.img-$(uname -r)" && cat /tmp/said &&
		grep -x "vnode1: initrd /boot/initrd.img-$(uname -r)" /tmp/said
}

own_rdinit() {
	kexec --vnode=1 --cpus=1 --mem=256M --dry-run --append=rdinit=/init --initrd="$FOREIGN" "$KERNEL" > /tmp/said
	cat /tmp/said
	grep 'rdinit= in --append leaves out adeos-lite; it will not attach, and has no boot limit$' /tmp/said &&
		not grep rdinit=/vnode/init /tmp/said
}

# ---- no modules ----

unattached() {
	kexec --vnode=1 --cpus=1 --mem=256M --initrd=none "$KERNEL" > /tmp/said 2>&1 || return
	cat /tmp/said
	grep '^vnode1: no adeos-lite for .*make install.*; it will not attach, and has no boot limit$' /tmp/said &&
		state_is 1 booting && wait_for 60 log_has 1 'end Kernel panic'
}

attach_is_refused() {
	exits_with 1 kexec --vnode=1 --cpus=1 --mem=256M --initrd=none --attach "$KERNEL" > /tmp/said 2>&1 &&
		cat /tmp/said && grep '^kexec: --attach: no adeos-lite for ' /tmp/said && no_vnodes
}

# A kernel without its root file system would panic.
devices_are_refused() {
	mkdir -p /srv && exits_with 1 kexec --vnode=1 --cpus=1 --mem=256M --initrd=none --fs=/srv:/ "$KERNEL" > /tmp/said 2>&1 &&
		cat /tmp/said && grep '^kexec: --disk and --fs need vvirtio in the vnode: no adeos-lite for ' /tmp/said && no_vnodes
}

# ---- ends that only the log tells ----

# The kernel ends before it attaches, and the start says so before the boot limit is over.
ends_early() { # DID PATTERN: its /init is the input
	local begin

	make_initrd /tmp/ends
	begin=$(uptime_s)
	exits_with 1 kexec --vnode=1 --cpus=1 --mem=256M --initrd=/tmp/ends --boot-limit=300 "$KERNEL" > /tmp/said 2>&1
	cat /tmp/said
	grep -x "kexec: vnode 1 $1 before its nanokernel was loaded (see kexec --vnode=1 --log)" /tmp/said &&
		grep -E "^\[.*$2" /tmp/said && [ $(($(uptime_s) - begin)) -lt 150 ] && stop 1
}

early_panic() {
	printf '#!/bin/busybox sh\nexit 1\n' | ends_early panicked 'Attempted to kill init'
}

early_halt() {
	printf '#!/bin/busybox sh\n/bin/busybox halt -f\n' | ends_early halted 'reboot: System halted'
}

complete_without_modules() {
	start 1 1 256M && comes_up 1 1 && stop 1
}

without_modules() {
	rm "$TREE/modules.dep"
	echo kernel/other.ko: > "$TREE/modules.dep"
}

plan 23
remember_root
check "an initrd without any module" make_foreign
check "root's modules, as installed" install_modules
check "vconsole in root" insmod "$TREE/vconsole.ko"
check "a kernel with that initrd attaches" attaches
check "the initrd's own init takes over, with a console" init_takes_over
check "what it writes is on the console" said_on_console
check "adeos-lite and vconsole are loaded" modules_are_loaded
check "nothing of ours is left mounted" nothing_is_left_mounted
check "the words of the piece are there" has_words
check "it is taken back" stop 1
check "an initrd that loads adeos-lite itself works as before" complete_initrd
check "it shuts down in order" stop_orderly 1
check "an initrd is found beside the image" is_found
check "a first program that is given is left alone" own_rdinit
check "a tree without our modules" without_modules
check "an initrd that loads adeos-lite itself does not need them" complete_without_modules
check "a panic before the nanokernel is loaded is noticed" early_panic
check "and so is a halt" early_halt
check "--attach is refused without them" attach_is_refused
check "and so is a directory" devices_are_refused
check "without them a kernel starts unattached" unattached
check "it is taken back" stop 1
check "root is as it was" root_is_back
finish
