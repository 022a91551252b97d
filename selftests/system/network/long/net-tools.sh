#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 2 -m 2G -t 280
#
# The programs and modules for networks, in root and in vnodes, on devices of Linux itself: veth
# between two network namespaces of root, and the loopback of vnodes.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

modules() { # ID
	load_net "$1" veth bridge 8021q bonding dummy sch_fq
}

# ---- root ----

programs() {
	ip -V | grep iproute2 && tc -V | grep iproute2 && bridge -V | grep bridge &&
		sockperf --version | grep sockperf && nc.openbsd -h 2>&1 | grep OpenBSD &&
		busybox ip 2>&1 | grep BusyBox
}

veth_pair() {
	ip link add veth0 type veth peer name veth1 &&
		ip netns add far && ip link set veth1 netns far &&
		addresses 0 veth0 1 && addresses far veth1 2
}

addresses() { # PLACE DEVICE HOST
	inside "$1" "ip addr add 10.9.0.$3/24 dev $2 && ip addr add fd09::$3/64 dev $2 nodad &&
		ip link set $2 up && ip link set lo up"
}

pings_far() {
	ping -c 1 -W 1 10.9.0.2 && ping -c 1 -W 1 fd09::2
}

driver_is_veth() {
	ethtool -i veth0 | grep -x 'driver: veth'
}

# tcpdump shows the frames that match its filter, and no others.
tcpdump_sees() {
	local pid status=0

	tcpdump -n -l -i veth0 -c 2 icmp > /tmp/tcpdump.out 2> /tmp/tcpdump.err &
	pid=$!
	wait_for 20 grep -q '^listening on veth0' /tmp/tcpdump.err || { cat /tmp/tcpdump.err; return 1; }
	ping -c 1 -W 1 10.9.0.2 || status=1
	wait_for 20 not kill -0 "$pid" && wait "$pid" || status=1
	cat /tmp/tcpdump.out /tmp/tcpdump.err
	[ "$status" -eq 0 ] && [ "$(wc -l < /tmp/tcpdump.out)" -eq 2 ] &&
		grep -q '10.9.0.1 > 10.9.0.2: ICMP echo request' /tmp/tcpdump.out &&
		grep -q '10.9.0.2 > 10.9.0.1: ICMP echo reply' /tmp/tcpdump.out
}

# A bridge, a VLAN and a bond: modules and programs work.
devices() { # PLACE
	inside "$1" 'ip link add br9 type bridge vlan_filtering 1 && ip link add dum9 type dummy &&
		ip link set dum9 master br9 && bridge vlan add dev dum9 vid 9 &&
		bridge vlan show dev dum9 && bridge -j vlan show dev dum9 | grep -q "\"vlan\":9[^0-9]" &&
		ip link add link br9 name vlan9 type vlan id 9 && ip link add bond9 type bond &&
		ip link add dum8 type dummy && ip link set dum8 master bond9 &&
		tc qdisc replace dev dum9 root fq && tc qdisc show dev dum9 | grep "^qdisc fq " &&
		ip link del bond9 && ip link del br9 && ip link del dum9 && ip link del dum8'
}

stall_is_seen() {
	local pid server

	server=$(cat /tmp/iperf.far)
	iperf 0 10.9.0.2 -t 5 > /tmp/stall.out &
	pid=$!
	# the test is in progress, with some seconds to go
	wait_for 20 connected_far || return 1
	kill -STOP "$server"
	usleep 2500000
	kill -CONT "$server"
	exits_with 1 wait "$pid" > /tmp/stall.status || { cat /tmp/stall.out /tmp/stall.status; return 1; }
	cat /tmp/stall.out
	grep -E '^[0-9]+ bytes received, .* longest stall: ([2-9]|[1-9][0-9]+) halves' /tmp/stall.out
}

# The data of the test goes over a second connection.
connected_far() {
	[ "$(awk '$3 ~ /:1451$/ && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l)" -eq 2 ]
}

none_stays() {
	kill "$(cat /tmp/iperf.far)" && ip netns del far && wait_for 20 test ! -e /sys/class/net/veth0
}

# ---- vnodes ----

loopback() { # ID
	inside "$1" ip link set lo up && iperf_server "$1" && iperf "$1" 127.0.0.1 -t 1 &&
		iperf "$1" ::1 -t 1
}

check_vnode() { # IMAGE
	local release="${1#/boot/vmlinuz-}"

	KERNEL=$1
	check "a vnode of $release with the programs comes up" up 1 1 256M
	check "$release: the modules are loaded in a vnode" modules 1
	check "$release: bridge, VLAN and bond in a vnode" devices 1
	check "$release: iperf3 over the loopback of a vnode" loopback 1
	check "$release: the vnode stops" stop 1
}

plan 24
log_begin
check "ip is iproute2's, and busybox is still busybox" programs
check "the modules are loaded in root" modules 0
check "a veth has its other end in a network namespace" veth_pair
check "it is pinged over IPv4 and IPv6" pings_far
check "ethtool knows its driver" driver_is_veth
check "tcpdump sees a ping and its answer" tcpdump_sees
check "bridge, VLAN and bond in root" devices 0
check "iperf3 serves in the namespace" iperf_server far
check "TCP over IPv4" iperf 0 10.9.0.2 -t 1
check "TCP over IPv6" iperf 0 fd09::2 -t 1
check "UDP: no datagram is lost" udp_loss 0 0 10.9.0.2 -t 1 -b 1M -l 1000
check "a stall of TCP is seen" stall_is_seen
check "nothing of it stays" none_stays
net_initrd
for image in "/boot/vmlinuz-$(uname -r)" /boot/vmlinuz-6.1.*; do
	check_vnode "$image"
done
check "root's log is quiet" log_is_quiet
finish
