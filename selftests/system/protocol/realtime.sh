#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 2 -m 2G -t 200
#
# examples/realtime.c in a vnode: a request of root is answered before Linux hears of it,
# and while Linux has its own part held back.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

MODULE=/lib/modules/$(uname -r)/vnode-realtime.ko
PARAMETERS=/sys/module/vnode_realtime/parameters

parameter_is() { # NAME VALUE
	local found

	found=$(vsh 1 cat "$PARAMETERS/$1")
	echo "$1 $found, wanted $2"
	[ "$found" = "$2" ]
}

# Raises once, and waits until the real-time domain has served it as request number N.
request() { # N
	at 0 raise 1 realtime 1 && wait_for 5 parameter_is served "$1"
}

hold() { # 0|1
	vsh 1 "echo $1 > $PARAMETERS/hold"
}

answers_are() { # N
	at_says interrupts "$1" 0 count realtime.answer
}

plan 16
remember_root
log_begin
remember_adeos
check "vnode 1" up 1 1 256M
check "root's portal for answers" at 0 portal realtime.answer grant=1
check "the module, in vnode 1, for requests of vnode 7" vsh 1 insmod "$MODULE" from=7
check "root may not raise it: EACCES" at_fails EACCES 0 raise 1 realtime 1
check "it goes" vsh 1 rmmod vnode-realtime
check "the module, for requests of root" vsh 1 insmod "$MODULE" from=0 cpu=0
check "a request is served, and Linux runs after it" eval 'request 1 && wait_for 5 parameter_is later 1'
check "it is answered, and so is the next one" eval 'request 2 && wait_for 5 answers_are 2'
check "Linux has run for that, too" wait_for 5 parameter_is later 2
check "Linux is held back: three requests are served and answered" \
	eval 'hold 1 && request 3 && request 4 && request 5 && wait_for 5 answers_are 5'
check "it has not run for them" parameter_is later 2
check "let on, it runs once for all three" eval 'hold 0 && wait_for 5 parameter_is later 3'
check "and for the next one" eval 'request 6 && wait_for 5 parameter_is later 4 && wait_for 5 answers_are 6'
check "the module goes while Linux is held back: ENOENT" \
	eval 'hold 1 && request 7 && vsh 1 rmmod vnode-realtime && at_fails ENOENT 0 raise 1 realtime 1'
check "root has everything again" eval 'stop 1 && at 0 close realtime.answer && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
