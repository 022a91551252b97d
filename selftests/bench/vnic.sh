#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine: vnic between root and a vnode, and between two vnodes, beside
# veth between two network namespaces of root; client on CPU 0 or 1, server on the next
# one. All figures of one table come from one run; the ratios are what counts.

set -eu
rounds=${1:-3}
# shellcheck source=selftests/system/vnic-lib.sh
. /selftests/vnic-lib.sh
# shellcheck source=selftests/bench/table.sh
. /bench/table.sh

SECONDS_EACH=2

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

# Root's own are held to a CPU each; a vnode has but one.
pinned() { # PLACE
	case $1 in near | 0) echo taskset 1 ;; far) echo taskset 2 ;; esac
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

serve() { # PLACE
	inside "$1" "$(pinned "$1") iperf3 -s -D -p $IPERF_PORT -I /tmp/iperf.$1
		setsid $(pinned "$1") sockperf server --daemonize -p 11111 > /dev/null 2>&1 < /dev/null &"
	wait_for 20 listens "$1" "$IPERF_PORT"
}

set_mtu() { # KIND MTU
	for place in $(client_of "$1") $(server_of "$1"); do
		inside "$place" ip link set "$(device_of "$place")" mtu "$2"
	done
}

from_client() { # KIND COMMAND...
	local kind="$1" client

	shift
	client=$(client_of "$kind")
	inside "$client" "$(pinned "$client") $*"
}

# Gbit/s, of what arrives.
tcp() { # KIND STREAMS
	from_client "$1" iperf3 -J -c "$(address_of "$(server_of "$1")")" -p "$IPERF_PORT" -P "$2" \
		-t $SECONDS_EACH > /tmp/iperf.json
	iperf_value sum_received bits_per_second | awk '{ print $1 / 1e9 }'
}

# Thousands of datagrams of 64 bytes in a second, of those that arrive.
datagrams() { # KIND
	from_client "$1" iperf3 -J -c "$(address_of "$(server_of "$1")")" -p "$IPERF_PORT" -u -b 0 -l 64 \
		-t $SECONDS_EACH > /tmp/iperf.json
	awk -v n="$(iperf_value sum packets)" -v lost="$(iperf_value sum lost_packets)" \
		-v s=$SECONDS_EACH 'BEGIN { print (n - lost) / s / 1e3 }'
}

# One way, as sockperf halves it: "P50 P99 P99.9", us.
latency() { # KIND
	from_client "$1" sockperf ping-pong -i "$(address_of "$(server_of "$1")")" -p 11111 \
		-t $SECONDS_EACH > /tmp/sockperf.out 2>&1
	awk '/percentile 50.000/ { p50 = $NF } /percentile 99.000/ { p99 = $NF }
		/percentile 99.900/ { p999 = $NF } END { print p50, p99, p999 }' /tmp/sockperf.out
}

measure() { # KIND
	local kind="$1" mtu streams n=0

	serve "$(server_of "$kind")"
	while [ $n -lt "$rounds" ]; do
		n=$((n + 1))
		for mtu in 1500 9000 65521; do
			set_mtu "$kind" $mtu
			for streams in 1 4; do
				tcp "$kind" $streams >> "/tmp/tcp.$kind.$mtu.$streams"
			done
		done
		set_mtu "$kind" 1500
		datagrams "$kind" >> "/tmp/datagrams.$kind"
		latency "$kind" >> "/tmp/latency.$kind"
	done
}

show() { # FILE COLUMN WHAT UNIT GOAL
	local kind base value

	base=$(cut -d ' ' -f "$2" "/tmp/${1%%.*}.veth${1#"${1%%.*}"}" | middle)
	row "$3, veth" "$base" "$4"
	for kind in root vnodes; do
		value=$(cut -d ' ' -f "$2" "/tmp/${1%%.*}.$kind${1#"${1%%.*}"}" | middle)
		row "$3, vnic $kind" "$value" "$4" "$(ratio "$value" "$base")" "$5"
	done
}

make_veth
measure veth
net_initrd
quietly insmod "$VNIC"
configure 0
quietly up_on_net 1 1
quietly up_on_net 2 2
measure root
measure vnodes

heading "Networks: client and server on a CPU each, medians of $rounds rounds"
for mtu in 1500 9000 65521; do
	for streams in 1 4; do
		show "tcp.$mtu.$streams" 1 "TCP, MTU $mtu, streams: $streams" Gb/s "1 or more"
	done
done
show datagrams 1 "datagrams of 64 bytes" k/s "1 or more"
show latency 1 "latency, median" us "1 or less"
show latency 2 "latency, 99 %" us "1 or less"
show latency 3 "latency, 99.9 %" us "1 or less"
