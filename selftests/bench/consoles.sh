#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine: a vnode's console compared with a pty pair in root, and a dump with a
# copy of as many bytes. All figures of a table come from one run; only the ratios are
# meaningful.

set -eu
rounds=${1:-5}
bytes=$((4 * 1024 * 1024))
times=1000
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/bench/table.sh
. /bench/table.sh

# ---- consoles: CPUs 0 and 1, which is the vnode's, or root's own ----

bench_pty() {
	taskset 3 tty-speed pty $bytes $times >> /tmp/pty
}

# Opens and sets the vnode's end before anything is sent; the last stty waits for all output.
console_end() { # SETTINGS COMMAND
	vsh -t 120 1 "dmesg -n 1; exec 3<> /dev/hvc0; stty $1 <&3; touch /tmp/set; $2; stty sane <&3" &
	wait_for 20 vsh 1 test -e /tmp/set
	vsh 1 rm /tmp/set
}

bench_console() {
	console_end 'raw -echo' "head -c $bytes <&3 > /dev/null"
	taskset 1 tty-speed in /dev/ttyVN1 $bytes >> /tmp/console
	wait
	taskset 1 tty-speed out /dev/ttyVN1 $bytes >> /tmp/console &
	console_end 'raw -echo' "head -c $bytes /dev/zero >&3"
	wait
	console_end 'raw echo' "head -c $times <&3 > /dev/null"
	taskset 1 tty-speed echo /dev/ttyVN1 $times >> /tmp/console
	wait
}

speed() { # FILE in|out: MB/s
	awk -v what="$2" '$1 == what { print $3 * 1000 / $2 }' "$1" | middle
}

latency() { # FILE COLUMN: us
	awk -v column="$2" '$1 == "echo" { print $column / 1000 }' "$1" | middle
}

show_speed() { # in|out WHAT
	local pty console

	pty=$(speed /tmp/pty "$1")
	console=$(speed /tmp/console "$1")
	row "$2, pty pair" "$pty" MB/s
	row "$2, console" "$console" MB/s "$(ratio "$console" "$pty")" "1 or more"
}

show_latency() { # COLUMN WHAT
	local pty console

	pty=$(latency /tmp/pty "$1")
	console=$(latency /tmp/console "$1")
	row "$2, pty pair" "$pty" us
	row "$2, console" "$console" us "$(ratio "$console" "$pty")"
}

# ---- dumps ----

uptime_ms() {
	awk '{ print $1 * 1000 }' /proc/uptime
}

# The used part of memory: a dump has nothing else.
bench_dump() {
	local begin end

	rm -f /tmp/core /tmp/copy
	begin=$(uptime_ms)
	quietly kexec --vnode=1 --dump=/tmp/core
	end=$(uptime_ms)
	kib=$(du -k /tmp/core | cut -f 1)
	echo "dump $((end - begin))000000 $((kib * 1024))" >> /tmp/dump
	rm /tmp/core
	head -c $((kib * 1024)) /dev/urandom > /tmp/bytes
	begin=$(uptime_ms)
	cat /tmp/bytes > /tmp/copy
	end=$(uptime_ms)
	echo "cat $((end - begin))000000 $((kib * 1024))" >> /tmp/dump
	rm /tmp/copy /tmp/bytes
}

show_dump() { # FILE WHAT
	local dump copy

	dump=$(speed "$1" dump)
	copy=$(speed "$1" cat)
	row "cat of as many bytes" "$copy" MB/s
	row "$2" "$dump" MB/s "$(ratio "$dump" "$copy")" "about 1"
}

many() { # COMMAND...
	local n=0

	while [ $n -lt "$rounds" ]; do
		n=$((n + 1))
		"$@"
	done
}

insmod "/lib/modules/$(uname -r)/vconsole.ko"
# CPU 1 is root's again
many bench_pty
quietly up 1 1 512M --append="console=hvc0 vnode.modules=vconsole,adeos-test"
quietly wait_for 20 test -c /dev/ttyVN1
many bench_console
many bench_dump
mv /tmp/dump /tmp/dump.alive
end_by 1 adeos-test panic
quietly wait_for 20 state_is 1 panicked
many bench_dump
quietly stop 1

heading "A console between CPUs 0 and 1, $bytes bytes, $times echoes, medians of $rounds rounds"
show_speed out "what it prints"
show_speed in "what is typed"
show_latency 5 "echo of a key, median"
show_latency 7 "echo of a key, 99 %"
heading "A dump of a vnode of 512 MiB, $(($(tail -n 1 /tmp/dump | cut -d ' ' -f 3) >> 20)) MiB on the disk, of $rounds rounds"
show_dump /tmp/dump.alive "dump, alive: the vnode stands still meanwhile"
show_dump /tmp/dump "dump, dead"
