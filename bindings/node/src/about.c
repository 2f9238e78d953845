/**
 * @file about.c  Options, the end of a run, counters, names
 */
#include "addon.h"

#include <string.h>

enum {
	VALUE_MAX = 4096 + 1, /* options: 4,095 bytes, lists of lines more */
	STATS_ROOM = 8192
};


/* set(handle, name, value or null) */
static napi_value set(napi_env env, napi_callback_info info)
{
	const char *name, *value;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	name = sdn_arg_text(&a, 1, "name");
	value = sdn_arg_text_or_null(&a, 2, "value");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_set(a.d, name, value));

	return sdn_args_close(&a, NULL);
}


/* accountRemove(handle, name) */
static napi_value account_remove(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	const char *name;

	sdn_args_engine(&a, env, info);
	name = sdn_arg_text(&a, 1, "name");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_account_remove(a.d, name));

	return sdn_args_close(&a, NULL);
}


/* get(handle, name): text */
static napi_value get(napi_env env, napi_callback_info info)
{
	char *value = NULL;
	struct sdn_args a;
	const char *name;
	int err = SIPDIALER_ESIZE;

	sdn_args_engine(&a, env, info);
	name = sdn_arg_text(&a, 1, "name");
	for (size_t size = VALUE_MAX;
	     !a.bad && err == SIPDIALER_ESIZE && size <= SDN_TEXT_MAX;
	     size *= 16) {
		value = sdn_args_alloc(&a, size);
		if (value)
			err = sipdialer_get(a.d, name, value, size);
	}
	(void)sdn_check(&a, err);

	return sdn_args_close(&a, sdn_text(&a, value ? value : "",
					   NAPI_AUTO_LENGTH));
}


/* stop(handle) */
static napi_value stop(napi_env env, napi_callback_info info)
{
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_stop(a.d));

	return sdn_args_close(&a, NULL);
}


/* stats(handle): JSON */
static napi_value stats(napi_env env, napi_callback_info info)
{
	size_t size = STATS_ROOM;
	char *text = NULL;
	struct sdn_args a;
	int len = 0;

	sdn_args_engine(&a, env, info);
	/* the second time if it has grown past the room */
	for (int i = 0; i < 3 && !a.bad; i++) {
		text = sdn_args_alloc(&a, size);
		if (!text)
			break;
		len = sipdialer_stats(a.d, text, size);
		if (!sdn_check(&a, len) || (size_t)len < size)
			break;
		size = 2 * (size_t)len;
	}

	return sdn_args_close(&a, sdn_text(&a, text ? text : "{}",
					   NAPI_AUTO_LENGTH));
}


/* version(): "major.minor.patch" of the library */
static napi_value version(napi_env env, napi_callback_info info)
{
	struct sdn_args a;

	sdn_args_open(&a, env, info);

	return sdn_args_close(&a, sdn_text(&a, sipdialer_version(),
					   NAPI_AUTO_LENGTH));
}


/* optionJson(index): JSON, or null past the last */
static napi_value option_json(napi_env env, napi_callback_info info)
{
	napi_value null = NULL;
	const char *text = NULL;
	struct sdn_args a;
	size_t index;

	sdn_args_open(&a, env, info);
	index = (size_t)sdn_arg_int(&a, 0, "index", 0, INT32_MAX);
	if (!a.bad)
		text = sipdialer_option_json(index);
	(void)napi_get_null(env, &null);

	return sdn_args_close(&a, text ? sdn_text(&a, text, NAPI_AUTO_LENGTH)
				       : null);
}


typedef const char *(name_of)(int number);

/* name(number): the word of a number */
static napi_value name(napi_env env, napi_callback_info info, name_of *of)
{
	struct sdn_args a;
	int number;

	sdn_args_open(&a, env, info);
	number = (int)sdn_arg_int(&a, 0, "number", INT32_MIN, INT32_MAX);

	return sdn_args_close(&a, sdn_text(&a, a.bad ? "" : of(number),
					   NAPI_AUTO_LENGTH));
}


static napi_value strerror_(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_strerror);
}


static napi_value event_name(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_event_name);
}


static napi_value disposition_name(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_disposition_name);
}


static napi_value amd_name(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_amd_name);
}


static napi_value campaign_status_name(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_campaign_status_name);
}


static napi_value registration_name(napi_env env, napi_callback_info info)
{
	return name(env, info, sipdialer_registration_name);
}


const struct sdn_function sdn_abouts[] = {
	{"set", set},
	{"get", get},
	{"accountRemove", account_remove},
	{"stop", stop},
	{"stats", stats},
	{"version", version},
	{"optionJson", option_json},
	{"strerror", strerror_},
	{"eventName", event_name},
	{"dispositionName", disposition_name},
	{"amdName", amd_name},
	{"campaignStatusName", campaign_status_name},
	{"registrationName", registration_name},
	{NULL, NULL},
};
