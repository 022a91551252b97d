#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 420 -f build/kexec-tools/build/sbin/vmcore-dmesg:/usr/sbin/vmcore-dmesg
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

# ---- permissions ----

refuses_viewers() { # TEXT
	! echo "$1" > "$VIEWERS" && allowed_are 2
}

# A user that may write the file, but not start kernels.
needs_capability() {
	! bad-run nocap sh -c "echo 3 > $VIEWERS" && allowed_are 2
}

# ---- what is seen ----

# Without the lines that change with time
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

# The view is the later one, by a few seconds at most.
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

same_log() {
	in2 kexec --vnode=1 --log > /tmp/view.log
	kexec --vnode=1 --log > /tmp/root.log
	[ "$(wc -l < /tmp/view.log)" -gt 100 ] || return 1
	# the vnode may have logged more since
	head -n "$(wc -l < /tmp/view.log)" /tmp/root.log | diff - /tmp/view.log
}

# The dump is a file of vnode 2; its log is compared here.
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

panics() {
	has_panicked() { [ "$(field 1 state)" = panicked ]; }

	end_by 1 'adeos-test panic'
	wait_for 30 has_panicked
}

# ---- what fails in the middle ----

# A dump is in progress and its writer is stopped: vnode 1 is frozen.
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

# Meanwhile vnode 1 is returned and another one started, at which vnode 2 may look as well.
returned_in_the_middle() {
	begin_dump && stop 1 && wait_for 10 sees_nothing && vnode1_up && allowed_are '' && allow 2 &&
		ends_in_error 'cannot read the memory'
}

# The process that froze it is gone: it goes on before its ten seconds are over.
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

# A viewer writes random bytes to its session's bridge, and rings root.
hostile() {
	local seed

	for seed in 1 2 3; do
		in2 'sleep 100 | kexec --vnode=1 --gdb > /dev/null 2>&1 &'
		wait_for 10 in2 adeos-test open exec.0.0 || return 1
		in2 "adeos-test scribble $seed 200000 exec.0.0 size=64; adeos-test ring exec.0.0; adeos-test unbridge exec.0.0"
		in2 killall sleep
	done
	runs 2 && pings 0 2
}

# The damaged sessions have ended, and a new one works.
recovers() {
	wait_for 15 vsh -t 2 1 true && runs 1 && [ "$(field 1 oopses)" = 0 ] && wait_for 10 is_listed
}

# Root's agent is killed: writing the list of viewers starts another.
served_again() {
	killall -KILL kexec && wait_for 10 sees_nothing && allow 2 && wait_for 10 is_listed
}

# Of a kernel that never attaches.
viewer_from_the_start() {
	tiny-kernel cli > /tmp/spin &&
		kexec --vnode=3 --cpus=3 --mem=16M --boot-limit=0 --viewers=9,2 /tmp/spin &&
		[ "$(cat /sys/class/vnode/vnode3/viewers)" = 2,9 ] && wait_for 10 sees vnode3 && stop 3
}

plan 52
remember_root
log_begin
remember_adeos
make_initrd
check "vnode 1" vnode1_up
check "vnode 2, which looks" looker_up
check "nobody is allowed at first" allowed_are ''
check "so nothing is seen" sees_nothing
check "no status" in2_fails 4 'no vnode 1' kexec --vnode=1 -S
check "no log" in2_fails 4 'no vnode 1' kexec --vnode=1 --log
check "no dump" in2_fails 4 'no vnode 1' kexec --vnode=1 --dump=$CORE
check "and no file" no_file_left
check "root allows vnode 2" eval 'allow 2 && allowed_are 2'
for text in x 0 1 256 -3 2-x; do
	check "viewers: $text is refused" refuses_viewers "$text"
done
check "viewers: not without CAP_SYS_BOOT" needs_capability
check "it is seen at once" wait_for 10 sees vnode1
check "it is listed, and nothing else" is_listed
check "the status is root's" same_status 0
check "so is the time it has run" same_age uptime
check "the log is root's" same_log
check "what lends and starts is refused" in2_fails 1 'cannot be' kexec --vnode=1 -u --force
check "a start too" in2_fails 1 'cannot be' kexec --vnode=1 -e
check "and without privilege" in2_fails 1 'be root' bad-run user kexec --vnode=1 --log
check "another vnode is not seen" in2_fails 4 'no vnode 2' kexec --vnode=2 -S
check "its name serves as well" in2 kexec --vnode=vnode1 -S
check "vnode 3 that is not there may be allowed too" eval 'allow 2-3 && allowed_are 2-3'
check "--viewers: vnode 3 is seen as soon as it runs" viewer_from_the_start
check "dumped while it runs: it stood still" dumps 'registers of 1 of 1 CPUs; it was frozen'
check "it goes on" eval 'answers 1 && runs 1'
check "no dump where there is no directory" in2_fails 1 'cannot be written' kexec --vnode=1 --dump=/no/core
check "who dumps is killed: it goes on" goes_on_after in2 killall -KILL kexec
check "and is dumped again" dumps 'registers of 1 of 1 CPUs'
check "revoked in the middle of a dump" revoked_in_the_middle
check "allowed again" eval 'allow 2 && wait_for 10 sees vnode1'
check "root's process that answers is killed: another is started" served_again
check "it panics" panics
check "which is seen" wait_for 20 view_state_is panicked
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
	check "dumped" dumps 'registers of 1 of 1 CPUs; it was frozen'
	check "the bridge of its question becomes nonsense" hostile
	check "root and vnode 1 go on, and it can look again" recovers
done
check "both are stopped" stop_all 1 2
check "root has everything again, and its log is quiet" eval 'wait_for 10 nothing_held && root_is_back && log_is_quiet'
finish
