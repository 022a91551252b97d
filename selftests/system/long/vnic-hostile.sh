#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 3000
#
# A hundred thousand rounds of nonsense over a vnode's bridge of the network, and lies.

exec sh /selftests/vnic-hostile.sh 100000 20000 60
