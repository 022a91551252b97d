#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: root goes down while vnodes run, and the machine with it
# long: a machine for each end
#
# Root stops the vnodes first, so that the next kernel or the firmware has the whole machine.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
count=0

# Three vnodes: one runs Linux, one answers no request, one is only loaded.
# shellcheck disable=SC2016 # for the shell in the machine
prepare='
	. /selftests/lib/vnode.sh
	tiny-kernel cli > /tmp/spin
	spins() { [ "$(vnode-ctl beats 2)" -gt 100 ]; }
	start 1 1-2 160M && kexec --vnode=2 --cpus=3 --mem=16M --boot-limit=0 /tmp/spin &&
		kexec --vnode=3 --cpus=4 --mem=16M -l /tmp/spin &&
		comes_up 1 2 && wait_for 20 spins || exit
	echo "root still has its console" > /dev/console
	echo 7 > /proc/sys/kernel/printk
'

result() { # STATUS WHAT
	((count += 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $count - $2"
	else
		tail -n 40 "$LOG.$count" | tr -d '\r' | sed 's/^/# /'
		echo "not ok $count - $2"
	fi
}

# vm checks HOW COMMAND ends the machine; the console must show the PATTERNs in this order.
ends() { # WHAT HOW COMMAND PATTERN...
	local what=$1 how=$2 command=$3 status=0 pattern line=0 at

	shift 3
	selftests/vm -c 5 -m 1G -t 150 -l "$LOG.$((count + 1))" -e "$how" \
		-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" \
		-- sh -c "$prepare $command" > "$LOG.out" 2>&1 || status=$?
	[[ $status -eq 0 ]] || sed 's/^/# /' "$LOG.out"
	for pattern; do
		at=$(tail -n +$((line + 1)) "$LOG.$((count + 1))" | grep -nE -m 1 "$pattern" | cut -d : -f 1) || true
		[[ $at ]] || { echo "# not on the console, or not in order: $pattern"; status=1; break; }
		((line += at))
	done
	result "$status" "$what"
}

echo 1..3
ends "root reboots" reboot 'reboot; sleep 60' \
	'root still has its console' 'vnode1: stopped' 'vnode2: stopped' 'reboot: Restarting system'
ends "root powers off" poweroff 'poweroff; sleep 60' \
	'root still has its console' 'vnode1: stopped' 'vnode2: stopped' 'reboot: Power down'
# The next kernel brings up all CPUs, and reports that before it ends.
ends "root boots another kernel by kexec" reboot \
	'kexec -l /boot/vmlinuz --initrd=/boot/initrd-vnode.img \
		--append="console=ttyS0 vnode.run=\"reboot -f\"" && kexec -e; sleep 60' \
	'root still has its console' 'vnode1: stopped' 'vnode2: stopped' 'Linux version' \
	'VNODE UP release=.* cpus=5 ' 'reboot: Restarting system'
