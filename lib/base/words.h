/**
 * @file base/words.h  Status words: one table each
 *
 * The tables make the names, the CHECK constraints of the store and the
 * bindings' constants.  An unknown word is -1, an unknown number "?".
 */
#ifndef SIPD_BASE_WORDS_H
#define SIPD_BASE_WORDS_H

#include <stddef.h>

struct sipd_words {
	const char *what;         /* "campaign status" */
	const char *const *names; /* index = the enum's number */
	size_t count;
};

extern const struct sipd_words sipd_words_registration;
extern const struct sipd_words sipd_words_campaign;
extern const struct sipd_words sipd_words_contact;
extern const struct sipd_words sipd_words_disposition;
extern const struct sipd_words sipd_words_amd;
extern const struct sipd_words sipd_words_log;

const char *sipd_word(const struct sipd_words *words, int number);
int sipd_word_number(const struct sipd_words *words, const char *name);

#endif
