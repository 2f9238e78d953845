/**
 * @file scenario.c  scenario.txt, as a C host does it
 *
 *     scenario SCENARIO DEFAULTS
 *
 * Prints each step and what came of it.  DEFAULTS: an options file for every
 * engine.  The working folder holds the files that the scenario names.
 */
#include "scenario.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


void fail(struct runner *r, const char *format, ...)
{
	va_list ap;

	(void)printf("  FAILED: ");
	va_start(ap, format);
	(void)vprintf(format, ap);
	va_end(ap);
	(void)printf("\n");
	(void)fflush(stdout);
	sipdialer_destroy(r->d);
	exit(1);
}


int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* ---- names of the scenario ------------------------------------------------ */

void name_set(struct runner *r, const char *name, uint64_t id)
{
	size_t i;

	for (i = 0; i < r->namec && strcmp(r->names[i].name, name); i++)
		;
	if (i == NAMES)
		fail(r, "more than %d names", NAMES);
	if (i == r->namec)
		r->namec++;
	(void)snprintf(r->names[i].name, sizeof(r->names[i].name), "%s", name);
	r->names[i].id = id;
}


/* Unknown ones are 0, which no id is. */
uint64_t name_get(const struct runner *r, const char *name)
{
	for (size_t i = 0; i < r->namec; i++) {
		if (!strcmp(r->names[i].name, name))
			return r->names[i].id;
	}

	return 0;
}


/* ---- events ---------------------------------------------------------------- */

static void remember(const struct sipdialer_event *ev, void *arg)
{
	struct runner *r = arg;
	struct seen *s;

	if (ev->type == SIPDIALER_EVENT_CALL_AUDIO)
		return;
	if (r->seenc == SEEN)
		fail(r, "more than %d events", SEEN);
	s = &r->seen[r->seenc++];
	s->call = ev->call;
	s->request = ev->request;
	s->campaign = ev->campaign;
	s->error = ev->error;
	if (sipdialer_event_json(ev, s->json, sizeof(s->json)) >=
	    (int)sizeof(s->json))
		fail(r, "an event of more than %zu bytes", sizeof(s->json));
}


static void hook_handler(const struct sipdialer_event *ev, void *arg)
{
	struct hook *hook = arg;
	struct runner *r = hook->r;
	int err;

	remember(ev, r);
	hook->count++;
	if (!strcmp(hook->words[0], "count"))
		return;

	/* VERB CALL ARGS: the call is the event's */
	name_set(r, "(hook)", ev->call);
	err = run_verb(r, hook->wordc, hook->words);
	if (err)
		fail(r, "hook of %s: %s", sipdialer_event_name(ev->type),
		     sipdialer_last_error());
}


static int type_of(struct runner *r, const char *name)
{
	for (int type = 1; type < TYPES; type++) {
		if (!strcmp(sipdialer_event_name(type), name))
			return type;
	}
	fail(r, "no event %s", name);

	return 0;
}


static void hook_set(struct runner *r, size_t wordc, char **words)
{
	struct hook *hook = &r->hooks[type_of(r, words[1])];

	hook->r = r;
	hook->count = 0;
	hook->wordc = 0;
	for (size_t i = 2; i < wordc; i++) {
		(void)snprintf(hook->text[hook->wordc], WORD, "%s", words[i]);
		hook->words[hook->wordc] = hook->text[hook->wordc];
		hook->wordc++;
		if (i == 2 && strcmp(words[2], "count"))
			hook->words[hook->wordc++] = "(hook)";
	}
	if (sipdialer_on(r->d, type_of(r, words[1]), hook_handler, hook))
		fail(r, "%s", sipdialer_last_error());
}


static void hooked(struct runner *r, char **words)
{
	const int want = atoi(words[2]);
	const int got = r->hooks[type_of(r, words[1])].count;

	if (got != want)
		fail(r, "%d times", got);
}


void pull(struct runner *r, int timeout_ms)
{
	if (sipdialer_dispatch(r->d, timeout_ms) < 0)
		fail(r, "%s", sipdialer_last_error());
}


/* Value of a field of the JSON text, as it stands there without quotes. */
static bool field_is(const char *json, const char *field, const char *value)
{
	char key[WORD + 8];
	const char *p;
	size_t n;

	(void)snprintf(key, sizeof(key), "\"%s\":", field);
	p = strstr(json, key);
	if (!p)
		return false;
	p += strlen(key);
	p += *p == '"';
	n = strlen(value);

	return !strncmp(p, value, n) && strchr("\",}", p[n]);
}


static bool seen_is(const struct runner *r, const struct seen *s, size_t wordc,
		    char **words)
{
	if (!field_is(s->json, "event", words[1]))
		return false;

	for (size_t i = 2; i < wordc; i++) {
		char field[WORD];
		char *eq;

		(void)snprintf(field, sizeof(field), "%s", words[i]);
		eq = strchr(field, '=');
		if (!eq)
			return false;
		*eq++ = '\0';
		if (!strcmp(field, "as"))
			continue;
		if (!strcmp(field, "call")) {
			if (s->call != name_get(r, eq))
				return false;
		}
		else if (!field_is(s->json, field, eq)) {
			return false;
		}
	}

	return true;
}


static void expect(struct runner *r, size_t wordc, char **words)
{
	const int64_t end = now_ms() + WAIT_MS;

	for (size_t i = 0;; i++) {
		while (i == r->seenc) {
			if (now_ms() > end)
				fail(r, "not within %d ms", WAIT_MS);
			pull(r, 100);
		}
		if (r->seen[i].taken || !seen_is(r, &r->seen[i], wordc, words))
			continue;

		r->seen[i].taken = true;
		for (size_t w = 2; w < wordc; w++) {
			if (!strncmp(words[w], "as=", 3))
				name_set(r, words[w] + 3, r->seen[i].call);
		}
		return;
	}
}


/* ---- lines ------------------------------------------------------------------ */

/* "fail CODE VERB ...": the library says the rest. */
static void fail_step(struct runner *r, size_t wordc, char **words)
{
	const int err = run_verb(r, wordc - 2, words + 2);

	if (strcmp(sipdialer_strerror(err), words[1]))
		fail(r, "%s", sipdialer_strerror(err));
	(void)printf("  %s\n", sipdialer_last_error());
}


static void dialer(struct runner *r, size_t wordc, char **words)
{
	sipdialer_destroy(r->d);
	r->d = NULL;
	if (sipdialer_create(&r->d) || sipdialer_load(r->d, r->defaults) ||
	    sipdialer_on(r->d, SIPDIALER_EVENT_NONE, remember, r))
		fail(r, "%s", sipdialer_last_error());
	for (size_t i = 1; i < wordc; i++) {
		char *set[2] = {"set", words[i]};

		if (run_verb(r, 2, set))
			fail(r, "%s", sipdialer_last_error());
	}
}


static void step(struct runner *r, size_t wordc, char **words)
{
	if (!strcmp(words[0], "scene"))
		return;
	if (!strcmp(words[0], "dialer"))
		dialer(r, wordc, words);
	else if (!strcmp(words[0], "expect"))
		expect(r, wordc, words);
	else if (!strcmp(words[0], "hook"))
		hook_set(r, wordc, words);
	else if (!strcmp(words[0], "hooked"))
		hooked(r, words);
	else if (!strcmp(words[0], "fail"))
		fail_step(r, wordc, words);
	else if (run_verb(r, wordc, words))
		fail(r, "%s", sipdialer_last_error());
}


static void line(struct runner *r, char *text)
{
	char *words[WORDS], *save = NULL;
	size_t wordc = 0;

	if (!*text || *text == '#')
		return;
	(void)printf("%s\n", text);
	for (char *w = strtok_r(text, " ", &save); w && wordc < WORDS;
	     w = strtok_r(NULL, " ", &save))
		words[wordc++] = w;
	step(r, wordc, words);
	(void)fflush(stdout);
}


int main(int argc, char **argv)
{
	static struct runner r;
	char text[LINE];
	FILE *f;

	if (argc != 3)
		return 2;
	f = fopen(argv[1], "r");
	if (!f)
		return 2;

	r.defaults = argv[2];
	while (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		line(&r, text);
	}
	(void)fclose(f);
	sipdialer_destroy(r.d);

	return 0;
}
