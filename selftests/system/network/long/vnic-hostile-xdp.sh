#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 600
#
# Nonsense and lies, while root has an XDP program.

exec sh /selftests/network/vnic-hostile.sh 1000 2000 10 500 xdp
