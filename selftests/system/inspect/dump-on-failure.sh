#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 3 -m 2G -t 400 -f build/kexec-tools/build/sbin/vmcore-dmesg:/usr/sbin/vmcore-dmesg
# long: a dump for each kind of failure; dump has the dump itself
#
# --dump-on-failure=DIR: the dump of a vnode that fails is on the disk before the restart,
# and the restart comes whether the dump has succeeded or not.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

DIR=/tmp/dumps
SMALL=/tmp/small
HELPER=/sys/module/vnode/parameters/dump_helper

up_with() { # DIR [OPTION...]
	local dir="$1"

	shift
	up 1 1-2 256M --append=vnode.modules=adeos-test --dump-on-failure="$dir" "$@"
}

comes_again() { # RESTARTS
	wait_for 90 restarts_are 1 "$1" && answers 1
}

dumps_are() { # N: files in DIR, whole ones
	ls -lA "$DIR"
	[ "$(find "$DIR" -name 'vnode1-*.core' | wc -l)" -eq "$1" ] &&
		[ "$(find "$DIR" -type f | wc -l)" -eq "$1" ]
}

newest_says() { # PATTERN, in the log of the kernel that was dumped last
	# shellcheck disable=SC2012 # names without surprises
	vmcore-dmesg "$DIR/$(ls -t "$DIR" | head -n 1)" > /tmp/vmcore.log || return 1
	tail -n 5 /tmp/vmcore.log
	grep -q "$1" /tmp/vmcore.log
}

root_said() { # PATTERN
	dmesg | tail -n 20
	dmesg | grep -qE "$1"
}

small_disk() {
	mkdir -p $SMALL
	mount -t tmpfs -o size=4m tmpfs $SMALL
}

# A helper that dumps nothing, and ends when a file appears.
slow_helper() {
	cat > /tmp/slow <<-'END'
	#!/bin/sh
	echo "$@" > /tmp/slow.args
	while [ ! -e /tmp/slow.go ]; do usleep 50000; done
	exit 7
	END
	chmod +x /tmp/slow
	printf /tmp/slow > $HELPER
}

waits_for_helper() {
	end_by 1 adeos-test panic
	wait_for 20 test -e /tmp/slow.args || return 1
	cat /tmp/slow.args
	kexec --vnode=1 -S
	# longer than the delay of the first restart
	usleep 1500000
	state_is 1 panicked && [ "$(field 1 restarts)" = 0 ] &&
		grep -qxE -- "--vnode=1 --dump=$DIR/vnode1-[0-9]{8}-[0-9]{6}\.core" /tmp/slow.args
}

plan 31
mkdir -p $DIR
remember_root
log_begin
remember_adeos
check "no such directory" exits_with 2 kexec --vnode=1 --cpus=1 --mem=128M --dump-on-failure=$DIR/no "$KERNEL"
check "not a directory" exits_with 2 kexec --vnode=1 --cpus=1 --mem=128M --dump-on-failure=$HELPER "$KERNEL"
check "with another verb" exits_with 2 kexec --vnode=1 -S --dump-on-failure=$DIR
check "no program is set" test -z "$(cat $HELPER)"
check "a vnode that is restarted" up_with $DIR --restart=on-failure
check "this program is set" test "$(cat $HELPER)" = "$(readlink -f "$(command -v kexec)")"
check "it panics and is restarted" eval 'end_by 1 adeos-test panic; comes_again 1'
check "there is one dump" dumps_are 1
check "of the kernel that panicked" newest_says 'Kernel panic'
check "root's log says so" root_said 'kexec.*vnode 1: .* are in /tmp/dumps/vnode1-.*registers of 1 of 2'
check "it hangs and is restarted" eval 'end_by 1 adeos-test spin 1; comes_again 2'
check "there are two dumps" dumps_are 2
check "it reboots: that is no failure" eval 'end_by 1 reboot -f; comes_again 3 && dumps_are 2'
check "it is returned" stop 1

check "one that is not restarted" up_with $DIR
rm -f $DIR/*
check "panics" eval 'end_by 1 adeos-test panic; wait_for 30 state_is 1 panicked'
check "there is one dump" wait_for 30 dumps_are 1
check "it is returned" stop 1

small_disk
check "a disk that is too small" up_with $SMALL --restart=on-failure
check "it panics and is restarted all the same" eval 'end_by 1 adeos-test panic; comes_again 1'
check "nothing is left there" test -z "$(ls -A $SMALL)"
check "root's log says why" root_said 'kexec: .*not enough space'
check "and that there is no dump" root_said 'vnode1: not dumped: .*status 1, signal 0'
check "it is returned" stop 1
umount $SMALL

slow_helper
check "with another program" up_with $DIR --restart=on-failure
check "a restart waits for it" waits_for_helper
check "and not for its success" eval 'touch /tmp/slow.go; comes_again 1 && root_said "status 7, signal 0"'
rm /tmp/slow.args /tmp/slow.go
check "it is returned while it is dumped" eval 'end_by 1 adeos-test panic; wait_for 20 test -e /tmp/slow.args; stop 1'
touch /tmp/slow.go
rm -f /tmp/slow
check "a program that is gone is not accepted" exits_with 1 kexec --vnode=1 --cpus=1 --mem=128M --dump-on-failure=$DIR "$KERNEL"
printf '' > $HELPER
rm -rf $DIR
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
