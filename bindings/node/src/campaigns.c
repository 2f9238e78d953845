/**
 * @file campaigns.c  Verbs that answer by a DONE: campaigns, do not call, store
 *
 * Each gives the id of its request.
 */
#include "addon.h"


/* Throws, or gives the id. */
static napi_value requested(struct sdn_args *a, int result,
			    const uint64_t *request)
{
	(void)sdn_check(a, result);

	return sdn_args_close(a, sdn_number(a, (double)*request));
}


/* campaignCreate(handle, name, options) */
static napi_value campaign_create(napi_env env, napi_callback_info info)
{
	const char *const *options;
	uint64_t request = 0;
	struct sdn_args a;
	const char *name;

	sdn_args_engine(&a, env, info);
	name = sdn_arg_text(&a, 1, "name");
	options = sdn_arg_options(&a, 2);

	return requested(&a,
			 a.bad ? 0
			       : sipdialer_campaign_create(a.d, name, options,
							   &request),
			 &request);
}


/* contactImport(handle, campaign, path, options) */
static napi_value contact_import(napi_env env, napi_callback_info info)
{
	const char *const *options;
	uint64_t request = 0, id;
	struct sdn_args a;
	const char *path;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "campaign");
	path = sdn_arg_text(&a, 2, "path");
	options = sdn_arg_options(&a, 3);

	return requested(&a,
			 a.bad ? 0
			       : sipdialer_contact_import(a.d, id, path,
							  options, &request),
			 &request);
}


/* contactAdd(handle, campaign, number, name or null, custom or null) */
static napi_value contact_add(napi_env env, napi_callback_info info)
{
	const char *number, *name, *custom;
	uint64_t request = 0, id;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "campaign");
	number = sdn_arg_text(&a, 2, "number");
	name = sdn_arg_text_or_null(&a, 3, "name");
	custom = sdn_arg_text_or_null(&a, 4, "custom");

	return requested(&a,
			 a.bad ? 0
			       : sipdialer_contact_add(a.d, id, number, name,
						       custom, &request),
			 &request);
}


typedef int(campaign_verb)(struct sipdialer *d, uint64_t campaign,
			   uint64_t *request);

/* verb(handle, campaign) */
static napi_value on_campaign(napi_env env, napi_callback_info info,
			      campaign_verb *verb)
{
	uint64_t request = 0, id;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "campaign");

	return requested(&a, a.bad ? 0 : verb(a.d, id, &request), &request);
}


static napi_value campaign_start(napi_env env, napi_callback_info info)
{
	return on_campaign(env, info, sipdialer_campaign_start);
}


static napi_value campaign_pause(napi_env env, napi_callback_info info)
{
	return on_campaign(env, info, sipdialer_campaign_pause);
}


static napi_value campaign_cancel(napi_env env, napi_callback_info info)
{
	return on_campaign(env, info, sipdialer_campaign_cancel);
}


static napi_value campaign_status(napi_env env, napi_callback_info info)
{
	return on_campaign(env, info, sipdialer_campaign_status);
}


/* campaignList(handle) */
static napi_value campaign_list(napi_env env, napi_callback_info info)
{
	uint64_t request = 0;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);

	return requested(&a,
			 a.bad ? 0 : sipdialer_campaign_list(a.d, &request),
			 &request);
}


/* campaignResults(handle, campaign, path) */
static napi_value campaign_results(napi_env env, napi_callback_info info)
{
	uint64_t request = 0, id;
	struct sdn_args a;
	const char *path;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "campaign");
	path = sdn_arg_text(&a, 2, "path");

	return requested(&a,
			 a.bad ? 0
			       : sipdialer_campaign_results(a.d, id, path,
							    &request),
			 &request);
}


/* ---- do not call, store ------------------------------------------------ */

/* dncAdd(handle, number, source or null) */
static napi_value dnc_add(napi_env env, napi_callback_info info)
{
	const char *number, *source;
	uint64_t request = 0;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	number = sdn_arg_text(&a, 1, "number");
	source = sdn_arg_text_or_null(&a, 2, "source");

	return requested(&a,
			 a.bad ? 0
			       : sipdialer_dnc_add(a.d, number, source,
						   &request),
			 &request);
}


typedef int(text_verb)(struct sipdialer *d, const char *text,
		       uint64_t *request);

/* verb(handle, text) */
static napi_value on_text(napi_env env, napi_callback_info info,
			  const char *what, text_verb *verb)
{
	uint64_t request = 0;
	struct sdn_args a;
	const char *text;

	sdn_args_engine(&a, env, info);
	text = sdn_arg_text(&a, 1, what);

	return requested(&a, a.bad ? 0 : verb(a.d, text, &request), &request);
}


static napi_value dnc_remove(napi_env env, napi_callback_info info)
{
	return on_text(env, info, "number", sipdialer_dnc_remove);
}


static napi_value dnc_check(napi_env env, napi_callback_info info)
{
	return on_text(env, info, "number", sipdialer_dnc_check);
}


static napi_value store_backup(napi_env env, napi_callback_info info)
{
	return on_text(env, info, "path", sipdialer_store_backup);
}


const struct sdn_function sdn_campaigns[] = {
	{"campaignCreate", campaign_create},
	{"contactImport", contact_import},
	{"contactAdd", contact_add},
	{"campaignStart", campaign_start},
	{"campaignPause", campaign_pause},
	{"campaignCancel", campaign_cancel},
	{"campaignStatus", campaign_status},
	{"campaignList", campaign_list},
	{"campaignResults", campaign_results},
	{"dncAdd", dnc_add},
	{"dncRemove", dnc_remove},
	{"dncCheck", dnc_check},
	{"storeBackup", store_backup},
	{NULL, NULL},
};
