#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300 -f adeos-lite/fault.h:/selftests/fault.h
#
# [POINT...]: a vnode dies at some steps of the protocol. long/faults has all of them.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/faults.sh
. /selftests/lib/faults.sh

[ $# -gt 0 ] || set -- ADMITTED MSG_WRITTEN BRIDGE_CREATED
plan $(($# + 7))
faults_begin
for point; do
	check_fault "$point"
done
faults_end
