#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 3000
#
# [SCRIBBLES LIES [SECONDS]]: many more rounds of nonsense over a vnode's bridge of
# the network, and of lies.

exec sh /selftests/vnic-hostile.sh "${1:-40000}" "${2:-10000}" "${3:-20}"
