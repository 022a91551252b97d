#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 600
# long: the driver's side alone; disk, fs and front-end have it with its back ends
#
# Virtio's disk driver in a vnode, over a bridge, with a device's side that is correct, that
# lies, that is silent, or that dies.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/virtio.sh
. /selftests/lib/virtio.sh

root_refuses() {
	insmod "/lib/modules/$(uname -r)/vvirtio.ko" 2> /tmp/insmod && return 1
	grep -q 'No such device' /tmp/insmod && dmesg | grep -q 'vvirtio: this is root'
}

written() { # NAME
	in_vnode "head -c 4194304 /dev/urandom > /tmp/written && dd if=/tmp/written of=/dev/$1 bs=256k conv=fsync 2>&1" > /tmp/dd
	cat /tmp/dd
	grep -q '16+0 records out' /tmp/dd && head -c 4194304 "$DISK" > /tmp/head && in_vnode cat /tmp/written | cmp - /tmp/head
}

# More at a time than the bridge has memory for: requests wait for slots.
read_by_many() { # NAME
	in_vnode "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/$1 bs=1M iflag=direct 2> /dev/null | md5sum & done; wait" |
		sort | uniq -c > /tmp/sums
	[ "$(awk '{ print $1, $2 }' /tmp/sums)" = "8 $(file_sum)" ] || { cat /tmp/sums; return 1; }
}

serial() { # NAME
	[ "$(in_vnode cat "/sys/block/$1/serial")" = vvirtio-disk ]
}

# The driver writes into the configuration space.
cache_set() { # NAME
	in_vnode "echo 'write through' > /sys/block/$1/cache_type && cat /sys/block/$1/cache_type" > /tmp/cache
	grep -q 'write through' /tmp/cache
}

# None of virtio's rings features, both of ours.
features() { # NAME
	local bits

	bits=$(in_vnode "cat /sys/block/$1/device/features")
	echo "$bits"
	[ "$(echo "$bits" | cut -c 29-42)" = 00001100000000 ]
}

reloaded() {
	local left=5

	while [ "$left" -gt 0 ]; do
		unload && load && disk_is_file vda || return 1
		left=$((left - 1))
	done
}

says() { # LINE
	vnode_says "$1" || { echo "the log does not say: $1"; return 1; }
}

# Whatever comes of TEST, the module can be unloaded, and the device's sides end.
ends() { # TEST [ARGUMENT...]
	local status=0

	"$@" || status=1
	unload || status=1
	devices_kill && return "$status"
}

# A device that is described wrongly is left out, and the next one is used.
left_out() { # LINE WORD=VALUE...
	local line="$1"

	shift
	log_mark
	device 0 "$@" && device 1 && load || return 1
	says "vvirtio: device 0: $line" || return 1
	[ "$(vnode_says 'vvirtio: ' | wc -l)" -eq 1 ] || { vnode_says 'vvirtio: '; return 1; }
	disk_is_file vda && not disk_exists vdb
}

# Loading ends, with a device that has failed or without a disk, and so does unloading.
fails_to_begin() { # LINE WORD=VALUE...
	local line="$1"

	shift
	log_mark
	device 0 "$@" && load && says "$line" && not disk_exists vda
}

# Reads end with an error, now and later, and the module can be unloaded.
fails_at_work() { # LINE WORD=VALUE...
	local line="$1"

	shift
	log_mark
	device 0 "$@" && load && disk_exists vda && read_fails vda && read_fails vda && says "$line"
}

# The lie does no harm.
works_all_the_same() { # WORD=VALUE...
	log_mark
	device 0 "$@" && load && disk_is_file vda && not vnode_says failed
}

# The front end dies while reads are in flight.
dies_at_work() {
	local status=0 reader

	log_mark
	device 0 serve=40 && load && disk_exists vda || return 1
	read_fails vda > /tmp/reader 2>&1 &
	reader=$!
	wait_for 10 is_stuck && device_kill 0 || status=1
	wait "$reader" || { cat /tmp/reader; status=1; }
	says 'device 0 has failed: its front end is gone' && return "$status"
}

# The device's side has a request that it will not answer.
is_stuck() {
	grep -q served /tmp/device.0.out
}

# A back end that does nothing any more: the reader waits, as it does for a disk that hangs.
# Unloading ends it, and itself.
hangs() {
	local reader

	log_mark
	device 0 serve=40 then=nothing && load && disk_exists vda || return 1
	read_fails vda > /tmp/reader 2>&1 &
	reader=$!
	wait_for 10 is_stuck && unload && says 'device 0 has failed: its requests do not end' &&
		wait "$reader" && load
}

# It was there when the module was loaded, and has died since, before any request.
dies_at_rest() {
	device 0 && load && disk_exists vda && device_kill 0 && read_fails vda
}

dies_before_load() {
	device 0 answers=0 || return 1
	# shellcheck disable=SC2016 # expanded in the vnode
	in_vnode 'insmod /lib/modules/$(uname -r)/vvirtio.ko; echo loaded' > /tmp/loader &
	wait_for 10 users_of_bridge || return 1
	device_kill 0
	wait $! && grep -q loaded /tmp/loader
}

# A generator of random numbers has no error to report: it is removed.
is_removed() {
	# shellcheck disable=SC2016 # expanded in the vnode
	in_vnode 'lsmod | grep -q virtio_rng || insmod /lib/modules/$(uname -r)/virtio-rng.ko' || return 1
	log_mark
	device 0 device=4 queues=1 config=0 serve=0 && load || return 1
	in_vnode 'dd if=/dev/hwrng of=/dev/null bs=16 count=1; echo ended' > /tmp/reader 2>&1 &
	wait_for 10 is_stuck && device_kill 0 || return 1
	# shellcheck disable=SC2016 # expanded in the vnode
	wait $! && grep -q ended /tmp/reader && says 'device 0 has failed: its front end is gone' &&
		wait_for 10 in_vnode '[ -z "$(ls /sys/bus/virtio/devices)" ]'
}

users_of_bridge() {
	awk '$3 == "vvirtio.1.0" && $8 == "0x3" { found = 1 } END { exit !found }' "$SYSFS/bridges"
}

plan 46
log_begin
make_disk
check "root refuses the module" root_refuses
device 0
check "a vnode comes up with a disk" eval "up 1 2-3 320M --append=vnode.modules=vvirtio,virtio_blk && disk_exists vda"
check "what it reads is in the file" disk_is_file vda
check "what it writes goes there" written vda
check "many readers at a time" read_by_many vda
check "its serial number" serial vda
check "the driver sets the configuration space" cache_set vda
check "its features" features vda
check "the module is unloaded and loaded again" reloaded
check "unloaded" unload
check "the device's side ends" eval 'device_kill 0 TERM && devices_kill'

check "no bridge: no device" eval 'load && not disk_exists vda && unload'
check "not described" ends left_out 'nothing describes it' magic=0
check "another magic number" ends left_out 'it has another magic number' magic=1
check "another version" ends left_out 'it has another version' version=2
check "no device id" ends left_out 'it has no device id' device=0
check "no virtqueues" ends left_out 'its virtqueues are wrong' queues=0
check "too many virtqueues" ends left_out 'its virtqueues are wrong' queues=17
check "virtqueues of no power of two" ends left_out 'its virtqueues are wrong' queue=48
check "virtqueues of no entries" ends left_out 'its virtqueues are wrong' queue=0
check "virtqueues that are too large" ends left_out 'its virtqueues are wrong' queue=512
check "a configuration space that is too long" ends left_out 'its configuration space is too long' config=257
check "padding" ends left_out 'its padding is not zero' pad=1
check "a state that is not known" ends left_out 'it has failed' state=7
check "a configuration space that is never stable" ends left_out 'its configuration space does not become stable' generation=1
check "a bridge of two pages" ends left_out 'its bridge is too small' size=8192
check "a bridge that is too small for its queues" ends left_out 'cannot use its bridge of 131072 bytes: -28' size=131072

check "no answer at all" ends fails_to_begin 'device 0 has failed: it does not answer' answers=0
check "no answer to DRIVER_OK" ends fails_at_work 'device 0 has failed: it does not answer' answers=4
check "features are refused" ends fails_to_begin 'device refuses features' error=4
check "DRIVER_OK is refused" ends fails_at_work 'device 0 has failed: it refuses to work' error=5
check "the first reset is refused" ends fails_to_begin 'device 0 has failed: it refuses to be reset' error=1

check "a used id out of range" ends fails_at_work 'it has used a buffer that it did not have' serve=40 then=id=9999
check "a used id that is not in flight" ends fails_at_work 'it has used a buffer that it did not have' serve=40 then=id=63
check "a used index that jumps" ends fails_at_work 'it has used more buffers than it had' serve=40 then=index=1000
check "the back end has gone" ends fails_at_work 'its back end is gone' serve=40 then=failed
check "random bytes in the whole bridge" ends fails_at_work 'device 0 has failed: ' serve=40 then=scribble
check "used lengths of 4 GiB" ends works_all_the_same serve=40 then=long
check "descriptors that lead in a circle" ends works_all_the_same serve=40 then=loop
check "a generation that always moves" ends works_all_the_same churn=1

check "the back end hangs, and the module is unloaded" ends hangs
check "the front end is killed while reads are in flight" ends dies_at_work
check "while the disk rests" ends dies_at_rest
check "while the module is loaded" ends dies_before_load
check "a device without errors is removed" ends is_removed
check "the vnode has no complaint" eval 'not vnode_complains 1 && runs 1 && stop 1 && log_is_quiet'
finish
