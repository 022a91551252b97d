#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 3G -t 900
# long: each kernel that a vnode can have
#
# A disk and a directory in each kernel that a vnode can have: Linux's drivers there,
# Debian's back ends in root, more in flight than bridges have memory for. And their
# failure while file systems are mounted.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

OTHER=/srv/b.img
BYTES=16777216
RAW_BYTES=25165824

# The modules of a kernel's vnode, in the order of loading.
modules_of() { # IMAGE
	case $1 in
	*vmlinuz-6.1.*) echo virtio_ring,virtio,vvirtio,virtio_blk,fuse,virtiofs ;;
	*-rt-*) echo vvirtio,virtio_blk,crc32c_generic,crc16,mbcache,jbd2,ext4 ;;
	*) echo vvirtio,virtio_blk ;;
	esac
}

up_with() { # OPTION...
	up 1 2-3 400M "--append=vnode.modules=$(modules_of "$(readlink -f "$KERNEL")")" "$@"
}

in_vnode() { # COMMAND...
	vsh -t 120 1 "$*"
}

# Random bytes through the page cache, twice read: from it, and from the disk.
file_written() { # DIRECTORY
	in_vnode "head -c $BYTES /dev/urandom | dd of=$1/file bs=64k iflag=fullblock 2> /dev/null && sync && md5sum < $1/file > /tmp/sum.1 &&
		echo 3 > /proc/sys/vm/drop_caches && md5sum < $1/file > /tmp/sum.2 && cmp /tmp/sum.1 /tmp/sum.2 &&
		[ \$(stat -c %s $1/file) -eq $BYTES ]"
}

sum_in_vnode() { # FILE
	in_vnode "md5sum < $1"
}

mounted() { # DISK
	in_vnode "mkdir -p /mnt/$1 && mount -t ext4 /dev/$1 /mnt/$1"
}

unmounted() { # DISK
	in_vnode "umount /mnt/$1"
}

# More in flight than the bridge has memory for.
by_many() { # DIRECTORY
	in_vnode "for i in 1 2 3 4 5 6; do (dd if=/dev/zero of=$1/\$i bs=1M count=6 conv=fsync &&
		md5sum < $1/\$i && rm $1/\$i) 2> /dev/null & done; wait" | sort | uniq -c > /tmp/many
	cat /tmp/many
	[ "$(wc -l < /tmp/many)" -eq 1 ] && grep -q "^ *6 $(head -c 6291456 /dev/zero | md5sum)" /tmp/many
}

raw_by_many() { # DISK: direct reads of a mebibyte
	in_vnode "for i in 1 2 3 4 5 6; do dd if=/dev/$1 bs=1M count=24 iflag=direct 2> /dev/null | md5sum & done; wait" |
		sort | uniq -c > /tmp/many
	cat /tmp/many
	[ "$(awk '{ print $1, $2 }' /tmp/many)" = "6 $(head -c "$RAW_BYTES" "$IMAGE" | md5sum | cut -d ' ' -f 1)" ]
}

is_clean() { # FILE: an image, after it was unmounted
	e2fsck -fn "$1" > /tmp/fsck 2>&1 || { cat /tmp/fsck; return 1; }
}

shared() {
	in_vnode 'mkdir -p /mnt/fs && mount -t virtiofs fs0 /mnt/fs' && file_written /mnt/fs &&
		[ "$(sum_in_vnode /mnt/fs/file)" = "$(md5sum < "$TREE/file")" ] &&
		head -c "$BYTES" /dev/urandom > "$TREE/back" && [ "$(sum_in_vnode /mnt/fs/back)" = "$(md5sum < "$TREE/back")" ] &&
		in_vnode 'mkdir /mnt/fs/dir && mv /mnt/fs/file /mnt/fs/dir/ && ln -s dir/file /mnt/fs/link' &&
		[ "$(readlink "$TREE/link")" = dir/file ] && rm -r "$TREE/dir" "$TREE/link" "$TREE/back" &&
		wait_for 5 in_vnode '[ ! -e /mnt/fs/dir ]'
}

# In place of a driver that is not there
has_disk() { # NAME
	in_vnode "[ -b /dev/$1 ]"
}

many_files() {
	# shellcheck disable=SC2016 # expanded in the vnode
	in_vnode 'cd /mnt/fs && for i in $(seq 300); do echo $i > f$i; done && cat f* | sort -n | uniq | wc -l && rm f*' > /tmp/files
	[ "$(cat /tmp/files)" = 300 ]
}

works() { # IMAGE OF A KERNEL
	rm -rf "$TREE" && mkdir -p "$TREE" && mkfs.ext4 -q -F "$IMAGE"
	KERNEL=$1
	check "${1##*/}: a vnode comes up with its devices" up_with --disk=$IMAGE --fs=$TREE:/mnt
	has_disk vda || bail "no disk"
	check "its file system is mounted" mounted vda
	check "what is written to it is read" file_written /mnt/vda
	check "by many at a time" by_many /mnt/vda
	check "it is unmounted" unmounted vda
	check "and is clean" is_clean "$IMAGE"
	check "direct reads by many" raw_by_many vda
	check "a directory of root's" shared
	check "with many files" many_files
	check "the vnode has no complaint" not vnode_complains
	check "it shuts down" stop_orderly 1
}

# ---- failures ----

ends_with_error() { # COMMAND...: in the vnode
	local status=0

	in_vnode "$* 2>&1; echo status \$?" > /tmp/ended || status=$?
	cat /tmp/ended
	[ "$status" -eq 0 ] && grep -q 'status [1-9]' /tmp/ended
}

killed() { # PATTERN: a back end
	kill -9 "$(ps -o pid,args | awk -v pattern="$1" '$2 !~ /awk|sh$/ && $0 ~ pattern { print $1; exit }')"
}

disk_dies() {
	in_vnode 'while dd if=/dev/zero of=/mnt/vda/f bs=64k count=200 conv=fsync; do :; done; echo ended' > /tmp/writer 2>&1 &
	wait_for 10 in_vnode '[ -s /mnt/vda/f ]' && killed "qemu-storage-daemon.*$IMAGE" || return 1
	wait $! || { cat /tmp/writer; return 1; }
	grep -q ended /tmp/writer && device_is 1 vda failed && ends_with_error dd if=/dev/vda of=/dev/null bs=4k count=1 iflag=direct
}

directory_dies() {
	in_vnode 'while dd if=/dev/zero of=/mnt/fs/f bs=64k count=50; do :; done; echo ended' > /tmp/writer 2>&1 &
	wait_for 10 [ -s "$TREE/f" ] && killed "virtiofsd.*$TREE" || return 1
	wait $! || { cat /tmp/writer; return 1; }
	grep -q ended /tmp/writer && device_is 1 fs0 failed && ends_with_error ls /mnt/fs
}

others_go_on() {
	in_vnode 'dd if=/dev/vdb of=/dev/null bs=1M count=8 iflag=direct'
}

vnode_complains() {
	kexec --vnode=1 --log | grep -E 'WARNING:|BUG:|Oops|Call Trace:|blocked for more|stall'
}

journal_recovers() {
	e2fsck -fy "$IMAGE" > /tmp/fsck 2>&1
	cat /tmp/fsck
	grep -q 'recovering journal' /tmp/fsck && is_clean "$IMAGE"
}

plan 44
log_begin
mkdir -p /srv
truncate -s 256M "$IMAGE"
truncate -s 32M "$OTHER"
works "$KERNEL"
works "$(echo /boot/vmlinuz-6.1.*)"
works "$(echo /boot/vmlinuz-6.12*-rt-*)"

KERNEL=/boot/vmlinuz
mkfs.ext4 -q -F "$IMAGE"
check "a vnode for failures" up_with --disk=$IMAGE --disk=$OTHER --fs=$TREE:/mnt
check "with its file systems" eval 'mounted vda && in_vnode "mkdir /mnt/fs && mount -t virtiofs fs0 /mnt/fs"'
check "a disk's back end is killed: writers end with errors" disk_dies
check "a directory's, too" directory_dies
check "other devices go on" others_go_on
check "the file systems are unmounted" in_vnode 'umount /mnt/vda; umount /mnt/fs'
check "the disk's journal is recovered" journal_recovers
check "the module is unloaded" in_vnode rmmod vvirtio
check "the vnode has no complaint" not vnode_complains
check "it is stopped" stop 1
check "root's log is quiet" log_is_quiet
finish
