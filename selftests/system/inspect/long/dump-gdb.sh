#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: gdb and the kernel's debug symbols (318 MB to be fetched) are not in the machine
#
# gdb reads dumps: of a vnode that has panicked, and of a running one with KASLR.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
read -r release _ < build/debian/6.12-cloud
vmlinux=$PWD/build/debian/debug/vmlinux-$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=selftests/system/lib/gdb.sh
. selftests/system/lib/gdb.sh

# Each dump leaves the machine on a disk without a file system. The order of the disks is
# random: their serial numbers identify them.
# shellcheck disable=SC2016 # for the shell in the machine
inside='
	. /selftests/lib/adeos.sh
	save() { # SERIAL
		dd if=/tmp/core of="/dev/$(grep -l "^$1" /sys/block/nvme*/device/serial | cut -d / -f 4)" bs=1M 2> /dev/null
	}
	up 1 1-2 192M --append=nokaslr && end_by 1 "echo c > /proc/sysrq-trigger" &&
		wait_for 30 state_is 1 panicked && kexec --vnode=1 --dump=/tmp/core &&
		save panicked && stop 1 &&
		up 1 1-2 192M && kexec --vnode=1 --dump=/tmp/core &&
		save running && stop 1
'

take_dumps() {
	local disk disks=()

	for disk in panicked running; do
		truncate -s 256M "$work/$disk"
		disks+=(-q "-drive file=$work/$disk,format=raw,if=none,id=$disk -device nvme,drive=$disk,serial=$disk")
	done
	selftests/vm -c 3 -m 2G -t 300 -l "$LOG" -f selftests/system:/selftests \
		-f "$CHECK/guest:/usr/local/bin" "${disks[@]}" -- sh -c "$inside" > "$work/vm" 2>&1
}

ask_gdb() { # WHAT DUMP SYMBOLS COMMAND...: into $work/WHAT
	local what=$1 dump=$2 symbols=$3 command args=()

	shift 3
	for command in "$symbols" "core-file $work/$dump" "$@"; do
		args+=(-ex "$command")
	done
	timeout 300 gdb -nx -batch -iex 'set auto-load no' "${args[@]}" > "$work/$what" 2>&1
}

if ! [[ $(type -P gdb) ]] || ! selftests/fetch vmlinux; then
	echo '1..1'
	echo 'ok 1 - gdb reads a dump # SKIP no gdb, or no debug symbols'
	exit
fi

echo 1..6
status=0
take_dumps || status=$?
result "$status" "two dumps are taken" "$work/vm"

ask_gdb panic panicked "symbol-file $vmlinux" 'bt' 'print linux_banner' 'info threads' || true
gdb_says "the backtrace begins in panic(), and leads to who called it" panic '^#0 .* panic \(fmt=' \
	'sysrq_handle_crash' '__handle_sysrq' 'write_sysrq_trigger' 'vfs_write' 'ksys_write' 'do_syscall_64'
gdb_says "linux_banner is there" panic "linux_banner> \"Linux version ${release//+/\\+} "
gdb_says "CPUs are threads" panic '^\* 1 .*LWP [12] .*panic \(' '^  2 .*LWP [12] '

offset=$(sed -n 's/.*symbol-file -o \(0x[0-9a-f]*\).*/\1/p' "$work/vm")
ask_gdb run running "symbol-file -o ${offset:-0} $vmlinux" 'print linux_banner' 'thread apply all bt 12' || true
gdb_says "with KASLR as well" run "linux_banner> \"Linux version ${release//+/\\+} "
gdb_says "what both CPUs were at is seen" run '^Thread [12] ' '^#[0-9]+ .* \(.*\) at ' '^Thread [12] ' \
	'^#[0-9]+ .* \(.*\) at '
