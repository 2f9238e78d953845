/**
 * @file addon.h  What the files of the addon share
 *
 * One function of JavaScript for each function of sipdialer.h.  All state hangs
 * on the environment (a main or a worker thread); nothing is shared between
 * environments, and no thread of the library ever runs code of ours.
 *
 * Unless it says otherwise, a function runs on the thread of its environment.
 */
#ifndef SDN_ADDON_H
#define SDN_ADDON_H

/* type tags, async cleanup hooks: Node.js 16 and later */
#define NAPI_VERSION 8

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <node_api.h>
#include <sipdialer/sipdialer.h>

enum {
	SDN_ARGS = 5,           /* most arguments of a function */
	SDN_TEXT_MAX = 1 << 20, /* longest text taken from JavaScript, bytes */
	SDN_OPTIONS_MAX = 1024, /* most options in a list */
	SDN_MEMS = SDN_ARGS + 1, /* allocations of one call of a function */
	SDN_ERROR_TEXT = 512
};

struct sdn_poll;

/* One environment. */
struct sdn_env {
	napi_env env;
	napi_ref error_class; /* makes the exceptions; NULL: plain errors */
	struct sdn_engine *engines;
	napi_async_cleanup_hook_handle hook;
	unsigned pending; /* what libuv still holds: watches and works */
	bool ending;
};

/* One engine; belongs to its JavaScript handle. */
struct sdn_engine {
	struct sdn_env *env;
	struct sdn_engine *next, **prev;
	struct sipdialer *d;   /* NULL: closed */
	struct sdn_poll *poll; /* NULL: events are not watched */
	unsigned works;        /* verbs under way on other threads */
	bool closing;          /* destroy is under way */
	bool dropped;          /* the handle is gone, the last work frees */
};

/* The arguments of one call.  The first that is wrong throws; from then on
 * `bad` is set and everything gives zeros. */
struct sdn_args {
	napi_env env;
	struct sdn_env *own;
	struct sdn_engine *engine;
	struct sipdialer *d;
	size_t count;
	napi_value v[SDN_ARGS];
	void *mems[SDN_MEMS];
	size_t mem_count;
	bool bad;
};

/* ---- addon.c ----------------------------------------------------------- */

void sdn_env_step(struct sdn_env *own);

/* ---- args.c ------------------------------------------------------------ */

void sdn_args_open(struct sdn_args *a, napi_env env, napi_callback_info info);
void sdn_args_engine(struct sdn_args *a, napi_env env,
		     napi_callback_info info);
napi_value sdn_args_close(struct sdn_args *a, napi_value result);
void *sdn_args_alloc(struct sdn_args *a, size_t size);

void sdn_throw(struct sdn_args *a, int error, const char *text);
void sdn_throw_wrong(struct sdn_args *a, const char *what, const char *wanted);
napi_value sdn_error_new(struct sdn_env *own, int error, const char *text);
bool sdn_check(struct sdn_args *a, int result);

napi_valuetype sdn_type(const struct sdn_args *a, size_t i);
uint64_t sdn_arg_id(struct sdn_args *a, size_t i, const char *what);
int64_t sdn_arg_int(struct sdn_args *a, size_t i, const char *what,
		    int64_t min, int64_t max);
bool sdn_arg_bool(struct sdn_args *a, size_t i, const char *what);
const char *sdn_arg_text(struct sdn_args *a, size_t i, const char *what);
const char *sdn_arg_text_or_null(struct sdn_args *a, size_t i,
				 const char *what);
const char *const *sdn_arg_options(struct sdn_args *a, size_t i);

napi_value sdn_number(const struct sdn_args *a, double value);
napi_value sdn_text(const struct sdn_args *a, const char *text, size_t len);

/* ---- engine.c ---------------------------------------------------------- */

napi_value sdn_create(napi_env env, napi_callback_info info);
napi_value sdn_destroy(napi_env env, napi_callback_info info);
napi_value sdn_start(napi_env env, napi_callback_info info);
napi_value sdn_load(napi_env env, napi_callback_info info);
napi_value sdn_account_add(napi_env env, napi_callback_info info);
napi_value sdn_store_check(napi_env env, napi_callback_info info);
struct sdn_engine *sdn_engine_of(struct sdn_args *a, napi_value handle);
void sdn_env_close_all(struct sdn_env *own);

/* ---- poll.c ------------------------------------------------------------ */

napi_value sdn_watch(napi_env env, napi_callback_info info);
napi_value sdn_unwatch(napi_env env, napi_callback_info info);
napi_value sdn_pause(napi_env env, napi_callback_info info);
napi_value sdn_resume(napi_env env, napi_callback_info info);
napi_value sdn_ref(napi_env env, napi_callback_info info);
napi_value sdn_unref(napi_env env, napi_callback_info info);
napi_value sdn_drain(napi_env env, napi_callback_info info);
void sdn_poll_close(struct sdn_engine *e);

/* ---- tables of functions, ended by a NULL name ------------------------- */

struct sdn_function {
	const char *name;
	napi_callback f;
};

extern const struct sdn_function sdn_calls[];     /* calls.c */
extern const struct sdn_function sdn_campaigns[]; /* campaigns.c */
extern const struct sdn_function sdn_audios[];    /* audio.c */
extern const struct sdn_function sdn_abouts[];    /* about.c */
extern const struct sdn_function sdn_amds[];      /* amd.c */

#endif
