#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 1800 -f adeos-lite/fault.h:/selftests/fault.h
#
# A vnode dies at each step of the protocol.

# shellcheck source=selftests/system/lib/faults.sh
. /selftests/lib/faults.sh

# shellcheck disable=SC2046 # words
exec sh /selftests/isolation/faults.sh $(fault_names | grep -v '^POINTS$')
