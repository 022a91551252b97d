#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 2400
#
# [MINUTES [DOWNS [MIB]]]: vnode 2 ends again and again in the middle of traffic, in all
# ways, while vnode 1 and root talk and never stop; devices go down and up; many bytes
# arrive as they were sent. In the end nothing is lost.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

minutes=${1:-2}
downs=${2:-500}
mib=${3:-64}
# leaves some time for a kernel that boots
TALK='-b 30M'

# ---- vnode 2 ends ----

way() { # N
	case $(($1 % 6)) in
	0) echo stop ;;
	1) echo adeos-test panic ;;
	2) echo reload ;;
	3) echo reboot -f ;;
	4) echo adeos-test spinall ;;
	5) echo 'echo b > /proc/sysrq-trigger' ;;
	esac
}

# Sends datagrams from now on, whether TO is there or not. The program sleeps in between,
# which leaves a kernel that boots more of the CPUs than sockperf does.
floods() { # FROM TO...
	local from="$1" to

	shift
	for to; do
		inside "$from" "setsid $DATAGRAMS flood $(address "$to") 9 1400 500 > /dev/null 2>&1 &" || return 1
	done
}

# A vnode that has just started does not flood yet.
vnode_2_floods() {
	inside 2 pidof datagrams || floods 2 0 1
}

all_are_quiet() {
	local id

	for id in 0 1 2; do
		inside "$id" "killall datagrams" || return 1
	done
}

sends() { # ID: to the network
	local before

	before=$(inside "$1" cat /sys/class/net/vnet0/statistics/tx_packets)
	usleep 100000
	[ $(($(inside "$1" cat /sys/class/net/vnet0/statistics/tx_packets) - before)) -gt 20 ]
}

is_forgotten() { # ID: root does not take it for reachable
	! neighbour_is 'REACHABLE\|STALE\|DELAY\|PROBE' "$1"
}

is_known() { # ID
	not is_forgotten "$1"
}

was_forgotten() {
	wait_for 1 is_forgotten 2 || { ip neigh show dev vnet0; return 1; }
}

ends_by_itself() { # COMMAND
	local restarts

	restarts=$(field 2 restarts)
	end_by 2 "$1"
	wait_for 10 not runs 2 || return 1
	was_forgotten && wait_for 90 restarts_are 2 $((restarts + 1)) && answers 2
}

is_stopped() {
	vnode-ctl stop 2 && was_forgotten && stop 2 && start_again 2 && wait_for 90 runs 2 && answers 2
}

reloads() {
	inside 2 rmmod vnic && wait_for 10 members_are 0 2 && was_forgotten &&
		inside 2 "insmod /lib/modules/\$(uname -r)/vnic.ko"
}

is_busy() {
	vnode_2_floods && wait_for 10 sends 2 && wait_for 10 is_known 2
}

# The flood pushes a ping out of the queue of packets that wait for ARP: do not wait long for
# its answer.
is_back() {
	configure 2 && wait_for 10 members_are 0 3 && wait_for 15 pings 0 2 1 && wait_for 15 pings 2 1 1
}

# Datagrams go both ways when the vnode ends, pings afterwards. Each way to end has its turn,
# however few fit into a minute.
ends_and_is_back() {
	local way

	way=$(way "$done")
	is_busy || { echo "no traffic before $way"; return 1; }
	case $way in
	stop) is_stopped ;;
	reload) reloads ;;
	*) ends_by_itself "$way" ;;
	esac || { echo "it failed: $way"; show_log 2; return 1; }
	is_back || { echo "not back: $way"; return 1; }
	done=$((done + 1))
}

# ---- devices go down and up ----

ups_and_downs() { # ID
	inside "$1" "i=0; while [ \$i -lt $downs ]; do
		echo link set vnet0 down; echo link set vnet0 up; i=\$((i + 1)); done > /tmp/downs; ip -batch /tmp/downs"
}

# IPv6 addresses go when a device goes down.
goes_down_often() { # ID
	local status=0

	(NET_S=$((60 + downs)); ups_and_downs "$1") || status=1
	inside "$1" "ip addr add $(address6 "$1")/64 dev vnet0 nodad" || status=1
	return "$status"
}

carries_mib() { # FROM TO
	random_mib "$1" && (NET_S=$((60 + mib)); carries_file "$1" "$2" "$mib")
}

not_stopped() { # ID: it has room again for who sends
	iperf "$1" "$(address 2)" -t 2 -P 4
}

plan $((minutes + 28))
log_begin
remember_root
remember_adeos
check "vnodes will have the programs" device_initrd
check "root is on the network" joins 0
check "vnode 1 comes" up_on_net 1 1
check "vnode 2 comes" eval 'up 2 2 320M --append=vnode.modules=vnic,adeos-test --restart=on-failure && configure 2'
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "root and vnode 1 send to vnode 2, all the time" eval 'floods 0 2 && floods 1 2'
done=0 minute=0
while [ $minute -lt "$minutes" ]; do
	minute=$((minute + 1))
	check "minute $minute: vnode 2 ends and comes again, vnode 1 talks on" talks_on_for 60 repeat_while_talking ends_and_is_back
	say "$done times so far"
	[ $minute -gt 1 ] || take_all_stock /tmp/first
	[ "$failures" -lt 3 ] || bail "enough"
done
take_all_stock /tmp/last
paste -d ' ' /tmp/first /tmp/last | sed 's/^/# first and last: /'
check "it was often enough" test "$done" -ge $((minutes * 3))
check "as many bridges" test "$(grew_by bridges)" -eq 0
check "as much free in their pool" test "$(grew_by pool)" -eq 0
check "as many portals" test "$(grew_by portals)" -eq 0
check "as many members" test "$(grew_by members)" -eq 0
check "Slab has not grown, but for some noise" test "$(grew_by slab)" -lt 4096
check "vmalloc neither" test "$(grew_by vmalloc)" -lt 512
check "no less memory is available, but for some noise" test "$(grew_by available)" -gt -16384
check "all ping all" all_ping 0 1 2
check "vnode 2 sends, too, and is a server" eval 'vnode_2_floods && iperf_server 2'
check "so do root and vnode 1 to each other" eval 'floods 0 1 && floods 1 0'
check "root goes $downs times down and up under traffic" goes_down_often 0
check "vnode 1 as well" goes_down_often 1
check "all are quiet again" all_are_quiet
check "all ping all" all_ping 0 1 2
check "root has room to send" not_stopped 0
check "so has vnode 1" not_stopped 1
check "$mib MiB arrive as they were sent, vnode 1 to root" carries_mib 1 0
check "nothing bad was seen" no_bad 0 1 2
check "they stop, and the module goes" eval 'stop_all 1 2 && rmmod vnic'
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
