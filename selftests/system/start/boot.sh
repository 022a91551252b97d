#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1G -t 60
#
# The machine itself: the preconditions of all other system tests.

n=0
check() { # WHAT COMMAND...
	what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
	fi
}

has_no_boot_parameter() {
	[ "$(cat /proc/cmdline)" = console=ttyS0 ]
}

echo 1..7
check "adeos-lite is loaded" grep -q '^adeos_lite ' /proc/modules
check "vnode is loaded" grep -q '^vnode ' /proc/modules
check "/dev/vnode is there" test -c /dev/vnode
check "four CPUs are online" test "$(nproc)" = 4
check "root has no special boot parameter" has_no_boot_parameter
check "/boot/vmlinuz is the kernel that runs" test "$(readlink /boot/vmlinuz)" = "vmlinuz-$(uname -r)"
check "kexec knows vnodes" sh -c 'kexec --help | grep -q -- --vnode'
