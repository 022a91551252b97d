// SPDX-License-Identifier: GPL-2.0-only
/* The sentence that goes with an error. */
#include <stdarg.h>
#include <stdio.h>

#include "vnode.h"

/**
 * vnode_err() - fill in the sentence of an error
 * @err: where it goes, or NULL
 * @errnum: an errno of either sign
 * @fmt: one sentence: what is wrong with which object, what to try; no newline
 *
 * Return: the negative errno, so that a caller can write "return vnode_err(...)".
 */
int vnode_err(struct vnode_err *err, int errnum, const char *fmt, ...)
{
	va_list args;
	char *at;

	if (err) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
		/* one line, also when it quotes what was typed */
		for (at = err->text; *at; at++)
			if ((unsigned char)*at < ' ' || *at == 0x7f)
				*at = '?';
	}
	return errnum > 0 ? -errnum : errnum;
}
