#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine: vnic between root and a vnode, and between two vnodes, compared with
# veth between two network namespaces of root, client on CPU 0 or 1, server on the next
# one, and with the figures that virtio.sh has just measured. Only the ratios are
# meaningful.

set -eu
rounds=${1:-3}
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh
# shellcheck source=selftests/bench/table.sh
. /bench/table.sh
# shellcheck source=selftests/bench/net-speed.sh
. /bench/net-speed.sh

# Kinds: veth between the namespaces near and far, vnic of root, vnic of two vnodes.
client_of() { # KIND
	case $1 in veth) echo near ;; root) echo 0 ;; vnodes) echo 1 ;; esac
}

server_of() { # KIND
	case $1 in veth) echo far ;; root) echo 1 ;; vnodes) echo 2 ;; esac
}

address_of() { # PLACE
	case $1 in near) echo 10.9.0.1 ;; far) echo 10.9.0.2 ;; *) address "$1" ;; esac
}

device_of() { # PLACE
	case $1 in near) echo veth0 ;; far) echo veth1 ;; *) echo vnet0 ;; esac
}

kernels_of() { # KIND
	case $1 in veth) echo 0 ;; root) echo 0 1 ;; vnodes) echo 1 2 ;; esac
}

# Programs in root are pinned to a CPU each; a vnode has one CPU.
pinned() { # PLACE
	case $1 in near | 0) echo taskset 1 ;; far) echo taskset 2 ;; esac
}

set_mtu() { # KIND MTU
	local place

	for place in $(client_of "$1") $(server_of "$1"); do
		inside "$place" ip link set "$(device_of "$place")" mtu "$2"
	done
}

make_veth() {
	load_net 0 veth
	ip netns add near
	ip netns add far
	ip link add veth0 netns near type veth peer name veth1 netns far
	for place in near far; do
		inside "$place" "ip addr add $(address_of "$place")/24 dev $(device_of "$place")
			ip link set $(device_of "$place") up; ip link set lo up"
	done
}

# ---- the table ----

value() { # FIGURE COLUMN KIND
	[ ! -e "/tmp/$1.$3" ] || awk -v n="$2" 'NF >= n { print $n }' "/tmp/$1.$3" | middle
}

line() { # WHAT UNIT VETH VIRTIO ROOT VNODES GOAL...
	printf '%-28s %-5s %8s %8s %8s %8s %9s %9s %9s  %s\n' "$1" "$2" "${3:--}" "${4:--}" "$5" "$6" \
		"$(ratio "$5" "$3")" "$(ratio "$6" "$3")" "$(ratio "$6" "${4:-0}")" "${7:-}"
}

show() { # FIGURE COLUMN WHAT UNIT GOAL
	line "$3" "$4" "$(value "$1" "$2" veth)" "$(value "$1" "$2" virtio)" "$(value "$1" "$2" root)" \
		"$(value "$1" "$2" vnodes)" "${5:-}"
}

# Once more with threaded NAPI, whose thread shares its CPU fairly with the program.
measure_threaded() { # KIND ROUNDS
	local server threaded n=0

	server=$(server_of "$1")
	threaded=/sys/class/net/$(device_of "$server")/threaded
	inside "$server" "echo 1 > $threaded"
	while [ $n -lt "$2" ]; do
		n=$((n + 1))
		datagrams "$1" >> "/tmp/threaded.$1"
	done
	inside "$server" "echo 0 > $threaded"
}

# The output of virtio.sh: "FIGURE.virtio VALUE..."
take_virtio() {
	local figure values

	while read -r figure values; do
		echo "$values" >> "/tmp/$figure"
	done < /bench/virtio
}

make_veth
serve far
measure veth "$rounds"
net_initrd
quietly insmod "$VNIC"
configure 0
quietly up_on_net 1 1
quietly up_on_net 2 2
serve 1
measure root "$rounds"
measure_threaded root "$rounds"
serve 2
measure vnodes "$rounds"
measure_threaded vnodes "$rounds"
[ ! -e /bench/virtio ] || take_virtio
# to be compared with
cp /tmp/datagrams.veth /tmp/threaded.veth
[ ! -e /tmp/datagrams.virtio ] || cp /tmp/datagrams.virtio /tmp/threaded.virtio

printf '\nNetworks: client and server on a CPU each, medians of %s rounds\n\n' "$rounds"
printf '%-28s %-5s %8s %8s %8s %8s %9s %9s %9s  %s\n' what '' veth virtio root vnodes root/veth vnodes/ve vnodes/vi 'goal, to veth and to virtio'
for mtu in 1500 9000 65521; do
	for streams in 1 4; do
		show "tcp.$mtu.$streams" 1 "TCP, MTU $mtu, x $streams" Gb/s '1 or more, 3 or more'
	done
done
show datagrams 1 'datagrams of 64 bytes' k/s '1 or more, 3 or more'
show threaded 1 'vnic with threaded NAPI' k/s '1 or more, 3 or more'
show latency 1 'latency, median' us '1 or less, 0.33 or less'
show latency 2 'latency, 99 %' us '1 or less, 0.33 or less'
show latency 3 'latency, 99.9 %' us '1 or less, 0.33 or less'
for mtu in 1500 9000 65521; do
	show "tcp.$mtu.1" 2 "CPU time, MTU $mtu" s/GiB
done
line 'memcpy(), the same machine' s/GiB "$(memcpy 65536 | awk '{ print $1 * 16 / 1000 }')" '' '' ''
