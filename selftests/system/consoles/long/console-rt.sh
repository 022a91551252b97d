#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: console.sh, with an RT kernel in the vnode

exec "$(dirname "${BASH_SOURCE[0]}")/../console.sh" 20 '/boot/vmlinuz-*-rt-*'
