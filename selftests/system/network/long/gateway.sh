#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 400 -f Documentation/network.md:/root/network.md
# vm: -q '-netdev user,id=out,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat'
# vm: -q '-device virtio-net-pci,netdev=out'
#
# Vnodes reach hosts outside of the machine through root's network card: over a bridge, and
# with root as their router. The commands are taken from Documentation/network.md. The hosts
# outside are QEMU's own: 10.0.2.2 is a DHCP server and answers pings, 10.0.2.100 echoes
# what is sent to its port 7; nothing leaves QEMU.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

OUTSIDE=10.0.2.2
ECHO=10.0.2.100
# bytes that are sent there and come back
ECHO_BYTES=300000

# ---- commands of the manual ----

# The N-th block of commands below HEADING.
manual() { # HEADING N
	awk -v heading="$1" -v wanted="$2" '
		/^##/ { here = $0 == heading }
		/^    / {
			if (here && !inside)
				n++
			inside = 1
			if (here && n == wanted)
				print substr($0, 5)
			next
		}
		{ inside = 0 }' /root/network.md
}

# Runs the block in ID: all of its commands must succeed.
by_manual() { # ID HEADING N
	local commands

	commands=$(manual "$2" "$3")
	[ -n "$commands" ] || { echo "no such commands: $2, $3"; return 1; }
	inside "$1" "set -e
$commands"
}

has_script() { # ID
	by_manual "$1" '## Root as gateway' 1 && inside "$1" test -x /etc/udhcpc.script
}

# ---- addresses ----

# The IPv4 address of DEVICE; nothing if there is not exactly one.
address_of() { # ID DEVICE
	inside "$1" "ip -4 -o addr show dev $2" |
		awk '{ sub("/.*", "", $4); a = $4 } END { if (NR == 1) print a }'
}

has_card() {
	modprobe virtio_net && wait_for 10 test -e /sys/class/net/eth0
}

comes() { # ID
	up "$1" "$1" 320M --append=vnode.modules=vnic,adeos-test --restart=on-failure:3
}

# Gets an address by DHCP, in the network PREFIX.
gets_address() { # ID PREFIX HEADING N
	by_manual "$1" "$3" "$4" || return 1
	address_of "$1" vnet0 > "/tmp/address.$1"
	echo "vnode $1: $(cat "/tmp/address.$1")"
	grep -q "^$2\." "/tmp/address.$1"
}

addresses_differ() { # ADDRESS...
	[ "$(printf '%s\n' "$@" | sort -u | wc -l)" -eq $# ]
}

# One end of the network or the other; the first one may ask for an address before.
reaches() { # ID ADDRESS
	inside "$1" "ping -c 2 -W 5 $2"
}

# Sends more than a TCP window, in frames of any size: all bytes come back.
echoes() { # ID
	# shellcheck disable=SC2016 # for the shell in there
	inside "$1" "head -c $ECHO_BYTES /dev/urandom > /tmp/echo.sent &&
		nc.openbsd -N -w 20 $ECHO 7 < /tmp/echo.sent > /tmp/echo.back; "'
		wc -c < /tmp/echo.back; cmp /tmp/echo.sent /tmp/echo.back'
}

mac_of() { # ID
	inside "$1" cat /sys/class/net/vnet0/address
}

# ---- what is on the wire ----

# Captures on DEVICE of vnode ID until it is killed.
sniffs() { # ID DEVICE FILTER...
	local id="$1" device="$2"

	shift 2
	inside "$id" "cd /tmp && tcpdump -e -n -l -i $device '$*' > seen.$device 2> err.$device < /dev/null &" &&
		wait_for 20 inside "$id" grep -q ^listening "/tmp/err.$device" || return 1
	echo "$id" >> /tmp/sniffers
}

# A frame has been captured before its answer arrives.
sniffers_end() {
	local id

	sort -u /tmp/sniffers | while read -r id; do
		inside "$id" killall tcpdump < /dev/null
	done
	rm /tmp/sniffers
}

seen() { # ID DEVICE [PATTERN]: frames
	inside "$1" "grep -c -- '${3- > }' /tmp/seen.$2"
}

has_seen() { # ID DEVICE [PATTERN]
	[ "$(seen "$@")" -gt 0 ]
}

# A vnode has its own address outside, and root's bridge has learned its port.
is_seen_outside() { # ID
	local mac address status=0

	mac=$(mac_of "$1")
	sniffs 0 eth0 icmp || return 1
	reaches "$1" "$OUTSIDE" || status=1
	wait_for 5 has_seen 0 eth0 'echo reply' || status=1
	sniffers_end
	cat /tmp/seen.eth0
	bridge fdb show br br0
	address=$(cat "/tmp/address.$1")
	[ "$status" -eq 0 ] &&
		grep -q "$mac > .*: $address > $OUTSIDE: ICMP echo request" /tmp/seen.eth0 &&
		grep -q "> $mac.*: $OUTSIDE > $address: ICMP echo reply" /tmp/seen.eth0 &&
		bridge fdb show br br0 | grep "^$mac " | grep -q 'dev vnet0'
}

# A broadcast of vnode 1 is seen once on each device, also on its own.
broadcasts_once() {
	local at status=0

	for at in '0 vnet0' '0 br0' '0 eth0' '1 vnet0' '2 vnet0'; do
		# shellcheck disable=SC2086 # words
		sniffs $at udp dst port 7999 || return 1
	done
	inside 1 "echo | nc.openbsd -u -b -w 1 10.0.2.255 7999"
	for at in '0 vnet0' '0 br0' '0 eth0' '1 vnet0' '2 vnet0'; do
		# shellcheck disable=SC2086 # words
		wait_for 5 has_seen $at || status=1
	done
	# whatever was behind it has come, too
	reaches 1 "$OUTSIDE" && reaches 2 "$(cat /tmp/address.1)" || status=1
	sniffers_end
	for at in '0 vnet0' '0 br0' '0 eth0' '1 vnet0' '2 vnet0'; do
		# shellcheck disable=SC2086 # words
		echo "$at: $(seen $at)"
		inside "${at% *}" cat "/tmp/seen.${at#* }"
		# shellcheck disable=SC2086 # words
		[ "$(seen $at)" -eq 1 ] || status=1
	done
	return "$status"
}

# Frames outside have root's addresses only.
is_hidden() { # ID
	local root status=0

	root=$(address_of 0 eth0)
	sniffs 0 eth0 icmp || return 1
	reaches "$1" "$OUTSIDE" || status=1
	wait_for 5 has_seen 0 eth0 'echo reply' || status=1
	sniffers_end
	cat /tmp/seen.eth0
	[ "$status" -eq 0 ] && grep -q ": $root > $OUTSIDE: ICMP echo request" /tmp/seen.eth0 &&
		! grep -q ' 10\.1\.0\.' /tmp/seen.eth0
}

# Without NAT, hosts outside do not answer to the private address.
is_lost_without_nat() {
	nft list ruleset > /tmp/rules && nft delete table ip vnodes && not ping_once 1 "$OUTSIDE" &&
		nft -f /tmp/rules && reaches 1 "$OUTSIDE"
}

# ---- a vnode ends ----

is_known() { # ID
	ip neigh show "$(cat "/tmp/address.$1")" | grep 'REACHABLE\|STALE\|DELAY\|PROBE'
}

# Root forgets a vnode that ends at once; it gets the same address after its restart.
comes_again() { # ID RESTARTS PREFIX HEADING N
	cp "/tmp/address.$1" "/tmp/before.$1"
	reaches 0 "$(cat "/tmp/address.$1")" && is_known "$1" || return 1
	end_by "$1" adeos-test panic
	wait_for 10 eval "not state_is $1 running" && wait_for 2 not is_known "$1" || return 1
	wait_for 90 restarts_are "$1" "$2" && answers "$1" && has_script "$1" &&
		gets_address "$1" "$3" "$4" "$5" && cmp "/tmp/address.$1" "/tmp/before.$1" &&
		reaches "$1" "$OUTSIDE" && echoes "$1"
}

# Removes the bridge, then all addresses.
bridge_is_gone() {
	ip link del br0 && ping_once 1 "$(cat /tmp/address.2)" && not ping_once 1 "$OUTSIDE" || return 1
	killall udhcpc && inside 1 "killall udhcpc; ip addr flush dev vnet0" &&
		inside 2 "killall udhcpc; ip addr flush dev vnet0" && ip link set vnet0 down
}

all_reach_each_other() { # ADDRESS: root's
	reaches 1 "$(cat /tmp/address.2)" && reaches 2 "$(cat /tmp/address.1)" &&
		reaches 0 "$(cat /tmp/address.1)" && reaches 2 "$1"
}

card_has_address() {
	udhcpc -n -i eth0 -s /etc/udhcpc.script && reaches 0 "$OUTSIDE"
}

all_end() {
	killall udhcpd udhcpc
	nft delete table ip vnodes && stop_all 1 2 && rmmod vnic
}

BRIDGE='### By a bridge'
ROUTER='### By routing, with NAT'

plan 37
remember_root
remember_adeos
net_initrd
# so that vnic is found by its name
depmod || bail "no modules"
check "root has a network card" has_card
check "root has the script" has_script 0
log_begin
check "bridge: root's commands" by_manual 0 "$BRIDGE" 1
check "root has an address" eval 'address_of 0 br0 | grep "^10\.0\.2\."'
check "root reaches the outside" reaches 0 "$OUTSIDE"
for id in 1 2; do
	check "vnode $id comes" comes $id
	check "it has the script" has_script $id
	check "it gets an address from the outside" gets_address $id 10.0.2 "$BRIDGE" 2
	check "it reaches the outside" reaches $id "$OUTSIDE"
	check "bytes go there and come back" echoes $id
	check "it is seen there as itself" is_seen_outside $id
done
check "all addresses differ" addresses_differ "$(address_of 0 br0)" "$(cat /tmp/address.1)" \
	"$(cat /tmp/address.2)"
check "they reach each other, and root" all_reach_each_other "$(address_of 0 br0)"
check "a broadcast is everywhere once" broadcasts_once
check "vnode 2 panics and comes again, with the address it had" comes_again 2 1 10.0.2 "$BRIDGE" 2
check "bytes of vnode 1 go there and come back" echoes 1
check "without the bridge there is no outside" bridge_is_gone
check "root's card has an address" card_has_address
check "router: root's commands" by_manual 0 "$ROUTER" 1
for id in 1 2; do
	check "vnode $id gets an address from root" gets_address $id 10.1.0 "$ROUTER" 2
	check "it reaches the outside" is_hidden $id
	check "bytes go there and come back" echoes $id
done
check "they reach each other, and root" all_reach_each_other 10.1.0.1
check "without NAT there is no outside" is_lost_without_nat
check "vnode 2 panics and comes again, with the address it had" comes_again 2 2 10.1.0 "$ROUTER" 2
check "they stop, and the module goes" all_end
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
