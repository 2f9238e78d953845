/**
 * @file api/accounts_file.c  Accounts in a file of options
 *
 * They are made while it is read, looked at when all of it is known, and added
 * together with the engine's options or not at all.
 */
#include "api/account.h"

#include "base/error.h"

struct loading {
	struct sipdialer *d;
	bool running;
	size_t count, enlisted;
	struct {
		struct sipd_account *acc;
		size_t line;
	} made[SIPD_ACCOUNTS_MAX];
};


static int section_handler(const char *name, size_t line,
			   struct sipd_options **op, void *arg)
{
	struct loading *l = arg;
	struct sipd_account *acc;
	int err;

	if (l->running)
		return sipd_error(SIPDIALER_ESTATE,
				  "accounts of a file are added before the "
				  "start only");
	if (l->count == SIPD_ACCOUNTS_MAX)
		return sipd_error(SIPDIALER_EFULL, "more than %d accounts",
				  SIPD_ACCOUNTS_MAX);

	err = sipd_account_new(&acc, l->d, name, NULL);
	if (err)
		return err;

	l->made[l->count].acc = acc;
	l->made[l->count].line = line;
	++l->count;
	*op = &acc->given;

	return SIPDIALER_OK;
}


static int check(const struct sipd_account *acc,
		 const struct sipd_options *engine)
{
	struct sipd_options o;
	const int err = sipd_account_effective(acc, engine, &o);

	if (!err)
		sipd_options_close(&o);

	return err;
}


static int enlist_all(struct loading *l, const struct sipd_options *engine,
		      const char *path)
{
	for (size_t i = 0; i < l->count; i++) {
		struct sipd_account *acc = l->made[i].acc;
		int err = sipd_account_enlist(l->d, acc);

		if (!err) {
			++l->enlisted;
			err = check(acc, engine);
		}
		if (err)
			return sipd_options_file_error(err, path,
						       l->made[i].line);
	}

	return SIPDIALER_OK;
}


static void undo(struct loading *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (i < l->enlisted)
			sipd_account_unlink(l->d, l->made[i].acc);
		sipd_account_free(l->made[i].acc);
	}
}


int sipd_accounts_load(struct sipdialer *d, const char *path, char *text,
		       size_t len, bool running)
{
	struct loading l = {.d = d, .running = running};
	struct sipd_options made, old;
	int err = sipd_options_copy(&made, &d->options);

	if (err)
		return err;

	err = sipd_options_file_apply(&made, path, text, len, running,
				      section_handler, &l);
	if (!err)
		err = enlist_all(&l, &made, path);
	if (err) {
		undo(&l);
		sipd_options_close(&made);
		return err;
	}

	old = d->options;
	d->options = made;
	sipd_options_close(&old);

	return SIPDIALER_OK;
}
