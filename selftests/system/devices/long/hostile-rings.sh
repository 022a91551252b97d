#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 3000
#
# [ROUNDS]: the driver's side of a vnode's disk and directory makes requests of any
# kind in rings of any kind, so often for the disk. The back ends and root live, and the devices of
# another vnode go on.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

ROUNDS=${1:-5000}

prepare() {
	mkdir -p "$TREE" && echo kept > "$TREE/kept" && truncate -s 8M "$IMAGE" /srv/b.img
}

# Loaded and not run: vvirtio-driver plays its driver's side.
hostile_is_loaded() {
	start 1 1 128M -l --disk="$IMAGE" --fs="$TREE:/srv/tree,ro"
}

# Writes and reads its disk again and again, until /tmp/stop is there. The pauses leave the
# host's CPUs to vnode 1's requests.
neighbour_begins() {
	start_with 2 2 --disk=/srv/b.img && inside 2 ': > /tmp/turns
		(while [ ! -e /tmp/stop ]; do
			head -c 4194304 /dev/urandom > /tmp/mine
			dd if=/tmp/mine of=/dev/vda bs=1M oflag=direct 2> /tmp/dd &&
				dd if=/dev/vda bs=1M count=4 iflag=direct 2> /tmp/dd | cmp - /tmp/mine || echo > /tmp/wrong
			echo >> /tmp/turns
			sleep 3
		done) > /dev/null 2>&1 &'
}

turns() {
	inside 2 'wc -l < /tmp/turns'
}

# Its disk has been written and read meanwhile.
neighbour_goes_on() {
	local before

	before=$(turns)
	has_turned() { [ "$(turns)" -gt "$((before + 1))" ]; }
	wait_for 60 has_turned && inside 2 'test ! -e /tmp/wrong' && is_well 2
}

spoils() { # NUMBER ROUNDS
	local before after

	before=$(turns)
	vvirtio-driver 1 "$1" spoil "$2" || return
	after=$(turns)
	echo "vnode 2: $((after - before)) turns meanwhile"
	[ "$after" -gt "$before" ] && inside 2 'test ! -e /tmp/wrong'
}

directory_is_whole() {
	[ "$(ls -A "$TREE")" = kept ] && [ "$(cat "$TREE/kept")" = kept ]
}

neighbour_ends() {
	inside 2 'touch /tmp/stop' && stop 2
}

plan 13
log_begin
remember_root
remember_adeos
check "a disk and a directory" prepare
check "vnode 1 is loaded, with both" hostile_is_loaded
check "vnode 2 uses a disk of its own" neighbour_begins
check "any requests to the disk" spoils 0 "$ROUNDS"
check "vnode 2's disk goes on" neighbour_goes_on
check "the disk works again" vvirtio-driver 1 0 copy 1048576
check "any requests to the directory, which is read-only" spoils 1 $((ROUNDS / 5))
check "vnode 2's disk goes on" neighbour_goes_on
check "the directory works again, and is as it was" eval 'vvirtio-driver 1 1 fuse-init && directory_is_whole'
check "vnode 2 ends" neighbour_ends
check "vnode 1 is returned" kexec --vnode=1 -u
check "nothing is left" is_left
check "root has everything again" root_is_back
finish
