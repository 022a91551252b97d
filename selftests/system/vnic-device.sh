#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 300
#
# What the device does with frames beside handing them over: UDP GSO.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/vnic-device-lib.sh
. /selftests/vnic-device-lib.sh

OLD=$(echo /boot/vmlinuz-6.1.*)

# ---- UDP GSO ----

# 1000 datagrams in 25 frames, for IPv4 and IPv6; other frames are few. They come out in
# one piece for who wants that.
goes_whole() { # FROM TO
	local to

	for to in "$(address "$2")" "$(address6 "$2")"; do
		counter_grows "$1" tx_packets 25 40 arrive "$1" "$2" "$to" 1400 1000 40 || return 1
		arrive "$1" "$2" "$to" 1400 400 40 whole && grep -q ' 56000 bytes at once' /tmp/received || return 1
	done
}

# As many as Linux takes, and a last one that is shorter than others is one of them.
goes_whole_many() { # FROM TO
	counter_grows "$1" tx_packets 10 25 arrive "$1" "$2" "$(address "$2")" 500 1000 100 &&
		counter_grows "$1" tx_packets 8 20 arrive "$1" "$2" "$(address "$2")" 500 1000 128
}

# Linux does it, if the device is not to.
goes_in_pieces() { # FROM TO
	inside "$1" ethtool -K vnet0 tx-udp-segmentation off &&
		counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address "$2")" 1400 1000 40 &&
		inside "$1" ethtool -K vnet0 tx-udp-segmentation on
}

# ---- XDP ----

no_nonsense() { # ID...
	local id

	for id; do
		[ "$(net_counter "$id" rx_bad)" = 0 ] && [ "$(net_counter "$id" tx_bad)" = 0 ] || return 1
	done
}

plan 13
remember_root
remember_adeos
log_begin
check "vnodes will have the program" device_initrd
check "root is on the network" joins 0
check "vnode 1 comes" up_on_net 1 1
KERNEL=$OLD
check "vnode 2 comes, of an older kernel" up_on_net 2 2
KERNEL=/boot/vmlinuz
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "UDP GSO, root to vnode 1: datagrams come, in few frames" goes_whole 0 1
check "UDP GSO, root to the older one" goes_whole 0 2
check "UDP GSO, the older one to vnode 1" goes_whole 2 1
check "UDP GSO: 100 and 128 at a time, also to the older one" eval 'goes_whole_many 0 1 && goes_whole_many 0 2'
check "it is turned off: they come one by one" goes_in_pieces 0 2
check "nothing bad was seen" no_nonsense 0 1 2
check "they stop, and root has everything again" eval 'stop_all 1 2 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
