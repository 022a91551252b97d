#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 500
#
# Ethernet between root, a vnode of this kernel and one of an older kernel.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

OLD=$(echo /boot/vmlinuz-6.1.*)

refuses_parameter() { # VALUE
	! insmod "$VNIC" net="$1" && [ ! -d /sys/module/vnic ] && [ ! -e /sys/class/net/vnet0 ] &&
		dmesg | tail -n 1 | grep -qF "vnic: net=${2:-$1}: cannot be joined: -"
}

bad_parameters() {
	refuses_parameter '' && refuses_parameter 'a/b' && refuses_parameter vnet0,mac=1 &&
		refuses_parameter vnet0,mac=01:00:00:00:00:01 && refuses_parameter vnet0,queues=0 &&
		refuses_parameter vnet0,mtu=67 && refuses_parameter vnet0,mtu=65522 &&
		not insmod "$VNIC" frames=7 && not insmod "$VNIC" frames=257 &&
		refuses_parameter vnet0,colour=red && refuses_parameter 'vnet0;vnet0' vnet0
}

# Another device has the name of the default network.
name_is_taken() {
	load_net 0 dummy && ip link add vnet0 type dummy && not insmod "$VNIC" net=vnet0 && insmod "$VNIC" &&
		ip -d link show vnet0 | grep -qw dummy && ip link add vnet1 type vnic && rmmod vnic && ip link del vnet0
}

# ip and ethtool show its name, driver and network.
looks_like_a_device() {
	ip -d link show vnet0
	ip -d link show vnet0 | grep -q 'link/ether 02:' && ip -d link show vnet0 | grep -qw vnic &&
		ethtool -i vnet0 | grep -x 'driver: vnic' && ethtool -i vnet0 | grep -x 'bus-info: vnet0' &&
		[ "$(cat /sys/class/net/vnet0/vnic/network)" = vnet0 ] &&
		ethtool -k vnet0 | grep -x 'tcp-segmentation-offload: on' &&
		ethtool -l vnet0 | grep -q Combined && ethtool -g vnet0 | grep -q TX
}

mac_of() { # ID
	inside "$1" cat /sys/class/net/vnet0/address
}

macs_differ() {
	[ "$(for id in 0 1 2; do mac_of "$id"; done | sort -u | wc -l)" -eq 3 ]
}

broadcasts() { # ID: frames to many that it has had
	inside "$1" "grep -w 7999 /tmp/seen | wc -l"
}

has_broadcast() { # ID
	[ "$(broadcasts "$1")" -ge 1 ]
}

# A datagram to all: each receiver sees it once, the sender not at all.
broadcast_once() {
	local id

	for id in 0 2; do
		inside "$id" "tcpdump -n -l -i vnet0 udp dst port 7999 > /tmp/seen 2> /tmp/seen.err < /dev/null &" &&
			wait_for 20 inside "$id" grep -q ^listening /tmp/seen.err || return 1
	done
	inside 1 "echo | nc.openbsd -u -b -w 1 10.1.0.255 7999"
	wait_for 5 has_broadcast 0 && wait_for 5 has_broadcast 2 || return 1
	for id in 0 2; do
		inside "$id" "killall tcpdump; cat /tmp/seen"
		[ "$(broadcasts "$id")" -eq 1 ] || return 1
	done
}

mtu() { # SIZE: everywhere, and pings of that size go through in one piece
	local id

	for id in 0 1 2; do
		inside "$id" ip link set vnet0 mtu "$1" || return 1
	done
	inside 0 "ping -c 2 -W 5 -s $(($1 - 28)) $(address 1)" && inside 1 "ping -c 2 -W 5 -s $(($1 - 28)) $(address 2)"
}

mtu_is_bounded() {
	not ip link set vnet0 mtu 67 && not ip link set vnet0 mtu 65522
}

vlan() {
	vlan_begins && ping_once 0 10.7.0.2 && inside 0 ip link del vnet0.7 && inside 1 ip link del vnet0.7
}

# The device goes into a namespace of root, and works there.
moves() {
	ip netns add away && ip link set vnet0 netns away || return 1
	inside away "ip addr add $(address 0)/24 dev vnet0 && ip link set vnet0 up" && ping_once away "$(address 1)" &&
		inside away ip link set vnet0 netns 1 && ip netns del away && configure 0 && pings 0 1
}

# Its namespace ends: the network does not, it is in the first one.
comes_back() {
	ip netns add away && ip link set vnet0 netns away && ip netns del away &&
		wait_for 10 test -e /sys/class/net/vnet0 && configure 0 && pings 0 1
}

down_and_up() { # TIMES: under traffic
	local i=0 pid status=0

	iperf_run 0 "$(address 1)" -t 600 > /tmp/down.out 2>&1 &
	pid=$!
	while [ "$i" -lt "$1" ]; do
		inside 1 "ip link set vnet0 down; ip link set vnet0 up" || status=1
		ip link set vnet0 down; ip link set vnet0 up || status=1
		i=$((i + 1))
	done
	kill "$pid"
	killall -q iperf3
	configure_again
	wait_for 20 pings 0 1 && wait_for 20 pings 1 2 && [ "$status" -eq 0 ]
}

# IPv6 addresses go when a device goes down.
configure_again() {
	local id

	for id in 0 1; do
		inside "$id" "ip addr add $(address6 "$id")/64 dev vnet0 nodad"
	done
}

# Root forgets its address at once, and reaches it again when it is back.
panics() {
	ping_once 0 "$(address 2)" && not neighbour_is FAILED 2 || return 1
	end_by 2 adeos-test panic
	wait_for 10 eval 'not state_is 2 running'
	ip neigh show dev vnet0
	wait_for 2 eval '! neighbour_is "REACHABLE\|STALE\|DELAY" 2' || return 1
	wait_for 90 restarts_are 2 1 && answers 2 && configure 2 && pings 0 2
}

reloads() {
	inside 2 "rmmod vnic" && wait_for 10 members_are 0 2 && inside 2 "insmod /lib/modules/\$(uname -r)/vnic.ko" &&
		configure 2 && wait_for 10 members_are 0 3 && pings 0 2 && pings 2 1
}

# A network of root and vnode 1: its frames are not seen on the other one.
second_network() {
	ip addr add 10.2.0.1/24 dev lab && ip link set lab up &&
		inside 1 "ip addr add 10.2.0.2/24 dev lab && ip link set lab up" &&
		wait_for 5 ping_once 0 10.2.0.2 && not inside 2 test -e /sys/class/net/lab &&
		[ "$(inside 1 cat /sys/class/net/lab/address /sys/class/net/lab/mtu | tr '\n' ' ')" = '02:00:00:00:00:77 9000 ' ]
}

# The device is renamed, the network is not. Then root leaves it, and vnode 1 is alone.
leaves_network() {
	ip link set lab down && ip link set lab name renamed && [ "$(cat /sys/class/net/renamed/vnic/network)" = lab ] &&
		ip link set renamed up && wait_for 5 ping_once 0 10.2.0.2 && ip link del renamed &&
		wait_for 5 inside 1 grep -qx 0 /sys/class/net/lab/carrier && carrier_is 1 1
}

# The start is refused with one line before anything is taken.
bad_networks() {
	refused 2 'root has no network nosuch' --vnode=3 --cpus=3 --mem=192M --net=nosuch "$KERNEL" &&
		refused 2 'is that of root' --vnode=3 --cpus=3 --mem=192M --net=vnet0,mac="$(mac_of 0)" "$KERNEL" &&
		refused 2 'is that of vnode1' --vnode=3 --cpus=3 --mem=192M --net=lab,mac=02:00:00:00:00:77 "$KERNEL" &&
		refused 2 'out of range' --vnode=3 --cpus=3 --mem=192M --net=vnet0,mtu=66000 "$KERNEL"
}

# The address from kexec, always the same.
mac_is_kept() {
	kexec --vnode=3 --cpus=3 --mem=192M --dry-run "$KERNEL" > /tmp/dry && kexec --vnode=1 --log |
		grep -o "vnic.net=vnet0,mac=$(mac_of 1)" | head -n 1 | grep .
}

plan 48
remember_root
remember_adeos
net_initrd
check "parameters that are none are refused, and nothing stays" bad_parameters
check "another device is called vnet0: the module is loaded all the same" name_is_taken
log_begin
check "root loads the module" insmod "$VNIC"
check "vnet0 is a device as others are" looks_like_a_device
check "without others it has no carrier" eval 'configure 0 && carrier_is 0 0'
check "and a second network" ip link add lab type vnic
check "vnode 1 comes on both, with two CPUs" up_on_net 1 1-2 --net=vnet0 --net=lab,mac=02:00:00:00:00:77,mtu=9000
check "its address is the one that kexec gave it" mac_is_kept
check "root has a carrier" wait_for 5 carrier_is 0 1
KERNEL=$OLD
check "vnode 2 comes, of an older kernel" up_on_net 2 3 --restart=on-failure:3
KERNEL=/boot/vmlinuz
check "all see all" all_see_all 0 1 2
check "their addresses differ" macs_differ
check "all ping all, over IPv4 and IPv6" all_ping 0 1 2
check "a broadcast reaches all, once" broadcast_once
for id in 1 2; do
	check "iperf3 serves in vnode $id" iperf_server $id
	for to in "$(address $id)" "$(address6 $id)"; do
		check "root to vnode $id: TCP to $to" iperf 0 "$to" -t 2
		check "vnode $id to root: TCP from $to" iperf 0 "$to" -t 2 -R
	done
	check "vnode $id: 8 streams" iperf 0 "$(address $id)" -t 2 -P 8
	check "vnode $id: UDP, of 10 Mbit/s hardly anything is lost" udp_loss 2 0 "$(address $id)" -t 2 -b 10M -l 1400
done
check "vnode 1 to vnode 2" iperf 1 "$(address 2)" -t 2
check "vnode 2 to vnode 1" iperf 1 "$(address 2)" -t 2 -R
check "12 MiB arrive as they were sent" eval 'random_mib 0 && random_mib 1 && random_mib 2 &&
	carries_file 0 1 4 && carries_file 1 2 4 && carries_file 2 0 4'
check "MTU 9000" mtu 9000
check "MTU 65521" mtu 65521
check "MTU 1500 again, no less than 68 and no more than 65521" eval 'mtu 1500 && mtu_is_bounded'
check "a VLAN" vlan
check "into a network namespace and back" moves
check "the namespace ends with it: it comes back" comes_back
check "20 times down and up under traffic" down_and_up 20
check "vnode 2 panics and comes again: vnode 1 talks on" talks_on_while panics
check "vnode 2 reloads its module: vnode 1 talks on" talks_on_while reloads
check "the second network, between root and vnode 1" second_network
check "networks that are none, addresses that somebody has" bad_networks
check "root renames its device, and leaves" leaves_network
check "nothing bad was seen" no_bad 0 1
check "they stop, and the carrier is gone" eval 'stop 1 && stop 2 && wait_for 5 carrier_is 0 0'
check "the module goes" rmmod vnic
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
