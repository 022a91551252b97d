#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 3 -m 4G -t 4000
#
# [MIB [PANICS]]: a disk of a vnode with much data both ways, and whatever can go wrong in
# the middle of it: its back end is killed or does nothing, the vnode panics, the image is
# truncated or may not be written, root has no space.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2016 # expanded in the vnode
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

MIB=${1:-64}
PANICS=${2:-5}
KILLS=3
IO_S=1200
# In a vnode: MiB of its own, each with its number
STREAM='stream() {
	i=0
	while [ $i -lt '"$MIB"' ]; do printf "%016d" $i; cat /tmp/rest; i=$((i + 1)); done
}'

begins() {
	start_with 1 1 --restart=on-failure --disk="$IMAGE"
}

# Root writes, the vnode reads.
reads_all() {
	local sum

	head -c $((MIB << 20)) /dev/urandom > "$IMAGE" && sum=$(md5sum < "$IMAGE") && begins &&
		[ "$(inside 1 'dd if=/dev/vda bs=1M iflag=direct 2> /dev/null | md5sum')" = "$sum" ]
}

# More than the vnode's memory holds
writes_all() {
	local sum

	sum=$(inside 1 "$STREAM
		head -c 1048560 /dev/urandom > /tmp/rest
		stream | dd of=/dev/vda bs=1M iflag=fullblock conv=fsync 2> /dev/null && stream | md5sum") &&
		[ "$(md5sum < "$IMAGE")" = "$sum" ]
}

# Writes without end, and reads; their errors go to /tmp/writer and /tmp/reader.
keeps_busy() {
	inside 1 'rm -f /tmp/writer /tmp/reader
		for i in writer reader; do
			(while case $i in
				writer) dd if=/dev/zero of=/dev/vda bs=1M count=64 oflag=direct 2> /tmp/$i.last ;;
				reader) dd if=/dev/vda of=/dev/null bs=1M count=64 iflag=direct 2> /tmp/$i.last ;;
				esac; do echo > /tmp/$i.turn; done; mv /tmp/$i.last /tmp/$i) > /dev/null 2>&1 &
		done'
	wait_for 60 inside 1 '[ -e /tmp/writer.turn ] && [ -e /tmp/reader.turn ]'
}

both_have_errors() {
	inside 1 'cat /tmp/writer /tmp/reader' > /tmp/errors
	cat /tmp/errors
	[ "$(grep -c 'I/O error\|Input/output error' /tmp/errors)" -eq 2 ]
}

panics() { # N: for the Nth time
	end_by 1 'echo c > /proc/sysrq-trigger'
	wait_for "$UP_S" restarts_are 1 "$1" && answers 1 && wait_for 20 device_is 1 vda 'in use'
}

works() {
	inside 1 'dd if=/dev/vda of=/dev/null bs=1M count=16 iflag=direct 2>&1 && dd if=/dev/zero of=/dev/vda bs=1M count=16 oflag=direct conv=fsync 2>&1' && is_well 1
}

# Nothing hangs, -S tells, and the next start has a new back end.
is_killed() { # N: for the Nth time
	keeps_busy && usleep $(($(od -An -N4 -tu4 /dev/urandom) % 500000)) &&
		kill -9 "$(pids "qemu-storage-daemon.*$IMAGE")" && wait_for 30 device_is 1 vda failed &&
		wait_for 30 both_have_errors && is_well 1 && panics "$1" && works
}

panics_while_busy() { # N
	keeps_busy && panics "$1" && works
}

# It does nothing any more: requests wait, as those of a disk that hangs. The vnode is well,
# and its end does not wait long.
is_silent() {
	local pid

	pid=$(pids "qemu-storage-daemon.*$IMAGE")
	keeps_busy && kill -STOP "$pid" && answers 1 && stop 1 && is_left && [ ! -e "/proc/$pid" ]
}

# What is behind the end that is left is gone: an error, or zeros. The rest is there, and
# what is written behind that end makes the file longer again.
is_truncated() {
	local first

	head -c $((64 << 20)) /dev/urandom > "$IMAGE" && first=$(head -c 1048576 "$IMAGE" | md5sum) && begins &&
		truncate -s 1M "$IMAGE" || return
	inside 1 'if dd if=/dev/vda of=/tmp/r bs=1M skip=8 count=1 iflag=direct 2> /dev/null; then
			head -c 1048576 /dev/zero | cmp - /tmp/r
		fi && dd if=/dev/vda bs=1M count=1 iflag=direct 2> /dev/null | md5sum' > /tmp/first &&
		[ "$(cat /tmp/first)" = "$first" ] && keeps_busy && is_well 1 && stop 1 &&
		[ "$(stat -c %s "$IMAGE")" -gt 1048576 ]
}

# Root has no space for what the vnode writes, then it has again.
is_full() {
	mkdir -p /srv/small && mount -t tmpfs -o size=48M small /srv/small && truncate -s 256M /srv/small/img &&
		start_with 1 1 --disk=/srv/small/img || return
	inside 1 'dd if=/dev/zero of=/dev/vda bs=1M count=128 conv=fsync 2>&1; echo "dd $?"' > /tmp/dd
	cat /tmp/dd
	grep -q 'dd 1' /tmp/dd && device_is 1 vda 'in use' && mount -o remount,size=512M /srv/small &&
		inside 1 'dd if=/dev/zero of=/dev/vda bs=1M count=128 conv=fsync 2>&1' && is_well 1 &&
		stop 1 && umount /srv/small
}

# The image may be read only. Nothing is taken.
is_denied() {
	mkdir -p /srv/fixed && mount -t tmpfs fixed /srv/fixed && truncate -s 16M /srv/fixed/img &&
		mount -o remount,ro /srv/fixed || return
	not start 1 1 128M --disk=/srv/fixed/img 2> /tmp/err
	cat /tmp/err
	[ "$(wc -l < /tmp/err)" -eq 1 ] && grep -q 'Read-only file system' /tmp/err && is_left &&
		start_with 1 1 --disk=/srv/fixed/img,ro && inside 1 'md5sum < /dev/vda' && stop 1 && umount /srv/fixed
}

plan $((KILLS + PANICS + 10))
mkdir -p /srv
log_begin
remember_root
remember_adeos
check "$MIB MiB, root to vnode" reads_all
check "$MIB MiB, vnode to root" writes_all
n=1
while [ "$n" -le $KILLS ]; do
	check "the back end is killed, $n" is_killed "$n"
	n=$((n + 1))
done
while [ "$n" -le $((KILLS + PANICS)) ]; do
	check "a panic, $((n - KILLS))" panics_while_busy "$n"
	n=$((n + 1))
done
check "the vnode runs, with all of its disk" works
check "the back end is silent: the vnode can be returned" is_silent
check "the image is truncated" is_truncated
check "root has no space, and then it has" is_full
check "an image that may not be written" is_denied
check "everything is back" is_left
check "root has its CPUs and memory" root_is_back
check "root's log is quiet" log_is_quiet
finish
