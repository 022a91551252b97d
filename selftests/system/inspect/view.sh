#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 280 -f build/kexec-tools/build/sbin/vmcore-dmesg:/usr/sbin/vmcore-dmesg
#
# A vnode looks at another one that root allows it to see, with the tools of root: what
# it sees is what root sees, as long as root allows it.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/view.sh
. /selftests/lib/view.sh

CORE=/tmp/core

vnode1_up() {
	up 1 1 160M --append=nokaslr
}

# ---- who may ----

refuses_viewers() { # TEXT
	! echo "$1" > "$VIEWERS" && allowed_are 2
}

# Somebody who may write the file, but not start kernels.
needs_capability() {
	! bad-run nocap sh -c "echo 3 > $VIEWERS" && allowed_are 2
}

# ---- what is seen ----

same_attributes() {
	local name

	for name in id state cpus memory cause restarts oopses; do
		cat /sys/class/vnode/vnode1/"$name"
	done > /tmp/root.attrs
	in2 'cd /sys/class/vnode/vnode1 && cat id state cpus memory cause restarts oopses' > /tmp/view.attrs
	cat /tmp/view.attrs
	[ "$(wc -l < /tmp/view.attrs)" -eq 7 ] && diff /tmp/root.attrs /tmp/view.attrs
}

attributes_are_read_only() {
	[ "$(in2 'cd /sys/class/vnode/vnode1 && stat -c %a id state cpus memory cause | sort -u')" = 444 ] &&
		in2 test ! -e /sys/class/vnode/vnode1/viewers
}

# But for what goes on meanwhile, and what the clocks of two kernels make of it.
status_text() {
	kexec --vnode=1 -S | grep -vE '^(uptime|end):'
}

same_status() {
	local status=0

	status_text > /tmp/root.status
	in2 'kexec --vnode=1 -S' > /tmp/view.all || status=$?
	grep -vE '^(uptime|end):' /tmp/view.all > /tmp/view.status
	echo "exit status $status"
	[ "$status" -eq "$1" ] && [ "$(wc -l < /tmp/view.status)" -gt 5 ] &&
		diff /tmp/root.status /tmp/view.status
}

number() { # NAME: of -S --json in the input
	grep -o "\"$1\": [^,}]*" | head -n 1 | sed 's/^[^:]*: //; s/\..*//'
}

# To a few seconds: it has another clock.
same_age() { # NAME
	local root view

	root=$(kexec --vnode=1 -S --json | number "$1")
	view=$(in2 'kexec --vnode=1 -S --json' | number "$1")
	echo "root $root, vnode 2 $view"
	[ "$root" -ge 0 ] && [ "$view" -ge "$root" ] && [ "$view" -lt $((root + 10)) ]
}

is_listed() {
	in2 kexec --vnode-list > /tmp/list
	cat /tmp/list
	[ "$(grep -cE '^ *[1-9]' /tmp/list)" -eq 1 ] && grep -qE '^ *1 vnode1 ' /tmp/list
}

nothing_is_listed() {
	in2 kexec --vnode-list > /tmp/list
	cat /tmp/list
	[ "$(grep -cE '^ *[1-9]' /tmp/list)" -eq 0 ]
}

same_log() {
	in2 kexec --vnode=1 --log > /tmp/view.log
	kexec --vnode=1 --log > /tmp/root.log
	[ "$(wc -l < /tmp/view.log)" -gt 100 ] || return 1
	# it may have said more since
	head -n "$(wc -l < /tmp/view.log)" /tmp/root.log | diff - /tmp/view.log
}

# The dump stays there; what it has of the log comes here.
dumps() { # PATTERN of what is told
	in2 "rm -f /tmp/*; kexec --vnode=1 --dump=$CORE 2>&1" > /tmp/dump.out || { cat /tmp/dump.out; return 1; }
	cat /tmp/dump.out
	[ "$(wc -l < /tmp/dump.out)" -eq 1 ] && grep -qE "$1" /tmp/dump.out || return 1
	in2 vmcore-dmesg "$CORE" | sed 's/^\[ *[0-9]*\.[0-9]*\] //' > /tmp/core.log
	in2 rm "$CORE"
	[ "$(wc -l < /tmp/core.log)" -gt 100 ] || return 1
	kexec --vnode=1 --log | sed 's/^\[ *[0-9]*\.[0-9]*\] //' |
		head -n "$(wc -l < /tmp/core.log)" | diff - /tmp/core.log
}

no_file_left() {
	in2 ls -lA /tmp
	[ -z "$(in2 ls -A /tmp)" ]
}

# ---- what changes ----

follows() { # STATE
	view_state_is() { [ "$(in2 cat /sys/class/vnode/vnode1/state)" = "$1" ]; }

	wait_for 20 view_state_is "$1"
}

# poll() there returns when vnode 1 changes.
event_comes() { # COMMAND...
	in2 vnode-ctl event 30 > /tmp/event &
	pid=$!
	wait_for 20 grep -q ready /tmp/event || return 1
	"$@" || return 1
	wait "$pid" && grep -q changed /tmp/event
}

panics() {
	has_panicked() { [ "$(field 1 state)" = panicked ]; }

	end_by 1 'adeos-test panic'
	wait_for 30 has_panicked
}

# ---- what fails in the middle ----

# It is being written there; whoever writes it does nothing more, and vnode 1 is frozen.
begin_dump() {
	in2 'rm -f /tmp/*'
	in2 "kexec --vnode=1 --dump=$CORE > /tmp/begun 2>&1; echo \$? >> /tmp/begun" > /dev/null &
	pid=$!
	# shellcheck disable=SC2016 # for the shell in the vnode
	wait_for 60 in2 'test "$(du -sk /tmp | cut -f 1)" -gt 4096' && in2 killall -STOP kexec &&
		! vsh -t 2 1 true > /dev/null 2>&1
}

ends_in_error() { # PATTERN
	in2 killall -CONT kexec
	wait "$pid"
	in2 cat /tmp/begun > /tmp/ended
	cat /tmp/ended
	in2 rm /tmp/begun
	[ "$(tail -n 1 /tmp/ended)" = 1 ] && grep -q "$1" /tmp/ended && no_file_left
}

revoked_in_the_middle() {
	begin_dump && allow '' && ends_in_error 'cannot read the memory' && sees_nothing &&
		vsh -t 5 1 true
}

# And it is another vnode 1 by then, that vnode 2 may look at as well.
returned_in_the_middle() {
	begin_dump && stop 1 && wait_for 10 sees_nothing && vnode1_up && allowed_are '' && allow 2 &&
		ends_in_error 'cannot read the memory'
}

# Whoever froze it is gone: it goes on before its ten seconds are over.
goes_on_after() { # COMMAND...
	local begin took

	begin_dump || return 1
	begin=$(uptime_s)
	"$@" && vsh -t 5 1 true || return 1
	took=$(($(uptime_s) - begin))
	echo "answers after $took s"
	wait "$pid"
	[ "$took" -lt 6 ] && runs 1 && [ "$(field 1 oopses)" = 0 ]
}

# Its own bridge becomes nonsense, which root is told of again and again.
hostile() {
	local seed

	in2 adeos-test open driver/view.2 || return 1
	for seed in 1 2 3; do
		in2 adeos-test scribble "$seed" 200000 driver/view.2 size=64 || return 1
		in2 'timeout 1 kexec --vnode-list > /dev/null'
	done
	runs 2 && pings 0 2 && at 2 unbridge driver/view.2
}

# What it may have asked for is over, and a new bridge is as good as the first.
recovers() {
	wait_for 15 vsh -t 2 1 true && runs 1 && [ "$(field 1 oopses)" = 0 ] || return 1
	# shellcheck disable=SC2016 # for the shell in the vnode
	in2 'rmmod vnode-view && insmod /lib/modules/$(uname -r)/vnode-view.ko' &&
		wait_for 10 is_listed
}

# Of a kernel that never attaches.
viewer_from_the_start() {
	tiny-kernel cli > /tmp/spin &&
		kexec --vnode=3 --cpus=3 --mem=16M --boot-limit=0 --viewers=9,2 /tmp/spin &&
		[ "$(cat /sys/class/vnode/vnode3/viewers)" = 2,9 ] && wait_for 10 sees vnode3 && stop 3
}

plan 50
remember_root
log_begin
remember_adeos
make_initrd
check "vnode 1" vnode1_up
check "vnode 2, which looks" looker_up
check "nobody is allowed at first" allowed_are ''
check "so nothing is seen" eval 'sees_nothing && nothing_is_listed'
check "no status" in2_fails 4 'no vnode 1' kexec --vnode=1 -S
check "no log" in2_fails 4 'no vnode 1' kexec --vnode=1 --log
check "no dump" in2_fails 4 'no vnode 1' kexec --vnode=1 --dump=$CORE
check "root allows vnode 2" eval 'allow 2 && allowed_are 2'
for text in x 0 1 256 -3 2-x; do
	check "viewers: $text is refused" refuses_viewers "$text"
done
check "viewers: not without CAP_SYS_BOOT" needs_capability
check "it is seen at once" wait_for 10 sees vnode1
check "the attributes are root's" same_attributes
check "they can only be read" attributes_are_read_only
check "it is listed, and nothing else" is_listed
check "the status is root's" same_status 0
check "so is the time it has run" same_age uptime
check "the log is root's" same_log
check "what lends and starts is refused" in2_fails 1 'cannot be' kexec --vnode=1 -u --force
check "and without privilege" in2_fails 1 'be root' bad-run user kexec --vnode=1 --log
check "vnode 3 that is not there may be allowed too" eval 'allow 2-3 && allowed_are 2-3'
check "--viewers: vnode 3 is seen as soon as it runs" viewer_from_the_start
check "dumped while it runs: it stood still" dumps 'registers of 1 of 1 CPUs; it was frozen'
check "it goes on" eval 'answers 1 && runs 1'
check "who dumps is killed: it goes on" goes_on_after in2 killall -KILL kexec
check "and is dumped again" dumps 'registers of 1 of 1 CPUs'
check "revoked in the middle of a dump" revoked_in_the_middle
check "allowed again" eval 'allow 2 && wait_for 10 sees vnode1'
check "it panics, and poll() there tells" event_comes panics
check "sysfs follows" follows panicked
check "the attributes are root's" same_attributes
check "the status is root's, with the last log" same_status 3
check "so is the time of its end" same_age end_ago
check "dumped after the panic" dumps 'registers of 1 of 1 CPUs$'
check "returned in the middle of a dump, and granted again" returned_in_the_middle
check "the new one is seen" wait_for 10 sees vnode1
check "vnode 2 is killed while it has vnode 1 frozen" goes_on_after vnode-ctl stop 2
check "which is stopped" stop 2
for image in /boot/vmlinuz-*; do
	case $image in
	*/vmlinuz-6.1.*) check "6.1 looks" looker_up "$image" ;;
	*) continue ;;
	esac
	check "it is listed" eval 'wait_for 10 sees vnode1 && is_listed'
	check "the attributes are root's" same_attributes
	check "dumped" dumps 'registers of 1 of 1 CPUs; it was frozen'
	check "its bridge becomes nonsense" hostile
	check "root and vnode 1 go on, and it can look again" recovers
done
check "both are stopped" stop_all 1 2
check "root has everything again, and its log is quiet" eval 'nothing_held && root_is_back && log_is_quiet'
finish
