/**
 * @file poll.c  Events: from the library's descriptor to JavaScript
 *
 * libuv watches the descriptor on the environment's own loop.  When it is
 * readable, up to BATCH events are pulled and handed over as one JSON text.  To
 * parse it costs as much as to make the objects field by field from C would, and
 * it is the text that every other host gets.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
	BATCH = 256,        /* then the loop breathes */
	ROOM = 64 * 1024,   /* bytes of text at first */
	EVENT_ROOM = 2048,  /* one event nearly always fits */
	KEPT_ROOM = 1 << 20 /* a larger buffer is given back */
};

struct sdn_poll {
	uv_poll_t uv;
	struct sdn_env *own;
	struct sdn_engine *engine;
	napi_ref handler;
	napi_ref handle; /* the engine lives while it is watched */
	napi_async_context context;
	char *text;
	size_t size;
	bool audio;  /* a call had audio for us: see pull() */
	bool paused; /* nothing is pulled */
};


static bool grow(struct sdn_poll *p, size_t size)
{
	char *text;

	if (size <= p->size)
		return true;
	text = realloc(p->text, size * 2);
	if (!text)
		return false;
	p->text = text;
	p->size = size * 2;

	return true;
}


/* One event behind the text; false if there is no memory for it. */
static bool append(struct sdn_poll *p, const struct sipdialer_event *ev,
		   size_t *len)
{
	int n;

	if (!grow(p, *len + EVENT_ROOM))
		return false;
	p->text[*len] = *len ? ',' : '[';
	++*len;
	n = sipdialer_event_json(ev, p->text + *len, p->size - *len);
	if (n >= 0 && (size_t)n >= p->size - *len - 1 &&
	    grow(p, *len + (size_t)n + EVENT_ROOM))
		n = sipdialer_event_json(ev, p->text + *len, p->size - *len);
	if (n < 0 || (size_t)n >= p->size - *len - 1) {
		(*len)--;
		return false;
	}
	*len += (size_t)n;

	return true;
}


/* Up to BATCH events as a JSON array; its length, 0 if none waits. */
static size_t pull(struct sdn_poll *p, unsigned *count)
{
	const struct sipdialer_event *ev;
	size_t len = 0;

	*count = 0;
	while (*count < BATCH &&
	       (ev = sipdialer_next_event(p->engine->d, 0))) {
		if (append(p, ev, &len))
			++*count;
		if (ev->type == SIPDIALER_EVENT_CALL_AUDIO)
			p->audio = true;
		/* What came before the end of a call can be read until the
		 * next pull: JavaScript comes first. */
		if (ev->type == SIPDIALER_EVENT_CALL_ENDED && p->audio)
			break;
	}
	if (len)
		p->text[len++] = ']';

	return len;
}


static bool is_ascii(const char *text, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)text[i];

	return all < 0x80;
}


/* What was pulled as a string, or NULL. */
static napi_value to_string(struct sdn_poll *p, napi_env env, size_t len)
{
	napi_value text = NULL;

	/* the plain case needs no decoding */
	if (is_ascii(p->text, len))
		(void)napi_create_string_latin1(env, p->text, len, &text);
	else
		(void)napi_create_string_utf8(env, p->text, len, &text);
	if (p->size > KEPT_ROOM) {
		free(p->text);
		p->text = NULL;
		p->size = 0;
	}

	return text;
}


static void deliver(struct sdn_poll *p, napi_env env)
{
	napi_value handler, recv, text, thrown;
	napi_status status;
	unsigned count;
	size_t len;

	len = pull(p, &count);
	if (!len || napi_get_reference_value(env, p->handler, &handler) ||
	    napi_get_global(env, &recv))
		return;
	text = to_string(p, env, len);
	if (!text)
		return;
	status = napi_make_callback(env, p->context, recv, handler, 1, &text,
				    NULL);
	/* the poll may be gone here */
	if (status == napi_pending_exception &&
	    !napi_get_and_clear_last_exception(env, &thrown))
		(void)napi_fatal_exception(env, thrown);
}


static void readable(uv_poll_t *uv, int status, int events)
{
	struct sdn_poll *p = uv->data;
	napi_env env = p->own->env;
	napi_handle_scope scope;

	(void)status;
	(void)events;
	if (!p->engine || p->paused || napi_open_handle_scope(env, &scope))
		return;
	deliver(p, env);
	(void)napi_close_handle_scope(env, scope);
}


/* ---- life -------------------------------------------------------------- */

static void closed(uv_handle_t *uv)
{
	struct sdn_poll *p = uv->data;
	struct sdn_env *own = p->own;

	free(p->text);
	free(p);
	own->pending--;
	sdn_env_step(own);
}


void sdn_poll_close(struct sdn_engine *e)
{
	struct sdn_poll *p = e->poll;
	napi_env env;

	if (!p)
		return;
	env = p->own->env;
	e->poll = NULL;
	p->engine = NULL;
	(void)uv_poll_stop(&p->uv);
	if (p->handler)
		(void)napi_delete_reference(env, p->handler);
	if (p->handle)
		(void)napi_delete_reference(env, p->handle);
	if (p->context)
		(void)napi_async_destroy(env, p->context);
	uv_close((uv_handle_t *)&p->uv, closed);
}


/* References, in a scope that the caller has. */
static bool hold(struct sdn_args *a, struct sdn_poll *p)
{
	napi_value name;

	return !napi_create_reference(a->env, a->v[0], 1, &p->handle) &&
	       !napi_create_reference(a->env, a->v[1], 1, &p->handler) &&
	       !napi_create_string_utf8(a->env, "sipdialer", NAPI_AUTO_LENGTH,
					&name) &&
	       !napi_async_init(a->env, NULL, name, &p->context);
}


/* libuv's handle, which does not keep the loop alive yet. */
static struct sdn_poll *poll_new(struct sdn_args *a, int fd)
{
	struct sdn_poll *p = calloc(1, sizeof(*p));
	struct uv_loop_s *loop = NULL;

	if (!p || napi_get_uv_event_loop(a->env, &loop) ||
	    uv_poll_init(loop, &p->uv, fd)) {
		free(p);
		return NULL;
	}
	p->uv.data = p;
	p->own = a->own;
	p->own->pending++;
	uv_unref((uv_handle_t *)&p->uv);

	return p;
}


/* watch(handle, handler): handler(text) is called with JSON arrays of events.
 * Does not keep the process alive: see ref(). */
napi_value sdn_watch(napi_env env, napi_callback_info info)
{
	struct sdn_poll *p;
	struct sdn_args a;
	int fd;

	sdn_args_engine(&a, env, info);
	if (!a.bad && sdn_type(&a, 1) != napi_function)
		sdn_throw_wrong(&a, "handler", "a function is wanted");
	if (!a.bad && a.engine->poll)
		sdn_throw(&a, SIPDIALER_ESTATE, "watched already");
	if (a.bad)
		return sdn_args_close(&a, NULL);

	fd = sipdialer_fd(a.d);
	if (!sdn_check(&a, fd))
		return sdn_args_close(&a, NULL);
	p = poll_new(&a, fd);
	if (!p) {
		sdn_throw(&a, SIPDIALER_EIO,
			  "the descriptor of the events "
			  "cannot be watched");
		return sdn_args_close(&a, NULL);
	}
	p->engine = a.engine;
	a.engine->poll = p;
	if (!hold(&a, p) || uv_poll_start(&p->uv, UV_READABLE, readable)) {
		sdn_poll_close(a.engine);
		sdn_throw(&a, SIPDIALER_ENOMEM, "out of memory");
	}

	return sdn_args_close(&a, NULL);
}


napi_value sdn_unwatch(napi_env env, napi_callback_info info)
{
	struct sdn_args a;

	sdn_args_engine(&a, env, info);
	if (!a.bad)
		sdn_poll_close(a.engine);

	return sdn_args_close(&a, NULL);
}


/* The poll of a watched engine. */
static struct sdn_poll *watched(struct sdn_args *a, napi_env env,
				napi_callback_info info)
{
	sdn_args_engine(a, env, info);
	if (!a->bad && !a->engine->poll)
		sdn_throw(a, SIPDIALER_ESTATE, "not watched");

	return a->bad ? NULL : a->engine->poll;
}


/* pause(handle): nothing is pulled; the library keeps events.max events and
 * counts what it must drop. */
napi_value sdn_pause(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	struct sdn_poll *p = watched(&a, env, info);

	if (p) {
		p->paused = true;
		(void)uv_poll_stop(&p->uv);
	}

	return sdn_args_close(&a, NULL);
}


napi_value sdn_resume(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	struct sdn_poll *p = watched(&a, env, info);

	if (p && p->paused) {
		p->paused = false;
		(void)uv_poll_start(&p->uv, UV_READABLE, readable);
	}

	return sdn_args_close(&a, NULL);
}


napi_value sdn_ref(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	struct sdn_poll *p = watched(&a, env, info);

	if (p)
		uv_ref((uv_handle_t *)&p->uv);

	return sdn_args_close(&a, NULL);
}


napi_value sdn_unref(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	struct sdn_poll *p = watched(&a, env, info);

	if (p)
		uv_unref((uv_handle_t *)&p->uv);

	return sdn_args_close(&a, NULL);
}


/* drain(handle): a batch now, without waiting for the loop; "" if none. */
napi_value sdn_drain(napi_env env, napi_callback_info info)
{
	struct sdn_args a;
	struct sdn_poll *p = watched(&a, env, info);
	napi_value text = NULL;
	unsigned count;
	size_t len;

	if (p) {
		len = pull(p, &count);
		text = len ? to_string(p, env, len) : sdn_text(&a, "", 0);
	}

	return sdn_args_close(&a, text);
}
