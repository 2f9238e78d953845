/**
 * @file api/options.c  Options: setting, reading, lists
 */
#include "api/options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"

#define LENGTH(p, end) (int)((end) - (p)), (p)


void sipd_options_init(struct sipd_options *o)
{
	memset(o, 0, sizeof(*o));
}


void sipd_options_close(struct sipd_options *o)
{
	for (size_t i = 0; i < SIPD_OPT_COUNT; i++) {
		if (o->text[i] &&
		    sipd_option_table[i].type == SIPD_OPTION_SECRET)
			explicit_bzero(o->text[i], strlen(o->text[i]));
		free(o->text[i]);
	}

	memset(o, 0, sizeof(*o));
}


int sipd_options_copy(struct sipd_options *dst, const struct sipd_options *src)
{
	sipd_options_init(dst);

	for (size_t i = 0; i < SIPD_OPT_COUNT; i++) {
		dst->cleared[i] = src->cleared[i];
		if (!src->text[i])
			continue;
		dst->text[i] = sipd_strdup(src->text[i]);
		if (!dst->text[i]) {
			sipd_options_close(dst);
			return sipd_error(SIPDIALER_ENOMEM, "out of memory");
		}
	}

	return 0;
}


/* ---- finding ----------------------------------------------------------- */

/* "server" is meant as "sip.server", "sip.sever" is near to it. */
static const char *nearest(const char *name)
{
	unsigned best = strlen(name) < 8 ? 2 : 4;
	const char *found = NULL;

	for (size_t i = 0; i < SIPD_OPT_COUNT; i++) {
		const char *known = sipd_option_table[i].name;
		const char *dot = strchr(known, '.');
		const unsigned n = sipd_text_distance(name, known, best);

		if (!strcmp(dot + 1, name))
			return known;
		if (n <= best && (!found || n < best)) {
			best = n;
			found = known;
		}
	}

	return found;
}


int sipd_option_find(const char *name)
{
	const char *near;

	for (size_t i = 0; i < SIPD_OPT_COUNT; i++)
		if (!strcmp(sipd_option_table[i].name, name))
			return (int)i;

	if (!sipd_text_clean(name, strlen(name)))
		return sipd_error(
			SIPDIALER_ENOENT,
			"no such option: its name has control characters");

	near = nearest(name);
	if (near)
		return sipd_error(SIPDIALER_ENOENT,
				  "no option \"%.64s\"; did you mean \"%s\"?",
				  name, near);

	return sipd_error(SIPDIALER_ENOENT, "no option \"%.64s\"", name);
}


/* ---- checking values: each writes the canonical text ------------------- */

/* Place of the word [p, end) among words, or -1; *word is as in the table. */
static int word_place(const char *words, const char *p, const char *end,
		      const char **word, size_t *len)
{
	int place = 0;

	for (const char *w = words; *w; place++) {
		const size_t n = strcspn(w, ",");

		if (n == (size_t)(end - p) && !strncasecmp(w, p, n)) {
			*word = w;
			*len = n;
			return place;
		}
		w += n + (w[n] == ',');
	}

	return -1;
}


static int not_built_in(const struct sipd_option_def *def, const char *value)
{
	return sipd_error(
		SIPDIALER_ENOSYS,
		"option %s: \"%.64s\" is not built in yet; only \"%s\" is",
		def->name, value, def->standard);
}


static int check_enum(const struct sipd_option_def *def, const char *value,
		      char *text)
{
	const char *end = value + strlen(value), *word;
	size_t len;

	if (word_place(def->words, value, end, &word, &len) < 0)
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s: \"%.64s\" is none of %s",
				  def->name, value, def->words);
	memcpy(text, word, len);
	text[len] = '\0';

	if (def->later && *def->later != '*' &&
	    word_place(def->later, value, end, &word, &len) >= 0)
		return sipd_error(SIPDIALER_ENOSYS,
				  "option %s: \"%s\" is not built in yet",
				  def->name, text);

	return 0;
}


static int check_list(const struct sipd_option_def *def, const char *value,
		      char *text)
{
	unsigned seen = 0;
	char *out = text;

	for (const char *p = value;; p++) {
		const char *next = p + strcspn(p, ","), *end = next, *word;
		size_t len;
		int place;

		while (p < end && *p == ' ')
			p++;
		while (end > p && end[-1] == ' ')
			end--;

		place = word_place(def->words, p, end, &word, &len);
		if (place < 0)
			return sipd_error(SIPDIALER_EINVAL,
					  "option %s: \"%.*s\" is none of %s",
					  def->name, LENGTH(p, end),
					  def->words);
		if (seen & 1u << place)
			return sipd_error(SIPDIALER_EINVAL,
					  "option %s: \"%.*s\" comes twice",
					  def->name, LENGTH(p, end));
		seen |= 1u << place;

		if (out != text)
			*out++ = ',';
		memcpy(out, word, len);
		out += len;
		*out = '\0';

		p = next;
		if (!*p)
			return 0;
	}
}


static int check_number(const struct sipd_option_def *def, const char *value,
			char *text)
{
	const bool whole = def->type == SIPD_OPTION_INT;
	int64_t i;
	double n;

	if (whole ? sipd_parse_int(value, def->min, def->max, &i)
		  : sipd_parse_num(value, (double)def->min, (double)def->max,
				   &n)) {
		(void)sipd_strcpy(text, SIPD_OPTION_VALUE_MAX + 1, value);
		return 0;
	}

	return sipd_error(
		SIPDIALER_EINVAL,
		"option %s: \"%.64s\" is not a %s from %lld to %lld%s%s",
		def->name, value, whole ? "whole number" : "number",
		(long long)def->min, (long long)def->max, def->unit ? " " : "",
		def->unit ? def->unit : "");
}


static int check_bool(const struct sipd_option_def *def, const char *value,
		      char *text)
{
	const char *end = value + strlen(value), *word;
	const char *standard = NULL;
	size_t len;

	if (word_place("yes,true,on,1", value, end, &word, &len) >= 0)
		standard = "yes";
	else if (word_place("no,false,off,0", value, end, &word, &len) >= 0)
		standard = "no";

	if (!standard)
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s: \"%.64s\" is not yes or no",
				  def->name, value);
	(void)sipd_strcpy(text, SIPD_OPTION_VALUE_MAX + 1, standard);

	return 0;
}


static int check_text(const struct sipd_option_def *def, const char *value,
		      char *text)
{
	const size_t len = strlen(value);

	if (len > (size_t)def->max)
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s: %zu bytes, at most %lld",
				  def->name, len, (long long)def->max);
	memcpy(text, value, len + 1);

	return 0;
}


static int check_value(const struct sipd_option_def *def, const char *value,
		       char *text)
{
	typedef int(check_h)(const struct sipd_option_def *, const char *,
			     char *);
	static check_h *const checks[] = {
		[SIPD_OPTION_STRING] = check_text,
		[SIPD_OPTION_SECRET] = check_text,
		[SIPD_OPTION_PATH] = check_text,
		[SIPD_OPTION_INT] = check_number,
		[SIPD_OPTION_NUM] = check_number,
		[SIPD_OPTION_BOOL] = check_bool,
		[SIPD_OPTION_ENUM] = check_enum,
		[SIPD_OPTION_LIST] = check_list,
		[SIPD_OPTION_LINES] = check_text,
	};
	const size_t len = strnlen(value, SIPD_OPTION_VALUE_MAX + 1);
	int err;

	if (len > SIPD_OPTION_VALUE_MAX)
		return sipd_error(SIPDIALER_EINVAL, "option %s: over %d bytes",
				  def->name, SIPD_OPTION_VALUE_MAX);
	if (!sipd_text_clean(value, len))
		return sipd_error(
			SIPDIALER_EINVAL,
			"option %s: control characters are not allowed",
			def->name);
	if (!sipd_utf8_valid(value, len))
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s: not valid UTF-8", def->name);

	err = checks[def->type](def, value, text);
	if (err)
		return err;
	if (def->filled && !*text)
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s: not to be empty", def->name);
	if (def->later && *def->later == '*' && strcmp(text, def->standard))
		return not_built_in(def, def->type == SIPD_OPTION_SECRET
						 ? "***"
						 : value);

	return def->check && *text ? def->check(def->name, text) : 0;
}


/* ---- setting ----------------------------------------------------------- */

static int store(struct sipd_options *o, int id, const char *text)
{
	char *copy = sipd_strdup(text);

	if (text && !copy)
		return sipd_error(SIPDIALER_ENOMEM, "out of memory");

	if (o->text[id] && sipd_option_table[id].type == SIPD_OPTION_SECRET)
		explicit_bzero(o->text[id], strlen(o->text[id]));
	free(o->text[id]);
	o->text[id] = copy;

	return 0;
}


/* One more line; "" begins anew. */
static int store_line(struct sipd_options *o, int id, const char *line)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	const char *old = o->text[id];
	char all[SIPD_OPTION_VALUE_MAX + 1];
	unsigned lines = 1;
	int n;

	if (!*line) {
		o->cleared[id] = true;
		return store(o, id, NULL);
	}
	if (!old)
		return store(o, id, line);

	for (const char *p = old; *p; p++)
		lines += *p == '\n';
	n = snprintf(all, sizeof(all), "%s\n%s", old, line);
	if (lines >= SIPD_OPTION_HEADERS_MAX || (size_t)n >= sizeof(all))
		return sipd_error(
			SIPDIALER_EINVAL,
			"option %s: more than %d lines or %d bytes in all",
			def->name, SIPD_OPTION_HEADERS_MAX,
			SIPD_OPTION_VALUE_MAX);

	return store(o, id, all);
}


static int set(struct sipd_options *o, int id, const char *value)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	char text[SIPD_OPTION_VALUE_MAX + 1];
	int err;

	if (!value) {
		o->cleared[id] = false;
		return store(o, id, NULL);
	}

	err = check_value(def, value, text);
	if (!err)
		err = def->type == SIPD_OPTION_LINES ? store_line(o, id, text)
						     : store(o, id, text);
	explicit_bzero(text, sizeof(text));

	return err;
}


unsigned sipd_option_scope(int id)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	const bool account = !strncmp(def->name, "sip.", 4) ||
			     id == SIPD_OPT_INCOMING_ACCEPT ||
			     id == SIPD_OPT_INCOMING_TRUNKS ||
			     id == SIPD_OPT_MEDIA_CODECS ||
			     id == SIPD_OPT_MEDIA_SRTP ||
			     id == SIPD_OPT_MEDIA_RTCP_MUX ||
			     id == SIPD_OPT_MEDIA_DTMF;

	return def->scope | (account ? SIPD_SCOPE_ACCOUNT : 0);
}


int sipd_options_take(struct sipd_options *dst, const struct sipd_options *src,
		      int id)
{
	dst->cleared[id] = src->cleared[id];

	return store(dst, id, src->text[id]);
}


static int check_scope(int id, unsigned scope, bool running)
{
	const struct sipd_option_def *def = &sipd_option_table[id];

	if (scope != SIPD_SCOPE_ENGINE && !(sipd_option_scope(id) & scope))
		return sipd_error(SIPDIALER_EINVAL,
				  "option %s cannot be set for %s", def->name,
				  scope == SIPD_SCOPE_ACCOUNT ? "one account"
				  : scope == SIPD_SCOPE_CALL  ? "one call"
				  : scope == SIPD_SCOPE_CAMPAIGN
					  ? "one campaign"
					  : "one import");

	if (scope == SIPD_SCOPE_ENGINE && running &&
	    !(def->scope & SIPD_SCOPE_LIVE))
		return sipd_error(
			SIPDIALER_ESTATE,
			"option %s cannot change while the engine runs",
			def->name);

	return 0;
}


int sipd_options_set_in(struct sipd_options *o, const char *name,
			const char *value, unsigned scope, bool running)
{
	const int id = sipd_option_find(name);
	int err;

	if (id < 0)
		return id;
	err = check_scope(id, scope, running);

	return err ? err : set(o, id, value);
}


int sipd_options_set(struct sipd_options *o, const char *name,
		     const char *value, bool running)
{
	return sipd_options_set_in(o, name, value, SIPD_SCOPE_ENGINE, running);
}


/* entry is "name=value". */
static int apply(struct sipd_options *o, const char *entry, unsigned scope,
		 bool running)
{
	const char *equals = strchr(entry, '=');
	char name[65];
	int id, err;

	if (!equals || equals == entry)
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%.64s\" is not of the form name=value",
				  entry);
	(void)snprintf(name, sizeof(name), "%.*s", LENGTH(entry, equals));

	id = sipd_option_find(name);
	if (id < 0)
		return id;
	err = check_scope(id, scope, running);

	return err ? err : set(o, id, equals + 1);
}


/* What was made of a copy takes the place of o, if it went well. */
static int finish(struct sipd_options *o, struct sipd_options *made, int err)
{
	struct sipd_options old = *o;

	if (err) {
		sipd_options_close(made);
		return err;
	}

	*o = *made;
	sipd_options_close(&old);

	return 0;
}


int sipd_options_apply_list(struct sipd_options *o, const char *const *list,
			    unsigned scope, bool running)
{
	struct sipd_options made;
	int err;

	if (!list || !*list)
		return 0;

	err = sipd_options_copy(&made, o);
	for (size_t i = 0; !err && list[i]; i++) {
		if (i == SIPD_OPTION_LIST_MAX)
			err = sipd_error(SIPDIALER_EINVAL,
					 "more than %d options in one list",
					 SIPD_OPTION_LIST_MAX);
		else
			err = apply(&made, list[i], scope, running);
	}

	return finish(o, &made, err);
}


int sipd_options_from_lines(struct sipd_options *o, const char *text,
			    unsigned scope)
{
	struct sipd_options made;
	int err = sipd_options_copy(&made, o);

	while (!err && text && *text) {
		const size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		err = !line ? sipd_error(SIPDIALER_ENOMEM, "out of memory")
		      : len ? apply(&made, line, scope, false)
			    : 0;
		free(line);
		text += len + (text[len] == '\n');
	}

	return finish(o, &made, err);
}


static void add_lines(struct sipd_text *t, const struct sipd_options *o,
		      int id)
{
	const char *name = sipd_option_table[id].name, *p = o->text[id];

	if (o->cleared[id])
		sipd_text_printf(t, "%s=\n", name);

	while (p) {
		const size_t len = sipd_option_table[id].type ==
						   SIPD_OPTION_LINES
					   ? strcspn(p, "\n")
					   : strlen(p);

		sipd_text_add(t, name);
		sipd_text_add(t, "=");
		sipd_text_addn(t, p, len);
		sipd_text_add(t, "\n");
		p = p[len] ? p + len + 1 : NULL;
	}
}


char *sipd_options_to_lines(const struct sipd_options *o, unsigned scope)
{
	struct sipd_text t;
	char *buf = NULL;
	size_t size = 0;

	for (int pass = 0; pass < 2; pass++) {
		sipd_text_init(&t, buf, size);
		for (int id = 0; id < SIPD_OPT_COUNT; id++)
			if (sipd_option_table[id].scope & scope)
				add_lines(&t, o, id);
		if (!buf) {
			size = t.len + 1;
			buf = malloc(size);
			if (!buf) {
				(void)sipd_error(SIPDIALER_ENOMEM,
						 "out of memory");
				return NULL;
			}
		}
	}

	return buf;
}


/* ---- reading ----------------------------------------------------------- */

static const char *value_of(const struct sipd_options *o, int id)
{
	return o->text[id] ? o->text[id] : sipd_option_table[id].standard;
}


int sipd_options_get_text(const struct sipd_options *o, const char *name,
			  char *buf, size_t size)
{
	const int id = sipd_option_find(name);
	const char *value;

	if (size)
		buf[0] = '\0';
	if (id < 0)
		return id;

	value = value_of(o, id);
	if (sipd_option_table[id].type == SIPD_OPTION_SECRET && *value)
		value = "***";
	if (!size || !sipd_strcpy(buf, size, value))
		return sipd_error(SIPDIALER_ESIZE,
				  "option %s needs %zu bytes, %zu given", name,
				  strlen(value) + 1, size);

	return SIPDIALER_OK;
}


const char *sipd_opt_str(const struct sipd_options *o, enum sipd_option id)
{
	return value_of(o, (int)id);
}


int64_t sipd_opt_int(const struct sipd_options *o, enum sipd_option id)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	int64_t value = 0;
	bool ok;

	assert(def->type == SIPD_OPTION_INT);
	ok = sipd_parse_int(value_of(o, (int)id), def->min, def->max, &value);
	assert(ok);
	(void)ok;

	return value;
}


double sipd_opt_num(const struct sipd_options *o, enum sipd_option id)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	double value = 0;
	bool ok;

	assert(def->type == SIPD_OPTION_NUM);
	ok = sipd_parse_num(value_of(o, (int)id), (double)def->min,
			    (double)def->max, &value);
	assert(ok);
	(void)ok;

	return value;
}


bool sipd_opt_bool(const struct sipd_options *o, enum sipd_option id)
{
	assert(sipd_option_table[id].type == SIPD_OPTION_BOOL);

	return !strcmp(value_of(o, (int)id), "yes");
}


int sipd_opt_enum(const struct sipd_options *o, enum sipd_option id)
{
	const struct sipd_option_def *def = &sipd_option_table[id];
	const char *value = value_of(o, (int)id), *word;
	size_t len;

	assert(def->type == SIPD_OPTION_ENUM);

	return word_place(def->words, value, value + strlen(value), &word,
			  &len);
}


uint64_t sipd_opt_ms(const struct sipd_options *o, enum sipd_option id)
{
	const char *unit = sipd_option_table[id].unit;
	const uint64_t value = (uint64_t)sipd_opt_int(o, id);

	assert(unit && (!strcmp(unit, "s") || !strcmp(unit, "ms")));

	return strcmp(unit, "s") ? value : value * 1000;
}


bool sipd_opt_is_set(const struct sipd_options *o, enum sipd_option id)
{
	return o->text[id] || o->cleared[id];
}


char sipd_opt_delimiter(const struct sipd_options *o)
{
	const char *value = value_of(o, SIPD_OPT_IMPORT_DELIMITER);

	if (!strcmp(value, "auto") || !*value)
		return '\0';

	return !strcmp(value, "tab") ? '\t' : *value;
}
