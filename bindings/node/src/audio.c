/**
 * @file audio.c  Audio to and from the host
 *
 * Samples are copied once, between the typed array and the call's buffers.
 */
#include "addon.h"


/* The samples of an Int16Array, which stay where they are until we return; those
 * of an empty one lie nowhere, `none` stands for them. */
static int16_t *samples(struct sdn_args *a, size_t i, size_t *count,
			int16_t *none)
{
	napi_typedarray_type type = napi_int8_array;
	bool is = false, detached = false;
	napi_value buffer = NULL;
	void *data = NULL;

	*count = 0;
	if (a->bad)
		return NULL;
	if (i < a->count)
		(void)napi_is_typedarray(a->env, a->v[i], &is);
	if (!is ||
	    napi_get_typedarray_info(a->env, a->v[i], &type, count, &data,
				     &buffer, NULL) ||
	    type != napi_int16_array) {
		sdn_throw_wrong(a, "samples", "an Int16Array is wanted");
		return NULL;
	}
	is = false;
	(void)napi_is_arraybuffer(a->env, buffer, &is);
	if (is)
		(void)napi_is_detached_arraybuffer(a->env, buffer, &detached);
	if (!is || detached) {
		*count = 0;
		sdn_throw_wrong(a, "samples",
				is ? "its buffer is detached"
				   : "its buffer is shared");
		return NULL;
	}

	return data ? data : none;
}


/* Of both directions: (handle, call, samples). */
static napi_value exchange(napi_env env, napi_callback_info info, bool writes)
{
	struct sdn_args a;
	int16_t *data, none = 0;
	size_t count;
	uint64_t id;
	int n = 0;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	data = samples(&a, 2, &count, &none);
	if (!a.bad) {
		n = writes ? sipdialer_audio_write(a.d, id, data, count)
			   : sipdialer_audio_read(a.d, id, data, count);
		(void)sdn_check(&a, n);
	}

	return sdn_args_close(&a, sdn_number(&a, n));
}


/* audioRead(handle, call, samples): number taken */
static napi_value audio_read(napi_env env, napi_callback_info info)
{
	return exchange(env, info, false);
}


/* audioWrite(handle, call, samples): number taken */
static napi_value audio_write(napi_env env, napi_callback_info info)
{
	return exchange(env, info, true);
}


/* audioClear(handle, call): number dropped */
static napi_value audio_clear(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	uint64_t id;
	int n = 0;

	sdn_args_engine(&a, env, info);
	id = sdn_arg_id(&a, 1, "call");
	if (!a.bad) {
		n = sipdialer_audio_clear(a.d, id);
		(void)sdn_check(&a, n);
	}

	return sdn_args_close(&a, sdn_number(&a, n));
}


const struct sdn_function sdn_audios[] = {
	{"audioRead", audio_read},
	{"audioWrite", audio_write},
	{"audioClear", audio_clear},
	{NULL, NULL},
};
