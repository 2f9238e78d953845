/**
 * @file base/log.h  Log lines, handed to whoever made the log
 *
 * A line never carries control bytes (they are written as \xNN), so that one
 * call makes one line whatever a peer sent.
 */
#ifndef SIPD_BASE_LOG_H
#define SIPD_BASE_LOG_H

#include <stdatomic.h>
#include <sipdialer/sipdialer.h>

enum { SIPD_LOG_SIZE = 1024 };

typedef void(sipd_log_h)(int level, const char *line, void *arg);

struct sipd_log {
	sipd_log_h *h; /* called on the logging thread */
	void *arg;
	atomic_int level; /* highest enum sipdialer_log_level wanted */
	atomic_uint_fast64_t window; /* second of the rate limit */
	atomic_uint in_window;       /* lines in that second */
	atomic_uint suppressed;
};

enum { SIPD_LOG_PER_SECOND = 200 }; /* more are counted, not delivered */

void sipd_log_init(struct sipd_log *log, int level, sipd_log_h *h, void *arg);

/** log may be NULL. @thread any */
void sipd_log(struct sipd_log *log, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define sipd_log_error(l, ...) sipd_log(l, SIPDIALER_LOG_ERROR, __VA_ARGS__)
#define sipd_log_warning(l, ...) \
	sipd_log(l, SIPDIALER_LOG_WARNING, __VA_ARGS__)
#define sipd_log_info(l, ...) sipd_log(l, SIPDIALER_LOG_INFO, __VA_ARGS__)
#define sipd_log_debug(l, ...) sipd_log(l, SIPDIALER_LOG_DEBUG, __VA_ARGS__)

#endif
