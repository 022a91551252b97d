#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 600
#
# A directory of root's in two vnodes at once, with --fs=...,shared: what one kernel does
# the others see at once, and a lock of one is a lock of all.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

TURNS=200
LINES=200

# Each has written what the others read next, without a wait.
written_is_read() {
	local writer reader

	for writer in 0 1 2; do
		place "$writer" "echo from $writer > $TREE/word" || return
		for reader in 0 1 2; do
			[ "$(place "$reader" "cat $TREE/word")" = "from $writer" ] ||
				{ echo "$reader does not read what $writer wrote"; return 1; }
		done
	done
}

# A name is there, is another file, is gone: each time seen by a kernel that has just seen the old one.
names_follow() {
	place 1 "echo old > $TREE/a; echo new > $TREE/b" && [ "$(place 2 "cat $TREE/a")" = old ] &&
		place 1 "mv $TREE/b $TREE/a" && [ "$(place 2 "cat $TREE/a")" = new ] &&
		not place 2 "ls $TREE/b" && place 0 "rm $TREE/a" && not place 1 "ls $TREE/a" &&
		not place 2 "ls $TREE/a" && place 2 "mkdir $TREE/d" && place 1 "rmdir $TREE/d" &&
		not place 0 "ls -d $TREE/d"
}

# A file that grows and shrinks while it is open elsewhere
sizes_follow() {
	place 1 "head -c 100000 /dev/zero > $TREE/size" && [ "$(place 2 "stat -c %s $TREE/size")" = 100000 ] &&
		place 0 "truncate -s 5 $TREE/size" && [ "$(place 1 "stat -c %s $TREE/size; wc -c < $TREE/size" | tr '\n' ' ')" = '5 5 ' ]
}

appends() {
	rm -f "$TREE/log"
	everywhere "i=0; while [ \$i -lt $LINES ]; do echo \"\$me line \$i of many\" >> $TREE/log; i=\$((i + 1)); done" &&
		[ "$(grep -cE '^[012] line [0-9]+ of many$' "$TREE/log")" -eq $((3 * LINES)) ] &&
		[ "$(wc -l < "$TREE/log")" -eq $((3 * LINES)) ]
}

# Each increment holds the lock, for which all compete. Without it counts are lost.
counts() { # KIND
	printf %010d 0 > "$TREE/count"
	everywhere "$TREE/shared-file count $1 $TREE/count $TURNS" && echo "counted $(cat "$TREE/count")" &&
		[ "$(cat "$TREE/count")" -eq $((3 * TURNS)) ]
}

# A program that would wait for a lock is told that it cannot.
waiting_is_refused() {
	local kind

	for kind in flock posix; do
		not inside 1 "$TREE/shared-file wait $kind $TREE/count" > /tmp/err 2>&1 && cat /tmp/err &&
			grep -q 'not supported' /tmp/err || return
	done
}

# The lock of a vnode that dies is free.
locks_are_freed() {
	local kind

	for kind in flock posix; do
		inside 1 "($TREE/shared-file hold $kind $TREE/$kind > $TREE/$kind.held 2>&1 &)"
		wait_for 20 grep held "$TREE/$kind.held" && not inside 2 "$TREE/shared-file try $kind $TREE/$kind" &&
			not "$TREE/shared-file" try "$kind" "$TREE/$kind" || return
	done
	stop 1 && wait_for 20 inside 2 "$TREE/shared-file try flock $TREE/flock" &&
		wait_for 20 inside 2 "$TREE/shared-file try posix $TREE/posix"
}

plan 14
mkdir -p "$TREE" && cp /usr/local/bin/shared-file "$TREE/"
log_begin
remember_root
remember_adeos
check "vnode 1 mounts the directory" mounts_shared 1 2
check "vnode 2 as well" mounts_shared 2 3
check "what one has written all read" written_is_read
check "names follow" names_follow
check "sizes follow" sizes_follow
check "all append to one file, and no line is lost" appends
check "all count under one lock, of flock(), and no count is lost" counts flock
check "of fcntl()" counts posix
check "waiting for a lock in one call is refused" waiting_is_refused
check "the locks of a vnode that dies are free" locks_are_freed
check "the other vnode is well" is_well 2
check "it is returned" stop 2
check "everything is back" eval "is_left && root_is_back"
check "root's log is quiet" log_is_quiet
finish
