/**
 * @file port/srtp/suite.c  The crypto suites of SRTP that we know
 */
#include "port/srtp/suite.h"

#include <string.h>

/* Draft, libsrtp and some PBXs spell the suites of RFC 6188 otherwise. */
/* clang-format off */
static const struct sipd_srtp_suite_def suites[SIPD_SRTP_SUITES] = {
	[SIPD_SRTP_GCM_256] = {"AEAD_AES_256_GCM", NULL,
		"SRTP_AEAD_AES_256_GCM", 32, 12, 16, 16, true},
	[SIPD_SRTP_GCM_128] = {"AEAD_AES_128_GCM", NULL,
		"SRTP_AEAD_AES_128_GCM", 16, 12, 16, 16, true},
	[SIPD_SRTP_CM_256_80] = {"AES_256_CM_HMAC_SHA1_80",
		"AES_CM_256_HMAC_SHA1_80", NULL, 32, 14, 10, 10, false},
	[SIPD_SRTP_CM_128_80] = {"AES_CM_128_HMAC_SHA1_80", NULL,
		"SRTP_AES128_CM_SHA1_80", 16, 14, 10, 10, false},
	[SIPD_SRTP_CM_128_32] = {"AES_CM_128_HMAC_SHA1_32", NULL,
		"SRTP_AES128_CM_SHA1_32", 16, 14, 4, 10, false},
};
/* clang-format on */


const struct sipd_srtp_suite_def *sipd_srtp_suite(enum sipd_srtp_suite suite)
{
	return suite > SIPD_SRTP_NONE && suite < SIPD_SRTP_SUITES
		       ? &suites[suite]
		       : NULL;
}


static bool is(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && !memcmp(name, text, len);
}


enum sipd_srtp_suite sipd_srtp_suite_find(const char *name, size_t len)
{
	int i;

	for (i = SIPD_SRTP_NONE + 1; i < SIPD_SRTP_SUITES; i++) {
		if (is(suites[i].name, name, len) ||
		    is(suites[i].alias, name, len))
			return (enum sipd_srtp_suite)i;
	}

	return SIPD_SRTP_NONE;
}


enum sipd_srtp_suite sipd_srtp_suite_by_profile(const char *profile)
{
	int i;

	for (i = SIPD_SRTP_NONE + 1; i < SIPD_SRTP_SUITES; i++) {
		if (is(suites[i].profile, profile, strlen(profile)))
			return (enum sipd_srtp_suite)i;
	}

	return SIPD_SRTP_NONE;
}


size_t sipd_srtp_key_size(enum sipd_srtp_suite suite)
{
	const struct sipd_srtp_suite_def *def = sipd_srtp_suite(suite);

	return def ? (size_t)def->key + def->salt : 0;
}
