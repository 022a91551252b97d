#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1536M -t 1500
#
# kexec is killed at 15 instants of a start.

exec sh /selftests/stop/kill.sh 15
