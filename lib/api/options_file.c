/**
 * @file api/options_file.c  Files of `name = value` lines
 *
 * UTF-8, a BOM is skipped, lines end by LF or CRLF.  `#` begins a comment at
 * the start of a line or after a blank, so that "12#" stays a value.  Below
 * [account NAME] the lines are of that account.
 */
#include "api/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"


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


struct reader {
	struct sipd_options *o; /* whose lines they are */
	unsigned scope;
	bool running;
	size_t line;
	sipd_options_section_h *h;
	void *arg;
};


/* "[account NAME]", without blanks around it. */
static int section(struct reader *r, char *line)
{
	static const char word[] = "account";
	const size_t len = sizeof(word) - 1;
	char *end = line + strlen(line) - 1, *p;

	if (*end != ']')
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%.64s\" has no ] at its end", line);
	p = trim(line + 1, end);
	if (!r->h || strncmp(p, word, len) || (p[len] && !blank(p[len])))
		return sipd_error(
			SIPDIALER_EINVAL,
			"no section \"[%.64s]\": only [account NAME] "
			"is one",
			sipd_text_clean(p, strlen(p)) ? p : "?");

	r->scope = SIPD_SCOPE_ACCOUNT;

	return r->h(trim(p + len, end), r->line, &r->o, r->arg);
}


static int setting(struct reader *r, char *line)
{
	char *equals = strchr(line, '=');
	char *name, *value;

	if (!equals || equals == line)
		return sipd_error(SIPDIALER_EINVAL,
				  "not of the form name = value");
	value = trim(equals + 1, line + strlen(line));
	name = trim(line, equals);

	return sipd_options_set_in(r->o, name, value, r->scope, r->running);
}


static int line_apply(struct reader *r, char *line, char *end)
{
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

	return *line == '[' ? section(r, line) : setting(r, line);
}


int sipd_options_file_error(int err, const char *path, size_t line)
{
	return sipd_error(err, "%s:%zu: %s", path, line, sipd_error_text());
}


int sipd_options_file_apply(struct sipd_options *o, const char *path,
			    char *text, size_t len, bool running,
			    sipd_options_section_h *h, void *arg)
{
	char *p = text, *end = text + len;
	struct sipd_options made, old;
	struct reader r = {
		.o = &made,
		.scope = SIPD_SCOPE_ENGINE,
		.running = running,
		.h = h,
		.arg = arg,
	};
	int err;

	err = sipd_options_copy(&made, o);
	if (err)
		return err;
	if (len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;

	while (p < end && !err) {
		char *next = memchr(p, '\n', (size_t)(end - p));

		next = next ? next : end;
		r.line++;
		err = line_apply(&r, p, next);
		p = next + 1;
	}

	if (err) {
		sipd_options_close(&made);
		return sipd_options_file_error(err, path, r.line);
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
