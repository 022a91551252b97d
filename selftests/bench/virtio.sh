#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# virtio.sh server | client ROUNDS: runs in each of two machines that a virtio-net device
# connects. The client prints "FIGURE.virtio VALUE...", a line for each round.

set -eu
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh
# shellcheck source=selftests/bench/net-speed.sh
. /bench/net-speed.sh

DONE_PORT=7001

client_of() { echo 0; }
server_of() { echo server; }
address_of() { echo 10.8.0.2; }
device_of() { echo eth0; }
pinned() { :; }
# the other machine's counters cannot be read
kernels_of() { :; }

# Frames to a client with a smaller MTU are smaller, too.
set_mtu() { # KIND MTU
	ip link set eth0 mtu "$2"
}

configure() { # ADDRESS
	load_net 0 virtio_net
	wait_for 10 test -d /sys/class/net/eth0
	ip addr add "$1/24" dev eth0
	ip link set eth0 up mtu 65521
}

case $1 in
server)
	configure 10.8.0.2
	serve 0
	nc.openbsd -l $DONE_PORT
	;;
client)
	configure 10.8.0.1
	wait_for 60 ping -c 1 -W 1 10.8.0.2 > /dev/null
	measure virtio "$2"
	for file in /tmp/*.virtio; do
		sed "s|^|$(basename "$file") |" "$file"
	done
	echo over | nc.openbsd -N 10.8.0.2 $DONE_PORT
	;;
esac
