#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 600
#
# Each supported kernel as a vnode, unmodified, through each of its entry points, with all
# CPUs that it was lent.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

check_kernel() { # WHAT RELEASE IMAGE [OPTION...]
	local what="$1" release="$2"

	KERNEL=$3
	shift 3
	check "$what starts" start 1 1-3 384M "$@"
	check "$what comes up with the three CPUs it was lent" comes_up 1 3 "$release"
	check "$what stops" stop 1
	check "root has everything again" root_is_back
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 35
check "root has four CPUs" test "$(cpus_online)" = 0-3
remember_root
log_begin
for image; do
	release=${image#/boot/vmlinuz-}
	check_kernel "$release, unpacked by kexec," "$release" "$image"
	check_kernel "$release, unpacking itself," "$release" "$image" --no-unpack
done

old=$(echo /boot/vmlinuz-6.1.*)
vmlinux-of "$old" > /tmp/vmlinux
check "a vmlinux could be had" test -s /tmp/vmlinux
check_kernel "a plain vmlinux" "${old#/boot/vmlinuz-}" /tmp/vmlinux
vmlinux-of -z /boot/vmlinuz > /tmp/vmlinux
check_kernel "a compressed vmlinux" "$(uname -r)" /tmp/vmlinux
check "root's log is quiet" log_is_quiet
finish
