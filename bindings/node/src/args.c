/**
 * @file args.c  Arguments from JavaScript, results and exceptions to it
 */
#include "addon.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Number.MAX_SAFE_INTEGER: ids of the library stay below 2^53 */
#define ID_MAX 9007199254740991ULL


void sdn_args_open(struct sdn_args *a, napi_env env, napi_callback_info info)
{
	void *own = NULL;

	memset(a, 0, sizeof(*a));
	a->env = env;
	a->count = SDN_ARGS;
	(void)napi_get_cb_info(env, info, &a->count, a->v, NULL, NULL);
	if (napi_get_instance_data(env, &own) != napi_ok || !own) {
		a->bad = true;
		(void)napi_throw_error(env, NULL, "the addon is not loaded");
	}
	a->own = own;
}


/* Opens, and takes the engine from the first argument. */
void sdn_args_engine(struct sdn_args *a, napi_env env, napi_callback_info info)
{
	sdn_args_open(a, env, info);
	if (a->bad)
		return;
	a->engine = sdn_engine_of(a, a->v[0]);
	if (!a->engine)
		return;
	if (!a->engine->d || a->engine->closing)
		sdn_throw(a, SIPDIALER_ESTATE, "the dialer is closed");
	else
		a->d = a->engine->d;
}


napi_value sdn_args_close(struct sdn_args *a, napi_value result)
{
	while (a->mem_count)
		free(a->mems[--a->mem_count]);

	return a->bad ? NULL : result;
}


/* Memory until sdn_args_close(); NULL, with an exception, if there is none. */
void *sdn_args_alloc(struct sdn_args *a, size_t size)
{
	void *mem = NULL;

	if (a->bad)
		return NULL;
	if (a->mem_count < SDN_MEMS)
		mem = calloc(1, size ? size : 1);
	if (mem)
		a->mems[a->mem_count++] = mem;
	else
		sdn_throw(a, SIPDIALER_ENOMEM, "out of memory");

	return mem;
}


/* ---- exceptions -------------------------------------------------------- */

static napi_value plain_error(napi_env env, const char *name,
			      napi_value message)
{
	napi_value code = NULL, error = NULL;

	(void)napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code);
	(void)napi_create_error(env, code, message, &error);

	return error;
}


/* new SipdialerError(code, errno, text) */
napi_value sdn_error_new(struct sdn_env *own, int error, const char *text)
{
	const char *name = sipdialer_strerror(error);
	napi_env env = own->env;
	napi_value class = NULL, made = NULL, argv[3];

	if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &argv[2]))
		return NULL;
	if (!own->error_class ||
	    napi_get_reference_value(env, own->error_class, &class) || !class)
		return plain_error(env, name, argv[2]);

	if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &argv[0]) ||
	    napi_create_int32(env, error, &argv[1]) ||
	    napi_new_instance(env, class, 3, argv, &made))
		return NULL;

	return made;
}


void sdn_throw(struct sdn_args *a, int error, const char *text)
{
	napi_value value;
	bool pending = false;

	if (a->bad)
		return;
	a->bad = true;
	(void)napi_is_exception_pending(a->env, &pending);
	if (pending)
		return;
	value = sdn_error_new(a->own, error, text);
	if (value)
		(void)napi_throw(a->env, value);
	else
		(void)napi_throw_error(a->env, "SIPDIALER_ENOMEM", text);
}


void sdn_throw_wrong(struct sdn_args *a, const char *what, const char *wanted)
{
	char text[SDN_ERROR_TEXT];

	(void)snprintf(text, sizeof(text), "%s: %s", what, wanted);
	sdn_throw(a, SIPDIALER_EINVAL, text);
}


/* True unless the verb failed; then its error is thrown. */
bool sdn_check(struct sdn_args *a, int result)
{
	if (result < 0)
		sdn_throw(a, result, sipdialer_last_error());

	return !a->bad;
}


/* ---- arguments --------------------------------------------------------- */

napi_valuetype sdn_type(const struct sdn_args *a, size_t i)
{
	napi_valuetype type = napi_undefined;

	if (i < a->count)
		(void)napi_typeof(a->env, a->v[i], &type);

	return type;
}


uint64_t sdn_arg_id(struct sdn_args *a, size_t i, const char *what)
{
	const napi_valuetype type = sdn_type(a, i);
	bool lossless = true;
	uint64_t id = 0;
	double number;

	if (a->bad)
		return 0;
	if (type == napi_bigint) {
		(void)napi_get_value_bigint_uint64(a->env, a->v[i], &id,
						   &lossless);
	}
	else if (type == napi_number &&
		 !napi_get_value_double(a->env, a->v[i], &number) &&
		 number >= 1 && number <= (double)ID_MAX &&
		 floor(number) == number) {
		id = (uint64_t)number;
	}
	if (!lossless || !id || id > ID_MAX) {
		sdn_throw_wrong(a, what,
				"an id is a whole Number or a BigInt "
				"from 1 to 2^53 - 1");
		return 0;
	}

	return id;
}


int64_t sdn_arg_int(struct sdn_args *a, size_t i, const char *what,
		    int64_t min, int64_t max)
{
	char text[80];
	double number;

	if (a->bad)
		return 0;
	if (sdn_type(a, i) == napi_number &&
	    !napi_get_value_double(a->env, a->v[i], &number) &&
	    number >= (double)min && number <= (double)max &&
	    floor(number) == number)
		return (int64_t)number;

	(void)snprintf(text, sizeof(text), "a whole Number, %lld to %lld",
		       (long long)min, (long long)max);
	sdn_throw_wrong(a, what, text);

	return 0;
}


bool sdn_arg_bool(struct sdn_args *a, size_t i, const char *what)
{
	bool value = false;

	if (!a->bad && (sdn_type(a, i) != napi_boolean ||
			napi_get_value_bool(a->env, a->v[i], &value)))
		sdn_throw_wrong(a, what, "true or false is wanted");

	return value;
}


/* A copy of a string, without NUL inside. */
static char *copy_text(struct sdn_args *a, napi_value v, const char *what)
{
	size_t len = 0, got = 0;
	char *text;

	if (napi_get_value_string_utf8(a->env, v, NULL, 0, &len)) {
		sdn_throw_wrong(a, what, "a string is wanted");
		return NULL;
	}
	if (len > SDN_TEXT_MAX) {
		sdn_throw_wrong(a, what, "longer than 1,048,576 bytes");
		return NULL;
	}
	text = malloc(len + 1);
	if (!text) {
		sdn_throw(a, SIPDIALER_ENOMEM, "out of memory");
		return NULL;
	}
	(void)napi_get_value_string_utf8(a->env, v, text, len + 1, &got);
	if (strlen(text) == len)
		return text;

	free(text);
	sdn_throw_wrong(a, what, "a NUL inside the string");

	return NULL;
}


const char *sdn_arg_text(struct sdn_args *a, size_t i, const char *what)
{
	char *text;

	if (a->bad)
		return NULL;
	if (sdn_type(a, i) != napi_string || a->mem_count >= SDN_MEMS) {
		sdn_throw_wrong(a, what, "a string is wanted");
		return NULL;
	}
	text = copy_text(a, a->v[i], what);
	if (text)
		a->mems[a->mem_count++] = text;

	return text;
}


const char *sdn_arg_text_or_null(struct sdn_args *a, size_t i,
				 const char *what)
{
	const napi_valuetype type = sdn_type(a, i);

	if (type == napi_undefined || type == napi_null)
		return NULL;

	return sdn_arg_text(a, i, what);
}


/* All strings of the list into one piece of memory, behind the pointers. */
static const char *const *join_options(struct sdn_args *a, napi_value list,
				       uint32_t n, size_t bytes)
{
	const size_t head = (n + 1) * sizeof(char *);
	char **options = sdn_args_alloc(a, head + bytes);
	char *p = (char *)options + head;

	for (uint32_t i = 0; options && i < n; i++) {
		size_t len = 0;
		napi_value v;

		/* an array with getters may have changed since it was read */
		if (!bytes || napi_get_element(a->env, list, i, &v) ||
		    napi_get_value_string_utf8(a->env, v, p, bytes, &len) ||
		    strlen(p) != len) {
			sdn_throw_wrong(a, "options", "a NUL inside a string");
			return NULL;
		}
		options[i] = p;
		p += len + 1;
		bytes -= len + 1;
	}

	return (const char *const *)options;
}


/* NULL, or an array of "name=value". */
const char *const *sdn_arg_options(struct sdn_args *a, size_t i)
{
	const napi_valuetype type = sdn_type(a, i);
	size_t bytes = 0;
	uint32_t n = 0;
	bool is = false;

	if (a->bad || type == napi_undefined || type == napi_null)
		return NULL;
	(void)napi_is_array(a->env, a->v[i], &is);
	if (!is || napi_get_array_length(a->env, a->v[i], &n) ||
	    n > SDN_OPTIONS_MAX) {
		sdn_throw_wrong(a, "options",
				"an array of at most 1,024 "
				"\"name=value\" is wanted");
		return NULL;
	}
	for (uint32_t k = 0; k < n; k++) {
		size_t len = 0;
		napi_value v;

		if (napi_get_element(a->env, a->v[i], k, &v) ||
		    napi_get_value_string_utf8(a->env, v, NULL, 0, &len) ||
		    len > SDN_TEXT_MAX || bytes + len > SDN_TEXT_MAX) {
			sdn_throw_wrong(a, "options",
					"strings are wanted, together at "
					"most 1,048,576 bytes");
			return NULL;
		}
		bytes += len + 1;
	}

	return join_options(a, a->v[i], n, bytes);
}


/* ---- results ----------------------------------------------------------- */

napi_value sdn_number(const struct sdn_args *a, double value)
{
	napi_value v = NULL;

	if (!a->bad)
		(void)napi_create_double(a->env, value, &v);

	return v;
}


napi_value sdn_text(const struct sdn_args *a, const char *text, size_t len)
{
	napi_value v = NULL;

	if (!a->bad)
		(void)napi_create_string_utf8(a->env, text, len, &v);

	return v;
}
