# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests of networks share, beside lib/adeos.sh: programs for networks, run in root,
# in its network namespaces and in vnodes. The machine has them by -n of selftests/vm.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

# for one command in a vnode
NET_S=60
IPERF_PORT=5201

# Whatever is in PATH, busybox's shell runs an applet of its own if there is one: to it
# these are functions. COMMAND of inside knows them, other shells have to be told.
# shellcheck disable=SC2016 # for a shell
NET_PROGRAMS='ip() { /sbin/ip "$@"; }; tc() { /sbin/tc "$@"; }'
eval "$NET_PROGRAMS"

# Vnodes started from then on have the programs and the modules.
net_initrd() {
	[ -e /tmp/initrd-net.img ] ||
		cat /boot/initrd-vnode.img /boot/net.cpio > /tmp/initrd-net.img || return
	INITRD=/tmp/initrd-net.img
}

# A place is root (0), a vnode (its ID) or a network namespace of root (its name).
# COMMAND is the shell's there.
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

# For whoever comes, until it is killed: its pid is in /tmp/iperf.PLACE of its kernel.
iperf_server() { # PLACE
	inside "$1" iperf3 -s -D -p "$IPERF_PORT" -I "/tmp/iperf.$1" &&
		wait_for 20 listens "$1" "$IPERF_PORT"
}

# One number of the report: NAME in the last object OBJECT.
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

# Who loses frames on purpose has to allow for more.
IPERF_STALL=2
# In halves of a second: the longest time that nothing was sent.
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

# Bytes arrive over TCP, and never was there a second in which none were sent. What is
# sent is what the socket takes: it stops when nothing is acknowledged.
iperf() { # PLACE ADDRESS [ARG...]
	local received stall

	iperf_run "$@" || return 1
	received=$(iperf_value sum_received bytes)
	stall=$(iperf_stall)
	echo "$received bytes received, $(iperf_value sum_received bits_per_second) bits/s, longest stall: $stall halves of a second"
	[ "$received" -gt 0 ] && [ "$stall" != none ] && [ "$stall" -lt "$IPERF_STALL" ]
}

# Datagrams arrive, and of a hundred no more than PERCENT do not.
udp_loss() { # PERCENT PLACE ADDRESS [ARG...]
	local percent="$1" packets lost

	shift
	iperf_run "$@" -u || return 1
	packets=$(iperf_value sum packets)
	lost=$(iperf_value sum lost_packets)
	echo "$lost of $packets datagrams lost, $percent % are no fault"
	[ "$packets" -gt 0 ] && [ "$lost" -lt "$packets" ] &&
		[ $((lost * 100)) -le $((packets * percent)) ]
}
