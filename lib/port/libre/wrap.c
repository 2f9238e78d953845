/**
 * @file port/libre/wrap.c  What libre would print or answer by itself
 *
 * The linker's --wrap sends libre's own calls here.  libre prints a line to
 * stderr for every stray or broken packet, with raw peer bytes (specs fact K),
 * and answers any STUN Binding request on the SIP port (fact J).
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <re_types.h>
#include <re_fmt.h>
#include <re_sa.h>
#include <re_list.h>
#include <re_mbuf.h>
#include <re_stun.h>
#include "port/libre/libre.h"

static _Thread_local struct sipd_log *log_here;


void sipd_libre_log(struct sipd_log *log)
{
	log_here = log;
}


#ifdef SIPD_LIBRE_STATIC

int __wrap_re_fprintf(FILE *stream, const char *fmt, ...);
int __wrap_dbg_printf(int level, const char *fmt, ...);
int __wrap_stun_reply(int proto, void *sock, const struct sa *dst,
		      size_t presz, const struct stun_msg *req,
		      const uint8_t *key, size_t keylen, bool fp,
		      uint32_t attrc, ...);


static void to_log(const char *fmt, va_list ap)
{
	char line[SIPD_LOG_SIZE];
	size_t len;

	if (!log_here || atomic_load(&log_here->level) < SIPDIALER_LOG_DEBUG)
		return;

	if (re_vsnprintf(line, sizeof(line), fmt, ap) < 0)
		return;

	len = str_len(line);
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		line[--len] = '\0';

	sipd_log_debug(log_here, "libre: %s", line);
}


int __wrap_re_fprintf(FILE *stream, const char *fmt, ...)
{
	va_list ap;
	(void)stream;

	va_start(ap, fmt);
	to_log(fmt, ap);
	va_end(ap);

	return 0;
}


int __wrap_dbg_printf(int level, const char *fmt, ...)
{
	va_list ap;
	(void)level;

	va_start(ap, fmt);
	to_log(fmt, ap);
	va_end(ap);

	return 0;
}


int __wrap_stun_reply(int proto, void *sock, const struct sa *dst,
		      size_t presz, const struct stun_msg *req,
		      const uint8_t *key, size_t keylen, bool fp,
		      uint32_t attrc, ...)
{
	(void)proto;
	(void)sock;
	(void)dst;
	(void)presz;
	(void)req;
	(void)key;
	(void)keylen;
	(void)fp;
	(void)attrc;

	return 0;
}

#endif
