#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300
# long: starts and stops in a row
#
# [CYCLES]: root starts and stops vnodes in a loop, and nothing leaks.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

cycles=${1:-5}

# wait_for: Linux frees some memory a moment later.
grows_less() { # NAME LIMIT
	take_stock /tmp/last
	[ "$(grew_by "$1")" -lt "$2" ]
}

shrinks_less() { # NAME LIMIT
	take_stock /tmp/last
	[ "$(grew_by "$1")" -gt "-$2" ]
}

cycle() {
	start 1 2-3 160M && comes_up 1 2 && stop 1 && no_vnodes && root_is_back
}

plan $((cycles + 7))
remember_root
log_begin
i=0
while [ $i -lt "$cycles" ]; do
	i=$((i + 1))
	check "cycle $i: up with its CPUs, and root has everything again" cycle
	[ $i -gt 1 ] || take_stock /tmp/first
	[ "$failures" -lt 5 ] || bail "enough"
done

# Linux's per-CPU caches make some noise.
check "MemTotal is what it was after the first cycle" shrinks_less total 1
check "MemAvailable too, but for some noise" wait_for 20 shrinks_less available $((2048 + cycles * 32))
check "Slab too" wait_for 20 grows_less slab $((3072 + cycles * 16))
check "vmalloc too" wait_for 20 grows_less vmalloc $((256 + cycles * 4))
check "/proc/iomem has not grown" grows_less resources 8
paste -d ' ' /tmp/first /tmp/last | sed 's/^/# first and last: /'
check "root's log is quiet" log_is_quiet
check "the modules are not in use" test "$(cat /sys/module/vnode/refcnt)" = 0
finish
