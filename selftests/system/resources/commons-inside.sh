# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Root was booted without our modules: see commons.sh. Commons of more than a memory block
# (128 MiB) stay Linux's memory, so that processes can pin pages of bridges.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

dir=/lib/modules/$(uname -r)
MIB=1048576

refused() { # BYTES
	! insmod "$dir/adeos-lite.ko" "commons=$1" && ! grep -q adeos_lite /proc/modules
}

load() { # MIB
	insmod "$dir/adeos-lite.ko" "commons=$(($1 * MIB))" &&
		dmesg | grep "adeos_lite: $1 MiB at .* are common to all kernels"
}

# Of more than a memory block's pages
holds_a_large_bridge() {
	local creator status=0

	bridge create large 150M < /dev/null > /dev/null &
	creator=$!
	wait_for 20 grep -q ' large ' /sys/kernel/adeos/bridges || return 1
	head -c 157286400 /dev/zero | tr '\0' x | bridge write large || status=1
	[ "$(bridge cat large | tr -d x | wc -c)" -eq 0 ] && [ "$(bridge cat large | wc -c)" -eq 157286400 ] || status=1
	kill "$creator"
	wait "$creator"
	return "$status"
}

# Nothing was hot-removed.
is_linux_memory() {
	root_state | diff /tmp/root.before -
}

plan 10
log_begin
remember_root
check "commons that are too small are refused" refused 2097152
check "and an odd size" refused 5000000
check "and more than there is" refused $((4096 * MIB))
check "384 MiB of commons" load 384
check "are still Linux's" is_linux_memory
check "pages of bridges can be pinned" bridge-test pins
check "a bridge of 150 MiB" holds_a_large_bridge
check "the module can go" rmmod adeos_lite
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
