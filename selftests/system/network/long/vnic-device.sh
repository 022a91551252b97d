#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 400
#
# What the device does with frames beside handing them over: UDP GSO, XDP programs; and what
# ethtool -C and its queues are for.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

OLD=$(echo /boot/vmlinuz-6.1.*)
# as in selftests/bpf/xdp.c
FROM_VNIC=77
TO_VNIC=78
FAR_MAC=02:00:00:00:00:4d

# XDP programs know it by its index.
joins_as() { # INDEX
	insmod "$VNIC" net=none && ip link add vnet0 index "$1" type vnic && configure 0
}

# ---- UDP GSO ----

# UDP GSO: 1000 datagrams in 25 frames, for IPv4 and IPv6; other frames are few. They come
# out in one piece for who wants that.
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

sends() { # FROM TO NUMBER
	inside "$1" "$DATAGRAMS send $(address "$2") $PORT 100 $3"
}

fetched() { # FROM ID: all that was sent before has been looked at
	ping_once "$1" "$(address "$2")"
}

drops() { # SECTION NAME
	xdp 0 "$1" && counter_grows 0 "$2" 100 100 eval 'sends 1 0 100 && fetched 1 0' && pings 1 0
}

echoes() { # FROM TO
	counter_grows "$2" rx_xdp_tx 200 200 inside "$1" "$DATAGRAMS echo $(address "$2") $PORT 1000 200" && pings "$1" "$2"
}

# As on a wire: no frame is longer than the MTU, no checksum is open; and all are there.
comes_plain() { # FROM TO
	counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address "$2")" 1400 1000 40 &&
		counter_grows "$1" tx_packets 1000 1100 arrive "$1" "$2" "$(address6 "$2")" 1400 1000 40 &&
		iperf "$1" "$(address "$2")" -t 1 && pings "$1" "$2" && pings "$2" "$1"
}

passes() { # FROM TO
	xdp "$2" pass && inside "$2" ip -d link show vnet0 | grep -q 'prog/xdp id' &&
		counter_grows "$2" rx_xdp_open 0 0 comes_plain "$1" "$2" && no_xdp "$2"
}

# Behind the device FROM_VNIC is the namespace "far", with root's address.
veth() {
	ip netns add far && ip link add near index "$FROM_VNIC" type veth peer name far address "$FAR_MAC" &&
		ip link set far netns far && ip link set near up &&
		inside far "ip addr add $(address 0)/24 dev far && ip link set far up &&
			ethtool -K far gro on tx off && ip neigh add $(address 1) lladdr $(cat /tmp/mac.1) dev far"
}

goes_out() {
	xdp 0 out && counter_grows 0 rx_xdp_redirect 300 300 arrive 1 far "$(address 0)" 1000 300
}

# Nobody waits with these for room: no more than there is for sure.
comes_in() {
	ip link set dev near xdpdrv obj "$PROGRAMS" sec in &&
		counter_grows 0 tx_xdp 50 50 arrive far 1 "$(address 1)" 1000 50 &&
		counter_grows 0 tx_xdp 50 50 arrive far 1 "$(address 1)" 1000 50
}

# Of a VLAN that is not there any more when Linux sees the frames.
untags() {
	xdp 0 untag && load_net 1 8021q && inside 1 "ip link add link vnet0 name tagged type vlan id 7 &&
		ip addr add 10.7.0.2/24 dev tagged && ip link set tagged up &&
		ip neigh add 10.7.0.1 lladdr $(cat /sys/class/net/vnet0/address) dev tagged" &&
		ip addr add 10.7.0.1/24 dev vnet0 && arrive 1 0 10.7.0.1 1000 100 && inside 1 ip link del tagged
}

mtu_is_bounded() {
	not ip link set vnet0 mtu 3501 && ip link set vnet0 mtu 3500 && inside 1 ip link set vnet0 mtu 3500 &&
		arrive 1 0 "$(address 0)" 3472 50 && inside 1 ip link set vnet0 mtu 9000 &&
		counter_grows 0 rx_length_errors 5 5 eval "inside 1 '$DATAGRAMS send $(address 0) $PORT 8000 5' && fetched 1 0" &&
		no_xdp 0 && ip link set vnet0 mtu 3501 && ! xdp 0 pass 2> /tmp/refused && cat /tmp/refused &&
		grep -q 'with XDP the MTU can be 3500 at most' /tmp/refused && ip link set vnet0 mtu 1500 &&
		inside 1 ip link set vnet0 mtu 1500
}

# ---- fewer interrupts ----

is_set_to() { # ID USECS FRAMES
	inside "$1" ethtool -c vnet0 > /tmp/coalesce
	cat /tmp/coalesce
	grep -qxE "rx-usecs:[[:space:]]+$2" /tmp/coalesce && grep -qxE "rx-frames:[[:space:]]+$3" /tmp/coalesce
}

# Nothing has changed, and one line says why.
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

# One that waits for the answer of the last one: each finds vnode 1 at rest.
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

# Linux and ethtool are told the same.
same_counts() {
	qstats "$(cat /sys/class/net/vnet0/ifindex)" | sort > /tmp/qstats
	ethtool -S vnet0 | awk '
		match($1, /^[rt]x[0-9]+_(packets|bytes):$/) {
			split(substr($1, 3), part, "[_:]")
			count[substr($1, 1, 2) " " part[1], part[2]] = $2
			queue[substr($1, 1, 2) " " part[1]]
		}
		END { for (q in queue) print q, count[q, "packets"], count[q, "bytes"] }' | sort > /tmp/ethtool
	diff /tmp/ethtool /tmp/qstats && [ "$(wc -l < /tmp/qstats)" -eq 8 ]
}

no_nonsense() { # ID...
	local id

	for id; do
		[ "$(net_counter "$id" rx_bad)" = 0 ] && [ "$(net_counter "$id" tx_bad)" = 0 ] || return 1
	done
}

plan 36
remember_root
remember_adeos
log_begin
check "vnodes will have the programs" device_initrd
check "root is on the network" joins_as "$TO_VNIC"
check "vnode 1 comes" up_on_net 1 1
KERNEL=$OLD
check "vnode 2 comes, of an older kernel" up_on_net 2 2
KERNEL=/boot/vmlinuz
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "servers in root and the older one" eval 'iperf_server 0 && iperf_server 2'
inside 1 cat /sys/class/net/vnet0/address > /tmp/mac.1
check "UDP GSO, root to vnode 1: datagrams come, in few frames" goes_whole 0 1
check "UDP GSO, root to the older one" goes_whole 0 2
check "UDP GSO, the older one to vnode 1" goes_whole 2 1
check "UDP GSO: 100 and 128 at a time, also to the older one" eval 'goes_whole_many 0 1 && goes_whole_many 0 2'
check "it is turned off: they come one by one" goes_in_pieces 0 2
check "XDP passes frames to root, which come as on a wire" passes 1 0
check "in the older one, from root" passes 0 2
check "then they come whole again" goes_whole 1 0
check "XDP drops: nothing comes, all else does" drops drop rx_xdp_drop
check "XDP fails: the same, and is counted" drops aborted rx_xdp_errors
check "XDP sends back what it is sent" eval 'xdp 0 tx && echoes 1 0 && echoes 2 0'
check "so does the older one" eval 'xdp 2 tx && echoes 0 2 && echoes 1 2 && no_xdp 2'
check "a device to send on to" veth
check "XDP sends on, and there it arrives" goes_out
check "what a program elsewhere sends here arrives in vnode 1" comes_in
check "XDP moves the head of frames" untags
check "with XDP frames fit into a page" mtu_is_bounded
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
check "what its queues count Linux counts, too" wait_for 10 same_counts
check "nothing bad was seen" no_nonsense 0 1 2
kill "$(cat /tmp/iperf.0)"
check "they stop, and root has everything again" eval 'stop_all 1 2 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
