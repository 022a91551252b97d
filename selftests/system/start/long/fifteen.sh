#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 16 -m 4G -t 420
#
# The largest number of vnodes for which memory below 640 KiB suffices: fifteen, of one CPU each.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

IDS=$(seq 1 15)
# several of them share a CPU of the host
UP_S=240

plan 35
remember_root
log_begin
check "root has 16 CPUs" test "$(cpus_online)" = 0-15
for id in $IDS; do
	check "vnode $id starts" start "$id" "$id" 128M
done
check "root has one CPU left" test "$(cpus_online)" = 0
for id in $IDS; do
	check "vnode $id comes up" comes_up "$id" 1
done

stop_all() {
	for id in $IDS; do
		stop "$id" || return 1
	done
}
check "all are stopped" stop_all
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
