#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 3 -m 2G -t 2400
#
# [TIMES]: failures in a row: root's kernel restarts the vnode each time, and nothing leaks.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

TIMES=${1:-21}

way() { # N
	case $(($1 % 7)) in
	0) echo 'adeos-test panic' ;;
	1) echo 'echo c > /proc/sysrq-trigger' ;;
	2) echo 'echo b > /proc/sysrq-trigger' ;;
	3) echo 'reboot -f' ;;
	4) echo 'adeos-test spin 1' ;;
	5) echo 'adeos-test spinall' ;;
	6) echo 'echo 2 > /proc/sys/vm/panic_on_oom; adeos-test oom' ;;
	esac
}

fails_and_comes_again() { # N
	at 1 bridge lost size=65536 && at 1 portal lost grant=all || return 1
	end_by 1 "$(way "$1")"
	wait_for 90 restarts_are 1 "$1" && answers 1 && at 1 ping 0 1 && at 0 ping 1 1
}

plan $((TIMES + 11))
remember_root
log_begin
remember_adeos
check "vnode 1" up 1 1-2 160M --restart=on-failure
n=0
while [ "$n" -lt "$TIMES" ]; do
	n=$((n + 1))
	check "$n: $(way $n)" fails_and_comes_again $n
	[ $n -gt 2 ] || take_all_stock /tmp/first
	[ "$failures" -lt 5 ] || bail "enough"
done
take_all_stock /tmp/last
paste -d ' ' /tmp/first /tmp/last | sed 's/^/# first and last: /'
check "as many bridges" test "$(grew_by bridges)" -eq 0
check "as much free in their pool" test "$(grew_by pool)" -eq 0
check "as many portals" test "$(grew_by portals)" -eq 0
check "as many members" test "$(grew_by members)" -eq 0
check "Slab has not grown, but for some noise" test "$(grew_by slab)" -lt 4096
check "vmalloc neither" test "$(grew_by vmalloc)" -lt 512
check "nor /proc/iomem" test "$(grew_by resources)" -eq 0
check "vnode 1 stops" stop 1
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
