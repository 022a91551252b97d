#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 400
#
# Offloads of the device: UDP GSO, generic XDP, interrupt coalescing (ethtool -C), queues.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

OLD=$(echo /boot/vmlinuz-6.1.*)

# ---- UDP GSO ----

# UDP GSO: 1000 datagrams in 25 frames, for IPv4 and IPv6; other frames are few. They come
# out in one piece for a receiver that asks for that.
goes_whole() { # FROM TO
	local to

	for to in "$(address "$2")" "$(address6 "$2")"; do
		counter_grows "$1" tx_packets 25 40 arrive "$1" "$2" "$to" 1400 1000 40 || return 1
		arrive "$1" "$2" "$to" 1400 400 40 whole && grep -q ' 56000 bytes at once' /tmp/received || return 1
	done
}

# The largest number that Linux accepts; the last datagram is shorter than the others.
goes_whole_many() { # FROM TO
	counter_grows "$1" tx_packets 10 25 arrive "$1" "$2" "$(address "$2")" 500 1000 100 &&
		counter_grows "$1" tx_packets 8 20 arrive "$1" "$2" "$(address "$2")" 500 1000 128
}

# Linux segments in software if the feature is off.
goes_in_pieces() { # FROM TO
	inside "$1" ethtool -K vnet0 tx-udp-segmentation off &&
		counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address "$2")" 1400 1000 40 &&
		inside "$1" ethtool -K vnet0 tx-udp-segmentation on
}

# ---- XDP, Linux's generic one: the device has none of its own ----

sends() { # FROM TO NUMBER
	inside "$1" "$DATAGRAMS send $(address "$2") $PORT 100 $3"
}

fetched() { # FROM ID: all that was sent before has been looked at
	ping_once "$1" "$(address "$2")"
}

xdp() { # ID SECTION: attaches the program, in place of an earlier one
	inside "$1" ip -force link set dev vnet0 xdpgeneric obj "$PROGRAMS" sec "$2"
}

no_xdp() { # ID
	inside "$1" ip link set dev vnet0 xdpgeneric off
}

passes() { # FROM TO
	xdp "$2" pass && inside "$2" ip -d link show vnet0 | grep -q 'prog/xdp id' &&
		arrive "$1" "$2" "$(address "$2")" 1400 1000 40 && iperf "$1" "$(address "$2")" -t 1 &&
		pings "$1" "$2" && no_xdp "$2"
}

# Linux counts a datagram without a receiver at PORT: so it has arrived.
without_listener() { # ID
	inside "$1" cat /proc/net/snmp | awk '/^Udp: [0-9]/ { print $3 }'
}

drops() { # FROM TO
	local before

	xdp "$2" drop && before=$(without_listener "$2") && sends "$1" "$2" 100 && fetched "$1" "$2" &&
		[ "$(without_listener "$2")" -eq "$before" ] && no_xdp "$2"
}

echoes() { # FROM TO
	xdp "$2" tx && inside "$1" "$DATAGRAMS echo $(address "$2") $PORT 1000 200" && pings "$1" "$2" && no_xdp "$2"
}

# ---- a peer with an older module, and an XDP program in the driver ----

# As on a wire: no frame is longer than the MTU, each has its checksum, none is missing.
comes_plain() { # FROM TO
	counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address "$2")" 1400 1000 40 &&
		counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address6 "$2")" 1400 1000 40
}

# The next change of the device restores the offloads.
is_plain_no_more() { # ID
	inside "$1" 'ip link set vnet0 promisc on; ip link set vnet0 promisc off'
}

# ---- fewer interrupts ----

is_set_to() { # ID USECS FRAMES
	inside "$1" ethtool -c vnet0 > /tmp/coalesce
	cat /tmp/coalesce
	grep -qxE "rx-usecs:[[:space:]]+$2" /tmp/coalesce && grep -qxE "rx-frames:[[:space:]]+$3" /tmp/coalesce
}

# The program is refused with one line, and the device is unchanged.
is_refused() { # WHY ARG...
	local why="$1"

	shift
	! ethtool -C vnet0 "$@" 2> /tmp/refused && cat /tmp/refused && [ "$(grep -c "$why" /tmp/refused)" -eq 1 ] &&
		is_set_to 0 0 1
}

bad_coalescing() {
	is_refused 'rx-usecs can be 10000 at most' rx-usecs 10001 && is_refused 'rx-frames can be 256 at most' rx-usecs 1 rx-frames 257 &&
		is_refused 'rx-frames must be 1 without rx-usecs' rx-frames 2 &&
		is_refused 'rx-frames must be 1 without rx-usecs' rx-frames 0 && is_refused 'unsupported parameter' tx-usecs 1
}

# Each ping waits for the answer to the last one: vnode 1 is idle when it arrives.
pings_in_turn() { # PINGS: so many at the same time, on one CPU
	local n=0 pids='' pid status=0

	while [ "$n" -lt "$1" ]; do
		n=$((n + 1))
		taskset 1 ping -A -q -c 100 -W 5 "$(address 1)" > "/tmp/ping.$n" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || status=1
	done
	cat /tmp/ping.*
	return "$status"
}

tells() { # MIN MAX USECS FRAMES PINGS: how often root tells vnode 1, which is set so
	inside 1 ethtool -C vnet0 rx-usecs "$3" rx-frames "$4" && is_set_to 1 "$3" "$4" || return 1
	counter_grows 0 tx_told "$1" "$2" pings_in_turn "$5" > /tmp/tells || { cat /tmp/tells; return 1; }
	echo "rx-usecs $3 rx-frames $4, $5 at a time: $(tail -n 1 /tmp/tells)" >> /tmp/told
}

# ---- queues ----

# Root has one for each CPU that it had.
each_cpu_has_a_queue() {
	local queues=/sys/class/net/vnet0/queues

	grep . "$queues"/tx-*/xps_cpus
	[ "$(cat "$queues"/tx-*/xps_cpus | tr '\n' ' ')" = '1 2 4 8 ' ]
}

sends_with_queue() { # NUMBER: from its CPU
	local before

	before=$(queue_counter "$1" packets)
	taskset $((1 << $1)) ping -A -q -c 50 -W 5 "$(address 1)" || return 1
	echo "$(($(queue_counter "$1" packets) - before)) more"
	[ $(($(queue_counter "$1" packets) - before)) -ge 50 ]
}

queue_counter() { # NUMBER NAME
	ethtool -S vnet0 | value "tx$1_$2:"
}

no_nonsense() { # ID...
	local id

	for id; do
		[ "$(net_counter "$id" rx_bad)" = 0 ] && [ "$(net_counter "$id" tx_bad)" = 0 ] || return 1
	done
}

plan 32
remember_root
remember_adeos
log_begin
check "vnodes will have the programs" device_initrd
check "root is on the network" joins 0
check "vnode 1 comes" up_on_net 1 1
KERNEL=$OLD
check "vnode 2 comes, of an older kernel" up_on_net 2 2
KERNEL=/boot/vmlinuz
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "servers in root and the older one" eval 'iperf_server 0 && iperf_server 2'
check "UDP GSO, root to vnode 1: datagrams come, in few frames" goes_whole 0 1
check "UDP GSO, root to the older one" goes_whole 0 2
check "UDP GSO, the older one to vnode 1" goes_whole 2 1
check "UDP GSO: 100 and 128 at a time, also to the older one" eval 'goes_whole_many 0 1 && goes_whole_many 0 2'
check "it is turned off: they come one by one" goes_in_pieces 0 2
check "generic XDP passes frames to root" passes 1 0
check "in the older one, from root" passes 0 2
check "it drops: nothing comes, all else does" drops 1 0
check "it sends back what it is sent" echoes 1 0
check "so does the older one" echoes 0 2
check "a peer wants nothing left open" at 2 plain vnet0
check "root leaves nothing open" wait_for 10 comes_plain 0 2
check "the peer wants that no more" is_plain_no_more 2
check "then they go whole again" wait_for 10 goes_whole 0 2
check "coalescing that is none is refused" bad_coalescing
check "root tells vnode 1 of each frame" tells 50 110 0 1 1
check "also if it may wait, but for one frame" tells 50 110 10000 1 1
check "it waits for 10 ms: root hardly tells it" tells 0 25 10000 0 1
check "or for two frames: then it is told" tells 30 110 10000 2 2
check "but not if they are to be three" tells 0 25 10000 3 2
check "as before" tells 50 110 0 1 1
note < /tmp/told
check "each CPU has a queue to send with" each_cpu_has_a_queue
check "and sends with it" eval 'sends_with_queue 0 && sends_with_queue 3'
check "nothing bad was seen" no_nonsense 0 1 2
kill "$(cat /tmp/iperf.0)"
check "they stop, and root has everything again" eval 'stop_all 1 2 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
