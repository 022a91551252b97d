#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 3G -t 200
#
# Windows: each kernel can read the memory of the others, but neither write it nor read
# anything else.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

OLD=$(echo /boot/vmlinuz-6.1.*)
BLOCK=$((0x$(cat /sys/devices/system/memory/block_size_bytes)))

# Opens a window of FROM onto TO for COMMAND.
with_window() { # FROM TO COMMAND...
	local from="$1" status=0

	at "$from" window-open "$2" || return 1
	shift 2
	"$@" || status=1
	at "$from" window-close && return "$status"
}

looks_at() { # FROM ADDRESS VALUE
	at "$1" window-look "$2" > /tmp/looked || { cat /tmp/looked; return 1; }
	cat /tmp/looked
	[ "$(value value < /tmp/looked)" = "$3" ] && [ "$(value holds < /tmp/looked)" = 1 ]
}

# Except for memory that root has kept: it is in root's direct map anyway.
is_read_only() { # FROM ADDRESS
	at "$1" window-look "$2" > /tmp/looked && cat /tmp/looked && [ "$(value writable < /tmp/looked)" = 0 ]
}

# A new value each time: the one that FROM reads was not there before.
sees() { # FROM TO
	local address

	count=$((count + 1))
	address=$(at "$2" remember "$count" | value pa)
	with_window "$1" "$2" eval "looks_at $1 $address $count && { [ $1 -eq 0 ] || is_read_only $1 $address; }"
}

sees_nothing_at() { # FROM ADDRESS
	at_fails EFAULT "$1" window-look "$2"
}

base() { # ID
	field "$1" mem_base
}

end() { # ID
	echo $(($(field "$1" mem_base) + $(field "$1" memory)))
}

# The ends of the range, in root also the border between its two parts.
sees_its_borders() { # FROM TO
	sees_nothing_at "$1" $(($(base "$2") - 8)) && sees_nothing_at "$1" "$(end "$2")" &&
		sees_nothing_at "$1" $(($(end "$2") - 4)) || return 1
	at "$1" window-look "$(base "$2")" && at "$1" window-look $(($(end "$2") - 8)) &&
		at "$1" window-look $(($(base "$2") + $(field "$2" mem_offlined)))
}

# A part of the vnode's memory is out of root's direct map, which is writable.
has_main() { # ID
	[ "$(field "$1" mem_offlined)" -ge "$BLOCK" ] && [ "$(field "$1" mem_offlined)" -lt "$(field "$1" memory)" ]
}

# The APIC, the screen, the first page, the reader's own memory, and an address without memory.
sees_no_more_of_root() { # FROM
	local address

	for address in 0xfee00000 0xb8000 0 "$(base "$1")" $(($(end "$1") - 8)) 0xfffffffffffffff8; do
		sees_nothing_at "$1" "$address" || return 1
	done
	at "$1" window-look $(($(base "$1") - 8)) && at "$1" window-look "$(end "$1")"
}

holds() { # FROM ADDRESS WANT
	at "$1" window-look "$2" > /tmp/looked
	cat /tmp/looked
	[ "$(value holds < /tmp/looked)" = "$3" ]
}

# Root and vnode 2 keep windows onto vnode 1 open.
stay_open() {
	at 0 window-open 1 && at 2 window-open 1 && holds 0 "$address" 1 && holds 2 "$address" 1
}

panics() {
	end_by 1 'adeos-test panic'
	wait_for 20 state_is 1 panicked && holds 0 "$address" 0 && holds 2 "$address" 0
}

plan 21
count=4710
log_begin
remember_root
remember_adeos
check "vnode 1 comes, in two parts" up 1 2 $((BLOCK / 1048576 + 32))M
KERNEL=$OLD
check "root has parted with the first one only" has_main 1
check "vnode 2, an older kernel" up 2 3 320M
check "root sees vnode 1's memory" sees 0 1
check "and can write nothing there" with_window 0 1 is_read_only 0 "$(base 1)"
check "root sees vnode 2's" sees 0 2
check "vnode 1 sees root's" sees 1 0
check "vnode 2 sees root's" sees 2 0
check "vnode 1 sees vnode 2's" sees 1 2
check "vnode 2 sees vnode 1's" sees 2 1
check "root: all of vnode 1, and nothing else" with_window 0 1 sees_its_borders 0 1
check "vnode 2: all of vnode 1, and nothing else" with_window 2 1 sees_its_borders 2 1
check "vnode 1: of root what is root's, and RAM" with_window 1 0 sees_no_more_of_root 1
check "a vnode that does not exist: no window" at_fails ENODEV 0 window-open 7
address=$(base 1)
check "windows onto vnode 1 stay open" stay_open
check "it panics: they do not hold any more" panics
check "it is taken back" stop 1
check "root sees nothing there now" sees_nothing_at 0 "$address"
check "they are closed, the other one stops" eval 'at 0 window-close && at 2 window-close && stop 2'
check "root has everything again" eval 'rmmod adeos-test && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
