#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 3000
#
# [SCRIBBLES LIES [SECONDS [BATCH]]]: many rounds of nonsense over a vnode's bridge of the
# network, and many lies.

exec sh /selftests/network/vnic-hostile.sh "${1:-100000}" "${2:-20000}" "${3:-20}" "${4:-2000}"
