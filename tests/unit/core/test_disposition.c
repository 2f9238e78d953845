/**
 * @file unit/core/test_disposition.c  The table, the code and the document
 *
 * docs/dispositions.md says of each fact what follows; this reads it and asks
 * the code the same.  A row of the code that the document lacks is found by
 * going through all numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "base/words.h"
#include "core/campaign/campaign.h"

struct row {
	int code;
	enum sipdialer_disposition d;
};

#define D(x) SIPDIALER_DISPOSITION_##x

static const struct row sip[] = {
	{486, D(BUSY)},           {600, D(BUSY)},
	{408, D(NO_ANSWER)},      {480, D(NO_ANSWER)},
	{487, D(NO_ANSWER)},      {404, D(INVALID_NUMBER)},
	{410, D(INVALID_NUMBER)}, {484, D(INVALID_NUMBER)},
	{485, D(INVALID_NUMBER)}, {604, D(INVALID_NUMBER)},
	{403, D(REJECTED)},       {603, D(REJECTED)},
	{607, D(BLOCKED)},        {608, D(BLOCKED)},
	{428, D(BLOCKED)},        {436, D(BLOCKED)},
	{437, D(BLOCKED)},        {438, D(BLOCKED)},
	{433, D(BLOCKED)},        {500, D(CONGESTION)},
	{502, D(CONGESTION)},     {503, D(CONGESTION)},
	{504, D(CONGESTION)},     {513, D(CONGESTION)},
};
static const struct row q850[] = {
	{17, D(BUSY)},           {18, D(NO_ANSWER)},
	{19, D(NO_ANSWER)},      {20, D(NO_ANSWER)},
	{1, D(INVALID_NUMBER)},  {22, D(INVALID_NUMBER)},
	{28, D(INVALID_NUMBER)}, {21, D(REJECTED)},
	{34, D(CONGESTION)},     {38, D(CONGESTION)},
	{41, D(CONGESTION)},     {42, D(CONGESTION)},
	{44, D(CONGESTION)},     {2, D(INVALID_NUMBER)},
	{3, D(INVALID_NUMBER)},  {23, D(INVALID_NUMBER)},
	{26, D(INVALID_NUMBER)}, {27, D(CONGESTION)},
	{31, D(NO_ANSWER)},      {47, D(CONGESTION)},
	{55, D(REJECTED)},       {57, D(REJECTED)},
	{58, D(CONGESTION)},     {87, D(REJECTED)},
	{88, D(CONGESTION)},     {102, D(CONGESTION)},
	{111, D(CONGESTION)},    {127, D(CONGESTION)},
};


static enum sipdialer_disposition in(const struct row *rows, size_t count,
				     int code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return rows[i].d;

	return D(FAILED);
}


static enum sipdialer_disposition in_sip(int code)
{
	return in(sip, sizeof(sip) / sizeof(sip[0]), code);
}


static enum sipdialer_disposition in_q850(int code)
{
	return in(q850, sizeof(q850) / sizeof(q850[0]), code);
}


static void test_every_sip_status(void **state)
{
	(void)state;
	for (int code = 300; code < 700; code++) {
		const struct sipd_outcome o = {.sip_status = code,
					       .ringing = code % 2};

		assert_int_equal(in_sip(code), sipd_disposition(&o));
	}
}


static void test_every_q850_cause(void **state)
{
	(void)state;
	for (int cause = 0; cause < 128; cause++) {
		const struct sipd_outcome bare = {.q850 = cause};
		const struct sipd_outcome with = {.sip_status = 488,
						  .q850 = cause};

		assert_int_equal(in_q850(cause), sipd_disposition(&bare));
		assert_int_equal(in_q850(cause), sipd_disposition(&with));
	}
}


static void test_sip_status_goes_before_q850(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sip) / sizeof(sip[0]); i++)
		for (int cause = 0; cause < 128; cause++) {
			const struct sipd_outcome o = {
				.sip_status = sip[i].code, .q850 = cause};

			assert_int_equal(sip[i].d, sipd_disposition(&o));
		}
}


struct outcome_row {
	struct sipd_outcome o;
	enum sipdialer_disposition d;
};


static void assert_rows(const struct outcome_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].d != sipd_disposition(&rows[i].o))
			fail_msg("row %zu: %s", i,
				 sipd_word(&sipd_words_disposition,
					   (int)sipd_disposition(&rows[i].o)));
}


static void test_facts_of_ours(void **state)
{
	static const struct outcome_row rows[] = {
		{{.answered = true, .sip_status = 200}, D(ANSWERED)},
		{{.answered = true, .sip_status = 200, .local = true},
		 D(ANSWERED)},
		{{.answered = true, .sip_status = 200, .q850 = 17},
		 D(ANSWERED)},
		{{.answered = true,
		  .sip_status = 200,
		  .error = SIPDIALER_ENET},
		 D(ANSWERED)},
		{{.answered = true, .sip_status = 200, .media_none = true},
		 D(FAILED)},
		{{.policy = true}, D(BLOCKED)},
		/* ring timeout: whatever the CANCEL brought */
		{{.ring_timeout = true, .ringing = true}, D(NO_ANSWER)},
		{{.ring_timeout = true, .sip_status = 487}, D(NO_ANSWER)},
		{{.ring_timeout = true, .sip_status = 200}, D(NO_ANSWER)},
		{{.ring_timeout = true, .sip_status = 408}, D(NO_ANSWER)},
		{{.ring_timeout = true, .local = true, .sip_status = 487},
		 D(NO_ANSWER)},
		/* the answer that crossed it tells more */
		{{.ring_timeout = true, .sip_status = 486}, D(BUSY)},
		{{.ring_timeout = true, .sip_status = 404}, D(INVALID_NUMBER)},
		/* hung up by the host */
		{{.local = true, .sip_status = 487}, D(CANCELLED)},
		{{.local = true, .sip_status = 487, .ringing = true},
		 D(CANCELLED)},
		{{.local = true}, D(CANCELLED)},
		{{.local = true, .sip_status = 200}, D(CANCELLED)},
		{{.local = true, .sip_status = 486}, D(BUSY)},
		{{.error = SIPDIALER_ECANCELLED}, D(CANCELLED)},
		/* cancelled elsewhere */
		{{.sip_status = 487}, D(NO_ANSWER)},
		/* 603 with a Reason that says blocked */
		{{.sip_status = 603, .network_block = true}, D(BLOCKED)},
		{{.sip_status = 404, .network_block = true},
		 D(INVALID_NUMBER)},
		/* everything else */
		{{.error = SIPDIALER_ENET}, D(FAILED)},
		{{.error = SIPDIALER_EFORMAT, .sip_status = 200}, D(FAILED)},
		{{.sip_status = 302}, D(FAILED)},
		{{.sip_status = 415}, D(FAILED)},
		{{.sip_status = 488}, D(FAILED)},
		{{.sip_status = -5, .q850 = -7}, D(FAILED)},
		{{0}, D(FAILED)},
	};

	(void)state;
	assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}


static void test_what_was_heard(void **state)
{
	static const struct outcome_row rows[] = {
		{{.answered = true, .amd = SIPDIALER_AMD_UNKNOWN},
		 D(ANSWERED)},
		{{.answered = true, .amd = SIPDIALER_AMD_HUMAN},
		 D(ANSWERED_HUMAN)},
		{{.answered = true, .amd = SIPDIALER_AMD_MACHINE},
		 D(ANSWERED_MACHINE)},
		{{.answered = true, .amd = SIPDIALER_AMD_FAX}, D(FAX)},
		{{.answered = true,
		  .amd = SIPDIALER_AMD_HUMAN,
		  .sit = "vacant"},
		 D(INVALID_NUMBER)},
		{{.answered = true,
		  .amd = SIPDIALER_AMD_MACHINE,
		  .media_none = true},
		 D(FAILED)},
		{{.answered = true, .sit = "unknown"}, D(FAILED)},
		{{.answered = true, .tone = "busy"}, D(BUSY)},
		{{.sip_status = 480, .sit = "unknown"}, D(NO_ANSWER)},
		{{.sip_status = 480, .sit = "intercept", .tone = "busy"},
		 D(INVALID_NUMBER)},
		{{.sip_status = 404, .sit = "no_circuit_intra"},
		 D(INVALID_NUMBER)},
		{{.sip_status = 486, .sit = "vacant"}, D(BUSY)},
		{{.sip_status = 487, .local = true, .sit = "vacant"},
		 D(CANCELLED)},
		{{.ring_timeout = true, .sit = "vacant"}, D(INVALID_NUMBER)},
		{{.sip_status = 488, .q850 = 34, .sit = "vacant"},
		 D(CONGESTION)},
		{{.sip_status = 488, .sit = "vacant"}, D(INVALID_NUMBER)},
	};

	(void)state;
	assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}


/* ---- the document ------------------------------------------------------ */

/* One word of the first column; false: unknown. */
static bool fact(struct sipd_outcome *o, const char *word, const char *number)
{
	if (sipd_word_number(&sipd_words_amd, word) >= 0) {
		o->amd = (enum sipdialer_amd)sipd_word_number(&sipd_words_amd,
							      word);
		return true;
	}
	if (!strcmp(word, "sip"))
		o->sip_status = atoi(number);
	else if (!strcmp(word, "q850"))
		o->q850 = atoi(number);
	else if (!strcmp(word, "sit"))
		o->sit = number;
	else if (!strcmp(word, "tone"))
		o->tone = number;
	else if (!strcmp(word, "answered"))
		o->answered = true;
	else if (!strcmp(word, "ring_timeout"))
		o->ring_timeout = true;
	else if (!strcmp(word, "local"))
		o->local = true;
	else if (!strcmp(word, "policy"))
		o->policy = true;
	else if (!strcmp(word, "media_none"))
		o->media_none = true;
	else if (!strcmp(word, "network_block"))
		o->network_block = true;
	else if (!strcmp(word, "stopped"))
		o->error = SIPDIALER_ECANCELLED;
	else if (!strcmp(word, "error"))
		o->error = SIPDIALER_ENET;
	else if (strcmp(word, "other") != 0)
		return false;

	return true;
}


static void facts(struct sipd_outcome *o, char *text)
{
	char *save, *word = strtok_r(text, " ", &save);

	memset(o, 0, sizeof(*o));
	while (word) {
		char *number = NULL;

		if (!strcmp(word, "sip") || !strcmp(word, "q850") ||
		    !strcmp(word, "sit") || !strcmp(word, "tone")) {
			number = strtok_r(NULL, " ", &save);
			assert_non_null(number);
		}
		if (!fact(o, word, number))
			fail_msg("unknown fact \"%s\"", word);
		word = strtok_r(NULL, " ", &save);
	}
}


static FILE *document(void)
{
	char path[4096];
	const char *root = getenv("SOURCE_ROOT");

	if (!root)
		return NULL;
	snprintf(path, sizeof(path), "%s/docs/dispositions.md", root);

	return fopen(path, "r");
}


static void test_document_says_what_the_code_does(void **state)
{
	bool seen_sip[700] = {false}, seen_q850[128] = {false};
	struct sipd_retry retry;
	char line[512];
	unsigned rows = 0;
	FILE *f = document();

	(void)state;
	if (!f) {
		print_message("skipped: SOURCE_ROOT is not set\n");
		skip();
	}
	sipd_retry_init(&retry, 1, 1);
	while (fgets(line, sizeof(line), f)) {
		char what[128], word[64], again[16];
		struct sipd_outcome o;
		int number;

		if (sscanf(line, "| `%127[^`]` | `%63[^`]` | %15[a-z] |", what,
			   word, again) != 3)
			continue;
		rows++;
		facts(&o, what);
		number = sipd_word_number(&sipd_words_disposition, word);
		if (number != (int)sipd_disposition(&o))
			fail_msg("the document is wrong: %s", line);
		if (retry.rules[number].retry != !strcmp(again, "yes"))
			fail_msg("retry in the document is wrong: %s", line);
		seen_sip[o.sip_status] = true;
		seen_q850[o.q850] = true;
	}
	fclose(f);

	assert_true(rows >= 40);
	for (size_t i = 0; i < sizeof(sip) / sizeof(sip[0]); i++)
		assert_true(seen_sip[sip[i].code]);
	for (size_t i = 0; i < sizeof(q850) / sizeof(q850[0]); i++)
		assert_true(seen_q850[q850[i].code]);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sip_status),
		cmocka_unit_test(test_every_q850_cause),
		cmocka_unit_test(test_sip_status_goes_before_q850),
		cmocka_unit_test(test_facts_of_ours),
		cmocka_unit_test(test_what_was_heard),
		cmocka_unit_test(test_document_says_what_the_code_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
