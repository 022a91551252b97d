#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 9 -m 3G -t 1200
#
# Eight vnodes that have much to say to each other.

exec sh /selftests/eight.sh 2000
