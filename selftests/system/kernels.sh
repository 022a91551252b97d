#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 600
#
# Each supported kernel as a vnode, unmodified, by each way into it, with all the
# CPUs it was lent.

# shellcheck source=selftests/system/lib.sh
. /selftests/lib.sh

# The compressed kernel in a bzImage, found by the setup header (boot.rst,
# "payload_offset"). The four bytes behind it are its size unpacked, not its.
payload() { # BZIMAGE
	local sects offset length

	sects=$(od -An -tu1 -j 497 -N 1 "$1")
	offset=$(od -An -tu4 -j 584 -N 4 "$1")
	length=$(od -An -tu4 -j 588 -N 4 "$1")
	tail -c +$(((sects + 1) * 512 + offset + 1)) "$1" | head -c $((length - 4))
}

check_kernel() { # WHAT RELEASE IMAGE [OPTION...]
	local what=$1 release=$2

	KERNEL=$3
	shift 3
	check "$what starts" start 1 1-3 384M "$@"
	check "$what comes up with the three CPUs it was lent" comes_up 1 3 "$release"
	check "$what stops" stop 1
	check "root has everything again" root_is_back
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 34
check "root has four CPUs" test "$(cpus_online)" = 0-3
remember_root
log_begin
for image; do
	release=${image#/boot/vmlinuz-}
	check_kernel "$release, unpacked by kexec," "$release" "$image"
	check_kernel "$release, unpacking itself," "$release" "$image" --no-unpack
done

# A plain vmlinux, from the kernel whose compression busybox knows.
for image; do
	payload "$image" > /tmp/payload
	xzcat < /tmp/payload > /tmp/vmlinux 2> /tmp/xz.err && break
done
check "a vmlinux could be had" test -s /tmp/vmlinux
check_kernel "a plain vmlinux" "${image#/boot/vmlinuz-}" /tmp/vmlinux
check_kernel "a compressed vmlinux" "${image#/boot/vmlinuz-}" /tmp/payload
finish
