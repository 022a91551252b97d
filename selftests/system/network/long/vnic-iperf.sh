#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 900
#
# [SECONDS]: TCP and UDP, one stream and eight, both ways, between root and a vnode and
# between two vnodes, over IPv4 and IPv6, each for SECONDS.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

seconds=${1:-2}
# all CPUs of the machine wait for each other: a second is no stall
# shellcheck disable=SC2034,SC2031 # for iperf
IPERF_STALL=4

to_address() { # FAMILY ID
	case $1 in
	IPv4) address "$2" ;;
	IPv6) address6 "$2" ;;
	esac
}

# One way, or with -R the other one. Of datagrams, as many as are sure to go through.
carries() { # TCP|UDP FROM ADDRESS STREAMS [-R]
	local protocol="$1" from="$2" to="$3" streams="$4"

	shift 4
	case $protocol in
	TCP) iperf "$from" "$to" -t "$seconds" -P "$streams" "$@" ;;
	UDP) udp_loss 2 "$from" "$to" -t "$seconds" -P "$streams" -b $((8 / streams))M -l 1400 "$@" ;;
	esac
}

check_pair() { # FROM TO
	local from="$1" to="$2" family protocol streams

	for family in IPv4 IPv6; do
		for protocol in TCP UDP; do
			for streams in 1 8; do
				check "$from to $to: $protocol, $family, $streams streams" \
					carries $protocol "$from" "$(to_address $family "$to")" $streams
				check "$to to $from: $protocol, $family, $streams streams" \
					carries $protocol "$from" "$(to_address $family "$to")" $streams -R
			done
		done
	done
}

plan 42
log_begin
remember_root
remember_adeos
net_initrd
check "root is on the network" joins 0
check "vnode 1 comes" up_on_net 1 1
check "vnode 2 comes" up_on_net 2 2
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
for id in 1 2; do
	check "iperf3 serves in vnode $id" iperf_server $id
done
check_pair 0 1
check_pair 1 2
check "nothing bad was seen" no_bad 0 1 2
check "they stop, and the module goes" eval 'stop_all 1 2 && rmmod vnic'
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
