# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of virtio devices over bridges: the device's side, played by vvirtio-disk in
# root, and the module vvirtio in vnode 1. Source adeos.sh first.

DISK=/tmp/disk
DISK_MB=8
# Seconds that loading or unloading the module may take: a request that is never answered
# ends after 10.
MODULE_S=40

# A disk with random content.
make_disk() {
	head -c $((DISK_MB << 20)) /dev/urandom > "$DISK"
}

# The device's side of device NR; its process id is in /tmp/device.NR.
device() { # NR [WORD=VALUE...]
	local nr="$1"

	shift
	vvirtio-disk 1 "$nr" "$DISK" "$@" > "/tmp/device.$nr.out" 2>&1 &
	echo $! > "/tmp/device.$nr"
	wait_for 10 grep -q ready "/tmp/device.$nr.out" || { cat "/tmp/device.$nr.out"; return 1; }
}

device_kill() { # NR [SIGNAL]
	kill "-${2:-KILL}" "$(cat "/tmp/device.$1")" 2> /dev/null
	wait "$(cat "/tmp/device.$1")" 2> /dev/null
	rm -f "/tmp/device.$1"
}

# The vnode has closed their bridges.
devices_kill() {
	local nr

	for nr in 0 1; do
		[ ! -e /tmp/device.$nr ] || device_kill $nr
		wait_for 10 bridge_is_gone vvirtio.1.$nr || return 1
	done
}

bridge_is_gone() { # NAME
	! awk '{ print $3 }' "$SYSFS/bridges" | grep -qx "$1"
}

in_vnode() { # COMMAND...
	vsh -t "$MODULE_S" 1 "$*"
}

# shellcheck disable=SC2016 # expanded in the vnode
load() {
	in_vnode 'insmod /lib/modules/$(uname -r)/vvirtio.ko'
}

unload() {
	in_vnode rmmod vvirtio
}

vnode_says() { # PATTERN: a line of the vnode's log since log_mark
	in_vnode dmesg | sed "1,/$MARK/d" | grep -E "$1"
}

# Later lines of the vnode's log are those of the next test.
log_mark() {
	# shellcheck disable=SC2154 # vnode.sh counts results
	MARK="mark.$count"
	in_vnode "echo $MARK > /dev/kmsg"
}

disk_exists() { # NAME
	in_vnode "[ -b /dev/$1 ]"
}

# Reads the whole disk; its errors go to the output.
disk_sum() { # NAME
	in_vnode "dd if=/dev/$1 bs=64k iflag=direct 2> /tmp/dd | md5sum; grep -v records /tmp/dd >&2" | cut -d ' ' -f 1
}

file_sum() {
	md5sum < "$DISK" | cut -d ' ' -f 1
}

disk_is_file() { # NAME
	local sum

	sum=$(disk_sum "$1")
	[ "$sum" = "$(file_sum)" ] || { echo "$1 has $sum, the file $(file_sum)"; return 1; }
}

# dd must end, with an I/O error.
read_fails() { # NAME
	in_vnode "dd if=/dev/$1 of=/dev/null bs=64k iflag=direct 2>&1; echo status \$?" > /tmp/read
	cat /tmp/read
	grep -q 'status 1' /tmp/read && grep -q 'Input/output error' /tmp/read
}

vnode_complains() { # ID: lines of its log that no test may cause
	kexec --vnode="$1" --log | grep -E 'WARNING:|BUG:|Oops|Call Trace:|blocked for more|stall|Bad page'
}
