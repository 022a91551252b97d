#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 2 -m 2G -t 200
#
# The pipeline: domains are called in order of priority, and accept, pass, end or ignore an
# entry; entries for a stalled domain are logged and replayed.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

# Raises once and waits until it has arrived somewhere: the portal "last" is raised
# after it, and no domain catches that.
raise_once() {
	local before

	before=$(at_value interrupts 0 count last)
	at 1 raise 0 in 1 && at 1 raise 0 last 1 &&
		wait_for 5 at_says interrupts $((before + 1)) 0 count last
}

calls() { # DOMAIN
	at_value calls 0 domain count "$1"
}

order() { # DOMAIN
	at_value order 0 domain count "$1"
}

counts_are() { # HIGH LOW PORTAL
	local found

	found="$(calls high) $(calls low) $(at_value interrupts 0 count in)"
	echo "high, low, portal: $found; wanted $*"
	[ "$found" = "$*" ]
}

plan 30
remember_root
log_begin
remember_adeos
check "vnode 1" up 1 1 256M
check "portals of root" eval 'at 0 portal in grant=1 && at 0 portal last grant=1'
check "two domains, the lower one first" eval 'at 0 domain add low 10 && at 0 domain add high 20'
check "who catches nothing sees nothing" eval 'raise_once && counts_are 0 0 1'
check "both accept and pass on" eval 'at 0 domain catch low in accept-pass && at 0 domain catch high in accept-pass'
check "both are called, and the portal" eval 'raise_once && counts_are 1 1 2'
check "the higher one came first" test "$(order high)" -lt "$(order low)"
check "they know from whom" test "$(at_value from 0 domain count low)" = "$(printf '0x%x' $((1 << $(slot_of 1))))"
check "the higher one accepts and ends" at 0 domain catch high in accept-end
check "no later domain is called" eval 'raise_once && counts_are 2 1 2'
check "it ends without being called" at 0 domain catch high in end
check "no domain is called" eval 'raise_once && counts_are 2 1 2'
check "it ignores" at 0 domain catch high in ignore
check "the others are called" eval 'raise_once && counts_are 2 2 3'
check "it accepts again" at 0 domain catch high in accept-pass

check "the lower one is stalled" at 0 domain stall low
check "it waits there, behind the higher one" eval 'raise_once && counts_are 3 2 3'
check "two more merge" eval 'raise_once && raise_once && counts_are 5 2 3'
check "unstalled" at 0 domain unstall low
check "it goes on from there, once" wait_for 5 counts_are 5 3 4
check "the higher one is stalled" at 0 domain stall high
check "no domain is called" eval 'raise_once && counts_are 5 3 4'
check "then all domains are called" eval 'at 0 domain unstall high && wait_for 5 counts_are 6 4 5'
check "a stalled domain goes, and what it had logged goes on" \
	eval 'at 0 domain stall high && raise_once && at 0 domain del high && wait_for 5 at_says interrupts 6 0 count in'
check "no domain of that name: ENOENT" at_fails ENOENT 0 domain stall nobody
check "urgent portals do not pass through domains" \
	eval 'at 0 portal urgent urgent && at_fails EINVAL 0 domain catch low urgent accept-pass'
check "a domain of a vnode" eval 'at 1 portal in grant=all && at 1 domain add d 1 && at 1 domain catch d in accept-end && at 0 raise 1 in 1 && wait_for 5 at_says calls 1 1 domain count d && at_says interrupts 0 1 count in'
check "a stalled domain does not keep a vnode from being stopped" eval 'at 1 domain stall d && at 0 raise 1 in 1 && stop 1'
at 0 domain del low > /dev/null
for portal in in last urgent; do
	at 0 close $portal
done > /dev/null
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
