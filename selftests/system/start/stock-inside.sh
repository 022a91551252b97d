# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# stock-inside.sh [disk|fs|private INITRD]...: a Debian in a vnode, with each initrd that Debian can make, unchanged, and
# with none. Its root file system is a disk of root's, or a directory of root's; in both cases
# it has one more directory of root's.

# shellcheck disable=SC2016,SC2317 # for the shell in there; check and wait_for call the functions
# shellcheck source=selftests/system/lib/stock.sh
. /selftests/lib/stock.sh

# The type of the root file system in there
root_is() { # TYPE
	ex 'awk "\$2 == \"/\" { print \$3 }" /proc/mounts; cat /proc/1/comm' > /tmp/root
	cat /tmp/root
	[ "$(tr '\n' ' ' < /tmp/root)" = "$1 systemd " ]
}

directory_is_shared() {
	[ "$(ex "cat $SHARED/mine; echo of the vnode > $SHARED/yours; systemctl is-active srv-shared.mount")" = "of root
active" ] && [ "$(cat "$SHARED/yours")" = "of the vnode" ]
}

asks_for_login() {
	wait_for 120 sh -c "vcon 1 history | grep -aq 'stock login:'"
}

nothing_is_missing() {
	not ex 'dmesg | grep vnode-init: || ls -d /vnode'
}

debian() { # disk|fs|private INITRD
	local what="$1, initrd $2"

	check "$what: the kernel attaches" boots_from "$@"
	check "$what: systemd runs, and no unit has failed" comes_to_run
	check "$what: with its root file system" root_is "$([ "$1" = disk ] && echo ext4 || echo virtiofs)"
	check "$what: and a directory of root's" directory_is_shared
	check "$what: there is a login on its console" asks_for_login
	check "$what: /vnode/init has nothing to complain of, and is gone" nothing_is_missing
	check "$what: it shuts down in order" shuts_down
	stop 1 > /dev/null 2>&1
	umount "$TREE" 2> /dev/null
}

[ $# -gt 0 ] || set -- fs initrd.img private dracut.img disk dracut-plain.img disk none
plan $(($# * 7 / 2 + 3))
remember_root
check "root's modules, as installed, and a disk" prepare_root
while [ $# -gt 1 ]; do
	debian "$1" "$2"
	shift 2
done
check "no vnode is left" no_vnodes
check "root is as it was" root_is_back
finish
