# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of a Debian in vnode 1, in the machine of start/long/stock.sh.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

DISK=/dev/vda
TREE=/srv/tree
SHARED=/srv/shared
MODULES=/lib/modules/$(uname -r)
# for systemd on an emulated CPU of a busy host
READY_S=900

prepare_root() {
	depmod && insmod "$MODULES/vconsole.ko" && insmod "$MODULES/kernel/drivers/block/virtio_blk.ko" &&
		mkdir -p "$TREE" "$SHARED" && test -b "$DISK"
}

ex() { # COMMAND
	timeout "$READY_S" kexec --vnode=1 --exec -- sh -c "$1" < /dev/null
}

# private: a directory that nobody else changes
boots_from() { # disk|fs|private INITRD
	local root="--fs=$TREE:/" initrd="/boot/$2"

	rm -f "$SHARED"/*
	echo "of root" > "$SHARED/mine"
	if [ "$1" = disk ]; then
		root="--disk=$DISK"
		set -- "$@" "root=/dev/vda rw"
	else
		mount "$DISK" "$TREE" || return
	fi
	[ "$1" != private ] || root=$root,private
	[ "$2" != none ] || initrd=none
	kexec --vnode=1 --cpus=1-2 --mem=768M --initrd="$initrd" "$root" --fs="$SHARED:$SHARED" --append="$3" --wait="$UP_S" \
		"$KERNEL" && runs 1
}

# Not the initrd's: commands run where process 1 is.
is_in_its_root() {
	ex 'test -e /etc/debian_version && test -S /run/systemd/private'
}

# systemd itself says when all units have been started. "--wait" would give up on a busy host.
has_started_all() {
	ex 'systemctl is-system-running' > /tmp/systemd
	grep -xE 'running|degraded' /tmp/systemd
}

comes_to_run() {
	if wait_for "$READY_S" is_in_its_root && wait_for "$READY_S" has_started_all && grep -x running /tmp/systemd; then
		return
	fi
	ex 'systemctl --failed; systemctl list-jobs; dmesg | tail -n 20'
	return 1
}

shuts_down() {
	kexec --vnode=1 -u --timeout=300 2> /tmp/stop.err
	cat /tmp/stop.err
	[ ! -s /tmp/stop.err ] && vcon 1 history | grep -a 'reboot: Power down' || return
	! is_mounted "$TREE" || umount "$TREE"
}
