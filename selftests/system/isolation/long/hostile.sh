#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 3000
#
# More than a million rounds of random bytes over the shared memory of a vnode.

exec sh /selftests/isolation/hostile.sh 25000 1 7 1000003 88172645463325252
