#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 600
#
# Linux's own devices on top of vnics: VLANs, bridges, bonds; traffic control, namespaces
# and tcpdump. Vnode 1 and root are alone on two
# more networks, red and blue.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

# shellcheck disable=SC2034 # for log_is_quiet: one end of a bond is there before the other
SLOW_HOST="$SLOW_HOST|No 802.3ad response from the link partner"
# of a namespace of root, behind a bridge
FAR=10.1.0.100

counter_grew() { # ID NAME SINCE
	local now

	now=$(net_counter "$1" "$2")
	echo "$2 of $1: $3, now $now"
	[ "$now" -gt "$3" ]
}

reaches() { # PLACE ADDRESS [OPTION...]
	local place="$1" to="$2"

	shift 2
	inside "$place" "ping -c 3 -W 5 $* $to"
}

# A device that was a port of a bridge or a bond has lost its addresses.
configure_anew() { # ID
	inside "$1" "ip addr flush dev vnet0; ip link set vnet0 down" && configure "$1"
}

# On a port of its own: iperf3 of root serves the other tests.
others_talk_on_while() { # COMMAND...
	local status=0

	kill "$(cat /tmp/iperf.0)"
	wait_for 5 not listens 0 "$IPERF_PORT" || return 1
	talks_on_while "$@" || status=1
	iperf_server 0 && return "$status"
}

# The kernels have found no invalid frame or ring.
never_bad() { # ID...
	local id

	for id; do
		[ "$(net_counter "$id" rx_bad)" -eq 0 ] && [ "$(net_counter "$id" tx_bad)" -eq 0 ] || return 1
	done
}

# ---- frames of several lengths ----

# Root sends frames of at most 1500 bytes, vnodes of at most 9000.
mtus_differ() {
	inside 1 ip link set vnet0 mtu 9000 && inside 2 ip link set vnet0 mtu 9000 && ip link set vnet0 mtu 1500
}

# A frame that is too long for root is dropped and counted.
long_frames_are_dropped() {
	local before

	before=$(net_counter 0 rx_length_errors)
	reaches 1 "$(address 2)" -s 8000 && not ping_once 1 "$(address 0) -s 8000" &&
		counter_grew 0 rx_length_errors "$before" && reaches 1 "$(address 0)" -s 1400
}

# TCP uses the smaller MTU of both ends.
connections_fit() {
	iperf 1 "$(address 0)" -t 1 && iperf 1 "$(address 0)" -t 1 -R && iperf 1 "$(address6 0)" -t 1 &&
		iperf 2 "$(address6 0)" -t 1 -R
}

mtu_again() {
	inside 1 ip link set vnet0 mtu 1500 && inside 2 ip link set vnet0 mtu 1500
}

# ---- VLANs ----

# The VLAN tag does not reduce the payload of a frame.
vlan_is_full() {
	reaches 0 10.7.0.2 -s 1472 && reaches 1 10.7.0.1 -s 1472
}

vlan_carries() {
	iperf 1 10.7.0.1 -t 1 && iperf 1 10.7.0.1 -t 1 -R
}

vlan_ends() {
	inside 0 ip link del vnet0.7 && inside 1 ip link del vnet0.7
}

# ---- bridges ----

# A bridge in root of vnet0 and a veth; its other end is in the namespace "far".
bridge_begins() {
	ip netns add far && ip link add veth0 type veth peer name veth1 netns far &&
		ip link add br0 type bridge && ip addr flush dev vnet0 &&
		ip link set vnet0 master br0 && ip link set veth0 master br0 up &&
		ip addr add "$(address 0)/24" dev br0 && ip link set br0 up &&
		inside far "ip addr add $FAR/24 dev veth1 && ip link set veth1 up && ip link set lo up"
}

# A host behind the bridge is reached by its own address, which no vnic has.
far_is_reached() {
	wait_for 10 ping_once 1 "$FAR" && reaches 1 "$FAR" && reaches far "$(address 2)" &&
		reaches 2 "$(address 0)" &&
		ip netns exec far cat /sys/class/net/veth1/address > /tmp/far &&
		inside 1 ip neigh show "$FAR" dev vnet0 | grep -f /tmp/far &&
		bridge fdb show br br0 | grep "^$(inside 2 cat /sys/class/net/vnet0/address) dev vnet0 "
}

# TCP's long frames pass the bridge whole, or are segmented there.
far_talks() {
	iperf_server far && iperf 1 "$FAR" -t 2 && iperf 1 "$FAR" -t 2 -R && iperf 2 "$FAR" -t 2 &&
		kill "$(cat /tmp/iperf.far)"
}

# The bridge lets one VLAN pass to the port of the vnic, and not another.
bridge_filters() {
	local vlan

	modprobe 8021q && load_net 1 8021q || return 1
	for vlan in 8 9; do
		inside far "ip link add link veth1 name veth1.$vlan type vlan id $vlan &&
			ip addr add 10.$vlan.0.100/24 dev veth1.$vlan && ip link set veth1.$vlan up" &&
			inside 1 "ip link add link vnet0 name vnet0.$vlan type vlan id $vlan &&
			ip addr add 10.$vlan.0.2/24 dev vnet0.$vlan && ip link set vnet0.$vlan up" || return 1
	done
	reaches 1 10.8.0.100 && reaches 1 10.9.0.100 && ip link set br0 type bridge vlan_filtering 1 &&
		bridge vlan add dev vnet0 vid 8 && bridge vlan add dev veth0 vid 8 && reaches 1 10.8.0.100 &&
		reaches far 10.8.0.2 && not ping_once 1 10.9.0.100 && reaches 1 "$FAR" &&
		inside 1 "ip link del vnet0.8 && ip link del vnet0.9"
}

bridge_ends() {
	ip link del br0 && ip netns del far && wait_for 5 test ! -e /sys/class/net/veth0 &&
		configure_anew 0 && reaches 0 "$(address 1)"
}

# In vnode 1, between two networks: root's device on the one reaches vnode 2 on the other.
vnode_is_a_bridge() {
	ip netns add far && ip link set red netns far && ip link set vnet0 down &&
		inside far "ip addr add $FAR/24 dev red && ip link set red up && ip link set lo up" &&
		inside 1 "modprobe bridge && ip link add br0 type bridge && ip addr flush dev vnet0 &&
		ip link set vnet0 master br0 && ip link set red master br0 up &&
		ip addr add $(address 1)/24 dev br0 && ip link set br0 up" &&
		wait_for 10 ping_once far "$(address 2)" && reaches 2 "$FAR" && reaches far "$(address 1)" &&
		iperf_server far && iperf 2 "$FAR" -t 2 && iperf 2 "$FAR" -t 2 -R &&
		kill "$(cat /tmp/iperf.far)"
}

vnode_bridge_ends() {
	inside 1 "ip link del br0; ip link set red down" && inside far ip link set red netns 1 &&
		ip netns del far && configure_anew 1 && configure_anew 0 &&
		wait_for 5 ping_once 0 "$(address 1)" && all_ping 0 1 2
}

# ---- bonds ----

# A bond of red and blue, in root and in vnode 1.
bond_begins() { # MODE [OPTION...]
	local id

	for id in 0 1; do
		inside "$id" "modprobe bonding max_bonds=0 && ip link set red down && ip link set blue down &&
			ip link add bond0 type bond mode $* miimon 100 &&
			ip link set red master bond0 && ip link set blue master bond0 &&
			ip addr add 10.3.0.$((id + 1))/24 dev bond0 && ip link set bond0 up" || return 1
	done
	wait_for 10 ping_once 0 10.3.0.2
}

bond_ends() {
	inside 0 ip link del bond0 && inside 1 ip link del bond0
}

active_is() { # ID DEVICE
	[ "$(inside "$1" cat /sys/class/net/bond0/bonding/active_slave)" = "$2" ]
}

# The active port of one end goes down; the other end notices by its carrier.
fails_over() { # ID DEVICE OTHER
	wait_for 5 active_is 0 "$2" && wait_for 5 active_is 1 "$2" && inside "$1" ip link set "$2" down &&
		wait_for 5 active_is 0 "$3" && wait_for 5 active_is 1 "$3" && wait_for 2 ping_once 0 10.3.0.2 &&
		inside "$1" ip link set "$2" up &&
		wait_for 5 inside $((1 - $1)) grep -qx 1 "/sys/class/net/$2/carrier"
}

networks_fail() {
	fails_over 0 red blue && fails_over 1 blue red && fails_over 1 red blue && fails_over 0 blue red
}

bond_talks_on() {
	(TALK_TO=10.3.0.1; others_talk_on_while networks_fail)
}

sent() { # DEVICE: frames of root's
	cat "/sys/class/net/$1/statistics/tx_packets"
}

both_carry() {
	local red blue

	red=$(sent red) blue=$(sent blue)
	inside 0 "ping -A -c 40 -w 40 10.3.0.2" || return 1
	red=$(($(sent red) - red)) blue=$(($(sent blue) - blue))
	echo "red $red, blue $blue"
	[ "$red" -ge 18 ] && [ "$blue" -ge 18 ] && iperf 1 10.3.0.1 -t 2 && iperf 1 10.3.0.1 -t 2 -R
}

# LACP has aggregated both networks at both ends.
is_aggregated() { # ID
	inside "$1" cat /proc/net/bonding/bond0 > /tmp/bond
	grep -q 'Number of ports: 2' /tmp/bond &&
		grep -q "Partner Mac Address: $(inside $((1 - $1)) cat /sys/class/net/bond0/address)" /tmp/bond
}

aggregates() {
	wait_for 20 is_aggregated 0 && wait_for 20 is_aggregated 1 && reaches 1 10.3.0.1 &&
		iperf 1 10.3.0.1 -t 2 -P 4 && ip link set red down && wait_for 5 ping_once 1 10.3.0.1
}

# ---- namespaces ----

# Meanwhile others talk, and datagrams arrive for the device that is away.
moves_often() { # TIMES
	local n=0

	while [ "$n" -lt "$1" ]; do
		n=$((n + 1))
		ip link set red netns away &&
			inside away "ip addr add 10.4.0.1/24 dev red; ip link set red up" &&
			wait_for 5 ping_once away 10.4.0.2 && inside away ip link set red netns 1 &&
			ip addr add 10.4.0.1/24 dev red && ip link set red up &&
			wait_for 5 ping_once 0 10.4.0.2 || return 1
	done
}

moves_under_traffic() { # TIMES
	local status=0

	ip netns add away && ip addr add 10.4.0.1/24 dev red && ip link set red up || return 1
	inside 1 "ip link set red up; ip addr add 10.4.0.2/24 dev red;
		setsid sh -c 'while [ ! -e /tmp/quiet ]; do
			sockperf tp -i 10.4.0.1 -p 9 -t 36000 --mps 500 -m 1400; usleep 10000
		done' > /dev/null 2>&1 &"
	others_talk_on_while moves_often "$1" || status=1
	inside 1 "touch /tmp/quiet; killall -q sockperf; true"
	return "$status"
}

# A namespace that ends gives its devices to the first one.
namespace_ends() {
	ip link set red netns away && inside away ip link set red up && wait_for 5 network_carrier 1 &&
		ip netns del away && wait_for 10 network_carrier 0 && wait_for 10 test -e /sys/class/net/red &&
		ip link set red up && wait_for 5 network_carrier 1
}

network_carrier() { # VALUE: of red, in vnode 1
	[ "$(inside 1 cat /sys/class/net/red/carrier)" = "$1" ]
}

# ---- traffic control ----

# Milliseconds: the shortest of three.
round_trip() { # FROM ADDRESS
	inside "$1" "ping -c 3 -W 5 $2" | sed -n 's,^round-trip.*= \([0-9]*\)[.].*,\1,p'
}

delays() {
	local before after

	before=$(round_trip 0 "$(address 1)")
	inside 1 "tc qdisc add dev vnet0 root netem delay 300ms" || return 1
	after=$(round_trip 0 "$(address 1)")
	echo "$before ms, with 300 ms more $after ms"
	inside 1 "tc qdisc del dev vnet0 root" && [ "$after" -ge 300 ] && [ "$before" -lt 300 ]
}

# About every second packet is lost.
loses() {
	local sent got

	inside 1 "tc qdisc add dev vnet0 root netem loss 50%" || return 1
	inside 1 "ping -A -c 200 -w 20 $(address 0)" > /tmp/lost
	sent=$(awk '/packets transmitted/ { print $1 }' /tmp/lost)
	got=$(awk '/packets transmitted/ { print $4 }' /tmp/lost)
	inside 1 "tc -s qdisc show dev vnet0; tc qdisc del dev vnet0 root"
	echo "$got of $sent came back"
	[ "$sent" -ge 20 ] && [ $((got * 8)) -ge "$sent" ] && [ $((got * 8)) -le $((sent * 7)) ] &&
		ping_once 1 "$(address 0)"
}

# Bits a second, received within three seconds.
rate_is_kept() { # LIMIT QDISC...
	local limit="$1" rate

	shift
	inside 1 "tc qdisc add dev vnet0 root $*" && iperf_run 1 "$(address 0)" -t 4 || return 1
	rate=$(iperf_value sum_received bits_per_second)
	inside 1 "tc -s qdisc show dev vnet0; tc qdisc del dev vnet0 root"
	echo "$rate of $limit bits/s"
	[ "$rate" -gt $((limit / 2)) ] && [ "$rate" -lt $((limit * 11 / 10)) ]
}

# At ingress: frames that match the filter are dropped, all others arrive.
filters() {
	inside 1 "tc qdisc add dev vnet0 clsact &&
		tc filter add dev vnet0 ingress protocol ip flower ip_proto icmp action drop" &&
		not ping_once 0 "$(address 1)" && ping_once 0 "$(address6 1)" && iperf 1 "$(address 0)" -t 1 &&
		inside 1 "tc -s filter show dev vnet0 ingress" | grep 'dropped [1-9]' &&
		inside 1 "tc qdisc del dev vnet0 clsact" && ping_once 0 "$(address 1)"
}

# ---- what tcpdump shows ----

sniffing() {
	grep -q 'listening on' /tmp/sniff.err
}

# Packets of a connection from vnode 1 to root.
sniffs() { # DEVICE COMMAND...
	local device="$1" pid

	shift
	tcpdump -n -vv -l -i "$device" tcp port 5201 > /tmp/sniffed 2> /tmp/sniff.err &
	pid=$!
	if ! wait_for 20 sniffing || ! "$@"; then
		kill "$pid"
		return 1
	fi
	wait_for 5 grep -q 'Flags \[F' /tmp/sniffed
	kill -INT "$pid"
	wait "$pid"
	# a packet is of two lines
	awk '/^ / { print last, $0 } { last = $0 }' /tmp/sniffed > /tmp/packets
	echo "$(wc -l < /tmp/packets) packets"
	head -n 8 /tmp/packets
}

offloads() { # on|off: of vnode 1
	inside 1 "ethtool -K vnet0 tx $1 tso $1 sg $1 gso $1" && ethtool -K vnet0 gro "$1"
}

from_vnode() { # PATTERN
	grep -c "$(address 1)\\.[0-9]* > $(address 0)\\..*$1" /tmp/packets
}

from_root() { # PATTERN
	grep -c "$(address 0)\\.[0-9]* > $(address 1)\\..*$1" /tmp/packets
}

# Both directions, from the first packet to the last. Without offloads the sender computes
# the checksum: it is right in all that root receives, and no frame is longer than the MTU.
sees_all() {
	offloads off && sniffs vnet0 iperf_run 1 "$(address 0)" -n 1M || return 1
	[ "$(from_vnode 'Flags \[S\]')" -ge 1 ] && [ "$(from_root 'Flags \[S\.\]')" -ge 1 ] &&
		[ "$(from_vnode 'Flags \[F')" -ge 1 ] && [ "$(from_vnode '(correct)')" -gt 500 ] &&
		[ "$(from_vnode 'incorrect')" -eq 0 ] && [ "$(longest)" -le 1500 ]
}

longest() { # bytes of an IP packet of vnode 1's
	grep "$(address 1)\\.[0-9]* > $(address 0)" /tmp/packets |
		sed 's/.* proto TCP (6), length \([0-9]*\)).*/\1/' | sort -n | tail -n 1
}

# With offloads no kernel computes it, as with veth, and frames are long.
sees_offloads() {
	offloads on && sniffs vnet0 iperf_run 1 "$(address 0)" -n 4M || return 1
	echo "longest: $(longest)"
	[ "$(from_vnode 'incorrect')" -gt 0 ] && [ "$(longest)" -gt 9000 ]
}

# The same capture of a veth between root and a namespace.
veth_is_alike() {
	ip netns add far && ip link add veth0 type veth peer name veth1 netns far &&
		ip addr add 10.9.0.1/24 dev veth0 && ip link set veth0 up &&
		inside far "ip addr add 10.9.0.2/24 dev veth1 && ip link set veth1 up" &&
		sniffs veth0 iperf_run far 10.9.0.1 -n 4M || return 1
	ip netns del far
	grep -c '10\.9\.0\.2\.[0-9]* > .*incorrect' /tmp/packets
}

# The content is the same without offloads.
carries_without_offloads() {
	random_mib 1 && offloads off && carries_file 1 0 16 && offloads on && carries_file 1 0 16
}

plan 43
log_begin
remember_root
remember_adeos
net_initrd
check "root is on the network" eval 'joins 0 && ip link add red type vnic && ip link add blue type vnic'
check "vnode 1 comes, on two more networks" up_on_net 1 1 --net=vnet0 --net=red --net=blue
check "vnode 2 comes" up_on_net 2 2 --net=vnet0
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "root is a server" iperf_server 0
check "nothing is wrong so far" no_bad 0 1 2
check "MTU 9000 in vnodes, 1500 in root" mtus_differ
check "what is too long is dropped where it comes" long_frames_are_dropped
check "connections have frames that fit" connections_fit
check "MTU 1500" mtu_again
check "VLAN: in root and vnode 1" vlan_begins
check "VLAN: frames of full length" vlan_is_full
check "VLAN: TCP" vlan_carries
check "VLAN: is gone" vlan_ends
check "bridge of vnet0 and a veth in root" bridge_begins
check "bridge: who is behind it is reached" far_is_reached
check "bridge: TCP" far_talks
check "bridge: VLANs pass or do not" bridge_filters
check "bridge: is gone" bridge_ends
check "a bridge of two networks in vnode 1" vnode_is_a_bridge
check "that is gone" vnode_bridge_ends
check "bond, active-backup" bond_begins active-backup
check "bond: each network fails at each end, TCP goes on" bond_talks_on
check "bond: is gone" bond_ends
check "bond, balance-rr" bond_begins balance-rr
check "bond: both networks carry" both_carry
check "bond: is gone" bond_ends
check "bond, 802.3ad" bond_begins 802.3ad lacp_rate fast
check "bond: they have found each other, and stay when one network fails" aggregates
check "bond: is gone" bond_ends
check "ten times to a namespace and back under traffic, vnode 1 talks on" moves_under_traffic 10
check "a namespace ends with a device in it" namespace_ends
check "tc: netem delays" delays
check "tc: netem loses" loses
check "tc: tbf keeps a rate" rate_is_kept 4000000 tbf rate 4mbit burst 16kb latency 100ms
check "tc: fq keeps a rate of TCP" rate_is_kept 4000000 fq maxrate 4mbit
check "tc: a filter of what comes in" filters
check "tcpdump: both directions, with right checksums" sees_all
check "tcpdump: offloads, as with veth" eval 'sees_offloads && veth_is_alike'
check "bytes arrive as they were sent, with offloads and without" carries_without_offloads
check "nothing bad was seen" never_bad 0 1 2
check "they stop, and root has everything again" eval 'stop_all 1 2 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
