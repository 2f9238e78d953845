/**
 * @file verbs.c  The verbs of scenario.txt
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

struct verb {
	const char *name;
	size_t words; /* at least, with itself */
	int (*run)(struct runner *r, size_t wordc, char **words);
};


/* A request: wait for its DONE, which brings `campaign` of a new one. */
static int wait_done(struct runner *r, int err, uint64_t request,
		     uint64_t *campaign)
{
	const int64_t end = now_ms() + WAIT_MS;
	struct seen *s;

	if (err)
		return err;

	for (size_t i = 0;; i++) {
		while (i == r->seenc) {
			if (now_ms() > end)
				fail(r, "not done within %d ms", WAIT_MS);
			pull(r, 100);
		}
		s = &r->seen[i];
		if (s->request == request &&
		    strstr(s->json, "\"event\":\"done\""))
			break;
	}
	s->taken = true;
	if (campaign)
		*campaign = s->campaign;

	return s->error;
}


static int start(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;
	(void)words;

	return sipdialer_start(r->d);
}


static int stop(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;
	(void)words;

	return sipdialer_stop(r->d);
}


static int close_(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;
	(void)words;
	sipdialer_destroy(r->d);
	r->d = NULL;

	return 0;
}


static int set(struct runner *r, size_t wordc, char **words)
{
	char name[WORD], *eq;
	(void)wordc;

	(void)snprintf(name, sizeof(name), "%s", words[1]);
	eq = strchr(name, '=');
	if (!eq)
		fail(r, "set OPTION=VALUE");
	*eq++ = '\0';

	return sipdialer_set(r->d, name, eq);
}


static int get(struct runner *r, size_t wordc, char **words)
{
	char value[WORD];
	int err;
	(void)wordc;

	err = sipdialer_get(r->d, words[1], value, sizeof(value));
	if (!err)
		(void)printf("  %s\n", value);

	return err;
}


/* words[wordc] may be written: the list ends with NULL. */
static const char *const *options(size_t from, size_t wordc, char **words,
				  const char *list[WORDS + 1])
{
	size_t n = 0;

	for (size_t i = from; i < wordc; i++)
		list[n++] = words[i];
	list[n] = NULL;

	return list;
}


static int call(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];
	uint64_t id = 0;
	int err;

	err = sipdialer_call(r->d, words[2], options(3, wordc, words, list),
			     &id);
	if (!err)
		name_set(r, words[1], id);

	return err;
}


static int answer(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];

	return sipdialer_call_answer(r->d, name_get(r, words[1]),
				     options(2, wordc, words, list));
}


static int reject(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_reject(r->d, name_get(r, words[1]),
				     atoi(words[2]));
}


static int early(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];

	return sipdialer_call_early(r->d, name_get(r, words[1]),
				    options(2, wordc, words, list));
}


static int redirect(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_redirect(r->d, name_get(r, words[1]), words[2]);
}


static int hold(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_hold(r->d, name_get(r, words[1]), 1);
}


static int resume(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_hold(r->d, name_get(r, words[1]), 0);
}


static int bridge(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_bridge(r->d, name_get(r, words[1]),
				     name_get(r, words[2]));
}


static int unbridge(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_unbridge(r->d, name_get(r, words[1]));
}


static int transfer(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_transfer(r->d, name_get(r, words[1]), words[2]);
}


static int attended(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_transfer_attended(r->d, name_get(r, words[1]),
						name_get(r, words[2]));
}


static int accept_refer(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];
	uint64_t id = 0;

	return sipdialer_call_refer_accept(r->d, name_get(r, words[1]),
					   options(2, wordc, words, list),
					   &id);
}


static int decline(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_refer_reject(r->d, name_get(r, words[1]),
					   atoi(words[2]));
}


/* sip.server and sip.port are the engine's, before what the words say */
static int account(struct runner *r, size_t wordc, char **words)
{
	static const char *const same[] = {"sip.server", "sip.port"};
	char text[2][WORD], value[WORD / 2];
	const char *list[WORDS + 3];

	for (size_t i = 0; i < 2; i++) {
		(void)sipdialer_get(r->d, same[i], value, sizeof(value));
		(void)snprintf(text[i], WORD, "%s=%s", same[i], value);
		list[i] = text[i];
	}
	(void)options(2, wordc, words, list + 2);

	return sipdialer_account_add(r->d, words[1], list);
}


static int noaccount(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_account_remove(r->d, words[1]);
}


static int hangup(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_hangup(r->d, name_get(r, words[1]));
}


static int play(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_play(r->d, name_get(r, words[1]), words[2], 1);
}


static int dtmf(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_dtmf(r->d, name_get(r, words[1]), words[2]);
}


static int record(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;

	return sipdialer_call_record(r->d, name_get(r, words[1]), words[2], 0);
}


static int talk_verb(struct runner *r, size_t wordc, char **words)
{
	(void)wordc;
	talk(r, name_get(r, words[1]), atof(words[2]), atoi(words[3]));

	return 0;
}


static int campaign(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];
	uint64_t request = 0, id = 0;
	int err;

	err = sipdialer_campaign_create(r->d, words[1],
					options(2, wordc, words, list),
					&request);
	err = wait_done(r, err, request, &id);
	name_set(r, words[1], id);

	return err;
}


static int import(struct runner *r, size_t wordc, char **words)
{
	const char *list[WORDS + 1];
	uint64_t request = 0;
	int err;

	err = sipdialer_contact_import(r->d, name_get(r, words[1]), words[2],
				       options(3, wordc, words, list),
				       &request);

	return wait_done(r, err, request, NULL);
}


static int add(struct runner *r, size_t wordc, char **words)
{
	uint64_t request = 0;
	int err;
	(void)wordc;

	err = sipdialer_contact_add(r->d, name_get(r, words[1]), words[2],
				    NULL, NULL, &request);

	return wait_done(r, err, request, NULL);
}


static int run(struct runner *r, size_t wordc, char **words)
{
	uint64_t request = 0;
	int err;
	(void)wordc;

	err = sipdialer_campaign_start(r->d, name_get(r, words[1]), &request);

	return wait_done(r, err, request, NULL);
}


static int results(struct runner *r, size_t wordc, char **words)
{
	uint64_t request = 0;
	int err;
	(void)wordc;

	err = sipdialer_campaign_results(r->d, name_get(r, words[1]), words[2],
					 &request);

	return wait_done(r, err, request, NULL);
}


static int dnc(struct runner *r, size_t wordc, char **words)
{
	uint64_t request = 0;
	int err;
	(void)wordc;

	err = sipdialer_dnc_add(r->d, words[1], NULL, &request);

	return wait_done(r, err, request, NULL);
}


int run_verb(struct runner *r, size_t wordc, char **words)
{
	static const struct verb verbs[] = {
		{"start", 1, start},
		{"stop", 1, stop},
		{"close", 1, close_},
		{"set", 2, set},
		{"get", 2, get},
		{"call", 3, call},
		{"answer", 2, answer},
		{"reject", 3, reject},
		{"hangup", 2, hangup},
		{"play", 3, play},
		{"dtmf", 3, dtmf},
		{"record", 3, record},
		{"talk", 4, talk_verb},
		{"campaign", 2, campaign},
		{"import", 3, import},
		{"add", 3, add},
		{"run", 2, run},
		{"results", 3, results},
		{"dnc", 2, dnc},
		{"early", 2, early},
		{"hold", 2, hold},
		{"redirect", 3, redirect},
		{"resume", 2, resume},
		{"bridge", 3, bridge},
		{"accept", 2, accept_refer},
		{"unbridge", 2, unbridge},
		{"decline", 3, decline},
		{"transfer", 3, transfer},
		{"account", 2, account},
		{"attended", 3, attended},
		{"noaccount", 2, noaccount},
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(verbs[i].name, words[0]) &&
		    wordc >= verbs[i].words)
			return verbs[i].run(r, wordc, words);
	}
	fail(r, "no verb %s of %zu words", words[0], wordc);
}
