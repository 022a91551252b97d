#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 3000
#
# [ROUNDS [SEED...]]: a quarter of a million rounds of random bytes over the shared memory of a
# vnode.

[ $# -gt 0 ] || set -- 20000 1000003
exec sh /selftests/isolation/hostile.sh "$@"
