# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Speed of networks, by iperf3 and sockperf. A script that sources this defines for each
# KIND client_of, server_of (places, see lib/net.sh), address_of and device_of (of a place),
# pinned (a prefix for commands there) and kernels_of (the kernels that take part). The
# figures are in /tmp/FIGURE.KIND, a line for each round.

SECONDS_EACH=2

serve() { # PLACE
	inside "$1" "$(pinned "$1") iperf3 -s -D -p $IPERF_PORT -I /tmp/iperf.$1
		setsid $(pinned "$1") sockperf server --daemonize -p 11111 > /dev/null 2>&1 < /dev/null &"
	wait_for 20 listens "$1" "$IPERF_PORT"
}

from_client() { # KIND COMMAND...
	local kind="$1" client

	shift
	client=$(client_of "$kind")
	inside "$client" "$(pinned "$client") $*"
}

# Busy seconds of its kernels, the sum of all CPUs.
busy() { # KIND
	local kernel

	for kernel in $(kernels_of "$1"); do
		inside "$kernel" head -n 1 /proc/stat
	done | awk '{ ticks += $2 + $3 + $4 + $7 + $8 } END { print ticks / 100 }'
}

# "GBIT CPU": Gbit/s that arrive; CPU seconds for each GiB, if known.
tcp() { # KIND STREAMS
	local before after

	before=$(busy "$1")
	from_client "$1" iperf3 -J -c "$(address_of "$(server_of "$1")")" -p "$IPERF_PORT" -P "$2" \
		-t $SECONDS_EACH > /tmp/iperf.json
	after=$(busy "$1")
	awk -v bits="$(iperf_value sum_received bits_per_second)" -v bytes="$(iperf_value sum_received bytes)" \
		-v cpu="$(awk -v a="$after" -v b="$before" 'BEGIN { print a - b }')" \
		'BEGIN { print bits / 1e9, bytes && cpu ? cpu / (bytes / 1073741824) : "" }'
}

# Thousands of datagrams of 64 bytes that arrive in a second.
datagrams() { # KIND
	from_client "$1" iperf3 -J -c "$(address_of "$(server_of "$1")")" -p "$IPERF_PORT" -u -b 0 -l 64 \
		-t $SECONDS_EACH > /tmp/iperf.json
	awk -v n="$(iperf_value sum packets)" -v lost="$(iperf_value sum lost_packets)" \
		-v s=$SECONDS_EACH 'BEGIN { print (n - lost) / s / 1e3 }'
}

# One way, which sockperf takes as half the round trip: "P50 P99 P99.9", us.
latency() { # KIND
	from_client "$1" sockperf ping-pong -i "$(address_of "$(server_of "$1")")" -p 11111 \
		-t $SECONDS_EACH > /tmp/sockperf.out 2>&1
	awk '/percentile 50.000/ { p50 = $NF } /percentile 99.000/ { p99 = $NF }
		/percentile 99.900/ { p999 = $NF } END { print p50, p99, p999 }' /tmp/sockperf.out
}

# Server and client must be up.
measure() { # KIND ROUNDS
	local kind="$1" mtu streams n=0

	while [ $n -lt "$2" ]; do
		n=$((n + 1))
		for mtu in 1500 9000 65521; do
			set_mtu "$kind" $mtu
			for streams in 1 4; do
				tcp "$kind" $streams >> "/tmp/tcp.$mtu.$streams.$kind"
			done
		done
		set_mtu "$kind" 1500
		datagrams "$kind" >> "/tmp/datagrams.$kind"
		latency "$kind" >> "/tmp/latency.$kind"
	done
}
