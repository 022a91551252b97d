#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 1500
#
# [ROUNDS [DOWNS]]: XDP programs come and go while root and a vnode of an older kernel
# talk, and devices go down and up while programs send. In the end nothing is lost.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

rounds=${1:-200}
downs=${2:-200}
OLD=$(echo /boot/vmlinuz-6.1.*)
# TCP has to find out that frames which were on their way are gone
# shellcheck disable=SC2034 # for iperf
IPERF_STALL=8

# In root and in vnode 1, by turns.
come_and_go() { # N
	local id=$(($1 % 2))

	xdp "$id" pass && xdp "$id" drop && no_xdp "$id" && done=$((done + 1))
}

programs_come_and_go() {
	while [ "$done" -lt "$rounds" ]; do
		talks_on_for 30 repeat_while_talking come_and_go || return 1
	done
	echo "$done times"
}

# What nobody waits for, as fast as it goes, to a program that sends all of it back.
floods() { # FROM TO
	inside "$1" "setsid sh -c 'while [ ! -e /tmp/quiet ]; do
		$DATAGRAMS send $(address "$2") $PORT 1000 20000
	done' > /dev/null 2>&1 &"
}

# Addresses of IPv6 and neighbours go, too.
downs_and_ups() {
	local n=0 id

	while [ "$n" -lt "$downs" ]; do
		n=$((n + 1))
		id=$((n % 2))
		inside "$id" "ip link set vnet0 down; ip link set vnet0 up" || return 1
	done
	for id in 0 1; do
		inside "$id" "ip addr add $(address6 "$id")/64 dev vnet0 nodad" || return 1
	done
}

# What its program lets pass has come back from the other's. One look: both go on.
came_back() { # ID
	inside "$1" ethtool -S vnet0 | awk '{ sub(/[0-9]+/, "", $1) }
		$1 == "rx_packets:" { n += $2 } $1 == "rx_xdp_tx:" { n -= $2 } END { print n }'
}

sends_back() { # ID: many frames, all the time, and gets many
	local before back

	before=$(net_counter "$1" rx_xdp_tx) back=$(came_back "$1")
	usleep 100000
	[ "$(net_counter "$1" rx_xdp_tx)" -gt "$before" ] && [ "$(came_back "$1")" -gt $((back + 20)) ]
}

# What has come for who sends waits in his socket: it is not to be counted as lost.
is_quiet() { # ID
	inside "$1" "touch /tmp/quiet; killall -q datagrams; ! pidof datagrams"
}

plan 19
log_begin
remember_root
remember_adeos
check "vnodes will have the programs" device_initrd
check "root is on the network" joins 0
KERNEL=$OLD
check "vnode 1 comes, of an older kernel" up_on_net 1 1-2
check "they see each other" eval 'all_see_all 0 1 && all_ping 0 1'
done=0
check "once" eval 'come_and_go 0 && come_and_go 1'
take_all_stock /tmp/first
check "$rounds times programs come and go, vnode 1 talks on" programs_come_and_go
check "all ping all" all_ping 0 1
check "both send back what comes" eval 'xdp 0 tx && xdp 1 tx'
check "they flood each other" eval 'floods 0 1 && floods 1 0'
check "frames come back" eval 'wait_for 10 sends_back 0 && wait_for 10 sends_back 1'
check "$downs times down and up meanwhile" downs_and_ups
check "frames come back" eval 'wait_for 10 sends_back 0 && wait_for 10 sends_back 1'
check "all are quiet again" eval 'wait_for 20 is_quiet 0 && wait_for 20 is_quiet 1 && no_xdp 0 && no_xdp 1'
check "all ping all" wait_for 10 all_ping 0 1
take_all_stock /tmp/last
paste -d ' ' /tmp/first /tmp/last | sed 's/^/# first and last: /'
check "no less memory is available, but for some noise" test "$(grew_by available)" -gt -8192
check "UDP GSO goes whole again" counter_grows 0 tx_packets 25 40 arrive 0 1 "$(address 1)" 1400 1000 40
check "nothing bad was seen" no_bad 0 1
check "they stop, and root has everything again" eval 'stop 1 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
