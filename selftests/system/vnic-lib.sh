# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What tests of vnic share, beside net-lib.sh: kernels on the network vnet0, vnode ID
# with the addresses 10.1.0.(ID + 1) and fd01::(ID + 1).

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/net-lib.sh
. /selftests/net-lib.sh

# shellcheck disable=SC2034 # for those who read this
VNIC=/lib/modules/$(uname -r)/vnic.ko

address() { # ID
	echo "10.1.0.$(($1 + 1))"
}

address6() { # ID
	echo "fd01::$(($1 + 1))"
}

configure() { # ID
	inside "$1" "ip addr add $(address "$1")/24 dev vnet0 && ip addr add $(address6 "$1")/64 dev vnet0 nodad &&
		ip link set vnet0 up && ip link set lo up"
}

# With a device on vnet0.
up_on_net() { # ID CPUS [OPTION...]
	local id="$1" cpus="$2"

	shift 2
	up "$id" "$cpus" 320M --append=vnode.modules=vnic,adeos-test "$@" && configure "$id"
}

carrier() { # ID: of vnet0, 1 or 0
	inside "$1" cat /sys/class/net/vnet0/carrier
}

carrier_is() { # ID VALUE
	[ "$(carrier "$1")" = "$2" ]
}

ping_once() { # FROM ADDRESS
	inside "$1" "ping -c 1 -W 5 $2"
}

pings() { # FROM TO: over IPv4 and IPv6
	ping_once "$1" "$(address "$2")" && ping_once "$1" "$(address6 "$2")"
}

all_ping() { # ID...
	local from to

	for from; do
		for to; do
			[ "$from" = "$to" ] || pings "$from" "$to" || { echo "$from does not reach $to"; return 1; }
		done
	done
}

members_are() { # ID N: as seen by ID
	[ "$(inside "$1" cat /sys/class/net/vnet0/vnic/members | wc -l)" -eq "$2" ]
}

# The sum over its queues of what ethtool -S calls so.
net_counter() { # ID NAME, as in tx_stalled
	inside "$1" ethtool -S vnet0 |
		awk -v name="$2" '{ sub(/[0-9]+/, "", $1); if ($1 == name ":") sum += $2 } END { print sum + 0 }'
}
