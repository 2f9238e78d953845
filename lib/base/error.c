/**
 * @file base/error.c  Text of the last error, per thread
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[SIPD_ERROR_SIZE];


int sipd_error(int code, const char *fmt, ...)
{
	char made[SIPD_ERROR_SIZE]; /* the arguments may be the old text */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(made, sizeof(made), fmt, ap);
	va_end(ap);
	memcpy(text, made, sizeof(text));

	return code;
}


const char *sipd_error_text(void)
{
	return text;
}


int sipd_error_errno(int err, const char *what)
{
	int code;

	switch (err) {
	case ENOMEM:
		code = SIPDIALER_ENOMEM;
		break;
	case ENOENT:
		code = SIPDIALER_ENOENT;
		break;
	case EINVAL:
		code = SIPDIALER_EINVAL;
		break;
	default:
		code = SIPDIALER_EIO;
		break;
	}

	return sipd_error(code, "%s: %s", what, strerror(err));
}
