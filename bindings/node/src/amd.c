/**
 * @file amd.c  A recording, listened to
 */
#include "addon.h"

#include <stdlib.h>

enum { EVENT_ROOM = 1024 }; /* one event nearly always fits */

struct heard {
	char *text; /* a JSON array, not closed yet */
	size_t len, size;
	bool failed; /* no memory */
};


static bool grow(struct heard *h, size_t room)
{
	char *text;

	if (h->len + room <= h->size)
		return true;
	text = realloc(h->text, 2 * (h->len + room));
	if (!text)
		return false;
	h->text = text;
	h->size = 2 * (h->len + room);

	return true;
}


static void hear(const struct sipdialer_event *ev, void *arg)
{
	struct heard *h = arg;
	size_t room = EVENT_ROOM;
	int n = 0;

	for (int i = 0; i < 2 && !h->failed; i++) {
		h->failed = !grow(h, room + 2);
		if (h->failed)
			return;
		n = sipdialer_event_json(ev, h->text + h->len + 1, room);
		if (n < 0 || (size_t)n < room)
			break;
		room = (size_t)n + 1;
	}
	if (n <= 0)
		return;

	h->text[h->len] = h->len ? ',' : '[';
	h->len += (size_t)n + 1;
}


/* amdFile(handle, path): JSON, an array of events */
static napi_value amd_file(napi_env env, napi_callback_info info)
{
	struct heard h = {NULL, 0, 0, false};
	napi_value text = NULL;
	struct sdn_args a;
	const char *path;
	int err = SIPDIALER_OK;

	sdn_args_engine(&a, env, info);
	path = sdn_arg_text(&a, 1, "path");
	if (!a.bad)
		err = sipdialer_amd_file(a.d, path, hear, &h);
	if (!err && !a.bad && (h.failed || !grow(&h, 1)))
		sdn_throw(&a, SIPDIALER_ENOMEM,
			  "no memory for what was heard");
	else if (!a.bad && sdn_check(&a, err)) {
		h.text[h.len] = ']';
		text = sdn_text(&a, h.text, h.len + 1);
	}
	free(h.text);

	return sdn_args_close(&a, text);
}


const struct sdn_function sdn_amds[] = {
	{"amdFile", amd_file},
	{NULL, NULL},
};
