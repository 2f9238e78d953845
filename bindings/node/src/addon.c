/**
 * @file addon.c  The module: what hangs on an environment, and how it ends
 */
#include "addon.h"

#include <stdlib.h>


/* ---- the environment's end --------------------------------------------- */

/* After the last watch and work of an ending environment it may go. */
void sdn_env_step(struct sdn_env *own)
{
	napi_async_cleanup_hook_handle hook = own->hook;

	if (!own->ending || own->pending || !hook)
		return;
	own->hook = NULL;
	(void)napi_remove_async_cleanup_hook(hook);
}


static void env_ends(napi_async_cleanup_hook_handle hook, void *arg)
{
	struct sdn_env *own = arg;

	own->hook = hook;
	own->ending = true;
	sdn_env_close_all(own);
	sdn_env_step(own);
}


static void free_env(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	free(data);
}


/* shutdown(): every engine hangs up and is freed, now, 5 s at most. */
static napi_value shut_down(napi_env env, napi_callback_info info)
{
	struct sdn_args a;

	sdn_args_open(&a, env, info);
	if (!a.bad)
		sdn_env_close_all(a.own);

	return sdn_args_close(&a, NULL);
}


/* setErrorClass(class): exceptions are new class(code, errno, text). */
static napi_value set_error_class(napi_env env, napi_callback_info info)
{
	struct sdn_args a;

	sdn_args_open(&a, env, info);
	if (!a.bad && sdn_type(&a, 0) != napi_function)
		sdn_throw_wrong(&a, "class", "a class is wanted");
	if (!a.bad && a.own->error_class) {
		(void)napi_delete_reference(env, a.own->error_class);
		a.own->error_class = NULL;
	}
	if (!a.bad)
		(void)napi_create_reference(env, a.v[0], 1,
					    &a.own->error_class);

	return sdn_args_close(&a, NULL);
}


/* ---- the module -------------------------------------------------------- */

static const struct sdn_function functions[] = {
	{"create", sdn_create},
	{"destroy", sdn_destroy},
	{"start", sdn_start},
	{"load", sdn_load},
	{"accountAdd", sdn_account_add},
	{"storeCheck", sdn_store_check},
	{"watch", sdn_watch},
	{"unwatch", sdn_unwatch},
	{"pause", sdn_pause},
	{"resume", sdn_resume},
	{"ref", sdn_ref},
	{"unref", sdn_unref},
	{"drain", sdn_drain},
	{"shutdown", shut_down},
	{"setErrorClass", set_error_class},
	{NULL, NULL},
};


static bool add_functions(napi_env env, napi_value exports,
			  const struct sdn_function *list)
{
	for (; list->name; list++) {
		napi_value f;

		if (napi_create_function(env, list->name, NAPI_AUTO_LENGTH,
					 list->f, NULL, &f) ||
		    napi_set_named_property(env, exports, list->name, f))
			return false;
	}

	return true;
}


NAPI_MODULE_INIT()
{
	struct sdn_env *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->env = env;
	if (napi_set_instance_data(env, own, free_env, NULL)) {
		free(own);
		return NULL;
	}
	if (napi_add_async_cleanup_hook(env, env_ends, own, NULL) ||
	    !add_functions(env, exports, functions) ||
	    !add_functions(env, exports, sdn_calls) ||
	    !add_functions(env, exports, sdn_campaigns) ||
	    !add_functions(env, exports, sdn_audios) ||
	    !add_functions(env, exports, sdn_amds) ||
	    !add_functions(env, exports, sdn_abouts))
		return NULL;

	return exports;
}
