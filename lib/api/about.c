/**
 * @file api/about.c  Names of numbers, text of the last error, version
 */
#include <sipdialer/sipdialer.h>
#include "api/events.h"
#include "base/error.h"
#include "base/words.h"

#define NAME(code) [-(code)] = #code

static const char *const error_names[] = {
	NAME(SIPDIALER_OK),         NAME(SIPDIALER_EINVAL),
	NAME(SIPDIALER_ENOENT),     NAME(SIPDIALER_ESTATE),
	NAME(SIPDIALER_EFULL),      NAME(SIPDIALER_ENOMEM),
	NAME(SIPDIALER_EIO),        NAME(SIPDIALER_EBUSY),
	NAME(SIPDIALER_EFORMAT),    NAME(SIPDIALER_ENEWER),
	NAME(SIPDIALER_ENOSYS),     NAME(SIPDIALER_EAUTH),
	NAME(SIPDIALER_ENET),       NAME(SIPDIALER_ESIZE),
	NAME(SIPDIALER_ECANCELLED),
};

enum { ERRORS = sizeof(error_names) / sizeof(error_names[0]) };


const char *sipdialer_last_error(void)
{
	return sipd_error_text();
}


const char *sipdialer_strerror(int error)
{
	return error <= 0 && error > -(int)ERRORS ? error_names[-error] : "?";
}


const char *sipdialer_event_name(int type)
{
	const char *name = sipd_event_name(type);

	return name ? name : "?";
}


const char *sipdialer_disposition_name(int disposition)
{
	return sipd_word(&sipd_words_disposition, disposition);
}


const char *sipdialer_amd_name(int amd)
{
	return sipd_word(&sipd_words_amd, amd);
}


const char *sipdialer_campaign_status_name(int status)
{
	return sipd_word(&sipd_words_campaign, status);
}


const char *sipdialer_registration_name(int status)
{
	return sipd_word(&sipd_words_registration, status);
}


const char *sipdialer_version(void)
{
	return SIPDIALER_VERSION;
}
