# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# reboots-inside.sh [TIMES [disk|fs]]: a Debian reboots, so often in a row (2), from a disk of root's
# or from a directory. Each time systemd shuts it down in order and comes up again, and root
# keeps what it had.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/stock.sh
. /selftests/lib/stock.sh
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

TIMES=${1:-2}
KIND=${2:-disk}

restarts_are() { # COUNT
	[ "$(field 1 restarts)" = "$1" ]
}

# Its file system was unmounted: there is no journal to recover, and no fsck.
was_clean() {
	not ex 'dmesg | grep -iE "recovery (required|complete)|was not properly unmounted|orphan"'
}

reboots() { # COUNT
	ex reboot > /dev/null 2>&1
	wait_for "$READY_S" restarts_are "$1" && comes_to_run && { [ "$KIND" = fs ] || was_clean; }
}

processes() {
	pidof kexec qemu-storage-daemon virtiofsd | wc -w
}

# What root lends and what serves the vnode, but for pages that Linux caches
remember_load() {
	processes > /tmp/processes
	awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo > /tmp/available
}

load_is_the_same() {
	local before now

	before=$(cat /tmp/available)
	now=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
	echo "available: $before KiB before, $now KiB now; processes: $(cat /tmp/processes) and $(processes)"
	[ "$now" -gt $((before - 16384)) ] && [ "$(processes)" = "$(cat /tmp/processes)" ]
}

plan $((TIMES + 9))
remember_root
check "root's modules, as installed, and a disk" prepare_root
remember_adeos
check "a Debian boots" boots_from "$KIND" initrd.img
check "and comes up" comes_to_run
check "it reboots" reboots 1
remember_load
nth=1
while [ "$nth" -le "$TIMES" ]; do
	nth=$((nth + 1))
	check "and again, $nth" reboots "$nth"
done
check "no oops" [ "$(field 1 oopses)" = 0 ]
check "root has the memory and the processes that it had" load_is_the_same
check "it shuts down in order" shuts_down
stop 1 > /dev/null 2>&1
check "no bridge is left" wait_for 10 nothing_held
check "root is as it was" root_is_back
finish
