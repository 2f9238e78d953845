/**
 * @file calls.c  Verbs of calls
 *
 * Names are those of the header without "sipdialer_"; the first argument is the
 * handle of the engine.
 */
#include "addon.h"


/* call(handle, to, options): id */
static napi_value call(napi_env env, napi_callback_info info)
{
	const char *const *options;
	uint64_t id = 0;
	struct sdn_args a;
	const char *to;

	sdn_args_engine(&a, env, info);
	to = sdn_arg_text(&a, 1, "to");
	options = sdn_arg_options(&a, 2);
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call(a.d, to, options, &id));

	return sdn_args_close(&a, sdn_number(&a, (double)id));
}


/* callHangup(handle, call) */
static napi_value call_hangup(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_hangup(a.d, id));

	return sdn_args_close(&a, NULL);
}


/* callPlay(handle, call, path, repeat) */
static napi_value call_play(napi_env env, napi_callback_info info)
{
	const char *path;
	struct sdn_args a;
	uint32_t repeat;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	path = sdn_arg_text(&a, 2, "path");
	repeat = (uint32_t)sdn_arg_int(&a, 3, "repeat", 0, UINT32_MAX);
	if (!a.bad)
		(void)sdn_check(&a,
				sipdialer_call_play(a.d, id, path, repeat));

	return sdn_args_close(&a, NULL);
}


/* callDtmf(handle, call, digits) */
static napi_value call_dtmf(napi_env env, napi_callback_info info)
{
	const char *digits;
	struct sdn_args a;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	digits = sdn_arg_text(&a, 2, "digits");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_dtmf(a.d, id, digits));

	return sdn_args_close(&a, NULL);
}


/* callRecord(handle, call, path or null, stereo) */
static napi_value call_record(napi_env env, napi_callback_info info)
{
	const char *path;
	struct sdn_args a;
	uint64_t id;
	bool stereo;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	path = sdn_arg_text_or_null(&a, 2, "path");
	stereo = sdn_arg_bool(&a, 3, "stereo");
	if (!a.bad)
		(void)sdn_check(&a,
				sipdialer_call_record(a.d, id, path, stereo));

	return sdn_args_close(&a, NULL);
}


/* callAnswer(handle, call, options) */
static napi_value call_answer(napi_env env, napi_callback_info info)
{
	const char *const *options;
	struct sdn_args a;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	options = sdn_arg_options(&a, 2);
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_answer(a.d, id, options));

	return sdn_args_close(&a, NULL);
}


/* callReject(handle, call, sipStatus) */
static napi_value call_reject(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;
	int status;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	status = (int)sdn_arg_int(&a, 2, "sip_status", INT32_MIN, INT32_MAX);
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_reject(a.d, id, status));

	return sdn_args_close(&a, NULL);
}


/* callEarly(handle, call, options) */
static napi_value call_early(napi_env env, napi_callback_info info)
{
	const char *const *options;
	struct sdn_args a;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	options = sdn_arg_options(&a, 2);
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_early(a.d, id, options));

	return sdn_args_close(&a, NULL);
}


/* callRedirect(handle, call, to) */
static napi_value call_redirect(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	const char *to;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	to = sdn_arg_text(&a, 2, "to");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_redirect(a.d, id, to));

	return sdn_args_close(&a, NULL);
}


/* callBridge(handle, call, other) */
static napi_value call_bridge(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id, other;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	other = sdn_arg_id(&a, 2, "other");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_bridge(a.d, id, other));

	return sdn_args_close(&a, NULL);
}


/* callUnbridge(handle, call) */
static napi_value call_unbridge(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_unbridge(a.d, id));

	return sdn_args_close(&a, NULL);
}


/* callHold(handle, call, on) */
static napi_value call_hold(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;
	bool on;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	on = sdn_arg_bool(&a, 2, "on");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_hold(a.d, id, on));

	return sdn_args_close(&a, NULL);
}


/* callTransfer(handle, call, to) */
static napi_value call_transfer(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	const char *to;
	uint64_t id;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	to = sdn_arg_text(&a, 2, "to");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_transfer(a.d, id, to));

	return sdn_args_close(&a, NULL);
}


/* callTransferAttended(handle, call, other) */
static napi_value call_transfer_attended(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id, other;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	other = sdn_arg_id(&a, 2, "other");
	if (!a.bad)
		(void)sdn_check(&a, sipdialer_call_transfer_attended(a.d, id,
								     other));

	return sdn_args_close(&a, NULL);
}


/* callReferAccept(handle, call, options): id */
static napi_value call_refer_accept(napi_env env, napi_callback_info info)
{
	const char *const *options;
	uint64_t id, fresh = 0;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	options = sdn_arg_options(&a, 2);
	if (!a.bad)
		(void)sdn_check(&a,
				sipdialer_call_refer_accept(a.d, id, options,
							    &fresh));

	return sdn_args_close(&a, sdn_number(&a, (double)fresh));
}


/* callReferReject(handle, call, sipStatus) */
static napi_value call_refer_reject(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;
	int status;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	status = (int)sdn_arg_int(&a, 2, "sip_status", INT32_MIN, INT32_MAX);
	if (!a.bad)
		(void)sdn_check(&a,
				sipdialer_call_refer_reject(a.d, id, status));

	return sdn_args_close(&a, NULL);
}


const struct sdn_function sdn_calls[] = {
	{"call", call},
	{"callHangup", call_hangup},
	{"callPlay", call_play},
	{"callDtmf", call_dtmf},
	{"callRecord", call_record},
	{"callBridge", call_bridge},
	{"callUnbridge", call_unbridge},
	{"callHold", call_hold},
	{"callTransfer", call_transfer},
	{"callTransferAttended", call_transfer_attended},
	{"callReferAccept", call_refer_accept},
	{"callReferReject", call_refer_reject},
	{"callAnswer", call_answer},
	{"callReject", call_reject},
	{"callEarly", call_early},
	{"callRedirect", call_redirect},
	{NULL, NULL},
};
