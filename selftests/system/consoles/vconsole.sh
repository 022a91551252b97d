#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 6 -m 2G -t 240
# long: three kernels; console has what its users do
#
# [KIB]: the consoles of vnodes: hvc0 in them, /dev/ttyVN<ID> and a history in root.

# shellcheck disable=SC2317 # check and wait_for call the functions
kib=${1:-2048}
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/console.sh
. /selftests/lib/console.sh

OLD=$(echo /boot/vmlinuz-6.1.*)
RT=$(echo /boot/vmlinuz-*-rt-*)
MODULE=/lib/modules/$(uname -r)/vconsole.ko

# ---- root's own ----

# The vnode sees what root prints, and what it types is root's input.
roots_console_is_seen() {
	wait_for 5 vsh 1 test -c /dev/ttyVN0 || return 1
	exec 5<> /dev/hvc0
	raw <&5
	vsh -t 20 1 'exec 3<> /dev/ttyVN0; stty raw -echo <&3; touch /tmp/looks; head -n 1 <&3; echo typed >&3' > /tmp/seen &
	wait_for 10 vsh 1 test -e /tmp/looks || return 1
	echo printed >&5
	wait $!
	timeout 10 head -n 1 <&5 > /tmp/typed
	exec 5>&-
	cat /tmp/seen /tmp/typed
	grep -qx printed /tmp/seen && grep -qx typed /tmp/typed
}

# ---- one writer ----

# A writer in the background, until the file is there.
hold_writer() {
	(while [ ! -e /tmp/let_go ]; do usleep 50000; done) | vcon -w 1 type > /tmp/held 2>&1 &
	wait_for 5 grep types /tmp/held && fails_with 16 vcon -w 1 status
}

taken_over() {
	echo x > /tmp/x
	vcon -w -f 1 status | grep -qx 'writer 1'
}

# ---- a reader that does not read, a vnode that does not take ----

# Root is frozen and does not drain the ring: a program of the vnode waits. The settings of
# its tty make a difference to Linux's hvc: see vconsole/console.c.
waits_for_root() { # SETTINGS: of stty
	vsh 1 'rm -f /tmp/through; dmesg -n 1; (exec 3<> /dev/hvc0; stty '"$1"' <&3; sleep 1; head -c 300000 /dev/zero | tr "\\0" y > /dev/hvc0; touch /tmp/through) > /dev/null 2>&1 &'
	at 0 freeze 6000 || return 1
	wait_for 20 vsh 1 test -e /tmp/through && status_is 1 dropped 0
}

# The vnode's kernel cannot wait for long: its messages are dropped and counted.
drops_and_counts() {
	# shellcheck disable=SC2016 # for the shell in the vnode
	vsh 1 'echo on > /proc/sys/kernel/printk_devkmsg; dmesg -n 8
		(sleep 1; line=$(printf %0900d 0); for i in $(seq 400); do echo "$line" > /dev/kmsg; done
		dmesg -n 1; touch /tmp/told) > /dev/null 2>&1 &'
	at 0 freeze 6000 || return 1
	wait_for 20 vsh 1 test -e /tmp/told || return 1
	at_least_dropped() { [ "$(vcon 1 status | value dropped)" -gt 100000 ]; }
	wait_for 5 at_least_dropped && runs 1
}

# ---- a vnode that writes nonsense into its console's memory ----

# Root reads and types all the while; the vnode prints, so that root is rung.
scribbles_over_console() { # ROUNDS
	local reader typer done="scribbled over driver/vconsole.1, $1 rounds"

	at 1 open driver/vconsole.1 || return 1
	cat < /dev/ttyVN1 > /dev/null &
	reader=$!
	(while :; do echo typed; done) > /dev/ttyVN1 2> /dev/null &
	typer=$!
	vsh 1 '(while :; do echo printed; done > /dev/hvc0) > /dev/null 2>&1 &'
	end_by 1 "adeos-test scribble 1 $1 driver/vconsole.1"
	# no vnode is looked at for longer than another waits
	while ! log_has 1 "$done" && runs 1; do
		vcon 1 status > /dev/null && vsh 2 'echo turn > /dev/hvc0' || return 1
	done
	kill "$typer" "$reader"
	log_has 1 "$done" && runs 1
}

others_are_whole() {
	both_ways 2 && vcon 1 history | wc -c
}

# INIT stops the kernel in the middle of a line.
ends_in_a_line() { # ID
	vsh "$1" '(printf "a line begins: "; while :; do printf z; done) > /dev/hvc0 2> /dev/null &'
	wait_for 10 history_has "$1" 'a line begins: z' && stop "$1" || return 1
	vcon "$1" history | tail -c 20
	vcon "$1" history | tail -c 20 | grep -qx zzzzzzzzzzzzzzzzzzzz
}

panics_and_comes_again() { # RESTARTS
	end_by 1 adeos-test panic
	wait_for 60 restarts_are 1 "$1" && answers 1 && wait_for 10 status_is 1 begins $(($1 + 1))
}

last_words() { # ID
	vsh "$1" "echo farewell of $1 > /dev/hvc0" && wait_for 5 history_has "$1" "farewell of $1"
}

plan 49
remember_root
log_begin
remember_adeos
check "a console for nobody that there can be: refused" not insmod "$MODULE" offer=256
check "vconsole is loaded" insmod "$MODULE"
check "vnode 1 has a console" up 1 1 192M --restart=on-failure "$CONSOLE"
KERNEL=$OLD
check "vnode 2, of 6.1" up 2 2 192M "$CONSOLE"
KERNEL=$RT
check "vnode 3, an RT kernel" up 3 3-4 192M "$CONSOLE"
for id in 1 2 3; do
	check "$id: its tty is there" wait_for 10 tty_is_there $id
	check "$id: its kernel's messages are in its history, from the first" history_has $id 'Linux version'
	check "$id: they go on" eval "vsh $id 'echo hello of $id > /dev/kmsg' && wait_for 5 history_has $id 'hello of $id'"
	check "$id: $kib KiB out, as many in" both_ways $id
done
check "all of them at the same time" all_at_once 1 2 3
check "a console that never was: ENOENT" fails_with 2 vcon 77 status
check "one writer" hold_writer
check "any number of readers meanwhile" eval 'vcon 1 history > /dev/null && vcon 1 status'
check "the tty cannot be opened meanwhile" not eval 'true < /dev/ttyVN1'
check "by force it can be taken over" taken_over
touch /tmp/let_go
check "who does not read holds nobody up for long, and learns what he has missed" goes_on_without_reader 8
check "root does nothing for 6 s: a program waits, and nothing is lost" waits_for_root sane
check "nor if its terminal is raw" waits_for_root raw
check "its kernel does not: what had no room is counted" drops_and_counts
check "a panic, and a restart" panics_and_comes_again 1
check "its last words are in the history" times_in_history 1 1 '[]] Kernel panic - not syncing: adeos-test'
check "to the very last" times_in_history 1 1 'end Kernel panic - not syncing: adeos-test'
check "the new beginning is marked" times_in_history 1 1 'vnode1: console 2 begins'
check "vnode 1 writes nonsense all over its console" scribbles_over_console 3000
check "vnode 2's is whole, and root reads on" others_are_whole
check "once it is restarted, its own as well" eval 'panics_and_comes_again 2 && both_ways 1'
check "some last words" eval 'last_words 1 && last_words 3'
check "vnode 2 is stopped in the middle of a line, which is kept" ends_in_a_line 2
check "they stop" eval 'stop 1 && stop 3'
check "what they have printed is kept" eval 'history_has 1 "farewell of 1" && history_has 3 "farewell of 3"'
check "the module can be taken out" rmmod vconsole
check "root has everything again" eval 'nothing_held && root_is_back'
KERNEL=/boot/vmlinuz
check "root offers its own console to vnode 1" insmod "$MODULE" offer=1
check "vnode 1 is there again" up 1 1 192M "$CONSOLE"
check "vnode 2 as well" up 2 2 192M "$CONSOLE"
check "vnode 1 sees root's console" roots_console_is_seen
check "nobody else does" not vsh 2 test -e /dev/ttyVN0
check "who has a console keeps the module" eval 'not rmmod vconsole && not vsh 1 rmmod vconsole'
check "no program can take a driver's bridge for itself" not vsh 1 bridge create driver/vconsole.9 4096
check "they stop" stop_all 1 2
check "root's log is quiet" log_is_quiet
finish
