/**
 * @file api/options_file.c  Files of `name = value` lines
 *
 * UTF-8, a BOM is skipped, lines end by LF or CRLF.  `#` begins a comment at
 * the start of a line or after a blank, so that "12#" stays a value.
 */
#include "api/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"


int sipd_options_file_read(const char *path, char **textp, size_t *lenp)
{
	FILE *f = fopen(path, "rbe");
	char *text = NULL;
	size_t len = 0;
	int err = 0;

	if (!f)
		return sipd_error(errno == ENOENT ? SIPDIALER_ENOENT
						  : SIPDIALER_EIO,
				  "%s: %s", path, strerror(errno));

	text = malloc(SIPD_OPTION_FILE_MAX + 2);
	if (!text) {
		err = sipd_error(SIPDIALER_ENOMEM, "out of memory");
		goto out;
	}

	errno = 0;
	len = fread(text, 1, SIPD_OPTION_FILE_MAX + 1, f);
	if (ferror(f))
		err = sipd_error(SIPDIALER_EIO, "%s: %s", path,
				 strerror(errno));
	else if (len > SIPD_OPTION_FILE_MAX)
		err = sipd_error(SIPDIALER_EINVAL, "%s: over %d bytes", path,
				 SIPD_OPTION_FILE_MAX);
	else
		text[len] = '\0';

out:
	(void)fclose(f);
	if (err) {
		free(text);
		return err;
	}
	*textp = text;
	*lenp = len;

	return 0;
}


static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}


/* Without blanks around it; terminates it in place. */
static char *trim(char *p, char *end)
{
	while (p < end && blank(*p))
		p++;
	while (end > p && blank(end[-1]))
		end--;
	*end = '\0';

	return p;
}


static int line_apply(struct sipd_options *o, char *line, char *end,
		      bool running)
{
	char *equals, *name, *value;

	if (memchr(line, '\0', (size_t)(end - line)))
		return sipd_error(SIPDIALER_EINVAL, "a NUL byte");

	for (char *p = line; p < end; p++) {
		if (*p == '#' && (p == line || blank(p[-1]))) {
			end = p;
			break;
		}
	}

	line = trim(line, end);
	if (!*line)
		return 0;

	equals = strchr(line, '=');
	if (!equals || equals == line)
		return sipd_error(SIPDIALER_EINVAL,
				  "not of the form name = value");
	end = line + strlen(line);
	value = trim(equals + 1, end);
	name = trim(line, equals);

	return sipd_options_set(o, name, value, running);
}


int sipd_options_file_apply(struct sipd_options *o, const char *path,
			    char *text, size_t len, bool running)
{
	char *p = text, *end = text + len;
	struct sipd_options made, old;
	size_t line = 0;
	int err;

	err = sipd_options_copy(&made, o);
	if (err)
		return err;
	if (len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;

	while (p < end && !err) {
		char *next = memchr(p, '\n', (size_t)(end - p));

		next = next ? next : end;
		line++;
		err = line_apply(&made, p, next, running);
		p = next + 1;
	}

	if (err) {
		sipd_options_close(&made);
		return sipd_error(err, "%s:%zu: %s", path, line,
				  sipd_error_text());
	}

	old = *o;
	*o = made;
	sipd_options_close(&old);

	return 0;
}


void sipd_options_file_free(char *text, size_t len)
{
	explicit_bzero(text, len); /* there may be a password in it */
	free(text);
}
