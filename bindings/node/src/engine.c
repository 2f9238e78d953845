/**
 * @file engine.c  Engines: their handles, their ends, the verbs that wait
 *
 * A handle is a JavaScript object that wraps a struct sdn_engine.  What waits
 * for a disk or for peers runs on libuv's thread pool and settles a promise.
 */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024 };

/* Tells our handles from objects wrapped by other addons. */
static const napi_type_tag engine_tag = {0x5349504449414c45ULL,
					 0x9c3f1d0a7be24682ULL};

/* A verb under way on the thread pool. */
struct work {
	void (*run)(struct work *w); /* @thread pool */
	struct sdn_env *own;
	struct sdn_engine *engine; /* NULL: of none */
	struct sipdialer *d;
	napi_ref handle; /* keeps the engine */
	napi_async_work work;
	napi_deferred deferred;
	char *path;
	char **list; /* of accountAdd, ended by NULL */
	int number;
	int result;
	char text[LINE]; /* of the error, or of what was found */
};


static void unlink_engine(struct sdn_engine *e)
{
	*e->prev = e->next;
	if (e->next)
		e->next->prev = e->prev;
	e->prev = NULL;
	e->next = NULL;
}


/* ---- handles ----------------------------------------------------------- */

/* The handle was collected, or its environment ends.  Never a running engine
 * in a living environment: its watch holds the handle. */
static void finalize(napi_env env, void *data, void *hint)
{
	struct sdn_engine *e = data;

	(void)env;
	(void)hint;
	if (e->works) {
		e->dropped = true;
		return;
	}
	sdn_poll_close(e);
	sipdialer_destroy(e->d);
	if (e->prev)
		unlink_engine(e);
	free(e);
}


struct sdn_engine *sdn_engine_of(struct sdn_args *a, napi_value handle)
{
	bool ours = false;
	void *data = NULL;

	if (a->bad)
		return NULL;
	if (!a->count || sdn_type(a, 0) != napi_object ||
	    napi_check_object_type_tag(a->env, handle, &engine_tag, &ours) ||
	    !ours || napi_unwrap(a->env, handle, &data)) {
		sdn_throw_wrong(a, "dialer", "not a handle of create()");
		return NULL;
	}

	return data;
}


/* An engine and its handle, tied together. */
static napi_value wrap(struct sdn_args *a, struct sdn_engine *e)
{
	napi_value handle;

	if (napi_create_object(a->env, &handle) ||
	    napi_type_tag_object(a->env, handle, &engine_tag) ||
	    napi_wrap(a->env, handle, e, finalize, NULL, NULL)) {
		sdn_throw(a, SIPDIALER_ENOMEM, "out of memory");
		return NULL;
	}

	return handle;
}


napi_value sdn_create(napi_env env, napi_callback_info info)
{
	struct sdn_engine *e = NULL;
	napi_value handle = NULL;
	struct sdn_args a;

	sdn_args_open(&a, env, info);
	if (!a.bad && a.own->ending)
		sdn_throw(&a, SIPDIALER_ESTATE, "the environment ends");
	if (!a.bad) {
		e = calloc(1, sizeof(*e));
		if (!e)
			sdn_throw(&a, SIPDIALER_ENOMEM, "out of memory");
	}
	if (!e || !sdn_check(&a, sipdialer_create(&e->d)) ||
	    !(handle = wrap(&a, e))) {
		if (e)
			sipdialer_destroy(e->d);
		free(e);
		return sdn_args_close(&a, NULL);
	}

	e->env = a.own;
	e->next = a.own->engines;
	e->prev = &a.own->engines;
	if (e->next)
		e->next->prev = &e->next;
	a.own->engines = e;

	return sdn_args_close(&a, handle);
}


/* The environment ends, on its own thread: every engine hangs up, all at the
 * same time, and is freed. */
void sdn_env_close_all(struct sdn_env *own)
{
	for (struct sdn_engine *e = own->engines; e; e = e->next)
		if (e->d && !e->closing)
			(void)sipdialer_stop(e->d);

	for (struct sdn_engine *e = own->engines; e; e = e->next) {
		sdn_poll_close(e);
		if (e->works)
			continue; /* finish() does it */
		sipdialer_destroy(e->d);
		e->d = NULL;
	}
}


/* ---- works ------------------------------------------------------------- */

/* @thread pool */
static void execute(napi_env env, void *data)
{
	struct work *w = data;

	(void)env;
	w->run(w);
	if (w->result < 0 && !w->text[0])
		(void)snprintf(w->text, sizeof(w->text), "%s",
			       sipdialer_last_error());
}


static void free_work(napi_env env, struct work *w)
{
	if (w->work)
		(void)napi_delete_async_work(env, w->work);
	if (w->handle)
		(void)napi_delete_reference(env, w->handle);
	free(w->path);
	for (char **p = w->list; p && *p; p++)
		free(*p);
	free(w->list);
	free(w);
}


/* The engine's part of a finished work. */
static void release_engine(struct sdn_engine *e)
{
	const bool last = !--e->works;

	if (!last || (!e->dropped && !e->env->ending))
		return;
	sipdialer_destroy(e->d);
	e->d = NULL;
	if (!e->dropped)
		return;
	if (e->prev)
		unlink_engine(e);
	free(e);
}


static void finish(napi_env env, napi_status status, void *data)
{
	struct work *w = data;
	struct sdn_env *own = w->own;
	napi_value value = NULL;

	if (status == napi_cancelled) {
		w->result = SIPDIALER_ECANCELLED;
		(void)snprintf(w->text, sizeof(w->text), "not begun");
	}
	if (w->result < 0) {
		value = sdn_error_new(w->own, w->result, w->text);
		if (value)
			(void)napi_reject_deferred(env, w->deferred, value);
	}
	else if (!napi_create_string_utf8(env, w->text, NAPI_AUTO_LENGTH,
					  &value)) {
		(void)napi_resolve_deferred(env, w->deferred, value);
	}
	if (w->engine)
		release_engine(w->engine);
	free_work(env, w);
	own->pending--;
	sdn_env_step(own);
}


/* Hands the verb to the thread pool; the promise. */
static napi_value begin(struct sdn_args *a, struct work *w)
{
	napi_value name, promise = NULL;
	napi_env env = a->env;

	w->own = a->own;
	w->engine = a->engine;
	w->d = a->d;
	if (napi_create_string_utf8(env, "sipdialer", NAPI_AUTO_LENGTH,
				    &name) ||
	    napi_create_async_work(env, NULL, name, execute, finish, w,
				   &w->work) ||
	    (a->engine &&
	     napi_create_reference(env, a->v[0], 1, &w->handle)) ||
	    napi_create_promise(env, &w->deferred, &promise) ||
	    napi_queue_async_work(env, w->work)) {
		free_work(env, w);
		sdn_throw(a, SIPDIALER_ENOMEM, "out of memory");
		return NULL;
	}
	a->own->pending++;
	if (a->engine)
		a->engine->works++;

	return promise;
}


static struct work *work_new(struct sdn_args *a, void (*run)(struct work *w),
			     const char *path)
{
	struct work *w;

	if (a->bad)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w && path)
		w->path = strdup(path);
	if (!w || (path && !w->path)) {
		free(w);
		sdn_throw(a, SIPDIALER_ENOMEM, "out of memory");
		return NULL;
	}
	w->run = run;

	return w;
}


static void run_start(struct work *w)
{
	w->result = sipdialer_start(w->d);
}


napi_value sdn_start(napi_env env, napi_callback_info info)
{
	napi_value promise = NULL;
	struct sdn_args a;
	struct work *w;

	sdn_args_engine(&a, env, info);
	w = work_new(&a, run_start, NULL);
	if (w)
		promise = begin(&a, w);

	return sdn_args_close(&a, promise);
}


static void run_destroy(struct work *w)
{
	sipdialer_destroy(w->d);
}


/* From here on the engine is closed for all other functions. */
napi_value sdn_destroy(napi_env env, napi_callback_info info)
{
	napi_value promise = NULL;
	struct work *w = NULL;
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	if (!a.bad && a.engine->works)
		sdn_throw(&a, SIPDIALER_EBUSY, "start or load is under way");
	w = work_new(&a, run_destroy, NULL);
	if (w)
		promise = begin(&a, w);
	if (promise) {
		sdn_poll_close(a.engine);
		a.engine->closing = true;
		a.engine->d = NULL; /* the work frees it */
	}

	return sdn_args_close(&a, promise);
}


static void run_load(struct work *w)
{
	w->result = sipdialer_load(w->d, w->path);
}


napi_value sdn_load(napi_env env, napi_callback_info info)
{
	napi_value promise = NULL;
	const char *path;
	struct sdn_args a;
	struct work *w;

	sdn_args_engine(&a, env, info);
	path = sdn_arg_text(&a, 1, "path");
	w = work_new(&a, run_load, path);
	if (w)
		promise = begin(&a, w);

	return sdn_args_close(&a, promise);
}


static void run_account_add(struct work *w)
{
	w->result = sipdialer_account_add(w->d, w->path,
					  (const char *const *)w->list);
}


/* The work lives longer than the arguments. */
static bool keep_list(struct work *w, const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	w->list = calloc(n + 1, sizeof(*w->list));
	for (size_t i = 0; w->list && i < n; i++) {
		w->list[i] = strdup(list[i]);
		if (!w->list[i])
			return false;
	}

	return w->list != NULL;
}


/* accountAdd(handle, name, options): promise */
napi_value sdn_account_add(napi_env env, napi_callback_info info)
{
	const char *const *options;
	napi_value promise = NULL;
	struct sdn_args a;
	const char *name;
	struct work *w;

	sdn_args_engine(&a, env, info);
	name = sdn_arg_text(&a, 1, "name");
	options = sdn_arg_options(&a, 2);
	w = work_new(&a, run_account_add, name);
	if (w && !keep_list(w, options)) {
		free_work(env, w);
		w = NULL;
		sdn_throw(&a, SIPDIALER_ENOMEM, "out of memory");
	}
	if (w)
		promise = begin(&a, w);

	return sdn_args_close(&a, promise);
}


static void run_store_check(struct work *w)
{
	w->result = sipdialer_store_check(w->path, w->number, w->text,
					  sizeof(w->text));
}


/* storeCheck(path, migrate): what was found */
napi_value sdn_store_check(napi_env env, napi_callback_info info)
{
	napi_value promise = NULL;
	const char *path;
	struct sdn_args a;
	struct work *w;
	bool migrate;

	sdn_args_open(&a, env, info);
	path = sdn_arg_text(&a, 0, "path");
	migrate = sdn_arg_bool(&a, 1, "migrate");
	w = work_new(&a, run_store_check, path);
	if (w) {
		w->number = migrate;
		promise = begin(&a, w);
	}

	return sdn_args_close(&a, promise);
}
