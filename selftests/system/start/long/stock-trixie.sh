#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: the same with the userland and the initrds of Debian 13

DEBIAN=trixie exec "$(dirname "${BASH_SOURCE[0]}")/stock.sh" disk initrd.img private dracut.img
