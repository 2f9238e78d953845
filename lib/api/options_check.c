/**
 * @file api/options_check.c  Checks of single options
 */
#include "api/options.h"

#include <ctype.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/campaign.h"
#include "core/campaign/import.h"
#include "core/media/record_name.h"
#include "port/codec/codec.h"
#include "port/net.h"
#include "port/sip/sip.h"

int sipd_option_check_header(const char *name, const char *value)
{
	if (!sipd_sip_check_header(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_rtp_port(const char *name, const char *value)
{
	int64_t port;

	if (sipd_parse_int(value, 0, 0, &port) ||
	    sipd_parse_int(value, 1024, 65534, &port))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" is not 0 or a whole number from "
			  "1024 to 65534",
			  name, value);
}


int sipd_option_check_privacy(const char *name, const char *value)
{
	if (!sipd_sip_check_privacy(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_identity(const char *name, const char *value)
{
	if (!*value || !sipd_sip_check_identity(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_session_expires(const char *name, const char *value)
{
	int64_t s;

	if (sipd_parse_int(value, 0, 0, &s) ||
	    sipd_parse_int(value, 90, 86400, &s))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" is not 0 or a whole number from "
			  "90 to 86400",
			  name, value);
}


int sipd_option_check_digits(const char *name, const char *value)
{
	const size_t len = strspn(value, "0123456789*#ABCDabcd,");

	if (!value[len])
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" has a character at place %zu "
			  "that is none of 0-9 * # A-D and \",\"",
			  name, value, len + 1);
}


int sipd_option_check_codecs(const char *name, const char *value)
{
	if (!strstr(value, "opus") || sipd_codec_get(SIPD_CODEC_OPUS))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" has opus, which this build of "
			  "the library was made without",
			  name, value);
}


int sipd_option_check_delimiter(const char *name, const char *value)
{
	if (!strcmp(value, "auto") || !strcmp(value, "tab") ||
	    (strchr(",;|:", *value) && !value[1]))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" is none of auto, tab, \",\", "
			  "\";\", \"|\" and \":\"",
			  name, value);
}


int sipd_option_check_address(const char *name, const char *value)
{
	union sipd_addr addr;

	if (sipd_addr_parse(&addr, value, 0))
		return 0;

	return sipd_error(
		SIPDIALER_EINVAL,
		"option %s: \"%s\" is not a numeric IPv4 or IPv6 address",
		name, value);
}


int sipd_option_check_account(const char *name, const char *value)
{
	for (const char *p = value; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return sipd_error(SIPDIALER_EINVAL,
					  "option %s: \"%.64s\" is no name of "
					  "an account: letters, digits and "
					  "\"_.-\"",
					  name, value);
	}

	return SIPDIALER_OK;
}


/* 8-4-4-4-12 digits. RFC 9562 4 */
static bool is_uuid(const char *s)
{
	size_t i;

	for (i = 0; i < 36; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}

	return !s[36];
}


int sipd_option_check_instance(const char *name, const char *value)
{
	if (!*value || !strcmp(value, "auto") || !strcmp(value, "no") ||
	    is_uuid(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" is none of auto, no, a UUID",
			  name, value);
}


int sipd_option_check_country(const char *name, const char *value)
{
	if (sipd_number_country_known(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL,
			  "option %s: \"%s\" is not a known country, as "
			  "\"US\" or \"49\"",
			  name, value);
}


int sipd_option_check_trunks(const char *name, const char *value)
{
	if (!sipd_sip_check_trunks(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_retry_rules(const char *name, const char *value)
{
	struct sipd_retry retry;

	sipd_retry_init(&retry, 0, 0);
	if (!sipd_retry_parse(&retry, value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_redirect(const char *name, const char *value)
{
	if (!sipd_sip_check_redirect(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_target(const char *name, const char *value)
{
	if (!sipd_sip_check_target(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}


int sipd_option_check_record_name(const char *name, const char *value)
{
	if (!sipd_record_pattern_check(value))
		return 0;

	return sipd_error(SIPDIALER_EINVAL, "option %s: %s", name,
			  sipd_error_text());
}
