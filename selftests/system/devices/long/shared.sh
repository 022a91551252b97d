#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 3G -t 1200 -f build/debian/dbench-tree:/dbench
#
# [SECONDS]: dbench in three kernels at the same time, in one directory of root's. It ends at
# an operation that does not have the result that it expects. Afterwards all three kernels
# have the same files.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

RUN_S=${1:-10}
# The program in the directory that all have, with its own libraries
DBENCH="$TREE/dbench/lib64/ld-linux-x86-64.so.2 --library-path $TREE/dbench/lib/x86_64-linux-gnu:$TREE/dbench/usr/lib/x86_64-linux-gnu $TREE/dbench/usr/bin/dbench"

has_dbench() {
	mkdir -p "$TREE/work" && cp -r /dbench "$TREE/" && head -n 20000 /dbench/usr/share/dbench/client.txt > "$TREE/load"
}

all_work() {
	IO_S=$((RUN_S + 300))
	everywhere "mkdir $TREE/work/\$me && $DBENCH -c $TREE/load -D $TREE/work/\$me --skip-cleanup -t $RUN_S 2" > /tmp/dbench
	tail -n 30 /tmp/dbench
	[ "$(grep -c '^Throughput' /tmp/dbench)" -eq 3 ]
}

files_are_the_same() {
	local sum

	sum=$(place 0 "$(files)") && [ -n "$sum" ] && [ "$(place 1 "$(files)")" = "$sum" ] &&
		[ "$(place 2 "$(files)")" = "$sum" ] && [ "$(find "$TREE/work" -type f | wc -l)" -gt 100 ]
}

files() { # the command that shows them, in any kernel
	echo "cd $TREE/work && find . | sort | md5sum && find . -type f | sort | xargs md5sum | md5sum"
}

plan 8
log_begin
remember_root
remember_adeos
check "dbench" has_dbench
check "vnode 1 mounts the directory" mounts_shared 1 2
check "vnode 2 as well" mounts_shared 2 3
check "dbench works in three kernels" all_work
say "$(grep '^Throughput' /tmp/dbench)"
check "all have the same files" files_are_the_same
check "both vnodes are well" eval "is_well 1 && is_well 2"
check "they are returned, everything is back" eval "stop_all 1 2 && is_left && root_is_back"
check "root's log is quiet" log_is_quiet
finish
