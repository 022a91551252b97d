# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests of vnic share, beside lib/net.sh: kernels on the network vnet0, vnode ID
# with the addresses 10.1.0.(ID + 1) and fd01::(ID + 1).

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

# shellcheck disable=SC2034 # for those who read this
VNIC=/lib/modules/$(uname -r)/vnic.ko

address() { # ID
	echo "10.1.0.$(($1 + 1))"
}

address6() { # ID
	echo "fd01::$(($1 + 1))"
}

configure() { # ID
	inside "$1" "ip addr add $(address "$1")/24 dev vnet0 && ip addr add $(address6 "$1")/64 dev vnet0 nodad &&
		ip link set vnet0 up && ip link set lo up"
}

# Root itself.
joins() { # 0
	insmod "$VNIC" && configure "$1"
}

# With a device on vnet0.
up_on_net() { # ID CPUS [OPTION...]
	local id="$1" cpus="$2"

	shift 2
	up "$id" "$cpus" 320M --append=vnode.modules=vnic,adeos-test "$@" && configure "$id"
}

carrier() { # ID: of vnet0, 1 or 0
	inside "$1" cat /sys/class/net/vnet0/carrier
}

carrier_is() { # ID VALUE
	[ "$(carrier "$1")" = "$2" ]
}

ping_once() { # FROM ADDRESS [SECONDS]
	inside "$1" "ping -c 1 -W ${3:-5} $2"
}

pings() { # FROM TO [SECONDS]: over IPv4 and IPv6
	ping_once "$1" "$(address "$2")" "${3:-}" && ping_once "$1" "$(address6 "$2")" "${3:-}"
}

all_ping() { # ID...
	local from to

	for from; do
		for to; do
			[ "$from" = "$to" ] || pings "$from" "$to" || { echo "$from does not reach $to"; return 1; }
		done
	done
}

members_are() { # ID N: as seen by ID
	[ "$(inside "$1" cat /sys/class/net/vnet0/vnic/members | wc -l)" -eq "$2" ]
}

all_see_all() { # ID...
	local id

	for id; do
		wait_for 5 members_are "$id" $# || return 1
	done
}

# The sum over its queues of what ethtool -S calls so.
net_counter() { # ID NAME, as in tx_stalled
	inside "$1" ethtool -S vnet0 |
		awk -v name="$2" '{ sub(/[0-9]+/, "", $1); if ($1 == name ":") sum += $2 } END { print sum + 0 }'
}

# Nobody has written nonsense.
no_bad() { # ID...
	local id name

	for id; do
		for name in rx_bad tx_bad rx_length_errors; do
			[ "$(net_counter "$id" "$name")" = 0 ] || { inside "$id" ethtool -S vnet0; return 1; }
		done
	done
}

# Root and vnode 1, 10.7.0.1 and 10.7.0.2, have VLAN 7 on vnet0.
vlan_begins() {
	local id

	for id in 0 1; do
		load_net "$id" 8021q && inside "$id" "ip link add link vnet0 name vnet0.7 type vlan id 7 &&
			ip addr add 10.7.0.$((id + 1))/24 dev vnet0.7 && ip link set vnet0.7 up" || return 1
	done
}

# ---- bytes ----

random_mib() { # ID
	inside "$1" "head -c 1048576 /dev/urandom > /tmp/mib && mkfifo /tmp/sent-fifo"
}

# Bytes that went over the network are the bytes that were sent.
carries_file() { # FROM TO MIB
	local sum

	inside "$2" "nc.openbsd -l 7000 | sha256sum > /tmp/sum" &
	wait_for 20 listens "$2" 7000 || return 1
	sum=$(inside "$1" "i=0; while [ \$i -lt $3 ]; do cat /tmp/mib; i=\$((i + 1)); done |
		tee /tmp/sent-fifo | nc.openbsd -N $(address "$2") 7000 & sha256sum < /tmp/sent-fifo; wait")
	wait $!
	echo "sent $sum, come $(inside "$2" cat /tmp/sum)"
	[ -n "$sum" ] && [ "$sum" = "$(inside "$2" cat /tmp/sum)" ]
}

# ---- what happens meanwhile ----

neighbour_is() { # STATE ID: of vnode ID, as root knows it
	ip neigh show "$(address "$2")" dev vnet0 | grep -q "$1"
}

# Between a vnode and root there is a TCP connection with data.
talking() {
	[ "$(awk '$2 ~ /:1451$/ && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l)" -ge 2 ]
}

# What happens to others does not stop vnode 1's talk with root, for no second.
talks_on_while() { # COMMAND...
	talks_on_for 12 "$@"
}

# As fast as it can, or as TALK says: more arguments of iperf3.
TALK=''
talks_on_for() { # SECONDS COMMAND...
	local seconds="$1" pid status=0

	shift
	rm -f /tmp/talk.over
	iperf_server 0 || return 1
	(
		NET_S=$((seconds + 60))
		# shellcheck disable=SC2086 # words
		iperf 1 "${TALK_TO:-$(address 0)}" -t "$seconds" $TALK || status=1
		touch /tmp/talk.over
		exit "$status"
	) > /tmp/talk.out 2>&1 &
	pid=$!
	wait_for 20 talking || return 1
	"$@" || status=1
	wait "$pid" || status=1
	cat /tmp/talk.out
	kill "$(cat /tmp/iperf.0)"
	wait_for 5 not listens 0 "$IPERF_PORT" || status=1
	return $status
}

talk_is_over() {
	[ -e /tmp/talk.over ]
}

# How often something was done, while they talked.
again_and_again() { # COMMAND...: with a number, from 1 on
	local n=0

	while ! talk_is_over; do
		n=$((n + 1))
		"$@" $n || { echo "the $n. time"; return 1; }
	done
	echo "$n times"
	[ "$n" -gt 0 ]
}
