#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 180
# long: it moves much memory
#
# The next owner of memory does not see what a vnode has left in it.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

PIECE=$((16 << 20))	# the least that can be granted

part() { # NAME TEXT: of what vnode-ctl counts
	echo "$2" | sed -n "s/.*$1=\([0-9]*\).*/\1/p"
}

# At least nine tenths of all words have the pattern.
is_full() { # ID
	words=$(vnode-ctl count "$1") || return 1
	echo "$words"
	[ "$(part pattern "$words")" -ge $((($(part words "$words")) * 9 / 10)) ]
}

all_zero() { # TEXT
	echo "$1"
	[ "$(part words "$1")" -gt 0 ] && [ "$(part zero "$1")" = "$(part words "$1")" ]
}

# Vnode 2 gets [BASE, BASE + SIZE). Status 2: meanwhile root has allocated memory there
# that cannot be migrated.
is_zero_next() { # SIZE BASE
	local words

	if words=$(vnode-ctl grant 2 3 "$1" "$2" $(($2 + $1 - 1)) 2> /tmp/grant); then
		[ "$(part base "$words")" = "$2" ] && all_zero "$words"
		return
	fi
	cat /tmp/grant
	grep -q 'Cannot allocate memory' /tmp/grant && return 2
	return 1
}

# All of the range, or those pieces of it that can be granted.
handed_on() { # COMMAND...: starts vnode 1 and lets it write
	local base size at status=0 pieces=0

	"$@" || return 1
	base=$(field 1 mem_base)
	size=$(field 1 memory)
	stop 1 || return 1
	is_zero_next "$size" "$base" || status=$?
	[ "$status" -eq 2 ] || return "$status"
	at=$base
	while [ $((at + PIECE)) -le $((base + size)) ]; do
		status=0
		is_zero_next "$PIECE" "$at" || status=$?
		[ "$status" -ne 1 ] || return 1
		[ "$status" -ne 0 ] || pieces=$((pieces + 1))
		at=$((at + PIECE))
	done
	echo "$pieces pieces"
	[ "$pieces" -gt 0 ]
}

filled() { # MIB
	kexec --vnode=1 --cpus=2 --mem="$1M" --boot-limit=0 /tmp/fill && wait_for 60 is_full 1
}

# Memory of a Linux vnode, and then of root.
booted() {
	start 1 2 256M && comes_up 1 1
}

tiny-kernel fill > /tmp/fill
plan 6
remember_root
log_begin
# blocks, contiguous memory, both
for size in 128 64 162; do
	check "$size MiB, filled, are zero for the next owner" handed_on filled $size
done
check "what Linux had is zero for the next owner" handed_on booted
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
