/**
 * @file base/log.c  Log lines: escaped, limited, handed on
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/clock.h"


void sipd_log_init(struct sipd_log *log, int level, sipd_log_h *h, void *arg)
{
	log->h = h;
	log->arg = arg;
	atomic_init(&log->level, level);
	atomic_init(&log->window, 0);
	atomic_init(&log->in_window, 0);
	atomic_init(&log->suppressed, 0);
}


/* false: over the limit of this second */
static bool admit(struct sipd_log *log)
{
	const uint64_t now = sipd_clock_ms() / 1000 + 1;
	uint_fast64_t seen = atomic_load(&log->window);

	if (seen != now &&
	    atomic_compare_exchange_strong(&log->window, &seen, now)) {
		const unsigned lost = atomic_exchange(&log->suppressed, 0);

		atomic_store(&log->in_window, 0);
		if (lost) {
			char line[64];

			(void)snprintf(line, sizeof(line),
				       "%u log lines suppressed", lost);
			log->h(SIPDIALER_LOG_WARNING, line, log->arg);
		}
	}

	if (atomic_fetch_add(&log->in_window, 1) < SIPD_LOG_PER_SECOND)
		return true;

	atomic_fetch_add(&log->suppressed, 1);

	return false;
}


static void escape(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 5 < size; src++) {
		const unsigned char c = (unsigned char)*src;

		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(dst + n, size - n, "\\x%02x", c);
		else
			dst[n++] = (char)c;
	}

	dst[n] = '\0';
}


void sipd_log(struct sipd_log *log, int level, const char *fmt, ...)
{
	char raw[SIPD_LOG_SIZE], line[SIPD_LOG_SIZE];
	va_list ap;

	if (!log || !log->h || level > atomic_load(&log->level) || !admit(log))
		return;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);

	escape(line, sizeof(line), raw);
	log->h(level, line, log->arg);
}
