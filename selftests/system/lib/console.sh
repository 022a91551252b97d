# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of consoles, beside adeos.sh: the history of a console, and bytes through it.
# A test sets kib, their number, first.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2034 # tests use CONSOLE, adeos.sh uses AT_S

CONSOLE="--append=console=hvc0 vnode.modules=vconsole,adeos-test"
# shellcheck disable=SC2154 # kib
AT_S=$((60 + kib / 20))

tty_is_there() { # ID
	[ -c "/dev/ttyVN$1" ]
}

history_has() { # ID PATTERN
	vcon "$1" history | grep -aqE "$2"
}

times_in_history() { # COUNT ID PATTERN
	local count

	count=$(vcon "$2" history | grep -acE "$3")
	echo "$count times, wanted $1"
	[ "$count" -eq "$1" ]
}

status_is() { # ID WORD VALUE
	[ "$(vcon "$1" status | value "$2")" = "$3" ]
}

fails_with() { # ERRNO COMMAND...
	local want="$1" said

	shift
	said=$("$@" 2>&1 | tail -n 1)
	echo "$said"
	[ "$said" = "error $want" ]
}

# ---- a reader that does not read ----

flood_console() { # ID KIB
	vsh -t 120 "$1" "dmesg -n 1
		head -c $(($2 * 1024)) /dev/zero | tr '\\0' z > /dev/hvc0"
}

goes_on_without_reader() { # SECONDS
	local missed

	vcon 1 stall "$1" > /tmp/stalled &
	flood_console 1 1024 || return 1
	runs 1 || return 1
	wait $!
	cat /tmp/stalled
	missed=$(value missed < /tmp/stalled)
	[ "${missed:-0}" -gt $((512 * 1024)) ] && status_is 1 dropped 0
}

# ---- bytes ----

raw() {
	stty raw -echo
}

# Vnode ID prints kib KiB, and they arrive unchanged. The kernel must not print in
# between. hvc forgets its settings when it is closed, and drops unsent output when the
# shell ends whose terminal it is: the last stty waits for the output.
print_from() { # ID
	local want have reader

	raw < "/dev/ttyVN$1"
	# open first: a tty shows only what arrives afterwards
	exec 4< "/dev/ttyVN$1"
	timeout "$AT_S" head -c $((kib * 1024)) <&4 > "/tmp/out.$1" &
	reader=$!
	exec 4<&-
	want=$(vsh -t "$AT_S" "$1" "dmesg -n 1; exec 3<> /dev/hvc0; stty raw -echo <&3
		head -c $((kib * 1024)) /dev/urandom > /tmp/out
		md5sum < /tmp/out; cat /tmp/out >&3; stty raw -echo <&3")
	wait "$reader"
	have=$(md5sum < "/tmp/out.$1")
	echo "$1: $have, wanted $want"
	[ "$want" = "$have" ]
}

# kib KiB typed to vnode ID arrive unchanged. No ^O among them: hvc takes it for SysRq.
type_to() { # ID
	local want have

	raw < "/dev/ttyVN$1"
	head -c $((kib * 1024)) /dev/urandom | tr '\017' x > "/tmp/in.$1"
	want=$(md5sum < "/tmp/in.$1")
	vsh "$1" rm -f /tmp/reads
	vsh -t "$AT_S" "$1" "exec 3< /dev/hvc0; stty raw -echo <&3; touch /tmp/reads
		head -c $((kib * 1024)) <&3 | md5sum" > "/tmp/got.$1" &
	wait_for 20 vsh "$1" test -e /tmp/reads || return 1
	cat "/tmp/in.$1" > "/dev/ttyVN$1"
	wait $!
	have=$(cat "/tmp/got.$1")
	echo "$1: $have, wanted $want"
	[ "$want" = "$have" ]
}

both_ways() { # ID
	print_from "$1" && type_to "$1"
}

all_at_once() { # ID...
	local id pids='' pid status=0

	for id; do
		both_ways "$id" > "/tmp/both.$id" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || status=1
	done
	cat /tmp/both.*
	return "$status"
}
