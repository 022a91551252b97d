#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 16 -m 6G -t 1500
#
# [RESTARTS]: sixteen kernels on one network: all reach all, and a storm of broadcasts
# stops none of them. In the middle of the storm vnode 8 is stopped and started again,
# RESTARTS times; that takes long in a busy emulated machine.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

IDS=$(seq 1 15)
restarts=${1:-0}
# several of them share a CPU of the host
UP_S=600
STORM_S=20
STORMERS='0 3 7 11 15'

# The memory of a vnode is too small for all programs of net_initrd: nc.openbsd with its libraries.
small_initrd() {
	(cd / && {
		echo bin/nc.openbsd
		LD_TRACE_LOADED_OBJECTS=1 bin/nc.openbsd | grep -o '/[^ ]*' | cut -c 2-
	} > /tmp/small && {
		echo usr/lib
		xargs -n 1 dirname < /tmp/small | sort -u
		cat /tmp/small
	} | cpio -o -L -H newc > /tmp/small.cpio) || return
	cat /boot/initrd-vnode.img /tmp/small.cpio > /tmp/initrd-small.img || return
	INITRD=/tmp/initrd-small.img
}

start_all() {
	local id

	for id in $IDS; do
		start "$id" "$id" 192M --append=vnode.modules=vnic || return 1
	done
}

is_on_net() { # ID
	comes_up "$1" 1 && answers "$1" && inside "$1" "ip addr add $(address "$1")/24 dev vnet0 &&
		ip link set vnet0 up && ip link set lo up"
}

# One command in the kernel pings all others, and prints those that do not answer.
reaches_all() { # FROM
	local missing

	# shellcheck disable=SC2016 # for the shell there
	missing=$(inside "$1" 'for i in $(seq 1 16); do ping -c 1 -W 10 10.1.0.$i > /dev/null || echo 10.1.0.$i; done') ||
		return 1
	[ -z "$missing" ] || { echo "$1 does not reach $missing"; return 1; }
}

# Datagrams of many fragments to all kernels.
storms() { # ID
	inside "$1" "setsid sh -c 'while [ ! -e /tmp/quiet ]; do
		timeout $STORM_S nc.openbsd -b -u 10.1.0.255 9 < /dev/zero
	done' > /dev/null 2>&1 &"
}

received() { # ID: frames
	inside "$1" cat /sys/class/net/vnet0/statistics/rx_packets
}

receives() { # ID N: more than it had
	local before

	before=$(received "$1")
	usleep 1000000
	[ $(($(received "$1") - before)) -gt "$2" ]
}

storm_breaks_out() {
	local id

	for id in $STORMERS; do
		storms "$id" || return 1
	done
	for id in 0 1 14; do
		wait_for 20 receives "$id" 500 || { echo "no storm at $id"; return 1; }
	done
}

# One of three pings must be answered: a full ring drops frames.
reach_each_other() { # FROM TO
	local ping

	ping="ping -c 1 -W 10 $(address "$2")"
	inside "$1" "{ $ping || $ping || $ping; } > /dev/null"
}

all_answer() {
	local id

	for id in $IDS; do
		reach_each_other 0 "$id" || { echo "not $id"; return 1; }
	done
	reach_each_other 1 2 && reach_each_other 15 3
}

comes_again() { # ID
	stop "$1" && start_again "$1" && is_on_net "$1" && reach_each_other 0 "$1"
}

storm_ends() {
	local id

	for id in $STORMERS; do
		inside "$id" "touch /tmp/quiet; killall -q nc.openbsd; true" || return 1
	done
	for id in 0 1 14; do
		wait_for 60 not receives "$id" 50 || { echo "no end at $id"; return 1; }
	done
}

stop_them() {
	# shellcheck disable=SC2086 # words
	stop_all $IDS
}

plan $((44 + restarts))
log_begin
remember_root
remember_adeos
small_initrd || bail "no initrd"
check "root is on the network" joins 0
check "fifteen vnodes start" start_all
for id in $IDS; do
	check "vnode $id comes up" is_on_net "$id"
done
# shellcheck disable=SC2086 # words
check "all see all" all_see_all 0 $IDS
for id in 0 $IDS; do
	check "$id reaches all" reaches_all "$id"
done
check "a storm of broadcasts" storm_breaks_out
check "all answer" all_answer
restarted=0
while [ "$restarted" -lt "$restarts" ]; do
	check "vnode 8 is stopped and comes again in the middle of it" comes_again 8
	restarted=$((restarted + 1))
done
check "the storm ends" storm_ends
for id in 0 8 15; do
	check "$id reaches all" reaches_all "$id"
done
check "they stop" stop_them
check "the module goes" rmmod vnic
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
