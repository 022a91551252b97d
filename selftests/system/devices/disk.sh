#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 900
#
# Disks of a vnode: Linux's virtio_blk there, qemu-storage-daemon in root.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2016 # expanded in the vnode
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

QCOW2=/srv/b.qcow2
FIXED=/srv/c,d.img	# in a vnode read-only

make_images() {
	mkdir -p /srv && truncate -s 128M "$IMAGE" && mkfs.ext4 -q "$IMAGE" &&
		qemu-img create -q -f qcow2 "$QCOW2" 300M && head -c $((1 << 20)) /dev/urandom > "$FIXED"
}

start_disks() { # OPTION...
	start_with 1 2 --disk="$IMAGE" --disk="$QCOW2",id=second --disk=/srv/c,,d.img,ro "$@"
}

# In order, with their sizes, and one that cannot be written
are_there() {
	inside 1 'cd /sys/block && echo $(cat vda/size vdb/size vdc/size vda/ro vdc/ro)' > /tmp/sizes
	cat /tmp/sizes
	[ "$(cat /tmp/sizes)" = "262144 614400 2048 0 1" ]
}

# As --disk says, or after the image; udev names disks by it.
have_serials() {
	inside 1 'cd /sys/block && echo $(cat vda/serial) $(cat vdb/serial) $(cat vdc/serial)' > /tmp/serials
	cat /tmp/serials
	[ "$(cat /tmp/serials)" = "a second c_d" ]
}

# A driver flushes what has a write cache, and can turn it off.
has_write_cache() {
	inside 1 'cat /sys/block/vda/cache_type' | grep 'write back' &&
		inside 1 'echo "write through" > /sys/block/vda/cache_type && cat /sys/block/vda/cache_type' | grep 'write through' &&
		inside 1 'echo "write back" > /sys/block/vda/cache_type'
}

reads_the_same() { # DISK FILE
	[ "$(inside 1 "md5sum < /dev/$1")" = "$(md5sum < "$2")" ]
}

is_not_written() {
	not inside 1 'dd if=/dev/zero of=/dev/vdc bs=4k count=1 conv=fsync 2>&1' && reads_the_same vdc "$FIXED"
}

# What it has written, root reads in the image.
has_file_system() {
	inside 1 'mkdir -p /a && mount -t ext4 /dev/vda /a && head -c 33554432 /dev/urandom > /a/big &&
		md5sum < /a/big && umount /a' > /tmp/sum || return
	cat /tmp/sum
	e2fsck -fn "$IMAGE" || return
	inside 1 'mount -t ext4 /dev/vda /a && echo 3 > /proc/sys/vm/drop_caches && md5sum < /a/big' | diff - /tmp/sum
}

writes_qcow2() {
	inside 1 'head -c 25165824 /dev/urandom > /tmp/r && dd if=/tmp/r of=/dev/vdb bs=1M seek=200 conv=fsync 2> /dev/null &&
		dd if=/dev/vdb bs=1M skip=200 count=24 iflag=direct 2> /dev/null | cmp - /tmp/r && rm /tmp/r' &&
		[ "$(du -m "$QCOW2" | cut -f 1)" -lt 60 ]
}

# Written with fsync before the panic: there after it. The journal repairs the rest.
lives_through_a_panic() {
	inside 1 'echo kept > /a/kept && sync && (while :; do cp /a/big /a/more; rm /a/more; done > /dev/null 2>&1 &)' || return
	end_by 1 'echo c > /proc/sysrq-trigger'
	wait_for "$UP_S" restarts_are 1 1 || { show_log 1; return 1; }
	answers 1 && inside 1 'mkdir -p /a && mount -t ext4 /dev/vda /a && cat /a/kept && md5sum < /a/big' > /tmp/after
	cat /tmp/after
	[ "$(head -n 1 /tmp/after)" = kept ] && tail -n 1 /tmp/after | diff - /tmp/sum && is_well 1
}

# Requests end with errors, and nothing hangs.
back_end_dies() {
	inside 1 'awk "{ print \$1 + 100 }" /sys/block/vdb/stat > /tmp/before'
	inside 1 's=0; while [ $s = 0 ]; do dd if=/dev/vdb of=/dev/null bs=64k iflag=direct 2> /tmp/dd; s=$?; done
		echo "dd $s"; cat /tmp/dd' > /tmp/dd &
	wait_for 20 inside 1 '[ "$(awk "{ print \$1 }" /sys/block/vdb/stat)" -gt "$(cat /tmp/before)" ]'
	kill -9 "$(pids "qemu-storage-daemon.*$QCOW2")"
	wait $!
	cat /tmp/dd
	grep -q 'dd 1' /tmp/dd && grep -q 'I/O error\|Input/output error' /tmp/dd && device_is 1 vdb failed &&
		device_is 1 vda "in use" && inside 1 'md5sum < /a/big' | diff - /tmp/sum && is_well 1
}

# A vnode that starts again has a new back end.
comes_back() {
	end_by 1 'echo c > /proc/sysrq-trigger'
	wait_for "$UP_S" restarts_are 1 2 && answers 1 && device_is 1 vdb "in use" &&
		inside 1 'dd if=/dev/vdb of=/dev/null bs=1M count=8'
}

# Writes behind the end of what is left give errors; the rest works on.
is_truncated() {
	truncate -s 64M "$IMAGE"
	inside 1 'dd if=/dev/vda of=/dev/null bs=1M skip=100 count=1 iflag=direct 2>&1'
	inside 1 'dd if=/dev/vda of=/dev/null bs=1M count=4 iflag=direct' && is_well 1
}

front_end_dies() {
	kill -9 "$(pids 'kexec --vnode=1')"
	inside 1 'dd if=/dev/vdb of=/dev/null bs=64k count=1 iflag=direct 2> /tmp/dd; echo "dd $?"' | grep 'dd 1' &&
		is_well 1
}

is_full() {
	mkdir -p /srv/small && mount -t tmpfs -o size=8M small /srv/small && truncate -s 64M /srv/small/img &&
		start_with 2 3 --disk=/srv/small/img || return
	inside 2 'dd if=/dev/zero of=/dev/vda bs=1M count=16 conv=fsync 2>&1; echo "dd $?"' > /tmp/dd
	cat /tmp/dd
	grep -q 'dd 1' /tmp/dd && grep -q 'No space left\|I/O error\|Input/output' /tmp/dd && is_well 2 &&
		inside 2 'dd if=/dev/vda of=/dev/null bs=1M count=1 iflag=direct' && stop 2 && umount /srv/small
}

# -l, and -e later
loaded_first() {
	start 1 2 256M -l --append=vnode.modules=virtio_blk,vvirtio --disk="$QCOW2" && device_is 1 vda ready &&
		kexec --vnode=1 -e && answers 1 && inside 1 'cat /sys/block/vda/size' | grep -x 614400 && is_well 1
}

two_at_once() {
	start_with 1 2 --disk="$FIXED",id=x,ro 2> /tmp/err
	grep -q 'a comma in the path is written twice' /tmp/err || return
	start_with 1 2 --disk=/srv/c,,d.img,ro && start_with 2 3 --disk=/srv/c,,d.img,ro &&
		reads_the_same vda "$FIXED" && [ "$(inside 2 'md5sum < /dev/vda')" = "$(md5sum < "$FIXED")" ]
}

plan 23
check "images" make_images
log_begin
remember_root
remember_adeos
check "a vnode with three disks starts" start_disks --restart=on-failure
check "they are there, in their order" are_there
check "their serials" have_serials
check "a write cache, which the driver can turn off" has_write_cache
check "a disk that is read-only is not written" is_not_written
check "a file system: written in the vnode, read in both" has_file_system
check "a qcow2 image" writes_qcow2
check "a panic during writes: what was synced is there when the vnode is up again" lives_through_a_panic
check "a back end dies during reads: errors, nothing hangs" back_end_dies
check "the vnode starts again: so does that back end" comes_back
check "an image is truncated: errors behind its end" is_truncated
check "the front end dies: errors, the vnode runs" front_end_dies
check "it is returned" stop 1
check "root has no space: errors, the vnode runs" is_full
check "everything is back" is_left
check "loaded with -l, started with -e" loaded_first
check "an orderly shutdown" stop_orderly 1
check "two vnodes read one image" two_at_once
check "both are returned" stop_all 1 2
check "everything is back again" is_left
check "root has its CPUs and memory" root_is_back
check "root's log is quiet" log_is_quiet
finish
