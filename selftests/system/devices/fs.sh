#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 900
#
# Directories of root's in vnodes: Linux's virtiofs there, virtiofsd in root.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

FIXED=/srv/fixed	# in vnodes read-only
OWN=/srv/own		# vnode 1's, private

make_trees() {
	mkdir -p "$TREE/dir" "$FIXED" "$OWN" && echo "of root" > "$TREE/file" && echo fixed > "$FIXED/file" &&
		ln -s file "$TREE/link" && chmod 640 "$TREE/file" && chown 1000:1001 "$TREE/file"
}

mounted() { # ID
	inside "$1" 'mkdir -p /m /f && mount -t virtiofs fs0 /m && mount -t virtiofs fs1 /f && grep virtiofs /proc/mounts'
}

has_words() {
	log_has 1 "Command line: .* vnode.fs=fs0:/srv/tree vnode.fs=fs1:/f:ro vnode.fs=fs2:/p"
}

looks_the_same() {
	inside 1 'cd /m && find . | sort && stat -c "%n %a %u %g" file && cat file && readlink link' > /tmp/inside
	(cd "$TREE" && find . | sort && stat -c "%n %a %u %g" file && cat file && readlink link) | diff - /tmp/inside
}

# Written there, read here, and the other way round
both_ways() {
	inside 1 'head -c 8388608 /dev/urandom > /m/dir/there && mv /m/dir/there /m/dir/moved && chown 7:8 /m/dir/moved &&
		chmod 604 /m/dir/moved && sync && md5sum < /m/dir/moved' > /tmp/sum
	md5sum < "$TREE/dir/moved" | diff - /tmp/sum && [ "$(stat -c '%a %u %g' "$TREE/dir/moved")" = "604 7 8" ] &&
		head -c 8388608 /dev/urandom > "$TREE/dir/here" &&
		[ "$(inside 1 'md5sum < /m/dir/here')" = "$(md5sum < "$TREE/dir/here")" ]
}

is_not_written() {
	not inside 1 'echo x > /f/new' && not inside 1 'rm /f/file' && [ "$(inside 1 'cat /f/file')" = fixed ] &&
		[ "$(ls "$FIXED")" = file ]
}

# Nor does root's own directory become read-only.
root_writes() {
	echo more > "$FIXED/more" && wait_for 5 inside 1 'grep more /f/more' && rm "$FIXED/more"
}

# The vnode looks at a file of a private directory only once, at others again after a second.
is_private() {
	inside 1 'mkdir -p /p && mount -t virtiofs fs2 /p && echo mine > /p/file' && [ "$(cat "$OWN/file")" = mine ] &&
		touch "$OWN/seen" "$TREE/seen" && inside 1 'ls /p/seen && ls /m/seen' && rm "$OWN/seen" "$TREE/seen" &&
		wait_for 5 inside 1 '[ ! -e /m/seen ]' && inside 1 'ls /p/seen'
}

# ".." and links do not lead out.
stays_inside() {
	ln -s /etc/passwd "$TREE/out" && [ "$(inside 1 'ls /m/../../m/.. | head -n 1')" != "" ] &&
		not inside 1 'cat /m/out' && rm "$TREE/out"
}

# A second vnode sees what the first one does.
is_shared() {
	start_with 2 3 --fs="$TREE":/srv/tree --fs="$FIXED":/f,ro && mounted 2 &&
		inside 1 'echo one > /m/dir/one && sync' && wait_for 5 inside 2 'grep -x one /m/dir/one' &&
		inside 2 'echo two >> /m/dir/one && sync' && wait_for 5 inside 1 'grep -x two /m/dir/one' &&
		inside 2 'rm /m/dir/one' && wait_for 5 inside 1 '[ ! -e /m/dir/one ]'
}

lives_through_a_panic() {
	inside 1 '(while :; do cp /m/dir/here /m/dir/copy; done > /dev/null 2>&1 &)'
	end_by 1 'echo c > /proc/sysrq-trigger'
	wait_for "$UP_S" restarts_are 1 1 && answers 1 && mounted 1 &&
		[ "$(inside 1 'md5sum < /m/dir/here')" = "$(md5sum < "$TREE/dir/here")" ] &&
		[ "$(inside 2 'md5sum < /m/dir/here')" = "$(md5sum < "$TREE/dir/here")" ] && is_well 1
}

back_end_dies() {
	# of vnode 1, which has started again
	kill -9 "$(pids "virtiofsd.*source=$TREE" | tail -n 1)"
	wait_for 20 device_is 1 fs0 failed && not inside 1 'cat /m/dir/here > /dev/null' &&
		[ "$(inside 1 'cat /f/file')" = fixed ] && is_well 1 && inside 2 'cat /m/file'
}

plan 16
check "directories" make_trees
log_begin
remember_root
remember_adeos
check "a vnode with two of them starts" start_with 1 2 --restart=on-failure --fs="$TREE":/srv/tree --fs="$FIXED":/f,ro \
	--fs="$OWN":/p,private
check "their words are on its command line" has_words
check "they can be mounted" mounted 1
check "names, modes, owners, contents, links" looks_the_same
check "files, both ways" both_ways
check "one that is read-only is not written" is_not_written
check "root can write there" root_writes
check "one is private" is_private
check "no way leads out" stays_inside
check "a second vnode shares it" is_shared
check "a panic during writes: it can be mounted again" lives_through_a_panic
check "a back end dies: errors, others go on" back_end_dies
check "both vnodes are returned" stop_all 1 2
check "everything is back" eval "is_left && root_is_back"
check "root's log is quiet" log_is_quiet
finish
