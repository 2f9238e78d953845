/*
 * The table of behaviours.  README.md describes each; a new one is a script
 * here and a line there.
 */
#include "behaviour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS(...) \
	(const struct step[]) \
	{ \
		__VA_ARGS__, \
		{ \
			.op = OP_END \
		} \
	}
#define PROV(c) \
	{ \
		.op = OP_PROV, .code = (c) \
	}
#define AFTER(ms) .min_ms = (ms), .max_ms = (ms)
#define ANSWER_HUMAN \
	{ \
		.op = OP_ANSWER, .delay = DELAY_ANSWER, .min_ms = 300, \
		.max_ms = 1500 \
	}
#define REJECT(c, ms, t) \
	{ \
		.op = OP_REJECT, .code = (c), AFTER(ms), .text = (t) \
	}
#define PLAY(s) \
	{ \
		.op = OP_PLAY, .sound = (s) \
	}
#define ECHO_ON \
	{ \
		.op = OP_ECHO \
	}
#define TALK \
	{ \
		.op = OP_HANGUP, .delay = DELAY_TALK \
	}
#define RETRY2 "Retry-After: 2\r\n"
#define Q850(c) "Reason: Q.850;cause=" #c "\r\n"

/* a call of our own, once answered */
#define CALLER \
	STEPS(PLAY(SOUND_HELLO), ECHO_ON, \
	      {.op = OP_HANGUP, .delay = DELAY_PATIENCE, AFTER(2000)})
#define CALL_BACK STEPS({.op = OP_CALL}, REJECT(480, 0, NULL))

#define HUMAN STEPS(PROV(180), ANSWER_HUMAN, PLAY(SOUND_HELLO), ECHO_ON, TALK)

#define ANSWERS(s) STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(s))

static const struct behaviour table[] = {
	{"human", 0, 0, HUMAN, NULL},
	{"busy", 1, 0, STEPS(REJECT(486, 0, Q850(17))), NULL},
	{"noanswer", 2, 0, STEPS(PROV(180)), NULL},
	{"404", 3, 0, STEPS(REJECT(404, 0, Q850(1))), NULL},
	{"480", 4, 0, STEPS(REJECT(480, 0, NULL)), NULL},
	{"503", 5, 0, STEPS(REJECT(503, 0, RETRY2)), NULL},
	{"603", 6, 0, STEPS(REJECT(603, 0, NULL)), NULL},
	{"early", 7, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_RINGBACK},
	       {.op = OP_ANSWER, AFTER(2000)}, PLAY(SOUND_HELLO), ECHO_ON,
	       TALK),
	 NULL},
	{"early404", 8, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_NOT_IN_SERVICE},
	       {.op = OP_REJECT,
		.code = 404,
		.delay = DELAY_SOUND,
		.text = Q850(1)}),
	 NULL},
	{"late", 9, 0,
	 STEPS(PROV(100), PROV(180),
	       {.op = OP_ANSWER, .delay = DELAY_LATE, AFTER(20000)},
	       PLAY(SOUND_HELLO), ECHO_ON, TALK),
	 NULL},
	{"voicemail", 10, B_RECORD,
	 STEPS(PROV(180), ANSWER_HUMAN, PLAY(SOUND_VOICEMAIL)), NULL},
	{"longmachine", 11, 0,
	 STEPS(PROV(180), ANSWER_HUMAN, PLAY(SOUND_LONG)), NULL},
	{"hangup0", 12, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)}, {.op = OP_HANGUP}),
	 NULL},
	{"hangup3", 13, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(SOUND_HELLO),
	       {.op = OP_HANGUP, AFTER(3000)}),
	 NULL},
	{"dtmfreader", 14, 0, STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)}),
	 NULL},
	{"dtmfsender", 15, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)},
	       {.op = OP_DTMF, AFTER(500), .text = "1234#"}),
	 NULL},
	{"cancelrace", 16, B_ANSWER_ON_CANCEL, STEPS(PROV(180)), NULL},
	{"silent", 17, 0, STEPS({.op = OP_VANISH, AFTER(40000)}), NULL},
	{"losebye", 18, B_DEAF_TO_BYE, STEPS(PROV(180), ANSWER_HUMAN, ECHO_ON),
	 NULL},
	{"redirect", 19, 0, STEPS(REJECT(302, 0, "302")), NULL},
	{"forks", 20, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_RINGBACK},
	       {.op = OP_FORK, AFTER(100)}, {.op = OP_ANSWER, AFTER(400)},
	       ECHO_ON),
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_RINGBACK},
	       {.op = OP_ANSWER, AFTER(350)}, ECHO_ON)},
	{"500", 21, 0, STEPS(REJECT(500, 0, NULL)), NULL},
	{"488", 22, 0, STEPS(REJECT(488, 0, NULL)), NULL},
	{"nosdp", 23, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, .code = 1, AFTER(200)}), NULL},
	{"badnet", 24, B_BAD_NET,
	 STEPS(PROV(180), ANSWER_HUMAN, PLAY(SOUND_HELLO), ECHO_ON), NULL},
	{"hold", 25, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)}, ECHO_ON,
	       {.op = OP_HOLD, AFTER(1000)}, {.op = OP_RESUME, AFTER(1000)}),
	 NULL},
	{"resend200", 26, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)},
	       {.op = OP_RESEND, AFTER(200)}, {.op = OP_RESEND, AFTER(200)},
	       {.op = OP_RESEND, AFTER(200)}, ECHO_ON),
	 NULL},
	{"ringbusy", 27, 0, STEPS(PROV(180), REJECT(486, 2000, Q850(17))),
	 NULL},
	{"unwanted", 28, 0, STEPS(PROV(180), REJECT(607, 300, NULL)), NULL},
	{"early199", 29, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_RINGBACK},
	       {.op = OP_PROV, .code = 199, AFTER(300)}, {.op = OP_NEWTAG},
	       PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(SOUND_HELLO),
	       ECHO_ON),
	 NULL},
	{"fax", 30, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(SOUND_FAX)),
	 NULL},
	{"falseanswer", 31, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)},
	       PLAY(SOUND_NOT_IN_SERVICE),
	       {.op = OP_HANGUP, .delay = DELAY_SOUND}),
	 NULL},
	{"608", 32, 0, STEPS(REJECT(608, 0, NULL)), NULL},
	{"410", 33, 0, STEPS(REJECT(410, 0, Q850(22))), NULL},
	{"484", 34, 0, STEPS(REJECT(484, 0, Q850(28))), NULL},
	{"408", 35, 0, STEPS(REJECT(408, 0, NULL)), NULL},
	{"502", 36, 0, STEPS(REJECT(502, 0, Q850(38))), NULL},
	{"600", 37, 0, STEPS(REJECT(600, 0, NULL)), NULL},
	{"604", 38, 0, STEPS(REJECT(604, 0, NULL)), NULL},
	{"mute", 39, 0, STEPS(PROV(180), {.op = OP_ANSWER, AFTER(200)}), NULL},
	{"callback", 40, 0, CALL_BACK, CALLER},
	{"callcancel", 41, B_GIVES_UP, CALL_BACK, CALLER},
	{"callfrom", 42, B_NAMED, CALL_BACK, CALLER},
	{"vacant", 43, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(SOUND_VACANT),
	       {.op = OP_HANGUP, .delay = DELAY_SOUND}),
	 NULL},
	{"earlysit", 44, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_VACANT},
	       {.op = OP_REJECT, .code = 480, .delay = DELAY_SOUND}),
	 NULL},
	{"faxcall", 45, 0, ANSWERS(SOUND_CNG), NULL},
	{"busytone", 46, 0, ANSWERS(SOUND_BUSY), NULL},
	{"pickup", 47, 0, ANSWERS(SOUND_PICKUP), NULL},
	{"nobeep", 48, B_RECORD, ANSWERS(SOUND_GREETING), NULL},
	{"twobeeps", 49, B_RECORD, ANSWERS(SOUND_TWOBEEPS), NULL},
	{"sitanswer", 50, 0,
	 STEPS({.op = OP_EARLY, .code = 183, .sound = SOUND_VACANT},
	       {.op = OP_ANSWER, AFTER(2000)}, PLAY(SOUND_PERSON), TALK),
	 NULL},
	{"person", 51, 0,
	 STEPS(PROV(180), {.op = OP_ANSWER, AFTER(300)}, PLAY(SOUND_PERSON),
	       TALK),
	 NULL},
};

enum { TABLE_N = sizeof(table) / sizeof(*table) };

_Static_assert((int)TABLE_N <= (int)BEHAVIOURS_MAX, "counters are an array");


const struct behaviour *behaviour_at(unsigned i)
{
	return i < TABLE_N ? &table[i] : NULL;
}


unsigned behaviour_index(const struct behaviour *b)
{
	return (unsigned)(b - table);
}


static const struct behaviour *by_name(struct str s)
{
	for (unsigned i = 0; i < TABLE_N; i++)
		if (str_iis(s, table[i].name))
			return &table[i];
	return NULL;
}


bool mix_parse(struct mix *m, const char *spec)
{
	while (*spec) {
		size_t l = strcspn(spec, ",");
		const char *eq = memchr(spec, '=', l);
		const struct behaviour *b =
			eq ? by_name((struct str){spec, (size_t)(eq - spec)})
			   : NULL;
		unsigned w = eq ? (unsigned)atoi(eq + 1) : 0;

		if (!b || !w || w > 1000000 || m->parts == 32) {
			fprintf(stderr,
				"phonenet: --mix: \"%.*s\" is not "
				"BEHAVIOUR=WEIGHT (32 at most)\n",
				(int)l, spec);
			return false;
		}
		m->total += w;
		m->part[m->parts].behaviour = behaviour_index(b);
		m->part[m->parts++].upto = m->total;
		spec += l + (spec[l] == ',');
	}
	return m->total > 0;
}


static bool digit(char c)
{
	return c >= '0' && c <= '9';
}


const struct behaviour *behaviour_of(struct str n, const struct mix *m,
				     uint64_t seed)
{
	const struct behaviour *b = NULL;
	int last;

	if (n.l && !digit(n.p[n.l - 1]))
		b = by_name(n);
	if (n.l == 3 && !b && n.p[0] != '0')
		b = by_name(n); /* sip:486@... without a prefix */
	if (b)
		return b;
	if (m->total) {
		uint64_t h = hash64(n.p, n.l, seed) % m->total;
		unsigned i = 0;

		while (m->part[i].upto <= h)
			i++;
		return &table[m->part[i].behaviour];
	}
	/* names that end in a digit, as hangup3; and 2 digits of a number */
	b = by_name(n);
	if (b && !digit(n.p[0]))
		return b;
	if (n.l < 2 || !digit(n.p[n.l - 1]) || !digit(n.p[n.l - 2]))
		return &table[0];
	last = (n.p[n.l - 2] - '0') * 10 + n.p[n.l - 1] - '0';
	for (unsigned i = 0; i < TABLE_N; i++)
		if (table[i].digits == last)
			return &table[i];
	return &table[0];
}
