# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests of a vnic's offloads and XDP programs share, beside vnic-lib.sh.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/vnic-lib.sh
. /selftests/vnic-lib.sh

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

# ---- XDP ----

# Instead of the one that is there, if there is one.
xdp() { # ID SECTION
	inside "$1" ip -force link set dev vnet0 xdpdrv obj "$PROGRAMS" sec "$2"
}

no_xdp() { # ID
	inside "$1" ip link set dev vnet0 xdpdrv off
}
