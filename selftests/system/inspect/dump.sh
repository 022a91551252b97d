#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 3 -m 2G -t 600 -f build/kexec-tools/build/sbin/vmcore-dmesg:/usr/sbin/vmcore-dmesg
#
# kexec --vnode=ID --dump=FILE: a running vnode, ended ones, memory without a kernel; files
# that cannot be written.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

DIR=/tmp/dumps
CORE=$DIR/core
SMALL=/tmp/small
# a frozen vnode resumes by itself after 10 s: a dump must be faster
FROZEN_MS=9000

dump() { # WARNING of it, "" for none
	kexec --vnode=1 --dump="$CORE" > /tmp/dump.out 2> /tmp/dump.err
	status=$?
	cat /tmp/dump.out /tmp/dump.err
	[ "$status" -eq 0 ] && [ "$(ls -A "$DIR")" = core ] || return 1
	if [ -n "$1" ]; then
		grep -- "$1" /tmp/dump.err
	else
		[ ! -s /tmp/dump.err ]
	fi
}

nothing_left() {
	ls -lA "$DIR"
	[ -z "$(ls -A "$DIR")" ]
}

registers() { # KNOWN ALL
	cat /tmp/dump.out
	grep -q "registers of $1 of $2 CPUs" /tmp/dump.out
}

was_frozen() {
	local ms

	ms=$(sed -n 's/.*frozen for \([0-9]*\)\.\([0-9]*\) s.*/\1\2/p' /tmp/dump.out | sed 's/^0*//')
	echo "frozen for ${ms:-no} ms"
	[ "${ms:-0}" -gt 0 ] && [ "$ms" -lt "$FROZEN_MS" ]
}

# The vnode may have logged more since the dump.
log_is_in_it() { # LINES-SINCE
	local lines all

	vmcore-dmesg "$CORE" > /tmp/vmcore.log || return 1
	kexec --vnode=1 --log > /tmp/vnode.log
	lines=$(wc -l < /tmp/vmcore.log)
	all=$(wc -l < /tmp/vnode.log)
	echo "$lines of $all lines"
	[ "$lines" -gt 100 ] && [ "$lines" -ge $((all - $1)) ] || return 1
	head -n "$lines" /tmp/vnode.log | untimed > /tmp/vnode.text
	untimed < /tmp/vmcore.log | diff /tmp/vnode.text -
}

# A message of several lines has one time stamp in vmcore-dmesg, and one a line in --log.
untimed() {
	sed 's/^\[ *[0-9]*\.[0-9]*\] //'
}

# Memory is used unless the vnode's kernel reports it as free.
is_small() {
	local disk free used

	disk=$(du -k "$CORE" | cut -f 1)
	free=$(vsh 1 cat /proc/meminfo | awk '$1 == "MemFree:" { print $2 }')
	used=$(($(field 1 memory) / 1024 - free))
	echo "$disk KiB on the disk, $used KiB used, $free KiB free"
	[ "$free" -gt 0 ] && [ "$disk" -gt 10000 ] && [ "$disk" -lt $((used + used / 20)) ]
}

is_used() { # DIRECTORY
	[ "$(du -sk "$1" | cut -f 1)" -gt 8192 ]
}

# Suspends a dump in the middle. The whole dump takes some tenths of a second: look without
# pausing.
begin_dump() { # FILE
	local looks=0 dir="${1%/*}"

	rm -f "$dir"/*
	kexec --vnode=1 --dump="$1" > /tmp/begun 2>&1 &
	pid=$!
	until is_used "$dir"; do
		looks=$((looks + 1))
		[ "$looks" -lt 5000 ] || return 1
	done
	kill -STOP "$pid"
}

ended_by() { # SIGNAL STATUS
	local status=0

	begin_dump "$CORE" || return 1
	kill -"$1" "$pid"
	kill -CONT "$pid"
	wait "$pid" || status=$?
	cat /tmp/begun
	echo "exit status $status"
	[ "$status" -eq "$2" ] && [ ! -e "$CORE" ] && goes_on
}

# The process that has frozen it is suspended: the vnode resumes by itself.
forgotten() {
	local status=0

	begin_dump "$CORE" || return 1
	wait_for 30 vsh -t 2 1 true || { kill -KILL "$pid"; return 1; }
	kill -CONT "$pid"
	wait "$pid" || status=$?
	cat /tmp/begun
	[ "$status" -eq 0 ] && grep -q 'has gone on by itself' /tmp/begun && goes_on
}

second_is_refused() {
	local status=0

	begin_dump "$CORE" || return 1
	refused 1 'has been frozen by another process' --vnode=1 --dump="$DIR/second" || status=1
	kill -CONT "$pid"
	wait "$pid" && [ "$status" -eq 0 ] && [ "$(ls -A "$DIR")" = core ]
}

# Its header, and the record that ends it; the message is not in the stream.
flattened() {
	kexec --vnode=1 --dump=- 2> /tmp/flat.err > "$DIR/flat" || return 1
	cat /tmp/flat.err
	grep -q 'MiB are in the dump' /tmp/flat.err && [ "$(head -c 12 "$DIR/flat")" = makedumpfile ] &&
		[ "$(tail -c 16 "$DIR/flat" | od -An -tx1 | tr -d ' \n')" = "$(printf 'f%.0s' $(seq 32))" ]
	set -- $?
	rm "$DIR/flat"
	return "$1"
}

may_not() { # WHO PATTERN
	local status=0

	bad-run "$1" kexec --vnode=1 --dump=/tmp/theirs > /tmp/refused 2>&1 || status=$?
	cat /tmp/refused
	[ "$status" -eq 1 ] && grep -q "$2" /tmp/refused && [ ! -e /tmp/theirs ]
}

small_disk() { # MIB COMMAND...
	local status=0

	mkdir -p "$SMALL"
	mount -t tmpfs -o size="$1"m tmpfs "$SMALL" || return 1
	shift
	"$@" || status=$?
	ls -lA "$SMALL"
	umount "$SMALL" && return "$status"
}

no_space() {
	refused 1 'not enough space: .* MiB are needed, 8 MiB are free' --vnode=1 --dump="$SMALL/core" &&
		[ -z "$(ls -A "$SMALL")" ]
}

# It would fit, but another file takes the space meanwhile.
full_in_the_middle() {
	local status=0

	begin_dump "$SMALL/core" || return 1
	dd if=/dev/zero of="$SMALL/other" bs=1M count=200 > /dev/null 2>&1
	kill -CONT "$pid"
	wait "$pid" || status=$?
	cat /tmp/begun
	[ "$status" -eq 1 ] && grep -q 'cannot be written: No space left' /tmp/begun &&
		[ "$(ls -A "$SMALL")" = other ]
}

last_words() { # PATTERN
	tail -n 3 /tmp/vmcore.log
	tail -n 3 /tmp/vmcore.log | grep -q "$1"
}

fills() {
	[ "$(vnode-ctl beats 1)" -gt 100 ]
}

has_pattern_only() {
	tiny-kernel fill > /tmp/fill
	kexec --vnode=1 --cpus=1-2 --mem=16M --boot-limit=0 /tmp/fill || return 1
	wait_for 30 fills && dump 'no VMCOREINFO' &&
		grep 'cannot be frozen' /tmp/dump.err && [ "$(du -k "$CORE" | cut -f 1)" -gt 12000 ]
}

check_kernel() { # RELEASE
	KERNEL=/boot/vmlinuz-$1
	check "$1" up 1 1-2 384M
	check "dumped while it runs" dump ''
	check "the registers of both CPUs are known" registers 2 2
	check "vmcore-dmesg finds the log" log_is_in_it 5
	check "no more is written than it uses" is_small
	check "it goes on" goes_on
	check "it panics" fails panicked 'adeos-test panic'
	check "dumped" dump ''
	check "the registers of the CPU that panicked are known" registers 1 2
	check "it is stopped" stop 1
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 58
remember_root
log_begin
remember_adeos
mkdir -p "$DIR"
check "no such vnode" refused 4 'no vnode 1' --vnode=1 --dump="$CORE"
check "a vnode" up 1 1-2 256M --append=nokaslr
check "dumped while it runs" dump ''
check "it was frozen meanwhile, and not for long" was_frozen
check "the registers of both CPUs are known" registers 2 2
check "it goes on" goes_on
check "vmcore-dmesg finds the log" log_is_in_it 5
check "no more is written than it uses" is_small
check "once more, over the old file" dump ''
check "a second dump at the same time is refused" second_is_refused
check "it goes on" goes_on
check "ended by a signal: it goes on" ended_by TERM 143
check "nothing is left" nothing_left
check "killed: it goes on" ended_by KILL 137
check "suspended: it resumes by itself, and kexec says so" forgotten
rm -f "$DIR"/*
check "no such directory" refused 1 "$DIR/no/core: cannot be written: No such file" --vnode=1 --dump="$DIR/no/core"
check "a directory has that name" refused 1 "$DIR: is there, and is not a regular file" --vnode=1 --dump="$DIR"
check "a device has that name" refused 1 '/dev/null: is there, and is not a regular file' --vnode=1 --dump=/dev/null
check "standard output gets the flattened format of makedumpfile" flattened
check "not root" may_not user 'be root'
check "not allowed to boot" may_not nocap 'CAP_SYS_BOOT is missing'
check "not enough space on the disk" small_disk 8 no_space
check "a disk that is full in the middle" small_disk 128 full_in_the_middle
check "it goes on" goes_on
check "it panics" fails panicked 'adeos-test panic'
check "dumped" dump ''
check "the registers of the CPU that panicked are known" registers 1 2
check "vmcore-dmesg finds all of the log" log_is_in_it 0
check "to its last line" last_words 'end Kernel panic - not syncing: adeos-test'
check "it is stopped" stop 1
check "another one, with KASLR" up 1 1-2 192M
check "one of its CPUs hangs" fails hung 'adeos-test spin 1'
check "dumped" dump ''
check "the registers of the CPU that hangs are known" registers 1 2
check "vmcore-dmesg finds all of the log" log_is_in_it 0
check "it is stopped" stop 1
for image; do
	[ "$image" = "/boot/vmlinuz-$(uname -r)" ] || check_kernel "${image#/boot/vmlinuz-}"
done
check "a vnode without Linux" has_pattern_only
stop 1 > /dev/null
check "root has everything again, and its log is quiet" eval 'nothing_held && root_is_back && log_is_quiet'
finish
