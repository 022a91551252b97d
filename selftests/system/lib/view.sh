# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of vnodes that view others, beside adeos.sh: an initramfs with kexec in it, for
# vnode 2, which views vnode 1.

# shellcheck disable=SC2317 # check and wait_for call the functions

VIEW_INITRD=/tmp/initrd-view.img
VIEWERS=/sys/class/vnode/vnode1/viewers
VIEW_MODULES="--append=vnode.modules=adeos-test"

# The usual initramfs, then kexec, its libraries, and programs of tests.
make_initrd() {
	(cd / && {
		printf '%s\n' . usr/local usr/local/bin usr/local/bin/vnode-ctl usr/local/bin/bad-run
		find usr/sbin/kexec usr/sbin/vmcore-dmesg lib lib64 usr/lib -name modules -prune \
			-o -print 2> /dev/null
	} | cpio -o -H newc 2> /dev/null) > /tmp/view.cpio
	cat "$INITRD" /tmp/view.cpio > "$VIEW_INITRD"
}

# Vnode 2, on CPU 2, with kexec.
looker_up() { # [KERNEL]
	local INITRD="$VIEW_INITRD" KERNEL="${1:-$KERNEL}"

	up 2 2 448M "$VIEW_MODULES" && wait_for 20 in2 kexec --vnode-list
}

in2() { # COMMAND...: in vnode 2
	vsh -t "$AT_S" 2 "PATH=\$PATH:/usr/local/bin; $*"
}

allow() { # IDS
	echo "$1" > "$VIEWERS"
}

allowed_are() { # IDS
	[ "$(cat "$VIEWERS")" = "$1" ]
}

sees() { # NAME: from vnode 2
	in2 "kexec --vnode=$1 -S" | grep -q '^state: '
}

view_state_is() { # STATE of vnode 1, from vnode 2
	in2 kexec --vnode=1 -S | grep -q "^state: *$1"
}

sees_nothing() {
	in2 kexec --vnode-list > /tmp/list && [ "$(grep -cE '^ *[0-9]' /tmp/list)" -eq 0 ]
}

in2_fails() { # STATUS PATTERN COMMAND...: prints one line that has PATTERN
	local want="$1" pattern="$2" status=0

	shift 2
	in2 "$* 2>&1 > /dev/null" > /tmp/fails || status=$?
	cat /tmp/fails
	echo "exit status $status"
	[ "$status" -eq "$want" ] && [ "$(wc -l < /tmp/fails)" -eq 1 ] && grep -q -- "$pattern" /tmp/fails
}
