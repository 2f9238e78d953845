/**
 * @file base/error.h  Error codes with a text that names value and limit
 *
 * Codes are enum sipdialer_error.  The text is per thread.
 */
#ifndef SIPD_BASE_ERROR_H
#define SIPD_BASE_ERROR_H

#include <sipdialer/sipdialer.h>

enum { SIPD_ERROR_SIZE = 512 }; /* longer texts are cut */

/** Remember the text for sipdialer_last_error(); returns code. @thread any */
int sipd_error(int code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Text of the last sipd_error() on this thread, "" if none. @thread any */
const char *sipd_error_text(void);

/** enum sipdialer_error for an errno value; sets the text
 *  "what: strerror". @thread any */
int sipd_error_errno(int err, const char *what);

#endif
