// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vnode is root's, but for what it asks. */
#include "../look.c"
