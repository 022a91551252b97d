# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of networks, beside adeos.sh: programs for networks in root, in its network
# namespaces and in vnodes (selftests/vm -n brings them); and kernels on the network vnet0,
# root and vnode ID with the addresses 10.1.0.(ID + 1) and fd01::(ID + 1).

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2034 # start uses INITRD, tests use VNIC

# Seconds that a command in a vnode may take.
NET_S=60
IPERF_PORT=5201

# busybox's shell prefers its own applets to what is in PATH, so ip and tc are functions.
# COMMAND of inside has them; another shell must evaluate NET_PROGRAMS.
# shellcheck disable=SC2016 # for a shell
NET_PROGRAMS='ip() { /sbin/ip "$@"; }; tc() { /sbin/tc "$@"; }'
eval "$NET_PROGRAMS"

# Vnodes that are started later have the programs and the modules.
net_initrd() {
	[ -e /tmp/initrd-net.img ] ||
		cat /boot/initrd-vnode.img /boot/net.cpio > /tmp/initrd-net.img || return
	INITRD=/tmp/initrd-net.img
}

# A place is root (0), a vnode (its ID) or a network namespace of root (its name). Its
# shell runs COMMAND.
inside() { # PLACE COMMAND...
	local place="$1"

	shift
	case $place in
	0) sh -c "$NET_PROGRAMS; $*" ;;
	*[!0-9]*) ip netns exec "$place" sh -c "$NET_PROGRAMS; $*" ;;
	*) vsh -t "$NET_S" "$place" "$NET_PROGRAMS; $*" ;;
	esac
}

load_net() { # ID MODULE...
	local id="$1" module

	shift
	for module; do
		inside "$id" "modprobe $module && test -d /sys/module/$module" || return 1
	done
}

# ---- iperf3 ----

listens() { # PLACE PORT
	inside "$1" cat /proc/net/tcp /proc/net/tcp6 |
		awk -v port="$(printf ':%04X$' "$2")" '$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }'
}

# Serves any client until it is killed: its pid is in /tmp/iperf.PLACE of its kernel.
iperf_server() { # PLACE
	inside "$1" iperf3 -s -D -p "$IPERF_PORT" -I "/tmp/iperf.$1" &&
		wait_for 20 listens "$1" "$IPERF_PORT"
}

# A number of the report: NAME in the last object OBJECT.
iperf_value() { # OBJECT NAME
	awk -v object="\"$1\":" -v name="\"$2\":" '
		$1 == object { inside = 1 }
		inside && $1 == name { value = $2 + 0; inside = 0 }
		END { printf "%.0f\n", value }' /tmp/iperf.json
}

# The report is /tmp/iperf.json.
iperf_run() { # PLACE ADDRESS [ARG...]
	local place="$1" address="$2" status=0

	shift 2
	inside "$place" iperf3 -J -c "$address" -p "$IPERF_PORT" -i 0.5 "$@" > /tmp/iperf.json || status=$?
	grep '"error":' /tmp/iperf.json
	return $status
}

# Halves of a second; a test that loses frames on purpose allows for more.
IPERF_STALL=2
# The longest time that nothing was sent, in halves of a second.
iperf_stall() {
	awk '$1 == "\"sum\":" { inside = 1 }
		$1 == "\"end\":" && $2 == "{" { exit }
		inside && $1 == "\"bytes\":" {
			stall = $2 + 0 ? 0 : stall + 1
			if (stall > longest)
				longest = stall
			intervals++
			inside = 0
		}
		END { print intervals ? longest + 0 : "none" }' /tmp/iperf.json
}

# Bytes arrive over TCP, and bytes were sent in each second. "Sent" is what the socket
# takes: that stops when nothing is acknowledged.
iperf() { # PLACE ADDRESS [ARG...]
	local received stall

	iperf_run "$@" || return 1
	received=$(iperf_value sum_received bytes)
	stall=$(iperf_stall)
	echo "$received bytes received, $(iperf_value sum_received bits_per_second) bits/s, longest stall: $stall halves of a second"
	[ "$received" -gt 0 ] && [ "$stall" != none ] && [ "$stall" -lt "$IPERF_STALL" ]
}

# Datagrams arrive, and at most PERCENT of them are lost.
udp_loss() { # PERCENT PLACE ADDRESS [ARG...]
	local percent="$1" packets lost

	shift
	iperf_run "$@" -u || return 1
	packets=$(iperf_value sum packets)
	lost=$(iperf_value sum lost_packets)
	echo "$lost of $packets datagrams lost, $percent % are allowed"
	[ "$packets" -gt 0 ] && [ "$lost" -lt "$packets" ] &&
		[ $((lost * 100)) -le $((packets * percent)) ]
}

# ---- vnics ----

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

joins() { # 0: root, which loads the module
	insmod "$VNIC" && configure "$1"
}

# Starts a vnode with a device on vnet0.
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

members_are() { # ID N: ID sees N members of vnet0
	[ "$(inside "$1" cat /sys/class/net/vnet0/vnic/members | wc -l)" -eq "$2" ]
}

all_see_all() { # ID...
	local id

	for id; do
		wait_for 5 members_are "$id" $# || return 1
	done
}

# The sum over the queues, from ethtool -S.
net_counter() { # ID NAME: without a queue's number, as in tx_stalled
	inside "$1" ethtool -S vnet0 |
		awk -v name="$2" '{ sub(/[0-9]+/, "", $1); if ($1 == name ":") sum += $2 } END { print sum + 0 }'
}

# No member wrote a bad descriptor or length.
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

# MIB MiB go over TCP and arrive unchanged.
carries_file() { # FROM TO MIB
	local sum NET_S=300	# both ends count sums of all bytes

	inside "$2" "nc.openbsd -l 7000 | sha256sum > /tmp/sum" &
	wait_for 20 listens "$2" 7000 || return 1
	sum=$(inside "$1" "i=0; while [ \$i -lt $3 ]; do cat /tmp/mib; i=\$((i + 1)); done |
		tee /tmp/sent-fifo | nc.openbsd -N $(address "$2") 7000 & sha256sum < /tmp/sent-fifo; wait")
	wait $!
	echo "sent $sum, come $(inside "$2" cat /tmp/sum)"
	[ -n "$sum" ] && [ "$sum" = "$(inside "$2" cat /tmp/sum)" ]
}

# ---- traffic while something happens ----

neighbour_is() { # STATE ID: of vnode ID in root's table
	ip neigh show "$(address "$2")" dev vnet0 | grep -q "$1"
}

# A TCP connection of iperf3 between a vnode and root is established.
talking() {
	[ "$(awk '$2 ~ /:1451$/ && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l)" -ge 2 ]
}

# Vnode 1 sends to root while COMMAND runs, and never stalls.
talks_on_while() { # COMMAND...
	talks_on_for 12 "$@"
}

# More arguments of iperf3.
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

# Runs COMMAND with a number from 1 on, again and again until the talk is over.
repeat_while_talking() { # COMMAND...
	local n=0

	while ! talk_is_over; do
		n=$((n + 1))
		"$@" $n || { echo "the $n. time"; return 1; }
	done
	echo "$n times"
	[ "$n" -gt 0 ]
}

DATAGRAMS=/usr/local/bin/datagrams
# selftests/bpf/xdp.c, and the port that it knows
PROGRAMS=/usr/local/bin/xdp.o
PORT=7777

# As net_initrd, with DATAGRAMS and PROGRAMS.
device_initrd() {
	net_initrd && (cd / && printf '%s\n' usr usr/local usr/local/bin "${DATAGRAMS#/}" "${PROGRAMS#/}" |
		cpio -o -H newc) >> /tmp/initrd-net.img
}

# ---- datagrams ----

hears() { # PLACE
	inside "$1" cat /proc/net/udp6 | grep -q ":$(printf %04X "$PORT") "
}

# NUMBER datagrams of SIZE bytes arrive unchanged; /tmp/received has the receiver's report.
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
