#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 3 -m 2G -t 6000
#
# [ROUNDS]: a vnode writes records to a disk, and to a file of ext4 on another, and tells
# root which ones it has synced. Root stops it by INIT at a random moment. All of these
# records must be in the image, and in the file once the journal has been replayed.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

ROUNDS=${1:-6}
QCOW2=/srv/b.qcow2
# The last record that the vnode was told to be on its disk.
ACKED_RAW=-1
ACKED_FILE=-1

make_images() {
	mkdir -p "$TREE" && cp /usr/local/bin/records "$TREE/" && truncate -s 16M "$IMAGE" &&
		truncate -s 64M /srv/b.img && mkfs.ext4 -q /srv/b.img &&
		qemu-img convert -O qcow2 /srv/b.img "$QCOW2" && rm /srv/b.img
}

begins() {
	start_with 1 1 --disk="$IMAGE" --disk="$QCOW2" --fs="$TREE":/m &&
		inside 1 'mkdir -p /m /b && mount -t virtiofs fs0 /m && mount -t ext4 /dev/vdb /b'
}

# Lines without their end were not acknowledged.
last_of() { # FILE BEFORE
	local lines

	lines=$(wc -l < "$1")
	if [ "$lines" -gt 0 ]; then head -n "$lines" "$1" | tail -n 1; else echo "$2"; fi
}

# After at least one record of each, at a random moment
is_cut() { # HOW
	: > /tmp/raw && : > /tmp/file
	vsh -t "$IO_S" 1 "/m/records $1 /dev/vda $((ACKED_RAW + 1))" > /tmp/raw &
	raw=$!
	vsh -t "$IO_S" 1 "/m/records $1 /b/records $((ACKED_FILE + 1))" > /tmp/file &
	file=$!
	wait_for 60 [ -s /tmp/raw ] && wait_for 60 [ -s /tmp/file ] || return
	usleep $(($(od -An -N4 -tu4 /dev/urandom) % 3000000))
	stop 1
	wait "$raw" "$file"
	ACKED_RAW=$(last_of /tmp/raw "$ACKED_RAW")
	ACKED_FILE=$(last_of /tmp/file "$ACKED_FILE")
}

image_has_all() {
	records check "$IMAGE" "$ACKED_RAW"
}

file_has_all() {
	[ "$ACKED_FILE" -lt 0 ] || inside 1 "/m/records check /b/records $ACKED_FILE"
}

is_found() {
	local status=0

	begins && is_cut early || return
	image_has_all > /tmp/missing && status=1
	tail -n 3 /tmp/missing
	return "$status"
}

plan $((ROUNDS + 4))
check "images" make_images
remember_adeos
round=1
while [ "$round" -le "$ROUNDS" ]; do
	check "round $round" eval "begins && file_has_all && is_cut write && image_has_all"
	say "synced: $ACKED_RAW on the disk, $ACKED_FILE in the file"
	round=$((round + 1))
done
check "the last one: the file" eval "begins && file_has_all && inside 1 'umount /b' && stop 1"
check "records that are acknowledged too early are found missing" is_found
check "everything is back" is_left
finish
