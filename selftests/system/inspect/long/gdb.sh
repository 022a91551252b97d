#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: gdb and the kernel's debug symbols (318 MB to be fetched) are brought into the machine
#
# gdb with symbols reads a vnode with KASLR through kexec --vnode=ID --gdb: while it runs,
# and when it panics.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
read -r release _ < build/debian/6.12-cloud
vmlinux=build/debian/debug/vmlinux-$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=selftests/system/lib/gdb.sh
. selftests/system/lib/gdb.sh

# shellcheck disable=SC2016 # for the shell in the machine
inside='
	. /selftests/lib/adeos.sh
	export HOME=/root
	up 1 1-2 192M || exit
	gdb -nx -batch -iex "set auto-load no" -iex "set print elements 0" /vmlinux \
		-ex "target remote | kexec --vnode=1 --gdb 2>> /tmp/gdb.err" -ex "print linux_banner" -ex "thread apply all bt 12" \
		-ex "echo --- continued ---\n" -ex continue -ex bt -ex "info threads" 2>&1 &
	gdb=$!
	wait_for 200 grep -q ": running$" /tmp/gdb.err && answers 1 && end_by 1 "echo c > /proc/sysrq-trigger"
	wait $gdb
	cat /tmp/gdb.err
	stop 1
'

if ! selftests/fetch gdb || ! selftests/fetch vmlinux; then
	echo '1..1'
	echo 'ok 1 - gdb looks into a vnode # SKIP no gdb, or no debug symbols'
	exit
fi

echo 1..4
status=0
selftests/vm -c 3 -m 3G -t 300 -l "$LOG" -f build/debian/gdb-tree:/ -f "$vmlinux:/vmlinux" \
	-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" -- sh -c "$inside" > "$work/gdb" 2>&1 || status=$?
result "$status" "gdb looks into a vnode" "$work/gdb"
gdb_says "linux_banner is there" gdb "^\\\$1 = .*\"Linux version ${release//+/\\+} "
gdb_says "so is what each CPU was at" gdb '^Thread [12] .*CPU [01], frozen' '^#[1-9] .* in .* at .*\.c:' \
	'^Thread [12] .*CPU [01], frozen' '^#[1-9] .* in .* at .*\.c:' '^--- continued ---'
gdb_says "when it panics, gdb is there" gdb '^--- continued ---' 'received signal SIGABRT' '^#0 .* panic \(fmt=' \
	'sysrq_handle_crash' '__handle_sysrq' 'write_sysrq_trigger' 'vfs_write' 'ksys_write' 'do_syscall_64' \
	'^\* [12] .*in panic\(\).* panic \('
