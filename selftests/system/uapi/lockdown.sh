#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1G -t 120
#
# Root is locked down, until reboot, while a vnode runs: root can no longer start a vnode or
# read its memory, but can list and stop vnodes. kexec_load_disabled refuses a start as well.

# shellcheck source=selftests/system/lib/refuse.sh
. /selftests/lib/refuse.sh

kernel=/boot/vmlinuz
initrd=/boot/initrd-vnode.img
lockdown=/sys/kernel/security/lockdown

echo 1..7
total=$(mem_kb MemTotal)
available=$(available_kb)
accept --vnode=1 --cpus=2 --mem=256M --initrd=$initrd $kernel
wait_up 1
accept --vnode=2 --cpus=3 --mem=128M -l $kernel
grep -q '\[none\]' $lockdown || note "locked down already: $(cat $lockdown)"
item "precondition: vnode 1 runs, vnode 2 is loaded"

echo integrity > $lockdown
grep -q '\[integrity\]' $lockdown || note "not locked down: $(cat $lockdown)"
refuse 1 "not permitted: the kernel is locked down" --vnode=9 --cpus=1 --mem=128M $kernel
refuse 1 "not permitted: the kernel is locked down" --vnode=9 --cpus=1 --mem=128M -l $kernel
item "a start is refused"

refuse 1 "not permitted: the kernel is locked down" --vnode=2 -e
item "what was loaded before is not started"

refuse 1 "not permitted: the kernel is locked down" --vnode=1 --log
item "the memory of a vnode cannot be read"

accept --vnode-list
grep -q 'vnode1 *running' "$tmp/out" || note "--vnode-list does not show it: $(cat "$tmp/out")"
accept --vnode=1 -S
kexec --vnode=2 -S > /dev/null
status=$?
[ "$status" -eq 3 ] || note "-S of what does not run: exit status $status, not 3"
item "--vnode-list and -S work"

accept --vnode=1 -u --force
accept --vnode=2 -u
all_memory_is_back "$total" "$available"
item "vnodes are stopped and everything is given back"

echo 1 > /proc/sys/kernel/kexec_load_disabled
refuse 1 "kernel.kexec_load_disabled is 1" --vnode=9 --cpus=1 --mem=128M $kernel
refuse 1 "kernel.kexec_load_disabled is 1" --vnode=9 --cpus=1 --mem=128M -l $kernel
accept --vnode=9 --cpus=1 --mem=128M --dry-run $kernel
item "kexec_load_disabled: a start is refused"
