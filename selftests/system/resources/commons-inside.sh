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

holds_a_large_bridge() {
	bridge create large 100M < /dev/null &
	wait_for 20 grep -q ' large ' /sys/kernel/adeos/bridges && head -c 100M /dev/zero | tr '\0' x | bridge write large &&
		[ "$(bridge cat large | tr -d x | wc -c)" -eq 0 ]
	status=$?
	kill $!
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
check "256 MiB of commons" load 256
check "are still Linux's" is_linux_memory
check "pages of bridges can be pinned" bridge-test pins
check "a bridge of 100 MiB" holds_a_large_bridge
check "the module can go" rmmod adeos_lite
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
