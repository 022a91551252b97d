#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 1800
#
# ioctl-fuzz.sh, for longer and with other seeds.

exec sh /selftests/uapi/ioctl-fuzz.sh 50000 11 12 13 14 15 16 17 18
