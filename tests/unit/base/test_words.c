/** @file test_words.c  Status words: every number has a word and back */
#include "lib/cmocka_all.h"

#include <sipdialer/sipdialer.h>
#include "base/words.h"


static void check(const struct sipd_words *words, size_t count)
{
	assert_int_equal(words->count, count);
	for (size_t i = 0; i < count; i++) {
		const char *name = sipd_word(words, (int)i);

		assert_non_null(name);
		assert_int_equal(sipd_word_number(words, name), i);
		for (const char *c = name; *c; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
	}
	assert_string_equal(sipd_word(words, (int)count), "?");
	assert_string_equal(sipd_word(words, -1), "?");
	assert_int_equal(sipd_word_number(words, "Draft"), -1);
	assert_int_equal(sipd_word_number(words, NULL), -1);
}


static void test_words_match_the_enums_both_ways(void **state)
{
	(void)state;

	check(&sipd_words_registration, SIPDIALER_REGISTRATION_FAILED + 1);
	check(&sipd_words_campaign, SIPDIALER_CAMPAIGN_CANCELLED + 1);
	check(&sipd_words_contact, SIPDIALER_CONTACT_INTERRUPTED + 1);
	check(&sipd_words_disposition, SIPDIALER_DISPOSITION_FAILED + 1);
	check(&sipd_words_amd, SIPDIALER_AMD_FAX + 1);
	check(&sipd_words_log, SIPDIALER_LOG_DEBUG + 1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_match_the_enums_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
