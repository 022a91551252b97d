#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 180
#
# What a vnode leaves in its memory, its next owner does not see.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib.sh
. /selftests/lib.sh

MIB=1048576

part() { # NAME TEXT: of what vnode-ctl counts
	echo "$2" | sed -n "s/.*$1=\([0-9]*\).*/\1/p"
}

# The last page is the furthest from where it begins.
is_full() { # ID
	words=$(vnode-ctl count "$1") || return 1
	echo "$words"
	[ "$(part pattern "$words")" -ge $((($(part words "$words")) * 9 / 10)) ]
}

all_zero() { # TEXT
	echo "$1"
	[ "$(part words "$1")" -gt 0 ] && [ "$(part zero "$1")" = "$(part words "$1")" ]
}

next_owner_reads_zeros() { # SIZE BASE
	local words

	words=$(vnode-ctl grant 2 3 "$1" "$2" $(($2 + $1 - 1))) || return 1
	[ "$(part base "$words")" = "$2" ] && all_zero "$words"
}

tiny-kernel fill > /tmp/fill
plan 17
remember_root
log_begin
# blocks, contiguous memory, both
for size in 128 64 162; do
	check "$size MiB are lent" kexec --vnode=1 --cpus=2 --mem=${size}M /tmp/fill
	base=$(field 1 mem_base)
	check "it fills them" wait_for 60 is_full 1
	check "it is stopped" stop 1
	check "its memory is zero for the next owner" \
		next_owner_reads_zeros $((size * MIB)) "$base"
done

# What a Linux vnode had, and what root itself had there.
check "a Linux vnode" start 1 2 256M
check "comes up" comes_up 1 1
base=$(field 1 mem_base)
stop 1
check "its memory is zero for the next owner" next_owner_reads_zeros $((256 * MIB)) "$base"
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
