# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests of a vnic's offloads and XDP programs share, beside lib/vnic.sh.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnic.sh
. /selftests/lib/vnic.sh

DATAGRAMS=/usr/local/bin/datagrams
# selftests/bpf/xdp.c, and what is said there
PROGRAMS=/usr/local/bin/xdp.o
PORT=7777

# Vnodes have the programs of this test, too.
device_initrd() {
	net_initrd && (cd / && printf '%s\n' usr usr/local usr/local/bin "${DATAGRAMS#/}" "${PROGRAMS#/}" |
		cpio -o -H newc) >> /tmp/initrd-net.img
}

# ---- datagrams ----

hears() { # PLACE
	inside "$1" cat /proc/net/udp6 | grep -q ":$(printf %04X "$PORT") "
}

# All come, as they were sent; what is said of them is in /tmp/received.
arrive() { # FROM TO ADDRESS SIZE NUMBER [TOGETHER [whole]]
	local pid status=0

	inside "$2" "$DATAGRAMS receive $PORT $4 $5 ${7:-} 2>&1" > /tmp/received &
	pid=$!
	wait_for 10 hears "$2" && inside "$1" "$DATAGRAMS send $3 $PORT $4 $5 ${6:-}" || status=1
	wait "$pid" || status=1
	cat /tmp/received
	[ "$status" -eq 0 ]
}

counter_grows() { # ID NAME MIN MAX COMMAND...
	local id="$1" name="$2" min="$3" max="$4" before grown

	shift 4
	before=$(net_counter "$id" "$name")
	"$@" || return 1
	grown=$(($(net_counter "$id" "$name") - before))
	echo "$name of $id: $grown more, wanted $min to $max"
	[ "$grown" -ge "$min" ] && [ "$grown" -le "$max" ]
}

# UDP GSO: 1000 datagrams in 25 frames, for IPv4 and IPv6; other frames are few. They come
# out in one piece for who wants that.
goes_whole() { # FROM TO
	local to

	for to in "$(address "$2")" "$(address6 "$2")"; do
		counter_grows "$1" tx_packets 25 40 arrive "$1" "$2" "$to" 1400 1000 40 || return 1
		arrive "$1" "$2" "$to" 1400 400 40 whole && grep -q ' 56000 bytes at once' /tmp/received || return 1
	done
}

# ---- XDP ----

# Instead of the one that is there, if there is one.
xdp() { # ID SECTION
	inside "$1" ip -force link set dev vnet0 xdpdrv obj "$PROGRAMS" sec "$2"
}

no_xdp() { # ID
	inside "$1" ip link set dev vnet0 xdpdrv off
}

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
